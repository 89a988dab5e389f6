//! A policy as written: every key of the contract, with its default, before anything is compiled.
//!
//! It checks nothing that needs more than one key; `checks` does, and what needs an engine is `policy`'s.

mod adapt;
mod classifier;
mod matcher;
mod rule;
mod scope;
mod settings;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shapes::{self, Named};
use super::test_file::{Budget, TestCase};
use crate::domain::{Level, Mode};

pub use adapt::{AdaptMode, Adaptation, LEAST_STEP, MOST_ADAPTIVE, MOST_ERROR};
pub use classifier::{
    Activation, AnswerShape, Calls, Classifier, ClassifierKind, ClassifierStream, GuardFormat,
    Model, ModelFile, RequestShape, RunIf, ScoreBand, SelfTest, TextWindow,
};
pub use matcher::{AtLeast, ClassifierCondition, ExceptEntry, Matcher, Pattern, ScorePreset};
pub use rule::{MessageRef, RuleAction, RuleFile, TextLog};
pub use scope::{OverrideFile, OverrideSet, RuleOverride, Suppression, When};
pub use settings::{
    AlsoView, BlockShape, BlockStyle, Boundary, History, LetterCase, LexiconFile, Message, NonText,
    OnBlock, OnError, OnOverflow, RecordSettings, Reveal, ReviewSample, ReviewSettings,
    StreamSettings, Threshold, Unscannable, Views, WhileOpen,
};

/// A policy file as written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a policy")]
pub struct PolicyFile {
    /// Format version; this release knows 1.
    #[schemars(schema_with = "shapes::version")]
    pub version: u32,
    /// Name used in routes, metrics and records.
    #[schemars(schema_with = "shapes::identifier")]
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: Option<String>,
    /// For people: who answers for this policy.
    #[serde(default)]
    pub owner: Option<String>,
    /// `shadow` decides and records, and never touches traffic.
    #[serde(default)]
    #[schemars(schema_with = "shapes::mode")]
    pub mode: Mode,
    /// Rules with a `level` above it are off.
    #[serde(default = "medium")]
    #[schemars(schema_with = "shapes::level")]
    pub sensitivity: Level,
    /// Paths of packs, merged in order; their rule ids become `NAME/ID`.
    #[serde(default)]
    pub include: Vec<String>,
    /// When this policy is stricter or milder; the first that applies counts.
    #[serde(default)]
    pub overrides: Vec<OverrideFile>,
    /// Which readings of the text the matchers see, beside the raw text.
    #[serde(default)]
    pub views: Views,
    /// Word lists by name.
    #[serde(default)]
    pub lexicons: Named<LexiconFile>,
    /// Classifiers by name. Not available in this version.
    #[serde(default)]
    pub classifiers: Named<Classifier>,
    /// What happens to text that could not be read or decided within its budgets.
    #[serde(default)]
    pub unscannable: Unscannable,
    /// What happens to parts that are not text.
    #[serde(default)]
    pub nontext: NonText,
    /// What happens when a classifier gives no answer.
    #[serde(default)]
    pub on_error: OnError,
    /// What is looked for, and what is done about it.
    #[serde(default)]
    pub rules: Vec<RuleFile>,
    /// Rules that are switched off, with a reason.
    #[serde(default)]
    pub suppress: Vec<Suppression>,
    /// Score totals and their actions; the first that applies counts.
    #[serde(default)]
    pub thresholds: Vec<Threshold>,
    /// How a block looks to the client.
    #[serde(default)]
    pub block_style: BlockStyle,
    /// Completions that arrive in pieces.
    #[serde(default)]
    pub stream: StreamSettings,
    /// What the client reads, by id: text, or text by language.
    #[serde(default)]
    pub messages: Named<Message>,
    /// What the client is told about rules and the policy.
    #[serde(default)]
    pub reveal: Reveal,
    /// What decision records keep.
    #[serde(default)]
    pub record: RecordSettings,
    /// Whether unchanged earlier turns are screened again.
    #[serde(default)]
    pub history: History,
    /// The review queue.
    #[serde(default)]
    pub review: ReviewSettings,
    /// Thresholds that move with reviewed labels.
    #[serde(default)]
    pub adapt: Adaptation,
    /// Tests of this policy; they may stand in a file of their own.
    #[serde(default)]
    pub tests: Vec<TestCase>,
    /// Whole corpora that the policy is measured against.
    #[serde(default)]
    pub budgets: Vec<Budget>,
}

/// The sensitivity of a policy that names none.
const fn medium() -> Level {
    Level::Medium
}
