//! One streamed event, understood: which texts it carries, of which choice and part, and where they
//! are written.
//!
//! It holds nothing back and joins nothing: that is the gate's work.

use std::ops::Range;

use bytes::Bytes;
use thiserror::Error;

use super::ending::StreamMeta;
use super::leaves::path_of;
use super::refusal::quoted;
use super::response::index_of;
use super::{BodyProblem, Dialect};
use crate::domain::{Author, EditClass, TextKind};
use crate::wire::json::{
    Doc, JsonLimits, Kind, NodeId, Patch, Strictness, apply, decode, parse, remove_children,
    splice_token, token_text,
};
use crate::wire::sse::Frame;
use crate::wire::table::{By, Found, Leaf};

/// Under which key the pieces of a text are put together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Channel {
    /// The choice; texts beside the choices count as choice 0.
    pub choice: u64,
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
    /// Thinking, or another text that streams beside the content; the field's name. Fields of a
    /// choice that no row names are here too, so that a text cut into events is read as one.
    Reasoning(String),
    /// The name of a tool call, by its index.
    ToolName(u64),
    /// The arguments of a tool call, by its index. The deprecated function call is
    /// [`FUNCTION_CALL`].
    ToolArgs(u64),
    /// Speech as text.
    Transcript,
    /// Token texts beside the answer.
    Logprob,
    /// Anything else, by its path: each event's is a text by itself.
    Other(String),
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
    data: Range<usize>,
    /// What it is for.
    pub kind: EventKind,
    /// Its texts.
    pub fragments: Vec<Fragment>,
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
        return Ok(Event::bare(frame.raw.clone(), EventKind::Comment));
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
    let doc = parse(bytes, Strictness::Response, &limits).map_err(BodyProblem::from)?;
    if doc.kind(Doc::ROOT) != Kind::Object {
        return Err(BodyProblem::NotAnObject.into());
    }
    let reader = Reader { doc: &doc, bytes, offset: range.start };
    let mut event = Event { reframed, ..Event::bare(raw.clone(), EventKind::Delta) };
    let walked = dialect.stream_table().walk(&doc, bytes, &mut |found| {
        event.unknown_leaves += usize::from(found.leaf.is_none());
        event.fragments.extend(reader.fragment(&found));
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
    fn bare(raw: Bytes, kind: EventKind) -> Self {
        Self {
            raw,
            data: 0..0,
            kind,
            fragments: Vec::new(),
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

    /// The bytes with fragments changed. The token texts of the changed choices go with it.
    pub fn splice(&self, edits: &[FragmentEdit]) -> Bytes {
        let mut patches = Vec::with_capacity(edits.len());
        let mut changed = Vec::new();
        for edit in edits {
            let Some(fragment) = self.fragments.get(edit.fragment) else { continue };
            let token = self.raw.get(fragment.token.clone()).unwrap_or_default();
            let bytes = splice_token(token, &edit.cuts);
            patches.push(Patch { range: fragment.token.clone(), bytes });
            changed.push(fragment.channel.choice);
        }
        patches.extend(self.without_copies(&changed));
        Bytes::from(apply(&self.raw, patches))
    }

    /// The changes that take token texts out of these choices, and annotations, which point into the
    /// text by offsets.
    fn without_copies(&self, choices: &[u64]) -> Vec<Patch> {
        let mut patches = Vec::new();
        if choices.is_empty() {
            return patches;
        }
        self.each_choice(|reader, node, index| {
            if choices.contains(&index) {
                patches.extend(reader.copies(node));
            }
        });
        patches
    }

    /// The bytes without what repeats, or points into, the text of these choices, which was changed
    /// before.
    pub fn strip_copies(&self, choices: &[u64]) -> Bytes {
        let patches = self.without_copies(choices);
        if patches.is_empty() { self.raw.clone() } else { Bytes::from(apply(&self.raw, patches)) }
    }

    /// The bytes without these choices; `None` when no other choice remains.
    pub fn without_choices(&self, gone: &[u64]) -> Option<Bytes> {
        let bytes = self.data()?;
        let doc = parse(bytes, Strictness::Response, &JsonLimits::default()).ok()?;
        let list = doc.member(Doc::ROOT, "choices", bytes)?;
        let is_gone = |node| index_of(&doc, bytes, node).is_some_and(|index| gone.contains(&index));
        if doc.children(list).all(is_gone) {
            return None;
        }
        let patches = remove_children(&doc, list, is_gone);
        let patches = patches.into_iter().map(|patch| patch.shifted(self.data.start)).collect();
        Some(Bytes::from(apply(&self.raw, patches)))
    }

    fn each_choice(&self, mut with: impl FnMut(&Reader<'_>, NodeId, u64)) {
        let Some(bytes) = self.data() else { return };
        let Ok(doc) = parse(bytes, Strictness::Response, &JsonLimits::default()) else { return };
        let reader = Reader { doc: &doc, bytes, offset: self.data.start };
        for node in reader.choices() {
            if let Some(index) = index_of(&doc, bytes, node) {
                with(&reader, node, index);
            }
        }
    }
}

/// A chunk of our own with the decided part of a text, where the event that carried it cannot go
/// out as a whole.
pub fn text_chunk(
    dialect: Dialect,
    meta: &StreamMeta,
    channel: &Channel,
    (text, started): (&str, bool),
) -> Option<Bytes> {
    let field = match (dialect, &channel.part) {
        (_, Part::Content) => "content",
        (Dialect::Chat, Part::Refusal) => "refusal",
        // A field that is not one string cannot be written in part.
        (Dialect::Chat, Part::Reasoning(name)) if !name.contains('.') => name,
        (Dialect::Chat | Dialect::Completions, _) => return None,
    };
    let field = quoted(field);
    let role = if started { "" } else { "\"role\":\"assistant\"," };
    let choice = match dialect {
        Dialect::Chat => format!(
            "{{\"index\":{},\"delta\":{{{role}{field}:{}}},\"finish_reason\":null}}",
            channel.choice,
            quoted(text)
        ),
        Dialect::Completions => format!(
            "{{\"index\":{},\"text\":{},\"finish_reason\":null,\"logprobs\":null}}",
            channel.choice,
            quoted(text)
        ),
    };
    Some(Bytes::from(meta.chunk(dialect, &choice, "")))
}

struct Reader<'d> {
    doc: &'d Doc,
    bytes: &'d [u8],
    /// Where `bytes` begin in the event.
    offset: usize,
}

impl Reader<'_> {
    fn choices(&self) -> Vec<NodeId> {
        let list = self.doc.member(Doc::ROOT, "choices", self.bytes);
        list.map(|list| self.doc.children(list).collect()).unwrap_or_default()
    }

    fn shifted(&self, range: Range<usize>) -> Range<usize> {
        range.start + self.offset..range.end + self.offset
    }

    /// The changes that take what repeats the text, or points into it, out of a choice.
    fn copies(&self, choice: NodeId) -> Vec<Patch> {
        let member = |node, key| self.doc.member(node, key, self.bytes);
        let put = |node, bytes: &[u8]| {
            let range = self.shifted(self.doc.range(node));
            Patch { range, bytes: bytes.to_vec() }
        };
        let texts = ["logprobs", "token_ids", "prompt_logprobs"];
        let texts =
            texts.iter().filter_map(|key| member(choice, key)).map(|node| put(node, b"null"));
        let annotations = member(choice, "delta").and_then(|node| member(node, "annotations"));
        let annotations = annotations.filter(|&node| self.doc.kind(node) == Kind::Array);
        texts.chain(annotations.map(|node| put(node, b"[]"))).collect()
    }

    fn fragment(&self, found: &Found) -> Option<Fragment> {
        let range =
            if found.is_key { self.doc.key_range(found.node)? } else { self.doc.range(found.node) };
        let (author, kind, edit) = match found.leaf {
            Some(Leaf::Skip | Leaf::Media { .. }) => return None,
            Some(Leaf::Text { by, kind, edit }) => {
                let author = match by {
                    By::Always(author) => author,
                    By::Role => Author::Assistant,
                };
                (author, kind, edit)
            }
            None => (Author::Unknown, TextKind::Meta, EditClass::Fixed),
        };
        let written = self.bytes.get(range.clone())?;
        let text = decode(written).into_owned();
        let channel = self.channel(found);
        // What stands alone in its event is never replaced in part: it goes as it came, or not at all.
        let edit = if matches!(channel.part, Part::Other(_)) { EditClass::Fixed } else { edit };
        let (leading_low_half, trailing_high_half) = halves(written, &text);
        let token = self.shifted(range);
        Some(Fragment {
            channel,
            text,
            token,
            author,
            kind,
            edit,
            leading_low_half,
            trailing_high_half,
        })
    }

    fn channel(&self, found: &Found) -> Channel {
        let trail = self.trail(found.node);
        let key = |at: usize| self.doc.key(*trail.get(at)?, self.bytes);
        let in_choices = key(0).as_deref() == Some("choices");
        let choice = trail.get(1).filter(|_| in_choices);
        let choice = choice.and_then(|&node| index_of(self.doc, self.bytes, node));
        let part = choice.and_then(|_| self.part(found, &trail));
        let part = part.unwrap_or_else(|| Part::Other(path_of(self.doc, self.bytes, found.node)));
        Channel { choice: choice.unwrap_or(0), part }
    }

    /// The part that a text of a choice belongs to; `None` for what is a text by itself.
    fn part(&self, found: &Found, trail: &[NodeId]) -> Option<Part> {
        let key = |at: usize| self.doc.key(*trail.get(at)?, self.bytes);
        let (second, third) = (key(2)?, key(3));
        let last = self.doc.key(found.node, self.bytes);
        let Some(Leaf::Text { kind, .. }) = found.leaf else {
            // A new field of text would come in pieces like the ones that are known.
            let depth = if second == "delta" { 4 } else { 3 };
            let streams = !found.is_key && trail.len() == depth;
            return last.filter(|_| streams).map(|name| Part::Reasoning(name.into_owned()));
        };
        if kind == TextKind::Logprob {
            return Some(Part::Logprob);
        }
        if second == "text" {
            return Some(Part::Content);
        }
        if second != "delta" || found.is_key {
            return None;
        }
        match third.as_deref()? {
            "content" if kind == TextKind::Text => Some(Part::Content),
            "content" => Some(Part::Reasoning("content.thinking".to_owned())),
            "refusal" => Some(Part::Refusal),
            "audio" => Some(Part::Transcript),
            "reasoning_details" => Some(Part::Reasoning(format!("reasoning_details.{}", last?))),
            name if kind == TextKind::Reasoning => Some(Part::Reasoning(name.to_owned())),
            "tool_calls" => {
                // Where a backend leaves the index out, the place in the list is it.
                let call = index_of(self.doc, self.bytes, *trail.get(4)?)?;
                Some(tool_part(call, kind))
            }
            "function_call" => Some(tool_part(FUNCTION_CALL, kind)),
            _ => None,
        }
    }

    /// The nodes from right below the top down to this one.
    fn trail(&self, node: NodeId) -> Vec<NodeId> {
        let mut trail = vec![node];
        let mut at = node;
        while let Some(parent) = self.doc.parent(at).filter(|&parent| parent != Doc::ROOT) {
            trail.push(parent);
            at = parent;
        }
        trail.reverse();
        trail
    }
}

fn tool_part(call: u64, kind: TextKind) -> Part {
    if kind == TextKind::ToolArgs { Part::ToolArgs(call) } else { Part::ToolName(call) }
}

/// The halves of surrogate pairs that a string begins and ends with.
fn halves(token: &[u8], text: &str) -> (Option<u16>, Option<u16>) {
    if !text.starts_with('\u{fffd}') && !text.ends_with('\u{fffd}') {
        return (None, None);
    }
    let mut pieces = token_text(token).map(|piece| piece.half);
    let first = pieces.next().flatten();
    let last = pieces.last().unwrap_or(first);
    let is_low = |half: &u16| (0xdc00..0xe000).contains(half);
    (first.filter(is_low), last.filter(|half| !is_low(half)))
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
