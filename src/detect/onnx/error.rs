//! What can be wrong with the files of a transformer, and with one run of it.

use thiserror::Error;

use super::tokens::TOKENS;

/// The most characters of a message of the runtime or the tokenizer that are repeated.
const MESSAGE_SHOWN: usize = 200;

/// The file that is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The network.
    Model,
    /// The tokenizer.
    Tokenizer,
    /// The head.
    Head,
}

/// Why files make no classifier.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OnnxError {
    /// The runtime cannot read the network.
    #[error("this is no ONNX model that can be run: {0}")]
    Network(String),
    /// Reading it came to a mistake in the runtime.
    #[error("the model cannot be read: the runtime gave up on it")]
    Broken,
    /// There is no place for the tokens.
    #[error("the model has no input `input_ids`; its inputs: {0}")]
    NoInput(String),
    /// There is an input that nobody can fill.
    #[error(
        "the model wants the input `{0}`; `input_ids`, `attention_mask` and `token_type_ids` are known"
    )]
    UnknownInput(String),
    /// It was exported for texts of one length.
    #[error("the model takes {0} tokens and no other number: export it with dynamic axes")]
    FixedLength(usize),
    /// The output that is asked for is not there.
    #[error("the model has no output `{wanted}`; its outputs: {known}")]
    NoOutput {
        /// The one.
        wanted: String,
        /// Those that are there.
        known: String,
    },
    /// The output has another shape than such a model has.
    #[error("the model's output has the shape {found}, and {expected} belongs there")]
    Shape {
        /// The shape of a trial run.
        found: String,
        /// The shape that fits.
        expected: String,
    },
    /// A trial run came to nothing.
    #[error("a trial run of the model failed: {0}")]
    Trial(RunError),
    /// It takes no text of full length.
    #[error("the model does not take {TOKENS} tokens: {0}")]
    TooShort(RunError),
    /// The tokenizer cannot be read.
    #[error("this is no tokenizer file (`tokenizer.json`): {0}")]
    Tokenizer(String),
    /// The tokenizer has tokens that the network does not know.
    #[error(
        "the tokenizer has tokens that the model does not know, such as number {highest}: it belongs to another model"
    )]
    Vocabulary {
        /// Its highest token.
        highest: u32,
    },
    /// The head cannot be read.
    #[error("this is no head that can be used: {0}")]
    Head(String),
    /// The head was trained on something else.
    #[error("the head was trained on another {what} than this one (its SHA-256 is {expected})")]
    OtherEncoder {
        /// `model` or `tokenizer`.
        what: &'static str,
        /// The hash of the one that it was trained on.
        expected: String,
    },
    /// The head has another width than the embeddings.
    #[error("the head is for embeddings of {expected} numbers, and the model gives {found}")]
    Dimensions {
        /// What the head takes.
        expected: usize,
        /// What the model gives.
        found: usize,
    },
}

/// Why a text got no scores.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RunError {
    /// The runtime refused it.
    #[error("the runtime: {0}")]
    Runtime(String),
    /// The tokenizer refused it.
    #[error("the tokenizer: {0}")]
    Tokenizer(String),
    /// The output has a shape that was not there in the trial runs.
    #[error("the output has the shape {0}")]
    Shape(String),
    /// A number is none.
    #[error("the output holds a number that is not finite")]
    NotFinite,
    /// Without a squashing function a number is no probability.
    #[error("the output holds a number that is no probability")]
    NoProbability,
    /// The text has more tokens than are read of one window.
    #[error("the text has more pieces than the {0} that are read")]
    TooLong(usize),
}

// === impl OnnxError ===

impl OnnxError {
    /// The file that is to blame.
    pub const fn part(&self) -> Part {
        match self {
            Self::Network(_)
            | Self::Broken
            | Self::NoInput(_)
            | Self::UnknownInput(_)
            | Self::FixedLength(_)
            | Self::NoOutput { .. }
            | Self::Shape { .. }
            | Self::Trial(_)
            | Self::TooShort(_) => Part::Model,
            Self::Tokenizer(_) | Self::Vocabulary { .. } => Part::Tokenizer,
            Self::Head(_) | Self::OtherEncoder { .. } | Self::Dimensions { .. } => Part::Head,
        }
    }
}

/// The beginning of what a library says, on one line.
pub(super) fn shortened(message: &impl ToString) -> String {
    let message = message.to_string();
    let line: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.chars().take(MESSAGE_SHOWN).collect()
}

/// A shape as people write it.
pub(super) fn shown(shape: &[usize]) -> String {
    format!("{shape:?}")
}
