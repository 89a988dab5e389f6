//! The decoder `ascii85`: as btoa and Adobe write it, between `<~` and `~>` or bare.
//!
//! A bare run is a word of its own, and what it says begins like words: nothing else tells it from other signs.

use super::super::masks::Around;
use super::runs::{self, Encoding, Run};
use super::speller::{Few, Speller};
use super::units::is_wordy;
use super::{DecoderDef, Reads};
use crate::domain::{Span, ViewName};

pub(super) const ASCII85: DecoderDef = DecoderDef {
    name: ViewName("ascii85"),
    switch: "decoded",
    again: true,
    summary: "text in Ascii85, between `<~` and `~>` or bare",
    reads: Reads::Width,
    applies: runs::applies::<Ascii85>,
    build: runs::build::<Ascii85>,
    open_from: runs::open_from::<Ascii85>,
};

/// The fewest characters of a bare run; six bytes of text.
const SHORTEST: usize = 8;
/// Characters that give four bytes.
const UNIT: usize = 5;

pub(super) struct Ascii85;

impl Encoding for Ascii85 {
    fn candidates(around: &Around<'_>) -> u64 {
        let graphic = around.here.words | around.here.signs;
        let starts = graphic & !around.after(|block| block.words);
        let bare = around.all_within(|block| block.words | block.signs, SHORTEST)
            & around.any_within(|block| block.signs, SHORTEST);
        starts & (bare | around.here.marks & around.before_nth(|block| block.marks, 1))
    }

    fn continues(byte: u8) -> bool {
        byte.is_ascii_graphic()
    }

    fn begins(before: Option<u8>, byte: u8, _: &[u8]) -> bool {
        // Where the first byte of what it says begins a sign, letter or digit of ASCII or a Han character. Of other scripts
        // only what is framed is read: half of all English words begin as they would.
        let begins = matches!(byte, b'*'..=b'I' | b'j'..=b'l') || byte == b'<';
        let opens =
            |before| matches!(before, b'"' | b'\'' | b'`' | b'(' | b'[' | b':' | b'=' | b'>');
        begins && before.is_none_or(|before| !before.is_ascii_graphic() || opens(before))
    }

    fn read(bytes: &[u8], start: usize) -> Run {
        let framed = match bytes.get(start..).unwrap_or_default() {
            [b'<'] => return Run { open: Some(start), ..Run::default() },
            [b'<', b'~', ..] => true,
            _ => false,
        };
        let shortest = if framed { 2 } else { SHORTEST };
        // Most words are too short, which shows soonest at the far end.
        let far = bytes.get(start + SHORTEST - 1).filter(|_| !framed);
        if far.is_some_and(|&byte| digit(byte).is_none()) {
            return Run::default();
        }
        // Long words and names have no signs; of what is encoded, one in twelve has none so early.
        let head = bytes.get(start..start + SHORTEST).filter(|_| !framed);
        if head.is_some_and(|head| head.iter().all(u8::is_ascii_alphanumeric)) {
            return Run::default();
        }
        let first = start + if framed { 2 } else { 0 };
        let mut speller = Speller::default();
        let (mut at, mut open, mut judged) = (first, None, framed);
        loop {
            let unit = bytes.get(at..bytes.len().min(at + UNIT)).unwrap_or_default();
            let count = unit.iter().take_while(|&&byte| digit(byte).is_some()).count();
            if count < UNIT && at + count == bytes.len() {
                open = Some(at);
            }
            let unit = decoded(unit.get(..count).unwrap_or_default());
            let from = if at == first { start } else { at };
            if !unit.is_some_and(|unit| speller.unit(&unit, Span::new(from, at + count))) {
                break;
            }
            at += count;
            if !judged && at - first >= UNIT {
                if !is_wordy(&speller.text) && speller.open().is_none() {
                    return Run { open: open.map(|_| start), ..Run::default() };
                }
                judged = true;
            }
            if count < UNIT {
                break;
            }
        }
        let behind = bytes.get(at..).unwrap_or_default();
        let frame = if framed && behind.starts_with(b"~>") { 2 } else { 0 };
        if framed && behind == b"~" {
            open = Some(at);
        }
        let open = open.map(|open| if open - first < shortest { start } else { open });
        let mut run = Run::spelled(speller, Span::new(start, at), frame, open);
        run.counts = at - first >= shortest && !run.text.is_empty();
        run
    }
}

fn digit(byte: u8) -> Option<u8> {
    byte.checked_sub(b'!').filter(|&digit| digit < 85)
}

/// The whole bytes that some digits give, the most significant first; `None` where they are too many.
fn decoded(unit: &[u8]) -> Option<Few<4>> {
    let missing = std::iter::repeat_n(84, UNIT.saturating_sub(unit.len()));
    let digits = unit.iter().filter_map(|&byte| digit(byte)).chain(missing);
    let value = digits.fold(0_u64, |value, digit| value * 85 + u64::from(digit));
    let bytes = u32::try_from(value).ok()?.to_be_bytes();
    Some(Few::new(bytes, unit.len().saturating_sub(1).min(4)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::decoded_by;

    #[test]
    fn ascii85_is_read_in_its_place() {
        for (text, says) in [
            ("<~@W-*m~>", "bomb"),
            ("a <~@W-*m~> b", "a bomb b"),
            ("Ch\\!5Ch4_uDf&q", "little bomb"),
            ("“Ch\\!5Ch4_uDf&q”", "“little bomb”"),
            ("<~kCU5*]X\\~>", "炸弹"),
        ] {
            assert_eq!(decoded_by("ascii85", text), says, "{text}");
        }
    }

    #[test]
    fn words_code_and_addresses_are_no_ascii85() {
        for text in [
            "Everything begins: Hello, Beautiful World!",
            "https://example.com/a?b=1&c=2",
            "for (int i = 0; i < 10; ++i) { call(&x[i]); }",
            "ABCDEFGH 123-456-789 +49/89/1234567 <div class=\"a\">",
            "------------ ============ ~~~~~~~~~ <~>",
        ] {
            assert_eq!(decoded_by("ascii85", text), text);
        }
    }
}
