//! Ways to reach a person: mail addresses and telephone numbers.

use super::EntityDef;
use super::checksum::digits;

/// Mail addresses of the usual shape (the dot-atom of RFC 5322, without the rarer signs).
pub(super) const EMAIL: EntityDef = EntityDef {
    name: "email",
    placeholder: "EMAIL",
    summary: "e-mail addresses with a domain of at least two labels",
    patterns: &[
        r"(?-u:\b)[A-Za-z0-9](?:\.?[A-Za-z0-9_%+\-]){0,63}@(?:[A-Za-z0-9\-]{1,63}\.){1,6}[A-Za-z]{2,24}(?-u:\b)",
    ],
    validate: is_email,
    outline: super::word_with("@"),
};

/// Telephone numbers: international ones, those of North America, and Chinese ones.
pub(super) const PHONE: EntityDef = EntityDef {
    name: "phone",
    placeholder: "PHONE",
    summary: "telephone numbers: international, North American, Chinese",
    patterns: &[
        r"\+[1-9](?:[ .\-]?\(?[0-9]\)?){6,14}(?-u:\b)",
        r"(?-u:\b)(?:1[ .\-])?[2-9][0-9]{2}[ .\-][2-9][0-9]{2}[ .\-][0-9]{4}(?-u:\b)",
        r"\([2-9][0-9]{2}\) ?[2-9][0-9]{2}[ .\-][0-9]{4}(?-u:\b)",
        r"(?-u:\b)(?:0\.)?(?:(?:00)?86[ \-]?)?1[3-9][0-9][ \-]?[0-9]{4}[ \-]?[0-9]{4}(?-u:\b)",
        r"(?-u:\b)0[1-9][0-9]{1,2}[ \-][2-9][0-9]{6,7}(?-u:\b)",
        r"\(0[1-9][0-9]{1,2}\) ?[2-9][0-9]{6,7}(?-u:\b)",
    ],
    validate: is_phone,
    outline: super::NUMBER,
};

/// Endings that look like top-level domains and are files: `icon@2x.png`.
const FILE_ENDINGS: [&str; 13] = [
    "png", "jpg", "jpeg", "gif", "svg", "webp", "avif", "css", "scss", "js", "json", "html", "pdf",
];

/// Country codes of ITU-T E.164 that are in use, by their first digits. A code of three digits stands
/// for itself; `1`, `7` and the two-digit ones stand for all that begins with them.
const COUNTRY_CODES: &[&str] = &[
    "1", "20", "211", "212", "213", "216", "218", "22", "23", "240", "241", "242", "243", "244",
    "245", "246", "247", "248", "249", "25", "260", "261", "262", "263", "264", "265", "266",
    "267", "268", "269", "27", "290", "291", "297", "298", "299", "30", "31", "32", "33", "34",
    "350", "351", "352", "353", "354", "355", "356", "357", "358", "359", "36", "370", "371",
    "372", "373", "374", "375", "376", "377", "378", "379", "380", "381", "382", "383", "385",
    "386", "387", "389", "39", "40", "41", "420", "421", "423", "43", "44", "45", "46", "47", "48",
    "49", "500", "501", "502", "503", "504", "505", "506", "507", "508", "509", "51", "52", "53",
    "54", "55", "56", "57", "58", "590", "591", "592", "593", "594", "595", "596", "597", "598",
    "599", "60", "61", "62", "63", "64", "65", "66", "670", "672", "673", "674", "675", "676",
    "677", "678", "679", "680", "681", "682", "683", "685", "686", "687", "688", "689", "690",
    "691", "692", "7", "800", "808", "81", "82", "84", "850", "852", "853", "855", "856", "86",
    "870", "878", "880", "881", "882", "883", "886", "888", "90", "91", "92", "93", "94", "95",
    "960", "961", "962", "963", "964", "965", "966", "967", "968", "970", "971", "972", "973",
    "974", "975", "976", "977", "979", "98", "992", "993", "994", "995", "996", "998",
];

fn is_email(text: &str) -> bool {
    let Some((_, domain)) = text.split_once('@') else { return false };
    let labels_hold =
        domain.split('.').all(|label| !label.starts_with('-') && !label.ends_with('-'));
    let ending = domain.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    labels_hold && domain.len() <= 253 && !FILE_ENDINGS.contains(&ending.as_str())
}

fn is_phone(text: &str) -> bool {
    let number: String = text.chars().filter(char::is_ascii_digit).collect();
    if text.starts_with('+') {
        return is_international(text, &number);
    }
    if text.starts_with("0.") {
        // The digits behind a point are a fraction.
        return false;
    }
    if number.starts_with('0') && !number.starts_with("0086") {
        // An area code and a number of a Chinese land line: ten to twelve digits in all.
        return (10..=12).contains(&number.len()) && !is_monotone(&number);
    }
    // A one that stands alone is the trunk prefix of North America.
    let with_prefix =
        text.starts_with(['1']) && text.chars().nth(1).is_some_and(|c| !c.is_ascii_digit());
    if !with_prefix && is_chinese_mobile(&number) {
        return true;
    }
    is_north_american(number.strip_prefix('1').unwrap_or(&number)) && !is_monotone(&number)
}

/// Eleven digits that begin with 13 to 19, with or without the country code.
fn is_chinese_mobile(number: &str) -> bool {
    let national = number.strip_prefix("0086").or_else(|| number.strip_prefix("86"));
    let national = national.unwrap_or(number);
    national.len() == 11 && matches!(national.as_bytes(), [b'1', b'3'..=b'9', ..])
}

/// At most 15 digits (E.164), a country code that is in use, brackets in pairs.
fn is_international(text: &str, number: &str) -> bool {
    let known = COUNTRY_CODES.iter().find(|code| number.starts_with(**code));
    let brackets = text.matches('(').count();
    let paired = brackets <= 1 && text.matches(')').count() == brackets;
    let Some(code) = known.filter(|_| paired) else { return false };
    let national = number.strip_prefix(code).unwrap_or_default();
    match *code {
        "1" => is_north_american(national),
        "86" if national.starts_with('1') => is_chinese_mobile(national),
        _ => (8..=15).contains(&number.len()) && !is_monotone(national),
    }
}

/// Area and office codes of the North American Numbering Plan: neither is a service code (`N11`).
fn is_north_american(number: &str) -> bool {
    let (area, rest) = number.split_at_checked(3).unwrap_or_default();
    let (office, _) = rest.split_at_checked(3).unwrap_or_default();
    let holds = |code: &str| matches!(code.as_bytes(), [b'2'..=b'9', ..]) && !code.ends_with("11");
    number.len() == 10 && holds(area) && holds(office)
}

/// Whether one digit stands everywhere: a form that was filled in to get past it.
fn is_monotone(number: &str) -> bool {
    let mut all = digits(number);
    let first = all.next();
    all.all(|digit| Some(digit) == first)
}
