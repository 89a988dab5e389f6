//! Strings as they are written in JSON: decoding them, and replacing parts of them in place.

use std::borrow::Cow;
use std::ops::Range;

use super::patch::{Patch, apply};

/// One character of a string token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where it is written, in bytes of the token.
    pub raw: (usize, usize),
    /// The character; half of a surrogate pair is `U+FFFD`.
    pub c: char,
    /// The half of a surrogate pair that stands here alone, if one does.
    pub half: Option<u16>,
}

/// The characters of a string token (quotes included).
pub fn token_text(token: &[u8]) -> impl Iterator<Item = Piece> + '_ {
    let end = token.len().saturating_sub(1);
    let mut at = 1;
    std::iter::from_fn(move || {
        let start = at;
        if start >= end {
            return None;
        }
        let (c, half, len) = match token.get(start)? {
            b'\\' => escaped(token.get(start..end)?),
            byte if byte.is_ascii() => (char::from(*byte), None, 1),
            _ => {
                let rest = std::str::from_utf8(token.get(start..end)?).ok()?;
                let c = rest.chars().next()?;
                (c, None, c.len_utf8())
            }
        };
        at += len;
        Some(Piece { raw: (start, at), c, half })
    })
}

/// The text of a string token (quotes included).
pub fn decode(token: &[u8]) -> Cow<'_, str> {
    let inner = token.get(1..token.len().saturating_sub(1)).unwrap_or_default();
    match std::str::from_utf8(inner) {
        Ok(plain) if !plain.contains('\\') => Cow::Borrowed(plain),
        _ => Cow::Owned(token_text(token).map(|piece| piece.c).collect()),
    }
}

/// The token with parts of its text replaced; the ranges are bytes of the decoded text, ordered and
/// apart, on character borders. Every byte of what is not replaced stays as it is written.
pub fn splice_token(token: &[u8], cuts: &[(Range<usize>, String)]) -> Vec<u8> {
    let mut patches = Vec::with_capacity(cuts.len());
    for (range, replacement) in cuts {
        let mut bytes = Vec::with_capacity(replacement.len() + 8);
        escape_into(replacement, &mut bytes);
        let raw = raw_range(token, range);
        patches.push(Patch { range: raw, bytes });
    }
    apply(token, patches)
}

/// A text as a JSON string, quotes included.
pub fn quote(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 2);
    bytes.push(b'"');
    escape_into(text, &mut bytes);
    bytes.push(b'"');
    bytes
}

/// Writes a text as the inside of a JSON string.
///
/// Beside what JSON demands, U+007F, U+0085, U+2028 and U+2029 are escaped: clients that split lines
/// the Unicode way would tear a stream's line apart at them.
pub fn escape_into(text: &str, out: &mut Vec<u8>) {
    for c in text.chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\0'..='\u{1f}' | '\u{7f}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                out.extend_from_slice(format!("\\u{:04x}", c as u32).as_bytes());
            }
            _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Whether half of a surrogate pair stands alone in a token.
pub(super) fn has_lone_surrogate(token: &[u8]) -> bool {
    token_text(token).any(|piece| piece.half.is_some())
}

/// The raw bytes of a token that stand for a range of its decoded text.
fn raw_range(token: &[u8], range: &Range<usize>) -> Range<usize> {
    let inside = token.len().saturating_sub(1);
    let (mut start, mut end, mut decoded) = (inside, inside, 0);
    for piece in token_text(token) {
        if decoded >= range.start && start == inside {
            start = piece.raw.0;
        }
        if decoded >= range.end {
            end = piece.raw.0;
            break;
        }
        decoded += piece.c.len_utf8();
    }
    start.min(end)..end
}

/// Reads one escape at the beginning of `rest`: the character, a lone half, and how many bytes.
fn escaped(rest: &[u8]) -> (char, Option<u16>, usize) {
    let simple = |c| (c, None, 2);
    match rest.get(1) {
        Some(b'n') => simple('\n'),
        Some(b't') => simple('\t'),
        Some(b'r') => simple('\r'),
        Some(b'b') => simple('\u{8}'),
        Some(b'f') => simple('\u{c}'),
        Some(b'u') => unicode(rest),
        Some(&other) => simple(char::from(other)),
        None => ('\u{fffd}', None, 1),
    }
}

fn unicode(rest: &[u8]) -> (char, Option<u16>, usize) {
    let Some(first) = hex4(rest.get(2..6)) else { return ('\u{fffd}', None, 2) };
    if let Some(c) = char::from_u32(u32::from(first)) {
        return (c, None, 6);
    }
    let low = rest.get(6..8).filter(|next| *next == b"\\u").and_then(|_| hex4(rest.get(8..12)));
    let pair = low.and_then(|low| char::decode_utf16([first, low]).next()?.ok());
    match pair {
        Some(c) => (c, None, 12),
        None => ('\u{fffd}', Some(first), 6),
    }
}

fn hex4(digits: Option<&[u8]>) -> Option<u16> {
    u16::from_str_radix(std::str::from_utf8(digits?).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_escape_is_decoded() {
        let token = br#""a\n\t\r\b\f\/\\\"\u0041\ud83d\ude00\ud83d""#;
        assert_eq!(decode(token), "a\n\t\r\u{8}\u{c}/\\\"A😀\u{fffd}");
    }

    #[test]
    fn only_the_cut_bytes_change() {
        let token = br#""x\/\u0065mail\u0020b\ud83d\ude00b \u00e9""#;
        let text = decode(token);
        assert_eq!(text, "x/email b😀b é");
        let start = text.find('b').unwrap();
        let cut = (start..start + "b😀b".len(), "[\"]\u{2028}".to_owned());
        let spliced = splice_token(token, &[cut]);
        assert_eq!(spliced, br#""x\/\u0065mail\u0020[\"]\u2028 \u00e9""#);
    }

    proptest! {
        #[test]
        fn splicing_then_decoding_is_replacing(text in "\\PC{0,20}", with in "\\PC{0,6}", a: usize, b: usize) {
            let token = serde_json::to_vec(&text).unwrap();
            let floor = |at: usize| {
                let at = at % (text.len() + 1);
                (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap()
            };
            let (a, b) = (floor(a).min(floor(b)), floor(a).max(floor(b)));
            let spliced = splice_token(&token, &[(a..b, with.clone())]);
            let expected = format!("{}{with}{}", &text[..a], &text[b..]);
            prop_assert_eq!(decode(&spliced), expected.as_str());
            let read: String = serde_json::from_slice(&spliced).unwrap();
            prop_assert_eq!(read, expected);
        }
    }
}
