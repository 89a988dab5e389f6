//! The decoder `mail`: words of mail headers (RFC 2047) `=?utf-8?B?…?=`, and what is left of quoted-printable
//! (RFC 2045) beside `escapes`: line breaks that count for nothing, and single bytes within words.

use super::super::masks::Around;
use super::base64::{decoded, sextet};
use super::runs::{self, Encoding, Run};
use super::speller::Speller;
use super::{DecoderDef, Reads};
use crate::domain::{Span, ViewName};

pub(super) const MAIL: DecoderDef = DecoderDef {
    name: ViewName("mail"),
    switch: "decoded",
    again: true,
    summary: "encoded words of mail headers, quoted-printable within words and at line ends",
    reads: Reads::Width,
    applies: runs::applies::<Mail>,
    build: runs::build::<Mail>,
    open_from: runs::open_from::<Mail>,
};

/// The longest encoded word, several times what the standard allows.
const LONGEST: usize = 512;
/// The longest name of a character set.
const LONGEST_NAME: usize = 24;

pub(super) struct Mail;

impl Encoding for Mail {
    fn glance(bytes: &[u8]) -> bool {
        memchr::memchr(b'=', bytes).is_some()
    }

    fn candidates(around: &Around<'_>) -> u64 {
        around.here.marks
    }

    fn continues(byte: u8) -> bool {
        byte.is_ascii_graphic() || byte == b'\r'
    }

    fn begins(_: Option<u8>, byte: u8, _: &[u8]) -> bool {
        byte == b'='
    }

    fn read(bytes: &[u8], start: usize) -> Run {
        match bytes.get(start + 1..).unwrap_or_default() {
            [] | [b'\r'] => undecided(start),
            [b'\n', ..] => Run { end: start + 2, counts: true, ..Run::default() },
            [b'\r', b'\n', ..] => Run { end: start + 3, counts: true, ..Run::default() },
            [b'?', ..] => encoded_word(bytes, start),
            _ => single_bytes(bytes, start),
        }
    }
}

fn undecided(start: usize) -> Run {
    Run { open: Some(start), ..Run::default() }
}

/// Bytes one after the other; one alone only where a word goes on behind it, or that is no number.
fn single_bytes(bytes: &[u8], start: usize) -> Run {
    let (mut speller, mut at) = (Speller::default(), start);
    let mut is_number = true;
    loop {
        match quoted(bytes.get(at..).unwrap_or_default()) {
            Quoted::Open => return undecided(start),
            Quoted::Is(byte) if at - start < LONGEST => {
                let unit = bytes.get(at + 1..at + 3).unwrap_or_default();
                is_number &= unit.iter().all(u8::is_ascii_digit);
                if !speller.unit(&[byte], Span::new(at, at + 3)) {
                    break;
                }
                at += 3;
            }
            Quoted::Is(_) | Quoted::None => break,
        }
    }
    let goes_on = match bytes.get(at) {
        None if is_number && at == start + 3 => return undecided(start),
        None => return Run { open: Some(start), ..ended(speller, start, at, true) },
        Some(behind) => behind.is_ascii_alphabetic() || !behind.is_ascii(),
    };
    let counts = goes_on || !is_number || at > start + 3;
    ended(speller, start, at, counts)
}

fn ended(speller: Speller, start: usize, end: usize, counts: bool) -> Run {
    let mut run = Run::spelled(speller, Span::new(start, end), 0, None);
    run.counts = counts && !run.text.is_empty();
    run
}

enum Quoted {
    None,
    Open,
    Is(u8),
}

/// `=` and two digits of hexadecimal.
fn quoted(rest: &[u8]) -> Quoted {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    match rest {
        [b'=', first, second, ..] => match (digit(*first), digit(*second)) {
            (Some(first), Some(second)) => Quoted::Is(first << 4 | second),
            _ => Quoted::None,
        },
        [b'='] => Quoted::Open,
        [b'=', first] if first.is_ascii_hexdigit() => Quoted::Open,
        _ => Quoted::None,
    }
}

fn encoded_word(bytes: &[u8], start: usize) -> Run {
    let word = bytes.get(start..bytes.len().min(start + LONGEST)).unwrap_or_default();
    let whole = word.len() == LONGEST;
    let unfinished = || if whole { Run::default() } else { undecided(start) };
    // `=?`, the character set, `?`, a letter, `?`, what is encoded, `?=`.
    let name = word.get(2..).unwrap_or_default();
    let sign = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*');
    let length = name.iter().take(LONGEST_NAME + 1).take_while(sign).count();
    let (letter, content) = match name.get(length..).unwrap_or_default() {
        _ if length > LONGEST_NAME => return Run::default(),
        [] | [b'?'] | [b'?', b'B' | b'b' | b'Q' | b'q'] => return unfinished(),
        [b'?', letter @ (b'B' | b'b' | b'Q' | b'q'), b'?', content @ ..] => (*letter, content),
        _ => return Run::default(),
    };
    let length =
        content.iter().take_while(|byte| byte.is_ascii_graphic() && **byte != b'?').count();
    match content.get(length..).unwrap_or_default() {
        [] | [b'?'] => return unfinished(),
        [b'?', b'=', ..] => {}
        _ => return Run::default(),
    }
    let at = start + word.len() - content.len();
    let content = content.get(..length).unwrap_or_default();
    let mut speller = Speller::default();
    let fits = if letter.eq_ignore_ascii_case(&b'B') {
        base64(content, at, &mut speller)
    } else {
        quoted_text(content, at, &mut speller)
    };
    if !fits || speller.open().is_some() || speller.text.is_empty() {
        return Run::default();
    }
    if let Some((_, first)) = speller.text.first_mut() {
        first.start = start;
    }
    let end = at + length + 2;
    Run { text: speller.text, end, counts: true, open: None }
}

fn base64(content: &[u8], at: usize, speller: &mut Speller) -> bool {
    let length = content.iter().take_while(|&&byte| sextet(byte).is_some()).count();
    let units = content.get(..length).unwrap_or_default().chunks(4).enumerate();
    let mut spelled = units.map(|(number, unit)| {
        let from = at + 4 * number;
        speller.unit(&decoded(unit), Span::new(from, from + unit.len()))
    });
    spelled.all(|fits| fits)
}

fn quoted_text(content: &[u8], at: usize, speller: &mut Speller) -> bool {
    let mut next = 0;
    while let Some(&byte) = content.get(next) {
        let rest = content.get(next..).unwrap_or_default();
        let (byte, length) = match (byte, quoted(rest)) {
            (_, Quoted::Is(byte)) => (byte, 3),
            (b'_', _) => (b' ', 1),
            (byte, _) => (byte, 1),
        };
        if !speller.unit(&[byte], Span::new(at + next, at + next + length)) {
            return false;
        }
        next += length;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::tests::decoded_by;

    #[test]
    fn encoded_words_and_quoted_printable_are_read() {
        for (text, says) in [
            ("Subject: =?utf-8?B?Ym9tYg==?= now", "Subject: bomb now"),
            ("=?UTF-8?Q?=62o=6D=62_it?=", "bomb it"),
            ("=?utf-8?q?=E7=82=B8?=", "炸"),
            ("bo=\nmb bo=\r\nmb", "bomb bomb"),
            ("b=6Fmb bom=62=21", "bomb bomb!"),
            ("炸=E5=BC=B9", "炸弹"),
        ] {
            assert_eq!(decoded_by("mail", text), says, "{text}");
        }
    }

    #[test]
    fn code_and_addresses_are_left_alone() {
        for text in [
            "a = b; c==d; e=?; f=42",
            "/find?page=20&size=50",
            "=?utf-8?X?abc?= =?a?B?",
            "x=1\ty=\t",
        ] {
            assert_eq!(decoded_by("mail", text), text);
        }
    }
}
