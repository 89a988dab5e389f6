//! One streamed event, understood: which texts it carries, of which answer and part, and where they are written.
//!
//! It holds nothing back and joins nothing: that is the gate's work.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;

use super::BodyProblem;
use super::fragments::Reader;
use super::nodes::at;
use crate::domain::{Author, EditClass, TextKind};
use crate::wire::dialect::{AnswerMeta, Calls, StreamSpec};
use crate::wire::json::{Doc, JsonLimits, Kind, Strictness, parse};
use crate::wire::sse::Frame;

/// Under which key the pieces of a text are put together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel {
    /// The answer: the choice, the candidate; 0 in dialects with one answer; `None` for a text that stands beside
    /// the answers.
    pub unit: Option<u64>,
    /// The part of it.
    pub part: Part,
}

/// The name of a part and what numbers it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartKey {
    /// The channel's name in the dialect file.
    pub name: Arc<str>,
    /// Its numbers; those that it has not are 0.
    pub keys: [u64; 2],
    /// How many numbers it has.
    pub count: u8,
}

/// A part of an answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A text that comes in pieces.
    Text(PartKey),
    /// A name, or another text of a tool call that is not its arguments.
    CallName(PartKey),
    /// The arguments of a tool call.
    CallArgs(PartKey),
    /// A field that no row names, by its path: a text that is cut into events is read as one there too.
    Field(String),
    /// Token texts beside the answer, by their list.
    Logprob(String),
    /// Anything else, by its path from the top: each event's is a text by itself.
    Other(String),
}

impl Part {
    /// The numbers of a part that has some.
    pub fn keys(&self) -> &[u64] {
        match self {
            Self::Text(key) | Self::CallName(key) | Self::CallArgs(key) => {
                key.keys.get(..usize::from(key.count)).unwrap_or_default()
            }
            Self::Field(_) | Self::Logprob(_) | Self::Other(_) => &[],
        }
    }
}

impl Part {
    /// The name of its channel, if the dialect has one for it.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Text(key) | Self::CallName(key) | Self::CallArgs(key) => Some(&key.name),
            Self::Field(_) | Self::Logprob(_) | Self::Other(_) => None,
        }
    }
}

impl fmt::Display for PartKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.keys.iter().take(usize::from(self.count)).try_for_each(|key| write!(f, "[{key}]"))
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(key) => key.fmt(f),
            Self::CallName(key) => write!(f, "{key}.name"),
            Self::CallArgs(key) => write!(f, "{key}.arguments"),
            Self::Field(path) | Self::Other(path) | Self::Logprob(path) => f.write_str(path),
        }
    }
}

impl Channel {
    /// Whether its pieces are one text, of which there is one verdict.
    pub const fn is_one_text(&self) -> bool {
        matches!(self.part, Part::Text(_) | Part::CallName(_) | Part::Field(_))
    }

    /// The channel for people: `choices[0].content`. `list` is what the dialect calls its answers, if there may be
    /// several.
    pub fn describe(&self, list: Option<&str>) -> String {
        match (list, self.unit) {
            (Some(list), Some(unit)) if !matches!(self.part, Part::Other(_)) => {
                format!("{list}[{unit}].{}", self.part)
            }
            _ => self.part.to_string(),
        }
    }
}

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
    /// The event behind the last one (`[DONE]`).
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
    pub data: Range<usize>,
    /// What it is for.
    pub kind: EventKind,
    /// Its texts, but for those of tokens, in document order.
    pub fragments: Vec<Fragment>,
    /// Its token texts, by answer and list.
    pub tokens: Vec<Tokens>,
    /// The answers it speaks of.
    pub units: Vec<u64>,
    /// The answers that it finishes.
    pub finished: Vec<u64>,
    /// Whether it says that all answers are over, whether they have begun or not.
    pub finished_all: bool,
    /// The numbers of the part that begins with it.
    pub opens: Option<Vec<u64>>,
    /// The numbers of the part whose texts end with it.
    pub closes: Option<Vec<u64>>,
    /// Of these texts, the only channel that ends with it.
    pub closes_only: Option<Arc<str>>,
    /// Strings that no row of the table names.
    pub unknown_leaves: usize,
    /// Whether it was framed anew.
    pub reframed: bool,
}

/// Token texts of one event. They repeat the text of an answer, but not always in the same event:
/// some servers hold text back for a while, and not the tokens it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// Which answer; `None` for tokens of the prompt.
    pub unit: Option<u64>,
    /// Which list of it.
    pub list: String,
    /// What numbers the part that the list repeats.
    pub keys: Vec<u64>,
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
    /// It is neither JSON nor the end of the stream.
    #[error("an event of the stream is not readable: {0}")]
    Unreadable(#[from] BodyProblem),
    /// Its name and its data say different types, and a client may believe either.
    #[error("the name of an event is not the type that its data says")]
    TwoTypes,
    /// It is no element of an array.
    #[error("the stream is not the array that was asked for")]
    NotOneArray,
}

/// Reads a frame.
pub(in crate::wire) fn read_event(spec: &StreamSpec, frame: &Frame) -> Result<Event, EventProblem> {
    let is_sse = spec.framing == crate::config::dialect_file::Framing::Sse;
    if frame.ambiguous && !is_sse {
        return Err(EventProblem::NotOneArray);
    }
    let Some(data) = &frame.data else {
        // What some parser takes for data is not passed on unread.
        let raw = if frame.ambiguous { Bytes::new() } else { frame.raw.clone() };
        return Ok(Event { reframed: frame.ambiguous, ..Event::bare(raw, EventKind::Comment) });
    };
    let (raw, range, reframed) = match &frame.data_range {
        Some(range) if !frame.ambiguous => (frame.raw.clone(), range.clone(), false),
        Some(_) | None => reframe(frame.name.as_ref().filter(|_| spec.tag.is_some()), data),
    };
    let bytes = raw.get(range.clone()).unwrap_or_default();
    if bytes.trim_ascii().is_empty() {
        return Ok(Event { reframed, ..Event::bare(raw, EventKind::Comment) });
    }
    if spec.done.as_ref().is_some_and(|done| bytes.trim_ascii() == done.as_bytes()) {
        return Ok(Event { reframed, data: range, ..Event::bare(raw, EventKind::Done) });
    }
    let doc = parse(bytes, Strictness::Event, &JsonLimits::default()).map_err(BodyProblem::from)?;
    if doc.kind(Doc::ROOT) != Kind::Object {
        return Err(BodyProblem::NotAnObject.into());
    }
    let tag = spec.tag.as_deref().and_then(|tag| doc.member(Doc::ROOT, tag, bytes));
    let tag = tag.and_then(|tag| doc.string(tag, bytes)).unwrap_or_default();
    // Where the data has no type, some clients take the name for it.
    if let (Some(name), true) = (&frame.name, spec.tag.is_some())
        && name.trim_ascii() != tag.as_bytes()
    {
        return Err(EventProblem::TwoTypes);
    }
    let reader = Reader { doc: &doc, bytes, offset: range.start, spec, tag: &tag };
    reader.check_numbers()?;
    let mut event = Event { reframed, ..Event::bare(raw.clone(), EventKind::Delta) };
    let walked = spec.table.walk(&doc, bytes, &mut |found| {
        event.unknown_leaves += usize::from(found.leaf.is_none());
        match reader.token(&found) {
            Some(token) => token.join(&mut event.tokens),
            None => event.fragments.extend(reader.fragment(&found)),
        }
    });
    walked.map_err(|twin| BodyProblem::twin(&twin, &doc, bytes))?;
    BodyProblem::of_texts(event.fragments.len())?;
    reader.note_ends(&mut event);
    event.opens = reader.numbers(&spec.opens);
    if let Some(closing) = spec.closes.iter().find(|closing| *closing.tag == *tag) {
        event.closes = Some(reader.all_numbers(&closing.keys));
        event.closes_only.clone_from(&closing.channel);
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
            units: Vec::new(),
            finished: Vec::new(),
            finished_all: false,
            opens: None,
            closes: None,
            closes_only: None,
            unknown_leaves: 0,
            reframed: false,
        }
    }

    /// The JSON that it carries.
    pub fn data(&self) -> Option<&[u8]> {
        self.raw.get(self.data.clone()).filter(|data| !data.is_empty())
    }

    /// What it says of its stream, where it says it.
    pub(in crate::wire) fn meta(&self, spec: &StreamSpec) -> Option<AnswerMeta> {
        let bytes = self.data()?;
        let [id, created, model] = &spec.meta;
        if id.is_none() && created.is_none() && model.is_none() {
            return None;
        }
        let doc = parse(bytes, Strictness::Response, &JsonLimits::default()).ok()?;
        let node = |path: &Option<_>| path.as_ref().and_then(|path| at(&doc, bytes, path));
        // Some events are of no answer yet and have empty strings there.
        let string = |path| {
            let text = node(path).and_then(|node| doc.string(node, bytes)).map(String::from);
            text.filter(|text| !text.is_empty())
        };
        let (id, said_model) = (string(id), string(model));
        if id.is_none() && said_model.is_none() {
            return None;
        }
        Some(AnswerMeta {
            id: id.unwrap_or_default(),
            created: node(created).and_then(|node| doc.integer(node, bytes)).unwrap_or_default(),
            model: said_model.unwrap_or_default(),
            calls: Calls::default(),
        })
    }
}

/// The same data in the plainest framing there is.
fn reframe(name: Option<&Bytes>, data: &Bytes) -> (Bytes, Range<usize>, bool) {
    let mut raw = Vec::with_capacity(data.len() + 8);
    // A name with a character that could end its line is not passed on.
    if let Some(name) = name.filter(|name| name.iter().all(u8::is_ascii_graphic)) {
        raw.extend_from_slice(b"event: ");
        raw.extend_from_slice(name);
        raw.push(b'\n');
    }
    raw.extend_from_slice(b"data: ");
    let start = raw.len();
    // Between the lines of one event stands white space of the JSON; inside strings it is escaped.
    raw.extend(data.iter().map(|&byte| if byte == b'\n' || byte == b'\r' { b' ' } else { byte }));
    let end = raw.len();
    raw.extend_from_slice(b"\n\n");
    (Bytes::from(raw), start..end, true)
}
