//! Makes one flat table of automata, for [`super::run`] to run them side by side.
//!
//! The table is made from dense automata of `regex-automata`. Its rows are ordered so that one comparison
//! tells whether nothing is in progress and another whether a pattern has matched. It reads no text.

use std::collections::{HashMap, HashSet};

use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use regex_automata::{Anchored, MatchKind, nfa::thompson};

/// The most bytes a dense automaton may take; beyond it patterns are widened, and at last the lazy
/// form is used. Small enough that its busy part stays in the processor's cache.
const DENSE_LIMIT: usize = 2 << 20;
/// The most bytes that building a dense automaton may take.
const DETERMINIZE_LIMIT: usize = 4 << 20;
/// The most automata that run side by side.
pub(super) const MOST_GROUPS: usize = 4;

/// One automaton as `regex-automata` makes it, before it becomes part of a table.
#[derive(Debug)]
pub(super) struct Group {
    dfa: dense::DFA<Vec<u32>>,
    start: StateID,
    /// The state behind a byte that no pattern can begin with: nothing is in progress there either.
    idle: StateID,
    /// The number that each of its patterns has in the whole.
    patterns: Vec<usize>,
    /// The longest match of those that have one, with the look-ahead, in bytes.
    bound: usize,
}

/// Automata that run side by side.
#[derive(Debug)]
pub(super) struct Flat {
    /// The column of each byte.
    pub(super) columns: Box<[u8; 256]>,
    /// Row by row, where the next row begins for each column. The rows in which nothing is in progress
    /// come first, those in which a pattern has matched last.
    pub(super) table: Vec<u32>,
    /// Where the rows end in which nothing is in progress.
    pub(super) idle_end: u32,
    /// Where the rows begin in which a pattern has matched.
    pub(super) match_start: u32,
    /// For each automaton: the row in which it starts, and its bound.
    pub(super) groups: Vec<(u32, usize)>,
    /// The patterns that have matched, by row.
    pub(super) matches: HashMap<u32, Vec<usize>>,
    /// The patterns that match if the text ends there, by row.
    pub(super) end_matches: HashMap<u32, Vec<usize>>,
}

impl Group {
    /// Makes the automaton of an NFA, if it is small enough. `idle_byte` is one that no pattern can
    /// begin with.
    pub(super) fn new(
        nfa: &thompson::NFA,
        idle_byte: Option<u8>,
        patterns: Vec<usize>,
        bound: usize,
    ) -> Option<Self> {
        let config = dense::Config::new()
            .match_kind(MatchKind::All)
            .start_kind(StartKind::Unanchored)
            .accelerate(false)
            .dfa_size_limit(Some(DENSE_LIMIT))
            .determinize_size_limit(Some(DETERMINIZE_LIMIT));
        let dfa = dense::Builder::new().configure(config).build_from_nfa(nfa).ok()?;
        let start = dfa.start_state(&start::Config::new().anchored(Anchored::No)).ok()?;
        let idle = idle_byte.map_or(start, |byte| dfa.next_state(start, byte));
        Some(Self { dfa, start, idle, patterns, bound })
    }

    /// All states that a run can come to, the start first.
    fn reachable(&self) -> Vec<StateID> {
        let mut states = vec![self.start];
        let mut known: HashSet<StateID> = states.iter().copied().collect();
        let mut nth = 0;
        while let Some(&state) = states.get(nth) {
            nth += 1;
            for next in (0..=u8::MAX).map(|byte| self.dfa.next_state(state, byte)) {
                if known.insert(next) {
                    states.push(next);
                }
            }
        }
        states
    }

    /// Which part of the table a state belongs to: idle, in progress, matched.
    fn rank(&self, state: StateID) -> u8 {
        match state {
            _ if self.dfa.is_match_state(state) => 2,
            _ if state == self.start || state == self.idle => 0,
            _ => 1,
        }
    }

    /// The patterns that have matched in a state.
    fn matches(&self, state: StateID) -> Option<Vec<usize>> {
        let all = || 0..self.dfa.match_len(state);
        let number = |nth| self.patterns.get(self.dfa.match_pattern(state, nth).as_usize());
        self.dfa.is_match_state(state).then(|| all().filter_map(number).copied().collect())
    }
}

impl Flat {
    /// Makes one table of some automata.
    pub(super) fn new(groups: &[Group]) -> Self {
        let mut rows: Vec<(u8, usize, StateID)> = Vec::new();
        for (nth, group) in groups.iter().enumerate() {
            let states = group.reachable().into_iter();
            rows.extend(states.map(|state| (group.rank(state), nth, state)));
        }
        rows.sort_by_key(|&(rank, nth, _)| (rank, nth));
        let (columns, samples) = columns(groups, &rows);
        let width = samples.len();
        let row_of: HashMap<(usize, StateID), u32> = rows
            .iter()
            .enumerate()
            .map(|(row, &(_, nth, state))| ((nth, state), narrow(row * width)))
            .collect();
        let row = |nth: usize, state| row_of.get(&(nth, state)).copied().unwrap_or_default();
        let mut flat = Self {
            columns,
            table: Vec::with_capacity(rows.len() * width),
            idle_end: narrow(rows.partition_point(|&(rank, ..)| rank < 1) * width),
            match_start: narrow(rows.partition_point(|&(rank, ..)| rank < 2) * width),
            groups: Vec::new(),
            matches: HashMap::new(),
            end_matches: HashMap::new(),
        };
        for &(_, nth, state) in &rows {
            let Some(group) = groups.get(nth) else { continue };
            let next = samples.iter().map(|&byte| row(nth, group.dfa.next_state(state, byte)));
            flat.table.extend(next);
            let here = row(nth, state);
            flat.matches.extend(group.matches(state).map(|all| (here, all)));
            let end = group.matches(group.dfa.next_eoi_state(state));
            flat.end_matches.extend(end.map(|all| (here, all)));
        }
        let starts = groups.iter().enumerate();
        flat.groups = starts.map(|(nth, group)| (row(nth, group.start), group.bound)).collect();
        flat
    }

    /// Bytes that it takes.
    pub(super) fn memory(&self) -> usize {
        self.table.capacity() * size_of::<u32>() + self.columns.len()
    }
}

/// The column of each byte, and one byte of each column: bytes share a column where every state treats
/// them alike.
fn columns(groups: &[Group], rows: &[(u8, usize, StateID)]) -> (Box<[u8; 256]>, Vec<u8>) {
    let mut columns = Box::new([0; 256]);
    let mut samples: Vec<u8> = Vec::new();
    let next =
        |nth: usize, state, byte| groups.get(nth).map(|group| group.dfa.next_state(state, byte));
    let alike =
        |a, b| rows.iter().all(|&(_, nth, state)| next(nth, state, a) == next(nth, state, b));
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

/// A table has far fewer than four thousand million entries.
fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
