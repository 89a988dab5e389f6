//! One streamed event, understood: which texts it carries, of which choice and part, and where they
//! are written.
//!
//! It holds nothing back and joins nothing: that is the gate's work.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use thiserror::Error;

use super::fragments::Reader;
use super::response::index_of;
use super::{BodyProblem, Dialect};
use crate::domain::{Author, EditClass, TextKind};
use crate::wire::json::{Doc, JsonLimits, Kind, Strictness, parse};
use crate::wire::sse::Frame;

/// Under which key the pieces of a text are put together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel {
    /// The choice; `None` for a text that stands beside the choices.
    pub choice: Option<u64>,
    /// The part of it.
    pub part: Part,
}

/// A part of a choice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// What the client shows.
    Content,
    /// The model's own refusal.
    Refusal,
    /// Thinking, or another text that streams beside the content; its path below `delta`.
    Reasoning(String),
    /// A field of a choice that no row names, by its path below the choice: a text that is cut into
    /// events is read as one there too.
    Field(String),
    /// The name of a tool call, by its index.
    ToolName(u64),
    /// The arguments of a tool call, by its index. The deprecated function call is
    /// [`FUNCTION_CALL`].
    ToolArgs(u64),
    /// Speech as text.
    Transcript,
    /// Token texts beside the answer, by their list (`content`, `refusal`, `tokens`).
    Logprob(String),
    /// Anything else, by its path from the top: each event's is a text by itself.
    Other(String),
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(choice), false) = (self.choice, matches!(self.part, Part::Other(_))) {
            write!(f, "choices[{choice}].")?;
        }
        match &self.part {
            Part::Content => f.write_str("content"),
            Part::Refusal => f.write_str("refusal"),
            Part::Reasoning(path) | Part::Field(path) | Part::Other(path) => f.write_str(path),
            Part::ToolName(FUNCTION_CALL) => f.write_str("function_call.name"),
            Part::ToolArgs(FUNCTION_CALL) => f.write_str("function_call.arguments"),
            Part::ToolName(call) => write!(f, "tool_calls[{call}].name"),
            Part::ToolArgs(call) => write!(f, "tool_calls[{call}].arguments"),
            Part::Transcript => f.write_str("audio.transcript"),
            Part::Logprob(list) => write!(f, "logprobs.{list}"),
        }
    }
}

/// The index that stands for the one `function_call` of a choice, beside its `tool_calls`.
pub const FUNCTION_CALL: u64 = u64::MAX;

/// One piece of text of an event.
///
/// Some backends cut a character outside the basic plane in two and send each half of its surrogate
/// pair in an event of its own. Each half is `U+FFFD` in `text` (three bytes); whoever puts fragments
/// together takes the `trailing_high_half` of one and the `leading_low_half` of the next and reads
/// both `U+FFFD` as the one character `char::decode_utf16([high, low])` gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Where it belongs.
    pub channel: Channel,
    /// The decoded text.
    pub text: String,
    /// The string token in the event's bytes, quotes included.
    pub token: Range<usize>,
    /// Who wrote it.
    pub author: Author,
    /// What sort of text it is.
    pub kind: TextKind,
    /// How it may be changed.
    pub edit: EditClass,
    /// The low half of a surrogate pair that the text begins with.
    pub leading_low_half: Option<u16>,
    /// The high half of a surrogate pair that the text ends with.
    pub trailing_high_half: Option<u16>,
}

/// What an event is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It carries JSON.
    Delta,
    /// `[DONE]`
    Done,
    /// It carries an error of the upstream.
    Error,
    /// It carries no data: a comment, a bare field, an empty `data` line.
    Comment,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The bytes to pass on when nothing is changed: those that came, or, where two parsers could
    /// read those differently, the same data in plain framing.
    pub raw: Bytes,
    /// Where the data stands in `raw`.
    pub(super) data: Range<usize>,
    /// What it is for.
    pub kind: EventKind,
    /// Its texts.
    pub fragments: Vec<Fragment>,
    /// Its token texts (`logprobs`), by choice and list.
    pub tokens: Vec<Tokens>,
    /// The choices it speaks of.
    pub choices: Vec<u64>,
    /// The choices that it finishes.
    pub finished: Vec<u64>,
    /// Whether it reports the tokens used.
    pub has_usage: bool,
    /// Strings that no row of the table names.
    pub unknown_leaves: usize,
    /// Whether it was framed anew.
    pub reframed: bool,
}

/// Token texts of one event. They repeat the text of a choice, but not always in the same event:
/// some servers hold text back for a while, and not the tokens it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// Which choice; `None` for tokens of the prompt.
    pub choice: Option<u64>,
    /// Which list of it.
    pub list: String,
    /// The bytes of its tokens, put together; the last character may be cut.
    pub bytes: Vec<u8>,
    /// What is no part of that text: alternatives that the model did not take, and names of tokens
    /// that differ from their bytes.
    pub alone: Vec<String>,
}

/// Changes of one fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FragmentEdit {
    /// Index of the fragment.
    pub fragment: usize,
    /// What to replace, in bytes of the fragment's text; ordered and apart.
    pub cuts: Vec<(Range<usize>, String)>,
}

/// Why an event cannot be screened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EventProblem {
    /// It is neither JSON nor `[DONE]`.
    #[error("an event of the stream is not readable: {0}")]
    Unreadable(#[from] BodyProblem),
}

/// Reads a frame.
pub fn read_event(dialect: Dialect, frame: &Frame) -> Result<Event, EventProblem> {
    let Some(data) = &frame.data else {
        // What some parser takes for data is not passed on unread.
        let raw = if frame.ambiguous { Bytes::new() } else { frame.raw.clone() };
        return Ok(Event { reframed: frame.ambiguous, ..Event::bare(raw, EventKind::Comment) });
    };
    let (raw, range, reframed) = match &frame.data_range {
        Some(range) if !frame.ambiguous => (frame.raw.clone(), range.clone(), false),
        Some(_) | None => reframe(data),
    };
    let bytes = raw.get(range.clone()).unwrap_or_default();
    if bytes.trim_ascii().is_empty() {
        return Ok(Event { reframed, ..Event::bare(raw, EventKind::Comment) });
    }
    if bytes.trim_ascii() == b"[DONE]" {
        return Ok(Event { reframed, data: range, ..Event::bare(raw, EventKind::Done) });
    }
    let limits = JsonLimits::default();
    let doc = parse(bytes, Strictness::Event, &limits).map_err(BodyProblem::from)?;
    if doc.kind(Doc::ROOT) != Kind::Object {
        return Err(BodyProblem::NotAnObject.into());
    }
    let reader = Reader { doc: &doc, bytes, offset: range.start };
    reader.check_indexes()?;
    let mut event = Event { reframed, ..Event::bare(raw.clone(), EventKind::Delta) };
    let walked = dialect.stream_table().walk(&doc, bytes, &mut |found| {
        event.unknown_leaves += usize::from(found.leaf.is_none());
        match reader.token(&found) {
            Some(token) => token.join(&mut event.tokens),
            None => event.fragments.extend(reader.fragment(&found)),
        }
    });
    walked.map_err(|twin| BodyProblem::twin(&twin, &doc, bytes))?;
    if doc.member(Doc::ROOT, "error", bytes).is_some_and(|node| doc.kind(node) != Kind::Null) {
        event.kind = EventKind::Error;
    }
    let usage = doc.member(Doc::ROOT, "usage", bytes);
    event.has_usage = usage.is_some_and(|node| doc.kind(node) == Kind::Object);
    for choice in reader.choices() {
        let Some(index) = index_of(&doc, bytes, choice) else { continue };
        event.choices.push(index);
        let reason = doc.member(choice, "finish_reason", bytes);
        if reason.is_some_and(|node| doc.kind(node) == Kind::String) {
            event.finished.push(index);
        }
    }
    event.data = range;
    Ok(event)
}

impl Event {
    pub(super) fn bare(raw: Bytes, kind: EventKind) -> Self {
        Self {
            raw,
            data: 0..0,
            kind,
            fragments: Vec::new(),
            tokens: Vec::new(),
            choices: Vec::new(),
            finished: Vec::new(),
            has_usage: false,
            unknown_leaves: 0,
            reframed: false,
        }
    }

    /// The JSON that it carries.
    pub fn data(&self) -> Option<&[u8]> {
        self.raw.get(self.data.clone()).filter(|data| !data.is_empty())
    }
}

/// The same data in the plainest framing there is.
fn reframe(data: &Bytes) -> (Bytes, Range<usize>, bool) {
    let mut raw = Vec::with_capacity(data.len() + 8);
    raw.extend_from_slice(b"data: ");
    // Between the lines of one event stands white space of the JSON; inside strings it is escaped.
    raw.extend(data.iter().map(|&byte| if byte == b'\n' || byte == b'\r' { b' ' } else { byte }));
    let end = raw.len();
    raw.extend_from_slice(b"\n\n");
    (Bytes::from(raw), 6..end, true)
}
