//! Head files: what turns the embedding of a text into probabilities of categories.
//!
//! `TGONHEAD`, the format version and the length of the header (32 bits each, little endian), the header in JSON, the
//! weights (32-bit floats, little endian, category by category), and the SHA-256 of all that.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::OnnxError;
use crate::detect::linear::{Calibrator, Card, Group, PerGroup, Preset, Thresholds};

/// A file of more bytes is no head.
pub const HEAD_LIMIT_BYTES: usize = 4 << 20;
/// The most categories of a head.
const MOST_LABELS: usize = 64;
/// The most numbers of an embedding.
const MOST_DIMENSIONS: usize = 1 << 14;
const MAGIC: &[u8; 8] = b"TGONHEAD";
const VERSION: u32 = 1;
const CHECKSUM_BYTES: usize = 32;
/// The bytes of the checksum that name a head.
const REVISION_BYTES: usize = 6;

/// What a head says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadHeader {
    /// SHA-256 of the network that it was trained on, in hexadecimal digits.
    pub encoder: String,
    /// SHA-256 of the tokenizer that it was trained with.
    pub tokenizer: String,
    /// Numbers of an embedding.
    pub dimensions: usize,
    /// The categories, in the order of their weights.
    pub labels: Vec<HeadLabel>,
    /// Where it comes from.
    pub card: Card,
}

/// One category of a head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadLabel {
    /// Name of the category, as policies write it.
    pub name: String,
    /// The score of an embedding of zeros.
    pub bias: f32,
    /// From the score to a probability: `bias` and `window` count, for each language group.
    pub calibrators: PerGroup<Calibrator>,
    /// From which probability on it is found.
    pub thresholds: PerGroup<Thresholds>,
}

/// A linear head.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    header: HeadHeader,
    /// The weights, category by category.
    weights: Vec<f32>,
    revision: String,
}

// === impl Head ===

impl Head {
    /// Makes a head file.
    ///
    /// # Errors
    /// Where [`Head::parse`] would refuse it.
    pub fn encode(header: &HeadHeader, weights: &[f32]) -> Result<Vec<u8>, OnnxError> {
        let json = serde_json::to_vec(header).map_err(|error| bad(error.to_string()))?;
        let length = u32::try_from(json.len()).unwrap_or(u32::MAX);
        let mut bytes = MAGIC.to_vec();
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(length.to_le_bytes());
        bytes.extend(json);
        bytes.extend(weights.iter().flat_map(|weight| weight.to_le_bytes()));
        let checksum = Sha256::digest(&bytes);
        bytes.extend(checksum);
        Self::parse(&bytes)?;
        Ok(bytes)
    }

    /// Reads a head file.
    ///
    /// # Errors
    /// What is wrong with bytes that are no head, are damaged, or hold numbers that are none.
    pub fn parse(bytes: &[u8]) -> Result<Self, OnnxError> {
        if bytes.len() > HEAD_LIMIT_BYTES {
            return Err(bad(format!("it is larger than {} MiB", HEAD_LIMIT_BYTES >> 20)));
        }
        let Some(rest) = bytes.strip_prefix(MAGIC) else {
            return Err(bad("it does not begin with `TGONHEAD`".to_owned()));
        };
        let (version, rest) = number(rest)?;
        if version != VERSION {
            return Err(bad(format!(
                "it has format {version}, and this version reads format {VERSION}: train it again"
            )));
        }
        let (body, checksum) =
            bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or_else(|| bad(cut()))?;
        if Sha256::digest(body).as_slice() != checksum {
            return Err(
                bad("its checksum is wrong: the file is damaged; copy it again".to_owned()),
            );
        }
        let (length, rest) = number(rest)?;
        let (json, rest) = rest.split_at_checked(length as usize).ok_or_else(|| bad(cut()))?;
        let header: HeadHeader = serde_json::from_slice(json)
            .map_err(|error| bad(format!("its header cannot be read: {error}")))?;
        check(&header)?;
        let numbers = rest.len().checked_sub(CHECKSUM_BYTES).ok_or_else(|| bad(cut()))?;
        let (numbers, _) = rest.split_at_checked(numbers).ok_or_else(|| bad(cut()))?;
        if numbers.len() != 4 * header.dimensions * header.labels.len() {
            return Err(bad("it has more or fewer weights than its header says".to_owned()));
        }
        let (chunks, _) = numbers.as_chunks::<4>();
        let weights: Vec<f32> = chunks.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if !weights.iter().all(|weight| weight.is_finite()) {
            return Err(bad("a weight is not a finite number".to_owned()));
        }
        let revision = hex(checksum.get(..REVISION_BYTES).unwrap_or_default());
        Ok(Self { header, weights, revision })
    }

    /// What it says of itself.
    pub const fn header(&self) -> &HeadHeader {
        &self.header
    }

    /// The beginning of the file's SHA-256, in hexadecimal digits: tells heads apart.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// From which probability on the category with this number is found; none where there is no such category.
    pub fn threshold(&self, label: usize, preset: Preset, group: Group) -> Option<f32> {
        Some(self.header.labels.get(label)?.thresholds.get(group).at(preset))
    }

    /// The scores of an embedding, before calibration.
    pub fn raw(&self, embedding: &[f32]) -> Vec<f32> {
        let rows = self.weights.chunks_exact(self.header.dimensions.max(1));
        let score = |(label, row): (&HeadLabel, &[f32])| {
            let sum: f32 = row.iter().zip(embedding).map(|(weight, number)| weight * number).sum();
            label.bias + sum
        };
        self.header.labels.iter().zip(rows).map(score).collect()
    }

    /// The probabilities of an embedding of a text of this language group.
    pub fn probabilities(&self, embedding: &[f32], group: Group) -> Vec<f32> {
        let labels = self.header.labels.iter().zip(self.raw(embedding));
        labels
            .map(|(label, raw)| {
                let calibrator = label.calibrators.get(group);
                super::logistic(calibrator.bias + calibrator.window * raw)
            })
            .collect()
    }
}

fn check(header: &HeadHeader) -> Result<(), OnnxError> {
    let labels = &header.labels;
    if labels.is_empty() || labels.len() > MOST_LABELS {
        return Err(bad(format!("it has {} categories; 1 to {MOST_LABELS} fit", labels.len())));
    }
    if header.dimensions == 0 || header.dimensions > MOST_DIMENSIONS {
        let found = header.dimensions;
        return Err(bad(format!("it is for {found} numbers; 1 to {MOST_DIMENSIONS} fit")));
    }
    for (number, label) in labels.iter().enumerate() {
        let name = &label.name;
        if name.is_empty() || labels.iter().take(number).any(|other| other.name == *name) {
            return Err(bad("each category has a name of its own".to_owned()));
        }
        let mut numbers = vec![label.bias];
        for group in Group::ALL {
            let (calibrator, thresholds) =
                (label.calibrators.get(group), label.thresholds.get(group));
            numbers.extend([calibrator.bias, calibrator.window]);
            numbers.extend([thresholds.low, thresholds.balanced, thresholds.strict]);
        }
        if !numbers.iter().all(|number| number.is_finite()) {
            return Err(bad(format!("a number of `{}` is not finite", name.escape_debug())));
        }
    }
    Ok(())
}

fn number(bytes: &[u8]) -> Result<(u32, &[u8]), OnnxError> {
    let (number, rest) = bytes.split_first_chunk::<4>().ok_or_else(|| bad(cut()))?;
    Ok((u32::from_le_bytes(*number), rest))
}

fn cut() -> String {
    "it ends too early: copy it again".to_owned()
}

const fn bad(why: String) -> OnnxError {
    OnnxError::Head(why)
}

/// Bytes in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
