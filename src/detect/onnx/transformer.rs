//! A network with its tokenizer, tried out before it is used.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sha2::{Digest as _, Sha256};

use super::error::{OnnxError, RunError, shown};
use super::head::hex;
use super::network::{Network, Output, Threads};
use super::tokens::{Piece, TOKENS, Tokens};

/// What the first trial run reads.
const TRIAL: &str = "a trial 试";
/// Keeps the length of an embedding of zeros from dividing by nothing.
const LEAST_LENGTH: f32 = 1e-12;

/// A network with its tokenizer. It has run on a short text, on the tokenizer's highest token, and on a piece of full
/// length.
#[derive(Debug)]
pub struct Transformer {
    network: Network,
    tokens: Tokens,
    /// SHA-256 of the network and of the tokenizer.
    hashes: [String; 2],
    /// Numbers of one embedding, or classes.
    width: usize,
    /// Whether the output has a row for each token.
    by_token: bool,
}

impl Transformer {
    /// Reads a network and its tokenizer, and tries them out. `output` is the name of the output that counts; the first
    /// one where nothing is said.
    ///
    /// # Errors
    /// What is wrong with one of the files, or with both together.
    pub fn parse(
        model: &[u8],
        tokenizer: &[u8],
        output: Option<&str>,
        threads: &Threads,
    ) -> Result<Self, OnnxError> {
        guarded(|| Self::tried(model, tokenizer, output, threads))
    }

    fn tried(
        model: &[u8],
        tokenizer: &[u8],
        output: Option<&str>,
        threads: &Threads,
    ) -> Result<Self, OnnxError> {
        let tokens = Tokens::parse(tokenizer)?;
        let network = Network::parse(model, output)?;
        let hashes = [model, tokenizer].map(|bytes| hex(&Sha256::digest(bytes)));
        let mut this = Self { network, tokens, hashes, width: 0, by_token: false };
        let pieces = this.tokens.pieces(TRIAL).map_err(OnnxError::Trial)?;
        let Some(piece) = pieces.first() else { return Err(OnnxError::Trial(empty())) };
        let Output { shape, .. } = this.network.run(piece, threads).map_err(OnnxError::Trial)?;
        (this.width, this.by_token) = match *shape.as_slice() {
            [1, width] if width > 0 => (width, false),
            [1, tokens, width] if width > 0 && tokens == piece.ids.len() => (width, true),
            _ => {
                let expected = "[1, classes], [1, tokens, numbers] or [1, numbers]".to_owned();
                return Err(OnnxError::Shape { found: shown(&shape), expected });
            }
        };
        let highest = this.tokens.highest();
        let is_known = this.network.run(&Piece::of_one(highest, 2), threads).is_ok();
        if !is_known {
            return Err(OnnxError::Vocabulary { highest });
        }
        this.network.run(&Piece::of_one(highest, TOKENS), threads).map_err(OnnxError::TooShort)?;
        Ok(this)
    }

    /// Numbers of one embedding, or classes.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Whether the output has a row for each token, as encoders have.
    pub const fn is_by_token(&self) -> bool {
        self.by_token
    }

    /// SHA-256 of the network, and of the tokenizer, in hexadecimal digits.
    pub const fn hashes(&self) -> &[String; 2] {
        &self.hashes
    }

    /// The embeddings of the pieces of a text, each of length 1: the mean over its tokens, as sentence encoders are
    /// trained with.
    ///
    /// # Errors
    /// Where the runtime or the tokenizer refuses the text, or the output holds no numbers.
    pub fn embed(&self, text: &str, threads: &Threads) -> Result<Vec<Vec<f32>>, RunError> {
        let embed = |piece: &Piece| self.network.run(piece, threads)?.pooled(piece).map(unit);
        self.tokens.pieces(text)?.iter().map(embed).collect()
    }

    /// The embedding of the first piece alone.
    ///
    /// # Errors
    /// As [`Self::embed`].
    pub fn embed_beginning(&self, text: &str, threads: &Threads) -> Result<Vec<f32>, RunError> {
        let pieces = self.tokens.pieces(text)?;
        let piece = pieces.first().ok_or_else(empty)?;
        self.network.run(piece, threads)?.pooled(piece).map(unit)
    }

    /// The outputs of the pieces of a text, each a row of so many classes.
    pub(super) fn rows(&self, text: &str, threads: &Threads) -> Result<Vec<Vec<f32>>, RunError> {
        let row = |piece: &Piece| {
            let output = self.network.run(piece, threads)?;
            match *output.shape.as_slice() {
                [1, width] if width == self.width => Ok(output.numbers),
                _ => Err(RunError::Shape(shown(&output.shape))),
            }
        };
        self.tokens.pieces(text)?.iter().map(row).collect()
    }
}

/// A panic is a mistake of the runtime about a file, and no reason for the gate to end.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, OnnxError>) -> Result<T, OnnxError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(OnnxError::Broken))
}

fn empty() -> RunError {
    RunError::Tokenizer("it made no tokens".to_owned())
}

/// The same direction, of length 1.
fn unit(mut numbers: Vec<f32>) -> Vec<f32> {
    let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
    let length = length.max(LEAST_LENGTH);
    for number in &mut numbers {
        *number /= length;
    }
    numbers
}
