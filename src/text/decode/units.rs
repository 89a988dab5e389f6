//! Encodings of which each byte or letter is written by itself, with a gap behind it: `62 6f 6d 62`, `bravo, oscar`.

use super::runs::Run;
use super::speller::Speller;
use crate::domain::Span;

/// What stands for one byte or letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// Nothing that does.
    None,
    /// What may come to do so when more text follows.
    Open,
    /// So many bytes of the text do.
    Is {
        /// What they stand for.
        value: Value,
        /// How many they are.
        len: usize,
        /// Whether the text ends with them, so that they may be the beginning of something else.
        ends: bool,
    },
}

/// What a unit stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A byte of UTF-8.
    Byte(u8),
    /// A character.
    Char(char),
}

/// A character with the units that it comes from.
pub(super) type Spelled = (char, Span);

/// How a run of units is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Reads the unit at the beginning of these bytes.
    pub(super) unit: fn(&[u8]) -> Unit,
    /// The fewest units of a run.
    pub(super) fewest: usize,
    /// Whether the fewest can be the beginning of what someone encoded.
    pub(super) plausible: fn(&[Spelled]) -> bool,
    /// Whether units may follow each other without a gap.
    pub(super) unparted: bool,
}

/// What stands between two units.
enum Gap {
    None,
    Open,
    /// So many bytes, and the sign that is the same in all gaps of a run.
    Is(usize, u8),
}

/// Reads the run that begins at `start`. One that does not count is no longer than its fewest units.
pub(super) fn read(bytes: &[u8], start: usize, rules: &Rules) -> Run {
    let mut speller = Speller::default();
    let (mut at, mut end, mut units, mut closed) = (start, start, 0, 0);
    let (mut sign, mut open) = (None, None);
    loop {
        let (value, len, ends) = match (rules.unit)(bytes.get(at..).unwrap_or_default()) {
            Unit::None => break,
            Unit::Open => {
                open = Some(end);
                break;
            }
            Unit::Is { value, len, ends } => (value, len, ends),
        };
        // What stands for the gap before it is open too.
        open = ends.then_some(end);
        let span = Span::new(at, at + len);
        let fits = match value {
            Value::Byte(byte) => speller.unit(&[byte], span),
            Value::Char(c) => speller.character(c, span),
        };
        if !fits {
            break;
        }
        (end, units) = (span.end, units + 1);
        if units == rules.fewest && !(rules.plausible)(&speller.text) {
            return Run { open: open.map(|_| start), ..Run::default() };
        }
        if ends {
            break;
        }
        closed = units;
        match gap(bytes.get(end..).unwrap_or_default(), sign, rules.unparted) {
            Gap::None => break,
            Gap::Open => {
                open = Some(end);
                break;
            }
            Gap::Is(len, same) => (at, sign) = (end + len, Some(same)),
        }
    }
    // What is closed stays; before there is enough of it, the run may come to nothing.
    let open = open.map(|open| if closed < rules.fewest { start } else { open });
    let mut run = Run::spelled(speller, Span::new(start, end), 0, open);
    run.counts = units >= rules.fewest && !run.text.is_empty();
    run
}

/// The same for digits without gaps, so many for each byte. What is read begins at `start`, its digits behind `prefix`.
pub(super) fn read_packed(
    bytes: &[u8],
    (start, prefix): (usize, usize),
    (width, radix): (usize, u32),
    rules: &Rules,
) -> Run {
    let mut speller = Speller::default();
    let (mut at, mut units, mut open) = (start + prefix, 0, None);
    loop {
        let unit = bytes.get(at..bytes.len().min(at + width)).unwrap_or_default();
        let value = unit
            .iter()
            .try_fold(0, |value, &digit| Some(value * radix + char::from(digit).to_digit(radix)?));
        let Some(value) = value else { break };
        if unit.len() < width {
            open = Some(at);
            break;
        }
        let from = if units == 0 { start } else { at };
        let byte = u8::try_from(value).unwrap_or_default();
        if !speller.unit(&[byte], Span::new(from, at + width)) {
            break;
        }
        (at, units) = (at + width, units + 1);
        if units == rules.fewest && !(rules.plausible)(&speller.text) {
            return Run::default();
        }
    }
    let open = open.map(|open| if units < rules.fewest { start } else { open });
    let mut run = Run::spelled(speller, Span::new(start, at), 0, open);
    run.counts = units >= rules.fewest && !run.text.is_empty();
    run
}

/// A sign, a blank or line break, or the one behind the other.
fn gap(rest: &[u8], same: Option<u8>, unparted: bool) -> Gap {
    let sign = rest.first().copied().filter(|byte| is_sign(*byte));
    let behind = rest.get(usize::from(sign.is_some())..).unwrap_or_default();
    let blank = match behind {
        [] | [b'\r'] => return Gap::Open,
        [b'\r', b'\n', ..] => 2,
        [b' ' | b'\n' | b'\t', ..] => 1,
        _ => 0,
    };
    let length = usize::from(sign.is_some()) + blank;
    let sign = sign.unwrap_or(if length == 0 { b'.' } else { b' ' });
    if (length == 0 && !unparted) || same.is_some_and(|same| same != sign) {
        return Gap::None;
    }
    if length == rest.len() { Gap::Open } else { Gap::Is(length, sign) }
}

const fn is_sign(byte: u8) -> bool {
    matches!(byte, b',' | b';' | b':' | b'|' | b'/' | b'-')
}

/// Whether a byte can be part of a gap.
pub(super) const fn is_gap(byte: u8) -> bool {
    is_sign(byte) || matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

/// Whether a quarter of it or more are letters, as in words and in further encodings, and not in tables of numbers.
pub(super) fn is_wordy(text: &[Spelled]) -> bool {
    let letters = text.iter().filter(|(c, _)| c.is_ascii_alphabetic() || !c.is_ascii()).count();
    letters * 4 >= text.len() && letters > 0
}
