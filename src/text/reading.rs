//! A reading of a text: normalised characters, and for every byte of them the raw bytes they stand for.

use crate::domain::Span;

/// Normalised text with a map back to the raw bytes.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    text: String,
    map: Map,
    raw_len: usize,
}

#[derive(Clone, Debug, Default)]
enum Map {
    /// Each byte stands for itself.
    #[default]
    Identity,
    /// For each byte of the text: where its raw bytes begin and end.
    Bytes(Vec<(u32, u32)>),
}

impl Reading {
    /// Makes this the reading in which every byte stands for itself.
    pub fn identity(&mut self, raw: &str) {
        self.clear();
        self.text.push_str(raw);
        self.raw_len = raw.len();
    }

    /// Makes this the reading of ASCII text in small letters, byte for byte.
    pub(super) fn ascii_lower(&mut self, raw: &str) {
        self.identity(raw);
        self.text.make_ascii_lowercase();
    }

    /// Empties the reading; its buffers are kept.
    pub fn clear(&mut self) {
        self.text.clear();
        self.map = Map::Identity;
        self.raw_len = 0;
    }

    /// Empties the reading for building it character by character.
    pub(super) fn begin(&mut self, raw_len: usize) {
        self.text.clear();
        self.raw_len = raw_len;
        match &mut self.map {
            Map::Bytes(map) => map.clear(),
            map @ Map::Identity => *map = Map::Bytes(Vec::new()),
        }
    }

    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Length of the raw text in bytes.
    pub(super) fn raw_len(&self) -> usize {
        self.raw_len
    }

    /// Whether each byte stands for itself.
    pub fn is_identity(&self) -> bool {
        matches!(self.map, Map::Identity)
    }

    /// The raw bytes that the bytes `start..end` of this reading stand for.
    pub fn raw_span(&self, start: usize, end: usize) -> Span {
        match &self.map {
            Map::Identity => Span::new(start, end),
            Map::Bytes(map) => {
                let first = map.get(start).map_or(self.raw_len, |raw| raw.0 as usize);
                let last = end.checked_sub(1).and_then(|last| map.get(last));
                Span::new(first, last.map_or(first, |raw| raw.1 as usize))
            }
        }
    }

    /// Where the raw bytes of byte `at` begin; the raw length at the end.
    pub fn raw_start(&self, at: usize) -> usize {
        match &self.map {
            Map::Identity => at.min(self.raw_len),
            Map::Bytes(map) => map.get(at).map_or(self.raw_len, |raw| raw.0 as usize),
        }
    }

    /// Adds a character that stands for these raw bytes.
    pub(super) fn push(&mut self, c: char, raw: Span) {
        self.text.push(c);
        if let Map::Bytes(map) = &mut self.map {
            let raw = (narrow(raw.start), narrow(raw.end));
            map.extend(std::iter::repeat_n(raw, c.len_utf8()));
        }
    }

    /// The last character swallows the raw bytes up to `raw_end`.
    pub(super) fn extend_last(&mut self, raw_end: usize) {
        let Some(last) = self.text.chars().next_back() else { return };
        if let Map::Bytes(map) = &mut self.map {
            for raw in map.iter_mut().rev().take(last.len_utf8()) {
                raw.1 = raw.1.max(narrow(raw_end));
            }
        }
    }
}

/// Texts are looked at in windows of far less than 4 GiB.
fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
