//! Money.

use super::{EntityDef, checksum, digits};

/// Payment cards.
pub(super) const CREDIT_CARD: EntityDef = EntityDef {
    name: "credit_card",
    placeholder: "CREDIT_CARD",
    summary: "payment card numbers of 13 to 19 digits with a known issuer and a valid check digit",
    patterns: &[r"(?-u:\b)[2-6][0-9](?:[ -]?[0-9]){11,17}(?-u:\b)"],
    validate: |text| is_card_length(text) && checksum::luhn(text),
};

/// International bank account numbers.
pub(super) const IBAN: EntityDef = EntityDef {
    name: "iban",
    placeholder: "IBAN",
    summary: "bank account numbers (IBAN) of the right length for their country with valid check digits",
    patterns: &[
        r"(?-u:\b)[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}(?-u:\b)",
        r"(?-u:\b)[A-Z]{2}[0-9]{2}(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?(?-u:\b)",
    ],
    validate: |text| {
        let length = text.bytes().filter(u8::is_ascii_alphanumeric).count();
        let known = LENGTHS.iter().find(|(country, _)| text.starts_with(country));
        known.is_some_and(|&(_, expected)| expected == length) && checksum::iban(text)
    },
};

/// Addresses of Bitcoin and Ethereum. Mixed-case Ethereum addresses carry a checksum (EIP-55) that is
/// not checked: the shape alone is distinctive.
pub(super) const CRYPTO_ADDRESS: EntityDef = EntityDef {
    name: "crypto_address",
    placeholder: "CRYPTO_ADDRESS",
    summary: "addresses of Bitcoin (with checksum) and Ethereum",
    patterns: &[
        r"(?-u:\b)[13][1-9A-HJ-NP-Za-km-z]{25,34}(?-u:\b)",
        r"(?-u:\b)(?:bc|BC)1[02-9ac-hj-np-zAC-HJ-NP-Z]{11,71}(?-u:\b)",
        r"(?-u:\b)0x[0-9a-fA-F]{40}(?-u:\b)",
    ],
    validate: |text| match text.get(..2) {
        Some("0x") => true,
        Some("bc" | "BC") => checksum::bech32(text),
        _ => checksum::base58(text),
    },
};

/// The lengths that issuers use (ISO/IEC 7812; the ranges of the large networks).
fn is_card_length(text: &str) -> bool {
    let number: Vec<u8> = digits(text).collect();
    let head =
        |places: usize| number.iter().take(places).fold(0_u32, |n, &d| n * 10 + u32::from(d));
    let length = number.len();
    match head(1) {
        4 => matches!(length, 13 | 16 | 19),
        5 => {
            (51..=55).contains(&head(2)) && length == 16
                || (50..=58).contains(&head(2)) && length >= 16
        }
        2 => (2221..=2720).contains(&head(4)) && length == 16,
        3 => match head(2) {
            34 | 37 => length == 15,
            30 | 36 | 38 | 39 => (14..=19).contains(&length),
            35 => (16..=19).contains(&length),
            _ => false,
        },
        6 => matches!(head(2), 60 | 62 | 63 | 64 | 65 | 67..=69) && (16..=19).contains(&length),
        _ => false,
    }
}

/// Lengths of IBANs by country (SWIFT's IBAN registry).
const LENGTHS: [(&str, usize); 40] = [
    ("AD", 24),
    ("AE", 23),
    ("AT", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BR", 29),
    ("CH", 21),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("EE", 20),
    ("ES", 24),
    ("FI", 18),
    ("FR", 27),
    ("GB", 22),
    ("GR", 27),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IS", 26),
    ("IT", 27),
    ("KW", 30),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("RO", 24),
    ("SA", 24),
    ("SE", 24),
    ("SI", 19),
    ("TR", 26),
];
