//! Terms of word lists: an index of their spellings, asked at each place of each view where a term could
//! begin.
//!
//! The horizon is computed, not guessed: the earliest place from which the end of the text so far
//! could still become a term. Terms that must stand as whole words can only begin where a word does,
//! which is why running English text is held for a word at most.

use super::AtomId;
use super::border::{end_of_word, is_word, runs_across};
use super::index::{Reach, Spelling, SpellingIndex, is_blank};
use super::pieces::Pieces;
use crate::domain::Span;
use crate::text::{PIECES, Reading, VARIANTS, VIEWS, normalise_term, repeats_term, skeleton_term};

/// The most bytes of a spelling by which it is found where it may begin anywhere.
const LONGEST_KEY: usize = 6;
/// The same for terms with any ending, which are found by the beginning of a word.
const LONGEST_BEGINNING: usize = 4;

/// Whether a term must stand as a whole word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Boundary {
    /// Where the term begins or ends with a letter of a script that sets words apart, no such letter
    /// may stand beside it.
    #[default]
    Word,
    /// The term may stand inside other words.
    None,
}

/// One term to look for.
#[derive(Clone, Debug)]
pub struct TermSpec {
    /// The leaf that its hits belong to.
    pub atom: AtomId,
    /// The term as written, without a trailing `*`.
    pub term: String,
    /// Whether it must stand as a whole word.
    pub boundary: Boundary,
    /// Whether any ending of the word is covered (a trailing `*` in the list).
    pub any_ending: bool,
    /// Whether the raw text must have exactly these letters, upper and lower case included.
    pub exact_case: bool,
    /// Whether it is also looked for with Han characters as their syllables.
    pub pinyin: bool,
}

/// All terms of a policy.
#[derive(Debug)]
pub(super) struct TermSet {
    entries: Vec<Entry>,
    specs: Vec<TermSpec>,
    /// Terms that begin with a whole word, by that word.
    words: SpellingIndex,
    /// Words with any ending, by their first bytes.
    beginnings: SpellingIndex,
    /// Terms that may begin anywhere, by their first bytes.
    anywhere: SpellingIndex,
    /// Long terms, by their letters.
    pieces: Pieces,
}

/// What a scan of a reading looks at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    /// The views whose spellings count, a bit each.
    pub(super) views: u32,
    /// Only so many bytes of the reading.
    pub(super) upto: usize,
    /// Whether for terms in pieces too.
    pub(super) pieces: bool,
}

/// One meaning of one spelling: the term, and the views in which this spelling of it counts.
#[derive(Clone, Copy, Debug)]
struct Entry {
    spec: u32,
    views: u32,
    /// The kind of variant that it is a spelling of.
    variant: Option<u8>,
    any_ending: bool,
}

/// One occurrence of one term in one view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TermMatch {
    pub(super) spec: usize,
    /// The kind of variant of the term, by its index.
    pub(super) variant: Option<usize>,
    /// Bytes of the reading.
    pub(super) at: Span,
}

impl TermSet {
    /// Indexes terms, and their variants of the kinds that are on (a bit each).
    pub(super) fn new(specs: Vec<TermSpec>, variants: u32) -> Self {
        let mut entries = Vec::with_capacity(specs.len());
        let (mut words, mut beginnings, mut anywhere) = (Vec::new(), Vec::new(), Vec::new());
        let mut pieces = Vec::new();
        for (index, spec) in specs.iter().enumerate() {
            let number = narrow(index);
            let mut add = |text: String, views: u32, variant: Option<u8>, any_ending: bool| {
                let value = narrow(entries.len());
                entries.push(Entry { spec: number, views, variant, any_ending });
                let kind = variant.and_then(|kind| VARIANTS.get(usize::from(kind)));
                if kind.is_some_and(|def| def.name == PIECES) {
                    return pieces.push((text, value));
                }
                let word = end_of_word(&text, 0);
                if spec.boundary == Boundary::None || word == 0 {
                    anywhere.push(Spelling { key: first_bytes(&text), text, value });
                } else if any_ending && word == text.len() {
                    let key = word.min(LONGEST_BEGINNING);
                    beginnings.push(Spelling { text, key, value });
                } else {
                    words.push(Spelling { key: word, text, value });
                }
            };
            spell(&spec.term, |text, views| add(text, views, None, spec.any_ending));
            let bounded = spec.boundary == Boundary::Word;
            // What must be written exactly so is not disguised.
            let written = if spec.exact_case { String::new() } else { normalise_term(&spec.term) };
            for (kind, def) in (0..).zip(VARIANTS) {
                let on = def.switch != "pinyin" || spec.pinyin;
                if !on || variants & (1 << kind) == 0 || written.is_empty() {
                    continue;
                }
                let any_ending = spec.any_ending && def.keeps_ending;
                if def.name == PIECES {
                    for letters in (def.of)(&written).into_iter().filter(|_| bounded) {
                        add(letters, !in_repeats(), Some(kind), any_ending);
                    }
                    continue;
                }
                for variant in (def.of)(&written) {
                    spell(&variant, |text, views| add(text, views, Some(kind), any_ending));
                }
            }
        }
        let [words, beginnings, anywhere] = [words, beginnings, anywhere].map(SpellingIndex::new);
        Self { entries, specs, words, beginnings, anywhere, pieces: Pieces::new(pieces) }
    }

    /// The term with this number.
    pub(super) fn spec(&self, index: usize) -> Option<&TermSpec> {
        self.specs.get(index)
    }

    /// Length of the longest term in bytes, as it stands in views.
    pub(super) fn longest(&self) -> usize {
        self.sides().into_iter().map(SpellingIndex::longest).max().unwrap_or_default()
    }

    /// Bytes that the indexes take.
    pub(super) fn memory(&self) -> usize {
        self.sides().into_iter().map(SpellingIndex::memory).sum::<usize>()
            + self.pieces.memory()
            + self.entries.capacity() * size_of::<Entry>()
    }

    /// Reports each term in what is looked at of `reading` whose spelling counts there, up to `left` of them, and tells the
    /// first byte from which that text could still become a term.
    pub(super) fn scan(
        &self,
        reading: &Reading,
        look: Look,
        left: &mut usize,
        found: &mut dyn FnMut(TermMatch),
    ) -> usize {
        let text = reading.as_str().get(..look.upto).unwrap_or_default();
        let mut pass = Pass { set: self, text, look, left, found, open: text.len() };
        if reading.survey().is_ascii() {
            pass.ascii(reading);
        } else {
            pass.chars(0);
        }
        pass.open
    }

    /// The first byte from which the first `upto` bytes of `reading` could still become a term, one in `pieces` too.
    pub(super) fn in_progress(&self, reading: &Reading, upto: usize, pieces: bool) -> usize {
        let text = reading.as_str().get(..upto).unwrap_or_default();
        let reach = self.sides().into_iter().map(SpellingIndex::reach).max().unwrap_or_default();
        let reach = if pieces { reach.max(self.pieces.reach()) } else { reach };
        let from = crate::text::floor_char(text, text.len().saturating_sub(reach));
        let from = if runs_across(text, from) { end_of_word(text, from) } else { from };
        let mut left = 0;
        let found = &mut |_| {};
        let look = Look { views: 0, upto, pieces };
        let mut pass = Pass { set: self, text, look, left: &mut left, found, open: text.len() };
        pass.chars(from);
        pass.open
    }

    const fn sides(&self) -> [&SpellingIndex; 3] {
        [&self.words, &self.beginnings, &self.anywhere]
    }
}

/// One pass over one text.
struct Pass<'p> {
    set: &'p TermSet,
    text: &'p str,
    look: Look,
    left: &'p mut usize,
    found: &'p mut dyn FnMut(TermMatch),
    /// The earliest place that is still open.
    open: usize,
}

impl Pass<'_> {
    fn ascii(&mut self, reading: &Reading) {
        let set = self.set;
        let words = !(set.words.is_empty() && set.beginnings.is_empty() && set.pieces.is_empty());
        for (start, end) in reading.survey().words().take_while(|_| words) {
            if start >= self.text.len() {
                break;
            }
            self.word(start, end.min(self.text.len()));
        }
        if self.set.anywhere.has_ascii() {
            for at in 0..self.text.len() {
                self.place(at);
            }
        }
    }

    fn chars(&mut self, from: usize) {
        let bytes = self.text.as_bytes();
        let mut word = None;
        let mut at = from;
        while let Some(&byte) = bytes.get(at) {
            // Lead bytes of U+3000 to U+9FFF, none of which is part of a word.
            let (width, is_word) = if matches!(byte, 0xe3..=0xe9) {
                (3, false)
            } else {
                let c = self.text.get(at..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
                (c.len_utf8(), is_word(c))
            };
            if is_word {
                word.get_or_insert(at);
            } else if let Some(start) = word.take() {
                self.word(start, at);
            }
            self.place(at);
            at += width;
        }
        if let Some(start) = word {
            self.word(start, self.text.len());
        }
    }

    /// Looks for terms that begin with the word `start..end`.
    #[inline]
    fn word(&mut self, start: usize, end: usize) {
        let (set, bytes) = (self.set, self.text.as_bytes());
        let Some((word, first)) = bytes.get(start..end).and_then(|w| Some((w, *w.first()?))) else {
            return;
        };
        if let Some(range) = set.words.with_key(bytes, (start, end)) {
            self.compare(&set.words, start, range, word.len());
        }
        let mut lengths = set.beginnings.key_lengths(first);
        while lengths != 0 {
            let length = lengths.trailing_zeros() as usize + 1;
            lengths &= lengths - 1;
            if length > word.len() {
                break;
            }
            if let Some(range) = set.beginnings.with_key(bytes, (start, start + length)) {
                self.compare(&set.beginnings, start, range, length);
            }
        }
        let grows = || set.words.has_key_with(word) || set.beginnings.has_key_with(word);
        if end == self.text.len() && grows() {
            self.open = self.open.min(start);
        }
        if self.look.pieces && !set.pieces.is_empty() {
            self.pieces(start);
        }
    }

    /// Looks for terms in pieces that begin with the word at `start`.
    #[inline]
    fn pieces(&mut self, start: usize) {
        let (set, text) = (self.set, self.text);
        let reach = set.pieces.at(text, start, &mut |found| {
            for &value in found.values {
                self.accept(value, start, found.end);
            }
        });
        if reach == Reach::Open {
            self.open = self.open.min(start);
        }
    }

    /// Looks for terms that may begin anywhere.
    #[inline]
    fn place(&mut self, at: usize) {
        let (set, bytes) = (self.set, self.text.as_bytes());
        let mut lengths = bytes.get(at).map_or(0, |&byte| set.anywhere.key_lengths(byte));
        while lengths != 0 {
            let length = lengths.trailing_zeros() as usize + 1;
            lengths &= lengths - 1;
            if at + length > bytes.len() {
                if set.anywhere.has_key_with(bytes.get(at..).unwrap_or_default()) {
                    self.open = self.open.min(at);
                }
            } else if let Some(range) = set.anywhere.with_key(bytes, (at, at + length)) {
                self.compare(&set.anywhere, at, range, length);
            }
        }
    }

    fn compare(&mut self, side: &SpellingIndex, start: usize, range: (usize, usize), key: usize) {
        let text = self.text;
        let reach = side.compare(text, range, (key, start + key), &mut |values, end| {
            for &value in values {
                self.accept(value, start, end);
            }
        });
        if reach == Reach::Open {
            self.open = self.open.min(start);
        }
    }

    /// Checks the borders of one occurrence and reports it.
    fn accept(&mut self, value: u32, start: usize, end: usize) {
        let Some(entry) = self.set.entries.get(value as usize) else { return };
        let Some(spec) = self.set.specs.get(entry.spec as usize) else { return };
        let mut end = end;
        if spec.boundary == Boundary::Word && runs_across(self.text, start) {
            return;
        }
        if entry.any_ending {
            end = end_of_word(self.text, end);
        } else if spec.boundary == Boundary::Word && runs_across(self.text, end) {
            return;
        }
        if end == self.text.len() {
            // What follows may be part of the word, or of its last character.
            self.open = self.open.min(start);
        }
        if entry.views & self.look.views == 0 {
            return;
        }
        let Some(rest) = self.left.checked_sub(1) else { return };
        *self.left = rest;
        let variant = entry.variant.map(usize::from);
        let at = Span::new(start, end);
        (self.found)(TermMatch { spec: entry.spec as usize, variant, at });
    }
}

/// How many bytes of a spelling that may begin anywhere are its key: some, up to the first blank, and
/// whole characters.
fn first_bytes(text: &str) -> usize {
    let mut key = 0;
    for c in text.chars() {
        let end = key + c.len_utf8();
        let blank = u8::try_from(c).is_ok_and(is_blank);
        if key > 0 && (blank || end > LONGEST_KEY) {
            break;
        }
        key = end;
    }
    key
}

/// The view that shows words with single letters, a bit.
fn in_repeats() -> u32 {
    let repeats = VIEWS.iter().position(|view| view.name.0 == "repeats");
    repeats.map_or(0, |index| 1 << index)
}

/// The spellings of a term, each with the set of views (a bit each) whose texts have that spelling.
fn spell(term: &str, mut with: impl FnMut(String, u32)) {
    let folded = one_blank(&normalise_term(term));
    let skeleton = one_blank(&skeleton_term(term));
    let repeats = one_blank(&repeats_term(term));
    let (mut in_fold, mut in_others, mut in_repeats) = (0, 0, 0);
    for (index, view) in VIEWS.iter().enumerate() {
        match view.name.0 {
            "fold" => in_fold |= 1 << index,
            "repeats" => in_repeats |= 1 << index,
            _ => in_others |= 1 << index,
        }
    }
    if skeleton == folded {
        in_fold |= in_others;
    } else if !skeleton.is_empty() {
        with(skeleton, in_others);
    }
    if repeats == folded {
        in_fold |= in_repeats;
    } else if !repeats.is_empty() {
        with(repeats, in_repeats);
    }
    if !folded.is_empty() {
        with(folded, in_fold);
    }
}

/// A spelling without white space around it, and with one blank for what is in it.
fn one_blank(spelling: &str) -> String {
    if !spelling.bytes().any(is_blank) {
        return spelling.to_owned();
    }
    spelling.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lexicons are limited to far fewer than four thousand million terms when they are read.
fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
