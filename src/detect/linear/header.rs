//! What a model says of itself: the JSON at the head of its file.

use serde::{Deserialize, Serialize};

/// The most categories of one model: a bucket holds one weight of 8 bits for each.
pub const LANES: usize = 8;

/// The most blocks of one window.
pub const WIDEST_WINDOW: usize = 8;

/// How much may be flagged of harmless texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Flags the least.
    Low,
    /// Between the two.
    #[default]
    Balanced,
    /// Flags the most.
    Strict,
}

impl Preset {
    /// All of them, the one that flags least first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Balanced, Self::Strict];

    /// The name in policies and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Balanced => "balanced",
            Self::Strict => "strict",
        }
    }
}

/// Languages that share thresholds, since their scores are alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// Texts mostly in Han characters, but for Japanese.
    Zh,
    /// All others.
    #[default]
    Other,
}

impl Group {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Zh, Self::Other];

    /// The name in model files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::Other => "other",
        }
    }
}

/// A value for each language group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerGroup<T> {
    /// Of Chinese.
    pub zh: T,
    /// Of all others.
    pub other: T,
}

impl<T> PerGroup<T> {
    /// The value of a group.
    pub const fn get(&self, group: Group) -> &T {
        match group {
            Group::Zh => &self.zh,
            Group::Other => &self.other,
        }
    }

    /// The value of a group, to change it.
    pub const fn get_mut(&mut self, group: Group) -> &mut T {
        match group {
            Group::Zh => &mut self.zh,
            Group::Other => &mut self.other,
        }
    }
}

/// Scores to a probability: the logistic function of `bias + window · w + whole · g + hits · ln(1 + h) + model · m`,
/// with the window's score `w`, the whole text's `g`, `h` hits of word lists of the category, and `m` 1 where a model
/// speaks, else 0 (Platt, 1999, with more than one input).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibrator {
    /// Log odds where all else is 0.
    pub bias: f32,
    /// Per unit of the highest score of a window.
    pub window: f32,
    /// Per unit of the score of the whole text.
    pub whole: f32,
    /// Per unit of ln(1 + hits).
    pub hits: f32,
    /// Where a model wrote the text.
    pub model: f32,
}

/// From which probability on a category is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// At the preset `low`; the highest.
    pub low: f32,
    /// At the preset `balanced`.
    pub balanced: f32,
    /// At the preset `strict`; the lowest.
    pub strict: f32,
}

impl Thresholds {
    /// That of a preset.
    pub const fn at(&self, preset: Preset) -> f32 {
        match preset {
            Preset::Low => self.low,
            Preset::Balanced => self.balanced,
            Preset::Strict => self.strict,
        }
    }
}

/// One category of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Name of the category, as policies write it.
    pub name: String,
    /// Blocks of a window.
    pub blocks: usize,
    /// Score of a text without features.
    pub bias: f32,
    /// What one step of the 8-bit weights stands for.
    pub scale: f32,
    /// From scores to a probability.
    pub calibrators: PerGroup<Calibrator>,
    /// From which probability on it is found.
    pub thresholds: PerGroup<Thresholds>,
}

/// The features that a model was trained with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// Version of their definition.
    pub version: u32,
    /// There are `2^bits` buckets.
    pub bits: u32,
    /// A text, and what its features must come to.
    pub probe: String,
    /// Digest of the buckets of the features of `probe`, in hexadecimal digits.
    pub digest: String,
}

/// One source of training texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceCard {
    /// Its name.
    pub name: String,
    /// Texts that were taken of it.
    pub rows: u64,
}

/// Where a model comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Its name.
    pub name: String,
    /// The seed of chance.
    pub seed: u64,
    /// SHA-256 of the recipe.
    pub recipe: String,
    /// What it was trained on.
    pub sources: Vec<SourceCard>,
}

/// All that a model file says before its weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The features.
    pub features: Features,
    /// The categories, in the order of their weights.
    pub labels: Vec<Label>,
    /// Buckets that have weights; all others count as zero.
    pub rows: usize,
    /// Where it comes from.
    pub card: Card,
}

impl Features {
    /// The features of this version, with `2^bits` buckets.
    pub fn with_bits(bits: u32) -> Self {
        super::file::features(bits)
    }
}
