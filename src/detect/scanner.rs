//! One scan over one window of text: every view, every term, every pattern, and the horizon.
//!
//! It does not decide anything: the hits go up to the engine. The same scan serves a whole text and a
//! stream; a whole text is a window that is also the last one.

use std::cmp::Reverse;

use thiserror::Error;

use super::decoded::Decoding;
use super::hit::{Hit, Source};
use super::lexicon::{Look, TermMatch, TermSet, TermSpec};
use super::pattern::{PatternError, PatternSpec};
use super::pattern_set::{PatternScan, PatternScratch, PatternSet, PatternWindow, Reads};
use super::viewed::{InViews, ViewedPatterns};
use crate::domain::{Span, ViewName, ViewPath};
use crate::text::{
    DECODERS, Reading, VARIANTS, VIEWS, WIDTH, context_start, cue_before, deletable, deletes,
    floor_char, is_attached,
};

/// The name under which a hit in the unchanged text is reported.
pub(super) const RAW: ViewName = ViewName("raw");
/// The view in which a term counts only where something was left out.
const REPEATS: &str = "repeats";

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

    /// Switches a view, a decoder or a kind of variants off (`fold` stays on whatever is asked).
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
        let (mut decoders, mut may_delete) = (0, false);
        for (index, decoder) in DECODERS.iter().enumerate() {
            // Nobody looks for syllables where no term has any.
            let useful = decoder.switch != "pinyin" || self.terms.iter().any(|term| term.pinyin);
            if useful && !self.views_off.contains(&decoder.name.0) {
                decoders |= 1 << index;
                may_delete |= deletes(decoder);
            }
        }
        let mut variants = 0;
        for (index, variant) in VARIANTS.iter().enumerate() {
            if !self.views_off.contains(&variant.name.0) {
                variants |= 1 << index;
            }
        }
        let failed = |(index, error)| match index {
            Some(index) => BuildError::Pattern { index, error },
            None => BuildError::Patterns(error),
        };
        let viewed = ViewedPatterns::new(&self.patterns).map_err(failed)?;
        let entities = ViewedPatterns::entities(&self.patterns).map_err(failed)?;
        let patterns = PatternSet::new(self.patterns, Reads::Raw).map_err(failed)?;
        let terms = TermSet::new(self.terms, variants);
        Ok(Scanner { terms, patterns, viewed, entities, views, decoders, may_delete })
    }
}

/// Everything that a policy looks for, compiled.
#[derive(Debug)]
pub struct Scanner {
    terms: TermSet,
    patterns: PatternSet,
    viewed: Option<ViewedPatterns>,
    /// The patterns that read `width`.
    entities: Option<ViewedPatterns>,
    /// The views that are on, a bit each.
    views: u32,
    /// The decoders that are on, a bit each.
    pub(super) decoders: u32,
    /// Whether backspaces are read.
    pub(super) may_delete: bool,
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
    /// Whether long terms are looked for in pieces too, which holds a text for most words.
    pub pieces: bool,
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
    width: Reading,
    readings: Vec<Reading>,
    patterns: PatternScratch,
    pub(super) decoding: Decoding,
    /// The hits of the last scan, in the order of the text.
    pub hits: Vec<Hit>,
    /// What looked like a match in the text that was scanned last and was none. The text is not to be parted inside it: its
    /// rest could be read as a match then.
    pub rejected: Vec<Span>,
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

    /// The texts that were decoded of the one that was scanned last, each with the decoders that it went through.
    pub fn decoded(&self) -> impl Iterator<Item = (ViewPath, &str)> {
        self.decoding.texts()
    }

    /// Where the context before `at` begins in the text that was scanned last, with no more than about `most` bytes: so much
    /// of a decided text the scan must see that reads on from there. `at` lies before the horizon.
    pub fn context_start(&self, text: &str, at: usize, most: usize) -> usize {
        let own = context_start(text.get(..at).unwrap_or_default(), most);
        let cue = cue_before(text, at).unwrap_or(own);
        let shown = own.min(cue).min(self.decoding.context_start(at, most));
        let mut start = start_of_token(text, shown, at.saturating_sub(most)).unwrap_or(shown);
        start = start.max(at.saturating_sub(most)).min(own);
        floor_char(text, start)
    }
}

impl Scanner {
    /// What a hit of a scan found, for people: the term as the list has it, or the name of the pattern.
    pub fn label(&self, hit: &Hit) -> &str {
        match hit.source {
            Source::Term(index) => self.terms.spec(index).map_or("", |spec| &spec.term),
            Source::Pattern(index) => self.patterns.spec(index).map_or("", |spec| &spec.label),
            Source::Score(..) => "",
        }
    }

    /// The term that a hit found: its number in the order of addition.
    pub fn term_index(&self, hit: &Hit) -> Option<usize> {
        match hit.source {
            Source::Term(index) => Some(index),
            Source::Pattern(_) | Source::Score(..) => None,
        }
    }

    /// Bytes that the automata take.
    pub fn memory(&self) -> usize {
        let viewed = self.viewed.iter().chain(&self.entities).map(ViewedPatterns::memory);
        self.terms.memory() + self.patterns.memory() + viewed.sum::<usize>()
    }

    /// Whether the automaton over the patterns is of the fast form.
    pub fn patterns_are_dense(&self) -> bool {
        self.patterns.is_dense()
    }

    /// Length in bytes of the longest term.
    pub fn longest_term(&self) -> usize {
        self.terms.longest()
    }

    /// The most bytes that patterns can hold.
    pub fn most_held_for_patterns(&self) -> usize {
        self.patterns.most_held()
    }

    /// Scans a window. Its hits, all those that begin before the decided byte, are in `scratch.hits`.
    pub fn scan(&self, window: Window<'_>, scratch: &mut Scratch) -> Scan {
        scratch.hits.clear();
        scratch.rejected.clear();
        let mut scan = self.scan_patterns(window, scratch);
        let mut raw = std::mem::take(&mut scratch.raw);
        raw.identity(window.text);
        scratch.decoding.begin(window.text.len());
        scan.include(self.scan_views(&raw, window, scratch));
        scan.include(self.scan_decoded(&mut raw, window, scratch));
        scratch.raw = raw;
        scan.include(self.scan_width(window, scratch));
        let mut decided = scan.decided;
        if window.last {
            decided = window.text.len();
        } else {
            // Characters that are not shown may follow, which belong to the last one of what is encoded.
            let ends = |hit: &&Hit| hit.view.decoders() > 0 && hit.span.end == window.text.len();
            let growing = scratch.hits.iter().filter(ends).map(|hit| hit.span.start).min();
            decided = decided.min(growing.unwrap_or(decided));
            let whole = scratch.hits.iter().map(|hit| hit.span);
            let whole = whole.chain(scratch.rejected.iter().copied());
            decided = Span::before_crossing(&whole, decided.max(window.from)).max(window.from);
        }
        scratch.hits.retain(|hit| hit.span.start >= window.from && hit.span.start < decided);
        // Two views that saw the same thing give one hit, named after the first view of the table, decoded as seldom as
        // may be: the sort leaves them in their order.
        scratch.hits.sort_by_key(|hit| {
            // Where several terms stand for the same bytes, the longest says most.
            let length = Reverse(self.label(hit).len());
            (hit.span, hit.atom, length, hit.view.decoders(), hit.source)
        });
        scratch.hits.dedup_by_key(|hit| (hit.span, hit.atom));
        Scan {
            decided,
            overflow: scan.overflow.filter(|span| span.start >= window.from),
            exhausted: scan.exhausted || scratch.hits_left == 0,
        }
    }

    /// Builds each view that would differ, looks for terms and patterns in it, and tells the earliest raw
    /// byte that is still open in any of them.
    pub(super) fn scan_views(
        &self,
        raw: &Reading,
        window: Window<'_>,
        scratch: &mut Scratch,
    ) -> PatternScan {
        let Scratch { readings, patterns, hits, rejected, hits_left, work_left, .. } = scratch;
        readings.resize_with(VIEWS.len(), Reading::default);
        let mut in_views = InViews {
            viewed: self.viewed.as_ref(),
            window,
            scratch: patterns,
            work_left,
            rejected,
        };
        let (shown, decided) = self.build_views(window, raw, readings, &mut in_views);
        let mut scan = PatternScan { decided, overflow: None, exhausted: false };
        for shown in shown.iter().filter(|shown| shown.views != 0) {
            let Some(view) = VIEWS.get(shown.reading) else { continue };
            let reading =
                if shown.is_raw { raw } else { readings.get(shown.reading).unwrap_or(raw) };
            let mut report = |found: TermMatch| {
                let span = reading.raw_span(found.at.start, found.at.end);
                if let Some(spec) = self.terms.spec(found.spec)
                    && counts(spec, (raw, window.from), (span, found.at), (view.name, reading))
                {
                    let variant = found.variant.and_then(|variant| VARIANTS.get(variant));
                    hits.push(Hit {
                        atom: spec.atom,
                        span,
                        view: ViewPath::of(variant.map_or(view.name, |variant| variant.name)),
                        source: Source::Term(found.spec),
                    });
                }
            };
            let look = Look { views: shown.views, upto: shown.upto, pieces: window.pieces };
            let open = self.terms.scan(reading, look, hits_left, &mut report);
            if !window.last {
                scan.decided = scan.decided.min(reading.raw_start(open));
                let held = self.held_for_deletions(raw, reading, shown.upto);
                scan.decided = scan.decided.min(held);
            }
            let patterns = in_views.scan(reading, shown.upto, &mut |number, at| {
                let Some(spec) = self.patterns.spec(number) else { return };
                let span = reading.raw_span(at.start, at.end);
                if *hits_left > 0 && is_seen_by(view.name, reading, at) {
                    *hits_left -= 1;
                    let source = Source::Pattern(number);
                    let view = ViewPath::of(view.name);
                    hits.push(Hit { atom: spec.atom, span, view, source });
                }
            });
            scan.include(patterns);
        }
        scan
    }

    /// The first raw byte of a term that is in progress if the end of the text is deleted by what follows.
    fn held_for_deletions(&self, raw: &Reading, reading: &Reading, upto: usize) -> usize {
        if !self.may_delete {
            return usize::MAX;
        }
        let ends = deletable(raw).map(|at| reading.upto(at).min(upto));
        let held = ends.filter_map(|end| {
            let start = self.terms.in_progress(reading, end, false);
            (start < end).then(|| reading.raw_start(start))
        });
        held.min().unwrap_or(usize::MAX)
    }

    /// Builds the views that differ from what they read. Tells which readings are to be looked at, each
    /// for which views and up to where, and the first raw byte that is open because of the views that
    /// do not differ.
    fn build_views(
        &self,
        window: Window<'_>,
        raw: &Reading,
        readings: &mut [Reading],
        patterns: &mut InViews<'_>,
    ) -> ([Shown; VIEWS.len()], usize) {
        let mut shown: [Shown; VIEWS.len()] = std::array::from_fn(Shown::nothing);
        let mut stands_for = [0; VIEWS.len()];
        let mut decided = raw.raw_start(raw.len());
        for (index, view) in VIEWS.iter().enumerate() {
            let base = view.over.and_then(|over| stands_for.get(over).copied());
            let (before, rest) = readings.split_at_mut(index);
            let is_raw = base.is_none_or(|base| shown.get(base).is_some_and(|shown| shown.is_raw));
            let input = base.filter(|_| !is_raw).and_then(|base| before.get(base)).unwrap_or(raw);
            let off = self.views & (1 << index) == 0;
            // What the view reads is open itself from somewhere on.
            let end = base.and_then(|base| shown.get(base)).map_or(raw.len(), |shown| shown.upto);
            let open = if window.last || off { end } else { (view.open_from)(input).min(end) };
            decided = decided.min(input.raw_start(open));
            let (mut here, mut views) = (base.unwrap_or(index), 1 << index);
            if off {
                views = 0;
            } else if (view.applies)(input) {
                here = index;
                if let Some(reading) = rest.first_mut() {
                    (view.build)(input, reading);
                    let whole = open == input.len();
                    let upto =
                        if whole { reading.len() } else { reading.upto(input.raw_start(open)) };
                    set(&mut shown, index, |shown| (shown.is_raw, shown.upto) = (false, upto));
                }
            } else {
                if open < input.len() {
                    let term = self.terms.in_progress(input, open, window.pieces);
                    decided = decided.min(input.raw_start(term));
                    decided = decided.min(patterns.scan(input, open, &mut |_, _| {}).decided);
                }
                // What repeats nothing shows no word that its base does not show.
                views = if view.name.0 == REPEATS { 0 } else { views };
                if base.is_none() {
                    set(&mut shown, index, |shown| (shown.is_raw, shown.upto) = (true, open));
                }
            }
            set(&mut stands_for, index, |stands| *stands = here);
            set(&mut shown, here, |shown| shown.views |= views);
        }
        (shown, decided)
    }

    /// Looks for entities where digits or letters stand in other forms; elsewhere the raw text shows them all.
    fn scan_width(&self, window: Window<'_>, scratch: &mut Scratch) -> PatternScan {
        let mut scan = PatternScan { decided: window.text.len(), overflow: None, exhausted: false };
        if self.entities.is_none() || window.text.is_ascii() {
            return scan;
        }
        let Scratch { raw, width, patterns, hits, rejected, hits_left, work_left, .. } = scratch;
        let open = if window.last { raw.len() } else { (WIDTH.open_from)(raw) };
        scan.decided = open;
        if !(WIDTH.applies)(raw) {
            return scan;
        }
        (WIDTH.build)(raw, width);
        let upto = if open == raw.len() { width.len() } else { width.upto(open) };
        let mut in_width = InViews {
            viewed: self.entities.as_ref(),
            window,
            scratch: patterns,
            work_left,
            rejected,
        };
        let found = in_width.scan(width, upto, &mut |number, at| {
            let Some(spec) = self.patterns.spec(number) else { return };
            let span = width.raw_span(at.start, at.end);
            let as_written = window.text.get(span.range()) == width.as_str().get(at.range());
            if *hits_left > 0 && !as_written {
                *hits_left -= 1;
                let source = Source::Pattern(number);
                hits.push(Hit { atom: spec.atom, span, view: ViewPath::of(WIDTH.name), source });
            }
        });
        scan.include(found);
        scan
    }

    fn scan_patterns(&self, window: Window<'_>, scratch: &mut Scratch) -> PatternScan {
        let Window { text, from, last, restart, .. } = window;
        let scan = self.patterns.scan(
            PatternWindow { text, from, last, restart },
            &mut scratch.work_left,
            &mut scratch.patterns,
        );
        scratch.rejected.extend(&scratch.patterns.rejected);
        for found in &scratch.patterns.matches {
            let Some(left) = scratch.hits_left.checked_sub(1) else { break };
            scratch.hits_left = left;
            if let Some(spec) = self.patterns.spec(found.pattern) {
                scratch.hits.push(Hit {
                    atom: spec.atom,
                    span: found.span,
                    view: ViewPath::of(RAW),
                    source: Source::Pattern(found.pattern),
                });
            }
        }
        scan
    }
}

/// Where the stretch of ASCII signs begins that goes on at `at`, since a decoder reads such a stretch from its beginning;
/// `None` if it begins before `least`.
pub(super) fn start_of_token(text: &str, at: usize, least: usize) -> Option<usize> {
    let before = text.get(floor_char(text, least)..at)?;
    // Characters that are not shown do not part it.
    let shown =
        before.char_indices().rev().take_while(|&(_, c)| c.is_ascii_graphic() || is_attached(c));
    let start = shown.last().map_or(before.len(), |(start, _)| start);
    (start > 0 || least == 0).then_some(at - (before.len() - start))
}

/// A reading to be looked at.
#[derive(Clone, Copy, Debug)]
struct Shown {
    /// The view whose reading it is.
    reading: usize,
    /// Whether that reading is the raw text.
    is_raw: bool,
    /// The views that it stands for, a bit each; itself among them.
    views: u32,
    /// Where the part of it ends that no further text can change.
    upto: usize,
}

impl Shown {
    const fn nothing(reading: usize) -> Self {
        Self { reading, is_raw: false, views: 0, upto: 0 }
    }
}

/// Whether an occurrence of a term counts, looked at from the text that the views are of.
fn counts(
    spec: &TermSpec,
    (text, from): (&Reading, usize),
    (span, at): (Span, Span),
    (view, reading): (ViewName, &Reading),
) -> bool {
    if span.start < from || !is_seen_by(view, reading, at) {
        return false;
    }
    let written = || text.as_str().get(text.upto(span.start)..text.upto(span.end));
    !spec.exact_case || written() == Some(&*spec.term)
}

/// Whether something in a view is its to report. Where nothing was collapsed, the collapsed spelling of a term
/// stands there by itself: `as` beside a word like `soooo` is not an `ass`.
fn is_seen_by(view: ViewName, reading: &Reading, at: Span) -> bool {
    view.0 != REPEATS || reading.is_collapsed(at.start, at.end)
}

fn set<T>(list: &mut [T], index: usize, change: impl FnOnce(&mut T)) {
    if let Some(item) = list.get_mut(index) {
        change(item);
    }
}
