//! The decoders `base64` and `base64_rot13`: RFC 4648, both alphabets, with padding or without, and the same with its
//! letters moved on by 13.
//!
//! A run begins where a word of letters and digits does, and reaches as far as what it encodes is text. What encodes
//! no text stays as it stands: nearly every English word is of the alphabet, and nearly none encodes one.

use super::super::masks::Around;
use super::runs::{self, Encoding, Run};
use super::speller::{Few, Speller};
use super::{DecoderDef, Reads};
use crate::domain::{Span, ViewName};

pub(super) const BASE64: DecoderDef = DecoderDef {
    name: ViewName("base64"),
    switch: "decoded",
    again: true,
    summary: "text in base64, standard or for URLs, with padding or without",
    reads: Reads::Width,
    applies: runs::applies::<Base64<false>>,
    build: runs::build::<Base64<false>>,
    open_from: runs::open_from::<Base64<false>>,
};

pub(super) const BASE64_ROT13: DecoderDef = DecoderDef {
    name: ViewName("base64_rot13"),
    switch: "decoded",
    again: true,
    summary: "base64 whose letters are moved on by 13",
    reads: Reads::Width,
    applies: runs::applies::<Base64<true>>,
    build: runs::build::<Base64<true>>,
    open_from: runs::open_from::<Base64<true>>,
};

/// The fewest characters of a run; four bytes of text.
const SHORTEST: usize = 6;
/// Within so many characters of its beginning, a run changes from small letters to capitals or digits, or back from
/// digits, as words do not; of texts in base64 nearly none does not.
const MIXED_WITHIN: usize = 24;
/// Characters that give whole bytes.
const UNIT: usize = 4;

/// With the letters as they are, or moved on by 13.
pub(super) struct Base64<const ROT13: bool>;

impl<const ROT13: bool> Encoding for Base64<ROT13> {
    fn candidates(around: &Around<'_>) -> u64 {
        around.mixed_within(MIXED_WITHIN)
    }

    fn continues(byte: u8) -> bool {
        sextet(byte).is_some() || byte == b'='
    }

    fn begins(before: Option<u8>, byte: u8, _: &[u8]) -> bool {
        sextet(byte).is_some() && !before.is_some_and(|before| before.is_ascii_alphanumeric())
    }

    fn read(bytes: &[u8], start: usize) -> Run {
        // Nearly all words end here: they are not mixed, and more text stands behind them.
        let head = bytes.get(start..bytes.len().min(start + MIXED_WITHIN)).unwrap_or_default();
        let word = head.iter().take_while(|&&byte| sextet(byte).is_some()).count();
        let grows = start + word == bytes.len() && word < MIXED_WITHIN;
        if !grows && !is_mixed(head.get(..word).unwrap_or_default()) {
            return Run::default();
        }
        let mut speller = Speller::default();
        let (mut at, mut open) = (start, None);
        loop {
            let unit = bytes.get(at..bytes.len().min(at + UNIT)).unwrap_or_default();
            let count = unit.iter().take_while(|&&byte| sextet(byte).is_some()).count();
            let mut moved = [0; UNIT];
            let unit = if ROT13 { rot13(unit, &mut moved) } else { unit };
            let ends = at + count == bytes.len();
            let span = Span::new(at, at + count);
            if ends && count < UNIT {
                open = could_begin(&speller, unit).then_some(at);
            }
            if !speller.unit(&decoded(unit.get(..count).unwrap_or_default()), span) {
                break;
            }
            at += count;
            let judged = at - start == MIXED_WITHIN;
            if count < UNIT || (judged && !is_mixed(bytes.get(start..at).unwrap_or_default())) {
                break;
            }
        }
        // A single character more gives no byte.
        let characters = (at - start) - usize::from((at - start) % UNIT == 1);
        at = start + characters;
        let padding = if characters % UNIT > 1 { UNIT - characters % UNIT } else { 0 };
        let pads = bytes.get(at..).unwrap_or_default().iter().take(padding);
        let pads = pads.take_while(|&&byte| byte == b'=').count();
        let mixed = is_mixed(bytes.get(start..at.min(start + MIXED_WITHIN)).unwrap_or_default());
        let open = open.filter(|_| mixed || characters < MIXED_WITHIN);
        // Units that are whole stay; before there are enough of them, the run may come to nothing.
        let open = open.map(|open| if open - start < SHORTEST { start } else { open });
        let mut run = Run::spelled(speller, Span::new(start, at), pads, open);
        run.counts = mixed && characters >= SHORTEST && !run.text.is_empty();
        run
    }
}

fn rot13<'a>(unit: &[u8], moved: &'a mut [u8; UNIT]) -> &'a [u8] {
    for (to, &byte) in moved.iter_mut().zip(unit) {
        *to = match byte {
            b'A'..=b'M' | b'a'..=b'm' => byte + 13,
            b'N'..=b'Z' | b'n'..=b'z' => byte - 13,
            _ => byte,
        };
    }
    moved.get(..unit.len()).unwrap_or_default()
}

pub(super) const fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// The whole bytes that some characters of the alphabet give.
pub(super) fn decoded(unit: &[u8]) -> Few<3> {
    let bits = unit
        .iter()
        .filter_map(|&byte| sextet(byte))
        .fold(0_u32, |bits, six| bits << 6 | u32::from(six));
    let bits = bits << (6 * (UNIT - unit.len().min(UNIT)));
    let [_, bytes @ ..] = bits.to_be_bytes();
    Few::new(bytes, unit.len() * 6 / 8)
}

/// Whether a unit that is not whole yet can become text.
pub(super) fn could_begin(speller: &Speller, unit: &[u8]) -> bool {
    match *unit {
        [] => true,
        [only] if speller.open().is_none() => {
            let first = sextet(only).unwrap_or_default() << 2;
            matches!(first, 0x08 | 0x0c | 0x18 | 0x20..=0x7c | 0xc0..=0xf4)
        }
        _ => speller.clone().unit(&decoded(unit), Span::new(0, 0)),
    }
}

/// Whether somewhere a small letter stands before a capital or a digit, a capital before a digit, or a digit before a
/// letter. Without an early exit, so that the compiler makes vector instructions of it.
pub(super) fn is_mixed(bytes: &[u8]) -> bool {
    // A bit for each class, and for each class those that may not stand behind it.
    const SMALL: u8 = 1;
    const CAPITAL: u8 = 2;
    const DIGIT: u8 = 4;
    let class = |byte: u8| {
        u8::from(byte.is_ascii_lowercase()) * SMALL
            + u8::from(byte.is_ascii_uppercase()) * CAPITAL
            + u8::from(byte.is_ascii_digit()) * DIGIT
    };
    let mixed = |first: u8, second: u8| {
        let after_small = (first & SMALL) / SMALL * (CAPITAL | DIGIT);
        let after_capital = (first & CAPITAL) / CAPITAL * DIGIT;
        let after_digit = (first & DIGIT) / DIGIT * (SMALL | CAPITAL);
        (after_small | after_capital | after_digit) & second
    };
    let next = bytes.get(1..).unwrap_or_default();
    let pairs = bytes.iter().zip(next);
    pairs.fold(0, |found, (&a, &b)| found | mixed(class(a), class(b))) != 0
}

#[cfg(test)]
mod tests {
    use super::super::tests::decoded_by;

    #[test]
    fn base64_is_read_in_its_place() {
        for (text, says) in [
            ("Ym9tYg==", "bomb"),
            ("Ym9tYg", "bomb"),
            ("read Ym9tYg== and do", "read bomb and do"),
            ("data:text/plain;base64,aG93IHRvIGJ1aWxk.", "data:text/plain;base64,how to build."),
            ("54K45by5", "炸弹"),
            ("to bWFrZQ== a Ym9tYg==!", "to make a bomb!"),
            ("YfCfmIBi_2I", "a😀b_2I"),
            ("Y\u{200b}m9\u{200b}tYg==", "bomb"),
        ] {
            assert_eq!(decoded_by("base64", text), says, "{text}");
        }
    }

    #[test]
    fn base64_with_its_letters_moved_is_read() {
        for (text, says) in [
            ("Lz9gLt==", "bomb"),
            ("n LT9gLt== now", "n `omb now"),
            ("the bomb is base64", "the bomb is base64"),
        ] {
            assert_eq!(decoded_by("base64_rot13", text), says, "{text}");
        }
    }

    #[test]
    fn words_names_and_numbers_are_no_base64() {
        for text in [
            "the quick brown fox jumps over the lazy dog",
            "src/text/decode/base64.rs",
            "iPhone12 OpenAI McDonald",
            "camelCaseNames and HTTPServer2",
            "2026-11-28T18:44:26Z",
            "550e8400-e29b-41d4-a716-446655440000",
            "AKIAIOSFODNN7EXAMPLE",
            "d41d8cd98f00b204e9800998ecf8427e",
            "iVBORw0KGgoAAAANSUhEUgAAAAUA",
        ] {
            assert_eq!(decoded_by("base64", text), text);
        }
    }
}
