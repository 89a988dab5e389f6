//! Changes of bytes, applied in one go.

use std::ops::Range;

/// The bytes of a range give way to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// What is replaced; empty to insert.
    pub range: Range<usize>,
    /// What takes its place; empty to remove.
    pub bytes: Vec<u8>,
}

/// The bytes with all patches applied. The patches may come in any order; one that overlaps another
/// that begins before it is dropped, since the outer change covers it.
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
