//! Bytes that an encoding gives, unit by unit, as the characters that they are in UTF-8.

use crate::domain::Span;

/// Characters so far, and the bytes of one that is not whole yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Speller {
    /// Each character, with the input that it comes from: whole units, which neighbours may share.
    pub(super) text: Vec<(char, Span)>,
    partial: [u8; 4],
    partial_len: usize,
    partial_start: usize,
}

impl Speller {
    /// Takes the bytes that the unit at `at` gives. `false`: they are no text, and nothing after them is looked at.
    pub(super) fn unit(&mut self, bytes: &[u8], at: Span) -> bool {
        for &byte in bytes {
            if self.partial_len == 0 {
                if byte.is_ascii() {
                    if !is_text(char::from(byte)) {
                        return false;
                    }
                    self.text.push((char::from(byte), at));
                    continue;
                }
                self.partial_start = at.start;
            }
            let Some(slot) = self.partial.get_mut(self.partial_len) else { return false };
            *slot = byte;
            self.partial_len += 1;
            let known = self.partial.get(..self.partial_len).unwrap_or_default();
            match std::str::from_utf8(known) {
                Ok(text) => {
                    let Some(c) = text.chars().next().filter(|&c| is_text(c)) else { return false };
                    self.text.push((c, Span::new(self.partial_start, at.end)));
                    self.partial_len = 0;
                }
                Err(error) if error.error_len().is_some() => return false,
                Err(_) => {}
            }
        }
        true
    }

    /// Takes a whole character. `false`: it is none that stands in texts, or the bytes before it are none.
    pub(super) fn character(&mut self, c: char, at: Span) -> bool {
        let fits = self.partial_len == 0 && is_text(c);
        if fits {
            self.text.push((c, at));
        }
        fits
    }

    /// Where the input of a character that is not whole begins.
    pub(super) const fn open(&self) -> Option<usize> {
        if self.partial_len > 0 { Some(self.partial_start) } else { None }
    }

    /// Where the input of the last whole character ends.
    pub(super) fn end(&self) -> Option<usize> {
        self.text.last().map(|(_, span)| span.end)
    }
}

/// The few bytes that one unit gives.
#[derive(Clone, Copy, Debug)]
pub(super) struct Few<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Few<N> {
    /// The first `len` of these bytes.
    pub(super) const fn new(bytes: [u8; N], len: usize) -> Self {
        Self { bytes, len }
    }
}

impl<const N: usize> std::ops::Deref for Few<N> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// Whether a character stands in texts that people read: control characters do not, but for blanks and the backspace,
/// with which words are disguised.
pub(super) fn is_text(c: char) -> bool {
    !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{8}' | '\u{7f}' | '\u{1b}')
}
