//! Bytes in hexadecimal behind a sign: `%62` of addresses (RFC 3986), `=62` of mail (RFC 2045, quoted-printable).

use super::super::speller::Speller;
use super::{Escape, hexadecimal};
use crate::domain::Span;

/// Bytes of one escape.
const UNIT: usize = 3;
/// The most escapes that are read as one.
const LONGEST: usize = 64;

/// Reads the escapes that begin at `at` one after the other, if there are as many as `fewest`.
pub(super) fn read(bytes: &[u8], at: usize, fewest: usize) -> Escape {
    let Some(&sign) = bytes.get(at) else { return Escape::None };
    let (mut speller, mut end, mut open) = (Speller::default(), at, false);
    for _ in 0..LONGEST {
        let unit = bytes.get(end..bytes.len().min(end + UNIT)).unwrap_or_default();
        let digits = unit.get(1..).unwrap_or_default();
        let fits = unit.first().is_none_or(|&first| first == sign)
            && digits.iter().all(u8::is_ascii_hexdigit);
        if !fits {
            break;
        }
        if unit.len() < UNIT {
            open = true;
            break;
        }
        let byte = hexadecimal(digits).and_then(|value| u8::try_from(value).ok());
        let span = Span::new(end, end + UNIT);
        if !byte.is_some_and(|byte| speller.unit(&[byte], span)) {
            break;
        }
        end += UNIT;
    }
    let count = (end - at) / UNIT;
    let unfinished = speller.open().is_some() || count < fewest || speller.text.is_empty();
    match open && (unfinished || end < bytes.len()) {
        // What is whole already is read when the rest has come.
        true if speller.text.is_empty() || count < fewest => Escape::Open,
        _ if speller.text.is_empty() || count < fewest => Escape::None,
        _ => Escape::Says(speller.text),
    }
}
