//! Escapes of strings in JSON, JavaScript, Python, C: `\u0062`, `\u{62}`, `\U00000062`, `\x62`, `\142`, `\n`.

use super::super::speller::{Speller, is_text};
use super::{Escape, hexadecimal};
use crate::domain::Span;

/// The most escapes of bytes that are read as one.
const LONGEST: usize = 64;

pub(super) fn read(bytes: &[u8], at: usize) -> Escape {
    let rest = bytes.get(at + 1..).unwrap_or_default();
    match rest {
        [] => Escape::Open,
        [b'u', b'{', digits @ ..] => braced(digits, at),
        [b'u', digits @ ..] => unit(digits, at),
        [b'U', digits @ ..] => exact(digits, at, 8),
        [b'x' | b'0'..=b'7', ..] => bytes_of(bytes, at),
        [only, ..] => simple(*only).map_or(Escape::None, |c| Escape::one(c, at, at + 2)),
    }
}

const fn simple(letter: u8) -> Option<char> {
    Some(match letter {
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'e' => '\u{1b}',
        b'f' | b'v' => ' ',
        b'\\' | b'"' | b'\'' | b'/' | b'`' => letter as char,
        _ => return None,
    })
}

fn braced(rest: &[u8], at: usize) -> Escape {
    let count = rest.iter().take(7).take_while(|digit| digit.is_ascii_hexdigit()).count();
    let value = hexadecimal(rest.get(..count).unwrap_or_default()).and_then(char::from_u32);
    match (rest.get(count), value) {
        (None, _) if count < 7 => Escape::Open,
        (Some(b'}'), Some(c)) if count > 0 => Escape::one(c, at, at + count + 4),
        _ => Escape::None,
    }
}

/// Four digits; two halves of a pair of surrogates are one character.
fn unit(rest: &[u8], at: usize) -> Escape {
    let Some(digits) = digits(rest, 4) else { return opens(rest, 4) };
    let Some(value) = hexadecimal(digits) else { return Escape::None };
    if let Some(c) = char::from_u32(value) {
        return Escape::one(c, at, at + 6);
    }
    let behind = rest.get(4..).unwrap_or_default();
    let low = match behind {
        [] | [b'\\'] => return Escape::Open,
        [b'\\', b'u', low @ ..] => low,
        _ => return Escape::None,
    };
    let Some(digits) = self::digits(low, 4) else { return opens(low, 4) };
    let units = [value, hexadecimal(digits).unwrap_or_default()]
        .map(|unit| u16::try_from(unit).unwrap_or_default());
    match char::decode_utf16(units).next() {
        Some(Ok(c)) => Escape::one(c, at, at + 12),
        _ => Escape::None,
    }
}

fn exact(rest: &[u8], at: usize, count: usize) -> Escape {
    let Some(digits) = digits(rest, count) else { return opens(rest, count) };
    let value = hexadecimal(digits).and_then(char::from_u32);
    value.map_or(Escape::None, |c| Escape::one(c, at, at + 2 + count))
}

fn digits(rest: &[u8], count: usize) -> Option<&[u8]> {
    rest.get(..count).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// Whether the end of the text came before so many digits.
fn opens(rest: &[u8], count: usize) -> Escape {
    let open = rest.len() < count && rest.iter().all(u8::is_ascii_hexdigit);
    if open { Escape::Open } else { Escape::None }
}

/// Bytes of UTF-8, or where they are none, characters by their number.
fn bytes_of(bytes: &[u8], at: usize) -> Escape {
    let (mut speller, mut end) = (Speller::default(), at);
    let mut first = None;
    for _ in 0..LONGEST {
        let (value, length) = match byte(bytes.get(end..).unwrap_or_default()) {
            Byte::Is(value, length) => (value, length),
            Byte::Open if speller.text.is_empty() => return Escape::Open,
            Byte::Open | Byte::None => break,
        };
        let span = Span::new(end, end + length);
        first.get_or_insert((value, span));
        if !speller.unit(&[value], span) {
            break;
        }
        end = span.end;
    }
    match first {
        _ if !speller.text.is_empty() => Escape::Says(speller.text),
        Some((value, span)) if is_text(char::from(value)) => {
            Escape::one(char::from(value), span.start, span.end)
        }
        Some(_) | None => Escape::None,
    }
}

/// A byte that is written in hexadecimal or octal digits.
enum Byte {
    None,
    Open,
    /// Its value, and how long it is written.
    Is(u8, usize),
}

fn byte(rest: &[u8]) -> Byte {
    match rest {
        [] | [b'\\'] => Byte::Open,
        [b'\\', b'x', digits @ ..] => match self::digits(digits, 2).and_then(hexadecimal) {
            Some(value) => u8::try_from(value).map_or(Byte::None, |value| Byte::Is(value, 4)),
            None if matches!(opens(digits, 2), Escape::Open) => Byte::Open,
            None => Byte::None,
        },
        [b'\\', digits @ ..] => {
            let count =
                digits.iter().take(3).take_while(|digit| (b'0'..=b'7').contains(*digit)).count();
            let number = digits.get(..count).unwrap_or_default();
            let value =
                number.iter().fold(0_u32, |value, digit| value * 8 + u32::from(digit - b'0'));
            match (count, u8::try_from(value)) {
                (3, Ok(value)) => Byte::Is(value, 4),
                (1 | 2, _) if count == digits.len() => Byte::Open,
                _ => Byte::None,
            }
        }
        _ => Byte::None,
    }
}
