//! The bytes of an event with parts of it changed or taken out.

use bytes::Bytes;

use super::response::{index_of, put};
use super::stream::{Event, FragmentEdit};
use crate::wire::dialect::{Path, StreamSpec};
use crate::wire::json::{
    Doc, JsonLimits, NodeId, Patch, Strictness, apply, parse, remove_children, splice_token,
};

/// What goes out of an event because it repeats a text that is not passed on as it came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Strip<'c> {
    /// Answers whose text was changed: their token texts go, and annotations, which point into the
    /// text by offsets.
    pub edited: &'c [u64],
    /// Answers of which only the token texts go.
    pub tokens: &'c [u64],
    /// Whether the token texts of the prompt go.
    pub prompt_tokens: bool,
}

/// An event with the form of its stream.
#[derive(Clone, Copy, Debug)]
pub(in crate::wire) struct Rendered<'e> {
    pub(in crate::wire) event: &'e Event,
    pub(in crate::wire) spec: &'e StreamSpec,
}

impl Rendered<'_> {
    /// The bytes with fragments changed and copies taken out. What repeats the text of a changed
    /// answer goes with it. Without changes: the very same bytes.
    pub(in crate::wire) fn whole(self, edits: &[FragmentEdit], strip: &Strip<'_>) -> Bytes {
        let raw = &self.event.raw;
        let patches = self.patches(edits, strip);
        if patches.is_empty() { raw.clone() } else { Bytes::from(apply(raw, patches)) }
    }

    /// The same without these answers; `None` when no other answer remains.
    pub(in crate::wire) fn without(
        self,
        gone: &[u64],
        edits: &[FragmentEdit],
        strip: &Strip<'_>,
    ) -> Option<Bytes> {
        let bytes = self.event.data()?;
        let doc = doc_of(bytes)?;
        let list = doc.member(Doc::ROOT, self.spec.unit.as_deref()?, bytes)?;
        let is_gone = |node| index_of(&doc, bytes, node).is_some_and(|index| gone.contains(&index));
        if doc.children(list).all(is_gone) {
            return None;
        }
        let removed = remove_children(&doc, list, is_gone);
        let removed = removed.into_iter().map(|patch| patch.shifted(self.event.data.start));
        let patches = removed.chain(self.patches(edits, strip)).collect();
        Some(Bytes::from(apply(&self.event.raw, patches)))
    }

    fn patches(self, edits: &[FragmentEdit], strip: &Strip<'_>) -> Vec<Patch> {
        let mut patches = Vec::with_capacity(edits.len());
        let mut edited = strip.edited.to_vec();
        for edit in edits {
            let Some(fragment) = self.event.fragments.get(edit.fragment) else { continue };
            let token = self.event.raw.get(fragment.token.clone()).unwrap_or_default();
            let bytes = splice_token(token, &edit.cuts);
            patches.push(Patch { range: fragment.token.clone(), bytes });
            edited.extend(fragment.channel.unit);
        }
        patches.extend(self.copies(&edited, strip));
        patches
    }

    fn copies(self, edited: &[u64], strip: &Strip<'_>) -> Vec<Patch> {
        if edited.is_empty() && strip.tokens.is_empty() && !strip.prompt_tokens {
            return Vec::new();
        }
        let Some(bytes) = self.event.data() else { return Vec::new() };
        let Some(doc) = doc_of(bytes) else { return Vec::new() };
        let list = self.spec.unit.as_deref();
        let units: Vec<(Option<u64>, NodeId)> = match list {
            None => vec![(Some(0), Doc::ROOT)],
            Some(list) => {
                let list = doc.member(Doc::ROOT, list, bytes).into_iter();
                let nodes = list.flat_map(|list| doc.children(list).collect::<Vec<_>>());
                nodes.map(|node| (index_of(&doc, bytes, node), node)).collect()
            }
        };
        let mut patches = Vec::new();
        let mut take = |node, values: &[(Path, Vec<u8>)]| {
            patches.extend(put(&doc, bytes, (node, list), values));
        };
        for (unit, node) in units {
            let is_in = |list: &[u64]| unit.is_some_and(|unit| list.contains(&unit));
            if is_in(edited) {
                take(node, &self.spec.coupled);
            }
            if is_in(edited) || is_in(strip.tokens) {
                take(node, &self.spec.tokens);
            }
        }
        if strip.prompt_tokens && list.is_some() {
            take(Doc::ROOT, &self.spec.tokens);
        }
        patches.into_iter().map(|patch| patch.shifted(self.event.data.start)).collect()
    }
}

/// The data of an event that was read before.
fn doc_of(bytes: &[u8]) -> Option<Doc> {
    parse(bytes, Strictness::Event, &JsonLimits::default()).ok()
}
