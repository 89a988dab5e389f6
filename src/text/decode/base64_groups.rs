//! The decoder `base64_groups`: base64 that is cut into groups of one length, by blanks or line breaks, as in mail.
//!
//! The groups one by one are read by `base64`; this reads them as one. The first is not of small letters alone, and the
//! last may be shorter, but not look like a word.

use super::super::masks::Around;
use super::base64::{could_begin, decoded, is_mixed, sextet};
use super::runs::{self, Encoding, Run};
use super::speller::Speller;
use super::{DecoderDef, Reads};
use crate::domain::{Span, ViewName};

pub(super) const BASE64_GROUPS: DecoderDef = DecoderDef {
    name: ViewName("base64_groups"),
    switch: "decoded",
    again: true,
    summary: "text in base64 that is set in lines or groups",
    reads: Reads::Width,
    applies: runs::applies::<Groups>,
    build: runs::build::<Groups>,
    open_from: runs::open_from::<Groups>,
};

/// Characters that give whole bytes; all groups but the last have some times as many.
const UNIT: usize = 4;
/// The most characters of a group.
const WIDEST: usize = 128;
/// Within so many bytes a run is told from words.
const MIXED_WITHIN: usize = 36;

pub(super) struct Groups;

/// What comes behind a group.
enum Next {
    /// Nothing that goes on with it.
    None,
    /// The text ends before that is known.
    Open,
    /// A group of so many characters behind so many bytes of gap, and so much padding; the text may end with it.
    Is { gap: usize, count: usize, pads: usize, ends: bool },
}

impl Encoding for Groups {
    fn candidates(around: &Around<'_>) -> u64 {
        around.mixed_within(MIXED_WITHIN)
    }

    fn continues(byte: u8) -> bool {
        sextet(byte).is_some() || matches!(byte, b'=' | b' ' | b'\n' | b'\r')
    }

    fn begins(before: Option<u8>, byte: u8, _: &[u8]) -> bool {
        sextet(byte).is_some() && !before.is_some_and(|before| before.is_ascii_alphanumeric())
    }

    fn read(bytes: &[u8], start: usize) -> Run {
        let mut speller = Speller::default();
        // Nearly all words end here.
        let unit = bytes.get(start..bytes.len().min(start + UNIT)).unwrap_or_default();
        let length = unit.iter().take_while(|&&byte| sextet(byte).is_some()).count();
        if !could_begin(&speller, unit.get(..length).unwrap_or_default()) {
            return Run::default();
        }
        let width = width(bytes, start);
        let first = bytes.get(start..start + width).unwrap_or_default();
        if start + width == bytes.len() && width <= WIDEST {
            return Run { open: Some(start), ..Run::default() };
        }
        // Words of four letters are many, and few groups have small letters alone: one in twenty of four characters.
        let fits = width >= UNIT
            && width.is_multiple_of(UNIT)
            && width <= WIDEST
            && !first.iter().all(u8::is_ascii_lowercase);
        if !fits || !spell(&mut speller, first, start) {
            return Run::default();
        }
        let (mut end, mut groups, mut closed) = (start + width, 1, 1);
        let (mut closed_end, mut pads, mut open) = (end, 0, None);
        loop {
            if end - start >= MIXED_WITHIN && !mixed_at(bytes, start, end) {
                break;
            }
            let (gap, count, padding, ends) = match next(bytes, end, width) {
                Next::None => break,
                Next::Open => {
                    open = Some(end);
                    break;
                }
                Next::Is { gap, count, pads, ends } => (gap, count, pads, ends),
            };
            open = ends.then_some(end);
            let group = bytes.get(end + gap..end + gap + count).unwrap_or_default();
            let mut longer = speller.clone();
            let is_word = count < width && padding == 0 && group.iter().all(u8::is_ascii_lowercase);
            if is_word || !spell(&mut longer, group, end + gap) {
                break;
            }
            (speller, end, pads, groups) = (longer, end + gap + count, padding, groups + 1);
            if ends {
                break;
            }
            (closed, closed_end) = (groups, end);
            if count < width {
                break;
            }
        }
        let is_run = |groups: usize, end: usize| groups > 1 && mixed_at(bytes, start, end);
        let open = open.map(|open| if is_run(closed, closed_end) { open } else { start });
        let mut run = Run::spelled(speller, Span::new(start, end), pads, open);
        run.counts = is_run(groups, end) && !run.text.is_empty();
        run
    }
}

/// How many characters a group has, one more than the most if there are more.
fn width(bytes: &[u8], start: usize) -> usize {
    let group = bytes.get(start..).unwrap_or_default().iter().take(WIDEST + 1);
    group.take_while(|&&byte| sextet(byte).is_some()).count()
}

fn next(bytes: &[u8], end: usize, width: usize) -> Next {
    let rest = bytes.get(end..).unwrap_or_default();
    let gap = match rest {
        [] | [b'\r'] => return Next::Open,
        [b'\r', b'\n', ..] => 2,
        [b' ' | b'\n', ..] => 1,
        _ => return Next::None,
    };
    let group = rest.get(gap..).unwrap_or_default();
    if group.is_empty() {
        return Next::Open;
    }
    let count = group.iter().take(width + 1).take_while(|&&byte| sextet(byte).is_some()).count();
    if count == 0 || count > width {
        return Next::None;
    }
    let padding = if count % UNIT > 1 { UNIT - count % UNIT } else { 0 };
    let behind = group.get(count..).unwrap_or_default();
    let pads = behind.iter().take(padding).take_while(|&&byte| byte == b'=').count();
    Next::Is { gap, count, pads, ends: behind.is_empty() }
}

/// Spells a group that begins at `at`; the bytes that its last unit leaves incomplete are left out.
fn spell(speller: &mut Speller, group: &[u8], at: usize) -> bool {
    group.chunks(UNIT).enumerate().all(|(number, unit)| {
        let from = at + number * UNIT;
        speller.unit(&decoded(unit), Span::new(from, from + unit.len()))
    })
}

fn mixed_at(bytes: &[u8], start: usize, end: usize) -> bool {
    is_mixed(bytes.get(start..end.min(start + MIXED_WITHIN)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::tests::decoded_by;

    #[test]
    fn groups_and_lines_are_read_as_one() {
        for (text, says) in [
            ("Zm9y Ymlk", "forbid"),
            ("bGl0 dGxl IGJv bWI=", "little bomb"),
            ("say bGl0dGxl\nIGJvbWI= now", "say little bomb now"),
            ("bGl0\r\ndGxl\r\n", "little\r\n"),
            ("Ym9t Yg", "bomb"),
        ] {
            assert_eq!(decoded_by("base64_groups", text), says, "{text}");
        }
    }

    #[test]
    fn words_beside_words_are_no_groups() {
        for text in [
            "this text will have some four word rows",
            "Ym9tYmVy then what",
            "Each Cats Like Milk And Fish",
            "IBM2 has some more data",
        ] {
            assert_eq!(decoded_by("base64_groups", text), text);
        }
    }
}
