//! Classifiers, and thresholds that move. Both are read, and not available in this version.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::settings::OnError;
use crate::config::shapes::{self, Named};
use crate::config::units::{Period, Share};

/// A classifier. Not available in this version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a classifier")]
pub struct Classifier {
    /// `builtin`, or the contract of a remote one.
    pub kind: String,
    /// The model of a built-in classifier.
    #[serde(default)]
    pub model: Option<ModelFile>,
    /// Name of an endpoint in the server file.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Format of its answers.
    #[serde(default)]
    pub format: Option<String>,
    /// Its labels, and our categories for them.
    #[serde(default)]
    #[schemars(schema_with = "label_map")]
    pub labels: Named<String>,
    /// How long it may take.
    #[serde(default = "classifier_timeout")]
    pub timeout: Period,
    /// What happens when it gives no answer; as the policy where nothing is said.
    #[serde(default)]
    pub on_error: Option<OnError>,
    /// When it is asked at all.
    #[serde(default)]
    pub run_if: Option<RunIf>,
    /// Whether its answers are kept.
    #[serde(default = "yes")]
    pub cache: bool,
    /// Whether streams wait for it.
    #[serde(default)]
    pub stream: ClassifierStream,
}

/// The file of a built-in model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a model")]
pub struct ModelFile {
    /// Path of the model, from the configuration root.
    pub file: String,
    /// Hash that the file has to have.
    #[schemars(schema_with = "shapes::sha256")]
    pub sha256: String,
}

/// When a classifier is asked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a condition")]
pub struct RunIf {
    /// From this score total of the cheaper rules on.
    pub score_at_least: f64,
}

/// Whether streams wait for a classifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClassifierStream {
    /// The text is held until the answer is there.
    #[default]
    Hold,
    /// The text flows and is cut late.
    Overlap,
}

/// Thresholds that move. Not available in this version, except switched off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "adaptive thresholds")]
pub struct Adaptation {
    /// Whether they move at all.
    pub enabled: bool,
    /// Rules whose `at_least` moves.
    pub rules: Vec<String>,
    /// Share of reviewed benign text that a rule may flag.
    pub target_fpr: Share,
    /// The range that is never left: low, then high.
    pub bounds: Vec<f64>,
    /// The most a threshold moves at a time.
    pub step: f64,
    /// How often it may move.
    pub every: Period,
    /// New reviewed labels that a move needs.
    pub min_labels: u32,
}

impl Default for Adaptation {
    fn default() -> Self {
        Self {
            enabled: false,
            rules: Vec::new(),
            target_fpr: Share::from_percent(0.5),
            bounds: Vec::new(),
            step: 0.01,
            every: Period::from_secs(86_400),
            min_labels: 200,
        }
    }
}

const fn classifier_timeout() -> Period {
    Period::from_millis(400)
}

const fn yes() -> bool {
    true
}

/// Labels are the classifier's words: any text.
fn label_map(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "object", "additionalProperties": { "type": "string" } })
}
