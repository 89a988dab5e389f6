//! Texts to tokens: pieces of a length that a transformer takes, which overlap, so that nothing is cut off unseen.

use std::fmt;

use tokenizers::{Encoding, Tokenizer, TruncationParams};

use super::error::{OnnxError, RunError, shortened};

/// The most tokens of a piece, those included that the tokenizer adds. Attention costs the square of it, and what small
/// models were trained with is seldom longer.
pub const TOKENS: usize = 256;
/// Tokens that two pieces of a text share.
const OVERLAP: usize = 32;
/// The most pieces of a text.
const MOST_PIECES: usize = 64;

/// A tokenizer.
pub(super) struct Tokens {
    tokenizer: Tokenizer,
    highest: u32,
}

/// A text, or a part of it, in tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) ids: Vec<i32>,
    /// 1 for a token that is read.
    pub(super) mask: Vec<i32>,
    pub(super) types: Vec<i32>,
}

// === impl Tokens ===

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("highest", &self.highest).finish_non_exhaustive()
    }
}

impl Tokens {
    /// Reads a `tokenizer.json`. Its own settings for padding and truncation are left out: they belong to batches.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, OnnxError> {
        let failed = |error: tokenizers::Error| OnnxError::Tokenizer(shortened(&error));
        let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(failed)?;
        let highest = tokenizer.get_vocab(true).into_values().max();
        let highest = highest.ok_or_else(|| OnnxError::Tokenizer("it has no tokens".to_owned()))?;
        tokenizer.with_padding(None);
        let cut =
            TruncationParams { max_length: TOKENS, stride: OVERLAP, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(cut)).map_err(failed)?;
        Ok(Self { tokenizer, highest })
    }

    /// The highest token.
    pub(super) const fn highest(&self) -> u32 {
        self.highest
    }

    /// The pieces of a text, at least one.
    pub(super) fn pieces(&self, text: &str) -> Result<Vec<Piece>, RunError> {
        let encoded = self.tokenizer.encode(text, true);
        let mut first = encoded.map_err(|error| RunError::Tokenizer(shortened(&error)))?;
        let others = first.take_overflowing();
        if others.len() >= MOST_PIECES {
            return Err(RunError::TooLong(MOST_PIECES));
        }
        Ok(std::iter::once(&first).chain(&others).map(Piece::of).collect())
    }
}

// === impl Piece ===

impl Piece {
    /// So many tokens, all the same.
    pub(super) fn of_one(token: u32, count: usize) -> Self {
        Self { ids: vec![number(token); count], mask: vec![1; count], types: vec![0; count] }
    }

    fn of(encoded: &Encoding) -> Self {
        let numbers = |values: &[u32]| values.iter().map(|&value| number(value)).collect();
        Self {
            ids: numbers(encoded.get_ids()),
            mask: numbers(encoded.get_attention_mask()),
            types: numbers(encoded.get_type_ids()),
        }
    }
}

/// The runtime counts in 32 bits with sign; no vocabulary comes near.
fn number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
