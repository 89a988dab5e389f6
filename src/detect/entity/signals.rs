//! Signs that somebody disguises a text, whatever it says: what nobody types who wants to be read. They are grounds for
//! suspicion, for a score or a review, and none for a block by themselves.

use super::{EntityDef, around};

/// Text in characters that are not shown: tags, variation selectors one behind the other, and bits of characters without
/// width. Flags of regions (UTS #51, annex C) are spelled in tags, too.
pub(super) const HIDDEN_TEXT: EntityDef = EntityDef {
    name: "hidden_text",
    placeholder: "HIDDEN_TEXT",
    summary: "text in characters that are not shown: tags, variation selectors, bits without width",
    patterns: &[
        r"\x{1F3F4}?[\x{E0020}-\x{E007E}]{1,500}\x{E007F}?",
        r"[\x{FE00}-\x{FE0F}\x{E0100}-\x{E01EF}]{3,500}",
        r"[\x{200B}\x{200C}]{12,600}",
        r"[\x{2062}\x{2064}]{12,600}",
    ],
    validate: is_hidden_text,
    outline: around(
        r"[\x{1F3F4}\x{200B}\x{200C}\x{2062}\x{2064}\x{FE00}-\x{FE0F}\x{E0020}-\x{E007F}\x{E0100}-\x{E01EF}]+",
    ),
};

/// Three combining marks or more on one character. Vietnamese has two, and scripts with more have marks of their own.
pub(super) const STACKED_MARKS: EntityDef = EntityDef {
    name: "stacked_marks",
    placeholder: "MARKS",
    summary: "three or more combining marks on one character",
    patterns: &[
        r"[\x{300}-\x{36F}\x{483}-\x{489}\x{1AB0}-\x{1AFF}\x{1DC0}-\x{1DFF}\x{20D0}-\x{20FF}]{3,500}",
    ],
    validate: |_| true,
    outline: around(
        r"[\x{300}-\x{36F}\x{483}-\x{489}\x{1AB0}-\x{1AFF}\x{1DC0}-\x{1DFF}\x{20D0}-\x{20FF}]+",
    ),
};

/// Letters of another script within a word, with letters of the first on either side. Names of units and brands
/// (`kΩ`, `SMSка`) change once.
pub(super) const MIXED_SCRIPTS: EntityDef = EntityDef {
    name: "mixed_scripts",
    placeholder: "MIXED_SCRIPTS",
    summary: "words that change from Latin letters to Cyrillic, Greek, Armenian or Cherokee and back, or the other way",
    patterns: &[
        r"[A-Za-z](?:[\x{370}-\x{3FF}]{1,64}|[\x{400}-\x{52F}]{1,64}|[\x{531}-\x{587}]{1,64}|[\x{13A0}-\x{13FD}]{1,64})[A-Za-z]",
        r"[\x{370}-\x{3FF}][A-Za-z]{1,64}[\x{370}-\x{3FF}]",
        r"[\x{400}-\x{52F}][A-Za-z]{1,64}[\x{400}-\x{52F}]",
        r"[\x{531}-\x{587}][A-Za-z]{1,64}[\x{531}-\x{587}]",
        r"[\x{13A0}-\x{13FD}][A-Za-z]{1,64}[\x{13A0}-\x{13FD}]",
    ],
    validate: |_| true,
    outline: around(r"[A-Za-z\x{370}-\x{3FF}\x{400}-\x{52F}\x{531}-\x{587}\x{13A0}-\x{13FD}]+"),
};

/// Controls that show letters in another order than they are written in. Names in right-to-left scripts are isolated
/// or embedded, which shows no letter of another script in another order.
pub(super) const DIRECTION_OVERRIDE: EntityDef = EntityDef {
    name: "direction_override",
    placeholder: "OVERRIDE",
    summary: "controls that override the direction of writing (U+202D, U+202E)",
    patterns: &[r"[\x{202D}\x{202E}]"],
    validate: |_| true,
    outline: around(r"[\x{202D}\x{202E}]"),
};

/// The flag of a region has three to six letters.
fn is_hidden_text(text: &str) -> bool {
    let tags = text.chars().filter(|c| matches!(c, '\u{E0020}'..='\u{E007E}')).count();
    let is_flag = text.starts_with('\u{1F3F4}') && text.ends_with('\u{E007F}') && tags <= 6;
    !is_flag
}
