//! Numbers that states give to people.

use super::EntityDef;
use super::checksum::mod_11_2;

/// United States social security numbers, with separators: nine bare digits are too common. The first pattern
/// takes in a further group on either side, which disproves the match.
pub(super) const US_SSN: EntityDef = EntityDef {
    name: "us_ssn",
    placeholder: "US_SSN",
    summary: "US social security numbers, with separators",
    patterns: &[
        r"(?-u:\b)(?:[0-9]{1,8}-)?[0-9]{3}-[0-9]{2}-[0-9]{4}(?:-[0-9]{1,8})?(?-u:\b)",
        r"(?-u:\b)[0-8][0-9]{2} [0-9]{2} [0-9]{4}(?-u:\b)",
    ],
    validate: is_us_ssn,
    outline: super::NUMBER,
};

/// Chinese resident identity numbers of 18 characters (GB 11643-1999).
pub(super) const CN_ID: EntityDef = EntityDef {
    name: "cn_id",
    placeholder: "CN_ID",
    summary: "Chinese resident ids with a known region, a real date and a valid check character",
    patterns: &[
        r"(?-u:\b)[1-9][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx](?-u:\b)",
    ],
    validate: is_cn_id,
    outline: super::NUMBER,
};

/// Numbers that were printed in advertisements and never belong to anyone (Social Security
/// Administration, "Social Security Cards Issued by Woolworth").
const ADVERTISED: [&str; 2] = ["078051120", "219099999"];

/// The first two digits of administrative division codes (GB/T 2260): provinces, Taiwan, the special
/// regions, and 83 and 91 for residents from Taiwan and abroad.
const PROVINCES: [&str; 36] = [
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41",
    "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71",
    "81", "82", "83", "91",
];

/// The area is not 000, 666 or 900 to 999, the group not 00, the serial number not 0000 (Social Security
/// Administration, "Social Security Number Randomization").
fn is_us_ssn(text: &str) -> bool {
    let number: String = text.chars().filter(char::is_ascii_digit).collect();
    let (area, rest) = number.split_at_checked(3).unwrap_or_default();
    let (group, serial) = rest.split_at_checked(2).unwrap_or_default();
    number.len() == 9
        && !matches!(area, "000" | "666")
        && !area.starts_with('9')
        && group != "00"
        && serial != "0000"
        && !ADVERTISED.contains(&number.as_str())
}

/// A known division, a day that exists, and the check character.
fn is_cn_id(text: &str) -> bool {
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let number = |from, to| part(from, to).parse::<u32>().unwrap_or(0);
    text.len() == 18
        && PROVINCES.contains(&part(0, 2))
        && is_day(number(6, 10), number(10, 12), number(12, 14))
        && mod_11_2(text)
}

fn is_day(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1900..2100).contains(&year) && (1..=days).contains(&day)
}
