//! One JSON array whose elements come one by one, read byte for byte.
//!
//! A frame is an element with the comma or the bracket before it; the closing bracket is a frame of its own. What is
//! in an element is not looked at, beyond strings and brackets.

use bytes::BytesMut;

use super::sse::{Frame, FrameTooLarge};

/// Cuts an array into elements.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "five facts that hold independently")]
pub struct ArrayFramer {
    limit: usize,
    buffer: BytesMut,
    scanned: usize,
    /// Open brackets of the element that is being read.
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// Where the element begins.
    start: Option<usize>,
    opened: bool,
    closed: bool,
    overflown: bool,
}

impl ArrayFramer {
    /// A framer that holds at most `limit` bytes of one element.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            buffer: BytesMut::new(),
            scanned: 0,
            depth: 0,
            in_string: false,
            escaped: false,
            start: None,
            opened: false,
            closed: false,
            overflown: false,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), FrameTooLarge> {
        self.buffer.extend_from_slice(bytes);
        // Whole elements may stand before the one that is being read.
        self.overflown |= self.scanned > self.limit;
        if self.overflown { Err(FrameTooLarge { limit: self.limit }) } else { Ok(()) }
    }

    pub(super) fn buffered(&self) -> usize {
        self.buffer.len()
    }

    pub(super) fn next_frame(&mut self) -> Option<Frame> {
        while let Some(&byte) = self.buffer.get(self.scanned) {
            if self.scanned > self.limit {
                self.overflown = true;
                return None;
            }
            let at = self.scanned;
            self.scanned += 1;
            if let Some(frame) = self.take(byte, at) {
                return Some(frame);
            }
        }
        None
    }

    /// Takes one byte; the result is the frame that it ends.
    fn take(&mut self, byte: u8, at: usize) -> Option<Frame> {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return None;
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.start = self.start.or(Some(at));
            }
            b'[' if !self.opened => self.opened = true,
            b']' if self.depth == 0 && self.start.is_none() && self.opened && !self.closed => {
                self.closed = true;
                return Some(self.cut(None));
            }
            b'{' | b'[' => {
                self.depth += 1;
                self.start = self.start.or(Some(at));
            }
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0
                    && let Some(start) = self.start
                {
                    return Some(self.cut(Some(start)));
                }
            }
            byte if byte.is_ascii_whitespace() || (byte == b',' && self.start.is_none()) => {}
            _ => self.start = self.start.or(Some(at)),
        }
        None
    }

    fn cut(&mut self, start: Option<usize>) -> Frame {
        let end = self.scanned;
        let raw = self.buffer.split_to(end).freeze();
        (self.scanned, self.start, self.depth) = (0, None, 0);
        let range = start.map(|start| start..end);
        let data = range.clone().map(|range| raw.slice(range));
        // Anything but one comma or bracket before an element is not one array.
        let ambiguous = !is_plain_gap(raw.get(..start.unwrap_or(end)).unwrap_or_default());
        Frame { raw, data, data_range: range, ambiguous, name: None }
    }

    pub(super) fn finish(mut self) -> Option<Frame> {
        if let Some(frame) = self.next_frame() {
            return Some(frame);
        }
        let raw = self.buffer.split().freeze();
        if raw.trim_ascii().is_empty() || self.overflown {
            return None;
        }
        let range = 0..raw.len();
        Some(Frame {
            data: Some(raw.clone()),
            data_range: Some(range),
            ambiguous: true,
            name: None,
            raw,
        })
    }
}

/// Whether bytes are white space around one comma or bracket.
fn is_plain_gap(bytes: &[u8]) -> bool {
    let marks: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    matches!(&*marks, [b'[' | b',' | b']'] | [b'[', b']'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(pieces: &[&[u8]]) -> Vec<Frame> {
        let mut framer = ArrayFramer::new(1 << 16);
        let mut all = Vec::new();
        for piece in pieces {
            framer.push(piece).unwrap();
            while let Some(frame) = framer.next_frame() {
                all.push(frame);
            }
        }
        all.extend(framer.finish());
        all
    }

    #[test]
    fn each_element_is_a_frame_at_every_split() {
        let array = b"[{\"a\": \"]},{\\\"\"}\r\n,\r\n{\"b\": [1, {}]}\n]\n";
        let whole = frames(&[array]);
        let data: Vec<Option<&[u8]>> = whole.iter().map(|frame| frame.data.as_deref()).collect();
        assert_eq!(data, [Some(&b"{\"a\": \"]},{\\\"\"}"[..]), Some(b"{\"b\": [1, {}]}"), None]);
        assert!(whole.iter().all(|frame| !frame.ambiguous), "{whole:?}");
        for at in 1..array.len() {
            let (one, two) = array.split_at(at);
            assert_eq!(frames(&[one, two]), whole, "{at}");
        }
    }

    #[test]
    fn what_is_no_array_of_documents_is_marked() {
        assert!(frames(&[b"[{}{}]"])[1].ambiguous);
        assert!(frames(&[b"{\"error\": {}}"])[0].ambiguous);
        assert!(frames(&[b"[{\"a\": "]).last().unwrap().ambiguous);
    }

    #[test]
    fn an_element_beyond_the_limit_is_an_error() {
        let mut framer = ArrayFramer::new(8);
        assert!(framer.push(b"[{\"abcdefgh").is_ok());
        assert!(framer.next_frame().is_none());
        assert!(framer.push(b"x").is_err());
    }
}
