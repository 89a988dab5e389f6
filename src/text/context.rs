//! How much text before a place a view must see there.

use super::class::{Class, class};
use super::fold::is_attached;

/// So many characters, with those that are attached to them, are enough for every view to read on as it would read
/// the whole, if letters that stand alone do not fill them.
const CHARS: usize = 16;
/// So many are enough where they do: one longest word in single letters, and the gap behind it.
const CHARS_OF_LETTERS: usize = 32;
/// A view that reads on holds open no more than some dozen characters, so this many times the context is enough to find
/// what is open at the end of a text.
const TAILS: usize = 4;

/// Where the context before the end of a decided text begins, with no more than about `most` bytes. The end must lie
/// before the horizon of every view.
pub fn context_start(decided: &str, most: usize) -> usize {
    let (mut chars, mut broken, mut behind) = (0, false, ' ');
    for (at, c) in decided.char_indices().rev() {
        // Marks and invisible characters belong to the character before them.
        if !is_attached(c) {
            chars += 1;
            // Of ASCII letters side by side no view makes letters that stand alone.
            broken |= c.is_ascii_alphanumeric() && behind.is_ascii_alphanumeric();
            broken |= is_common_han(c);
            behind = c;
        }
        if chars >= CHARS_OF_LETTERS || (chars >= CHARS && broken) || decided.len() - at >= most {
            return at;
        }
    }
    0
}

/// The last character boundary at or before `at`.
pub fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The first character boundary at or after `at`.
pub fn ceil_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

/// Where the last characters of a reading begin on which the horizon of a view can depend.
pub(super) fn tail_start(text: &str) -> usize {
    start_of_last(text, TAILS * CHARS)
}

/// The same for a view that looks at letters that stand alone: more, where there are no others.
pub(super) fn letters_tail_start(text: &str) -> usize {
    let start = tail_start(text);
    let mut behind = Class::Gap;
    let tail = text.get(start..).unwrap_or_default();
    let broken = tail.chars().any(|c| {
        let before = std::mem::replace(&mut behind, class(c));
        behind == Class::Han || (before != Class::Gap && behind != Class::Gap)
    });
    if broken { start } else { start_of_last(text, TAILS * CHARS_OF_LETTERS) }
}

fn start_of_last(text: &str, chars: usize) -> usize {
    text.char_indices().rev().nth(chars - 1).map_or(0, |(at, _)| at)
}

const fn is_common_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_that_stand_alone_need_more_context() {
        let chars = |text: &str| text[context_start(text, usize::MAX)..].chars().count();
        assert_eq!(chars(&"word by word ".repeat(9)), 16);
        assert_eq!(chars(&"清晨的港口很安静，".repeat(9)), 16);
        assert_eq!(chars(&"b o m b ".repeat(9)), 32);
        assert_eq!(chars(&"e\u{301}".repeat(40)), 32);
        assert_eq!(chars("short"), 5);
        assert_eq!(context_start(&"\u{200b}".repeat(100), 30), 270);
    }
}
