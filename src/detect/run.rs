//! Runs the automata of a table side by side over each byte of a text.
//!
//! A run looks once for 64 bytes at what the automata came to, so that clean text costs a look-up for each
//! byte and automaton. It makes no table: that is [`Flat`]'s.

use std::collections::HashMap;

use super::flat::{Flat, MOST_GROUPS};
use crate::text::floor_char;

/// Bytes between two looks at what the automata came to.
const CHUNK: usize = 64;
/// How many chunks a second run is ahead. A look-up waits for the one before it; two runs at once wait
/// half as long.
const AHEAD: usize = 32;
/// How far the place where the second run begins may lie before that, so that it is behind a blank.
const BLANK_WITHIN: usize = 32;

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
    /// Runs over a window.
    pub(super) fn run(&self, course: Course<'_>, sink: &mut impl MatchSink) -> Run {
        match self.groups.len() {
            0 | 1 => self.run_side_by_side::<1>(course, sink),
            2 => self.run_side_by_side::<2>(course, sink),
            3 => self.run_side_by_side::<3>(course, sink),
            _ => self.run_side_by_side::<MOST_GROUPS>(course, sink),
        }
    }

    fn run_side_by_side<const N: usize>(
        &self,
        course: Course<'_>,
        sink: &mut impl MatchSink,
    ) -> Run {
        let Course { text, from, last, wide } = course;
        let mut rows = self.rows_at::<N>(text, from);
        let mut state = Progress { text, cut: from, first_wide: None, seen: false, wide };
        let mut at = from;
        while at < text.len() {
            if let Some((middle, end)) = halves(text, at) {
                rows = self.run_ahead(&mut state, (at, middle, end), rows, sink);
                at = end;
            } else {
                let chunk = state.chunk(at);
                let judged = self.step(chunk, &mut rows);
                self.take(&mut state, (at, chunk.len()), judged, sink);
                at += chunk.len();
            }
        }
        if last {
            self.report(&self.end_matches, rows, sink);
        }
        let end = text.len();
        let tight = self.groups.iter().map(|&(_, bound)| bound).min().unwrap_or_default();
        let decided = if last || end - state.cut <= tight {
            state.cut
        } else {
            self.decided::<N>(text, state.cut)
        };
        let first_wide = state.first_wide.or_else(|| (end - state.cut > wide).then_some(state.cut));
        Run { last_cut: state.cut, decided, first_wide }
    }

    /// Runs over `at..middle` and `middle..end` at once. The second run begins as if nothing were in
    /// progress in the middle; where something is, it is done again.
    fn run_ahead<const N: usize>(
        &self,
        state: &mut Progress<'_>,
        (mut at, middle, end): (usize, usize, usize),
        mut rows: [u32; N],
        sink: &mut impl MatchSink,
    ) -> [u32; N] {
        let guess = self.rows_at::<N>(state.text, middle);
        let (mut ahead_rows, mut ahead_at) = (guess, middle);
        let mut ahead = [Judged::<N>::default(); AHEAD];
        for kept in &mut ahead {
            let chunks = (state.bytes(at, middle), state.bytes(ahead_at, end));
            let (Some(here), Some(there)) = (chunks.0.first_chunk(), chunks.1.first_chunk()) else {
                break;
            };
            let judged = self.step_both((here, &mut rows), (there, &mut ahead_rows));
            self.take(state, (at, CHUNK), judged.0, sink);
            *kept = judged.1;
            at += CHUNK;
            ahead_at += CHUNK;
        }
        while at < middle {
            let chunk = state.bytes(at, middle);
            let chunk = chunk.get(..CHUNK).unwrap_or(chunk);
            let judged = self.step(chunk, &mut rows);
            self.take(state, (at, chunk.len()), judged, sink);
            at += chunk.len();
        }
        if rows == guess {
            let kept = ahead.iter().take((ahead_at - middle) / CHUNK);
            for (&judged, at) in kept.zip((middle..).step_by(CHUNK)) {
                self.take(state, (at, CHUNK), judged, sink);
            }
            (rows, at) = (ahead_rows, ahead_at);
        }
        while at < end {
            let chunk = state.bytes(at, end);
            let chunk = chunk.get(..CHUNK).unwrap_or(chunk);
            let judged = self.step(chunk, &mut rows);
            self.take(state, (at, chunk.len()), judged, sink);
            at += chunk.len();
        }
        rows
    }

    /// Takes in what was found in the bytes at `at`.
    #[inline]
    fn take<const N: usize>(
        &self,
        state: &mut Progress<'_>,
        (at, len): (usize, usize),
        judged: Judged<N>,
        sink: &mut impl MatchSink,
    ) {
        let cuts = judged.idle & starts(state.bytes(at + 1, at + 1 + len));
        if judged.highest >= self.match_start || state.needs_care(cuts, at) {
            self.step_with_care(state, (at, len), (judged.before, cuts), sink);
        } else if cuts != 0 {
            state.cut = at + CHUNK - cuts.leading_zeros() as usize;
        }
    }

    /// The rows in which the automata stand before the byte `from`, which lies behind a cut.
    fn rows_at<const N: usize>(&self, text: &str, from: usize) -> [u32; N] {
        let mut rows = [0; N];
        for (row, &(start, _)) in rows.iter_mut().zip(&self.groups) {
            *row = start;
        }
        self.step(&[byte_before(text, from)], &mut rows);
        rows
    }

    /// Takes up to 64 bytes.
    #[inline]
    fn step<const N: usize>(&self, chunk: &[u8], rows: &mut [u32; N]) -> Judged<N> {
        let mut judged = Judged { before: *rows, idle: 0, highest: 0 };
        let mut now = *rows;
        for (bit, &byte) in chunk.iter().enumerate() {
            let top = self.next(&mut now, byte);
            judged.idle |= u64::from(top < self.idle_end) << bit;
            judged.highest = judged.highest.max(top);
        }
        *rows = now;
        judged
    }

    /// Takes 64 bytes at two places.
    #[inline]
    fn step_both<const N: usize>(
        &self,
        (here, rows): (&[u8; CHUNK], &mut [u32; N]),
        (there, ahead): (&[u8; CHUNK], &mut [u32; N]),
    ) -> (Judged<N>, Judged<N>) {
        let mut first = Judged { before: *rows, idle: 0, highest: 0 };
        let mut second = Judged { before: *ahead, idle: 0, highest: 0 };
        let (mut now, mut then) = (*rows, *ahead);
        for (bit, (&byte, &other)) in here.iter().zip(there).enumerate() {
            let (top, other) = (self.next(&mut now, byte), self.next(&mut then, other));
            first.idle |= u64::from(top < self.idle_end) << bit;
            second.idle |= u64::from(other < self.idle_end) << bit;
            first.highest = first.highest.max(top);
            second.highest = second.highest.max(other);
        }
        (*rows, *ahead) = (now, then);
        (first, second)
    }

    /// Takes one byte; the result is the last of the rows in the table.
    #[inline]
    fn next<const N: usize>(&self, rows: &mut [u32; N], byte: u8) -> u32 {
        // Bytes are fewer than 257 and rows end in the table, so the look-ups never miss.
        let column = self.columns.get(usize::from(byte)).copied().unwrap_or_default();
        let mut top = 0;
        for row in rows {
            let at = (*row + u32::from(column)) as usize;
            *row = self.table.get(at).copied().unwrap_or_default();
            top = top.max(*row);
        }
        top
    }

    /// Takes up to 64 bytes again, with an eye on matches and on stretches that are too long.
    #[cold]
    fn step_with_care<const N: usize>(
        &self,
        state: &mut Progress<'_>,
        (from, len): (usize, usize),
        (mut rows, cuts): ([u32; N], u64),
        sink: &mut impl MatchSink,
    ) {
        let mut reported = [0; N];
        for (bit, &byte) in state.bytes(from, from + len).iter().enumerate() {
            let top = self.next(&mut rows, byte);
            if top >= self.match_start && rows != reported {
                self.report(&self.matches, rows, sink);
                (state.seen, reported) = (true, rows);
            }
            if cuts & (1 << bit) != 0 {
                let at = from + bit + 1;
                if state.seen {
                    sink.segment(state.cut, at);
                    (state.seen, reported) = (false, [0; N]);
                }
                state.close(at);
            }
        }
    }

    /// Tells which patterns have matched in these rows.
    fn report<const N: usize>(
        &self,
        matches: &HashMap<u32, Vec<usize>>,
        rows: [u32; N],
        sink: &mut impl MatchSink,
    ) {
        let groups = self.groups.iter().zip(rows);
        for &pattern in groups.filter_map(|(_, row)| matches.get(&row)).flatten() {
            sink.matched(pattern);
        }
    }

    /// The first byte at which a match of a pattern that has a longest one could still begin: each
    /// automaton is asked where it was idle last, and holds no more than its bound.
    #[cold]
    fn decided<const N: usize>(&self, text: &str, from: usize) -> usize {
        let mut rows = self.rows_at::<N>(text, from);
        let mut cuts = [from; N];
        let bytes = text.as_bytes().get(from..).unwrap_or_default();
        for (&byte, at) in bytes.iter().zip(from + 1..) {
            self.next(&mut rows, byte);
            for (cut, row) in cuts.iter_mut().zip(rows) {
                if row < self.idle_end && text.is_char_boundary(at) {
                    *cut = at;
                }
            }
        }
        let held = |(&(_, bound), cut): (&(u32, usize), usize)| {
            cut.max(floor_char(text, text.len().saturating_sub(bound)))
        };
        self.groups.iter().zip(cuts).map(held).min().map_or(from, |decided| decided.max(from))
    }
}

/// What a look at up to 64 bytes came to.
#[derive(Clone, Copy)]
struct Judged<const N: usize> {
    /// The rows before the first of them.
    before: [u32; N],
    /// Behind which of them nothing is in progress, a bit for each.
    idle: u64,
    /// The last row of the table that was come to.
    highest: u32,
}

impl<const N: usize> Default for Judged<N> {
    fn default() -> Self {
        Self { before: [0; N], idle: 0, highest: 0 }
    }
}

/// Where a run stands.
struct Progress<'t> {
    text: &'t str,
    cut: usize,
    first_wide: Option<usize>,
    /// Whether a pattern has matched since the last cut.
    seen: bool,
    wide: usize,
}

impl<'t> Progress<'t> {
    /// The bytes `from..to` of the text, as far as there are any.
    fn bytes(&self, from: usize, to: usize) -> &'t [u8] {
        let bytes = self.text.as_bytes();
        bytes.get(from..to.min(bytes.len())).unwrap_or_default()
    }

    /// The next bytes to take.
    fn chunk(&self, at: usize) -> &'t [u8] {
        self.bytes(at, at + CHUNK)
    }

    /// Whether the cuts of the next 64 bytes, which begin at `at`, end a stretch that matters.
    fn needs_care(&self, cuts: u64, at: usize) -> bool {
        let first = at + cuts.trailing_zeros() as usize + 1;
        cuts != 0 && (self.seen || self.wide < CHUNK || first - self.cut > self.wide)
    }

    fn close(&mut self, at: usize) {
        self.first_wide =
            self.first_wide.or_else(|| (at - self.cut > self.wide).then_some(self.cut));
        self.cut = at;
    }
}

/// Where two runs at once would begin and end in the text from `at` on: the middle is a border between
/// characters, behind a blank if one is near.
fn halves(text: &str, at: usize) -> Option<(usize, usize)> {
    let half = AHEAD * CHUNK;
    let rest = text.as_bytes().get(at..)?;
    let half = half.min(rest.len() / 2);
    if half < 2 * BLANK_WITHIN + CHUNK {
        return None;
    }
    let near = rest.get(half - BLANK_WITHIN..half)?;
    let blank =
        near.iter().rposition(|&byte| byte == b' ').map(|nth| half - BLANK_WITHIN + nth + 1);
    let middle = blank.map_or_else(|| floor_char(text, at + half), |blank| at + blank);
    Some((middle, (middle + half).min(text.len())))
}

/// A bit for each byte that does not go on with a character. Behind the last byte of a text a character
/// begins.
fn starts(bytes: &[u8]) -> u64 {
    if bytes.is_ascii() {
        return u64::MAX;
    }
    let mut starts = u64::MAX;
    for (bit, &byte) in bytes.iter().enumerate() {
        starts &= !(u64::from(byte & 0xc0 == 0x80) << bit);
    }
    starts
}

/// The byte before the text that is scanned; a text begins as if after a line break.
pub(super) fn byte_before(text: &str, from: usize) -> u8 {
    from.checked_sub(1).and_then(|before| text.as_bytes().get(before)).copied().unwrap_or(b'\n')
}
