//! How to reach a person.

use super::{EntityDef, digits};

/// E-mail addresses.
pub(super) const EMAIL: EntityDef = EntityDef {
    name: "email",
    placeholder: "EMAIL",
    summary: "e-mail addresses with a domain of at least two labels",
    patterns: &[
        r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,40})\.){1,4}[A-Za-z]{2,18}",
    ],
    validate: |text| !text.contains("..") && !text.contains(".@") && !text.contains("-."),
};

/// Phone numbers: international, North American, Chinese mobile.
pub(super) const PHONE: EntityDef = EntityDef {
    name: "phone",
    placeholder: "PHONE",
    summary: "phone numbers: international (+CC), North American, Chinese mobile",
    patterns: &[
        r"\+[1-9][0-9]{0,2}(?:[ .()-]{0,2}[0-9]){6,13}(?-u:\b)",
        r"(?:\([2-9][0-9]{2}\) ?|(?-u:\b)[2-9][0-9]{2}[.-])[2-9][0-9]{2}[ .-][0-9]{4}(?-u:\b)",
        r"(?-u:\b)(?:0?086[ -]?)?1[3-9][0-9](?:[ -]?[0-9]{4}){2}(?-u:\b)",
    ],
    validate: |text| {
        let count = digits(text).count();
        (10..=15).contains(&count) || (text.starts_with('+') && (8..=15).contains(&count))
    },
};
