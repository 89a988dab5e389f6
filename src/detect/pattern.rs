//! Regexes: compiled under limits, and searched only where the automaton saw a match.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use regex_automata::nfa::thompson;
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind, meta};
use regex_syntax::hir::Hir;
use thiserror::Error;

use super::AtomId;
use super::automaton::{HorizonAutomaton, Shape};
use super::run::{Course, MatchSink};
use super::shapes::Shapes;
use super::widen::{Context, without_context};
use crate::domain::Span;

/// The most bytes that one compiled regex may take. Counted repeats of large classes reach it early,
/// and are refused within milliseconds instead of costing time in each search.
const REGEX_LIMIT: usize = 1 << 20;
/// How deep groups of a regex may nest.
const NEST_LIMIT: u32 = 64;
/// Bytes beyond the longest match that must be there before the match is final: one character.
const LOOK_AHEAD: usize = 4;

/// One regex to look for.
#[derive(Clone, Debug)]
pub struct PatternSpec {
    /// The leaf that its hits belong to.
    pub atom: AtomId,
    /// The regex, in the syntax of the `regex` crate.
    pub pattern: String,
    /// Says whether a matched text is really one, such as a checksum; `None` takes each match.
    pub validate: Option<fn(&str) -> bool>,
    /// What a hit is called for people.
    pub label: Arc<str>,
    /// The most bytes that a stream may hold for a match of this pattern in progress.
    pub max_match: usize,
    /// What a built-in pattern has in the place of an automaton of its own.
    pub outline: Option<Outline>,
    /// Whether it reads the views too. There, upper and lower case are alike. One with an outline reads the view
    /// `width` instead.
    pub views: bool,
}

/// Where a match of a pattern may be in progress, told by regexes with smaller automata that many
/// patterns share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Outline {
    /// Each match of the pattern lies within a match of this.
    pub around: &'static str,
    /// Each match of the pattern has a match of this in it. `None` where `around` says enough.
    pub within: Option<&'static str>,
}

/// Why a regex cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PatternError {
    /// It is not a regex.
    #[error("{message}")]
    Syntax {
        /// What is wrong, in the words of the regex parser.
        message: String,
        /// Where, in bytes of the pattern.
        at: Range<usize>,
    },
    /// It matches the empty text, so it would match everywhere.
    #[error("this regex matches the empty text")]
    MatchesEmpty,
    /// It compiles to more than the limit.
    #[error("this regex is too large when compiled (the limit is 1 MiB)")]
    TooLarge,
    /// All patterns together cannot be made into one automaton.
    #[error("the patterns together are too large: {reason}")]
    Automaton {
        /// The builder's reason.
        reason: String,
    },
}

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

/// A regex that is compiled when it is first needed. `None` if that failed, which the tests of the
/// built-in patterns rule out; all others are compiled when they are read.
type SharedRegex = Arc<OnceLock<Option<meta::Regex>>>;

#[derive(Debug)]
struct Compiled {
    spec: PatternSpec,
    regex: SharedRegex,
    /// Whether it has no longest match within its bound.
    unbounded: bool,
    /// The shortest match in bytes. Shorter segments need no search: the automaton matches more than
    /// the pattern does.
    shortest: usize,
}

/// Parses a pattern and checks that it may be used; the result tells its longest match.
pub(super) fn parse(pattern: &str) -> Result<Hir, PatternError> {
    parse_as(pattern, false)
}

fn parse_as(pattern: &str, any_case: bool) -> Result<Hir, PatternError> {
    let hir = regex_syntax::ParserBuilder::new()
        .nest_limit(NEST_LIMIT)
        .case_insensitive(any_case)
        .build()
        .parse(pattern)
        .map_err(|error| syntax_error(&error))?;
    if hir.properties().minimum_len() == Some(0) {
        return Err(PatternError::MatchesEmpty);
    }
    Ok(hir)
}

/// The longest match of a pattern in bytes, `None` where there is no longest.
pub fn longest_match(pattern: &str) -> Result<Option<usize>, PatternError> {
    Ok(parse(pattern)?.properties().maximum_len())
}

/// A built-in pattern: one regex for all policies that use it.
fn shared(pattern: &str) -> SharedRegex {
    static SHARED: Mutex<BTreeMap<String, SharedRegex>> = Mutex::new(BTreeMap::new());
    let mut all = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(all.entry(pattern.to_owned()).or_default())
}

/// Compiles one pattern under the limits.
fn compile(pattern: &str, any_case: bool) -> Result<meta::Regex, PatternError> {
    meta::Regex::builder()
        .configure(
            meta::Config::new()
                .match_kind(MatchKind::LeftmostFirst)
                .nfa_size_limit(Some(REGEX_LIMIT))
                .which_captures(thompson::WhichCaptures::Implicit),
        )
        .syntax(syntax::Config::new().nest_limit(NEST_LIMIT).case_insensitive(any_case))
        .build(pattern)
        .map_err(|_| PatternError::TooLarge)
}

fn syntax_error(error: &regex_syntax::Error) -> PatternError {
    let (message, at) = match error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span()),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span()),
        other => return PatternError::Syntax { message: other.to_string(), at: 0..0 },
    };
    PatternError::Syntax { message, at: at.start.offset..at.end.offset }
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
            let hir = parse_as(&spec.pattern, any_case).map_err(at_fault)?;
            let regex = if spec.outline.is_some() {
                // None of these reads the views in which upper and lower case are alike.
                shared(&spec.pattern)
            } else {
                let regex = compile(&spec.pattern, any_case).map_err(at_fault)?;
                Arc::new(OnceLock::from(Some(regex)))
            };
            let longest = hir.properties().maximum_len().filter(|&len| len <= spec.max_match);
            let shortest = hir.properties().minimum_len().unwrap_or_default();
            let bound = longest.map_or(0, |longest| longest + LOOK_AHEAD);
            // A match that has ended is held while one that overlaps it could still come.
            most_held = most_held.max(longest.map_or(spec.max_match, |_| 2 * bound));
            let (before, bare) = without_context(&hir);
            context = context.max(before);
            let hir = bare.unwrap_or(hir);
            match spec.outline {
                None => shapes.add(
                    Shape { hir: hir.clone(), bound, built_in: false, silent: false },
                    Some(index),
                ),
                Some(outline) => shapes.outline(outline, bound, index).map_err(at_fault)?,
            }
            if longest.is_none() {
                unbounded.entry(spec.max_match).or_default().push(Shape {
                    hir,
                    bound,
                    built_in: false,
                    silent: false,
                });
            }
            compiled.push(Compiled { spec, regex, unbounded: longest.is_none(), shortest });
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
            found.span.start < restart && compiled.is_some_and(|compiled| compiled.unbounded)
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
        let PatternScratch { segments, hit_patterns, open_patterns: _, matches } = scratch;
        for (index, segment) in segments.iter().enumerate() {
            let end = segments.get(index + 1).map_or(hit_patterns.len(), |next| next.first_pattern);
            let shapes = hit_patterns.get(segment.first_pattern..end).unwrap_or_default();
            let members = shapes.iter().filter_map(|&shape| self.members.get(shape));
            for &pattern in members.flatten() {
                let Some(compiled) = self.compiled.get(pattern) else { continue };
                let mut within = segment.span;
                within.start = self.with_context(text, within.start);
                if !compiled.search(text, within, work, &mut |span| {
                    matches.push(PatternMatch { pattern, span });
                }) {
                    return false;
                }
            }
        }
        true
    }
}

impl Compiled {
    fn memory(&self) -> usize {
        self.regex.get().and_then(Option::as_ref).map_or(0, meta::Regex::memory_usage)
    }

    fn search(
        &self,
        text: &str,
        within: Span,
        work: &mut usize,
        found: &mut dyn FnMut(Span),
    ) -> bool {
        if within.len() < self.shortest {
            return true;
        }
        let regex = self.regex.get_or_init(|| compile(&self.spec.pattern, false).ok());
        let Some(regex) = regex else { return false };
        for hit in regex.find_iter(Input::new(text).span(within.range())) {
            // A search may read to the end of its segment for each match, so that is what each
            // match is charged: a quadratic pattern runs out of work instead of time.
            let Some(left) = work.checked_sub(within.len()) else { return false };
            *work = left;
            let valid = match (self.spec.validate, text.get(hit.range())) {
                (Some(validate), Some(matched)) => validate(matched),
                (None, _) | (_, None) => true,
            };
            if valid {
                found(Span::from(hit.range()));
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
        let Self { segments, hit_patterns, open_patterns, matches } = self;
        segments.clear();
        hit_patterns.clear();
        open_patterns.clear();
        matches.clear();
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

/// The last character boundary at or before `at`.
pub(super) fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
