//! Strings as they are written in JSON: decoding them, and replacing parts of them in place.
//!
//! Each function walks a token once, whatever it holds and however much of it is replaced: the text
//! is an attacker's.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

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
    let inside = std::str::from_utf8(inside(token)).unwrap_or_default();
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = inside.get(at..)?;
        let (c, half, length) = match rest.chars().next()? {
            '\\' => escaped(rest.as_bytes()),
            c => (c, None, c.len_utf8()),
        };
        let start = at + 1;
        at += length;
        Some(Piece { raw: (start, at + 1), c, half })
    })
}

/// The text of a string token (quotes included).
pub fn decode(token: &[u8]) -> Cow<'_, str> {
    let inside = inside(token);
    let text = match std::str::from_utf8(inside) {
        Ok(text) => Cow::Borrowed(text),
        // No parsed document holds such a token.
        Err(_) => String::from_utf8_lossy(inside),
    };
    if memchr(b'\\', text.as_bytes()).is_none() {
        return text;
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        let (plain, escape) = rest.split_at_checked(at).unwrap_or((rest, ""));
        let (c, _, length) = escaped(escape.as_bytes());
        decoded.push_str(plain);
        decoded.push(c);
        rest = escape.get(length..).unwrap_or_default();
    }
    decoded.push_str(rest);
    Cow::Owned(decoded)
}

/// Whether the text of a string token (quotes included) is this one.
pub(super) fn says(token: &[u8], text: &str) -> bool {
    let inside = inside(token);
    inside == text.as_bytes() && !text.contains('\\')
        || inside.len() > text.len() && memchr(b'\\', inside).is_some() && decode(token) == text
}

/// A text with the escapes of JSON resolved, wherever they stand: for what should be JSON and is not.
pub fn unescaped(text: &str) -> String {
    decode(format!("\"{text}\"").as_bytes()).into_owned()
}

/// The token with parts of its text replaced; the ranges are bytes of the decoded text, apart and on
/// character borders. Every byte of what is not replaced stays as it is written.
pub fn splice_token(token: &[u8], cuts: &[(Range<usize>, String)]) -> Vec<u8> {
    apply(token, token_patches(token, cuts))
}

/// What [`splice_token`] changes, in bytes of the token: where each cut is written, and its
/// replacement with everything escaped that a string must not hold.
pub fn token_patches(token: &[u8], cuts: &[(Range<usize>, String)]) -> Vec<Patch> {
    let mut ordered: Vec<&(Range<usize>, String)> = cuts.iter().collect();
    ordered.sort_by_key(|(range, _)| range.start);
    let mut places = Places { pieces: token_text(token), decoded: 0, raw: 1 };
    let patch = |(range, replacement): &(Range<usize>, String)| {
        let start = places.raw_at(range.start);
        let end = places.raw_at(range.end);
        let mut bytes = Vec::with_capacity(replacement.len() + 8);
        escape_into(replacement, &mut bytes);
        Patch { range: start..end, bytes }
    };
    ordered.into_iter().map(patch).collect()
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

/// A walk over a token that knows which raw byte a decoded byte stands at. It only goes forward.
struct Places<I> {
    pieces: I,
    decoded: usize,
    raw: usize,
}

impl<I: Iterator<Item = Piece>> Places<I> {
    /// Where the character that begins at (or stands around) this decoded byte begins.
    fn raw_at(&mut self, decoded: usize) -> usize {
        while self.decoded < decoded {
            let Some(piece) = self.pieces.next() else { break };
            self.decoded += piece.c.len_utf8();
            self.raw = piece.raw.1;
        }
        self.raw
    }
}

/// What stands between the quotes.
fn inside(token: &[u8]) -> &[u8] {
    token.get(1..token.len().saturating_sub(1)).unwrap_or_default()
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
