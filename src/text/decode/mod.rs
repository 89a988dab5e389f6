//! Decoders: ways of reading a text as another text, which is then read in all views, and decoded again.
//!
//! A decoder puts what an encoded part says in the place of that part, and leaves the rest as it is, so that a sentence of
//! which one word is encoded is read as a whole. Nesting is no decoder's business: whoever scans applies them to what they
//! give, in any order, as often as [`MOST_DECODERS`](crate::domain::MOST_DECODERS) allows.

mod ascii85;
mod base32;
mod base64;
mod base64_groups;
mod bidi;
mod bits;
mod caesar;
mod components;
mod deletions;
mod escapes;
mod mail;
mod markup;
mod numbers;
mod pinyin;
mod punycode;
mod runs;
mod selectors;
mod signals;
mod speller;
mod tags;
mod terminal;
mod units;

#[cfg(test)]
mod tests;

use super::reading::Reading;
use super::width::{self, WIDTH};
use crate::domain::ViewName;

/// One decoder. Its functions mean what those of a [`super::ViewDef`] mean.
#[derive(Clone, Copy, Debug)]
pub struct DecoderDef {
    /// The name in findings.
    pub name: ViewName,
    /// The switch of policies that it belongs to.
    pub switch: &'static str,
    /// Whether what it gives is decoded again, and not only looked at.
    pub again: bool,
    /// What it sees through, for people.
    pub summary: &'static str,
    /// What it reads.
    pub reads: Reads,
    /// Whether there is something to decode, found without building anything. `true` may be wrong, `false` never is.
    pub applies: fn(&Reading) -> bool,
    /// Builds the decoded text of the first reading into the second, which it empties. Offsets of the result are those of
    /// the raw text.
    pub build: fn(&Reading, &mut Reading),
    /// The first byte of the input whose image could still change when more text follows.
    pub open_from: fn(&str) -> usize,
}

/// What a decoder reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The text as it stands.
    Text,
    /// The text with letters and digits in other forms as ASCII, and without invisible characters in words.
    Width,
}

/// All decoders.
pub const DECODERS: &[DecoderDef] = &[
    tags::TAGS,
    selectors::SELECTORS,
    selectors::SELECTORS_ASCII,
    bits::BITS,
    terminal::TERMINAL,
    deletions::DELETIONS,
    bidi::BIDI,
    markup::MARKUP,
    escapes::ESCAPES,
    components::COMPONENTS,
    base64::BASE64,
    base64_groups::BASE64_GROUPS,
    base64::BASE64_ROT13,
    base32::BASE32,
    ascii85::ASCII85,
    numbers::NUMBERS,
    numbers::DECIMAL,
    numbers::OCTAL,
    signals::SIGNALS,
    mail::MAIL,
    punycode::PUNYCODE,
    caesar::CAESAR,
    pinyin::PINYIN,
];

/// Whether this is the decoder of what is deleted: a text that it leaves alone may go on so that its end is taken back.
pub fn deletes(decoder: &DecoderDef) -> bool {
    decoder.name == deletions::DELETIONS.name
}

/// The raw bytes from which on the end of a text may still be taken back.
pub fn deletable(text: &Reading) -> impl Iterator<Item = usize> {
    deletions::deletable(text)
}

/// The first byte of a text from which on what decoders of [`Reads::Width`] read could still change when more follows.
pub fn widened_open_from(text: &str) -> usize {
    width::open_from(text)
}

/// Where more must be seen before `at` than [`context_start`](super::context_start) says, since a word far before it says how
/// it is read.
pub fn cue_before(text: &str, at: usize) -> Option<usize> {
    caesar::context_start(text, at)
}

/// Builds the reading that decoders of [`Reads::Width`] read; `false` where it would equal the text.
pub fn widened(input: &Reading, out: &mut Reading) -> bool {
    let differs = (WIDTH.applies)(input);
    if differs {
        (WIDTH.build)(input, out);
    }
    differs
}
