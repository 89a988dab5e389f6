//! Transformers in process: the bytes of a network, its tokenizer and perhaps a head in, probabilities of a text out.
//!
//! Two kinds: a *classifier* has an output of one number a class; an *encoder* has numbers for each token, of which the
//! mean is the embedding of a text, and a linear *head* makes probabilities of it. It decides nothing and knows no
//! policy; a text that has more tokens than a network takes is read in pieces, and the highest probability counts.

mod error;
mod head;
mod network;
mod tokens;
mod transformer;

#[cfg(test)]
mod tests;

pub use error::{OnnxError, Part, RunError};
pub use head::{HEAD_LIMIT_BYTES, Head, HeadHeader, HeadLabel};
pub use network::Threads;
pub use tokens::TOKENS;
pub use transformer::Transformer;

use super::linear::{Census, Group, Preset, group};

/// The files of a classifier.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// The network.
    pub model: &'a [u8],
    /// `tokenizer.json`.
    pub tokenizer: &'a [u8],
    /// The head of an encoder.
    pub head: Option<&'a [u8]>,
}

/// What the numbers of a classifier's output mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activation {
    /// Logits of classes of which one applies.
    #[default]
    Softmax,
    /// Logits of classes that apply or not, each by itself.
    Sigmoid,
    /// Probabilities.
    None,
}

/// How the output is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading<'a> {
    /// The name of the output that counts; the first one where nothing is said.
    pub output: Option<&'a str>,
    /// How many classes a classifier has.
    pub classes: usize,
    /// What its numbers mean.
    pub activation: Activation,
}

/// A transformer that gives probabilities.
#[derive(Debug)]
pub struct Onnx {
    transformer: Transformer,
    answer: Answer,
}

#[derive(Debug)]
enum Answer {
    Classes(Activation),
    Head(Box<Head>),
}

// === impl Onnx ===

impl Onnx {
    /// Reads the files and tries them out.
    ///
    /// # Errors
    /// What is wrong with one of them, or that they do not belong together.
    pub fn parse(
        files: Files<'_>,
        reading: Reading<'_>,
        threads: &Threads,
    ) -> Result<Self, OnnxError> {
        // A head is quickly read, and a mistake in it quickly told.
        let head = files.head.map(Head::parse).transpose()?;
        let transformer =
            Transformer::parse(files.model, files.tokenizer, reading.output, threads)?;
        let answer = match head {
            Some(head) => Answer::Head(Box::new(fitting(head, &transformer)?)),
            None if !transformer.is_by_token() && transformer.width() == reading.classes => {
                Answer::Classes(reading.activation)
            }
            None => {
                let tokens = if transformer.is_by_token() { "tokens, " } else { "" };
                let found = format!("[1, {tokens}{}]", transformer.width());
                let expected = format!("[1, {}]", reading.classes);
                return Err(OnnxError::Shape { found, expected });
            }
        };
        Ok(Self { transformer, answer })
    }

    /// The head, where it is an encoder.
    pub const fn head(&self) -> Option<&Head> {
        match &self.answer {
            Answer::Head(head) => Some(head),
            Answer::Classes(_) => None,
        }
    }

    /// The probability of each class, or each category of the head: the highest of all pieces of the text.
    ///
    /// # Errors
    /// Where the text cannot be read, or the output is none. Never a score in place of it.
    pub fn scores(&self, text: &str, threads: &Threads) -> Result<Vec<f32>, RunError> {
        let rows = match &self.answer {
            Answer::Classes(activation) => {
                let rows = self.transformer.rows(text, threads)?;
                rows.into_iter().map(|row| activation.apply(row)).collect::<Result<Vec<_>, _>>()?
            }
            Answer::Head(head) => {
                let group = group_of(text);
                let embeddings = self.transformer.embed(text, threads)?;
                embeddings.iter().map(|embedding| head.probabilities(embedding, group)).collect()
            }
        };
        let mut rows = rows.into_iter();
        let mut highest = rows.next().unwrap_or_default();
        for row in rows {
            for (high, probability) in highest.iter_mut().zip(row) {
                *high = high.max(probability);
            }
        }
        Ok(highest)
    }

    /// From which probability on the category with this number is found, in a text like this one; none without a head.
    pub fn threshold(&self, label: usize, preset: Preset, text: &str) -> Option<f32> {
        self.head()?.threshold(label, preset, group_of(text))
    }
}

// === impl Activation ===

impl Activation {
    fn apply(self, mut row: Vec<f32>) -> Result<Vec<f32>, RunError> {
        match self {
            Self::Softmax => {
                let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                for number in &mut row {
                    *number = (*number - highest).exp();
                }
                let sum: f32 = row.iter().sum();
                for number in &mut row {
                    *number /= sum;
                }
            }
            Self::Sigmoid => {
                for number in &mut row {
                    *number = logistic(*number);
                }
            }
            Self::None if row.iter().all(|number| (0.0..=1.0).contains(number)) => {}
            Self::None => return Err(RunError::NoProbability),
        }
        Ok(row)
    }
}

/// A head that was trained on this very network and tokenizer.
fn fitting(head: Head, transformer: &Transformer) -> Result<Head, OnnxError> {
    let header = head.header();
    if header.dimensions != transformer.width() {
        let (expected, found) = (header.dimensions, transformer.width());
        return Err(OnnxError::Dimensions { expected, found });
    }
    let [model, tokenizer] = transformer.hashes();
    for (what, has, expected) in
        [("model", model, &header.encoder), ("tokenizer", tokenizer, &header.tokenizer)]
    {
        if has != expected {
            return Err(OnnxError::OtherEncoder { what, expected: expected.clone() });
        }
    }
    Ok(head)
}

/// The logistic function.
pub(crate) fn logistic(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

/// The language group of a text, by its letters.
pub fn group_of(text: &str) -> Group {
    let mut census = Census::default();
    for c in text.chars().filter(|c| c.is_alphabetic()) {
        *match c {
            '\u{3040}'..='\u{30ff}' => &mut census.kana,
            '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{323af}' => {
                &mut census.han
            }
            _ => &mut census.letters,
        } += 1;
    }
    group(census)
}
