//! Characters that show nothing.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// Whether a character shows nothing by its general category: controls, marks of direction and joiners, ends of lines and
/// paragraphs, and what has no meaning that all agree on.
pub fn is_unseen(c: char) -> bool {
    matches!(
        c.general_category(),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_seen_and_what_steers_them_is_not() {
        assert!("aé中🦊 -".chars().all(|c| !is_unseen(c)));
        let unseen = "\u{0}\u{1b}\u{200b}\u{202e}\u{2028}\u{2029}\u{e000}\u{e0041}\u{378}";
        assert!(unseen.chars().all(is_unseen));
    }
}
