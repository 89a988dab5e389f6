//! One JSON document a line (NDJSON), read byte for byte.
//!
//! It does not look into the documents.

use bytes::BytesMut;
use memchr::memchr;

use super::sse::{Frame, FrameTooLarge};

/// Cuts a stream of bytes into lines.
#[derive(Clone, Debug)]
pub struct LineFramer {
    limit: usize,
    buffer: BytesMut,
    scanned: usize,
    overflown: bool,
}

impl LineFramer {
    /// A framer that holds at most `limit` bytes of one line.
    pub fn new(limit: usize) -> Self {
        Self { limit, buffer: BytesMut::new(), scanned: 0, overflown: false }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), FrameTooLarge> {
        self.buffer.extend_from_slice(bytes);
        // What is too large is so however it came: the longest line is looked for, not the buffer.
        let longest = (*self.buffer).split(|&byte| byte == b'\n').map(<[u8]>::len).max();
        self.overflown |= longest.is_some_and(|longest| longest > self.limit);
        if self.overflown { Err(FrameTooLarge { limit: self.limit }) } else { Ok(()) }
    }

    pub(super) fn next_frame(&mut self) -> Option<Frame> {
        let rest = self.buffer.get(self.scanned..)?;
        let Some(end) = memchr(b'\n', rest) else {
            self.scanned = self.buffer.len();
            return None;
        };
        let length = self.scanned + end + 1;
        if length > self.limit + 1 {
            self.overflown = true;
            return None;
        }
        self.scanned = 0;
        Some(line(self.buffer.split_to(length)))
    }

    pub(super) fn buffered(&self) -> usize {
        self.buffer.len()
    }

    pub(super) fn finish(mut self) -> Option<Frame> {
        if let Some(frame) = self.next_frame() {
            return Some(frame);
        }
        (!self.buffer.is_empty() && !self.overflown).then(|| line(self.buffer.split()))
    }
}

fn line(raw: BytesMut) -> Frame {
    let raw = raw.freeze();
    let trimmed = raw.trim_ascii();
    let start = trimmed.as_ptr() as usize - raw.as_ptr() as usize;
    let range = start..start + trimmed.len();
    let is_blank = trimmed.is_empty();
    let data = (!is_blank).then(|| raw.slice(range.clone()));
    Frame { data, data_range: (!is_blank).then_some(range), ambiguous: false, name: None, raw }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frames(pieces: &[&[u8]]) -> Vec<Frame> {
        let mut framer = LineFramer::new(1 << 16);
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
    fn each_line_is_a_frame_and_blank_lines_carry_nothing() {
        let all = frames(&[b"{\"a\":1}\r\n\n {\"b\":2}\n{\"c\":"]);
        let data: Vec<Option<&[u8]>> = all.iter().map(|frame| frame.data.as_deref()).collect();
        assert_eq!(data, [Some(&b"{\"a\":1}"[..]), None, Some(b"{\"b\":2}"), Some(b"{\"c\":")]);
    }

    #[test]
    fn a_line_beyond_the_limit_is_an_error() {
        let mut framer = LineFramer::new(8);
        assert!(framer.push(b"12345678\n").is_ok());
        assert!(framer.next_frame().is_some());
        assert_eq!(framer.push(b"123456789").unwrap_err().limit, 8);
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_lines_and_no_byte_is_lost(
            stream in "[ab \r\n]{0,40}", at in 0_usize..40,
        ) {
            let bytes = stream.as_bytes();
            let (one, two) = bytes.split_at(at.min(bytes.len()));
            let cut = frames(&[one, two]);
            prop_assert_eq!(&cut, &frames(&[bytes]));
            let all: Vec<u8> = cut.iter().flat_map(|frame| frame.raw.to_vec()).collect();
            prop_assert_eq!(all, bytes);
        }
    }
}
