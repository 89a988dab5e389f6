//! Numbers that states give to people.

use super::{EntityDef, checksum};

/// US social security numbers.
pub(super) const US_SSN: EntityDef = EntityDef {
    name: "us_ssn",
    placeholder: "US_SSN",
    summary: "US social security numbers, with separators",
    patterns: &[r"(?-u:\b)[0-8][0-9]{2}[- ][0-9]{2}[- ][0-9]{4}(?-u:\b)"],
    // Never given out: area 000, 666 and 900 to 999; group 00; serial 0000 (SSA).
    validate: |text| {
        let area = text.get(..3).unwrap_or_default();
        let (group, serial) = (text.get(4..6), text.get(7..));
        let same = text.get(3..4) == text.get(6..7);
        same && !matches!(area, "000" | "666") && group != Some("00") && serial != Some("0000")
    },
};

/// Chinese resident ids.
pub(super) const CN_ID: EntityDef = EntityDef {
    name: "cn_id",
    placeholder: "CN_ID",
    summary: "Chinese resident ids with a real date and a valid check character",
    patterns: &[
        r"(?-u:\b)[1-8][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx](?-u:\b)",
    ],
    validate: checksum::resident_id,
};
