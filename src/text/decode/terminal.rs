//! The decoder `terminal`: text as a terminal shows it, without the sequences that set colours and move the cursor.
//!
//! ECMA-48: a control sequence is ESC and `[`, or U+009B, then parameters (`0` to `?`), intermediates (blank to `/`) and one
//! final character (`@` to `~`).

use super::super::reading::Reading;
use super::{DecoderDef, Reads};
use crate::domain::ViewName;

pub(super) const TERMINAL: DecoderDef = DecoderDef {
    name: ViewName("terminal"),
    switch: "edits",
    again: true,
    summary: "text without the control sequences of terminals",
    reads: Reads::Text,
    applies: |input| next(input.as_str().as_bytes(), 0).is_some(),
    build,
    open_from,
};

/// A longer sequence in bytes is text.
const LONGEST: usize = 48;

/// What stands at a place where a sequence may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sequence {
    None,
    Open,
    /// It ends here.
    Upto(usize),
}

fn read(bytes: &[u8], at: usize) -> Sequence {
    let rest = bytes.get(at..bytes.len().min(at + LONGEST)).unwrap_or_default();
    let start = match *rest {
        [0x1b, b'[', ..] | [0xc2, 0x9b, ..] => 2,
        [0x1b] => return Sequence::Open,
        _ => return Sequence::None,
    };
    let body = rest.get(start..).unwrap_or_default();
    let parameters = body.iter().take_while(|byte| matches!(byte, 0x30..=0x3f)).count();
    let more = body.iter().skip(parameters).take_while(|byte| matches!(byte, 0x20..=0x2f)).count();
    match body.get(parameters + more) {
        Some(0x40..=0x7e) => Sequence::Upto(at + start + parameters + more + 1),
        None if rest.len() < LONGEST => Sequence::Open,
        _ => Sequence::None,
    }
}

/// The next sequence.
fn next(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    let mut at = from;
    loop {
        at += memchr::memchr2(0x1b, 0xc2, bytes.get(at..)?)?;
        if let Sequence::Upto(end) = read(bytes, at) {
            return Some((at, end));
        }
        at += 1;
    }
}

fn build(input: &Reading, out: &mut Reading) {
    out.begin(input);
    let bytes = input.as_str().as_bytes();
    let mut copied = 0;
    while let Some((at, end)) = next(bytes, copied) {
        out.append(input, copied..at);
        out.extend_last(input.raw_end(end));
        copied = end;
    }
    out.append(input, copied..input.len());
}

fn open_from(text: &str) -> usize {
    let bytes = text.as_bytes();
    let tail = bytes.len().saturating_sub(LONGEST);
    let mut marks = (tail..bytes.len()).filter(|&at| read(bytes, at) == Sequence::Open);
    marks.next().unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::super::tests::decoded_by;

    #[test]
    fn control_sequences_are_left_out() {
        for (text, says) in [
            ("b\u{1b}[31mo\u{1b}[0mm\u{1b}[38;5;9mb\u{1b}[K", "bomb"),
            ("b\u{9b}1;32momb", "bomb"),
            ("b\u{1b}[?25 hi", "bi"),
        ] {
            assert_eq!(decoded_by("terminal", text), says, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_sequence_stays() {
        for text in ["[31m", "a\u{1b}b", "\u{1b}[", "\u{1b}[31", "ÂÃ\u{a0}"] {
            assert_eq!(decoded_by("terminal", text), text);
        }
        let long = format!("\u{1b}[{}m", "1".repeat(60));
        assert_eq!(decoded_by("terminal", &long), long);
    }
}
