//! The decoder `deletions`: text in which backspaces (U+0008) and deletes (U+007F) have taken away what they delete.
//!
//! A row of them takes away as many characters before it, but no more than [`MOST`], no blank and none from before the
//! last row, so that a word that has come to its end need not be held.

use super::super::reading::Reading;
use super::{DecoderDef, Reads};
use crate::domain::ViewName;

pub(super) const DELETIONS: DecoderDef = DecoderDef {
    name: ViewName("deletions"),
    switch: "edits",
    again: true,
    summary: "text without what backspaces delete, and without these",
    reads: Reads::Text,
    applies: |input| next(input.as_str().as_bytes(), 0).is_some(),
    build,
    open_from,
};

/// The most characters that a row of backspaces deletes.
const MOST: usize = 2;
const DELETE: [char; 2] = ['\u{8}', '\u{7f}'];

const fn deletes(byte: u8) -> bool {
    matches!(byte, 0x08 | 0x7f)
}

/// The next row of backspaces.
fn next(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    let rest = bytes.get(from..)?;
    let at = memchr::memchr2(0x08, 0x7f, rest)?;
    let count = rest.iter().skip(at).take_while(|&&byte| deletes(byte)).count();
    Some((from + at, count))
}

/// Where the last `count` characters of a text begin that backspaces may delete.
fn start_of_last(text: &str, count: usize) -> usize {
    let last = text.char_indices().rev().take_while(|(_, c)| !c.is_whitespace());
    last.take(count).last().map_or(text.len(), |(at, _)| at)
}

fn build(input: &Reading, out: &mut Reading) {
    out.begin(input);
    let text = input.as_str();
    let mut copied = 0;
    while let Some((at, count)) = next(text.as_bytes(), copied) {
        let typed = text.get(copied..at).unwrap_or_default();
        let kept = start_of_last(typed, count.min(MOST));
        out.append(input, copied..copied + kept);
        copied = at + count;
        out.extend_last(input.raw_end(copied));
    }
    out.append(input, copied..text.len());
}

/// More backspaces may follow. Before the first of them, a text is not held for that: [`deletable`] tells where terms in
/// progress end.
fn open_from(text: &str) -> usize {
    let Some(last) = memchr::memrchr2(0x08, 0x7f, text.as_bytes()) else { return text.len() };
    let typed = text.get(last + 1..).unwrap_or_default();
    if !typed.is_empty() {
        return last + 1 + start_of_last(typed, MOST);
    }
    let before = text.trim_end_matches(DELETE);
    if text.len() - before.len() >= MOST {
        return text.len();
    }
    let typed = before.rfind(DELETE).map_or(0, |at| at + 1);
    typed + start_of_last(before.get(typed..).unwrap_or_default(), MOST)
}

/// The places from which on the end of a text, in which nothing is deleted yet, may still be.
pub(super) fn deletable(input: &Reading) -> impl Iterator<Item = usize> {
    let last = input.as_str().char_indices().rev().take_while(|(_, c)| !c.is_whitespace());
    last.take(MOST).map(|(at, _)| input.raw_start(at))
}

#[cfg(test)]
mod tests {
    use super::super::tests::decoded_by;

    #[test]
    fn backspaces_delete_what_stands_before_them() {
        for (text, says) in [
            ("bx\u{8}omb", "bomb"),
            ("box错\u{7f}\u{7f}mxq\u{8}\u{8}b", "bomb"),
            ("\u{8}bomb\u{8}", "bom"),
            ("x\u{8}\u{8}\u{8}y", "y"),
            ("abcdef\u{8}\u{8}\u{8}", "abcd"),
            ("abc\u{8}d\u{8}\u{8}", "ab"),
            ("ab c\u{8}\u{8}", "ab "),
            ("plain", "plain"),
        ] {
            assert_eq!(decoded_by("deletions", text), says, "{text:?}");
        }
    }
}
