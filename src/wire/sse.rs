//! Server-sent events by the WHATWG rules, read byte for byte: each frame keeps the exact bytes it
//! came in.
//!
//! It does not look into the payload: what an event says is for the dialects to read.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use memchr::{memchr, memchr2};
use thiserror::Error;

/// Fields without data that the specification knows.
const FIELDS: [&[u8]; 3] = [b"event", b"id", b"retry"];

/// Characters at which Python's `str.splitlines`, and so `httpx`, breaks lines, beside CR and LF.
const LINE_BREAKS: [char; 8] =
    ['\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];

/// One event, or a run of comments, with the blank line that ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The exact bytes.
    pub raw: Bytes,
    /// The payload; several `data` lines are joined by newlines. `None` without a `data` line.
    pub data: Option<Bytes>,
    /// Where the payload stands in `raw`, when it is one `data` line.
    pub data_range: Option<Range<usize>>,
    /// The name of the event, if it has one.
    pub name: Option<Bytes>,
    /// Whether two parsers could read the frame differently: only its payload is passed on, framed
    /// anew; without a payload nothing of it is.
    pub ambiguous: bool,
}

/// An event is larger than may be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an event of the stream is larger than {limit} bytes")]
pub struct FrameTooLarge {
    /// The limit.
    pub limit: usize,
}

/// Cuts a stream of bytes into frames.
#[derive(Clone, Debug)]
pub struct Framer {
    limit: usize,
    buffer: BytesMut,
    /// Where the line that is being read begins, and how far it has been looked at.
    line: usize,
    scanned: usize,
    ready: VecDeque<Frame>,
    first: bool,
    /// A frame was larger than the limit: nothing after it is read.
    overflown: bool,
}

impl Framer {
    /// A framer that holds at most `limit` bytes of one event.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            buffer: BytesMut::new(),
            line: 0,
            scanned: 0,
            ready: VecDeque::new(),
            first: true,
            overflown: false,
        }
    }

    /// More bytes have come. Frames before one that is too large can still be had; that one and all
    /// after it cannot, in whatever pieces they came.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), FrameTooLarge> {
        if !self.overflown {
            self.buffer.extend_from_slice(bytes);
            self.cut_frames();
            self.overflown |= self.buffer.len() > self.limit;
        }
        if self.overflown {
            self.buffer.clear();
            return Err(FrameTooLarge { limit: self.limit });
        }
        Ok(())
    }

    /// Bytes that wait for the end of their frame.
    pub fn buffered(&self) -> usize {
        self.buffer.len() + self.ready.iter().map(|frame| frame.raw.len()).sum::<usize>()
    }

    /// The next whole frame.
    pub fn next_frame(&mut self) -> Option<Frame> {
        self.ready.pop_front()
    }

    /// The stream has ended: what is left is an event without its blank line, which some clients drop.
    pub fn finish(mut self) -> Option<Frame> {
        if let Some(frame) = self.ready.pop_front() {
            return Some(frame);
        }
        (!self.buffer.is_empty()).then(|| read_frame(self.buffer.split().freeze(), self.first))
    }

    fn cut_frames(&mut self) {
        while let Some((end, next)) = self.line_end() {
            let blank = end == self.line;
            self.line = next;
            self.scanned = next;
            if blank && next > self.limit {
                self.overflown = true;
                return;
            }
            if blank {
                let raw = self.buffer.split_to(next).freeze();
                (self.line, self.scanned) = (0, 0);
                self.ready.push_back(read_frame(raw, self.first));
                self.first = false;
            }
        }
    }

    /// Where the line that is being read ends, and where the next one begins. A CR at the end of
    /// what has come may be half of a CRLF, so it waits.
    fn line_end(&mut self) -> Option<(usize, usize)> {
        let rest = self.buffer.get(self.scanned..)?;
        let Some(found) = memchr2(b'\n', b'\r', rest) else {
            self.scanned = self.buffer.len();
            return None;
        };
        let end = self.scanned + found;
        match (self.buffer.get(end), self.buffer.get(end + 1)) {
            (Some(b'\n'), _) => Some((end, end + 1)),
            (_, Some(b'\n')) => Some((end, end + 2)),
            (_, Some(_)) => Some((end, end + 1)),
            (_, None) => {
                self.scanned = end;
                None
            }
        }
    }
}

/// Reads the lines of one frame.
fn read_frame(raw: Bytes, first: bool) -> Frame {
    let mut data: Vec<Range<usize>> = Vec::new();
    let mut ambiguous = false;
    let mut name: Option<Range<usize>> = None;
    let mut at = 0;
    while at < raw.len() {
        let rest = raw.get(at..).unwrap_or_default();
        let length = memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        let ending = match (rest.get(length), rest.get(length + 1)) {
            (Some(b'\r'), Some(b'\n')) => 2,
            (Some(b'\r'), _) => {
                ambiguous = true;
                1
            }
            (Some(_), _) => 1,
            (None, _) => 0,
        };
        let mut line = at..at + length;
        at += length + ending;
        if rest.starts_with(&[0xef, 0xbb, 0xbf]) {
            // One mark at the very beginning of a stream is skipped by the rules, and not by all.
            ambiguous = true;
            if first && line.start == 0 {
                line.start += 3;
            }
        }
        let bytes = raw.get(line.clone()).unwrap_or_default();
        ambiguous |= memchr(0, bytes).is_some();
        if let Some(value) = field(bytes, b"data") {
            data.push(line.start + value..line.end);
        } else {
            ambiguous |= !is_plain(bytes);
            if let Some(value) = field(bytes, b"event") {
                // Of two names the last one counts, by the rules.
                ambiguous |= name.is_some();
                name = Some(line.start + value..line.end);
            }
        }
    }
    ambiguous |= data.len() > 1;
    let payload = match data.as_slice() {
        [] => None,
        [one] => Some(raw.slice(one.clone())),
        many => {
            let parts: Vec<&[u8]> =
                many.iter().filter_map(|range| raw.get(range.clone())).collect();
            Some(Bytes::from(parts.join(&b'\n')))
        }
    };
    let data_range = match data.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    };
    let name = name.map(|range| raw.slice(range));
    Frame { raw, data: payload, data_range, name, ambiguous }
}

/// Whether every parser skips, or reads alike, a line without data: a comment, or one of the known
/// fields, without a character at which some parsers break lines (those of Python's `splitlines`),
/// behind which a `data` line of its own could stand.
fn is_plain(line: &[u8]) -> bool {
    let known = line.first().is_none_or(|&first| first == b':')
        || FIELDS.iter().any(|name| field(line, name).is_some());
    let text = std::str::from_utf8(line);
    known && text.is_ok_and(|text| !text.contains(LINE_BREAKS))
}

/// Where the value of a line begins, if the line is of this field.
fn field(line: &[u8], name: &[u8]) -> Option<usize> {
    let rest = line.strip_prefix(name)?;
    match rest {
        [] => Some(name.len()),
        [b':', b' ', ..] => Some(name.len() + 2),
        [b':', ..] => Some(name.len() + 1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(pieces: &[&[u8]]) -> (Vec<Frame>, Option<Frame>) {
        let mut framer = Framer::new(1 << 16);
        let mut whole = Vec::new();
        for piece in pieces {
            framer.push(piece).unwrap();
            while let Some(frame) = framer.next_frame() {
                whole.push(frame);
            }
        }
        (whole, framer.finish())
    }

    fn data(stream: &str) -> Vec<Option<String>> {
        let (frames, _) = frames(&[stream.as_bytes()]);
        let text = |frame: Frame| frame.data.map(|d| String::from_utf8_lossy(&d).into_owned());
        frames.into_iter().map(text).collect()
    }

    #[test]
    fn events_are_read_by_the_specification() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(data("data: a\n\ndata:b\r\n\r\n"), [some("a"), some("b")]);
        assert_eq!(data("event: x\nid: 1\ndata: a\ndata: b\n\n"), [some("a\nb")]);
        assert_eq!(data(": comment\n\ndata\n\ndatum: x\n\n"), [None, some(""), None]);
        assert_eq!(data("data: a\r\rdata: b\r\r "), [some("a"), some("b")]);
        assert_eq!(data("\u{feff}data: a\n\n"), [some("a")]);
        assert_eq!(data("data: unfinished\n"), []);
    }

    #[test]
    fn what_two_parsers_read_differently_is_marked() {
        let ambiguous = |stream: &str| frames(&[stream.as_bytes()]).0[0].ambiguous;
        assert!(!ambiguous("event: x\r\ndata: a\r\n\r\n") && !ambiguous(": c\ndata: a\n\n"));
        assert!(ambiguous("data: a\ndata: b\n\n") && ambiguous("data: a\r\rx"));
        assert!(ambiguous("data: a\0\n\n") && ambiguous("\u{feff}data: a\n\n"));
        for hidden in [
            ": x\u{2028}data: b\n\n",
            "id: x\u{b}data: b\n\n",
            ": a\n\u{feff}data: b\n\n",
            " data: b\n\n",
            "{\"error\":\"b\"}\n\n",
            "datum: x\n\n",
        ] {
            assert!(ambiguous(hidden), "{hidden:?}");
        }
    }

    #[test]
    fn an_event_beyond_the_limit_is_an_error() {
        let mut framer = Framer::new(16);
        assert!(framer.push(b"data: 0123\n\n").is_ok());
        assert_eq!(framer.push(b"data: 0123456789abcdef").unwrap_err().limit, 16);
        assert!(framer.push(b"\n\ndata: b\n\n").is_err(), "nothing is read after it");
        assert_eq!(framer.next_frame().unwrap().data.unwrap(), "0123");
        assert_eq!(framer.next_frame(), None);
    }

    #[test]
    fn the_limit_does_not_depend_on_how_an_event_arrives() {
        let stream = b"data: a\n\ndata: 0123456789abcdef\n\ndata: b\n\n";
        let mut whole = Framer::new(16);
        assert!(whole.push(stream).is_err());
        assert_eq!(whole.next_frame().unwrap().data.unwrap(), "a");
        assert!(whole.next_frame().is_none() && whole.finish().is_none());
        let mut cut = Framer::new(16);
        let refused = stream.iter().filter(|&&byte| cut.push(&[byte]).is_err()).count();
        assert!(refused > 0);
        assert_eq!(cut.next_frame().unwrap().data.unwrap(), "a");
        assert!(cut.next_frame().is_none() && cut.finish().is_none());
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_frames_and_no_byte_is_lost(
            stream in "(data|event|:|id)?:? ?[ab\u{feff}é]{0,4}(\n|\r|\r\n|\n\n|\r\n\r\n){0,2}((data: x|: c)(\n\n|\r\r|\r\n\r\n|\n)){0,5}",
            splits in prop::collection::vec(0_usize..64, 0..8),
        ) {
            let bytes = stream.as_bytes();
            let mut ends: Vec<usize> = splits.iter().map(|s| s % (bytes.len() + 1)).collect();
            ends.push(bytes.len());
            ends.sort_unstable();
            let mut at = 0;
            let mut pieces = Vec::new();
            for end in ends {
                pieces.push(&bytes[at..end]);
                at = end;
            }
            let (cut, rest) = frames(&pieces);
            let (whole, whole_rest) = frames(&[bytes]);
            prop_assert_eq!(&cut, &whole);
            prop_assert_eq!(&rest, &whole_rest);
            let all: Vec<u8> =
                cut.iter().chain(&rest).flat_map(|frame| frame.raw.to_vec()).collect();
            prop_assert_eq!(all, bytes);
        }
    }
}
