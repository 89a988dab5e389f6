//! Streams of events, however an API tells them apart: cut into frames on the way in, written on the way out.

use bytes::{Bytes, BytesMut};

use super::array::ArrayFramer;
use super::dialect::Said;
use super::lines::LineFramer;
use super::sse::{self, Frame, FrameTooLarge};
use crate::config::dialect_file::Framing;

/// Cuts a stream of bytes into frames.
#[derive(Clone, Debug)]
pub enum Framer {
    /// Server-sent events.
    Sse(sse::Framer),
    /// One document a line.
    Lines(LineFramer),
    /// One array.
    Array(ArrayFramer),
}

impl Framer {
    /// A framer that holds at most `limit` bytes of one event.
    pub fn new(framing: Framing, limit: usize) -> Self {
        match framing {
            Framing::Sse => Self::Sse(sse::Framer::new(limit)),
            Framing::Lines => Self::Lines(LineFramer::new(limit)),
            Framing::Array => Self::Array(ArrayFramer::new(limit)),
        }
    }

    /// More bytes have come. Frames before one that is too large can still be had.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), FrameTooLarge> {
        match self {
            Self::Sse(framer) => framer.push(bytes),
            Self::Lines(framer) => framer.push(bytes),
            Self::Array(framer) => framer.push(bytes),
        }
    }

    /// The next whole frame.
    pub fn next_frame(&mut self) -> Option<Frame> {
        match self {
            Self::Sse(framer) => framer.next_frame(),
            Self::Lines(framer) => framer.next_frame(),
            Self::Array(framer) => framer.next_frame(),
        }
    }

    /// Bytes that wait for the end of their frame.
    pub fn buffered(&self) -> usize {
        match self {
            Self::Sse(framer) => framer.buffered(),
            Self::Lines(framer) => framer.buffered(),
            Self::Array(framer) => framer.buffered(),
        }
    }

    /// The stream has ended: what is left is an event without what should have ended it.
    pub fn finish(self) -> Option<Frame> {
        match self {
            Self::Sse(framer) => framer.finish(),
            Self::Lines(framer) => framer.finish(),
            Self::Array(framer) => framer.finish(),
        }
    }
}

/// Writes a stream of events: those that came, byte for byte, and our own between them.
#[derive(Clone, Debug)]
pub struct FrameWriter {
    framing: Framing,
    /// Elements of an array have been written.
    begun: bool,
    /// The array has been closed.
    closed: bool,
}

impl FrameWriter {
    /// A writer of an empty stream.
    pub const fn new(framing: Framing) -> Self {
        Self { framing, begun: false, closed: false }
    }

    /// A writer of a stream that somebody else has begun, if anything of it is written.
    pub const fn resumed(framing: Framing, begun: bool) -> Self {
        Self { framing, begun, closed: false }
    }

    /// The type of the stream's content.
    pub const fn content_type(framing: Framing) -> &'static str {
        match framing {
            Framing::Sse => "text/event-stream; charset=utf-8",
            Framing::Lines => "application/x-ndjson",
            Framing::Array => "application/json; charset=UTF-8",
        }
    }

    /// Passes a frame on.
    pub fn pass(&mut self, raw: &[u8], out: &mut BytesMut) {
        if self.framing != Framing::Array {
            return out.extend_from_slice(raw);
        }
        let first = raw.iter().position(|byte| !byte.is_ascii_whitespace());
        match first.and_then(|at| Some((at, *raw.get(at)?))) {
            Some((at, b'[' | b',')) => {
                let (before, rest) = raw.split_at_checked(at).unwrap_or((raw, &[]));
                out.extend_from_slice(before);
                let has_more = rest.iter().skip(1).any(|byte| !byte.is_ascii_whitespace());
                // The first element may have been taken out.
                out.extend_from_slice(if self.begun { b"," } else { b"[" });
                out.extend_from_slice(rest.get(1..).unwrap_or_default());
                self.begun = true;
                self.closed |= !has_more && rest.get(1..).is_some_and(|rest| rest.contains(&b']'));
            }
            Some((_, b']')) => {
                if !self.begun {
                    out.extend_from_slice(b"[");
                }
                out.extend_from_slice(raw);
                (self.begun, self.closed) = (true, true);
            }
            _ => out.extend_from_slice(raw),
        }
    }

    /// Writes an event of our own.
    pub fn say(&mut self, said: &Said, out: &mut BytesMut) {
        match self.framing {
            Framing::Sse => {
                if let Some(event) = &said.event {
                    out.extend_from_slice(format!("event: {event}\n").as_bytes());
                }
                out.extend_from_slice(b"data: ");
                out.extend_from_slice(said.data.as_bytes());
                out.extend_from_slice(b"\n\n");
            }
            Framing::Lines => {
                out.extend_from_slice(said.data.as_bytes());
                out.extend_from_slice(b"\n");
            }
            Framing::Array => {
                out.extend_from_slice(if self.begun { b",\r\n" } else { b"[" });
                out.extend_from_slice(said.data.as_bytes());
                self.begun = true;
            }
        }
    }

    /// Ends a stream that we end.
    pub fn close(&mut self, out: &mut BytesMut) {
        if self.framing == Framing::Array && !self.closed {
            out.extend_from_slice(if self.begun { b"]" } else { b"[]" });
            self.closed = true;
        }
    }

    /// A whole stream of our own events.
    pub fn whole(framing: Framing, events: &[Said]) -> Bytes {
        let (mut writer, mut out) = (Self::new(framing), BytesMut::new());
        for said in events {
            writer.say(said, &mut out);
        }
        writer.close(&mut out);
        out.freeze()
    }
}
