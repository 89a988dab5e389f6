//! The horizon of regexes: one automaton over all patterns that tells where no match is in progress.
//!
//! Each pattern is compiled with every look-around erased, and with long counted repeats made
//! unlimited where the automaton would be too large otherwise. Both make it match a superset; what
//! the automaton rules out is really out. With all-matches semantics the search never dies, and whenever
//! it is back in its start state no pattern is in progress: that position is a *cut*. A non-empty
//! match can never end exactly at a cut, because after its last byte the state still carries the
//! match, so one character of look-ahead for `\b` and `$` is always there.

use std::sync::Mutex;

use regex_automata::hybrid::dfa::{Cache, DFA as LazyDfa};
use regex_automata::nfa::thompson;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::Hir;

use super::flat::{Flat, Group, MOST_GROUPS};
use super::pattern::PatternError;
use super::run::{Course, MatchSink, Run, byte_before};
use super::widen::{Widening, byte_of_no_text, can_begin_with, has_long_repeat, widen_whole};

/// How far patterns are widened, one step after the other, until the dense form fits.
const WIDENING: [Widening; 2] = [
    Widening { longest: LONG_REPEAT, classes_below: usize::MAX },
    Widening { longest: 1, classes_below: usize::MAX },
];
/// Counted repeats beyond this are long: they are always widened, and stand in a group of their own.
const LONG_REPEAT: u32 = 12;
/// Matches beyond this are long: a pattern that has them stands in a group with its like, so that the
/// others are not held as long.
const LONG_MATCH: usize = 512;
/// How far patterns are widened for the lazy form.
const WIDENED_FOR_LAZY: Widening = Widening { longest: 16, classes_below: 128 };
/// The most bytes of one cache of the lazy automaton.
const LAZY_CACHE: usize = 2 << 20;
/// The most bytes of the common NFA of all patterns.
const NFA_LIMIT: usize = 32 << 20;
/// The most idle caches of the lazy automaton that are kept for the next scan.
const IDLE_CACHES: usize = 4;

/// One automaton over a set of patterns.
#[derive(Debug)]
pub(super) struct HorizonAutomaton {
    engine: Engine,
}

/// A pattern as the automaton takes it.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) hir: Hir,
    /// The longest match in bytes, with the look-ahead; zero where there is none.
    pub(super) bound: usize,
    /// Whether it is one of ours, made to go together with the others of ours.
    pub(super) built_in: bool,
    /// Whether it only tells where something is in progress, and nobody wants to hear of its matches.
    pub(super) silent: bool,
}

impl Shape {
    /// The expression that the automaton is made of. One that nobody wants to hear of goes on to a byte
    /// that no text has, and so never matches.
    fn widened(&self, widening: Widening) -> Hir {
        let wide = widen_whole(&self.hir, widening);
        if self.silent { Hir::concat(vec![wide, byte_of_no_text()]) } else { wide }
    }
}

#[derive(Debug)]
enum Engine {
    /// All states in memory. Patterns whose repeats would multiply each other's states stand in
    /// groups, each an automaton of its own; the groups run side by side over each byte.
    Dense(Flat),
    /// States are made as the text asks for them.
    Lazy(Lazy),
}

#[derive(Debug)]
struct Lazy {
    dfa: Box<LazyDfa>,
    /// Whether the state after a space is one where nothing is in progress.
    space_is_idle: bool,
    bound: usize,
    idle: Mutex<Vec<Cache>>,
}

impl HorizonAutomaton {
    /// Builds the automaton over `shapes`, whose look-around is erased here.
    pub(super) fn new(shapes: &[Shape]) -> Result<Self, PatternError> {
        // Long matches, kept apart from the others, do not hold those; long repeats, which stay in
        // progress over whole words, do not multiply the states of the others. Ours are made to go
        // together.
        let mut kinds: [Vec<usize>; 3] = Default::default();
        for (index, shape) in shapes.iter().enumerate() {
            let long = shape.bound > LONG_MATCH || (shape.bound == 0 && !shape.built_in);
            let kind = match shape.built_in {
                _ if long => 2,
                true => 0,
                false if has_long_repeat(&shape.hir, LONG_REPEAT) => 2,
                false => 1,
            };
            if let Some(kind) = kinds.get_mut(kind) {
                kind.push(index);
            }
        }
        let mut groups = Vec::new();
        if kinds.iter().all(|kind| dense_groups(shapes, kind, &mut groups)) {
            return Ok(Self { engine: Engine::Dense(Flat::new(&groups)) });
        }
        Ok(Self { engine: Engine::Lazy(Lazy::new(shapes)?) })
    }

    /// The same, with states made as the text asks for them: quick to build, for what is seldom run.
    pub(super) fn seldom(shapes: &[Shape]) -> Result<Self, PatternError> {
        Ok(Self { engine: Engine::Lazy(Lazy::new(shapes)?) })
    }

    /// Whether all states are in memory already (the fast form).
    pub(super) fn is_dense(&self) -> bool {
        matches!(self.engine, Engine::Dense(_))
    }

    /// Bytes that the automaton takes.
    pub(super) fn memory(&self) -> usize {
        match &self.engine {
            Engine::Dense(flat) => flat.memory(),
            Engine::Lazy(lazy) => {
                let idle = lazy.idle.lock().map_or(0, |caches| caches.len());
                lazy.dfa.get_nfa().memory_usage() + idle * LAZY_CACHE
            }
        }
    }

    /// Runs over a window from the start state.
    pub(super) fn run(&self, course: Course<'_>, sink: &mut impl MatchSink) -> Run {
        match &self.engine {
            Engine::Dense(flat) => flat.run(course, sink),
            Engine::Lazy(lazy) => {
                let taken = lazy.idle.lock().ok().and_then(|mut caches| caches.pop());
                let mut cache = taken.unwrap_or_else(|| lazy.dfa.create_cache());
                let run = lazy.run(&mut cache, course, sink);
                if let Ok(mut caches) = lazy.idle.lock()
                    && caches.len() < IDLE_CACHES
                {
                    caches.push(cache);
                }
                run
            }
        }
    }
}

/// Makes dense automata of the patterns with these numbers: one if it fits, else one of each half.
/// False when that would be more groups than are worth running.
fn dense_groups(shapes: &[Shape], which: &[usize], groups: &mut Vec<Group>) -> bool {
    if which.is_empty() {
        return true;
    }
    let chosen = || which.iter().filter_map(|&index| shapes.get(index));
    for widening in WIDENING {
        let wide: Vec<Hir> = chosen().map(|shape| shape.widened(widening)).collect();
        let idle = b" \n".iter().copied().find(|&byte| !can_begin_with(&wide, byte));
        let bound = chosen().map(|shape| shape.bound).max().unwrap_or_default();
        if let Some(group) =
            nfa(&wide).ok().and_then(|nfa| Group::new(&nfa, idle, which.to_vec(), bound))
        {
            groups.push(group);
            return groups.len() <= MOST_GROUPS;
        }
    }
    if which.len() < 2 || groups.len() + 2 > MOST_GROUPS {
        return false;
    }
    let (first, second) = which.split_at(which.len() / 2);
    dense_groups(shapes, first, groups) && dense_groups(shapes, second, groups)
}

impl Lazy {
    fn new(shapes: &[Shape]) -> Result<Self, PatternError> {
        let wide: Vec<Hir> = shapes.iter().map(|shape| shape.widened(WIDENED_FOR_LAZY)).collect();
        let config = LazyDfa::config()
            .match_kind(MatchKind::All)
            .cache_capacity(LAZY_CACHE)
            .skip_cache_capacity_check(true);
        let dfa = LazyDfa::builder()
            .configure(config)
            .build_from_nfa(nfa(&wide)?)
            .map_err(|error| PatternError::Automaton { reason: error.to_string() })?;
        Ok(Self {
            dfa: Box::new(dfa),
            space_is_idle: !can_begin_with(&wide, b' '),
            bound: shapes.iter().map(|shape| shape.bound).max().unwrap_or_default(),
            idle: Mutex::new(Vec::new()),
        })
    }

    fn run(&self, cache: &mut Cache, course: Course<'_>, sink: &mut impl MatchSink) -> Run {
        let Course { text, from, last, wide } = course;
        let bytes = text.as_bytes().get(from..).unwrap_or_default();
        let mut cut = from;
        let (mut first_wide, mut seen) = (None, false);
        let mut close = |cut: &mut usize, at: usize| {
            first_wide = first_wide.or_else(|| (at - *cut > wide).then_some(*cut));
            *cut = at;
        };
        let mut walk = || -> Option<()> {
            let dfa = &self.dfa;
            let mut idle = self.idle_states(cache)?;
            let mut state = dfa.next_state(cache, idle.0, byte_before(text, from)).ok()?;
            let mut clears = cache.clear_count();
            for (index, &byte) in bytes.iter().enumerate() {
                state = dfa.next_state(cache, state, byte).ok()?;
                if cache.clear_count() != clears {
                    // A full cache was cleared: the state that survived is renumbered, and so is the
                    // start.
                    clears = cache.clear_count();
                    idle = self.idle_states(cache)?;
                }
                let at = from + index + 1;
                if state == idle.0 || state == idle.1 {
                    if text.is_char_boundary(at) {
                        if seen {
                            sink.segment(cut, at);
                            seen = false;
                        }
                        close(&mut cut, at);
                    }
                } else if state.is_match() {
                    seen = true;
                    report_lazy(dfa, cache, state, sink);
                }
            }
            if last {
                let end = dfa.next_eoi_state(cache, state).ok()?;
                if end.is_match() {
                    report_lazy(dfa, cache, end, sink);
                }
            }
            Some(())
        };
        if walk().is_none() {
            sink.gave_up(self.dfa.pattern_len());
        }
        let last_cut = cut;
        close(&mut cut, text.len());
        let bounded = crate::text::floor_char(text, text.len().saturating_sub(self.bound));
        Run { last_cut, decided: last_cut.max(bounded), first_wide }
    }

    /// The start, and the state after a space where that is idle too.
    fn idle_states(&self, cache: &mut Cache) -> Option<(LazyState, LazyState)> {
        let config = start::Config::new().anchored(Anchored::No);
        let start = self.dfa.start_state(cache, &config).ok()?;
        let after = self.dfa.next_state(cache, start, b' ').ok().filter(|_| self.space_is_idle);
        Some((start, after.unwrap_or(start)))
    }
}

type LazyState = regex_automata::hybrid::LazyStateID;

fn report_lazy(dfa: &LazyDfa, cache: &Cache, state: LazyState, sink: &mut impl MatchSink) {
    for index in 0..dfa.match_len(cache, state) {
        sink.matched(dfa.match_pattern(cache, state, index).as_usize());
    }
}

fn nfa(patterns: &[Hir]) -> Result<thompson::NFA, PatternError> {
    let config = thompson::Config::new()
        .which_captures(thompson::WhichCaptures::None)
        .nfa_size_limit(Some(NFA_LIMIT));
    thompson::Compiler::new()
        .configure(config)
        .build_many_from_hir(patterns)
        .map_err(|error| PatternError::Automaton { reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Default, PartialEq, Debug)]
    struct Told {
        segments: Vec<(usize, usize)>,
        matched: Vec<usize>,
    }

    impl MatchSink for Told {
        fn matched(&mut self, pattern: usize) {
            if !self.matched.contains(&pattern) {
                self.matched.push(pattern);
                self.matched.sort_unstable();
            }
        }

        fn segment(&mut self, start: usize, end: usize) {
            self.segments.push((start, end));
        }

        fn gave_up(&mut self, _: usize) {
            unreachable!("the cache is large enough");
        }
    }

    fn told(automaton: &HorizonAutomaton, text: &str) -> (Told, Run) {
        let mut told = Told::default();
        let run = automaton.run(Course { text, from: 0, last: true, wide: 9 }, &mut told);
        (told, run)
    }

    fn shapes(patterns: &[&str]) -> Vec<Shape> {
        let shape = |pattern: &&str| {
            let hir = super::super::pattern::parse(pattern).unwrap();
            let bound = hir.properties().maximum_len().map_or(0, |len| len + 4);
            Shape { hir, bound, built_in: false, silent: false }
        };
        patterns.iter().map(shape).collect()
    }

    #[test]
    fn the_lazy_automaton_tells_the_same_as_the_dense_one() {
        let shapes = shapes(&[
            r"[a-z]{1,9}@[a-z]{1,9}\.[a-z]{2,4}",
            r"(?-u:\b)\d{4}",
            "secret$",
            "傻[瓜子]",
        ]);
        let dense = HorizonAutomaton::new(&shapes).unwrap();
        assert!(dense.is_dense());
        let lazy = HorizonAutomaton { engine: Engine::Lazy(Lazy::new(&shapes).unwrap()) };
        for text in ["mail bob@x.com, 1234 bob; secret", "你是傻瓜 12345", "", "a@b.c secret no"]
        {
            assert_eq!(told(&lazy, text), told(&dense, text), "{text}");
        }
    }

    #[test]
    fn a_match_never_ends_at_a_cut() {
        let automaton = HorizonAutomaton::new(&shapes(&["ab|b"])).unwrap();
        let (told, run) = told(&automaton, "xabx ");
        assert_eq!(told.segments, [(1, 5)]);
        assert_eq!(run.last_cut, 5);
    }

    #[test]
    fn a_long_stretch_without_a_cut_is_told_from_its_beginning() {
        let automaton = HorizonAutomaton::new(&shapes(&["<[^>]+>"])).unwrap();
        assert_eq!(told(&automaton, "ab <0123456789 x").1.first_wide, Some(3));
        assert_eq!(told(&automaton, "ab <01234> xyzxyzxyz").1.first_wide, None);
    }

    #[test]
    fn short_patterns_are_decided_while_a_long_one_is_in_progress() {
        let automaton = HorizonAutomaton::new(&shapes(&["x{300}y", "[0-9]{2,8}z"])).unwrap();
        let text = "x".repeat(100);
        let run = automaton
            .run(Course { text: &text, from: 0, last: false, wide: 999 }, &mut Told::default());
        assert_eq!((run.last_cut, run.decided), (0, 0));
        let text = "7".repeat(100);
        let run = automaton
            .run(Course { text: &text, from: 0, last: false, wide: 999 }, &mut Told::default());
        assert_eq!((run.last_cut, run.decided), (0, 87));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

        #[test]
        fn where_a_long_text_is_taken_up_changes_nothing(
            words in prop::collection::vec(
                prop_oneof![
                    Just("word "), Just("abab"), Just("x "), Just("<"), Just("> "), Just("secret "),
                    Just("1234 "), Just("傻瓜"), Just("，"), Just("bob@x.com "),
                ],
                200..1_200,
            ),
        ) {
            let text = words.concat();
            let shapes = shapes(&[r"[a-z]{1,9}@[a-z]{1,9}\.[a-z]{2,4}", "(?:ab){3}", "<[^>]+>", "傻[瓜子]", "secret x"]);
            let dense = HorizonAutomaton::new(&shapes).unwrap();
            let lazy = HorizonAutomaton { engine: Engine::Lazy(Lazy::new(&shapes).unwrap()) };
            let (one, other) = (told(&dense, &text), told(&lazy, &text));
            prop_assert_eq!(one.0, other.0);
            prop_assert_eq!((one.1.last_cut, one.1.first_wide), (other.1.last_cut, other.1.first_wide));
        }
    }
}
