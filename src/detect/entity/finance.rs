//! Numbers of cards and accounts.

use super::EntityDef;
use super::checksum::{digits, luhn, mod_97};

/// Payment card numbers of the large networks.
pub(super) const CREDIT_CARD: EntityDef = EntityDef {
    name: "credit_card",
    placeholder: "CREDIT_CARD",
    summary: "payment card numbers of 13 to 19 digits with a known issuer and a valid check digit",
    patterns: &[
        r"(?-u:\b)[2-6][0-9]{12,18}(?-u:\b)",
        r"(?-u:\b)(?:2[2-7]|3[05689]|4[0-9]|5[0-8]|6[0-9])[0-9]{2}(?: [0-9]{4}){3}(?: [0-9]{3})?(?-u:\b)",
        r"(?-u:\b)(?:2[2-7]|3[05689]|4[0-9]|5[0-8]|6[0-9])[0-9]{2}(?:-[0-9]{4}){3}(?:-[0-9]{3})?(?-u:\b)",
        r"(?-u:\b)(?:2[2-7]|3[05689]|4[0-9]|5[0-8]|6[0-9])[0-9]{2}(?:\.[0-9]{4}){3}(?:\.[0-9]{3})?(?-u:\b)",
        r"(?-u:\b)3[0-9]{3}[ \-][0-9]{6}[ \-][0-9]{4,5}(?-u:\b)",
        r"(?-u:\b)6[0-9]{5}[ \-][0-9]{13}(?-u:\b)",
    ],
    validate: is_card,
    outline: super::NUMBER,
};

/// International bank account numbers (ISO 13616), whole or in groups of four.
pub(super) const IBAN: EntityDef = EntityDef {
    name: "iban",
    placeholder: "IBAN",
    summary: "bank account numbers (IBAN) of the right length for their country with valid check digits",
    patterns: IBAN_PATTERNS,
    validate: is_iban,
    outline: super::around(r"(?-u:\b)[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z])+"),
};

/// Issuer prefixes: first and last prefix of a range, least and greatest length of the number.
/// Source: ISO/IEC 7812 ranges as in <https://en.wikipedia.org/wiki/Payment_card_number>.
const ISSUERS: &[(u32, u32, usize, usize)] = &[
    (2200, 2204, 16, 19), // Mir
    (2221, 2720, 16, 16), // Mastercard
    (300, 305, 14, 19),   // Diners Club
    (3095, 3095, 14, 19), // Diners Club
    (34, 34, 15, 15),     // American Express
    (3528, 3589, 16, 19), // JCB
    (36, 36, 14, 19),     // Diners Club
    (37, 37, 15, 15),     // American Express
    (38, 39, 16, 19),     // Diners Club
    (4, 4, 13, 13),       // Visa
    (4, 4, 16, 16),       // Visa
    (4, 4, 19, 19),       // Visa
    (5018, 5018, 13, 19), // Maestro
    (5020, 5020, 13, 19), // Maestro
    (5038, 5038, 13, 19), // Maestro
    (51, 55, 16, 16),     // Mastercard
    (5893, 5893, 13, 19), // Maestro
    (6011, 6011, 16, 19), // Discover
    (62, 62, 16, 19),     // UnionPay
    (6304, 6304, 13, 19), // Maestro
    (644, 649, 16, 19),   // Discover
    (65, 65, 16, 19),     // Discover
    (6759, 6759, 13, 19), // Maestro
    (6761, 6763, 13, 19), // Maestro
];

/// Lengths of IBANs by country: the registry of ISO 13616 (SWIFT, "IBAN Registry").
const IBAN_LENGTHS: &[(usize, &str)] = &[
    (15, "NO"),
    (16, "BE"),
    (18, "DK FK FI FO GL NL SD"),
    (19, "MK SI"),
    (20, "AT BA EE KZ LT LU MN XK"),
    (21, "CH HR LI LV"),
    (22, "BG BH CR DE GB GE IE ME RS VA"),
    (23, "AE GI IL IQ OM SO TL"),
    (24, "AD CZ ES MD PK RO SA SE SK TN VG"),
    (25, "LY PT ST"),
    (26, "IS TR"),
    (27, "BI DJ FR GR IT MC MR SM"),
    (28, "AL AZ BY CY DO GT HN HU LB NI PL SV"),
    (29, "BR EG PS QA UA"),
    (30, "JO KW MU YE"),
    (31, "MT SC"),
    (32, "LC"),
    (33, "RU"),
];

/// One pattern a length: words in capitals behind a number must not be taken for a part of it.
const IBAN_PATTERNS: &[&str] = &[
    r"(?-u:\b)NO[0-9]{2}(?: ?[0-9A-Z]{4}){2} ?[0-9A-Z]{3}(?-u:\b)",
    r"(?-u:\b)BE[0-9]{2}(?: ?[0-9A-Z]{4}){3}(?-u:\b)",
    r"(?-u:\b)(?:DK|FK|FI|FO|GL|NL|SD)[0-9]{2}(?: ?[0-9A-Z]{4}){3} ?[0-9A-Z]{2}(?-u:\b)",
    r"(?-u:\b)(?:MK|SI)[0-9]{2}(?: ?[0-9A-Z]{4}){3} ?[0-9A-Z]{3}(?-u:\b)",
    r"(?-u:\b)(?:AT|BA|EE|KZ|LT|LU|MN|XK)[0-9]{2}(?: ?[0-9A-Z]{4}){4}(?-u:\b)",
    r"(?-u:\b)(?:CH|HR|LI|LV)[0-9]{2}(?: ?[0-9A-Z]{4}){4} ?[0-9A-Z](?-u:\b)",
    r"(?-u:\b)(?:BG|BH|CR|DE|GB|GE|IE|ME|RS|VA)[0-9]{2}(?: ?[0-9A-Z]{4}){4} ?[0-9A-Z]{2}(?-u:\b)",
    r"(?-u:\b)(?:AE|GI|IL|IQ|OM|SO|TL)[0-9]{2}(?: ?[0-9A-Z]{4}){4} ?[0-9A-Z]{3}(?-u:\b)",
    r"(?-u:\b)(?:AD|CZ|ES|MD|PK|RO|SA|SE|SK|TN|VG)[0-9]{2}(?: ?[0-9A-Z]{4}){5}(?-u:\b)",
    r"(?-u:\b)(?:LY|PT|ST)[0-9]{2}(?: ?[0-9A-Z]{4}){5} ?[0-9A-Z](?-u:\b)",
    r"(?-u:\b)(?:IS|TR)[0-9]{2}(?: ?[0-9A-Z]{4}){5} ?[0-9A-Z]{2}(?-u:\b)",
    r"(?-u:\b)(?:BI|DJ|FR|GR|IT|MC|MR|SM)[0-9]{2}(?: ?[0-9A-Z]{4}){5} ?[0-9A-Z]{3}(?-u:\b)",
    r"(?-u:\b)(?:AL|AZ|BY|CY|DO|GT|HN|HU|LB|NI|PL|SV)[0-9]{2}(?: ?[0-9A-Z]{4}){6}(?-u:\b)",
    r"(?-u:\b)(?:BR|EG|PS|QA|UA)[0-9]{2}(?: ?[0-9A-Z]{4}){6} ?[0-9A-Z](?-u:\b)",
    r"(?-u:\b)(?:JO|KW|MU|YE)[0-9]{2}(?: ?[0-9A-Z]{4}){6} ?[0-9A-Z]{2}(?-u:\b)",
    r"(?-u:\b)(?:MT|SC)[0-9]{2}(?: ?[0-9A-Z]{4}){6} ?[0-9A-Z]{3}(?-u:\b)",
    r"(?-u:\b)LC[0-9]{2}(?: ?[0-9A-Z]{4}){7}(?-u:\b)",
    r"(?-u:\b)RU[0-9]{2}(?: ?[0-9A-Z]{4}){7} ?[0-9A-Z](?-u:\b)",
];

fn is_card(text: &str) -> bool {
    let number: String = text.chars().filter(char::is_ascii_digit).collect();
    let issued = ISSUERS.iter().any(|&(first, last, shortest, longest)| {
        let width = usize::try_from(first.ilog10() + 1).unwrap_or(usize::MAX);
        let prefix = number.get(..width).and_then(|prefix| prefix.parse().ok()).unwrap_or(0);
        (first..=last).contains(&prefix) && (shortest..=longest).contains(&number.len())
    });
    issued && luhn(&number) && digits(&number).skip(1).any(|digit| digit != 0)
}

fn is_iban(text: &str) -> bool {
    let number: String = text.chars().filter(|&c| c != ' ').collect();
    let country = number.get(..2).unwrap_or_default();
    let length =
        IBAN_LENGTHS.iter().find(|(_, countries)| countries.split(' ').any(|c| c == country));
    length.is_some_and(|&(length, _)| number.len() == length) && mod_97(&number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_has_a_pattern_of_its_length() {
        assert_eq!(IBAN_LENGTHS.len(), IBAN_PATTERNS.len());
        for (&(length, countries), pattern) in IBAN_LENGTHS.iter().zip(IBAN_PATTERNS) {
            let pattern = regex::Regex::new(pattern).unwrap();
            for country in countries.split(' ') {
                let sample = format!("{country}{}", "0".repeat(length - 2));
                assert_eq!(
                    pattern.find(&sample).map(|found| found.len()),
                    Some(length),
                    "{country}"
                );
                assert!(pattern.find(sample.split_at(length - 1).0).is_none());
            }
        }
    }
}
