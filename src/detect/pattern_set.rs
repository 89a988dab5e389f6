//! All regexes of a policy: one run of the automata says where, and only there each is searched.

use std::collections::BTreeMap;

use super::automaton::{HorizonAutomaton, Shape};
use super::pattern::{Compiled, PatternError, PatternSpec};
use super::run::{Course, MatchSink};
use super::shapes::Shapes;
use super::widen::{Context, without_context};
use crate::domain::Span;
use crate::text::floor_char;

/// Bytes beyond the longest match that must be there before the match is final: one character.
const LOOK_AHEAD: usize = 4;

/// One match of one pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PatternMatch {
    pub(super) pattern: usize,
    pub(super) span: Span,
}

/// A stretch of text between two cuts in which patterns have matched.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    span: Span,
    /// Where the numbers of this segment's shapes begin in [`PatternScratch::hit_patterns`].
    first_pattern: usize,
}

/// Buffers of one scan, reused by the next.
#[derive(Debug, Default)]
pub(super) struct PatternScratch {
    segments: Vec<Segment>,
    hit_patterns: Vec<usize>,
    open_patterns: Vec<usize>,
    pub(super) matches: Vec<PatternMatch>,
    /// What matched and was found to be none, such as by its checksum.
    pub(super) rejected: Vec<Span>,
}

/// What a scan of a window says about patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PatternScan {
    /// No match that is not reported starts before this byte.
    pub(super) decided: usize,
    /// A match in progress began at the start of this span and has grown to its end, which is as far
    /// as it may be held.
    pub(super) overflow: Option<Span>,
    /// The work bound was reached; the matches are not complete.
    pub(super) exhausted: bool,
}

impl PatternScan {
    /// Takes in what was told of another reading of the same window. Of two overflows the one counts that begins
    /// first, or ends first: what is given up must be the same however the text comes.
    pub(super) fn include(&mut self, other: Self) {
        self.decided = self.decided.min(other.decided);
        self.overflow = self.overflow.into_iter().chain(other.overflow).min();
        self.exhausted |= other.exhausted;
    }
}

/// What a set of patterns is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// The text as it stands.
    Raw,
    /// Every view; upper and lower case are alike there.
    Views,
    /// The view `width`, which few texts have.
    Width,
}

/// All regexes of a policy.
#[derive(Debug)]
pub(super) struct PatternSet {
    compiled: Vec<Compiled>,
    /// The patterns of each shape that `all` knows.
    members: Vec<Vec<usize>>,
    all: Option<HorizonAutomaton>,
    /// One automaton for each bound over the patterns that have no longest match within it.
    unbounded: Vec<Unbounded>,
    /// What a match may begin with, one character before the automaton sees it.
    context: Context,
    most_held: usize,
}

#[derive(Debug)]
struct Unbounded {
    max_match: usize,
    automaton: HorizonAutomaton,
}

impl PatternSet {
    /// Compiles all patterns. The error names the index of the pattern that is at fault, or none when all of them
    /// together are.
    pub(super) fn new(
        specs: Vec<PatternSpec>,
        reads: Reads,
    ) -> Result<Self, (Option<usize>, PatternError)> {
        let any_case = reads == Reads::Views;
        let mut compiled = Vec::with_capacity(specs.len());
        let mut shapes = Shapes::default();
        let mut context = Context::None;
        let mut unbounded: BTreeMap<usize, Vec<Shape>> = BTreeMap::new();
        let mut most_held = 0;
        for (index, spec) in specs.into_iter().enumerate() {
            let at_fault = |error| (Some(index), error);
            let (one, hir) = Compiled::new(spec, any_case).map_err(at_fault)?;
            let (longest, max_match) = (one.longest, one.spec.max_match);
            let bound = longest.map_or(0, |longest| longest + LOOK_AHEAD);
            // A match that has ended is held while one that overlaps it could still come.
            most_held = most_held.max(longest.map_or(max_match, |_| 2 * bound));
            let (before, bare) = without_context(&hir);
            context = context.max(before);
            let hir = bare.unwrap_or(hir);
            match one.spec.outline {
                None => shapes.add(
                    Shape { hir: hir.clone(), bound, built_in: false, silent: false },
                    Some(index),
                ),
                Some(outline) => shapes.outline(outline, bound, index).map_err(at_fault)?,
            }
            if longest.is_none() {
                unbounded.entry(max_match).or_default().push(Shape {
                    hir,
                    bound,
                    built_in: false,
                    silent: false,
                });
            }
            compiled.push(one);
        }
        let build = match reads {
            Reads::Raw | Reads::Views => HorizonAutomaton::new,
            Reads::Width => HorizonAutomaton::seldom,
        };
        let automaton = |shapes: &[Shape]| build(shapes).map_err(|error| (None, error));
        let Shapes { all: shapes, members, .. } = shapes;
        let all = if shapes.is_empty() { None } else { Some(automaton(&shapes)?) };
        let unbounded = unbounded
            .into_iter()
            .map(|(max_match, shapes)| Ok(Unbounded { max_match, automaton: automaton(&shapes)? }))
            .collect::<Result<_, _>>()?;
        Ok(Self { compiled, members, all, unbounded, context, most_held })
    }

    /// The pattern with this number.
    pub(super) fn spec(&self, pattern: usize) -> Option<&PatternSpec> {
        self.compiled.get(pattern).map(|compiled| &compiled.spec)
    }

    /// The most bytes that patterns can hold.
    pub(super) fn most_held(&self) -> usize {
        self.most_held
    }

    /// Bytes that the automata take.
    pub(super) fn memory(&self) -> usize {
        self.all.iter().map(HorizonAutomaton::memory).sum::<usize>()
            + self.unbounded.iter().map(|group| group.automaton.memory()).sum::<usize>()
            + self.compiled.iter().map(Compiled::memory).sum::<usize>()
    }

    /// Whether the automaton over all patterns is of the fast form.
    pub(super) fn is_dense(&self) -> bool {
        self.all.as_ref().is_none_or(HorizonAutomaton::is_dense)
    }

    /// Finds all matches that start at `from` or later, and says up to where that is final.
    ///
    /// Unbounded patterns are looked at from `restart` on only, where a match in progress was given
    /// up before. `work` is what may still be spent on searching, in bytes; it bounds what a scan
    /// costs without a clock. The matches are left in `scratch.matches`, in the order of the text.
    pub(super) fn scan(
        &self,
        window: PatternWindow<'_>,
        work: &mut usize,
        scratch: &mut PatternScratch,
    ) -> PatternScan {
        scratch.clear();
        let PatternWindow { text, from, last, restart } = window;
        let Some(all) = &self.all else {
            return PatternScan { decided: text.len(), overflow: None, exhausted: false };
        };
        let tightest = self.unbounded.first().map_or(usize::MAX, |group| group.max_match);
        let run = all.run(Course { text, from, last, wide: tightest }, scratch);
        let last_cut = run.last_cut;
        let mut decided = run.decided;
        let mut overflow = None;
        if run.first_wide.is_some() || decided > last_cut {
            let tail = self.unbounded_tail(text, from.max(restart), last);
            overflow = tail.overflow;
            decided = last_cut.max(decided.min(tail.last_cut));
        }
        if last {
            decided = text.len();
        }
        if decided > last_cut {
            scratch.take_open_segment(Span::new(last_cut, text.len()));
        }
        if !last {
            decided = self.with_context(text, decided).max(from);
        }
        let exhausted = !self.search(text, work, scratch);
        // A match that was given up does not come back when its end is seen after all.
        let given_up = |found: &PatternMatch| {
            let compiled = self.compiled.get(found.pattern);
            found.span.start < restart
                && compiled.is_some_and(|compiled| compiled.longest.is_none())
        };
        scratch.matches.retain(|found| !given_up(found));
        scratch.matches.sort_unstable_by_key(|found| (found.span.start, found.pattern));
        PatternScan { decided, overflow, exhausted }
    }

    /// Runs the automata of the unbounded patterns alone: where is none of them in progress, and
    /// has one of them grown beyond its bound?
    fn unbounded_tail(&self, text: &str, from: usize, last: bool) -> Tail {
        let mut tail = Tail { last_cut: text.len(), overflow: None };
        for Unbounded { max_match, automaton } in &self.unbounded {
            let run = automaton.run(Course { text, from, last, wide: *max_match }, &mut Deaf);
            tail.last_cut = tail.last_cut.min(run.last_cut);
            if let Some(start) = run.first_wide
                && tail.overflow.is_none_or(|known| start < known.start)
            {
                tail.overflow = Some(Span::new(start, floor_char(text, start + max_match)));
            }
        }
        tail
    }

    /// Where a match may begin that the automaton sees from `at` on.
    fn with_context(&self, text: &str, at: usize) -> usize {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        match before {
            Some(before) if self.context.includes(before) => at - before.len_utf8(),
            Some(_) | None => at,
        }
    }

    /// Searches each segment for the patterns that the automaton saw there. False when the work
    /// bound was reached.
    fn search(&self, text: &str, work: &mut usize, scratch: &mut PatternScratch) -> bool {
        let PatternScratch { segments, hit_patterns, open_patterns: _, matches, rejected } =
            scratch;
        for (index, segment) in segments.iter().enumerate() {
            let end = segments.get(index + 1).map_or(hit_patterns.len(), |next| next.first_pattern);
            let shapes = hit_patterns.get(segment.first_pattern..end).unwrap_or_default();
            let members = shapes.iter().filter_map(|&shape| self.members.get(shape));
            for &pattern in members.flatten() {
                let Some(compiled) = self.compiled.get(pattern) else { continue };
                let mut within = segment.span;
                within.start = self.with_context(text, within.start);
                if !compiled.search(text, within, work, &mut |span, valid| {
                    if valid {
                        matches.push(PatternMatch { pattern, span });
                    } else {
                        rejected.push(span);
                    }
                }) {
                    return false;
                }
            }
        }
        true
    }
}

/// The text of one scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct PatternWindow<'t> {
    pub(super) text: &'t str,
    pub(super) from: usize,
    pub(super) last: bool,
    pub(super) restart: usize,
}

#[derive(Debug)]
struct Tail {
    last_cut: usize,
    overflow: Option<Span>,
}

impl PatternScratch {
    fn clear(&mut self) {
        let Self { segments, hit_patterns, open_patterns, matches, rejected } = self;
        segments.clear();
        hit_patterns.clear();
        open_patterns.clear();
        matches.clear();
        rejected.clear();
    }

    /// Makes a segment of the stretch after the last cut, if a pattern has matched there.
    fn take_open_segment(&mut self, span: Span) {
        if self.open_patterns.is_empty() {
            return;
        }
        self.segments.push(Segment { span, first_pattern: self.hit_patterns.len() });
        self.hit_patterns.append(&mut self.open_patterns);
    }
}

impl MatchSink for PatternScratch {
    fn matched(&mut self, pattern: usize) {
        if !self.open_patterns.contains(&pattern) {
            self.open_patterns.push(pattern);
        }
    }

    fn segment(&mut self, start: usize, end: usize) {
        self.take_open_segment(Span::new(start, end));
    }

    fn gave_up(&mut self, patterns: usize) {
        self.open_patterns = (0..patterns).collect();
    }
}

/// Wants to know of no matches.
struct Deaf;

impl MatchSink for Deaf {
    fn matched(&mut self, _: usize) {}

    fn segment(&mut self, _: usize, _: usize) {}

    fn gave_up(&mut self, _: usize) {}
}
