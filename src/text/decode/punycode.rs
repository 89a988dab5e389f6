//! The decoder `punycode`: labels of international host names, `xn--…` (RFC 3492, RFC 5891).

use super::super::masks::Around;
use super::runs::{self, Encoding, Run};
use super::{DecoderDef, Reads};
use crate::domain::{Span, ViewName};

pub(super) const PUNYCODE: DecoderDef = DecoderDef {
    name: ViewName("punycode"),
    switch: "decoded",
    again: true,
    summary: "labels of international host names, `xn--…`",
    reads: Reads::Width,
    applies: runs::applies::<Punycode>,
    build: runs::build::<Punycode>,
    open_from: runs::open_from::<Punycode>,
};

/// What a label begins with, in small letters.
const PREFIX: &[u8] = b"xn--";
/// The longest label (RFC 1034).
const LONGEST: usize = 63;

// The parameters of RFC 3492, section 5.
const BASE: u32 = 36;
const FEWEST: u32 = 1;
const MOST: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const FIRST_BIAS: u32 = 72;
const FIRST_CODE: u32 = 128;

pub(super) struct Punycode;

impl Encoding for Punycode {
    fn glance(bytes: &[u8]) -> bool {
        memchr::memmem::find(bytes, b"--").is_some()
    }

    fn candidates(around: &Around<'_>) -> u64 {
        around.word_starts() & around.before_nth(|block| block.signs, 2)
    }

    fn continues(byte: u8) -> bool {
        byte.is_ascii_alphanumeric() || byte == b'-'
    }

    fn begins(before: Option<u8>, byte: u8, _: &[u8]) -> bool {
        matches!(byte, b'x' | b'X') && !before.is_some_and(Self::continues)
    }

    fn read(bytes: &[u8], start: usize) -> Run {
        let rest = bytes.get(start..).unwrap_or_default();
        let length =
            rest.iter().take(LONGEST + 1).take_while(|&&byte| Self::continues(byte)).count();
        let label = rest.get(..length).unwrap_or_default();
        let known = label.len().min(PREFIX.len());
        let begins =
            |part: &[u8]| PREFIX.get(..known).is_some_and(|p| p.eq_ignore_ascii_case(part));
        if length > LONGEST || !label.get(..known).is_some_and(begins) {
            return Run::default();
        }
        let open = (length == rest.len()).then_some(start);
        let end = start + length;
        let text = label.get(PREFIX.len()..).and_then(decoded).unwrap_or_default();
        let text: Vec<_> = text.into_iter().map(|c| (c, Span::new(start, end))).collect();
        Run { counts: !text.is_empty(), text, end, open }
    }
}

/// What a label says behind the prefix.
fn decoded(label: &[u8]) -> Option<Vec<char>> {
    let basic = label.iter().rposition(|&byte| byte == b'-');
    let mut out: Vec<char> =
        label.get(..basic.unwrap_or(0))?.iter().map(|&byte| char::from(byte)).collect();
    let mut digits = label.get(basic.map_or(0, |at| at + 1)..)?.iter();
    let (mut code, mut place, mut bias) = (FIRST_CODE, 0_u32, FIRST_BIAS);
    while digits.len() > 0 {
        let before = place;
        let (mut weight, mut top) = (1_u32, BASE);
        loop {
            let digit = digit(*digits.next()?)?;
            place = place.checked_add(digit.checked_mul(weight)?)?;
            let threshold = top.saturating_sub(bias).clamp(FEWEST, MOST);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(BASE - threshold)?;
            top += BASE;
        }
        let count = u32::try_from(out.len()).ok()? + 1;
        bias = adapted(place - before, count, before == 0 && code == FIRST_CODE);
        code = code.checked_add(place / count)?;
        place %= count;
        let c = char::from_u32(code).filter(|c| !c.is_ascii() && super::speller::is_text(*c))?;
        out.insert(usize::try_from(place).ok()?, c);
        place += 1;
    }
    Some(out).filter(|out| out.iter().any(|c| !c.is_ascii()))
}

fn digit(byte: u8) -> Option<u32> {
    match byte {
        b'a'..=b'z' => Some(u32::from(byte - b'a')),
        b'A'..=b'Z' => Some(u32::from(byte - b'A')),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 26),
        _ => None,
    }
}

const fn adapted(delta: u32, count: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / count;
    let mut bias = 0;
    while delta > (BASE - FEWEST) * MOST / 2 {
        delta /= BASE - FEWEST;
        bias += BASE;
    }
    bias + (BASE - FEWEST + 1) * delta / (delta + SKEW)
}

#[cfg(test)]
mod tests {
    use super::super::tests::decoded_by;

    #[test]
    fn labels_are_read_in_their_place() {
        for (text, says) in [
            ("https://www.xn--bcher-kva.example/a", "https://www.bücher.example/a"),
            ("xn--fsqu00a.com", "例子.com"),
            ("XN--BCHER-KVA", "BüCHER"),
            ("xn--ihqwcrb4cv8a8dqg056pqjye", "他们为什么不说中文"),
        ] {
            assert_eq!(decoded_by("punycode", text), says, "{text}");
        }
    }

    #[test]
    fn what_is_no_label_is_left_alone() {
        for text in ["xn--", "axn--bcher-kva", "xn--a", "xn--99999999999", "x -- y", "--xn"] {
            assert_eq!(decoded_by("punycode", text), text);
        }
    }
}
