//! A whole answer: its passages by choice, and the same bytes with some of them changed.
//!
//! It does not decide which choice is stopped, nor what the client reads instead.

use bytes::Bytes;

use super::leaves::{Gathered, MediaPart, Reader};
use super::refusal::RefusalShape;
use super::splice::{PassageEdit, Place, Unsplicable, patches};
use super::{BodyProblem, Dialect};
use crate::domain::Passage;
use crate::wire::json::{Doc, JsonLimits, Kind, NodeId, Patch, Strictness, apply, parse, quote};

/// An answer, read.
#[derive(Clone, Debug)]
pub struct Response {
    dialect: Dialect,
    bytes: Bytes,
    doc: Doc,
    passages: Vec<ChoicePassage>,
    places: Vec<Place>,
    media: Vec<MediaPart>,
    unknown_leaves: usize,
}

/// A passage of an answer.
#[derive(Clone, Debug)]
pub struct ChoicePassage {
    /// The choice it belongs to; `None` for what stands beside the choices.
    pub choice: Option<u64>,
    /// The passage.
    pub passage: Passage,
}

/// A choice whose text must not reach the client.
#[derive(Clone, Copy, Debug)]
pub struct StoppedChoice<'m> {
    /// Which choice.
    pub choice: u64,
    /// What stands in its place.
    pub message: &'m str,
    /// How that looks.
    pub shape: RefusalShape,
}

impl Response {
    /// Reads an answer.
    pub fn parse(dialect: Dialect, bytes: Bytes, limits: &JsonLimits) -> Result<Self, BodyProblem> {
        let doc = parse(&bytes, Strictness::Response, limits)?;
        if doc.kind(Doc::ROOT) != Kind::Object {
            return Err(BodyProblem::NotAnObject);
        }
        let mut reader = Reader::new(&doc, &bytes, false);
        let mut choices = Vec::new();
        let walked = dialect.response_table().walk(&doc, &bytes, &mut |found| {
            reader.read(&found);
            let known = choices.len();
            if reader.gathered.passages.len() > known {
                let choice = choice_of(&doc, &bytes, found.node);
                choices.resize(reader.gathered.passages.len(), choice);
            }
        });
        walked.map_err(|twin| BodyProblem::twin(&twin, &doc, &bytes))?;
        let Gathered { passages, places, media, unknown_leaves } = reader.gathered;
        let passages = passages.into_iter().zip(choices);
        let passages =
            passages.map(|(passage, choice)| ChoicePassage { choice, passage }).collect();
        Ok(Self { dialect, bytes, doc, passages, places, media, unknown_leaves })
    }

    /// The answer as it came.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Every text in it.
    pub fn passages(&self) -> &[ChoicePassage] {
        &self.passages
    }

    /// Every part that is not text.
    pub fn media(&self) -> &[MediaPart] {
        &self.media
    }

    /// How many strings no row of the table names.
    pub fn unknown_leaves(&self) -> usize {
        self.unknown_leaves
    }

    /// The answer with passages changed, choices stopped, and the token texts of `copies` (choices)
    /// taken out; with nothing to do, the very same bytes.
    pub fn render(
        &self,
        edits: &[PassageEdit<'_>],
        stopped: &[StoppedChoice<'_>],
        copies: &[u64],
    ) -> Result<Bytes, Unsplicable> {
        if edits.is_empty() && stopped.is_empty() && copies.is_empty() {
            return Ok(self.bytes.clone());
        }
        let is_stopped = |choice: Option<u64>| stopped.iter().any(|s| Some(s.choice) == choice);
        let choice_of_edit =
            |edit: &PassageEdit<'_>| self.passages.get(edit.passage).and_then(|p| p.choice);
        let live: Vec<PassageEdit<'_>> =
            edits.iter().filter(|edit| !is_stopped(choice_of_edit(edit))).copied().collect();
        let path_of = |passage: usize| Some(self.passages.get(passage)?.passage.path.clone());
        let mut all = patches(&self.bytes, &path_of, &self.places, &live)?;
        let mut edited: Vec<u64> = live
            .iter()
            .filter(|edit| !edit.rewrites.is_empty())
            .filter_map(choice_of_edit)
            .chain(copies.iter().copied())
            .collect();
        edited.sort_unstable();
        edited.dedup();
        for node in self.choice_nodes() {
            let Some(choice) = index_of(&self.doc, &self.bytes, node) else { continue };
            if let Some(stop) = stopped.iter().find(|stop| stop.choice == choice) {
                all.push(self.stopped_choice(node, stop));
            } else if edited.contains(&choice) {
                all.extend(self.drop_coupled(node));
            }
        }
        if all.is_empty() {
            return Ok(self.bytes.clone());
        }
        Ok(Bytes::from(apply(&self.bytes, all)))
    }

    fn choice_nodes(&self) -> Vec<NodeId> {
        let choices = self.doc.member(Doc::ROOT, "choices", &self.bytes);
        choices.map(|choices| self.doc.children(choices).collect()).unwrap_or_default()
    }

    /// The whole choice gives way to a refusal: nothing of what the model said stays.
    fn stopped_choice(&self, node: NodeId, stop: &StoppedChoice<'_>) -> Patch {
        let message = quote(stop.message);
        let index = stop.choice.to_string().into_bytes();
        let (before, after): (&[u8], &[u8]) = match (self.dialect, stop.shape) {
            (Dialect::Chat, RefusalShape::Content) => (
                b",\"message\":{\"role\":\"assistant\",\"content\":",
                b",\"refusal\":null},\"logprobs\":null,\"finish_reason\":\"content_filter\"}",
            ),
            (Dialect::Chat, RefusalShape::Refusal) => (
                b",\"message\":{\"role\":\"assistant\",\"content\":null,\"refusal\":",
                b"},\"logprobs\":null,\"finish_reason\":\"stop\"}",
            ),
            (Dialect::Completions, _) => {
                (b",\"text\":", b",\"logprobs\":null,\"finish_reason\":\"content_filter\"}")
            }
        };
        let bytes = [b"{\"index\":", &*index, before, &*message, after].concat();
        Patch { range: self.doc.range(node), bytes }
    }

    /// What repeats the unchanged text, or points into it, goes when the text changes.
    fn drop_coupled(&self, node: NodeId) -> Vec<Patch> {
        let null = |node| Patch { range: self.doc.range(node), bytes: b"null".to_vec() };
        let member = |node, key| self.doc.member(node, key, &self.bytes);
        let mut patches = Vec::new();
        for key in ["logprobs", "token_ids", "prompt_logprobs"] {
            patches.extend(member(node, key).map(null));
        }
        let annotations = member(node, "message").and_then(|node| member(node, "annotations"));
        if let Some(annotations) = annotations.filter(|&node| self.doc.kind(node) == Kind::Array) {
            patches.push(Patch { range: self.doc.range(annotations), bytes: b"[]".to_vec() });
        }
        patches
    }
}

/// The `index` of the choice that a node stands in.
fn choice_of(doc: &Doc, bytes: &[u8], node: NodeId) -> Option<u64> {
    let mut at = node;
    let mut trail = vec![node];
    while let Some(parent) = doc.parent(at) {
        trail.push(parent);
        at = parent;
    }
    let mut from_top = trail.iter().rev().skip(1);
    let list = *from_top.next()?;
    if doc.key(list, bytes)? != "choices" {
        return None;
    }
    index_of(doc, bytes, *from_top.next()?)
}

/// The `index` of a choice, or its place in the list where it has none.
pub(super) fn index_of(doc: &Doc, bytes: &[u8], choice: NodeId) -> Option<u64> {
    let own = doc.member(choice, "index", bytes).and_then(|node| doc.integer(node, bytes));
    let list = doc.parent(choice)?;
    own.or_else(|| u64::try_from(doc.children(list).position(|child| child == choice)?).ok())
}
