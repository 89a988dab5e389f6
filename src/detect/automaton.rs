//! The horizon of regexes: one automaton over all patterns that tells where no match is in progress.
//!
//! Each pattern is compiled with every look-around erased, which makes it match a superset; what the
//! automaton rules out is really out. With all-matches semantics the search never dies, and whenever
//! it is back in its start state no pattern is in progress: that position is a *cut*. A non-empty
//! match can never end exactly at a cut, because after its last byte the state still carries the
//! match, so one character of look-ahead for `\b` and `$` is always there.

use std::sync::Mutex;

use regex_automata::dfa::{Automaton, dense};
use regex_automata::hybrid::dfa::{Cache, DFA as LazyDfa};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind};
use regex_syntax::hir::{Hir, HirKind};

use super::pattern::PatternError;

/// The most bytes a dense automaton may take; beyond it the lazy one is used.
const DENSE_LIMIT: usize = 16 << 20;
/// The most bytes that building a dense automaton may take.
const DETERMINIZE_LIMIT: usize = 24 << 20;
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

#[derive(Debug)]
enum Engine {
    Dense { dfa: Box<dense::DFA<Vec<u32>>>, start: StateID },
    Lazy { dfa: Box<LazyDfa>, idle: Mutex<Vec<Cache>> },
}

/// What one run over a window tells.
pub(super) trait CutSink {
    /// The automaton is in its start state before byte `at`: no match crosses this position.
    fn cut(&mut self, at: usize);
    /// Pattern `pattern` matched since the last cut (told once or more often).
    fn matched(&mut self, pattern: usize);
    /// The automaton could not go on: each pattern may have matched anywhere after the last cut.
    fn gave_up(&mut self, patterns: usize);
}

impl HorizonAutomaton {
    /// Builds the automaton over `patterns`, whose look-around is erased here.
    pub(super) fn new(patterns: &[Hir]) -> Result<Self, PatternError> {
        let erased: Vec<Hir> = patterns.iter().map(erase_look_around).collect();
        let nfa = thompson::Compiler::new()
            .configure(
                thompson::Config::new()
                    .which_captures(thompson::WhichCaptures::None)
                    .nfa_size_limit(Some(NFA_LIMIT)),
            )
            .build_many_from_hir(&erased)
            .map_err(|error| PatternError::Automaton { reason: error.to_string() })?;
        let engine = match dense_engine(&nfa) {
            Some(engine) => engine,
            None => lazy_engine(nfa)?,
        };
        Ok(Self { engine })
    }

    /// Whether all states are in memory already (the fast form).
    pub(super) fn is_dense(&self) -> bool {
        matches!(self.engine, Engine::Dense { .. })
    }

    /// Bytes that the automaton takes.
    pub(super) fn memory(&self) -> usize {
        match &self.engine {
            Engine::Dense { dfa, .. } => dfa.memory_usage(),
            Engine::Lazy { dfa, idle } => {
                let idle = idle.lock().map_or(0, |caches| caches.len());
                dfa.get_nfa().memory_usage() + idle * LAZY_CACHE
            }
        }
    }

    /// Runs over `text[from..]` from the start state. With `last` the end of the text is told to the
    /// automaton too, so that a match that ends there is seen.
    pub(super) fn run(&self, text: &str, from: usize, last: bool, sink: &mut impl CutSink) {
        match &self.engine {
            Engine::Dense { dfa, start } => run_dense(dfa, *start, text, (from, last), sink),
            Engine::Lazy { dfa, idle } => {
                let taken = idle.lock().ok().and_then(|mut caches| caches.pop());
                let mut cache = taken.unwrap_or_else(|| dfa.create_cache());
                run_lazy(dfa, &mut cache, text, (from, last), sink);
                if let Ok(mut caches) = idle.lock()
                    && caches.len() < IDLE_CACHES
                {
                    caches.push(cache);
                }
            }
        }
    }
}

fn dense_engine(nfa: &thompson::NFA) -> Option<Engine> {
    let config = dense::Config::new()
        .match_kind(MatchKind::All)
        .start_kind(regex_automata::dfa::StartKind::Unanchored)
        .accelerate(false)
        .dfa_size_limit(Some(DENSE_LIMIT))
        .determinize_size_limit(Some(DETERMINIZE_LIMIT));
    let dfa = dense::Builder::new().configure(config).build_from_nfa(nfa).ok()?;
    let start = dfa.start_state(&start::Config::new().anchored(Anchored::No)).ok()?;
    Some(Engine::Dense { dfa: Box::new(dfa), start })
}

fn lazy_engine(nfa: thompson::NFA) -> Result<Engine, PatternError> {
    let config = LazyDfa::config()
        .match_kind(MatchKind::All)
        .cache_capacity(LAZY_CACHE)
        .skip_cache_capacity_check(true);
    let dfa = LazyDfa::builder()
        .configure(config)
        .build_from_nfa(nfa)
        .map_err(|error| PatternError::Automaton { reason: error.to_string() })?;
    Ok(Engine::Lazy { dfa: Box::new(dfa), idle: Mutex::new(Vec::new()) })
}

fn run_dense(
    dfa: &dense::DFA<Vec<u32>>,
    start: StateID,
    text: &str,
    (from, last): (usize, bool),
    sink: &mut impl CutSink,
) {
    let mut state = start;
    let bytes = text.as_bytes().get(from..).unwrap_or_default();
    for (index, &byte) in bytes.iter().enumerate() {
        state = dfa.next_state(state, byte);
        if state == start {
            let at = from + index + 1;
            if text.is_char_boundary(at) {
                sink.cut(at);
            }
        } else if dfa.is_match_state(state) {
            for index in 0..dfa.match_len(state) {
                sink.matched(dfa.match_pattern(state, index).as_usize());
            }
        }
    }
    if last {
        let state = dfa.next_eoi_state(state);
        if dfa.is_match_state(state) {
            for index in 0..dfa.match_len(state) {
                sink.matched(dfa.match_pattern(state, index).as_usize());
            }
        }
    }
}

fn run_lazy(
    dfa: &LazyDfa,
    cache: &mut Cache,
    text: &str,
    (from, last): (usize, bool),
    sink: &mut impl CutSink,
) {
    let config = start::Config::new().anchored(Anchored::No);
    let bytes = text.as_bytes().get(from..).unwrap_or_default();
    // A full cache is cleared by the automaton itself, and the state that survives is renumbered;
    // the start state is asked for anew after each byte that could have cleared it.
    let Ok(mut state) = dfa.start_state(cache, &config) else {
        return sink.gave_up(dfa.pattern_len());
    };
    for (index, &byte) in bytes.iter().enumerate() {
        let Ok(next) = dfa.next_state(cache, state, byte) else {
            return sink.gave_up(dfa.pattern_len());
        };
        state = next;
        let Ok(start) = dfa.start_state(cache, &config) else {
            return sink.gave_up(dfa.pattern_len());
        };
        if state == start {
            let at = from + index + 1;
            if text.is_char_boundary(at) {
                sink.cut(at);
            }
        } else if state.is_match() {
            for index in 0..dfa.match_len(cache, state) {
                sink.matched(dfa.match_pattern(cache, state, index).as_usize());
            }
        }
    }
    if last
        && let Ok(end) = dfa.next_eoi_state(cache, state)
        && end.is_match()
    {
        for index in 0..dfa.match_len(cache, end) {
            sink.matched(dfa.match_pattern(cache, end, index).as_usize());
        }
    }
}

/// The pattern with every assertion replaced by the empty expression: it matches a superset.
fn erase_look_around(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Look(_) => Hir::empty(),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
        HirKind::Repetition(repetition) => {
            let mut repetition = repetition.clone();
            repetition.sub = Box::new(erase_look_around(&repetition.sub));
            Hir::repetition(repetition)
        }
        HirKind::Capture(capture) => erase_look_around(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(erase_look_around).collect()),
        HirKind::Alternation(parts) => {
            Hir::alternation(parts.iter().map(erase_look_around).collect())
        }
    }
}
