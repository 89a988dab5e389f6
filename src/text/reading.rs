//! A text as one view reads it, with the way back to the raw bytes.

use std::cell::OnceCell;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;

use super::masks::Masks;
use super::survey::Survey;
use crate::domain::Span;

/// A reading of a text: normalised characters and, for every byte of them, the raw bytes it stands for.
///
/// Offsets are bytes. All offsets handed in must lie on character boundaries of the reading; the raw
/// spans handed out lie on character boundaries of the raw text. Raw offsets are kept in 32 bits:
/// texts of 4 GiB and more are refused long before they are read.
#[derive(Default, Debug, Clone)]
pub struct Reading {
    text: String,
    /// The way back, piece by piece, ascending; empty while every byte stands for itself.
    map: Vec<Piece>,
    mapped: bool,
    raw_len: usize,
    /// Ends of the characters after which repeated text was left out, ascending.
    omissions: Vec<usize>,
    /// Where characters begin whose capitals, which the raw text has, look otherwise: `ν` for `Ν`, which looks like `n`.
    /// With the capitals, ascending.
    capitals: Vec<(usize, char)>,
    survey: OnceCell<Survey>,
    masks: OnceCell<Masks>,
}

/// A stretch of the reading that leads back in one way. It ends where the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Piece {
    /// Where the stretch begins in the reading.
    at: u32,
    /// Where its raw bytes begin, and where they end.
    raw: (u32, u32),
    /// Whether each byte stands for one raw byte; else every byte stands for all of `raw`.
    even: bool,
}

impl Reading {
    /// Makes this the reading that changes nothing. Buffers are reused.
    pub fn identity(&mut self, raw: &str) {
        self.clear();
        self.text.push_str(raw);
        self.raw_len = raw.len();
    }

    /// Empties the reading. Buffers keep their capacity.
    pub fn clear(&mut self) {
        self.text.clear();
        self.map.clear();
        self.mapped = false;
        self.raw_len = 0;
        self.omissions.clear();
        self.capitals.clear();
        self.survey.take();
        self.masks.take();
    }

    /// The normalised text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Length of the normalised text in bytes.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether the normalised text is empty.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// What a quick look over an ASCII text tells. Call it when the reading is complete.
    pub fn survey(&self) -> &Survey {
        self.survey.get_or_init(|| Survey::of(&self.text))
    }

    /// Where bytes of some classes stand. Call it when the reading is complete.
    pub(super) fn masks(&self) -> &Masks {
        self.masks.get_or_init(|| Masks::of(self.text.as_bytes()))
    }

    /// The raw bytes that `start..end` (not empty) of this reading stand for, with everything that was
    /// left out between them.
    pub fn raw_span(&self, start: usize, end: usize) -> Span {
        Span::new(self.raw_start(start), self.raw_end(end))
    }

    /// The raw offset at which the byte `at` of this reading begins; the raw length at the end.
    pub fn raw_start(&self, at: usize) -> usize {
        if at >= self.text.len() {
            return self.raw_len;
        }
        match self.piece(at) {
            Some(piece) if piece.even => piece.raw.0 as usize + (at - piece.at as usize),
            Some(piece) => piece.raw.0 as usize,
            None => at,
        }
    }

    /// How many bytes of this reading stand for raw bytes before `raw` alone.
    pub fn upto(&self, raw: usize) -> usize {
        if !self.mapped {
            return raw.min(self.text.len());
        }
        let next = self.map.partition_point(|piece| (piece.raw.0 as usize) < raw);
        let end = self.map.get(next).map_or(self.text.len(), |next| next.at as usize);
        match next.checked_sub(1).and_then(|last| self.map.get(last)) {
            Some(last) if last.raw.1 as usize <= raw => end,
            Some(last) if last.even => last.at as usize + (raw - last.raw.0 as usize),
            Some(last) => last.at as usize,
            None => 0,
        }
    }

    /// Whether every byte of this reading stands for the raw byte at the same offset. The characters
    /// may still differ, in case for instance.
    pub fn is_identity(&self) -> bool {
        !self.mapped && self.text.len() == self.raw_len
    }

    /// Whether repeated text was left out behind one of the characters in `start..end`, as in
    /// `idiiiot` read as `idiot`.
    pub fn is_collapsed(&self, start: usize, end: usize) -> bool {
        let next = self.omissions.partition_point(|&at| at <= start);
        self.omissions.get(next).is_some_and(|&at| at <= end)
    }

    /// Adds a character that stands for the raw bytes `raw`.
    pub fn push(&mut self, c: char, raw: Span) {
        let even = raw.len() == c.len_utf8();
        if !self.mapped && (raw.start != self.text.len() || !even) {
            self.keep_map();
        }
        if self.mapped {
            let at = offset(self.text.len());
            self.add(Piece { at, raw: (offset(raw.start), offset(raw.end)), even });
        }
        self.text.push(c);
        self.raw_len = self.raw_len.max(raw.end);
    }

    /// Adds the small form of a capital that looks otherwise, which stands for the raw bytes `raw`.
    pub(super) fn push_small(&mut self, small: char, capital: char, raw: Span) {
        self.capitals.push((self.text.len(), capital));
        self.push(small, raw);
    }

    /// The capitals that look otherwise than the small forms that this reading has of them, and where these begin.
    pub(super) fn capitals(&self) -> &[(usize, char)] {
        &self.capitals
    }

    /// Lets the last character reach to `raw_end`: a character that is left out is swallowed by the one
    /// before it, so that whoever removes the one removes the other. Nothing to swallow, nothing done.
    pub fn extend_last(&mut self, raw_end: usize) {
        self.raw_len = self.raw_len.max(raw_end);
        let Some(last) = self.text.chars().next_back() else { return };
        self.keep_map();
        let at = offset(self.text.len() - last.len_utf8());
        let end = offset(raw_end);
        let Some(piece) = self.map.last_mut() else { return };
        if piece.at == at {
            piece.even = false;
            piece.raw.1 = piece.raw.1.max(end);
            return;
        }
        // Only the last character grows; those before it stay as they are.
        let mut alone = Piece { at, raw: piece.raw, even: false };
        if piece.even {
            let border = piece.raw.0 + (at - piece.at);
            alone.raw.0 = border;
            piece.raw.1 = border;
        }
        alone.raw.1 = alone.raw.1.max(end);
        self.map.push(alone);
    }

    /// A number that two readings share only if they are the same text and lead back in the same way, or by a chance of
    /// one in 2⁶⁴.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.text, &self.map, self.raw_len, &self.capitals).hash(&mut hasher);
        hasher.finish()
    }

    /// Drops what begins at or after the byte `at`, and with it the raw text from `raw_end` on.
    pub fn cut(&mut self, at: usize, raw_end: usize) {
        if !self.mapped && raw_end != at {
            self.keep_map();
        }
        self.text.truncate(at);
        let pieces = self.map.partition_point(|piece| (piece.at as usize) < self.text.len());
        self.map.truncate(pieces);
        self.omissions.retain(|&omission| omission <= self.text.len());
        self.capitals.retain(|&(capital, _)| capital < self.text.len());
        self.raw_len = raw_end;
        self.survey.take();
        self.masks.take();
    }

    /// Makes this a part of another reading of the same raw text, which begins and ends on character boundaries.
    pub fn copy_of(&mut self, input: &Self, range: Range<usize>) {
        self.begin(input);
        self.append(input, range);
    }

    /// Empties the reading and makes it one of the same raw text as `input`.
    pub(super) fn begin(&mut self, input: &Self) {
        self.clear();
        self.raw_len = input.raw_len;
    }

    /// Takes over `range` of `input` as it stands.
    pub(super) fn append(&mut self, input: &Self, range: Range<usize>) {
        let Some(slice) = input.text.get(range.clone()).filter(|slice| !slice.is_empty()) else {
            return;
        };
        if self.mapped || input.mapped || range.start != self.text.len() {
            self.keep_map();
            self.append_map(input, &range);
        }
        let capitals = input.capitals.iter().filter(|(at, _)| range.contains(at));
        let shift = self.text.len();
        self.capitals.extend(capitals.map(|&(at, capital)| (at - range.start + shift, capital)));
        self.text.push_str(slice);
    }

    /// Takes over `range` of `input` in lower case where it is ASCII.
    pub(super) fn append_lower(&mut self, input: &Self, range: Range<usize>) {
        let from = self.text.len();
        self.append(input, range);
        if let Some(added) = self.text.get_mut(from..) {
            added.make_ascii_lowercase();
        }
    }

    /// Leaves out text that repeats the last character and ends at the raw byte `raw_end`.
    pub(super) fn collapse(&mut self, raw_end: usize) {
        self.extend_last(raw_end);
        let end = self.text.len();
        if end > 0 && self.omissions.last() != Some(&end) {
            self.omissions.push(end);
        }
    }

    /// The raw offset behind the byte before `end`.
    pub(super) fn raw_end(&self, end: usize) -> usize {
        let Some(last) = end.checked_sub(1) else { return 0 };
        match self.piece(last) {
            Some(piece) if piece.even => piece.raw.0 as usize + (end - piece.at as usize),
            Some(piece) => piece.raw.1 as usize,
            None => end.min(self.text.len()),
        }
    }

    /// The piece that the byte `at` lies in; `None` while every byte stands for itself.
    fn piece(&self, at: usize) -> Option<&Piece> {
        if !self.mapped {
            return None;
        }
        let next = self.map.partition_point(|piece| piece.at as usize <= at);
        self.map.get(next.checked_sub(1)?)
    }

    fn append_map(&mut self, input: &Self, range: &Range<usize>) {
        let base = self.text.len();
        if !input.mapped {
            let raw = (offset(range.start), offset(range.end));
            return self.add(Piece { at: offset(base), raw, even: true });
        }
        let first = input.map.partition_point(|piece| piece.at as usize <= range.start);
        for index in first.saturating_sub(1)..input.map.len() {
            let Some(&piece) = input.map.get(index) else { break };
            let next = input.map.get(index + 1).map_or(input.text.len(), |next| next.at as usize);
            let (start, end) = (range.start.max(piece.at as usize), range.end.min(next));
            if start >= range.end {
                break;
            }
            let mut raw = piece.raw;
            if piece.even {
                let shift = |at: usize| piece.raw.0 + offset(at - piece.at as usize);
                raw = (shift(start), shift(end));
            }
            self.add(Piece { at: offset(base + start - range.start), raw, even: piece.even });
        }
    }

    /// Adds a piece at the end, as part of the last one where that says the same.
    fn add(&mut self, piece: Piece) {
        if let Some(last) = self.map.last_mut() {
            if last.even && piece.even && last.raw.1 == piece.raw.0 {
                last.raw.1 = piece.raw.1;
                return;
            }
            if !last.even && !piece.even && last.raw == piece.raw {
                return;
            }
        }
        self.map.push(piece);
    }

    fn keep_map(&mut self) {
        if !self.mapped {
            self.mapped = true;
            if !self.text.is_empty() {
                let raw = (0, offset(self.text.len()));
                self.map.push(Piece { at: 0, raw, even: true });
            }
        }
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(raw: &str) -> Reading {
        let mut reading = Reading::default();
        reading.identity(raw);
        reading
    }

    #[test]
    fn an_identity_reading_maps_each_byte_to_itself() {
        let reading = identity("a中b");
        assert!(reading.is_identity());
        assert_eq!(reading.raw_span(1, 4), Span::new(1, 4));
        assert_eq!(reading.raw_start(5), 5);
    }

    #[test]
    fn a_swallowed_character_belongs_to_the_one_before_it() {
        let mut reading = Reading::default();
        reading.push('a', Span::new(0, 1));
        reading.extend_last(4);
        reading.push('b', Span::new(4, 5));
        assert_eq!(reading.as_str(), "ab");
        assert!(!reading.is_identity());
        assert_eq!(reading.raw_span(0, 1), Span::new(0, 4));
        assert_eq!(reading.raw_start(1), 4);
        assert_eq!(reading.raw_start(2), 5);
    }

    #[test]
    fn text_left_out_at_the_beginning_still_counts_as_raw_length() {
        let mut reading = Reading::default();
        reading.extend_last(3);
        assert!(reading.is_empty());
        assert_eq!(reading.raw_start(0), 3);
        reading.push('x', Span::new(3, 4));
        assert_eq!(reading.raw_span(0, 1), Span::new(3, 4));
    }

    #[test]
    fn appending_keeps_the_map_of_what_is_appended() {
        let mut input = Reading::default();
        input.push('x', Span::new(2, 6));
        input.push('é', Span::new(6, 8));
        let mut out = Reading::default();
        out.begin(&input);
        out.append(&input, 1..3);
        assert_eq!((out.as_str(), out.raw_span(0, 2)), ("é", Span::new(6, 8)));
        out.append_lower(&identity("ABC"), 1..2);
        assert_eq!((out.as_str(), out.raw_span(2, 3)), ("éb", Span::new(1, 2)));
    }

    #[test]
    fn collapsed_places_are_found_inside_a_range_only() {
        let mut reading = identity("abc");
        reading.clear();
        reading.push('a', Span::new(0, 1));
        reading.push('b', Span::new(1, 2));
        reading.collapse(4);
        reading.push('c', Span::new(4, 5));
        assert!(reading.is_collapsed(0, 2) && reading.is_collapsed(1, 3));
        assert!(!reading.is_collapsed(0, 1) && !reading.is_collapsed(2, 3));
    }
}
