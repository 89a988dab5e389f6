//! One rule.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::matcher::{ExceptEntry, Matcher};
use crate::config::shapes::{self, OneOrMany};
use crate::config::units::{Day, Size};
use crate::domain::{Action, Author, Level, Mode, Phase, Severity};

/// A rule as written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "a rule")]
pub struct RuleFile {
    /// The rule's name in metrics, records, tests and `suppress`.
    #[schemars(schema_with = "shapes::rule_id")]
    pub id: String,
    /// What the rule is about; OpenAI's moderation categories where they fit.
    #[serde(default)]
    pub category: Option<String>,
    /// How bad a hit is, for people: blur and order of the queue.
    #[serde(default)]
    #[schemars(schema_with = "shapes::severity")]
    pub severity: Option<Severity>,
    /// Which way the text travels; both where nothing is said, and prompts for `pseudonymise`.
    #[serde(default = "both_phases")]
    #[schemars(schema_with = "shapes::phases")]
    pub on: OneOrMany<Phase>,
    /// Who wrote the text; everybody where nothing is said.
    #[serde(default)]
    #[schemars(schema_with = "shapes::authors")]
    pub authors: Option<OneOrMany<Author>>,
    /// What the rule does.
    #[serde(default)]
    pub action: Option<RuleAction>,
    /// What the rule adds to the total instead.
    #[serde(default)]
    pub score: Option<f64>,
    /// From which sensitivity on the rule is active.
    #[serde(default)]
    #[schemars(schema_with = "shapes::level")]
    pub level: Level,
    /// A rule may be in shadow alone; as the policy where nothing is said.
    #[serde(default)]
    #[schemars(schema_with = "shapes::mode")]
    pub mode: Option<Mode>,
    /// What the client reads: text, or the id of a message.
    #[serde(default)]
    pub message: Option<MessageRef>,
    /// Terms that excuse a match inside them.
    #[serde(default)]
    pub except: OneOrMany<ExceptEntry>,
    /// The most a stream may hold for this rule.
    #[serde(default)]
    pub max_match: Option<Size>,
    /// What the store may keep of this rule's matches.
    #[serde(default)]
    pub log: Option<TextLog>,
    /// The last day of a trial; afterwards the rule enforces.
    #[serde(default)]
    pub shadow_until: Option<Day>,
    /// Former ids, so that history stays joined.
    #[serde(default)]
    pub was: OneOrMany<String>,
    /// Id of a pack's rule whose place this rule takes.
    #[serde(default, rename = "override")]
    pub overrides: Option<String>,
    /// What the rule looks for.
    #[serde(flatten)]
    pub matcher: Matcher,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RuleAction {
    /// Passes the text on and names the rule in a header.
    Tag,
    /// Replaces the spans that matched by a placeholder.
    Redact,
    /// Redacts, and puts the original back into the answer.
    Pseudonymise,
    /// Passes the text on and puts it before a person.
    Review,
    /// Answers in the model's place.
    Respond,
    /// Refuses the text.
    Block,
}

/// What the client reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum MessageRef {
    /// This text.
    Text(String),
    /// A message of the policy.
    Id {
        /// Its id.
        id: String,
    },
}

/// What may be stored of a rule's matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextLog {
    /// As the store is set.
    Text,
    /// Never the text.
    HashOnly,
}

// === impl RuleAction ===

impl RuleAction {
    /// The action by which the rule counts and compares.
    pub const fn action(self) -> Action {
        match self {
            Self::Tag => Action::Tag,
            Self::Redact | Self::Pseudonymise => Action::Redact,
            Self::Review => Action::Review,
            Self::Respond => Action::Respond,
            Self::Block => Action::Block,
        }
    }
}

fn both_phases() -> OneOrMany<Phase> {
    OneOrMany(Phase::ALL.to_vec())
}
