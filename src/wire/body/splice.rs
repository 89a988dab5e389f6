//! The same bytes with passages changed.
//!
//! It decides nothing: where a passage cannot be changed in place it says so, and the caller stops
//! the text instead.

use std::collections::BTreeMap;
use std::ops::Range;

use thiserror::Error;

use crate::domain::Rewrite;
use crate::wire::json::{Patch, decode, token_patches};

/// Changes of one passage.
#[derive(Clone, Copy, Debug)]
pub struct PassageEdit<'r> {
    /// Index of the passage.
    pub passage: usize,
    /// What to replace in its text; ordered and apart.
    pub rewrites: &'r [Rewrite],
}

/// A change that the wire format does not allow.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the text at `{path}` cannot be changed in place")]
pub struct Unsplicable {
    /// Where the text sits.
    pub path: String,
}

/// Where a passage is written.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In the string token at these bytes.
    Token(Range<usize>),
    /// In a string token (these bytes of its text) of the JSON that the token at these bytes holds.
    Inner { token: Range<usize>, inner: Range<usize> },
    /// In these bytes, as it is.
    Plain(Range<usize>),
    /// In the header of this name.
    Header(String),
    /// In a key, which is never changed.
    Key,
    /// Somewhere else that is never changed.
    Fixed,
}

/// Ranges of a text with what takes their place.
type Cuts = Vec<(Range<usize>, String)>;

/// Strings of the JSON that a token holds, by where they stand in its text, with their changes.
type Leaves = Vec<(Range<usize>, Cuts)>;

/// The changes of bytes that edits of passages come to. `path_of` tells where a passage sits, for people.
pub(super) fn patches(
    bytes: &[u8],
    path_of: &dyn Fn(usize) -> Option<String>,
    places: &[Place],
    edits: &[PassageEdit<'_>],
) -> Result<Vec<Patch>, Unsplicable> {
    let mut patches: Vec<Patch> = Vec::new();
    // Tokens that hold JSON, by where they begin, with the leaves that change.
    let mut inner: BTreeMap<usize, (Range<usize>, Leaves)> = BTreeMap::new();
    for edit in edits.iter().filter(|edit| !edit.rewrites.is_empty()) {
        let cuts: Cuts =
            edit.rewrites.iter().map(|r| (r.span.range(), r.replacement.clone())).collect();
        match places.get(edit.passage) {
            Some(Place::Token(range)) => {
                let token = bytes.get(range.clone()).unwrap_or_default();
                let own = token_patches(token, &cuts);
                patches.extend(own.into_iter().map(|patch| patch.shifted(range.start)));
            }
            Some(Place::Inner { token, inner: leaf }) => {
                let (_, leaves) =
                    inner.entry(token.start).or_insert_with(|| (token.clone(), Vec::new()));
                leaves.push((leaf.clone(), cuts));
            }
            Some(Place::Plain(range)) => {
                let start = range.start;
                let patch = |(cut, text): (Range<usize>, String)| Patch {
                    range: start + cut.start..start + cut.end,
                    bytes: text.into_bytes(),
                };
                patches.extend(cuts.into_iter().map(patch));
            }
            // Those are changed with the head.
            Some(Place::Header(_)) => {}
            Some(Place::Key | Place::Fixed) | None => {
                return Err(Unsplicable { path: path_of(edit.passage).unwrap_or_default() });
            }
        }
    }
    for (range, leaves) in inner.into_values() {
        let token = bytes.get(range.clone()).unwrap_or_default();
        let own = token_patches(token, &outer_cuts(&decode(token), leaves));
        patches.extend(own.into_iter().map(|patch| patch.shifted(range.start)));
    }
    Ok(patches)
}

/// What changes of inner strings come to in the text of the string that holds them: only inside
/// their quotes, and escaped, so that the text stays JSON.
fn outer_cuts(text: &str, leaves: Leaves) -> Cuts {
    let mut outer = Cuts::new();
    for (leaf, cuts) in leaves {
        let token = text.as_bytes().get(leaf.clone()).unwrap_or_default();
        for patch in token_patches(token, &cuts) {
            let Patch { range, bytes } = patch.shifted(leaf.start);
            outer.push((range, String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
    outer
}
