//! The decoder `bits`: text as bits that are not shown, one character for zero and one for one.
//!
//! Two pairs of characters are in use, either way round, with seven or eight bits for a byte. What is read is the way
//! that gives most letters. In ordinary text these characters stand alone.

use super::super::masks::Around;
use super::runs::{self, Encoding, Run};
use super::speller::Speller;
use super::{DecoderDef, Reads};
use crate::domain::{Span, ViewName};

pub(super) const BITS: DecoderDef = DecoderDef {
    name: ViewName("bits"),
    switch: "hidden",
    again: true,
    summary: "bits as characters without width",
    reads: Reads::Text,
    applies: runs::applies::<Bits>,
    build: runs::build::<Bits>,
    open_from: runs::open_from::<Bits>,
};

/// The bytes of each of the characters.
const WIDTH: usize = 3;
/// By so many bits it is known how they are read.
const TELLING: usize = 64;
/// The fewest bits that are text.
const FEWEST: usize = 14;
/// Bits for a byte, and the bit that the first character of a pair is.
const WAYS: [(usize, u8); 4] = [(8, 0), (7, 0), (8, 1), (7, 1)];

/// U+200B and U+200C, U+2062 and U+2064.
const PAIRS: [[&[u8; WIDTH]; 2]; 2] =
    [[b"\xe2\x80\x8b", b"\xe2\x80\x8c"], [b"\xe2\x81\xa2", b"\xe2\x81\xa4"]];

pub(super) struct Bits;

impl Encoding for Bits {
    fn glance(bytes: &[u8]) -> bool {
        let has = |needle: &&[u8; WIDTH]| memchr::memmem::find(bytes, *needle).is_some();
        PAIRS.iter().any(|pair| pair.iter().all(has))
    }

    fn candidates(around: &Around<'_>) -> u64 {
        around.here.leads
    }

    fn continues(byte: u8) -> bool {
        matches!(byte, 0x80..=0xbf | 0xe2)
    }

    fn begins(_: Option<u8>, byte: u8, _: &[u8]) -> bool {
        byte == 0xe2
    }

    fn read(bytes: &[u8], start: usize) -> Run {
        let rest = bytes.get(start..).unwrap_or_default();
        let (characters, _) = rest.as_chunks::<WIDTH>();
        let of_pair = |pair: &&[&[u8; WIDTH]; 2]| bit(**pair, characters.first()).is_some();
        let Some(pair) = PAIRS.iter().find(of_pair) else { return Run::default() };
        let bits: Vec<u8> = characters.iter().map_while(|one| bit(*pair, Some(one))).collect();
        let telling = bits.get(..bits.len().min(TELLING)).unwrap_or_default();
        // Nothing is left over of a run that is read as it was written.
        let fits = |width: usize| bits.len() <= TELLING && bits.len().is_multiple_of(width);
        let scores =
            WAYS.into_iter().filter_map(|way| Some(((fits(way.0), likeness(telling, way)?), way)));
        // The first of those that are equally likely.
        let best = scores.reduce(|best, next| if next.0 > best.0 { next } else { best });
        let ends = start + bits.len() * WIDTH == bytes.len();
        let Some((_, way)) = best else {
            return Run { open: (ends && bits.len() < FEWEST).then_some(start), ..Run::default() };
        };
        let mut speller = Speller::default();
        let mut at = start;
        for byte in bits.chunks_exact(way.0) {
            let end = at + way.0 * WIDTH;
            if !speller.unit(&[value(byte, way.1)], Span::new(at, end)) {
                break;
            }
            at = end;
        }
        let goes_on = ends && bits.len() - (at - start) / WIDTH < way.0;
        let open = goes_on.then_some(if bits.len() < TELLING { start } else { at });
        let mut run = Run::spelled(speller, Span::new(start, at), 0, open);
        run.counts = bits.len() >= FEWEST && !run.text.is_empty();
        run.on_its_own()
    }
}

/// The bit that a character of a pair is.
fn bit(pair: [&[u8; WIDTH]; 2], character: Option<&[u8; WIDTH]>) -> Option<u8> {
    let at = pair.iter().position(|one| Some(*one) == character)?;
    u8::try_from(at).ok()
}

fn value(bits: &[u8], zero: u8) -> u8 {
    bits.iter().fold(0, |value, bit| value << 1 | (bit ^ zero))
}

/// How much some bits look like text if they are read this way; `None` if they are none. A character of several bytes is
/// hardly one by chance.
fn likeness(bits: &[u8], (width, zero): (usize, u8)) -> Option<usize> {
    let mut speller = Speller::default();
    let text =
        bits.chunks_exact(width).all(|byte| speller.unit(&[value(byte, zero)], Span::new(0, 0)));
    let letters = speller.text.iter().filter(|(c, _)| c.is_alphabetic());
    text.then(|| letters.map(|(c, _)| c.len_utf8() * c.len_utf8()).sum())
}

#[cfg(test)]
mod tests {
    use super::super::tests::decoded_by;

    fn bits(text: &str, width: u32, [zero, one]: [char; 2]) -> String {
        let of_byte =
            |byte: u8| (0..width).rev().map(move |at| if byte >> at & 1 == 1 { one } else { zero });
        text.bytes().flat_map(of_byte).collect()
    }

    #[test]
    fn bits_of_either_pair_width_and_polarity_are_read_on_their_own() {
        for pair in [['\u{200b}', '\u{200c}'], ['\u{200c}', '\u{200b}'], ['\u{2062}', '\u{2064}']] {
            for (text, width) in [("a bomb", 7), ("a bomb", 8), ("炸弹", 8), ("sex", 7)] {
                let hidden = bits(text, width, pair);
                let says = format!("hi\n{text}\nyou");
                assert_eq!(decoded_by("bits", &format!("hi{hidden}you")), says);
            }
        }
    }

    #[test]
    fn characters_without_width_in_words_are_no_bits() {
        for text in ["می\u{200c}خواهم نمی\u{200c}شود", "b\u{200b}\u{200c}\u{200b}omb", "f\u{2062}x"]
        {
            assert_eq!(decoded_by("bits", text), text);
        }
    }
}
