//! Cutting a long text into windows that overlap.

use std::ops::Range;

/// How texts are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// The most characters of a window.
    pub(super) chars: usize,
    /// Characters that two windows share: whatever is no longer lies whole in one of them. At most half of `chars`.
    pub(super) overlap: usize,
}

/// What ends a sentence, in the scripts that have such a mark.
const SENTENCE_ENDS: [char; 9] = ['.', '!', '?', '\n', '。', '！', '？', '…', '।'];

/// The windows of a text, in bytes, in order; none for the empty text. A window ends after a sentence, or else
/// after a word, where one ends in its last quarter.
pub(super) fn windows(text: &str, window: Window) -> Vec<Range<usize>> {
    let size = window.chars.max(1);
    let overlap = window.overlap.min(size / 2);
    // Where each character begins, and the end of the text.
    let marks: Vec<usize> =
        text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len())).collect();
    let byte = |mark: usize| marks.get(mark).copied().unwrap_or(text.len());
    let last = marks.len() - 1;
    let mut windows = Vec::new();
    let mut start = 0;
    while start < last {
        let full = (start + size).min(last);
        let end = if full == last {
            full
        } else {
            let tail = byte(full - size / 4)..byte(full);
            full - edge(text.get(tail).unwrap_or_default())
        };
        windows.push(byte(start)..byte(end));
        if end == last {
            break;
        }
        start = (end - overlap).max(start + 1);
    }
    windows
}

/// How many characters before the end of `tail` its last edge lies.
fn edge(tail: &str) -> usize {
    let after = |is_edge: &dyn Fn(char) -> bool| tail.chars().rev().position(is_edge);
    after(&|c| SENTENCE_ENDS.contains(&c)).or_else(|| after(&char::is_whitespace)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(text: &str, chars: usize, overlap: usize) -> Vec<&str> {
        let cut = windows(text, Window { chars, overlap });
        cut.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn a_short_text_is_one_window_and_an_empty_one_is_none() {
        assert_eq!(cut("fine", 4, 2), ["fine"]);
        assert!(cut("", 4, 2).is_empty());
    }

    #[test]
    fn a_window_ends_after_a_sentence_or_a_word() {
        assert_eq!(cut("aaaaaaaaaa. bbb cccc", 12, 0), ["aaaaaaaaaa.", " bbb cccc"]);
        assert_eq!(cut("aaaaaaaaaa bbbbb", 12, 2), ["aaaaaaaaaa ", "a bbbbb"]);
        assert_eq!(cut("aaaaaaaaaaaaaaaa", 12, 2), ["aaaaaaaaaaaa", "aaaaaa"]);
    }

    proptest! {
        #[test]
        fn whatever_is_no_longer_than_the_overlap_lies_whole_in_a_window(
            text in "[a-c .。é😀]{0,200}",
            chars in 1_usize..40,
            overlap in 0_usize..30,
            at in 0_usize..200,
        ) {
            let window = Window { chars, overlap };
            let cut = windows(&text, window);
            let overlap = overlap.min(chars / 2);
            // They begin at the beginning, end at the end and leave nothing out.
            prop_assert_eq!(cut.is_empty(), text.is_empty());
            if let (Some(first), Some(last)) = (cut.first(), cut.last()) {
                prop_assert_eq!((first.start, last.end), (0, text.len()));
            }
            for pair in cut.windows(2) {
                prop_assert!(pair[0].start < pair[1].start && pair[1].start <= pair[0].end);
            }
            for range in &cut {
                prop_assert!(text[range.clone()].chars().count() <= chars);
            }
            let marks: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            if let (Some(&from), Some(&to)) = (marks.get(at), marks.get(at + overlap)) {
                prop_assert!(overlap == 0 || cut.iter().any(|range| range.start <= from && to <= range.end));
            }
        }
    }
}
