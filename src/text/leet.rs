//! `leet`: digits and signs in the place of letters, in words that mix them (`1d10t`, `$h1t`).

use std::ops::Range;

use super::{Reading, SKELETON, ViewDef};
use crate::domain::ViewName;

pub(super) const LEET: ViewDef = ViewDef {
    name: ViewName("leet"),
    summary: "digits and signs in the place of letters, in words that mix them",
    over: Some(SKELETON),
    default_on: true,
    applies: |reading| words(reading.as_str()).any(|(_, mixed)| mixed),
    build,
    open_from,
};

/// A longer word is a hash or a key, not a spelling.
const LONGEST_WORD: usize = 64;

/// The letter that a character stands for. `1` and `|` are read as `i`; as `l` they would need a view
/// of their own.
fn letter(c: u8) -> Option<char> {
    Some(match c {
        b'0' => 'o',
        b'1' | b'!' | b'|' => 'i',
        b'2' => 'z',
        b'3' => 'e',
        b'4' | b'@' => 'a',
        b'5' | b'$' => 's',
        b'6' | b'9' => 'g',
        b'7' | b'+' => 't',
        b'8' => 'b',
        _ => return None,
    })
}

fn is_part(c: u8) -> bool {
    c.is_ascii_alphanumeric() || letter(c).is_some()
}

/// The words of ASCII letters, digits and leet signs, and whether each mixes them.
fn words(text: &str) -> impl Iterator<Item = (Range<usize>, bool)> + '_ {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + bytes.get(at..)?.iter().position(|&b| is_part(b))?;
        let rest = bytes.get(start..)?;
        let length = rest.iter().position(|&b| !is_part(b)).unwrap_or(rest.len());
        at = start + length;
        Some((start..at, mixes(rest.get(..length)?)))
    })
}

/// Whether a word has a letter and something that stands for one. A sign at its end is punctuation.
fn mixes(word: &[u8]) -> bool {
    let letters = word.iter().any(u8::is_ascii_alphabetic);
    letters && word.len() <= LONGEST_WORD && (0..word.len()).any(|at| replaces(word, at))
}

/// Whether the character at `at` of a mixed word stands for a letter.
fn replaces(word: &[u8], at: usize) -> bool {
    let Some(&c) = word.get(at) else { return false };
    let followed = word.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
    letter(c).is_some() && (c.is_ascii_digit() || followed)
}

fn build(input: &Reading, out: &mut Reading) {
    let text = input.as_str();
    out.begin(input.raw_len());
    let mut mixed = words(text).filter(|(_, mixed)| *mixed).map(|(word, _)| word).peekable();
    for (at, c) in text.char_indices() {
        while mixed.peek().is_some_and(|word| word.end <= at) {
            mixed.next();
        }
        let span = input.raw_span(at, at + c.len_utf8());
        let word = mixed.peek().filter(|word| word.contains(&at));
        let bytes =
            word.and_then(|word| Some((text.as_bytes().get(word.clone())?, at - word.start)));
        let read = bytes
            .filter(|(word, at)| replaces(word, *at))
            .and_then(|(word, at)| letter(*word.get(at)?));
        out.push(read.unwrap_or(c), span);
    }
}

/// A word that the text ends in is open if it has anything that could stand for a letter, or could
/// yet be too long.
fn open_from(input: &Reading) -> usize {
    let bytes = input.as_str().as_bytes();
    let length = bytes.iter().rev().take_while(|&&b| is_part(b)).count();
    let start = bytes.len() - length;
    let word = bytes.get(start..).unwrap_or_default();
    if length > LONGEST_WORD || !word.iter().any(|&b| letter(b).is_some()) {
        return bytes.len();
    }
    start
}
