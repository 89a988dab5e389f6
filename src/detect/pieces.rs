//! Terms in pieces: a long word with marks or blanks inside it (`det-ona tor`).
//!
//! At each word the letters that follow are gathered without what stands between them, and looked up in an index of the
//! letters of long terms. A term in pieces begins where a word does and ends where one does, and has a gap inside that it is
//! not written with. Only prompts are read so, which are never streamed: most words begin some long term, and an answer
//! would be held for each of them.

use super::border::is_word;
use super::index::{Reach, Spelling, SpellingIndex};

/// Letters by which a term is found.
const KEY: usize = 6;
/// The most characters between two pieces.
const LONGEST_GAP: usize = 2;
/// The most bytes of one character.
const LONGEST_CHAR: usize = 4;
/// The most letters that are gathered: longer terms are not looked for in pieces.
const MOST_LETTERS: usize = 64;

/// The letters of terms that are looked for in pieces.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    index: SpellingIndex,
}

/// An occurrence, by what its spelling stands for.
pub(super) struct PiecesMatch<'p> {
    pub(super) values: &'p [u32],
    pub(super) end: usize,
}

/// The first `N` letters from one place on, and where in the text each of them ends.
struct Letters<const N: usize> {
    bytes: [u8; N],
    ends: [usize; N],
    len: usize,
    /// Where the text is read on.
    at: usize,
    /// How many letters stand before the first gap; all of them while there is none.
    before_gap: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Going,
    /// Something stands there that is neither a piece nor a gap.
    Ended,
    /// The text ends.
    Open,
}

impl Pieces {
    /// Of terms by their letters (ASCII, in small letters), with what they stand for. Those that are too long or too short
    /// are left out.
    pub(super) fn new(terms: Vec<(String, u32)>) -> Self {
        let fits = |letters: &str| (KEY..=MOST_LETTERS).contains(&letters.len());
        let fitting = terms.into_iter().filter(|(letters, _)| fits(letters));
        let spelling = |(text, value)| Spelling { text, key: KEY, value };
        Self { index: SpellingIndex::new(fitting.map(spelling).collect()) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Bytes that the index takes.
    pub(super) fn memory(&self) -> usize {
        self.index.memory()
    }

    /// The longest stretch of text that a term in pieces can stand for, in bytes.
    pub(super) fn reach(&self) -> usize {
        self.index.longest() * (1 + LONGEST_GAP * LONGEST_CHAR)
    }

    /// Looks for terms in pieces that begin with the word at `start`. Tells whether the text ends while one of them is in
    /// progress.
    #[inline]
    pub(super) fn at(
        &self,
        text: &str,
        start: usize,
        found: &mut dyn FnMut(PiecesMatch<'_>),
    ) -> Reach {
        let letters = Letters::<KEY>::of(text, start);
        let key = letters.bytes.get(..letters.len).unwrap_or_default();
        if letters.len < KEY {
            let in_progress = letters.state == State::Open && self.index.has_key_with(key);
            return if in_progress { Reach::Open } else { Reach::Settled };
        }
        match self.index.with_key(key, (0, KEY)) {
            Some(range) => self.compare(text, range, start, found),
            None => Reach::Settled,
        }
    }

    #[cold]
    fn compare(
        &self,
        text: &str,
        range: (usize, usize),
        start: usize,
        found: &mut dyn FnMut(PiecesMatch<'_>),
    ) -> Reach {
        let Letters { bytes, ends, len, before_gap, state, .. } =
            Letters::<MOST_LETTERS>::of(text, start);
        let gathered = bytes.get(..len).and_then(|bytes| str::from_utf8(bytes).ok());
        let reach = self.index.compare(
            gathered.unwrap_or_default(),
            range,
            (KEY, KEY),
            &mut |values, end| {
                let Some(&end_in_text) = end.checked_sub(1).and_then(|last| ends.get(last)) else {
                    return;
                };
                if before_gap < end {
                    found(PiecesMatch { values, end: end_in_text });
                }
            },
        );
        if state == State::Open { reach } else { Reach::Settled }
    }
}

impl<const N: usize> Letters<N> {
    /// Gathers them.
    #[inline]
    fn of(text: &str, start: usize) -> Self {
        let (bytes, ends, before_gap) = ([0; N], [0; N], usize::MAX);
        let mut letters = Self { bytes, ends, len: 0, at: start, before_gap, state: State::Going };
        let bytes = text.as_bytes();
        while letters.len < N && letters.state == State::Going {
            match bytes.get(letters.at) {
                Some(byte) if byte.is_ascii_alphanumeric() => letters.letter(*byte),
                Some(_) => letters.gap(text),
                None => letters.state = State::Open,
            }
        }
        letters
    }

    fn letter(&mut self, byte: u8) {
        self.at += 1;
        if let (Some(slot), Some(end)) = (self.bytes.get_mut(self.len), self.ends.get_mut(self.len))
        {
            (*slot, *end) = (byte, self.at);
            self.len += 1;
        }
    }

    /// Passes over a gap, if what stands here is one: marks, blanks and signs, and few of them.
    fn gap(&mut self, text: &str) {
        let rest = text.get(self.at..).unwrap_or_default();
        self.before_gap = self.before_gap.min(self.len);
        // Nearly all gaps are one blank.
        if let Some([0..=0x7f, next]) = rest.as_bytes().first_chunk()
            && next.is_ascii_alphanumeric()
        {
            self.at += 1;
            return;
        }
        let mut near = rest.char_indices().take(LONGEST_GAP + 1);
        self.state = match near.find(|&(_, c)| c.is_alphanumeric() || is_word(c)) {
            Some((length, c)) if c.is_ascii() => {
                self.at += length;
                State::Going
            }
            None if rest.chars().nth(LONGEST_GAP).is_none() => State::Open,
            Some(_) | None => State::Ended,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(u32, usize)> {
        let terms = ["detonator", "killyourself", "ransomware"].map(str::to_owned);
        let pieces = Pieces::new(terms.into_iter().zip(0..).collect());
        let mut found = Vec::new();
        let _reach = pieces.at(text, 0, &mut |one| {
            found.extend(one.values.iter().map(|&value| (value, one.end)));
        });
        found
    }

    #[test]
    fn letters_are_found_over_gaps() {
        assert_eq!(found("det-ona tor!"), [(0, 11)]);
        assert_eq!(found("kil--l yo·urself"), [(1, 17)]);
        assert_eq!(found("ransom ware"), [(2, 11)]);
    }

    #[test]
    fn words_as_they_are_written_wide_gaps_and_other_letters_are_no_pieces() {
        for text in ["detonator", "det - ona - tor", "det中onator", "detéonator", "deton"] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn a_term_is_in_progress_while_the_text_ends_inside_it() {
        let pieces = Pieces::new(vec![("detonator".to_owned(), 0)]);
        let reach = |text: &str| pieces.at(text, 0, &mut |_| {});
        for text in ["d", "det", "det-", "det-o", "detona", "det-ona-to"] {
            assert_eq!(reach(text), Reach::Open, "{text}");
        }
        for text in ["x", "det---", "deto n b", "detonation", "det-ona-x"] {
            assert_eq!(reach(text), Reach::Settled, "{text}");
        }
    }
}
