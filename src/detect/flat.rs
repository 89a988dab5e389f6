//! An automaton as one flat table, and the run of several side by side over each byte of a text.
//!
//! The table is made from a dense automaton of `regex-automata`. Each entry says in its highest bits
//! whether nothing is in progress there and whether a pattern has matched, so that the run decides
//! nothing for clean text: it has no branch that depends on the text but for matches.

use std::collections::HashMap;

use regex_automata::dfa::{Automaton, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind, nfa::thompson};

/// The most bytes a dense automaton may take; beyond it patterns are widened, and at last the lazy
/// form is used. Small enough that its busy part stays in the processor's cache.
const DENSE_LIMIT: usize = 1 << 20;
/// The most bytes that building a dense automaton may take.
const DETERMINIZE_LIMIT: usize = 1 << 20;

/// In an entry: no pattern is in progress.
const IDLE: u32 = 1 << 31;
/// In an entry: some pattern has matched.
const MATCH: u32 = 1 << 30;
/// In an entry: where the row of the state begins.
const ROW: u32 = MATCH - 1;

/// One automaton.
#[derive(Debug)]
pub(super) struct Flat {
    /// The column of each byte.
    columns: Box<[u8; 256]>,
    /// Row by row, the entry for each column; the last column is the end of the text.
    table: Vec<u32>,
    /// Columns of a row.
    width: usize,
    /// The entry in which a run begins.
    start: u32,
    /// The patterns that have matched in a state, by its row.
    matches: HashMap<u32, Vec<usize>>,
}

/// One automaton with what its patterns are in the whole.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) flat: Flat,
    /// The number that each of its patterns has in the whole.
    pub(super) patterns: Vec<usize>,
    /// The longest match of those that have one, with the look-ahead, in bytes.
    pub(super) bound: usize,
}

/// What one run over a window tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// The last cut: no match crosses it.
    pub(super) last_cut: usize,
    /// No match of a pattern that has a longest one starts before this byte and is not seen whole.
    pub(super) decided: usize,
    /// Where the first stretch without a cut begins that is longer than was asked for.
    pub(super) first_wide: Option<usize>,
}

/// The window of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course<'t> {
    pub(super) text: &'t str,
    /// Where the run begins, as if after a cut.
    pub(super) from: usize,
    /// Whether the text ends here: the automaton is told, so that a match that ends there is seen.
    pub(super) last: bool,
    /// How long a stretch without a cut may be that is not reported.
    pub(super) wide: usize,
}

/// Hears of matches while a run goes on.
pub(super) trait MatchSink {
    /// Pattern `pattern` matched since the last cut (told once or more often).
    fn matched(&mut self, pattern: usize);
    /// The stretch in which patterns have matched lies between these two cuts.
    fn segment(&mut self, start: usize, end: usize);
    /// The automaton could not go on: each pattern may have matched anywhere after the last cut.
    fn gave_up(&mut self, patterns: usize);
}

impl Flat {
    /// Makes the automaton of an NFA, if it is small enough. `idle_byte` is one that no pattern can
    /// begin with, so that nothing is in progress behind it either.
    pub(super) fn new(nfa: &thompson::NFA, idle_byte: Option<u8>) -> Option<Self> {
        let config = dense::Config::new()
            .match_kind(MatchKind::All)
            .start_kind(regex_automata::dfa::StartKind::Unanchored)
            .accelerate(false)
            .dfa_size_limit(Some(DENSE_LIMIT))
            .determinize_size_limit(Some(DETERMINIZE_LIMIT));
        let dfa = dense::Builder::new().configure(config).build_from_nfa(nfa).ok()?;
        let start = dfa.start_state(&start::Config::new().anchored(Anchored::No)).ok()?;
        let idle = idle_byte.map_or(start, |byte| dfa.next_state(start, byte));
        Self::flatten(&dfa, start, idle)
    }

    fn flatten(dfa: &dense::DFA<Vec<u32>>, start: StateID, idle: StateID) -> Option<Self> {
        let states = reachable(dfa, start);
        let (columns, samples) = columns(dfa, &states);
        let width = samples.len() + 1;
        let rows: HashMap<StateID, u32> = states
            .iter()
            .enumerate()
            .map(|(nth, &state)| Some((state, u32::try_from(nth * width).ok()?)))
            .collect::<Option<_>>()?;
        let mut matches = HashMap::new();
        let mut entry = |state: StateID| {
            let row = *rows.get(&state).filter(|&&row| row <= ROW)?;
            let mut entry = row;
            if state == start || state == idle {
                entry |= IDLE;
            }
            if dfa.is_match_state(state) {
                entry |= MATCH;
                matches.entry(row).or_insert_with(|| {
                    let all = 0..dfa.match_len(state);
                    all.map(|nth| dfa.match_pattern(state, nth).as_usize()).collect()
                });
            }
            Some(entry)
        };
        let mut table = Vec::with_capacity(states.len() * width);
        for &state in &states {
            for &byte in &samples {
                table.push(entry(dfa.next_state(state, byte))?);
            }
            table.push(entry(dfa.next_eoi_state(state))?);
        }
        let start = entry(start)?;
        table.shrink_to_fit();
        Some(Self { columns, table, width, start, matches })
    }

    /// Bytes that it takes.
    pub(super) fn memory(&self) -> usize {
        self.table.capacity() * size_of::<u32>() + 256
    }

    #[inline(always)]
    fn next(&self, entry: u32, byte: u8) -> u32 {
        // A column has no more than 256 bytes to stand for, so the look-up never misses.
        let column = self.columns.get(usize::from(byte)).copied().unwrap_or_default();
        let at = (entry & ROW) as usize + usize::from(column);
        self.table.get(at).copied().unwrap_or_default()
    }

    fn end(&self, entry: u32) -> u32 {
        let at = (entry & ROW) as usize + self.width - 1;
        self.table.get(at).copied().unwrap_or_default()
    }
}

/// Runs automata side by side over a window.
pub(super) fn run_groups(groups: &[Group], course: Course<'_>, sink: &mut impl MatchSink) -> Run {
    match groups {
        [a] => run([a], course, sink),
        [a, b] => run([a, b], course, sink),
        [a, b, c] => run([a, b, c], course, sink),
        [a, b, c, d] => run([a, b, c, d], course, sink),
        _ => {
            let end = course.text.len();
            Run { last_cut: end, decided: end, first_wide: None }
        }
    }
}

fn run<const N: usize>(
    groups: [&Group; N],
    course: Course<'_>,
    sink: &mut impl MatchSink,
) -> Run {
    let Course { text, from, last, wide } = course;
    let before = byte_before(text, from);
    let mut entries = groups.map(|group| group.flat.next(group.flat.start, before));
    let mut cuts = [from; N];
    let (mut cut, mut first_wide, mut seen, mut reported) = (from, None, false, entries);
    let bytes = text.as_bytes().get(from..).unwrap_or_default();
    let following = bytes.iter().skip(1).chain([&0]);
    for ((&byte, &next), at) in bytes.iter().zip(following).zip(from + 1..) {
        let (mut all, mut any) = (IDLE, 0);
        let border = !is_continuation(next);
        for ((entry, group), cut) in entries.iter_mut().zip(groups).zip(&mut cuts) {
            *entry = group.flat.next(*entry, byte);
            all &= *entry;
            any |= *entry;
            *cut = if border & (*entry & IDLE != 0) { at } else { *cut };
        }
        if any & MATCH != 0 && !(seen && entries == reported) {
            report(groups, entries, sink);
            (seen, reported) = (true, entries);
        }
        let idle = border & (all != 0);
        if idle & (seen | (at - cut > wide)) {
            if seen {
                sink.segment(cut, at);
                seen = false;
            }
            first_wide = first_wide.or((at - cut > wide).then_some(cut));
        }
        cut = if idle { at } else { cut };
    }
    if last {
        report(groups, end_entries(groups, entries), sink);
    }
    let end = text.len();
    let decided = groups
        .iter()
        .zip(cuts)
        .map(|(group, cut)| cut.max(super::pattern::floor_char(text, end.saturating_sub(group.bound))))
        .min()
        .map_or(end, |decided| decided.max(cut));
    Run { last_cut: cut, decided, first_wide: first_wide.or((end - cut > wide).then_some(cut)) }
}

fn end_entries<const N: usize>(groups: [&Group; N], mut entries: [u32; N]) -> [u32; N] {
    for (entry, group) in entries.iter_mut().zip(groups) {
        *entry = group.flat.end(*entry);
    }
    entries
}

/// Tells which patterns have matched in these states.
#[cold]
fn report<const N: usize>(groups: [&Group; N], entries: [u32; N], sink: &mut impl MatchSink) {
    for (entry, group) in entries.into_iter().zip(groups) {
        let matched = group.flat.matches.get(&(entry & ROW)).filter(|_| entry & MATCH != 0);
        for &pattern in matched.into_iter().flatten() {
            if let Some(&pattern) = group.patterns.get(pattern) {
                sink.matched(pattern);
            }
        }
    }
}

/// Whether a byte goes on with a character that an earlier byte began.
const fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// The byte before the text that is scanned; a text begins as if after a line break.
pub(super) fn byte_before(text: &str, from: usize) -> u8 {
    from.checked_sub(1).and_then(|before| text.as_bytes().get(before)).copied().unwrap_or(b'\n')
}

/// All states that a run can come to, the start first.
fn reachable(dfa: &dense::DFA<Vec<u32>>, start: StateID) -> Vec<StateID> {
    let mut states = vec![start];
    let mut known: std::collections::HashSet<StateID> = states.iter().copied().collect();
    let mut nth = 0;
    while let Some(&state) = states.get(nth) {
        nth += 1;
        let ends = std::iter::once(dfa.next_eoi_state(state));
        for next in (0..=u8::MAX).map(|byte| dfa.next_state(state, byte)).chain(ends) {
            if known.insert(next) {
                states.push(next);
            }
        }
    }
    states
}

/// The column of each byte, and one byte of each column: bytes share a column where every state treats
/// them alike.
fn columns(dfa: &dense::DFA<Vec<u32>>, states: &[StateID]) -> (Box<[u8; 256]>, Vec<u8>) {
    let mut columns = Box::new([0; 256]);
    let mut samples: Vec<u8> = Vec::new();
    let alike =
        |a: u8, b: u8| states.iter().all(|&state| dfa.next_state(state, a) == dfa.next_state(state, b));
    for byte in 0..=u8::MAX {
        let column = samples.iter().position(|&sample| alike(sample, byte)).unwrap_or_else(|| {
            samples.push(byte);
            samples.len() - 1
        });
        if let Some(slot) = columns.get_mut(usize::from(byte)) {
            *slot = u8::try_from(column).unwrap_or(u8::MAX);
        }
    }
    (columns, samples)
}
