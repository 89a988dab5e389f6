//! Terms of word lists: one Aho-Corasick automaton over all lexicons of a policy, run over each view.
//!
//! The horizon is computed, not guessed: the earliest place from which the end of the text so far
//! could still become a term. Terms that must stand as whole words can only begin at a word's
//! border, which is why running English text is held for a word at most.

use aho_corasick::automaton::Automaton;
use aho_corasick::{Anchored, MatchKind, dfa, nfa};

use super::AtomId;
use super::prefix::PrefixIndex;
use crate::domain::Span;
use crate::text::{Reading, VIEWS, normalise_term, repeats_term, skeleton_term};

/// The most bytes the fast form of the automaton may take; beyond it the compact form is used.
const DFA_LIMIT: usize = 24 << 20;

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
}

/// All terms of a policy.
#[derive(Debug)]
pub(super) struct TermSet {
    automaton: Option<Engine>,
    /// For each pattern of the automaton: where its entries begin.
    first_entry: Vec<u32>,
    entries: Vec<Entry>,
    specs: Vec<TermSpec>,
    /// Terms that can only begin at the border of a word.
    at_border: PrefixIndex,
    /// Terms that can begin anywhere.
    anywhere: PrefixIndex,
}

#[derive(Debug)]
enum Engine {
    Fast(Box<dfa::DFA>),
    Compact(Box<nfa::contiguous::NFA>),
}

/// One meaning of one pattern: the term, and the views in which this spelling of it counts.
#[derive(Clone, Copy, Debug)]
struct Entry {
    spec: u32,
    views: u32,
}

/// One occurrence of one term in one view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TermMatch {
    pub(super) spec: usize,
    /// Bytes of the reading.
    pub(super) at: Span,
}

impl TermSet {
    pub(super) fn new(specs: Vec<TermSpec>) -> Result<Self, aho_corasick::BuildError> {
        let mut spellings: Vec<(String, Entry)> = Vec::with_capacity(specs.len());
        for (index, spec) in specs.iter().enumerate() {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            spell(&spec.term, |spelling, views| {
                spellings.push((spelling, Entry { spec: index, views }));
            });
        }
        spellings.sort_by(|a, b| a.0.cmp(&b.0));
        let mut patterns: Vec<&str> = Vec::new();
        let mut first_entry = Vec::new();
        for (index, (spelling, _)) in spellings.iter().enumerate() {
            if patterns.last() != Some(&spelling.as_str()) {
                patterns.push(spelling);
                first_entry.push(u32::try_from(index).unwrap_or(u32::MAX));
            }
        }
        let starts_at_border = |(spelling, entry): &&(String, Entry)| {
            specs.get(entry.spec as usize).is_some_and(|spec| spec.boundary == Boundary::Word)
                && spelling.chars().next().is_some_and(is_word)
        };
        let (border, free): (Vec<_>, Vec<_>) = spellings.iter().partition(starts_at_border);
        let text = |list: Vec<&(String, Entry)>| -> PrefixIndex {
            PrefixIndex::new(list.into_iter().map(|(spelling, _)| spelling.as_str()).collect())
        };
        let (at_border, anywhere) = (text(border), text(free));
        let automaton = if patterns.is_empty() { None } else { Some(engine(&patterns)?) };
        let entries = spellings.into_iter().map(|(_, entry)| entry).collect();
        Ok(Self { automaton, first_entry, entries, specs, at_border, anywhere })
    }

    /// The term with this number.
    pub(super) fn spec(&self, index: usize) -> Option<&TermSpec> {
        self.specs.get(index)
    }

    /// Length of the longest term in bytes, as it stands in views.
    pub(super) fn longest(&self) -> usize {
        self.at_border.longest().max(self.anywhere.longest())
    }

    /// Bytes that the automaton and the index take.
    pub(super) fn memory(&self) -> usize {
        let automaton = match &self.automaton {
            Some(Engine::Fast(dfa)) => dfa.memory_usage(),
            Some(Engine::Compact(nfa)) => nfa.memory_usage(),
            None => 0,
        };
        automaton + self.at_border.memory() + self.anywhere.memory()
    }

    /// Reports each term of `view` in `reading`, up to `left` of them, and tells the first byte of
    /// the reading that could still become part of a term.
    pub(super) fn scan(
        &self,
        reading: &Reading,
        view: usize,
        left: &mut usize,
        found: &mut dyn FnMut(TermMatch),
    ) -> usize {
        match &self.automaton {
            None => reading.len(),
            Some(Engine::Fast(dfa)) => self.run(dfa.as_ref(), reading, view, left, found),
            Some(Engine::Compact(nfa)) => self.run(nfa.as_ref(), reading, view, left, found),
        }
    }

    fn run<A: Automaton>(
        &self,
        automaton: &A,
        reading: &Reading,
        view: usize,
        left: &mut usize,
        found: &mut dyn FnMut(TermMatch),
    ) -> usize {
        let text = reading.as_str();
        let Ok(root) = automaton.start_state(Anchored::No) else { return 0 };
        let mut state = root;
        let mut open = text.len();
        for (index, &byte) in text.as_bytes().iter().enumerate() {
            state = automaton.next_state(Anchored::No, state, byte);
            if automaton.is_special(state) && automaton.is_match(state) {
                let end = index + 1;
                for which in 0..automaton.match_len(state) {
                    let pattern = automaton.match_pattern(state, which);
                    let start = end - automaton.pattern_len(pattern);
                    open = open.min(self.accept(
                        text,
                        (pattern.as_usize(), view),
                        Span::new(start, end),
                        left,
                        found,
                    ));
                }
            }
        }
        if state == root { open } else { open.min(self.in_progress(text)) }
    }

    /// Checks one occurrence and reports it; the result is where it begins if it could still grow.
    fn accept(
        &self,
        text: &str,
        (pattern, view): (usize, usize),
        at: Span,
        left: &mut usize,
        found: &mut dyn FnMut(TermMatch),
    ) -> usize {
        let mut open = text.len();
        let first = self.first_entry.get(pattern).map_or(0, |&first| first as usize);
        let end = self.first_entry.get(pattern + 1).map_or(self.entries.len(), |&e| e as usize);
        for entry in self.entries.get(first..end).unwrap_or_default() {
            let Some(spec) = self.specs.get(entry.spec as usize) else { continue };
            if entry.views & (1 << view) == 0 {
                continue;
            }
            let mut at = at;
            if spec.boundary == Boundary::Word && word_stands_before(text, at.start) {
                continue;
            }
            if spec.any_ending {
                at.end = end_of_word(text, at.end);
                if at.end == text.len() {
                    open = open.min(at.start);
                }
            } else if spec.boundary == Boundary::Word && word_goes_on(text, at.end) {
                continue;
            }
            let Some(rest) = left.checked_sub(1) else { return open };
            *left = rest;
            found(TermMatch { spec: entry.spec as usize, at });
        }
        open
    }

    /// The earliest place from which the end of `text` is the beginning of a term.
    fn in_progress(&self, text: &str) -> usize {
        let reach = self.longest();
        let mut at = super::pattern::floor_char(text, text.len().saturating_sub(reach));
        while let Some(tail) = text.get(at..).filter(|tail| !tail.is_empty()) {
            let at_border = || !word_stands_before(text, at) && self.at_border.has(tail);
            if at_border() || self.anywhere.has(tail) {
                return at;
            }
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
        text.len()
    }
}

fn engine(patterns: &[&str]) -> Result<Engine, aho_corasick::BuildError> {
    let mut seen = [false; 256];
    let mut states = 1_usize;
    for byte in patterns.iter().flat_map(|pattern| pattern.bytes()) {
        states += 1;
        if let Some(seen) = seen.get_mut(usize::from(byte)) {
            *seen = true;
        }
    }
    let classes = seen.iter().filter(|&&seen| seen).count() + 1;
    if states * classes.next_power_of_two() * size_of::<u32>() <= DFA_LIMIT {
        let dfa = dfa::DFA::builder()
            .match_kind(MatchKind::Standard)
            .start_kind(aho_corasick::StartKind::Unanchored)
            .prefilter(false)
            .build(patterns)?;
        return Ok(Engine::Fast(Box::new(dfa)));
    }
    let nfa = nfa::contiguous::NFA::builder()
        .match_kind(MatchKind::Standard)
        .prefilter(false)
        .build(patterns)?;
    Ok(Engine::Compact(Box::new(nfa)))
}

/// The spellings of a term, each with the set of views (a bit each) whose texts have that spelling.
fn spell(term: &str, mut with: impl FnMut(String, u32)) {
    let folded = normalise_term(term);
    let skeleton = skeleton_term(term);
    let repeats = repeats_term(term);
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

/// Whether a character is part of a word in a script that sets words apart by spaces or marks.
///
/// Chinese, Japanese, Korean (whose particles are written onto the word), Thai, Lao, Tibetan,
/// Burmese and Khmer do not, so a term in them has no border to look for.
pub(super) fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric();
    }
    c.is_alphanumeric()
        && !matches!(c,
            '\u{0e00}'..='\u{0fff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1100}'..='\u{11ff}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{2e80}'..='\u{9fff}'
            | '\u{a960}'..='\u{a97f}'
            | '\u{ac00}'..='\u{d7ff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{ff66}'..='\u{ffdc}'
            | '\u{1b000}'..='\u{1b16f}'
            | '\u{20000}'..='\u{3ffff}')
}

/// Whether a word runs across position `at`: a word character stands on both sides.
fn word_stands_before(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let after = text.get(at..).and_then(|after| after.chars().next());
    before.is_some_and(is_word) && after.is_some_and(is_word)
}

fn word_goes_on(text: &str, at: usize) -> bool {
    word_stands_before(text, at)
}

fn end_of_word(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.find(|c| !is_word(c)).unwrap_or(rest.len())
}
