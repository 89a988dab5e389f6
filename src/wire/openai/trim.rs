//! The bytes of an event with parts of it changed or taken out, and chunks of our own for what is left
//! of an event that cannot go out.

use bytes::Bytes;

use super::Dialect;
use super::ending::StreamMeta;
use super::fragments::Reader;
use super::refusal::quoted;
use super::response::index_of;
use super::stream::{Channel, Event, FragmentEdit, Part};
use crate::wire::json::{
    Doc, JsonLimits, Kind, NodeId, Patch, Strictness, apply, parse, remove_children, splice_token,
};

/// What goes out of an event because it repeats a text that is not passed on as it came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Strip<'c> {
    /// Choices whose text was changed: their token texts go, and annotations, which point into the
    /// text by offsets.
    pub edited: &'c [u64],
    /// Choices of which only the token texts go.
    pub tokens: &'c [u64],
    /// Whether the token texts of the prompt go.
    pub prompt_tokens: bool,
}

impl Event {
    /// The bytes with fragments changed and copies taken out. What repeats the text of a changed
    /// choice goes with it. Without changes: the very same bytes.
    pub fn render(&self, edits: &[FragmentEdit], strip: &Strip<'_>) -> Bytes {
        let patches = self.patches(edits, strip);
        if patches.is_empty() { self.raw.clone() } else { Bytes::from(apply(&self.raw, patches)) }
    }

    /// The same without these choices; `None` when no other choice remains.
    pub fn render_without(
        &self,
        gone: &[u64],
        edits: &[FragmentEdit],
        strip: &Strip<'_>,
    ) -> Option<Bytes> {
        let bytes = self.data()?;
        let doc = doc_of(bytes)?;
        let list = doc.member(Doc::ROOT, "choices", bytes)?;
        let is_gone = |node| index_of(&doc, bytes, node).is_some_and(|index| gone.contains(&index));
        if doc.children(list).all(is_gone) {
            return None;
        }
        let removed = remove_children(&doc, list, is_gone);
        let removed = removed.into_iter().map(|patch| patch.shifted(self.data.start));
        let patches = removed.chain(self.patches(edits, strip)).collect();
        Some(Bytes::from(apply(&self.raw, patches)))
    }

    fn patches(&self, edits: &[FragmentEdit], strip: &Strip<'_>) -> Vec<Patch> {
        let mut patches = Vec::with_capacity(edits.len());
        let mut edited = strip.edited.to_vec();
        for edit in edits {
            let Some(fragment) = self.fragments.get(edit.fragment) else { continue };
            let token = self.raw.get(fragment.token.clone()).unwrap_or_default();
            let bytes = splice_token(token, &edit.cuts);
            patches.push(Patch { range: fragment.token.clone(), bytes });
            edited.extend(fragment.channel.choice);
        }
        patches.extend(self.copies(&edited, strip));
        patches
    }

    fn copies(&self, edited: &[u64], strip: &Strip<'_>) -> Vec<Patch> {
        let mut patches = Vec::new();
        if edited.is_empty() && strip.tokens.is_empty() && !strip.prompt_tokens {
            return patches;
        }
        let Some(bytes) = self.data() else { return patches };
        let Some(doc) = doc_of(bytes) else { return patches };
        let reader = Reader { doc: &doc, bytes, offset: self.data.start };
        for node in reader.choices() {
            let index = index_of(&doc, bytes, node);
            if index.is_some_and(|index| edited.contains(&index)) {
                patches.extend(reader.token_copies(node));
                patches.extend(reader.annotations(node));
            } else if index.is_some_and(|index| strip.tokens.contains(&index)) {
                patches.extend(reader.token_copies(node));
            }
        }
        if strip.prompt_tokens {
            patches.extend(reader.token_copies(Doc::ROOT));
        }
        patches
    }
}

/// The data of an event that was read before.
fn doc_of(bytes: &[u8]) -> Option<Doc> {
    parse(bytes, Strictness::Event, &JsonLimits::default()).ok()
}

impl Reader<'_> {
    fn put(&self, node: NodeId, bytes: &[u8]) -> Patch {
        Patch { range: self.shifted(self.doc.range(node)), bytes: bytes.to_vec() }
    }

    /// The changes that take token texts out of a choice, or from beside the choices.
    fn token_copies(&self, node: NodeId) -> Vec<Patch> {
        let fields = ["logprobs", "token_ids", "prompt_logprobs"];
        let fields = fields.iter().filter_map(|key| self.doc.member(node, key, self.bytes));
        fields.map(|field| self.put(field, b"null")).collect()
    }

    /// The changes that take annotations out of a choice.
    fn annotations(&self, choice: NodeId) -> Vec<Patch> {
        let member = |node, key| self.doc.member(node, key, self.bytes);
        let holders = ["delta", "message"].iter().filter_map(|key| member(choice, key));
        let lists = holders.filter_map(|holder| member(holder, "annotations"));
        let lists = lists.filter(|&node| self.doc.kind(node) == Kind::Array);
        lists.map(|node| self.put(node, b"[]")).collect()
    }
}

/// A chunk of our own with the decided part of a text, where the event that carried it cannot go
/// out as a whole. `token` is the part as it is written, quotes included.
pub fn text_chunk(
    dialect: Dialect,
    meta: &StreamMeta,
    channel: &Channel,
    (token, started): (&[u8], bool),
) -> Option<Bytes> {
    let choice = channel.choice?;
    let text = String::from_utf8_lossy(token);
    let choice = match dialect {
        Dialect::Chat => {
            let (delta, beside) = fields(&channel.part, &text)?;
            let role = if started { "" } else { "\"role\":\"assistant\"" };
            let comma = if role.is_empty() || delta.is_empty() { "" } else { "," };
            format!(
                "{{\"index\":{choice},\"delta\":{{{role}{comma}{delta}}},{beside}\"finish_reason\":null}}"
            )
        }
        Dialect::Completions => {
            if channel.part != Part::Content {
                return None;
            }
            format!(
                "{{\"index\":{choice},\"text\":{text},\"finish_reason\":null,\"logprobs\":null}}"
            )
        }
    };
    Some(Bytes::from(meta.chunk(dialect, &choice, "")))
}

/// The fields of `delta`, and of the choice beside it, that hold a text of this part. Tool calls are
/// never written in part, nor is what came whole.
fn fields(part: &Part, text: &str) -> Option<(String, String)> {
    let delta = match part {
        Part::Content => format!("\"content\":{text}"),
        Part::Refusal => format!("\"refusal\":{text}"),
        Part::Transcript => format!("\"audio\":{{\"transcript\":{text}}}"),
        Part::Reasoning(path) if path == "content.thinking" => format!(
            "\"content\":[{{\"type\":\"thinking\",\"thinking\":[{{\"type\":\"text\",\"text\":{text}}}]}}]"
        ),
        Part::Reasoning(path) => match path.strip_prefix("reasoning_details[") {
            Some(rest) => {
                let (index, name) = rest.split_once("].")?;
                format!(
                    "\"reasoning_details\":[{{\"type\":\"reasoning.{name}\",\"index\":{index},\"{name}\":{text}}}]"
                )
            }
            None => format!("{}:{text}", quoted(path)),
        },
        Part::Field(path) => {
            let below = path.strip_prefix("delta.");
            let name = below.unwrap_or(path);
            if name.contains(['.', '[']) {
                return None;
            }
            let field = format!("{}:{text}", quoted(name));
            if below.is_none() {
                return Some((String::new(), format!("{field},")));
            }
            field
        }
        Part::ToolName(_) | Part::ToolArgs(_) | Part::Logprob(_) | Part::Other(_) => return None,
    };
    Some((delta, String::new()))
}
