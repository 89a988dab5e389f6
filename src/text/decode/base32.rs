//! The decoder `base32`: RFC 4648, in capitals or small letters, with padding or without.
//!
//! Nearly every long word is of the alphabet, and nearly none encodes so much text.

use super::super::masks::Around;
use super::runs::{self, Encoding, Run};
use super::speller::{Few, Speller};
use super::{DecoderDef, Reads};
use crate::domain::{Span, ViewName};

pub(super) const BASE32: DecoderDef = DecoderDef {
    name: ViewName("base32"),
    switch: "decoded",
    again: true,
    summary: "text in base32, with padding or without",
    reads: Reads::Width,
    applies: runs::applies::<Base32>,
    build: runs::build::<Base32>,
    open_from: runs::open_from::<Base32>,
};

/// The fewest characters of a run; six bytes of text.
const SHORTEST: usize = 10;
/// Characters that give whole bytes, and how many bytes.
const UNIT: usize = 8;
const BYTES: usize = 5;

pub(super) struct Base32;

impl Encoding for Base32 {
    fn candidates(around: &Around<'_>) -> u64 {
        around.word_starts() & around.all_within(|block| block.words, SHORTEST)
    }

    fn continues(byte: u8) -> bool {
        quintet(byte).is_some() || byte == b'='
    }

    fn begins(before: Option<u8>, byte: u8, _: &[u8]) -> bool {
        quintet(byte).is_some() && !before.is_some_and(|before| before.is_ascii_alphanumeric())
    }

    fn read(bytes: &[u8], start: usize) -> Run {
        // Most words are too short, which shows soonest at the far end.
        let far = bytes.get(start + SHORTEST - 1);
        if far.is_some_and(|&byte| quintet(byte).is_none()) {
            return Run::default();
        }
        let mut speller = Speller::default();
        let (mut at, mut open) = (start, None);
        loop {
            let unit = bytes.get(at..bytes.len().min(at + UNIT)).unwrap_or_default();
            let count = unit.iter().take_while(|&&byte| quintet(byte).is_some()).count();
            let unit = unit.get(..count).unwrap_or_default();
            if count < UNIT && at + count == bytes.len() {
                open = Some(at);
            }
            if !speller.unit(&decoded(unit), Span::new(at, at + count)) {
                // The bytes that are whole stay as they are.
                open = None;
                break;
            }
            at += count;
            if count < UNIT {
                break;
            }
        }
        let characters = at - start;
        let padding = characters.next_multiple_of(UNIT) - characters;
        let pads = bytes.get(at..).unwrap_or_default().iter().take(padding);
        let pads = pads.take_while(|&&byte| byte == b'=').count();
        let open = open.map(|open| if open - start < SHORTEST { start } else { open });
        let mut run = Run::spelled(speller, Span::new(start, at), pads, open);
        run.counts = characters >= SHORTEST && !run.text.is_empty();
        run
    }
}

const fn quintet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a'),
        b'2'..=b'7' => Some(byte - b'2' + 26),
        _ => None,
    }
}

/// The whole bytes that some characters of the alphabet give.
fn decoded(unit: &[u8]) -> Few<5> {
    let bits = unit.iter().filter_map(|&byte| quintet(byte));
    let bits = bits.fold(0_u64, |bits, five| bits << 5 | u64::from(five));
    let bits = bits << (5 * (UNIT - unit.len().min(UNIT)));
    let [_, _, _, bytes @ ..] = bits.to_be_bytes();
    Few::new(bytes, unit.len() * BYTES / UNIT)
}

#[cfg(test)]
mod tests {
    use super::super::tests::decoded_by;

    #[test]
    fn base32_is_read_in_its_place() {
        for (text, says) in [
            ("NRUXI5DMMUQGE33NMI======", "little bomb"),
            ("nruxi5dmmuqge33nmi", "little bomb"),
            ("read NBXXOIDUN4======, then", "read how to, then"),
            ("46BLRZN4XE======", "炸弹"),
        ] {
            assert_eq!(decoded_by("base32", text), says, "{text}");
        }
    }

    #[test]
    fn words_and_keys_are_no_base32() {
        for text in [
            "internationalisation of straightforward misunderstandings",
            "INTERNATIONAL STANDARDS ORGANISATION",
            "ZQ7KX2MFWB5RT3YA",
            "the quick brown fox",
        ] {
            assert_eq!(decoded_by("base32", text), text);
        }
    }
}
