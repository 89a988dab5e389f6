//! Encodings that stand in a text as a run of characters of an alphabet: where such runs are, and what they say.

use super::super::masks::{Around, Masks};
use super::super::reading::Reading;
use super::speller::Speller;
use crate::domain::Span;

/// How far back from the end of a text the run that reaches to it is looked for.
const LONGEST_TAIL: usize = 8 << 10;

/// One encoding. A run is read from its beginning as far as it says text.
pub(super) trait Encoding {
    /// Whether a text can have a run in it, where there is a quicker look than at all its bytes.
    fn glance(_: &[u8]) -> bool {
        true
    }

    /// Where in a block a run may begin that counts. All places where one does are among them.
    fn candidates(around: &Around<'_>) -> u64;
    /// Whether a byte can be part of a run, or of what binds its parts.
    fn continues(byte: u8) -> bool;
    /// Whether a run may begin with a byte, behind the byte before it and before those behind it.
    fn begins(before: Option<u8>, byte: u8, behind: &[u8]) -> bool;
    /// Reads the run that begins at `start`.
    fn read(bytes: &[u8], start: usize) -> Run;
}

/// What a run says.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// Its characters, with the units of the input that they come from.
    pub(super) text: Vec<(char, Span)>,
    /// Where that which it stands for ends in the input.
    pub(super) end: usize,
    /// Whether it is read: long enough, and no word.
    pub(super) counts: bool,
    /// Where more text could change it; `None` when it has come to its end.
    pub(super) open: Option<usize>,
}

impl Run {
    /// What a speller has spelled of the units in `units`, behind which stand so many bytes of padding. `open` is the place
    /// from which on more text could change it, if it could.
    pub(super) fn spelled(
        speller: Speller,
        units: Span,
        padding: usize,
        open: Option<usize>,
    ) -> Self {
        // What stands between the last whole character and one that is not whole yet may go with either.
        let last = speller.end().unwrap_or(units.start);
        let open = open.map(|open| speller.open().map_or(open, |at| open.min(at).min(last)));
        let end = match speller.end() {
            Some(end) if end == units.end => end + padding,
            Some(end) => end,
            None => units.start,
        };
        Self { text: speller.text, end, counts: false, open }
    }

    /// Sets what is hidden apart from what is shown before and behind it, by line ends.
    pub(super) fn on_its_own(mut self) -> Self {
        if let Some(&(_, first)) = self.text.first() {
            self.text.insert(0, ('\n', first));
        }
        if self.open.is_none() {
            self.text.push(('\n', Span::new(self.end, self.end)));
        }
        self
    }
}

pub(super) fn applies<E: Encoding>(input: &Reading) -> bool {
    let (bytes, masks) = (input.as_str().as_bytes(), input.masks());
    masks.places(0, E::candidates).next().is_some()
        && E::glance(bytes)
        && next::<E>(bytes, masks, 0).is_some()
}

pub(super) fn build<E: Encoding>(input: &Reading, out: &mut Reading) {
    out.begin(input);
    let bytes = input.as_str().as_bytes();
    let mut at = 0;
    while let Some((start, run)) = next::<E>(bytes, input.masks(), at) {
        out.append(input, at..start);
        for &(c, span) in &run.text {
            let raw_end =
                if span.is_empty() { input.raw_start(span.start) } else { input.raw_end(span.end) };
            out.push(c, Span::new(input.raw_start(span.start), raw_end));
        }
        // What stands for nothing lies between its neighbours, and goes with neither of them alone.
        if !run.text.is_empty() {
            out.extend_last(input.raw_end(run.end));
        }
        at = run.end;
    }
    out.append(input, at..input.len());
}

pub(super) fn open_from<E: Encoding>(text: &str) -> usize {
    let bytes = text.as_bytes();
    let tail =
        bytes.iter().rev().take(LONGEST_TAIL).take_while(|&&byte| E::continues(byte)).count();
    let mut at = bytes.len() - tail;
    while at < bytes.len() {
        if !can_begin::<E>(bytes, at) {
            at += 1;
            continue;
        }
        let run = E::read(bytes, at);
        match (run.counts, run.open) {
            (true, Some(open)) => return open,
            (false, Some(_)) => return at,
            (true, None) => at = run.end.max(at + 1),
            (false, None) => at += 1,
        }
    }
    bytes.len()
}

/// The next run that counts, with its beginning.
fn next<E: Encoding>(bytes: &[u8], masks: &Masks, from: usize) -> Option<(usize, Run)> {
    masks.places(from, E::candidates).find_map(|at| {
        let run = can_begin::<E>(bytes, at).then(|| E::read(bytes, at))?;
        (run.counts && run.end > at).then_some((at, run))
    })
}

fn can_begin<E: Encoding>(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before)).copied();
    match bytes.get(at..) {
        Some([byte, behind @ ..]) => E::begins(before, *byte, behind),
        _ => false,
    }
}

/// Places where a run counts that no look at candidates shows.
#[cfg(test)]
pub(super) fn overlooked<E: Encoding>(input: &Reading) -> Vec<usize> {
    let (bytes, masks) = (input.as_str().as_bytes(), input.masks());
    let counts = |&at: &usize| {
        let run = E::read(bytes, at);
        can_begin::<E>(bytes, at) && run.counts && run.end > at
    };
    let seen = |at: usize| masks.places(at, E::candidates).next() == Some(at) && E::glance(bytes);
    (0..bytes.len()).filter(counts).filter(|&at| !seen(at)).collect()
}
