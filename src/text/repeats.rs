//! `repeats`: letters drawn out (`idiiiot`), and Chinese characters doubled (`炸炸弹弹`).
//!
//! Both sides collapse every run of a letter to one, and the view is looked at only where a run is
//! longer than spelling has it.

use super::script::is_han;
use super::{Reading, SKELETON, ViewDef};
use crate::domain::ViewName;

pub(super) const REPEATS: ViewDef = ViewDef {
    name: ViewName("repeats"),
    summary: "letters drawn out, and Chinese characters doubled",
    over: Some(SKELETON),
    default_on: true,
    applies,
    build,
    open_from,
};

/// So many equal letters are more than spelling has.
const DRAWN_OUT: usize = 3;
/// A longer run is no spelling of anything, and stays as it is.
const LONGEST_RUN: usize = 32;

/// A text with every run of a letter as one letter.
pub(super) fn collapse(text: &str) -> String {
    let mut before = None;
    text.chars()
        .filter(|&c| {
            let again = before == Some(c) && c.is_alphabetic();
            before = Some(c);
            !again
        })
        .collect()
}

/// Whether a raw text has a letter drawn out, or two Chinese characters doubled: what a match of this
/// view must have in itself.
pub fn is_drawn_out(raw: &str) -> bool {
    let letters = raw.chars().filter(|&c| !super::is_attached(c)).flat_map(char::to_lowercase);
    let (mut run, mut before, mut doubled) = (0, None, 0);
    for c in letters {
        run = if before == Some(c) && c.is_alphabetic() { run + 1 } else { 1 };
        before = Some(c);
        doubled += usize::from(run == 2 && is_han(c));
        if run >= DRAWN_OUT || doubled >= 2 {
            return true;
        }
    }
    false
}

fn applies(input: &Reading) -> bool {
    if input.as_str().is_ascii() {
        let mut triples = input.as_str().as_bytes().windows(DRAWN_OUT);
        return triples.any(
            |three| matches!(three, [a, b, c] if a == b && b == c && a.is_ascii_alphabetic()),
        );
    }
    let mut run = 0;
    let mut before = None;
    input.as_str().chars().any(|c| {
        run = if before == Some(c) && c.is_alphabetic() { run + 1 } else { 1 };
        before = Some(c);
        run >= DRAWN_OUT || (run >= 2 && is_han(c))
    })
}

fn build(input: &Reading, out: &mut Reading) {
    let text = input.as_str();
    out.begin(input.raw_len());
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let size = c.len_utf8();
        let rest = text.get(at..).unwrap_or_default();
        let run =
            if c.is_alphabetic() { rest.chars().take_while(|&next| next == c).count() } else { 1 };
        if run <= LONGEST_RUN {
            out.push(c, input.raw_span(at, at + run * size));
        } else {
            for index in 0..run {
                let start = at + index * size;
                out.push(c, input.raw_span(start, start + size));
            }
        }
        at += run * size;
    }
}

/// The run that the text ends in can still grow.
fn open_from(input: &Reading) -> usize {
    let text = input.as_str();
    let Some(last) = text.chars().next_back().filter(|c| c.is_alphabetic()) else {
        return text.len();
    };
    let run = text.chars().rev().take_while(|&c| c == last).count();
    let start = text.len() - run * last.len_utf8();
    if (2..=LONGEST_RUN).contains(&run) { start } else { text.len() }
}
