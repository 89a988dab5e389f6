//! What characters are, as far as views need to know.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};
use unicode_script::{Script, UnicodeScript as _};

/// Whether a character has no reading of its own and belongs to the character before it: a mark, a
/// variation selector, a joiner, a tag, or anything else that is drawn as nothing.
pub fn is_attached(c: char) -> bool {
    !c.is_ascii() && (is_mark(c) || is_invisible(c)) || (c.is_control() && !is_space(c))
}

/// A combining mark (general categories Mn, Me and Mc).
pub(super) fn is_mark(c: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark, SpacingMark};
    !c.is_ascii() && matches!(c.general_category(), NonspacingMark | EnclosingMark | SpacingMark)
}

/// A mark that `fold` takes away on letters where marks are ornament.
pub(super) fn is_ornament(c: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark};
    matches!(c.general_category(), NonspacingMark | EnclosingMark)
}

/// Characters that are drawn as nothing: `Default_Ignorable_Code_Point` of Unicode 16, and four that
/// are blank in practice (U+2800, U+3164, U+FFA0, U+115F–1160).
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// White space of any kind, line breaks included.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// A Chinese character.
pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{2fdf}' | '\u{3005}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Scripts in which marks on letters are ornament; elsewhere they are spelling.
pub(super) fn marks_are_ornament(c: char) -> bool {
    c.is_ascii()
        || is_han(c)
        || matches!(c.script(), Script::Latin | Script::Greek | Script::Cyrillic | Script::Common)
}
