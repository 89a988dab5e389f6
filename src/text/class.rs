//! What the views ask about single characters.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};

use super::char_table::CharTable;

/// What a character is to the views that look at words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Class {
    /// White space, punctuation, symbols, emoji.
    #[default]
    Gap,
    /// A letter of a script other than Han.
    Letter,
    /// A digit, or a mark that belongs to the letter before it.
    Other,
    /// A Han character.
    Han,
}

static CLASSES: CharTable<Class> = CharTable::new(find_class);

/// The class of a character.
pub fn class(c: char) -> Class {
    if c.is_ascii_alphabetic() {
        Class::Letter
    } else if c.is_ascii_digit() {
        Class::Other
    } else if c.is_ascii() {
        Class::Gap
    } else {
        CLASSES.get(c)
    }
}

/// Whether a character is left out of every folded text: it shows nothing, or shows an empty cell.
///
/// These are the characters with the property `Default_Ignorable_Code_Point` (Unicode 17.0,
/// `DerivedCoreProperties.txt`), the interlinear annotation characters, the controls C0 and C1 but
/// tabulator and line ends, U+2800 (an empty Braille cell), U+0640 (the Arabic stretching stroke)
/// and U+0345 (a mark that case folding would turn into a letter).
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}'
        | '\u{b}'..='\u{c}'
        | '\u{e}'..='\u{1f}'
        | '\u{7f}'..='\u{9f}'
        | '\u{ad}'
        | '\u{345}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{640}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Whether marks on this character are ornament: they are dropped, and the character never changes
/// by what follows it. In the other scripts marks are spelling.
pub(super) fn drops_marks(c: char) -> bool {
    c.is_ascii() || has_look_alikes(c) || matches!(c.script(), Script::Han | Script::Unknown)
}

/// Whether the character belongs to a script of which letters are used in place of Latin ones.
pub(super) fn has_look_alikes(c: char) -> bool {
    matches!(
        c.script(),
        Script::Latin
            | Script::Greek
            | Script::Cyrillic
            | Script::Common
            | Script::Armenian
            | Script::Cherokee
            | Script::Coptic
            | Script::Deseret
            | Script::Lisu
    )
}

/// Whether the character is a mark without width of its own (general category Mn or Me).
pub(super) fn is_mark(c: char) -> bool {
    matches!(c.general_category(), GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark)
}

fn find_class(c: char) -> Class {
    if c.script() == Script::Han && c.is_alphanumeric() {
        Class::Han
    } else if is_mark(c) || c.general_category() == GeneralCategory::SpacingMark {
        Class::Other
    } else if c.is_alphabetic() {
        Class::Letter
    } else if c.is_alphanumeric() {
        Class::Other
    } else {
        Class::Gap
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_fall_into_their_classes() {
        for (c, expected) in [
            ('a', Class::Letter),
            ('я', Class::Letter),
            ('7', Class::Other),
            ('中', Class::Han),
            ('\u{20000}', Class::Han),
            ('の', Class::Letter),
            ('\u{301}', Class::Other),
            ('-', Class::Gap),
            ('。', Class::Gap),
            ('😀', Class::Gap),
            ('\n', Class::Gap),
        ] {
            assert_eq!(class(c), expected, "{c:?}");
        }
    }

    #[test]
    fn marks_are_ornament_on_latin_and_spelling_on_thai() {
        for c in ['a', 'ж', 'ω', '中', '1', '。', '😀'] {
            assert!(drops_marks(c), "{c}");
        }
        for c in ['ก', 'か', 'क', 'ب', 'א', '각'] {
            assert!(!drops_marks(c), "{c}");
        }
    }
}
