//! One streamed event, understood: which texts it carries, of which choice and part, and where they
//! are written.

use std::ops::Range;

use bytes::Bytes;
use thiserror::Error;

use super::ending::StreamMeta;
use super::refusal::quoted;
use super::request::path_of;
use super::response::index_of;
use super::{BodyProblem, Dialect};
use crate::domain::{Author, EditClass, TextKind};
use crate::wire::json::{
    Doc, JsonLimits, Kind, NodeId, Patch, Strictness, apply, decode, parse, splice_token,
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
    /// Thinking; the field's name.
    Reasoning(String),
    /// The name of a tool call, by its index.
    ToolName(u64),
    /// The arguments of a tool call, by its index.
    ToolArgs(u64),
    /// Speech as text.
    Transcript,
    /// Token texts beside the answer.
    Logprob,
    /// Anything else, by its path: each event's is a text by itself.
    Other(String),
}

/// One piece of text of an event.
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
    /// It carries no data: a comment, a bare field.
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
    if bytes.trim_ascii() == b"[DONE]" {
        return Ok(Event { reframed, data: range, ..Event::bare(raw, EventKind::Done) });
    }
    let limits = JsonLimits::default();
    let doc = parse(bytes, Strictness::Response, &limits).map_err(BodyProblem::from)?;
    if doc.kind(Doc::ROOT) != Kind::Object {
        return Err(BodyProblem::NotAnObject.into());
    }
    let mut found = Vec::new();
    let walked = dialect.stream_table().walk(&doc, bytes, &mut |leaf| found.push(leaf));
    if let Err(twin) = walked {
        let key = doc.key(twin.node, bytes).unwrap_or_default().chars().take(40).collect();
        return Err(BodyProblem::TwinKey { key, known: twin.known }.into());
    }
    let reader = Reader { doc: &doc, bytes, offset: range.start };
    let mut event = Event { reframed, ..Event::bare(raw.clone(), EventKind::Delta) };
    if doc.member(Doc::ROOT, "error", bytes).is_some_and(|node| doc.kind(node) != Kind::Null) {
        event.kind = EventKind::Error;
    }
    for leaf in &found {
        event.unknown_leaves += usize::from(leaf.leaf.is_none());
        event.fragments.extend(reader.fragment(leaf));
    }
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

    /// The changes that take token texts and annotations out of these choices.
    fn without_copies(&self, choices: &[u64]) -> Vec<Patch> {
        let mut patches = Vec::new();
        self.each_choice(|reader, node, index| {
            if !choices.contains(&index) {
                return;
            }
            for key in ["logprobs", "token_ids"] {
                if let Some(copy) = reader.doc.member(node, key, reader.bytes) {
                    let range = reader.shifted(reader.doc.range(copy));
                    patches.push(Patch { range, bytes: b"null".to_vec() });
                }
            }
        });
        patches
    }

    /// The bytes without token texts of these choices, which were changed before.
    pub fn strip_copies(&self, choices: &[u64]) -> Bytes {
        let patches = self.without_copies(choices);
        if patches.is_empty() { self.raw.clone() } else { Bytes::from(apply(&self.raw, patches)) }
    }

    /// The bytes without these choices; `None` when no other choice remains.
    pub fn without_choices(&self, gone: &[u64]) -> Option<Bytes> {
        let mut kept: Vec<Vec<u8>> = Vec::new();
        let mut list = None;
        self.each_choice(|reader, node, index| {
            list = reader.doc.parent(node).map(|list| reader.shifted(reader.doc.range(list)));
            if !gone.contains(&index) {
                kept.push(reader.bytes.get(reader.doc.range(node)).unwrap_or_default().to_vec());
            }
        });
        let range = list.filter(|_| !kept.is_empty())?;
        let bytes = [b"[", &*kept.join(&b','), b"]"].concat();
        Some(Bytes::from(apply(&self.raw, vec![Patch { range, bytes }])))
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
    let field = match &channel.part {
        Part::Content => "content",
        Part::Refusal => "refusal",
        Part::Reasoning(name) => name,
        Part::ToolName(_)
        | Part::ToolArgs(_)
        | Part::Transcript
        | Part::Logprob
        | Part::Other(_) => {
            return None;
        }
    };
    let role = if started { "" } else { "\"role\":\"assistant\"," };
    let choice = match dialect {
        Dialect::Chat => format!(
            "{{\"index\":{},\"delta\":{{{role}\"{field}\":{}}},\"finish_reason\":null}}",
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
        let text = decode(self.bytes.get(range.clone())?).into_owned();
        let channel = self.channel(found, kind);
        let token = self.shifted(range);
        Some(Fragment { channel, text, token, author, kind, edit })
    }

    fn channel(&self, found: &Found, kind: TextKind) -> Channel {
        let trail = self.trail(found.node);
        let choice = trail.get(1).and_then(|&node| index_of(self.doc, self.bytes, node));
        let key = |at: usize| {
            let node = trail.get(at)?;
            self.doc.key(*node, self.bytes).map(std::borrow::Cow::into_owned)
        };
        let in_choice = key(0).as_deref() == Some("choices") && choice.is_some();
        let (second, third) = (key(2), key(3));
        let part = match (in_choice, second.as_deref(), third.as_deref(), kind) {
            (true, Some("delta"), Some("content"), TextKind::Text) | (true, Some("text"), ..) => {
                Part::Content
            }
            (true, Some("delta"), Some("refusal"), _) => Part::Refusal,
            (true, Some("delta"), Some("tool_calls" | "function_call"), _) => {
                self.tool_part(&trail, found.node)
            }
            (true, Some("delta"), Some("audio"), _) => Part::Transcript,
            (true, Some("delta"), Some(name), TextKind::Reasoning) => {
                Part::Reasoning(name.to_owned())
            }
            (true, Some("logprobs" | "prompt_logprobs"), ..) => Part::Logprob,
            _ => Part::Other(path_of(self.doc, self.bytes, found.node)),
        };
        Channel { choice: choice.filter(|_| in_choice).unwrap_or(0), part }
    }

    /// The name or the arguments of a tool call. Where a backend leaves the index out, the place in
    /// the list is it.
    fn tool_part(&self, trail: &[NodeId], node: NodeId) -> Part {
        let call = trail.get(4).and_then(|&call| index_of(self.doc, self.bytes, call)).unwrap_or(0);
        match self.doc.key(node, self.bytes).as_deref() {
            Some("name") => Part::ToolName(call),
            Some(_) | None => Part::ToolArgs(call),
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
