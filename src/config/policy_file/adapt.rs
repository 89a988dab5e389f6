//! Thresholds that move with reviewed labels.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::units::{Period, Share};

/// The most rules of a policy whose thresholds move.
pub const MOST_ADAPTIVE: usize = 64;
/// The smallest step; what is smaller is lost in the decimals of a threshold.
pub const LEAST_STEP: f64 = 1e-6;
/// The greatest share of wrong labels that can be reckoned with, as a fraction.
pub const MOST_ERROR: f64 = 0.25;

/// Thresholds that move with reviewed labels. Off unless `enabled`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "adaptive thresholds")]
pub struct Adaptation {
    /// Whether labels are looked at.
    pub enabled: bool,
    /// `shadow` records and shows where thresholds would stand, and moves none; `on` moves them.
    pub mode: AdaptMode,
    /// Rules whose `at_least` moves: each asks one classifier, and nothing beside it.
    pub rules: Vec<String>,
    /// Share of benign text that a rule may flag; 0.5% where neither target is written.
    pub target_fpr: Option<Share>,
    /// Share of flagged text that is to be harmful, in place of `target_fpr`.
    pub target_precision: Option<Share>,
    /// The range that is never left: low, then high.
    pub bounds: Vec<f64>,
    /// The most a threshold moves at a time.
    pub step: f64,
    /// How often it may move.
    pub every: Period,
    /// New reviewed labels that a move needs.
    #[schemars(range(min = 1))]
    pub min_labels: u32,
    /// How old labels may be.
    pub window: Period,
    /// The most that one reviewer's labels weigh, of those on a side of the threshold.
    pub reviewer_share: Share,
    /// The share of labels that are wrong, either way.
    pub reviewer_error: Share,
}

/// Whether thresholds move in truth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AdaptMode {
    /// Where they would stand is recorded and shown; what is written stays in force.
    #[default]
    Shadow,
    /// They move.
    On,
}

impl Default for Adaptation {
    fn default() -> Self {
        Self {
            enabled: false,
            mode: AdaptMode::Shadow,
            rules: Vec::new(),
            target_fpr: None,
            target_precision: None,
            bounds: Vec::new(),
            step: 0.01,
            every: Period::from_days(1),
            min_labels: 200,
            window: Period::from_days(28),
            reviewer_share: Share::from_percent(50.0),
            reviewer_error: Share::from_percent(5.0),
        }
    }
}

// === impl AdaptMode ===

impl AdaptMode {
    /// The word of the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::On => "on",
        }
    }
}

// === impl Adaptation ===

impl Adaptation {
    /// The share of benign text that a rule may flag, where no precision is the target.
    pub fn usual_fpr() -> Share {
        Share::from_percent(0.5)
    }
}
