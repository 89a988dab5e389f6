//! `spaced`: single letters joined by separators (`f u c k`, `f.u.c.k`), and Chinese characters with
//! something between them (`炸*弹`).

use std::ops::Range;

use super::script::{is_han, is_space};
use super::{Reading, SKELETON, ViewDef};
use crate::domain::{Span, ViewName};

pub(super) const SPACED: ViewDef = ViewDef {
    name: ViewName("spaced"),
    summary: "single letters with spaces or signs between them, and Chinese characters likewise",
    over: Some(SKELETON),
    default_on: true,
    applies: |reading| {
        let text = reading.as_str();
        (!text.is_ascii() || has_single_letters(text.as_bytes())) && runs(text).next().is_some()
    },
    build,
    open_from,
};

/// Fewer single letters than this are ordinary text (`a b`, `I, a`).
const FEWEST_LETTERS: usize = 3;
/// A run that can still grow is held for so many letters at most: no term is longer.
const MOST_LETTERS: usize = 64;
/// How many separators may stand between two Chinese characters.
const HAN_GAP: usize = 3;

/// Whether ASCII text has enough letters that stand alone for a run: one pass over the bytes.
fn has_single_letters(bytes: &[u8]) -> bool {
    let (mut before, mut alone, mut singles) = (false, false, 0);
    for &byte in bytes {
        let here = byte.is_ascii_alphanumeric();
        singles += usize::from(alone && !here);
        alone = here && !before && byte.is_ascii_alphabetic();
        before = here;
    }
    singles + usize::from(alone) >= FEWEST_LETTERS
}

/// A run of single letters while it is read.
#[derive(Clone, Debug)]
struct Run {
    bytes: Range<usize>,
    letters: usize,
    han: bool,
    /// Whether anything stands between its letters.
    gaps: bool,
}

/// The runs of a text, in order.
fn runs(text: &str) -> impl Iterator<Item = Run> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < text.len() {
            let run = read(text, at);
            at = run.bytes.end.max(at + text.get(at..)?.chars().next()?.len_utf8());
            let enough = if run.han { run.letters >= 2 } else { run.letters >= FEWEST_LETTERS };
            if enough && run.gaps {
                return Some(run);
            }
        }
        None
    })
}

/// Reads the run that begins at `at`; it may have no letter at all.
fn read(text: &str, at: usize) -> Run {
    let mut run = Run { bytes: at..at, letters: 0, han: false, gaps: false };
    let Some(first) = text.get(at..).and_then(|rest| rest.chars().next()) else { return run };
    run.han = is_han(first);
    let mut end = at;
    while let Some(c) = text.get(end..).and_then(|rest| rest.chars().next()) {
        if !belongs(c, run.han) || (!run.han && !stands_alone(text, end, c)) {
            break;
        }
        run.letters += 1;
        end += c.len_utf8();
        run.bytes.end = end;
        let gap = gap_after(text, end, run.han);
        if gap.is_empty() && !run.han {
            break;
        }
        let follows = text.get(gap.end..).and_then(|rest| rest.chars().next());
        let goes_on = follows
            .is_some_and(|c| belongs(c, run.han) && (run.han || stands_alone(text, gap.end, c)));
        if !goes_on {
            break;
        }
        run.gaps |= !gap.is_empty();
        end = gap.end;
    }
    run
}

fn belongs(c: char, han: bool) -> bool {
    if han { is_han(c) } else { c.is_alphabetic() && !is_han(c) }
}

/// Whether the letter at `at` has no letter or digit beside it.
fn stands_alone(text: &str, at: usize, c: char) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let after = text.get(at + c.len_utf8()..).and_then(|after| after.chars().next());
    !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
}

/// The separators after a letter: one for single letters, up to three between Chinese characters.
fn gap_after(text: &str, at: usize, han: bool) -> Range<usize> {
    let most = if han { HAN_GAP } else { 2 };
    let mut end = at;
    for c in text.get(at..).unwrap_or_default().chars().take(most) {
        let separates = if han { !is_han(c) && !c.is_alphabetic() } else { !c.is_alphanumeric() };
        if !separates {
            break;
        }
        end += c.len_utf8();
    }
    at..end
}

fn build(input: &Reading, out: &mut Reading) {
    let text = input.as_str();
    out.begin(input.raw_len());
    let mut runs = runs(text).peekable();
    for (at, c) in text.char_indices() {
        while runs.peek().is_some_and(|run| run.bytes.end <= at) {
            runs.next();
        }
        let span = input.raw_span(at, at + c.len_utf8());
        match runs.peek().filter(|run| run.bytes.contains(&at)) {
            Some(run) if !belongs(c, run.han) => out.extend_last(span.end),
            Some(_) | None => out.push(c, Span::new(span.start, span.end)),
        }
    }
}

/// The trailing run, even of one letter, can still grow; so can a gap after it.
fn open_from(input: &Reading) -> usize {
    let text = input.as_str();
    let mut open = text.len();
    let (mut letters, mut separators, mut digits) = (0, 0, false);
    let mut chars = text.char_indices().rev().peekable();
    while let Some((at, c)) = chars.next() {
        let before = chars.peek().map(|&(_, c)| c);
        if is_han(c) {
            // A Chinese run is open while separators may follow; without any it is plain text.
            if separators == 0 && letters == 0 {
                return text.len();
            }
            open = at;
            letters += 1;
            (separators, digits) = (0, false);
            if before.is_none_or(|b| is_han(b) || b.is_alphabetic()) || letters >= MOST_LETTERS {
                return open;
            }
        } else if c.is_alphabetic() {
            if digits || before.is_some_and(char::is_alphanumeric) {
                return open;
            }
            open = at;
            letters += 1;
            separators = 0;
            if letters >= MOST_LETTERS {
                return open;
            }
        } else {
            // A digit stands between Chinese characters as a sign does, and ends a run of letters.
            digits |= c.is_alphanumeric();
            separators += 1;
            if separators > HAN_GAP
                || (separators > 1 && is_space(c) && before.is_some_and(is_space))
            {
                return open;
            }
        }
    }
    open
}
