//! The features: hashes of words, pairs of words, and runs of characters.
//!
//! Of a word (letters and digits) these are the word, the word with the one before it, and every run of 2 to 5
//! characters of it between its borders; of Han every run of 1 to 4 characters; of a symbol such as an emoji the same as
//! of a word, but no runs. Each becomes the number of a bucket. The model file holds a digest of the buckets of a set
//! text, so that a model is never read with other features than it was trained with.

use crate::text::{Class, class};

/// Odd, with bits all over: 2⁶⁴ divided by the golden ratio (Knuth, The Art of Computer Programming 3, 6.4).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
/// What hashes of each kind begin with, so that a word and a run of the same letters differ.
const WORD_SEED: u64 = 0x51;
const PAIR_SEED: u64 = 0x52;
const RUN_SEED: u64 = 0x53;
const HAN_SEED: u64 = 0x54;
/// Stand for the borders of a word: no character has these numbers.
const BEFORE: u64 = 0x11_0001;
const BEHIND: u64 = 0x11_0002;
/// Characters of the longest run within a word, and within Han.
const LONGEST_RUN: usize = 5;
const LONGEST_HAN: usize = 4;

/// How many characters of which writing a text has, for its language group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Han characters.
    pub han: u32,
    /// Letters of other scripts.
    pub letters: u32,
    /// Japanese kana, which are letters too.
    pub kana: u32,
}

/// What the features of the next character depend on besides it.
#[derive(Clone, Debug, Default)]
pub(super) struct Grams {
    /// The characters before, the nearest first.
    before: [u64; LONGEST_RUN - 1],
    /// How many of them belong to the same run.
    run: usize,
    /// Whether that run is of Han.
    in_han: bool,
    /// Hash of the word so far; none outside of words.
    word: Option<u64>,
    /// Hash of the word before.
    last_word: Option<u64>,
    census: Census,
}

fn mix(hash: u64, value: u64) -> u64 {
    (hash.rotate_left(23) ^ value).wrapping_mul(SPREAD)
}

/// The bucket of a hash, of `2^bits`.
fn bucket(hash: u64, bits: u32) -> u32 {
    // At most 2^22 buckets exist, so nothing is cut off.
    #[expect(clippy::cast_possible_truncation, reason = "the shift leaves `bits` bits")]
    let number = (hash >> (64 - bits)) as u32;
    number
}

impl Grams {
    pub(super) const fn census(&self) -> Census {
        self.census
    }

    /// Hands the buckets of the features of a folded block to `sink`. Words end with the block; runs of Han go on.
    pub(super) fn block(&mut self, folded: &str, bits: u32, mut sink: impl FnMut(u32)) {
        let mut emit = |hash| sink(bucket(hash, bits));
        for c in folded.chars() {
            match class(c) {
                Class::Letter | Class::Other => self.word_character(c, &mut emit),
                Class::Han => {
                    self.end_word(&mut emit);
                    self.han_character(c, &mut emit);
                }
                Class::Gap => {
                    self.end_word(&mut emit);
                    self.in_han = false;
                    if is_symbol(c) {
                        self.whole_word(mix(WORD_SEED, u64::from(u32::from(c))), &mut emit);
                    }
                }
            }
        }
        self.end_word(&mut emit);
    }

    fn word_character(&mut self, c: char, emit: &mut impl FnMut(u64)) {
        let code = u64::from(u32::from(c));
        let word = self.word.unwrap_or_else(|| {
            self.in_han = false;
            self.run = 0;
            self.shift(BEFORE);
            WORD_SEED
        });
        self.word = Some(mix(word, code));
        if c.is_alphabetic() {
            self.census.letters += 1;
            self.census.kana += u32::from(matches!(c, '\u{3040}'..='\u{30ff}'));
        }
        self.runs_to(code, emit);
    }

    fn end_word(&mut self, emit: &mut impl FnMut(u64)) {
        let Some(word) = self.word.take() else { return };
        self.runs_to(BEHIND, emit);
        self.whole_word(word, emit);
    }

    fn whole_word(&mut self, word: u64, emit: &mut impl FnMut(u64)) {
        emit(mix(word, WORD_SEED));
        if let Some(last) = self.last_word {
            emit(mix(mix(last, word), PAIR_SEED));
        }
        self.last_word = Some(word);
    }

    /// The runs within a word that end with this character.
    fn runs_to(&mut self, code: u64, emit: &mut impl FnMut(u64)) {
        let mut hash = mix(RUN_SEED, code);
        for &earlier in self.before.iter().take(self.run) {
            hash = mix(hash, earlier);
            emit(hash);
        }
        self.shift(code);
    }

    fn han_character(&mut self, c: char, emit: &mut impl FnMut(u64)) {
        let code = u64::from(u32::from(c));
        if !self.in_han {
            self.in_han = true;
            self.run = 0;
        }
        self.last_word = None;
        self.census.han += 1;
        let mut hash = mix(HAN_SEED, code);
        emit(hash);
        for &earlier in self.before.iter().take(self.run.min(LONGEST_HAN - 1)) {
            hash = mix(hash, earlier);
            emit(hash);
        }
        self.shift(code);
    }

    fn shift(&mut self, code: u64) {
        let [a, b, c, _] = self.before;
        self.before = [code, a, b, c];
        self.run = (self.run + 1).min(LONGEST_RUN - 1);
    }
}

/// Whether a character that belongs to no word says something by itself, as emoji do. Punctuation does not.
fn is_symbol(c: char) -> bool {
    c >= '\u{2190}' && !matches!(c, '\u{3000}'..='\u{303f}' | '\u{fe00}'..='\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(text: &str) -> Vec<u32> {
        let mut found = Vec::new();
        Grams::default().block(text, 22, |bucket| found.push(bucket));
        found
    }

    #[test]
    fn a_word_gives_itself_and_its_runs_of_two_to_five_characters_between_borders() {
        // ^ab$: ^a ab ^ab b$ ab$ ^ab$, and the word.
        assert_eq!(hashes("ab").len(), 7);
        // ^abcd$ has six places: 5 runs of 2, 4 of 3, 3 of 4, 2 of 5, and the word.
        assert_eq!(hashes("abcd").len(), 15);
        // Two words: each its own, and the pair.
        assert_eq!(hashes("ab ab").len(), 7 + 7 + 1);
    }

    #[test]
    fn han_gives_runs_of_one_to_four_characters_and_no_words() {
        assert_eq!(hashes("你好").len(), 2 + 1);
        assert_eq!(hashes("你好世界吗").len(), 5 + 4 + 3 + 2);
        assert_eq!(hashes("你。好").len(), 2);
    }

    #[test]
    fn an_emoji_is_a_word_and_punctuation_is_nothing() {
        assert_eq!(hashes("!?…，。 - ").len(), 0);
        assert_eq!(hashes("😀").len(), 1);
        assert_eq!(hashes("😀😀").len(), 3);
    }

    #[test]
    fn equal_features_share_a_bucket_and_order_counts() {
        assert_eq!(hashes("ab"), hashes(" ab!"));
        assert_ne!(hashes("ab"), hashes("ba"));
        let mut pairs = hashes("one two");
        pairs.retain(|bucket| !hashes("one").contains(bucket) && !hashes("two").contains(bucket));
        assert_eq!(pairs.len(), 1);
        assert!(!hashes("two one").contains(&pairs[0]));
    }

    #[test]
    fn the_census_counts_writings() {
        let mut grams = Grams::default();
        grams.block("ab1 你好 かな", 20, |_| {});
        assert_eq!(grams.census(), Census { han: 2, letters: 4, kana: 2 });
    }
}
