//! Strict JSON with places: what stands where in the bytes, so that strings can be replaced in them.
//!
//! It builds no values and copies no text. Numbers, key order, white space and escapes are never
//! normalised, because what is not changed must leave as it came.

mod doc;
mod parser;
mod patch;
mod problem;
mod text;

#[cfg(test)]
mod tests;

pub use doc::{Doc, Kind, NodeId};
pub use parser::{JsonLimits, MOST_DOCUMENTS, Strictness, documents, parse};
pub use patch::{Patch, apply, remove_children};
pub use problem::{JsonProblem, Malformed};
pub use text::{
    Piece, decode, escape_into, quote, splice_token, token_patches, token_text, unescaped,
};
