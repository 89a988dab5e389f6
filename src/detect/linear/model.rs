//! A model that is ready to score.

use std::fmt;
use std::sync::{Arc, LazyLock};

use super::file::{ModelError, ZERO_ROW, decode, hex};
use super::header::{Card, Group, Label, Preset};
use super::running::{Context, Running, Scores};

/// The bytes of the checksum that name a model.
const REVISION_BYTES: usize = 6;

/// A linear model. Copies share its weights.
#[derive(Clone)]
pub struct Model(Arc<Inner>);

struct Inner {
    labels: Vec<Label>,
    card: Card,
    bits: u32,
    /// The weights of each bucket: a byte a lane, biased so that none is below 0.
    table: Box<[u64]>,
    revision: String,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<&str> = self.labels().iter().map(|label| label.name.as_str()).collect();
        f.debug_struct("Model")
            .field("revision", &self.0.revision)
            .field("labels", &labels)
            .finish()
    }
}

impl Model {
    /// Reads a model file.
    ///
    /// # Errors
    ///
    /// Says what is wrong with bytes that are no model, are damaged, or were made for other features.
    pub fn parse(bytes: &[u8]) -> Result<Self, ModelError> {
        let decoded = decode(bytes)?;
        let revision = decoded.checksum.iter().take(REVISION_BYTES);
        Ok(Self(Arc::new(Inner {
            bits: decoded.header.features.bits,
            labels: decoded.header.labels,
            card: decoded.header.card,
            table: decoded.table,
            revision: hex(revision),
        })))
    }

    /// The model that is shipped, read when first asked for.
    pub fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<Model> = LazyLock::new(|| {
            match Model::parse(include_bytes!("../../../config/models/default.tgm")) {
                Ok(model) => model,
                Err(error) => unreachable!("a test reads the same bytes: {error}"),
            }
        });
        &BUILTIN
    }

    /// The categories; scores come in the same order.
    pub fn labels(&self) -> &[Label] {
        &self.0.labels
    }

    /// Where it comes from.
    pub fn card(&self) -> &Card {
        &self.0.card
    }

    /// The beginning of the file's SHA-256, in hexadecimal digits: tells models apart.
    pub fn revision(&self) -> &str {
        &self.0.revision
    }

    /// There are `2^bits` buckets.
    pub fn bits(&self) -> u32 {
        self.0.bits
    }

    /// From which probability on the category with this number is found; none where there is no such category.
    pub fn threshold(&self, label: usize, preset: Preset, group: Group) -> Option<f32> {
        Some(self.labels().get(label)?.thresholds.get(group).at(preset))
    }

    /// Scores a whole text: what [`Running`] says of it at its end.
    pub fn score(&self, text: &str, context: &Context) -> Scores {
        let mut running = Running::new(self);
        running.push(text);
        running.finish();
        running.scores(context)
    }

    /// The weights of a bucket.
    pub(super) fn row(&self, bucket: u32) -> u64 {
        self.0.table.get(bucket as usize).copied().unwrap_or(ZERO_ROW)
    }
}
