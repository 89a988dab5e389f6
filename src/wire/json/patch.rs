//! Changes of bytes, applied in one go.

use std::ops::Range;

use super::doc::{Doc, NodeId};

/// The bytes of a range give way to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// What is replaced; empty to insert.
    pub range: Range<usize>,
    /// What takes its place; empty to remove.
    pub bytes: Vec<u8>,
}

impl Patch {
    /// The same change `by` bytes further on.
    #[must_use]
    pub fn shifted(self, by: usize) -> Self {
        Self { range: self.range.start + by..self.range.end + by, bytes: self.bytes }
    }
}

/// The bytes with all patches applied. The patches may come in any order; one that begins inside
/// another is dropped, since the outer change covers it.
pub fn apply(bytes: &[u8], mut patches: Vec<Patch>) -> Vec<u8> {
    patches.sort_by_key(|patch| (patch.range.start, std::cmp::Reverse(patch.range.end)));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for patch in patches {
        if patch.range.start < at {
            continue;
        }
        out.extend_from_slice(bytes.get(at..patch.range.start).unwrap_or_default());
        out.extend_from_slice(&patch.bytes);
        at = patch.range.end;
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    out
}

/// The changes that take members of an object, or elements of an array, out with their commas. The
/// ones that stay keep every byte.
pub fn remove_children(doc: &Doc, container: NodeId, gone: impl Fn(NodeId) -> bool) -> Vec<Patch> {
    let begin = |node: NodeId| doc.key_range(node).unwrap_or_else(|| doc.range(node)).start;
    let mut patches: Vec<Patch> = Vec::new();
    // Where the last child that stays ends, and where a run of children that go begins.
    let (mut kept_end, mut run): (Option<usize>, Option<Range<usize>>) = (None, None);
    for child in doc.children(container) {
        let whole = begin(child)..doc.range(child).end;
        if gone(child) {
            let start = run.map_or_else(|| kept_end.unwrap_or(whole.start), |run| run.start);
            run = Some(start..whole.end);
            continue;
        }
        if let Some(run) = run.take() {
            // Behind a child that stays, its comma goes; at the beginning, the comma that follows.
            let end = if kept_end.is_some() { run.end } else { whole.start };
            patches.push(Patch { range: run.start..end, bytes: Vec::new() });
        }
        kept_end = Some(whole.end);
    }
    patches.extend(run.map(|range| Patch { range, bytes: Vec::new() }));
    patches
}
