//! The decoders `numbers`, `decimal` and `octal`: bytes and characters as numbers.
//!
//! | form | decoder |
//! |---|---|
//! | `626f6d62` `62 6f` `62:6f` `62-6F` `0x626f` `0x62, 0x6f` | `numbers` |
//! | `01100010 01101111` without gaps too, `1100010 1101111` | `numbers` |
//! | `U+70B8 U+5F39` | `numbers` |
//! | `98 111` `98,111`, `28856 24377` | `decimal` |
//! | `142 157` `0142, 0157` | `octal` |
//!
//! They are three because the same digits may be read in several ways.

use super::super::masks::Around;
use super::runs::{self, Encoding, Run};
use super::units::{self, Rules, Unit, Value, is_gap, is_wordy};
use super::{DecoderDef, Reads};
use crate::domain::ViewName;

pub(super) const NUMBERS: DecoderDef = DecoderDef {
    name: ViewName("numbers"),
    switch: "decoded",
    again: true,
    summary: "bytes in hexadecimal or binary, with gaps or without; `U+` code points",
    reads: Reads::Width,
    applies: runs::applies::<Numbers>,
    build: runs::build::<Numbers>,
    open_from: runs::open_from::<Numbers>,
};

pub(super) const DECIMAL: DecoderDef = DecoderDef {
    name: ViewName("decimal"),
    switch: "decoded",
    again: true,
    summary: "code points and bytes in decimal",
    reads: Reads::Width,
    applies: runs::applies::<Decimal>,
    build: runs::build::<Decimal>,
    open_from: runs::open_from::<Decimal>,
};

pub(super) const OCTAL: DecoderDef = DecoderDef {
    name: ViewName("octal"),
    switch: "decoded",
    again: true,
    summary: "bytes in octal",
    reads: Reads::Width,
    applies: runs::applies::<Octal>,
    build: runs::build::<Octal>,
    open_from: runs::open_from::<Octal>,
};

/// The fewest bytes of a run.
const FEWEST: usize = 4;
const BYTES: Rules =
    Rules { unit: hexadecimal, fewest: FEWEST, plausible: is_wordy, unparted: false };
const PREFIXED: Rules = Rules { unit: prefixed, unparted: true, ..BYTES };
const BITS_7: Rules = Rules { unit: |rest| bits(rest, 7), ..BYTES };
const BITS_8: Rules = Rules { unit: |rest| bits(rest, 8), ..BYTES };
const POINTS: Rules = Rules { unit: code_point, fewest: 2, unparted: true, ..BYTES };
const DECIMALS: Rules = Rules { unit: decimal, ..BYTES };
const OCTALS: Rules = Rules { unit: octal, ..BYTES };

pub(super) struct Numbers;

impl Encoding for Numbers {
    fn candidates(around: &Around<'_>) -> u64 {
        if around.here.digits | around.behind.digits == 0 {
            return 0;
        }
        around.word_starts() & around.any_within(|block| block.digits, 2 * FEWEST)
    }

    fn continues(byte: u8) -> bool {
        byte.is_ascii_hexdigit() || is_gap(byte) || matches!(byte, b'x' | b'X' | b'u' | b'U' | b'+')
    }

    fn begins(before: Option<u8>, byte: u8, _: &[u8]) -> bool {
        // What stands behind these is an escape.
        let escaped = matches!(before, Some(b'%' | b'=' | b'\\' | b'#'));
        (byte.is_ascii_hexdigit() || matches!(byte, b'U' | b'u')) && is_border(before) && !escaped
    }

    fn read(bytes: &[u8], start: usize) -> Run {
        let run = read_numbers(bytes, start);
        // In letters alone, where no candidate is, nearly nothing is said.
        let first = bytes.get(start..bytes.len().min(start + 2 * FEWEST)).unwrap_or_default();
        if run.counts && !first.iter().any(u8::is_ascii_digit) { Run::default() } else { run }
    }
}

pub(super) struct Decimal;

impl Encoding for Decimal {
    fn candidates(around: &Around<'_>) -> u64 {
        around.here.digits & around.word_starts()
    }

    fn continues(byte: u8) -> bool {
        byte.is_ascii_digit() || is_gap(byte)
    }

    fn begins(before: Option<u8>, byte: u8, _: &[u8]) -> bool {
        byte.is_ascii_digit() && is_border(before)
    }

    fn read(bytes: &[u8], start: usize) -> Run {
        units::read(bytes, start, &DECIMALS)
    }
}

pub(super) struct Octal;

impl Encoding for Octal {
    fn candidates(around: &Around<'_>) -> u64 {
        around.here.digits & around.word_starts()
    }

    fn continues(byte: u8) -> bool {
        byte.is_ascii_digit() || is_gap(byte)
    }

    fn begins(before: Option<u8>, byte: u8, _: &[u8]) -> bool {
        matches!(byte, b'0'..=b'7') && is_border(before)
    }

    fn read(bytes: &[u8], start: usize) -> Run {
        units::read(bytes, start, &OCTALS)
    }
}

/// The run of one of the forms that begins at `start`.
fn read_numbers(bytes: &[u8], start: usize) -> Run {
    let rest = bytes.get(start..).unwrap_or_default();
    let undecided = || Run { open: Some(start), ..Run::default() };
    match rest {
        [b'U' | b'u', ..] => return units::read(bytes, start, &POINTS),
        [b'0'] => return undecided(),
        [b'0', b'x' | b'X', digits @ ..] => {
            let count = leading(digits, 3, 16);
            return match digits.get(count..) {
                Some([]) if count < 3 || digits.ends_with(b"0") => undecided(),
                Some([b'x' | b'X', ..]) if count == 3 => units::read(bytes, start, &PREFIXED),
                _ if count < 3 => units::read(bytes, start, &PREFIXED),
                _ => units::read_packed(bytes, (start, 2), (2, 16), &BYTES),
            };
        }
        _ => {}
    }
    let (digits, bits) = (leading(rest, 3, 16), leading(rest, 9, 2));
    let behind = |count: usize| rest.get(count).copied();
    match (digits, bits) {
        (0..3, _) if behind(digits).is_none() => undecided(),
        // Numbers and words, nearly all of them.
        (0..2, _) => Run::default(),
        (2, _) => units::read(bytes, start, &BYTES),
        (_, 0..9) if behind(bits).is_none() => undecided(),
        (_, 7) if is_border(behind(7)) => units::read(bytes, start, &BITS_7),
        (_, 8) if is_border(behind(8)) => units::read(bytes, start, &BITS_8),
        (_, 9..) => units::read_packed(bytes, (start, 0), (8, 2), &BYTES),
        _ => units::read_packed(bytes, (start, 0), (2, 16), &BYTES),
    }
}

/// Two digits.
fn hexadecimal(rest: &[u8]) -> Unit {
    byte_of(rest, (2, 2), 16)
}

/// Two digits behind `0x`.
fn prefixed(rest: &[u8]) -> Unit {
    let digits = match rest {
        [] | [b'0'] => return Unit::Open,
        [b'0', b'x' | b'X', digits @ ..] => digits,
        _ => return Unit::None,
    };
    let Some(&[first, second]) = digits.get(..2) else {
        let open = digits.iter().all(u8::is_ascii_hexdigit);
        return if open { Unit::Open } else { Unit::None };
    };
    // The next one may follow without a gap.
    let closed = match digits.get(2..) {
        Some([] | [b'0']) => false,
        Some([b'0', b'x' | b'X', ..]) => true,
        Some([next, ..]) if next.is_ascii_alphanumeric() => return Unit::None,
        _ => true,
    };
    match number(&[first, second], 16).and_then(|value| u8::try_from(value).ok()) {
        Some(byte) => Unit::Is { value: Value::Byte(byte), len: 4, ends: !closed },
        None => Unit::None,
    }
}

fn bits(rest: &[u8], width: usize) -> Unit {
    byte_of(rest, (width, width), 2)
}

/// Two or three digits, and a zero or `0o` before them.
fn octal(rest: &[u8]) -> Unit {
    let prefix = match rest {
        [b'0', b'o', ..] => 2,
        [b'0', ..] => 1,
        _ => 0,
    };
    match byte_of(rest.get(prefix..).unwrap_or_default(), (2, 3), 8) {
        Unit::Is { value, len, ends } => Unit::Is { value, len: len + prefix, ends },
        other @ (Unit::None | Unit::Open) => other,
    }
}

/// A byte in so many digits.
fn byte_of(rest: &[u8], (fewest, most): (usize, usize), radix: u32) -> Unit {
    let count = leading(rest, most + 1, radix);
    let ends = count == rest.len();
    if count < fewest || count > most {
        return if ends && count < fewest { Unit::Open } else { Unit::None };
    }
    let value = number(rest.get(..count).unwrap_or_default(), radix);
    match value.and_then(|value| u8::try_from(value).ok()) {
        Some(byte) if is_border(rest.get(count).copied()) => {
            Unit::Is { value: Value::Byte(byte), len: count, ends }
        }
        Some(_) | None => Unit::None,
    }
}

/// A byte of UTF-8, or a code point beyond.
fn decimal(rest: &[u8]) -> Unit {
    const MOST: usize = 6;
    let count = leading(rest, MOST + 1, 10);
    let ends = count == rest.len();
    if count > MOST || !is_border(rest.get(count).copied()) {
        return Unit::None;
    }
    let value = number(rest.get(..count).unwrap_or_default(), 10).filter(|_| count > 1);
    let value = value.and_then(|value| match u8::try_from(value) {
        Ok(byte) => Some(Value::Byte(byte)),
        Err(_) => char::from_u32(value).filter(|&c| is_listed(c)).map(Value::Char),
    });
    match value {
        Some(value) => Unit::Is { value, len: count, ends },
        None if ends => Unit::Open,
        None => Unit::None,
    }
}

/// `U+` and four to six digits.
fn code_point(rest: &[u8]) -> Unit {
    let digits = match rest {
        [] | [b'U' | b'u'] => return Unit::Open,
        [b'U' | b'u', b'+', digits @ ..] => digits,
        _ => return Unit::None,
    };
    let count = leading(digits, 7, 16);
    let ends = count == digits.len();
    let behind = digits.get(count).copied();
    let closed = is_border(behind) || matches!(behind, Some(b'U' | b'u'));
    let value = number(digits.get(..count).unwrap_or_default(), 16);
    match value.filter(|_| (4..=6).contains(&count) && closed).and_then(char::from_u32) {
        Some(c) => Unit::Is { value: Value::Char(c), len: count + 2, ends },
        None if ends && count <= 6 => Unit::Open,
        None => Unit::None,
    }
}

/// Characters that are given as numbers beyond those of bytes: of other scripts, and not where years and prices are.
const fn is_listed(c: char) -> bool {
    matches!(c, '\u{400}'..='\u{4ff}' | '\u{3001}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' | '\u{ff00}'..='\u{ffef}')
}

/// Whether no word or number goes on there.
fn is_border(byte: Option<u8>) -> bool {
    !byte.is_some_and(|byte| byte.is_ascii_alphanumeric())
}

/// How many digits stand at the beginning, of so many at most.
fn leading(rest: &[u8], most: usize, radix: u32) -> usize {
    rest.iter().take(most).take_while(|&&digit| char::from(digit).is_digit(radix)).count()
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    digits.iter().try_fold(0_u32, |value, &digit| {
        value.checked_mul(radix)?.checked_add(char::from(digit).to_digit(radix)?)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::decoded_by;

    #[test]
    fn bytes_in_hexadecimal_and_binary_are_read() {
        for (text, says) in [
            ("626f6d62", "bomb"),
            ("a 626F6D62, then", "a bomb, then"),
            ("e782b8e5bcb9", "炸弹"),
            ("62 6f 6d 62", "bomb"),
            ("62:6f:6d:62", "bomb"),
            ("62-6f-6d-62.", "bomb."),
            ("say 62, 6f, 6d, 62 now", "say bomb now"),
            ("62 6f\n6d 62\n", "bomb\n"),
            ("0x626f6d62", "bomb"),
            ("0x62 0x6f 0x6d 0x62", "bomb"),
            ("0x620x6f0x6d0x62!", "bomb!"),
            ("01100010 01101111 01101101 01100010", "bomb"),
            ("01100010011011110110110101100010", "bomb"),
            ("1100010 1101111 1101101 1100010", "bomb"),
            ("U+70B8 U+5F39", "炸弹"),
            ("U+0062U+006f", "bo"),
        ] {
            assert_eq!(decoded_by("numbers", text), says, "{text}");
        }
    }

    #[test]
    fn code_points_in_decimal_and_octal_are_read() {
        for (text, says) in [
            ("98 111 109 98", "bomb"),
            ("98,111,109,98", "bomb"),
            ("(98, 111, 109, 98)", "(bomb)"),
            ("28856 24377 28856 24377", "炸弹炸弹"),
            ("231 130 184 229 188 185", "炸弹"),
            ("104 111 119 32 116 111", "how to"),
        ] {
            assert_eq!(decoded_by("decimal", text), says, "{text}");
        }
        for (text, says) in [
            ("142 157 155 142", "bomb"),
            ("0142, 0157, 0155, 0142", "bomb"),
            ("150 157 167 40 164 157", "how to"),
        ] {
            assert_eq!(decoded_by("octal", text), says, "{text}");
        }
    }

    #[test]
    fn hashes_numbers_and_dates_are_left_alone() {
        for text in [
            "d41d8cd98f00b204e9800998ecf8427e",
            "f47ac10b-58cc-4372-a567-0e02b2c3d479",
            "on 2026-11-28 at 18:44:26, or 11/28/26",
            "call 010 6552 9988 or +1 202 555 0143",
            "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12",
            "2019 2020 2021 2022 2023",
            "facade decade bed added",
            "0xdeadbeef 0x7f 0x00 0xff",
            "1000000 101 11111111",
        ] {
            for name in ["numbers", "decimal", "octal"] {
                assert_eq!(decoded_by(name, text), text, "{name}");
            }
        }
    }
}
