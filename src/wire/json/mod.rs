//! Strict JSON with places: what stands where in the bytes, so that strings can be replaced in them.
//!
//! It builds no values and copies no text. Numbers, key order, white space and escapes are never
//! normalised, because what is not changed must leave as it came.

mod doc;
mod patch;
mod text;

pub use doc::{Doc, JsonLimits, JsonProblem, Kind, NodeId, Strictness, parse};
pub use patch::{Patch, apply};
pub use text::{Piece, decode, escape_into, quote, splice_token, token_text};
