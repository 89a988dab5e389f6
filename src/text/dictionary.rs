//! English words, by which single letters in a row are told apart into words.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

/// The longest word in letters; of longer ones the list has the beginning.
pub(super) const LONGEST_WORD: usize = 12;

/// The words and their beginnings, each as a number, and whether it is a word.
static WORDS: LazyLock<HashMap<u64, bool, BuildHasherDefault<Spread>>> = LazyLock::new(|| {
    let mut words = HashMap::default();
    let lines = include_str!("data/words.en.txt").lines();
    for line in lines.filter(|line| !line.starts_with('#')) {
        let mut key = 0;
        for letter in line.bytes().filter_map(number) {
            key = with_letter(key, letter);
            words.entry(key).or_insert(false);
        }
        words.insert(key, true);
    }
    words
});

/// Spreads a number over all bits. What is looked up is anybody's, what is kept is ours, so nobody can make the words collide.
#[derive(Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // Half of the golden ratio of 64 bits, odd: Fibonacci hashing. The table looks at the lowest and at the highest bits.
        let product = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ product >> 32;
    }
}

/// Whether a text is one English word of the list; of one that is longer than its words, whether it begins with one of the
/// longest.
pub(super) fn is_word(text: &str) -> bool {
    is_word_of(text.chars(), text.chars().count())
}

/// The same of letters in small, of which there are so many.
pub(super) fn is_word_of(letters: impl Iterator<Item = char>, length: usize) -> bool {
    let length = length.min(LONGEST_WORD);
    let mut key = 0;
    for c in letters.take(length) {
        let Some(letter) = u8::try_from(c).ok().and_then(number) else { return false };
        key = with_letter(key, letter);
    }
    length > 0 && WORDS.get(&key).copied().unwrap_or_default()
}

/// The lengths of the words with which some letters begin, a bit each.
pub(super) fn word_lengths(letters: impl Iterator<Item = char>) -> u16 {
    let (mut lengths, mut key) = (0, 0);
    for (index, c) in letters.take(LONGEST_WORD).enumerate() {
        let Some(letter) = u8::try_from(c).ok().and_then(number) else { break };
        key = with_letter(key, letter);
        match WORDS.get(&key) {
            None => break,
            Some(is_word) => lengths |= u16::from(*is_word) << (index + 1),
        }
    }
    lengths
}

/// Twelve letters of five bits fit in a number.
const fn with_letter(key: u64, letter: u8) -> u64 {
    key << 5 | letter as u64
}

fn number(letter: u8) -> Option<u8> {
    letter.is_ascii_lowercase().then(|| letter - b'a' + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_by_their_lengths() {
        let lengths = |text: &str| {
            let found = word_lengths(text.chars());
            (1..=LONGEST_WORD).filter(|length| found >> length & 1 == 1).collect::<Vec<_>>()
        };
        assert_eq!(lengths("abomb"), [1]);
        assert_eq!(lengths("bombs"), [4, 5]);
        assert_eq!(lengths("previousx"), [3, 8]);
        // What is no letter is asked for too, also the sign right before `a`.
        assert!(["zzz", "炸", "`a", "{", "A"].iter().all(|text| lengths(text).is_empty()));
    }
}
