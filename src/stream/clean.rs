//! Texts of a stream in which nothing was found: an event that repeats one of them word for word costs no second
//! screening. Texts in which something was found are screened again, which finds the same.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, DefaultHasher, Hasher as _, RandomState};

use crate::domain::Author;

/// The most texts that are known to be clean.
const MOST_CLEAN: usize = 4096;
/// A text of fewer bytes is screened again as fast as it is looked up.
const SHORT: usize = 8;

/// What a text is screened as: whose it is, and whether it is JSON of which each string is a text.
pub(super) type Sort = (Author, bool);

/// Texts in which nothing was found, by keys that nobody outside can make collide.
#[derive(Clone, Debug, Default)]
pub(super) struct CleanTexts {
    state: RandomState,
    known: BTreeSet<(u64, usize, Sort)>,
}

/// The mark of a text that comes in pieces.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    hasher: DefaultHasher,
    length: usize,
    sort: Sort,
}

impl Mark {
    pub(super) fn push(&mut self, text: &str) {
        self.hasher.write(text.as_bytes());
        self.length += text.len();
    }
}

impl CleanTexts {
    /// The mark of a text that is empty so far.
    pub(super) fn mark(&self, sort: Sort) -> Mark {
        Mark { hasher: self.state.build_hasher(), length: 0, sort }
    }

    /// The mark of a whole text.
    pub(super) fn mark_of(&self, text: &str, sort: Sort) -> Mark {
        let mut mark = self.mark(sort);
        mark.push(text);
        mark
    }

    /// A text has ended, and nothing was found in it.
    pub(super) fn add(&mut self, mark: &Mark) {
        if mark.length >= SHORT && self.known.len() < MOST_CLEAN {
            self.known.insert((mark.hasher.finish(), mark.length, mark.sort));
        }
    }

    pub(super) fn knows(&self, mark: &Mark) -> bool {
        self.known.contains(&(mark.hasher.finish(), mark.length, mark.sort))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_by_its_words_and_its_author_however_it_came() {
        let mut texts = CleanTexts::default();
        let (plain, json) = ((Author::Assistant, false), (Author::Assistant, true));
        let mut mark = texts.mark(plain);
        for piece in ["one ", "", "tw", "o three"] {
            mark.push(piece);
        }
        texts.add(&mark);
        assert!(texts.knows(&texts.mark_of("one two three", plain)));
        assert!(!texts.knows(&texts.mark_of("one two three", (Author::Tool, false))));
        assert!(!texts.knows(&texts.mark_of("one two three", json)));
        assert!(!texts.knows(&texts.mark_of("one two thref", plain)));
    }
}
