//! One quick look over a text: where its ASCII words are, and whether any view but `fold` could show
//! something else. Written so that the compiler makes vector instructions of it.
#![expect(
    clippy::indexing_slicing,
    clippy::needless_range_loop,
    reason = "constant bounds in arrays of constant length are checked when compiling, and become vectors"
)]

use super::masks::{BLOCK, plane};

/// Bits of one byte's traits: a letter (the lowest bit), a digit, a digit or sign that `leet` may read as
/// a letter, one of these that counts at the end of a word too, part of a character that is not ASCII.
const LETTER: u8 = 1;
const DIGIT: u8 = 1 << 1;
const STANDS_IN: u8 = 1 << 2;

/// Bytes before a block that are looked at again with it.
const BEFORE: usize = 16;
const SEEN: usize = BEFORE + BLOCK;
/// Of the bytes before, those whose words are looked at again.
const WORDS_BEFORE: usize = 8;
/// The most characters that `spaced` leaves out between two Han characters.
const LONGEST_HAN_GAP: usize = 3;

/// What a quick look over a text tells.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one answer for each view")]
pub struct Survey {
    /// A bit for each byte that is an ASCII letter or digit, 64 a word.
    words: Vec<u64>,
    ascii: bool,
    pub(super) may_look_alike: bool,
    pub(super) may_be_spaced: bool,
    pub(super) may_be_leet: bool,
    pub(super) may_be_stretched: bool,
}

impl Survey {
    /// Looks over a text.
    pub(super) fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut survey = Self {
            words: Vec::with_capacity(bytes.len() / BLOCK + 1),
            ascii: text.is_ascii(),
            ..Self::default()
        };
        if !survey.ascii {
            let han = look_at_han(bytes);
            survey.may_be_spaced = han != Han::Whole;
            if han == Han::Unknown {
                survey.may_look_alike = true;
                (survey.may_be_leet, survey.may_be_stretched) = (true, true);
                return survey;
            }
        }
        let mut seen = Seen::new();
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        for block in blocks {
            survey.block(&mut seen, block);
        }
        // Also where nothing is left over: what the end of a block leaves open is judged with the next.
        let mut block = [0; BLOCK];
        if let Some(block) = block.get_mut(..rest.len()) {
            block.copy_from_slice(rest);
        }
        survey.block(&mut seen, &block);
        survey
    }

    /// Whether the text is ASCII.
    pub fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// The words of an ASCII text: runs of letters and digits, in order.
    pub fn words(&self) -> Words<'_> {
        let rest = self.words.first().copied().unwrap_or_default();
        Words { masks: &self.words, block: 0, rest }
    }

    fn block(&mut self, seen: &mut Seen, block: &[u8; BLOCK]) {
        let traits = seen.take(block);
        let words = mask(&seen.traits);
        if self.ascii {
            self.words.push(words);
        }
        self.may_be_spaced |= has_near_singles(seen.words, words);
        self.may_be_leet |= traits & STANDS_IN != 0 && has_leet(&seen.traits);
        self.may_be_stretched |=
            has_repeats(seen) || (!self.ascii && has_wide_repeats(&seen.bytes));
        seen.words = words;
    }
}

/// The bytes of one block and some before them.
struct Seen {
    bytes: [u8; SEEN],
    traits: [u8; SEEN],
    /// Where a byte is a letter and the same as the byte before it.
    again: [u8; SEEN],
    /// A bit for each letter and digit of the block before.
    words: u64,
}

impl Seen {
    const fn new() -> Self {
        Self { bytes: [0; SEEN], traits: [0; SEEN], again: [0; SEEN], words: 0 }
    }

    /// Takes in the next block; the result is the union of the traits in it and of the byte before it, which
    /// is judged with it.
    fn take(&mut self, block: &[u8; BLOCK]) -> u8 {
        for at in 0..BEFORE {
            self.bytes[at] = self.bytes[at + BLOCK];
            self.traits[at] = self.traits[at + BLOCK];
            self.again[at] = self.again[at + BLOCK];
        }
        let mut union = self.traits[BEFORE - 1];
        for at in 0..BLOCK {
            let byte = block[at];
            let traits = traits_of(byte);
            self.bytes[at + BEFORE] = byte;
            self.traits[at + BEFORE] = traits;
            union |= traits;
        }
        for at in BEFORE..SEEN {
            self.again[at] = u8::from(self.bytes[at] == self.bytes[at - 1]) & self.traits[at];
        }
        union
    }
}

#[inline]
fn traits_of(byte: u8) -> u8 {
    let letter = u8::from((byte | 0x20).wrapping_sub(b'a') < 26);
    let digit = u8::from(byte.wrapping_sub(b'0') < 10);
    // A bar may be closed by a bracket.
    let solid = digit | u8::from(byte == b'$') | u8::from(byte == b'@') | u8::from(byte == b'|');
    let sign = u8::from(byte == b'!')
        | u8::from(byte == b'+')
        | u8::from(byte == b'(')
        | u8::from(byte == b')');
    letter | digit << 1 | (solid | sign) << 2 | solid << 3 | (byte >> 7) << 4
}

/// The bits of the letters and digits among the last 64 traits.
fn mask(traits: &[u8; SEEN]) -> u64 {
    traits.last_chunk().map_or(0, plane::<{ LETTER | DIGIT }>)
}

/// Whether a digit or sign could be read as a letter: one that a letter follows, or one behind a letter
/// that counts there by itself or has another behind it; or a digit beside a Han character.
fn has_leet(traits: &[u8; SEEN]) -> bool {
    let mut found = 0;
    for at in BEFORE..SEEN {
        let (a, b, c) = (traits[at - 2], traits[at - 1], traits[at]);
        let letter_before = a | a >> 4;
        let letter_behind = c | c >> 4;
        // Behind a letter: counts by itself, or another follows.
        let closes = b >> 3 | c >> 2;
        found |= b >> 2 & (letter_behind | letter_before & closes);
    }
    found & LETTER != 0
}

/// Whether two letters or digits that stand alone begin near each other. A run has three letters, each
/// near the next. The masks have a bit for each letter and digit of the last block and of this one.
const fn has_near_singles(before: u64, here: u64) -> bool {
    let words = (here as u128) << WORDS_BEFORE | (before >> (BLOCK - WORDS_BEFORE)) as u128;
    // Of the first bit and the last one neighbour is not seen; they are judged in other blocks.
    let judged = !(1 | 1 << (WORDS_BEFORE + BLOCK - 1));
    let single = words & !(words << 1) & !(words >> 1) & judged;
    // A letter and the longest gap: two single letters of one run begin up to five bytes apart.
    single & (single >> 2 | single >> 3 | single >> 4 | single >> 5) != 0
}

/// Whether a letter stands there three times in a row, three doubled letters stand in a row, or a letter is doubled at the
/// beginning of a word or is one that seldom is.
fn has_repeats(seen: &Seen) -> bool {
    let (again, bytes) = (&seen.again, &seen.bytes);
    let mut found = 0;
    for at in BEFORE..SEEN {
        let byte = bytes[at];
        let odd = u8::from(byte.wrapping_sub(b'w') < 3)
            | u8::from(byte == b'h')
            | u8::from(byte == b'j')
            | u8::from(byte == b'q');
        let initial = !seen.traits[at - 2];
        found |= again[at] & (again[at - 1] | again[at - 2] & again[at - 4] | odd | initial);
    }
    found & LETTER != 0
}

/// Whether a Han character stands there twice.
fn has_wide_repeats(bytes: &[u8; SEEN]) -> bool {
    let mut found = 0;
    for at in BEFORE..SEEN {
        let same = u8::from(bytes[at - 5] == bytes[at - 2])
            & u8::from(bytes[at - 4] == bytes[at - 1])
            & u8::from(bytes[at - 3] == bytes[at]);
        found |= same & u8::from(bytes[at - 5].wrapping_sub(0xe4) < 6);
    }
    found != 0
}

/// What a look at the Han characters of a text came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Han {
    /// None stands apart from its neighbours, but by the punctuation of clauses.
    Whole,
    /// Some may.
    Apart,
    /// There are letters of other scripts, of which this look knows nothing.
    Unknown,
}

/// Looks at the Han characters of a text that has ASCII and Han characters and their punctuation.
fn look_at_han(bytes: &[u8]) -> Han {
    let (mut run, mut gap, mut ordinary, mut waiting) = (0_usize, 0_usize, true, false);
    let (mut marked, mut commas, mut before) = (false, false, 0);
    let mut at = 0;
    let mut apart = false;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            0xe4..=0xe9 => {
                if gap > 0 {
                    let near = run > 0 && gap <= LONGEST_HAN_GAP;
                    apart |= near && (!ordinary || !marked || run == 1);
                    waiting = near;
                    (run, gap, ordinary, marked, commas) = (0, 0, true, false, false);
                }
                run += 1;
                at += 3;
            }
            0..=0x7f => {
                // A run of one character behind a gap.
                apart |= waiting && run == 1 && gap == 0;
                waiting &= run <= 1 && gap > 0;
                // Dots side by side may count as one.
                gap += usize::from(byte != b'.' || before != b'.');
                marked |= !matches!(byte, b' ' | b'\t');
                let comma = matches!(byte, b',' | b';' | b':');
                ordinary &= !(comma && commas);
                commas |= comma;
                ordinary &= matches!(
                    byte,
                    b' ' | b'\t'
                        | b'\n'
                        | b'\r'
                        | b','
                        | b';'
                        | b':'
                        | b'!'
                        | b'?'
                        | b'('
                        | b')'
                        | b'"'
                        | b'\''
                );
                at += 1;
            }
            _ if is_clause_mark(bytes, at) => {
                apart |= waiting && run == 1 && gap == 0;
                waiting &= run <= 1 && gap > 0;
                gap += 1;
                marked = true;
                let comma = bytes.get(at..).is_some_and(|rest| rest.starts_with("、".as_bytes()));
                ordinary &= !(comma && commas);
                commas |= comma;
                at += 3;
            }
            _ => return Han::Unknown,
        }
        before = byte;
    }
    apart |= waiting && run == 1 && gap == 0;
    if apart { Han::Apart } else { Han::Whole }
}

/// Whether a mark of Chinese or English clauses stands at `at`: one of `“”‘’—…、。《》〈〉「」『』【】`.
fn is_clause_mark(bytes: &[u8], at: usize) -> bool {
    let Some(&[a, b, c]) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else {
        return false;
    };
    match (a, b) {
        (0xe2, 0x80) => matches!(c, 0x94 | 0x98 | 0x99 | 0x9c | 0x9d | 0xa6),
        (0xe3, 0x80) => matches!(c, 0x81 | 0x82 | 0x88..=0x91),
        _ => false,
    }
}

/// The words of an ASCII text, as ranges of bytes.
#[derive(Clone, Debug)]
pub struct Words<'s> {
    masks: &'s [u64],
    block: usize,
    /// The bits of the block that are not passed yet.
    rest: u64,
}

impl Iterator for Words<'_> {
    type Item = (usize, usize);

    #[inline]
    fn next(&mut self) -> Option<(usize, usize)> {
        while self.rest == 0 {
            self.block += 1;
            self.rest = *self.masks.get(self.block)?;
        }
        let bit = self.rest.trailing_zeros();
        let start = self.block * BLOCK + bit as usize;
        let beyond = !(self.rest | ((1_u64 << bit) - 1));
        if beyond != 0 {
            let end = beyond.trailing_zeros();
            self.rest &= !((1_u64 << end) - 1);
            return Some((start, self.block * BLOCK + end as usize));
        }
        loop {
            self.block += 1;
            let Some(&mask) = self.masks.get(self.block) else {
                self.rest = 0;
                return Some((start, self.block * BLOCK));
            };
            if mask != u64::MAX {
                let end = (!mask).trailing_zeros();
                self.rest = mask & !((1_u64 << end) - 1);
                return Some((start, self.block * BLOCK + end as usize));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::{Reading, VIEWS};

    #[test]
    fn words_are_runs_of_letters_and_digits() {
        let survey = |text: &str| Survey::of(text).words().collect::<Vec<_>>();
        assert_eq!(survey(""), []);
        assert_eq!(survey("it's 42"), [(0, 2), (3, 4), (5, 7)]);
        let long = " ".repeat(62) + &"x".repeat(70) + " y";
        assert_eq!(survey(&long), [(62, 132), (133, 134)]);
        assert_eq!(survey(&"x".repeat(128)), [(0, 128)]);
    }

    proptest! {
        #[test]
        fn a_survey_finds_every_word(text in "[ab1 .]{0,200}") {
            let mut expected = Vec::new();
            let mut start = None;
            for (at, byte) in text.bytes().chain([b' ']).enumerate() {
                match (byte.is_ascii_alphanumeric(), start) {
                    (true, None) => start = Some(at),
                    (false, Some(from)) => {
                        expected.push((from, at));
                        start = None;
                    }
                    _ => {}
                }
            }
            prop_assert_eq!(Survey::of(&text).words().collect::<Vec<_>>(), expected);
        }

        #[test]
        fn what_a_survey_rules_out_no_view_shows(
            text in prop_oneof![
                "[ab1!$ .(|)]{0,200}",
                "[a-c]{0,9}( [a-e0-9@+|]{1,6}){0,40}",
                "[ab .]{0,20}[!|()1+]{0,4}[ab .]{0,20}",
                "(a )?[hkow]{1,4} ?[hkow]{0,4}",
                "([中国人]{1,3}[，,。“” ab1!$*-]{0,4}){0,30}",
                "([中国人]{2,4}[，。]){0,30}",
                // Something short around the end of a block.
                "(xyz){18,21}[a1!$. ]{0,8}",
            ],
        ) {
            let mut raw = Reading::default();
            raw.identity(&text);
            let survey = Survey::of(&text);
            for view in VIEWS.iter().skip(1) {
                let may = match view.name.0 {
                    "skeleton" => survey.may_look_alike,
                    "spaced" | "spaced_words" => survey.may_be_spaced,
                    "leet" | "leet_l" | "leet_mixed" => survey.may_be_leet,
                    _ => survey.may_be_stretched,
                };
                let mut out = Reading::default();
                (view.build)(&raw, &mut out);
                prop_assert!(may || out.as_str() == text, "{}: {text}", view.name.0);
            }
        }
    }
}
