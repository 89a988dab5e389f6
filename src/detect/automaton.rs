//! The horizon of regexes: one automaton over all patterns that tells where no match is in progress.
//!
//! Each pattern is compiled with every look-around erased, and with long counted repeats made
//! unlimited where the automaton would be too large otherwise. Both make it match a superset; what
//! the automaton rules out is really out. With all-matches semantics the search never dies, and whenever
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
use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicodeRange, Hir, HirKind, Look,
};

use super::pattern::PatternError;

/// The most bytes a dense automaton may take; beyond it patterns are widened, and at last the lazy
/// form is used. Small enough that its busy part stays in the processor's cache.
const DENSE_LIMIT: usize = 1 << 20;
/// The most bytes that building a dense automaton may take.
const DETERMINIZE_LIMIT: usize = 1 << 20;
/// How far patterns are widened, one step after the other, until the dense form fits.
const WIDENING: [Widening; 2] = [
    Widening { longest: LONG_REPEAT, classes_below: usize::MAX },
    Widening { longest: 1, classes_below: usize::MAX },
];
/// Counted repeats beyond this are long: they are always widened, and stand in a group of their own.
const LONG_REPEAT: u32 = 12;
/// The most dense automata that run side by side.
const MOST_GROUPS: usize = 4;
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

#[derive(Debug)]
enum Engine {
    /// All states in memory. Patterns whose repeats would multiply each other's states stand in
    /// groups, each an automaton of its own; the groups run side by side over each byte.
    Dense(Vec<Group>),
    /// States are made as the text asks for them.
    Lazy {
        dfa: Box<LazyDfa>,
        /// Whether the state after a space is one where nothing is in progress.
        space_is_idle: bool,
        idle: Mutex<Vec<Cache>>,
    },
}

#[derive(Debug)]
struct Group {
    dfa: Box<dense::DFA<Vec<u32>>>,
    start: StateID,
    /// Where nothing is in progress: the start, and the state after a byte that can only stand before
    /// a word.
    idle: [StateID; 2],
    /// The number that each pattern of the group has in the whole.
    patterns: Vec<usize>,
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
        // Long repeats stay in progress over whole words; kept apart from the others, they do not
        // multiply the states of those.
        let (long, short): (Vec<usize>, Vec<usize>) = (0..patterns.len())
            .partition(|&index| patterns.get(index).is_some_and(has_long_repeat));
        let mut groups = Vec::new();
        if dense_groups(patterns, &short, &mut groups) && dense_groups(patterns, &long, &mut groups)
        {
            return Ok(Self { engine: Engine::Dense(groups) });
        }
        let wide: Vec<Hir> =
            patterns.iter().map(|hir| widen_whole(hir, WIDENED_FOR_LAZY)).collect();
        Ok(Self { engine: lazy_engine(nfa(&wide)?, !can_begin_with(&wide, b' '))? })
    }

    /// Whether all states are in memory already (the fast form).
    pub(super) fn is_dense(&self) -> bool {
        matches!(self.engine, Engine::Dense(_))
    }

    /// Bytes that the automaton takes.
    pub(super) fn memory(&self) -> usize {
        match &self.engine {
            Engine::Dense(groups) => groups.iter().map(|group| group.dfa.memory_usage()).sum(),
            Engine::Lazy { dfa, idle, .. } => {
                let idle = idle.lock().map_or(0, |caches| caches.len());
                dfa.get_nfa().memory_usage() + idle * LAZY_CACHE
            }
        }
    }

    /// Runs over `text[from..]` from the start state. With `last` the end of the text is told to the
    /// automaton too, so that a match that ends there is seen.
    pub(super) fn run(&self, text: &str, from: usize, last: bool, sink: &mut impl CutSink) {
        match &self.engine {
            Engine::Dense(groups) => match groups.as_slice() {
                [a] => run_dense([a], text, (from, last), sink),
                [a, b] => run_dense([a, b], text, (from, last), sink),
                [a, b, c] => run_dense([a, b, c], text, (from, last), sink),
                [a, b, c, d] => run_dense([a, b, c, d], text, (from, last), sink),
                _ => sink.cut(text.len()),
            },
            Engine::Lazy { dfa, space_is_idle, idle } => {
                let taken = idle.lock().ok().and_then(|mut caches| caches.pop());
                let mut cache = taken.unwrap_or_else(|| dfa.create_cache());
                let facts = (from, last, *space_is_idle);
                run_lazy(dfa, &mut cache, text, facts, sink);
                if let Ok(mut caches) = idle.lock()
                    && caches.len() < IDLE_CACHES
                {
                    caches.push(cache);
                }
            }
        }
    }
}

/// Makes dense automata of the patterns with these numbers: one if it fits, else one of each half.
/// False when that would be more groups than are worth running.
fn dense_groups(patterns: &[Hir], which: &[usize], groups: &mut Vec<Group>) -> bool {
    if which.is_empty() {
        return true;
    }
    let chosen = || which.iter().filter_map(|&index| patterns.get(index));
    for widening in WIDENING {
        let wide: Vec<Hir> = chosen().map(|hir| widen_whole(hir, widening)).collect();
        if let Some((dfa, start)) = nfa(&wide).ok().as_ref().and_then(dense) {
            let idle = idle_states(&dfa, start, &wide);
            groups.push(Group { dfa: Box::new(dfa), start, idle, patterns: which.to_vec() });
            return groups.len() <= MOST_GROUPS;
        }
    }
    if which.len() < 2 || groups.len() + 2 > MOST_GROUPS {
        return false;
    }
    let (first, second) = which.split_at(which.len() / 2);
    dense_groups(patterns, first, groups) && dense_groups(patterns, second, groups)
}

fn dense(nfa: &thompson::NFA) -> Option<(dense::DFA<Vec<u32>>, StateID)> {
    let config = dense::Config::new()
        .match_kind(MatchKind::All)
        .start_kind(regex_automata::dfa::StartKind::Unanchored)
        .accelerate(false)
        .dfa_size_limit(Some(DENSE_LIMIT))
        .determinize_size_limit(Some(DETERMINIZE_LIMIT));
    let dfa = dense::Builder::new().configure(config).build_from_nfa(nfa).ok()?;
    let start = dfa.start_state(&start::Config::new().anchored(Anchored::No)).ok()?;
    Some((dfa, start))
}

fn lazy_engine(nfa: thompson::NFA, space_is_idle: bool) -> Result<Engine, PatternError> {
    let config = LazyDfa::config()
        .match_kind(MatchKind::All)
        .cache_capacity(LAZY_CACHE)
        .skip_cache_capacity_check(true);
    let dfa = LazyDfa::builder()
        .configure(config)
        .build_from_nfa(nfa)
        .map_err(|error| PatternError::Automaton { reason: error.to_string() })?;
    Ok(Engine::Lazy { dfa: Box::new(dfa), space_is_idle, idle: Mutex::new(Vec::new()) })
}

fn run_dense<const N: usize>(
    groups: [&Group; N],
    text: &str,
    (from, last): (usize, bool),
    sink: &mut impl CutSink,
) {
    let before = byte_before(text, from);
    let mut states = groups.map(|group| group.dfa.next_state(group.start, before));
    let bytes = text.as_bytes().get(from..).unwrap_or_default();
    for (index, &byte) in bytes.iter().enumerate() {
        let (mut idle, mut matched) = (true, false);
        for (state, group) in states.iter_mut().zip(groups) {
            *state = group.dfa.next_state(*state, byte);
            let [start, after_border] = group.idle;
            idle &= *state == start || *state == after_border;
            matched |= group.dfa.is_match_state(*state);
        }
        if idle {
            let at = from + index + 1;
            if text.is_char_boundary(at) {
                sink.cut(at);
            }
        } else if matched {
            report(groups, states, sink);
        }
    }
    if last {
        for (state, group) in states.iter_mut().zip(groups) {
            *state = group.dfa.next_eoi_state(*state);
        }
        report(groups, states, sink);
    }
}

/// Tells which patterns have matched in these states.
fn report<const N: usize>(groups: [&Group; N], states: [StateID; N], sink: &mut impl CutSink) {
    for (state, group) in states.into_iter().zip(groups) {
        if group.dfa.is_match_state(state) {
            for index in 0..group.dfa.match_len(state) {
                let pattern = group.dfa.match_pattern(state, index).as_usize();
                if let Some(&pattern) = group.patterns.get(pattern) {
                    sink.matched(pattern);
                }
            }
        }
    }
}

fn run_lazy(
    dfa: &LazyDfa,
    cache: &mut Cache,
    text: &str,
    (from, last, space_is_idle): (usize, bool, bool),
    sink: &mut impl CutSink,
) {
    let config = start::Config::new().anchored(Anchored::No);
    let bytes = text.as_bytes().get(from..).unwrap_or_default();
    let give_up = |sink: &mut dyn CutSink| sink.gave_up(dfa.pattern_len());
    // The start, and the state after a space where that is idle too.
    let idle_states = |cache: &mut Cache| {
        let start = dfa.start_state(cache, &config).ok()?;
        let after = dfa.next_state(cache, start, b' ').ok().filter(|_| space_is_idle);
        Some((start, after.unwrap_or(start)))
    };
    let Some(mut idle) = idle_states(cache) else { return give_up(sink) };
    let Ok(mut state) = dfa.next_state(cache, idle.0, byte_before(text, from)) else {
        return give_up(sink);
    };
    let mut clears = cache.clear_count();
    for (index, &byte) in bytes.iter().enumerate() {
        let Ok(next) = dfa.next_state(cache, state, byte) else { return give_up(sink) };
        state = next;
        if cache.clear_count() != clears {
            // A full cache was cleared: the state that survived is renumbered, and so is the start.
            clears = cache.clear_count();
            let Some(renumbered) = idle_states(cache) else { return give_up(sink) };
            idle = renumbered;
        }
        if state == idle.0 || state == idle.1 {
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

fn nfa(patterns: &[Hir]) -> Result<thompson::NFA, PatternError> {
    let config = thompson::Config::new()
        .which_captures(thompson::WhichCaptures::None)
        .nfa_size_limit(Some(NFA_LIMIT));
    thompson::Compiler::new()
        .configure(config)
        .build_many_from_hir(patterns)
        .map_err(|error| PatternError::Automaton { reason: error.to_string() })
}

/// The byte before the text that is scanned; a text begins as if after a line break.
fn byte_before(text: &str, from: usize) -> u8 {
    from.checked_sub(1).and_then(|before| text.as_bytes().get(before)).copied().unwrap_or(b'\n')
}

/// The states in which no pattern is in progress: the start, and the one that a byte leads to which
/// can only stand before a word.
fn idle_states(dfa: &dense::DFA<Vec<u32>>, start: StateID, patterns: &[Hir]) -> [StateID; 2] {
    let idle = b" \n".iter().find(|&&byte| !can_begin_with(patterns, byte));
    [start, idle.map_or(start, |&byte| dfa.next_state(start, byte))]
}

/// Whether a match of one of the patterns can begin with this byte, the byte before a word border not
/// counted.
fn can_begin_with(patterns: &[Hir], byte: u8) -> bool {
    patterns.iter().any(|pattern| {
        let bordered = matches!(pattern.kind(), HirKind::Concat(parts) if parts.first() == Some(&border_byte()));
        !bordered && begins_with(pattern, byte)
    })
}

/// Whether a match can begin with this byte; where that is not plain to see, it can.
fn begins_with(hir: &Hir, byte: u8) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => literal.0.first() == Some(&byte),
        HirKind::Class(Class::Unicode(class)) => class
            .ranges()
            .iter()
            .any(|range| (range.start()..=range.end()).contains(&char::from(byte))),
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&byte))
        }
        HirKind::Repetition(repetition) => {
            repetition.min == 0 || begins_with(&repetition.sub, byte)
        }
        HirKind::Capture(capture) => begins_with(&capture.sub, byte),
        HirKind::Alternation(parts) => parts.iter().any(|part| begins_with(part, byte)),
        HirKind::Concat(parts) => {
            for part in parts {
                if begins_with(part, byte) {
                    return true;
                }
                if part.properties().minimum_len() != Some(0) {
                    return false;
                }
            }
            true
        }
    }
}

/// Any byte that is no ASCII letter, digit or underscore: what stands before a word border.
fn border_byte() -> Hir {
    let ranges = [(0, b'/'), (b':', b'@'), (b'[', b'^'), (b'`', b'`'), (b'{', 0xff)];
    let ranges = ranges.map(|(start, end)| ClassBytesRange::new(start, end));
    Hir::class(Class::Bytes(ClassBytes::new(ranges)))
}

/// A pattern whose word border at the beginning has become the byte before it. An ASCII border and a
/// Unicode one alike have no ASCII word character before them, when one follows.
fn with_border(hir: &Hir, widening: Widening) -> Option<Hir> {
    let HirKind::Concat(parts) = hir.kind() else { return None };
    let (first, rest) = parts.split_first()?;
    let HirKind::Look(look) = first.kind() else { return None };
    let border = matches!(
        look,
        Look::WordAscii | Look::WordUnicode | Look::WordStartAscii | Look::WordStartUnicode
    );
    if !border || !rest.first().is_some_and(begins_a_word) {
        return None;
    }
    let rest = rest.iter().map(|part| widen(part, widening));
    Some(Hir::concat(std::iter::once(border_byte()).chain(rest).collect()))
}

/// Whether a match can only begin with an ASCII letter, digit or underscore.
fn begins_a_word(hir: &Hir) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => literal.0.first().is_some_and(|&byte| word(byte)),
        HirKind::Class(Class::Unicode(class)) => class.ranges().iter().all(|range| {
            range.end().is_ascii() && (range.start()..=range.end()).all(|c| word(c as u8))
        }),
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().iter().all(|range| (range.start()..=range.end()).all(word))
        }
        HirKind::Repetition(repetition) => repetition.min > 0 && begins_a_word(&repetition.sub),
        HirKind::Capture(capture) => begins_a_word(&capture.sub),
        HirKind::Concat(parts) => parts.first().is_some_and(begins_a_word),
        HirKind::Alternation(parts) => parts.iter().all(begins_a_word),
    }
}

/// Whether a pattern repeats something many times, or without limit.
fn has_long_repeat(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
        HirKind::Repetition(repetition) => {
            repetition.max.is_none_or(|max| max > LONG_REPEAT) || has_long_repeat(&repetition.sub)
        }
        HirKind::Capture(capture) => has_long_repeat(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(has_long_repeat),
    }
}

/// How far a pattern may be widened.
#[derive(Clone, Copy, Debug)]
struct Widening {
    /// Counted repeats up to this many times are kept; longer ones become unlimited, which matches
    /// more and needs no counter.
    longest: u32,
    /// Only repeats of classes with fewer characters than this are widened: an unlimited `.` would
    /// keep the pattern in progress to the end of the line.
    classes_below: usize,
}

/// A whole pattern, widened, with the byte before it where it begins at a word border.
fn widen_whole(hir: &Hir, widening: Widening) -> Hir {
    with_border(hir, widening).unwrap_or_else(|| widen(hir, widening))
}

/// The pattern with every assertion replaced by the empty expression, and long counted repeats made
/// unlimited: it matches a superset of what the pattern matches.
fn widen(hir: &Hir, widening: Widening) -> Hir {
    match hir.kind() {
        HirKind::Look(_) => Hir::empty(),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
        HirKind::Repetition(repetition) => {
            let mut repetition = repetition.clone();
            let long = repetition.max.is_some_and(|max| max > widening.longest);
            if long && class_size(&repetition.sub) < widening.classes_below {
                repetition.min = repetition.min.min(1);
                repetition.max = None;
            }
            repetition.sub = Box::new(widen(&repetition.sub, widening));
            Hir::repetition(repetition)
        }
        HirKind::Capture(capture) => widen(&capture.sub, widening),
        HirKind::Concat(parts) => {
            Hir::concat(parts.iter().map(|part| widen(part, widening)).collect())
        }
        HirKind::Alternation(parts) => {
            Hir::alternation(parts.iter().map(|part| widen(part, widening)).collect())
        }
    }
}

/// How many characters the widest class of an expression has.
fn class_size(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            class.ranges().iter().map(ClassUnicodeRange::len).sum()
        }
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().iter().map(ClassBytesRange::len).sum()
        }
        HirKind::Empty | HirKind::Literal(_) | HirKind::Look(_) => 0,
        HirKind::Repetition(repetition) => class_size(&repetition.sub),
        HirKind::Capture(capture) => class_size(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(class_size).max().unwrap_or(0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default, PartialEq, Debug)]
    struct Told {
        cuts: Vec<usize>,
        matched: Vec<usize>,
    }

    impl CutSink for Told {
        fn cut(&mut self, at: usize) {
            self.cuts.push(at);
        }

        fn matched(&mut self, pattern: usize) {
            if !self.matched.contains(&pattern) {
                self.matched.push(pattern);
                self.matched.sort_unstable();
            }
        }

        fn gave_up(&mut self, _: usize) {
            unreachable!("the cache is large enough");
        }
    }

    fn told(automaton: &HorizonAutomaton, text: &str) -> Told {
        let mut told = Told::default();
        automaton.run(text, 0, true, &mut told);
        told
    }

    #[test]
    fn the_lazy_automaton_gives_the_same_cuts_as_the_dense_one() {
        let patterns = [r"[a-z]+@[a-z]+\.[a-z]{2,4}", r"(?-u:\b)\d{4}", "secret$", "傻[瓜子]"];
        let hirs: Vec<Hir> =
            patterns.iter().map(|p| super::super::pattern::parse(p).unwrap()).collect();
        let dense = HorizonAutomaton::new(&hirs).unwrap();
        assert!(dense.is_dense());
        let wide: Vec<Hir> = hirs.iter().map(|hir| widen_whole(hir, WIDENED_FOR_LAZY)).collect();
        let engine = lazy_engine(nfa(&wide).unwrap(), !can_begin_with(&wide, b' ')).unwrap();
        let lazy = HorizonAutomaton { engine };
        for text in ["mail bob@x.com, 1234 bob; secret", "你是傻瓜 12345", "", "a@b.c secret no"]
        {
            assert_eq!(told(&lazy, text), told(&dense, text), "{text}");
        }
    }

    #[test]
    fn a_match_never_ends_at_a_cut() {
        let hirs = [super::super::pattern::parse("ab|b").unwrap()];
        let automaton = HorizonAutomaton::new(&hirs).unwrap();
        assert_eq!(told(&automaton, "xabx ").cuts, [1, 5]);
    }
}
