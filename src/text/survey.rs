//! One quick look over a text: where its ASCII words are, and whether any view but `fold` could show
//! something else. Written so that the compiler makes vector instructions of it.
#![expect(
    clippy::indexing_slicing,
    reason = "arrays of constant length under constant bounds: nothing is checked at run time"
)]

/// Bits of one byte's traits.
const LETTER: u8 = 1;
const DIGIT: u8 = 2;
/// A digit or sign that `leet` may read as a letter.
const STANDS_IN: u8 = 4;
/// One of these that counts at the end of a word too.
const SOLID: u8 = 8;
/// Part of a character that is not ASCII.
const HIGH: u8 = 16;

/// Bytes that are looked at together, and bytes before them that are looked at again.
const BLOCK: usize = 64;
const BEFORE: usize = 8;
const SEEN: usize = BEFORE + BLOCK;
/// How far apart two single letters of one run may begin: a letter and the longest gap.
const SINGLES_APART: usize = 5;
/// The most characters that `spaced` leaves out between two Han characters.
const LONGEST_HAN_GAP: usize = 3;

/// What a quick look over a text tells.
#[derive(Clone, Debug, Default)]
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
        let mut seen = [0; SEEN];
        let (blocks, rest) = bytes.as_chunks::<BLOCK>();
        for block in blocks {
            survey.block(&mut seen, block);
        }
        if !rest.is_empty() {
            let mut block = [0; BLOCK];
            if let Some(block) = block.get_mut(..rest.len()) {
                block.copy_from_slice(rest);
            }
            survey.block(&mut seen, &block);
        }
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

    /// Takes in the next bytes. `seen` ends with the bytes before them, and then with these.
    fn block(&mut self, seen: &mut [u8; SEEN], block: &[u8; BLOCK]) {
        for at in 0..BEFORE {
            seen[at] = seen[at + BLOCK];
        }
        for at in 0..BLOCK {
            seen[at + BEFORE] = block[at];
        }
        let mut traits = [0; SEEN];
        for at in 0..SEEN {
            traits[at] = traits_of(seen[at]);
        }
        if self.ascii {
            self.words.push(mask(&traits));
        }
        self.may_be_leet |= has_leet(&traits);
        self.may_be_spaced |= has_near_singles(&traits);
        self.may_be_stretched |= has_repeats(seen, &traits) || (!self.ascii && has_wide_repeats(seen));
    }
}

#[inline(always)]
fn traits_of(byte: u8) -> u8 {
    let letter = u8::from((byte | 0x20).wrapping_sub(b'a') < 26);
    let digit = u8::from(byte.wrapping_sub(b'0') < 10);
    let solid = digit | u8::from(byte == b'$') | u8::from(byte == b'@');
    let sign = u8::from(byte == b'!')
        | u8::from(byte == b'|')
        | u8::from(byte == b'+')
        | u8::from(byte == b'(');
    letter | digit << 1 | (solid | sign) << 2 | solid << 3 | (byte >> 7) << 4
}

/// The bits of the letters and digits among the last 64 traits.
fn mask(traits: &[u8; SEEN]) -> u64 {
    let mut mask = 0;
    for (index, eight) in traits.as_chunks::<8>().0.iter().skip(1).enumerate() {
        let eight = u64::from_le_bytes(*eight);
        let word = (eight | eight >> 1) & 0x0101_0101_0101_0101;
        mask |= (word.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * index);
    }
    mask
}

/// Whether a digit or sign could be read as a letter: one that a letter follows, or one behind a letter
/// that counts there by itself or has another behind it; or a digit beside a Han character.
fn has_leet(traits: &[u8; SEEN]) -> bool {
    let mut found = 0;
    for at in 1..SEEN - 1 {
        let (a, b, c) = (traits[at - 1], traits[at], traits[at + 1]);
        let letter_before = a | a >> 4;
        let letter_behind = c | c >> 4;
        // Behind a letter: counts by itself, or another follows.
        let closes = b >> 3 | c >> 2;
        found |= b >> 2 & (letter_behind | letter_before & closes);
    }
    // What follows the last byte is seen with the next block, if there is one.
    let (a, b) = (traits[SEEN - 2], traits[SEEN - 1]);
    found |= b >> 2 & b >> 3 & (a | a >> 4);
    found & LETTER != 0
}

/// Whether two letters that stand alone begin near each other. A run has three, each near the next.
fn has_near_singles(traits: &[u8; SEEN]) -> bool {
    let mut single = [0_u8; SEEN + SINGLES_APART];
    for at in 1..SEEN {
        let (a, b) = (traits[at - 1], traits[at]);
        let c = if at + 1 < SEEN { traits[at + 1] } else { 0 };
        single[at] = b & !(a | a >> 1 | c | c >> 1);
    }
    let mut near = 0;
    for at in 0..SEEN {
        near |= single[at] & (single[at + 2] | single[at + 3] | single[at + 4] | single[at + 5]);
    }
    near & LETTER != 0
}

/// Whether a letter stands there three times in a row, or three doubled letters stand in a row.
fn has_repeats(seen: &[u8; SEEN], traits: &[u8; SEEN]) -> bool {
    let mut again = [0_u8; SEEN];
    for at in 0..SEEN - 1 {
        again[at] = u8::from(seen[at] == seen[at + 1]) & traits[at];
    }
    let mut found = 0;
    for at in 0..SEEN - 4 {
        found |= again[at] & (again[at + 1] | again[at + 2] & again[at + 4]);
    }
    found |= again[SEEN - 4] & again[SEEN - 3] | again[SEEN - 3] & again[SEEN - 2];
    found & LETTER != 0
}

/// Whether a character of three bytes stands there twice.
fn has_wide_repeats(seen: &[u8; SEEN]) -> bool {
    let mut found = 0;
    for at in 0..SEEN - 5 {
        let same = u8::from(seen[at] == seen[at + 3])
            & u8::from(seen[at + 1] == seen[at + 4])
            & u8::from(seen[at + 2] == seen[at + 5]);
        found |= same & u8::from(matches!(seen[at], 0xe4..=0xe9));
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
    let mut at = 0;
    let mut apart = false;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            0xe4..=0xe9 => {
                if gap > 0 {
                    let near = run > 0 && gap <= LONGEST_HAN_GAP;
                    apart |= near && (!ordinary || run == 1);
                    waiting = near;
                    (run, gap, ordinary) = (0, 0, true);
                }
                run += 1;
                at += 3;
            }
            0..=0x7f => {
                // A run of one character behind a gap.
                apart |= waiting && run == 1 && gap == 0;
                waiting &= run <= 1 && gap > 0;
                gap += 1;
                ordinary &= matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b';' | b':' | b'!' | b'?' | b'(' | b')' | b'"' | b'\'');
                at += 1;
            }
            _ if is_clause_mark(bytes, at) => {
                apart |= waiting && run == 1 && gap == 0;
                waiting &= run <= 1 && gap > 0;
                gap += 1;
                at += 3;
            }
            _ => return Han::Unknown,
        }
    }
    apart |= waiting && run == 1 && gap == 0;
    if apart { Han::Apart } else { Han::Whole }
}

/// Whether a mark of Chinese or English clauses stands at `at`: one of `“”‘’—…、。《》〈〉「」『』【】`.
fn is_clause_mark(bytes: &[u8], at: usize) -> bool {
    let Some(&[a, b, c]) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else { return false };
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
                "[ab1!$ .(]{0,200}",
                "[a-c]{0,9}( [a-e0-9@+|]{1,6}){0,40}",
                "([中国人]{1,3}[，,。“” ab1!$*-]{0,4}){0,30}",
                "([中国人]{2,4}[，。]){0,30}",
            ],
        ) {
            let mut raw = Reading::default();
            raw.identity(&text);
            let survey = Survey::of(&text);
            for view in VIEWS.iter().skip(1) {
                let may = match view.name.0 {
                    "skeleton" => survey.may_look_alike,
                    "spaced" => survey.may_be_spaced,
                    "leet" | "leet_l" => survey.may_be_leet,
                    _ => survey.may_be_stretched,
                };
                let mut out = Reading::default();
                (view.build)(&raw, &mut out);
                prop_assert!(may || out.as_str() == text, "{}: {text}", view.name.0);
            }
        }
    }
}
