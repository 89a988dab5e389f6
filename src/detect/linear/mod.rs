//! The built-in classifier: a linear model over hashed n-grams of the folded text, one score a category.
//!
//! It learns nothing (training is in `eval::train`) and decides nothing: it turns a text, or the beginning of one that
//! still grows, into calibrated probabilities. A text is cut into *blocks* at edges that depend on the text alone
//! ([`BlockReader`]); the sums of a block are whole numbers, so that pieces of any size give the same scores to the last
//! bit. A window is some blocks in a row; its score is `bias + scale · Σ weights / √grams`, and of all windows the
//! highest counts, beside the score of the whole text.

mod blocks;
mod file;
mod grams;
mod header;
mod model;
mod running;

#[cfg(test)]
mod tests;

pub use blocks::{BLOCK_CHARACTERS, BlockReader, BlockSink, Extent, LONGEST_BLOCK};
pub use file::{FILE_LIMIT_BYTES, ModelError, encode};
pub use grams::Census;
pub use header::{
    Calibrator, Card, Features, Group, Header, LANES, Label, PerGroup, Preset, SourceCard,
    Thresholds, WIDEST_WINDOW,
};
pub use model::Model;
pub(super) use running::group;
pub use running::{Context, Running, Score, Scores};
