//! Where words begin and end, in scripts that set words apart.

/// Whether a character is part of a word in a script that sets words apart by spaces or marks.
///
/// Chinese, Japanese, Korean (whose particles are written onto the word), Thai, Lao, Tibetan,
/// Burmese and Khmer do not, so a term in them has no border to look for.
pub(super) fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    // Those scripts, and punctuation, about which the tables of all characters need not be asked.
    let unset = matches!(c,
        '\u{2000}'..='\u{206f}'
        | '\u{0e00}'..='\u{0fff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1100}'..='\u{11ff}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{2e80}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ffdc}'
        | '\u{1b000}'..='\u{1b16f}'
        | '\u{20000}'..='\u{3ffff}');
    !unset && c.is_alphanumeric()
}

/// Whether a word runs across position `at`: a word character stands on both sides.
pub(super) fn runs_across(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let after = text.get(at..).and_then(|after| after.chars().next());
    before.is_some_and(is_word) && after.is_some_and(is_word)
}

/// Where the word ends that goes on at `from`; `from` itself where none does.
pub(super) fn end_of_word(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.find(|c| !is_word(c)).unwrap_or(rest.len())
}
