//! One scan over one window of text: every view, every term, every pattern, and the horizon.
//!
//! It does not decide anything: the hits go up to the engine. The same scan serves a whole text and a
//! stream; a whole text is a window that is also the last one.

use thiserror::Error;

use super::AtomId;
use super::lexicon::{TermSet, TermSpec};
use super::pattern::{PatternError, PatternScratch, PatternSet, PatternSpec, PatternWindow};
use crate::domain::{Span, ViewName};
use crate::text::{Reading, VIEWS, is_drawn_out};

/// The name under which a hit in the unchanged text is reported.
const RAW: ViewName = ViewName("raw");

/// Why a scanner could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// One pattern is at fault; the index counts in the order of addition.
    #[error("pattern {index}: {error}")]
    Pattern {
        /// Which pattern.
        index: usize,
        /// What is wrong with it.
        error: PatternError,
    },
    /// All patterns together are.
    #[error(transparent)]
    Patterns(PatternError),
    /// The terms cannot be made into one automaton.
    #[error("the terms together are too many: {0}")]
    Terms(#[from] aho_corasick::BuildError),
}

/// Collects what is to be found.
#[derive(Debug, Default)]
pub struct ScannerBuilder {
    terms: Vec<TermSpec>,
    patterns: Vec<PatternSpec>,
    views_off: Vec<&'static str>,
}

impl ScannerBuilder {
    /// An empty builder, with all views on.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a term.
    pub fn term(&mut self, term: TermSpec) -> &mut Self {
        self.terms.push(term);
        self
    }

    /// Adds a pattern.
    pub fn pattern(&mut self, pattern: PatternSpec) -> &mut Self {
        self.patterns.push(pattern);
        self
    }

    /// Switches a view off (`fold` stays on whatever is asked).
    pub fn without_view(&mut self, name: &'static str) -> &mut Self {
        self.views_off.push(name);
        self
    }

    /// Builds the automata.
    pub fn build(self) -> Result<Scanner, BuildError> {
        let mut views = 0;
        for (index, view) in VIEWS.iter().enumerate() {
            if view.over.is_none() || !self.views_off.contains(&view.name.0) {
                views |= 1 << index;
            }
        }
        let patterns = PatternSet::new(self.patterns).map_err(|(index, error)| match index {
            Some(index) => BuildError::Pattern { index, error },
            None => BuildError::Patterns(error),
        })?;
        Ok(Scanner { terms: TermSet::new(self.terms)?, patterns, views })
    }
}

/// Everything that a policy looks for, compiled.
#[derive(Debug)]
pub struct Scanner {
    terms: TermSet,
    patterns: PatternSet,
    /// The views that are on, a bit each.
    views: u32,
}

/// The text of one scan.
#[derive(Clone, Copy, Debug)]
pub struct Window<'t> {
    /// Some text that is decided already, for context, and the text to be screened.
    pub text: &'t str,
    /// Where the text to be screened begins; no hit begins before it.
    pub from: usize,
    /// Whether the text ends here.
    pub last: bool,
    /// Patterns without a longest match are looked at from here on only.
    pub restart: usize,
}

/// One hit of one atom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Which leaf matcher.
    pub atom: AtomId,
    /// Where, in bytes of the window's text.
    pub span: Span,
    /// Which view saw it.
    pub view: ViewName,
    source: Source,
}

impl Hit {
    /// The same hit at another place.
    #[must_use]
    pub fn at(self, span: Span) -> Self {
        Self { span, ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Term(usize),
    Pattern(usize),
}

/// What a scan says beside its hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Everything before this byte is decided: all hits there are known, and none crosses it.
    pub decided: usize,
    /// A pattern without a longest match has been in progress over this whole span, which is as much
    /// as may be held for it.
    pub overflow: Option<Span>,
    /// A bound on work or on the number of hits was reached: the hits are not complete.
    pub exhausted: bool,
}

/// Bounds and buffers of scans; one serves any number of scans, one after the other.
#[derive(Debug, Default)]
pub struct Scratch {
    raw: Reading,
    readings: Vec<Reading>,
    patterns: PatternScratch,
    /// The hits of the last scan, in the order of the text.
    pub hits: Vec<Hit>,
    /// How many more hits may be reported before the text counts as one that cannot be scanned.
    pub hits_left: usize,
    /// How many more bytes regexes may read.
    pub work_left: usize,
}

impl Scratch {
    /// Buffers with these bounds.
    pub fn new(hits_left: usize, work_left: usize) -> Self {
        Self { hits_left, work_left, ..Self::default() }
    }
}

impl Scanner {
    /// What a hit found, for people: the term as the list has it, or the name of the pattern.
    pub fn label(&self, hit: &Hit) -> &str {
        match hit.source {
            Source::Term(index) => self.terms.spec(index).map_or("", |spec| &spec.term),
            Source::Pattern(index) => self.patterns.spec(index).map_or("", |spec| &spec.label),
        }
    }

    /// The term that a hit found: its number in the order of addition.
    pub fn term_index(&self, hit: &Hit) -> Option<usize> {
        match hit.source {
            Source::Term(index) => Some(index),
            Source::Pattern(_) => None,
        }
    }

    /// Bytes that the automata take.
    pub fn memory(&self) -> usize {
        self.terms.memory() + self.patterns.memory()
    }

    /// Whether the automaton over the patterns is of the fast form.
    pub fn patterns_are_dense(&self) -> bool {
        self.patterns.is_dense()
    }

    /// Length in bytes of the longest term.
    pub fn longest_term(&self) -> usize {
        self.terms.longest()
    }

    /// Scans a window. Its hits, all those that begin before the decided byte, are in `scratch.hits`.
    pub fn scan(&self, window: Window<'_>, scratch: &mut Scratch) -> Scan {
        scratch.hits.clear();
        let mut decided = self.scan_views(window, scratch);
        let patterns = self.scan_patterns(window, scratch);
        decided = decided.min(patterns.decided);
        if window.last {
            decided = window.text.len();
        } else {
            decided = pull_back(decided.max(window.from), &scratch.hits);
        }
        scratch.hits.retain(|hit| hit.span.start >= window.from && hit.span.start < decided);
        scratch.hits.sort_unstable_by_key(|hit| (hit.span, hit.atom, hit.source));
        // Two views that saw the same thing give one hit, named after the first view of the table.
        scratch.hits.dedup_by_key(|hit| (hit.span, hit.atom));
        Scan {
            decided,
            overflow: patterns.overflow.filter(|span| span.start >= window.from),
            exhausted: patterns.exhausted || scratch.hits_left == 0,
        }
    }

    /// Builds each view that would differ, looks for terms in it, and tells the earliest raw byte
    /// that is still open in any of them.
    fn scan_views(&self, window: Window<'_>, scratch: &mut Scratch) -> usize {
        let Scratch { raw, readings, hits, hits_left, .. } = scratch;
        raw.identity(window.text);
        readings.resize_with(VIEWS.len(), Reading::default);
        let mut stands_for = [None; VIEWS.len()];
        let mut decided = window.text.len();
        for (index, view) in VIEWS.iter().enumerate() {
            let base = view.over.and_then(|over| stands_for.get(over).copied().flatten());
            if self.views & (1 << index) == 0 {
                set(&mut stands_for, index, base);
                continue;
            }
            let (before, rest) = readings.split_at_mut(index);
            let input = base.and_then(|base: usize| before.get(base)).unwrap_or(raw);
            if !window.last {
                decided = decided.min(input.raw_start((view.open_from)(input)));
            }
            if view.over.is_some() && !(view.applies)(input) {
                set(&mut stands_for, index, base);
                continue;
            }
            let Some(reading) = rest.first_mut() else { continue };
            (view.build)(input, reading);
            set(&mut stands_for, index, Some(index));
            let reading = &*reading;
            let open = self.terms.scan(reading, index, hits_left, &mut |found| {
                let span = reading.raw_span(found.at.start, found.at.end);
                if let Some(spec) = self.terms.spec(found.spec)
                    && counts(spec, window, span, view.name.0)
                {
                    hits.push(Hit {
                        atom: spec.atom,
                        span,
                        view: view.name,
                        source: Source::Term(found.spec),
                    });
                }
            });
            decided = decided.min(reading.raw_start(open));
        }
        decided
    }

    fn scan_patterns(
        &self,
        window: Window<'_>,
        scratch: &mut Scratch,
    ) -> super::pattern::PatternScan {
        let Window { text, from, last, restart } = window;
        let scan = self.patterns.scan(
            PatternWindow { text, from, last, restart },
            &mut scratch.work_left,
            &mut scratch.patterns,
        );
        for found in &scratch.patterns.matches {
            let Some(left) = scratch.hits_left.checked_sub(1) else { break };
            scratch.hits_left = left;
            if let Some(spec) = self.patterns.spec(found.pattern) {
                scratch.hits.push(Hit {
                    atom: spec.atom,
                    span: found.span,
                    view: RAW,
                    source: Source::Pattern(found.pattern),
                });
            }
        }
        scan
    }
}

/// Whether an occurrence of a term counts, looked at from the raw text.
fn counts(spec: &TermSpec, window: Window<'_>, span: Span, view: &str) -> bool {
    if span.start < window.from {
        return false;
    }
    let raw = window.text.get(span.range()).unwrap_or_default();
    // Where nothing was collapsed, the term's collapsed spelling stands there by itself: `as`
    // beside a word like `soooo` is not an `ass`.
    let drawn_out = view != "repeats" || is_drawn_out(raw);
    drawn_out && (!spec.exact_case || raw == spec.term)
}

fn set(stands_for: &mut [Option<usize>], index: usize, value: Option<usize>) {
    if let Some(slot) = stands_for.get_mut(index) {
        *slot = value;
    }
}

/// Moves the decided byte back until no hit crosses it.
fn pull_back(decided: usize, hits: &[Hit]) -> usize {
    let mut decided = decided;
    loop {
        let crossing = hits
            .iter()
            .filter(|hit| hit.span.start < decided && decided < hit.span.end)
            .map(|hit| hit.span.start)
            .min();
        match crossing {
            Some(start) => decided = start,
            None => return decided,
        }
    }
}
