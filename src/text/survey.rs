//! One quick look over an ASCII text: where its words are, and whether any view but `fold` could show
//! something else. Written so that the compiler makes vector instructions of it.

/// Bits of one byte's traits.
const LETTER: u8 = 1;
const DIGIT: u8 = 2;
/// A digit or sign that `leet` may read as a letter.
const STANDS_IN: u8 = 4;
/// One of these that counts at the end of a word too.
const SOLID: u8 = 8;

/// Bytes that are looked at together.
const BLOCK: usize = 64;
/// How far apart two single letters of one run may begin: a letter and the longest gap.
const SINGLES_APART: usize = 5;

/// What a quick look over a text tells.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// A bit for each byte that is an ASCII letter or digit, 64 a word; empty where the text is not
    /// ASCII.
    words: Vec<u64>,
    ascii: bool,
    pub(super) may_be_spaced: bool,
    pub(super) may_be_leet: bool,
    pub(super) may_be_stretched: bool,
}

impl Survey {
    /// Looks over a text. A text that is not ASCII may be anything.
    pub(super) fn of(text: &str) -> Self {
        if !text.is_ascii() {
            return Self {
                may_be_spaced: true,
                may_be_leet: true,
                may_be_stretched: true,
                ..Self::default()
            };
        }
        let bytes = text.as_bytes();
        let mut survey = Self {
            words: Vec::with_capacity(bytes.len() / BLOCK + 1),
            ascii: true,
            ..Self::default()
        };
        let (mut before, mut before_traits) = ([0; 8], [0; 8]);
        for block in bytes.chunks(BLOCK) {
            survey.block(block, &mut before, &mut before_traits);
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

    /// Takes in up to 64 bytes. `before` are the eight bytes before them, with their traits.
    fn block(&mut self, block: &[u8], before: &mut [u8; 8], before_traits: &mut [u8; 8]) {
        let mut bytes = [0_u8; BLOCK + 8];
        let mut traits = [0_u8; BLOCK + 8];
        if let Some((head, tail)) = bytes.split_first_chunk_mut::<8>() {
            *head = *before;
            if let Some(tail) = tail.get_mut(..block.len()) {
                tail.copy_from_slice(block);
            }
        }
        if let Some((head, tail)) = traits.split_first_chunk_mut::<8>() {
            *head = *before_traits;
            for (traits, &byte) in tail.iter_mut().zip(block) {
                *traits = traits_of(byte);
            }
        }
        self.words.push(mask(&traits));
        self.may_be_leet |= has_leet(&traits);
        self.may_be_spaced |= has_near_singles(&traits);
        self.may_be_stretched |= has_repeats(&bytes);
        if let (Some(last), Some(last_traits)) = (bytes.last_chunk(), traits.last_chunk()) {
            (*before, *before_traits) = (*last, *last_traits);
        }
    }
}

#[inline(always)]
fn traits_of(byte: u8) -> u8 {
    let letter = u8::from((byte | 0x20).wrapping_sub(b'a') < 26);
    let digit = u8::from(byte.wrapping_sub(b'0') < 10);
    let solid = digit | u8::from(byte == b'$') | u8::from(byte == b'@');
    let sign =
        u8::from(byte == b'!') | u8::from(byte == b'|') | u8::from(byte == b'+') | u8::from(byte == b'(');
    letter * LETTER | digit * DIGIT | (solid | sign) * STANDS_IN | solid * SOLID
}

/// The bits of the letters and digits among the last 64 traits.
fn mask(traits: &[u8; BLOCK + 8]) -> u64 {
    let mut mask = 0;
    for (index, eight) in traits.as_chunks::<8>().0.iter().skip(1).enumerate() {
        let eight = u64::from_le_bytes(*eight);
        let word = (eight | eight >> 1) & 0x0101_0101_0101_0101;
        mask |= (word.wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * index);
    }
    mask
}

/// Whether a digit or sign could be read as a letter: one that a letter follows, or one behind a letter
/// that counts there by itself or has another behind it.
fn has_leet(traits: &[u8; BLOCK + 8]) -> bool {
    // Shifted by one and two bytes against each other; what follows the block is seen with the next.
    let mut found = 0;
    let (one, two, three) = (traits.iter(), traits.iter().skip(1), traits.iter().skip(2));
    for ((&a, &b), &c) in one.zip(two).zip(three) {
        let before_letter = (b >> 2) & c & LETTER;
        let behind_letter = a & (b >> 2) & ((b >> 3) | (c >> 2)) & 1;
        found |= before_letter | behind_letter;
    }
    let last = traits.last_chunk::<2>().map_or(0, |[a, b]| a & (b >> 2) & (b >> 3) & 1);
    found | last != 0
}

/// Whether two letters that stand alone begin near each other. A run has three, each near the next.
fn has_near_singles(traits: &[u8; BLOCK + 8]) -> bool {
    let mut single = [0_u8; BLOCK + 8];
    let around = traits.iter().zip(traits.iter().skip(1)).zip(traits.iter().skip(2).chain([&0]));
    for (single, ((&a, &b), &c)) in single.iter_mut().skip(1).zip(around) {
        let alone = !(a | a >> 1 | c | c >> 1);
        *single = b & alone & LETTER;
    }
    let mut near = 0;
    for apart in 2..=SINGLES_APART {
        let pairs = single.iter().zip(single.iter().skip(apart));
        near |= pairs.fold(0, |near, (&a, &b)| near | (a & b));
    }
    near != 0
}

/// Whether a byte stands there three times in a row, or three doubled bytes stand in a row.
fn has_repeats(bytes: &[u8; BLOCK + 8]) -> bool {
    let mut found = 0;
    let same = |a: &u8, b: &u8| u8::from(a == b) & u8::from((a | 0x20).wrapping_sub(b'a') < 26);
    let mut again = [0_u8; BLOCK + 8];
    for (again, (a, b)) in again.iter_mut().zip(bytes.iter().zip(bytes.iter().skip(1))) {
        *again = same(a, b);
    }
    for (a, b) in again.iter().zip(again.iter().skip(1)) {
        found |= a & b;
    }
    for ((a, b), c) in again.iter().zip(again.iter().skip(2)).zip(again.iter().skip(4)) {
        found |= a & b & c;
    }
    found != 0
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
            text in prop_oneof!["[ab1!$ .(]{0,200}", "[a-c]{0,9}( [a-e0-9@+|]{1,6}){0,40}"],
        ) {
            let mut raw = Reading::default();
            raw.identity(&text);
            let survey = Survey::of(&text);
            for view in VIEWS.iter().skip(2) {
                let may = match view.name.0 {
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
