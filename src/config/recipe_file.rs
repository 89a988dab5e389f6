//! The recipe of a model as written: what to train on, and how.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shapes::{self, Named};
use super::units::Share;

/// A recipe, `recipe.yaml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a recipe")]
pub struct RecipeFile {
    /// Format version; this release knows 1.
    #[schemars(schema_with = "shapes::version")]
    pub version: u32,
    /// Name of the model.
    pub name: String,
    /// Seed of chance.
    #[serde(default = "one")]
    pub seed: u64,
    /// The categories, at most eight, by the names that policies use.
    pub categories: Named<RecipeCategory>,
    /// How weights are learnt.
    #[serde(default)]
    pub training: RecipeTraining,
    /// How texts are split.
    #[serde(default)]
    pub split: RecipeSplit,
    /// How much of harmless texts may be flagged, all categories together.
    #[serde(default)]
    pub alarms: RecipeAlarms,
    /// What is taken of each source of texts.
    #[serde(default)]
    pub sources: Named<RecipeSource>,
    /// What is taken of a source that is not named.
    #[serde(default)]
    pub others: RecipeSource,
}

/// One category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a category of a recipe")]
pub struct RecipeCategory {
    /// Its name in the labels of the data.
    pub field: String,
    /// Blocks of some 100 characters that make a window.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 8))]
    pub blocks: usize,
    /// Its part of the allowed false alarms, beside the parts of the others.
    #[serde(default = "one_part")]
    #[schemars(range(min = 0.01, max = 100.0))]
    pub part: f64,
    /// Log odds that hits of word lists add, for each unit of ln(1 + hits).
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 10.0))]
    pub hits: f64,
}

/// How weights are learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "the training of a recipe")]
pub struct RecipeTraining {
    /// There are 2 to this power buckets.
    #[schemars(range(min = 8, max = 22))]
    pub bits: u32,
    /// The most passes over the texts.
    #[schemars(range(min = 1, max = 100))]
    pub epochs: usize,
    /// Passes without a better cross-entropy before it stops.
    #[schemars(range(min = 1, max = 100))]
    pub patience: usize,
    /// First step of `AdaGrad`.
    #[schemars(range(min = 0.0001, max = 10.0))]
    pub rate: f64,
    /// What pulls weights to zero.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub ridge: f64,
    /// A bucket that fewer texts have gets no weight.
    #[schemars(range(min = 1, max = 1000))]
    pub rows_per_bucket: u32,
    /// The share of the weight of all rows that positives have at least.
    pub positives: Share,
    /// The most that this multiplies the weight of a positive by.
    #[schemars(range(min = 1.0, max = 1000.0))]
    pub most_balance: f64,
    /// The most bytes of the model file; the weakest buckets are dropped.
    #[schemars(range(min = 65_536, max = 67_108_864))]
    pub file_bytes: usize,
}

impl Default for RecipeTraining {
    fn default() -> Self {
        Self {
            bits: 20,
            epochs: 12,
            patience: 2,
            rate: 0.5,
            ridge: 0.0,
            rows_per_bucket: 2,
            positives: Share::from_percent(25.0),
            most_balance: 20.0,
            file_bytes: 6_000_000,
        }
    }
}

/// How texts are split: by a hash of their letters, so that copies stay together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "the split of a recipe")]
pub struct RecipeSplit {
    /// The share that is held back: half to stop, calibrate and set thresholds by, half to report on.
    pub holdout: Share,
    /// The same of harmless texts, of which thresholds need many.
    pub harmless: Share,
}

impl Default for RecipeSplit {
    fn default() -> Self {
        Self { holdout: Share::from_percent(20.0), harmless: Share::from_percent(40.0) }
    }
}

/// The share of harmless texts that each preset may flag, all categories together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "the alarms of a recipe")]
pub struct RecipeAlarms {
    /// At `low`.
    pub low: Share,
    /// At `balanced`.
    pub balanced: Share,
    /// At `strict`.
    pub strict: Share,
    /// The least probability of a threshold, by preset: what the model holds for unlikely is not found, however seldom
    /// harmless texts come to as much.
    pub least: RecipeLeast,
}

impl Default for RecipeAlarms {
    fn default() -> Self {
        let [low, balanced, strict] = [0.2, 1.0, 5.0].map(Share::from_percent);
        Self { low, balanced, strict, least: RecipeLeast::default() }
    }
}

/// The least probability of a threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "the least thresholds of a recipe")]
pub struct RecipeLeast {
    /// At `low`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub low: f64,
    /// At `balanced`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub balanced: f64,
    /// At `strict`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub strict: f64,
}

impl Default for RecipeLeast {
    fn default() -> Self {
        Self { low: 0.5, balanced: 0.25, strict: 0.1 }
    }
}

/// What is taken of a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "a source of a recipe")]
pub struct RecipeSource {
    /// The most rows; without it all.
    #[schemars(range(min = 0, max = 100_000_000))]
    pub cap: Option<usize>,
    /// What a row counts for.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub weight: f64,
    /// Whether its rows without any label set are everyday texts, by which thresholds are set.
    pub everyday: bool,
}

impl Default for RecipeSource {
    fn default() -> Self {
        Self { cap: None, weight: 1.0, everyday: true }
    }
}

const fn one() -> u64 {
    1
}

const fn two() -> usize {
    2
}

const fn one_part() -> f64 {
    1.0
}
