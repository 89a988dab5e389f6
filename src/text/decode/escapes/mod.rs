//! The decoder `escapes`: characters that are written as what stands for them in some other format.
//!
//! | form | read by |
//! |---|---|
//! | `&#98;` `&#x62;` `&eacute;` `&bopf;`, with and without `;` | [`html`] |
//! | `%62`, `=62=6F` | [`hex_bytes`] |
//! | `\u0062` `\u{62}` `\x62` `\142` `\n` | [`backslash`] |
//!
//! One pass reads all of them once; what was escaped twice is read in the next pass.

mod backslash;
mod hex_bytes;
mod html;

use super::super::reading::Reading;
use super::{DecoderDef, Reads};
use crate::domain::{Span, ViewName};

pub(super) const ESCAPES: DecoderDef = DecoderDef {
    name: ViewName("escapes"),
    switch: "markup",
    again: true,
    summary: "entities of HTML, percent and quoted-printable bytes, backslash escapes",
    reads: Reads::Width,
    applies,
    build,
    open_from,
};

/// The longest escape in bytes, so far as one could still be open at the end of a text.
const LONGEST: usize = 40;

/// What stands at a place where an escape may begin.
#[derive(Debug)]
enum Escape {
    /// No escape.
    None,
    /// What may become one.
    Open,
    /// These characters, with the bytes that each comes from.
    Says(Vec<(char, Span)>),
}

impl Escape {
    /// One character for all of `at..end`.
    fn one(c: char, at: usize, end: usize) -> Self {
        Self::Says(vec![(c, Span::new(at, end))])
    }

    fn end(&self) -> usize {
        match self {
            Self::Says(text) => text.last().map_or(0, |(_, span)| span.end),
            Self::None | Self::Open => 0,
        }
    }
}

fn read(bytes: &[u8], at: usize) -> Escape {
    match bytes.get(at) {
        Some(b'&') => html::read(bytes, at),
        Some(b'%') => hex_bytes::read(bytes, at, 1),
        // An `=` before two hexadecimal digits is common in code; one after the other is not.
        Some(b'=') => hex_bytes::read(bytes, at, 2),
        Some(b'\\') => backslash::read(bytes, at),
        _ => Escape::None,
    }
}

/// The next place at which an escape may begin.
fn next_mark(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let first = memchr::memchr3(b'&', b'%', b'\\', rest);
    let second = memchr::memchr(b'=', rest.get(..first.unwrap_or(rest.len()))?);
    second.or(first).map(|at| from + at)
}

fn applies(input: &Reading) -> bool {
    let bytes = input.as_str().as_bytes();
    let mut at = 0;
    while let Some(mark) = next_mark(bytes, at) {
        if matches!(read(bytes, mark), Escape::Says(_)) {
            return true;
        }
        at = mark + 1;
    }
    false
}

fn build(input: &Reading, out: &mut Reading) {
    out.begin(input);
    let bytes = input.as_str().as_bytes();
    let (mut copied, mut at) = (0, 0);
    while let Some(mark) = next_mark(bytes, at) {
        let escape = read(bytes, mark);
        let end = escape.end();
        let Escape::Says(text) = escape else {
            at = mark + 1;
            continue;
        };
        out.append(input, copied..mark);
        for (c, span) in text {
            out.push(c, input.raw_span(span.start, span.end));
        }
        (copied, at) = (end, end);
    }
    out.append(input, copied..input.len());
}

fn open_from(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = bytes.len().saturating_sub(LONGEST);
    // An escape that began before the tail ends where the next one can begin.
    while let Some(mark) = next_mark(bytes, at) {
        match read(bytes, mark) {
            Escape::Open => return mark,
            escape @ Escape::Says(_) => at = escape.end().max(mark + 1),
            Escape::None => at = mark + 1,
        }
    }
    bytes.len()
}

/// The value of some hexadecimal digits.
fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |value, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        value.checked_mul(16)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::decoded_by;

    #[test]
    fn each_form_of_an_escape_is_read() {
        for (text, says) in [
            ("&#98;&#x6f;&#109&#x62;", "bomb"),
            ("&#0000098;o", "bo"),
            ("&lt;b&gt; &amp;amp;", "<b> &amp;"),
            ("b&ouml;mb &bopf;&oscr;&mfr;", "bömb bom"),
            ("b&shy;o&ZeroWidthSpace;mb", "b\u{ad}o\u{200b}mb"),
            ("%62%6f%6D%62 %E7%82%b8", "bomb 炸"),
            ("=62=6F=6D=62 a=62", "bomb a=62"),
            ("\\u0062\\u{6f}\\x6d\\142\\U00000021", "bomb!"),
            ("\\ud83d\\ude00", "😀"),
            ("\\xe7\\x82\\xb8", "炸"),
            ("a\\nb\\tc\\\\d\\\"", "a\nb\tc\\d\""),
        ] {
            assert_eq!(decoded_by("escapes", text), says, "{text}");
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in [
            "100% & more, 50%of",
            "a=b&c=d",
            "AT&T; R&D",
            "C:\\Users",
            "x &unknown; y",
            "%zz %",
            "\\u12",
            "&#;",
            "&#x110000;",
            "\\ud83d",
            "%ff%fe",
            "a==b",
        ] {
            assert_eq!(decoded_by("escapes", text), text);
        }
    }
}
