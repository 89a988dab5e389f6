//! Where the text of a stream is measured, so that nothing holds it without end.
//!
//! A term is found behind any number of invisible characters and repeated letters, so no length of
//! its own bounds what may be held for it. What is held is compared with the bound at fixed places
//! of the text, never where a piece happens to end: how a text is cut must not matter.

use crate::detect::Scanner;

/// Bytes between two places at which held text is measured.
const STEP: usize = 256;
/// How many times as long as it is written a term may stand in a text, at least: in binary with commas it is ten times as
/// long, and spelled by words nine times.
const SPREAD: usize = 12;

/// The most bytes that may be undecided at a place of measure.
pub(super) fn most_held(scanner: &Scanner, max_match: usize) -> usize {
    max_match.max(scanner.most_held_for_patterns()).max(SPREAD * scanner.longest_term())
}

/// Cuts `text`, which begins `received` bytes after the beginning of the whole, behind the next place
/// of measure; `None` when it ends before one.
pub(super) fn at_mark(text: &str, received: usize) -> Option<(&str, &str)> {
    let mark = (received / STEP + 1) * STEP - received;
    let end = (mark..=text.len()).find(|&end| text.is_char_boundary(end))?;
    text.split_at_checked(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_at_the_same_places_however_a_text_is_cut() {
        let text = "a傻\u{1f600}".repeat(200);
        let marks = |size: usize| {
            let (mut marks, mut received) = (Vec::new(), 0);
            for piece in text.chars().collect::<Vec<_>>().chunks(size) {
                let piece: String = piece.iter().collect();
                let mut rest = piece.as_str();
                while let Some((before, after)) = at_mark(rest, received) {
                    received += before.len();
                    marks.push(received);
                    rest = after;
                }
                received += rest.len();
            }
            marks
        };
        let whole = marks(text.len());
        assert_eq!(whole.len(), text.len() / STEP);
        for size in [1, 2, 7, 300] {
            assert_eq!(marks(size), whole);
        }
    }
}
