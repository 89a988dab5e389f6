//! Policy tests and budgets as written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shapes::{self, Named, OneOrMany};
use super::units::Share;
use crate::domain::{Action, Author, Phase};

/// A file of tests, `*.test.yaml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a test file")]
pub struct TestFile {
    /// Format version; this release knows 1.
    #[schemars(schema_with = "shapes::version")]
    pub version: u32,
    /// The policy under test: a path beside this file or from the configuration root.
    pub policy: String,
    /// What each test has unless it says otherwise.
    #[serde(default)]
    pub defaults: TestDefaults,
    /// The tests.
    #[serde(default)]
    pub tests: Vec<TestCase>,
    /// Whole corpora that the policy is measured against.
    #[serde(default)]
    pub budgets: Vec<Budget>,
}

/// What each test has unless it says otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "test defaults")]
pub struct TestDefaults {
    /// Phase.
    #[schemars(schema_with = "shapes::phase")]
    pub on: Phase,
    /// Author; of a completion always the assistant.
    #[schemars(schema_with = "shapes::author")]
    pub author: Author,
    /// What stands in for the world outside.
    pub with: TestWorld,
}

/// One test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a test")]
pub struct TestCase {
    /// What the test shows.
    pub name: String,
    /// One text.
    #[serde(default)]
    pub text: Option<String>,
    /// Several texts, each a test of its own.
    #[serde(default)]
    pub each: Option<Vec<String>>,
    /// A conversation.
    #[serde(default)]
    pub messages: Option<Vec<TestMessage>>,
    /// A completion in pieces.
    #[serde(default)]
    pub chunks: Option<Vec<String>>,
    /// Phase.
    #[serde(default)]
    #[schemars(schema_with = "shapes::phase")]
    pub on: Option<Phase>,
    /// Author.
    #[serde(default)]
    #[schemars(schema_with = "shapes::author")]
    pub author: Option<Author>,
    /// What stands in for the world outside.
    #[serde(default)]
    pub with: Option<TestWorld>,
    /// What the model answers, in these pieces.
    #[serde(default)]
    pub answer: Option<OneOrMany<String>>,
    /// What must come out.
    pub expect: Expectation,
    /// A known gap: may fail, and a pass is reported.
    #[serde(default)]
    pub todo: bool,
}

/// One turn of a conversation: who, and what. `author` and `text` may be called `role` and `content`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a message of a test")]
pub struct TestMessage {
    /// Who wrote it.
    #[serde(default)]
    #[schemars(schema_with = "shapes::author")]
    pub author: Option<Author>,
    /// Who wrote it, in the words of the model APIs.
    #[serde(default)]
    #[schemars(schema_with = "shapes::author")]
    pub role: Option<Author>,
    /// What they wrote.
    #[serde(default)]
    pub text: Option<String>,
    /// What they wrote, in the words of the model APIs.
    #[serde(default)]
    pub content: Option<String>,
}

/// What stands in for the world outside.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "a test world")]
pub struct TestWorld {
    /// What classifiers answer.
    pub classifiers: Named<ClassifierAnswer>,
    /// The request that the text comes with, for `overrides` and conditions of `suppress`.
    pub request: Option<TestRequest>,
}

/// The request that a text comes with. What is not said is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "the request of a test")]
pub struct TestRequest {
    /// Headers by name.
    pub header: Option<Named<String>>,
    /// The path.
    pub path: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The language, as a tag.
    pub language: Option<String>,
    /// Id of the route.
    pub route: Option<String>,
}

/// What a classifier answers in a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ClassifierAnswer {
    /// This score.
    Score(f64),
    /// One of these words.
    Word(ClassifierWord),
    /// These labels.
    Labels(Vec<String>),
}

/// An answer that has a word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClassifierWord {
    /// Nothing found.
    Safe,
    /// No answer in time.
    Timeout,
    /// An answer that is an error.
    Error,
}

/// What must come out; only what is named is compared. In a policy that is in force, rules on trial (`mode: shadow`,
/// `shadow_until`) count in `rules`, `score` and `spans` only where `rules` names them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "an expectation")]
pub struct Expectation {
    /// The action.
    #[schemars(schema_with = "shapes::any_action")]
    pub action: Option<Action>,
    /// Exactly these rules; one on trial only where it is named here, and then it has to fire.
    pub rules: Option<Vec<String>>,
    /// The score total.
    pub score: Option<f64>,
    /// The text that goes on.
    pub output: Option<String>,
    /// The answer that the client sees, with the originals put back.
    pub restored: Option<String>,
    /// What of a stream had gone out before the cut.
    pub released: Option<String>,
    /// Exactly these classifiers gave no answer.
    pub unavailable: Option<Vec<String>>,
    /// The pieces of the text that matched, in its order.
    pub spans: Option<Vec<String>>,
}

/// A corpus and what the policy must reach on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a budget")]
pub struct Budget {
    /// What the budget shows.
    pub name: String,
    /// A path of JSON Lines from the configuration root, or `builtin:everyday`.
    pub corpus: String,
    /// What must be reached.
    pub expect: BudgetBars,
}

/// The bars of a budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "the bars of a budget")]
pub struct BudgetBars {
    /// At most this share of the lines is flagged.
    pub flagged_at_most: Option<Share>,
    /// At least this share of the lines labelled unsafe is flagged.
    pub recall_at_least: Option<Share>,
    /// At least this share of the flagged lines is labelled unsafe.
    pub precision_at_least: Option<Share>,
}

impl Default for TestDefaults {
    fn default() -> Self {
        Self { on: Phase::Prompt, author: Author::User, with: TestWorld::default() }
    }
}

// === impl TestCase ===

impl TestCase {
    /// The keys of the inputs that were written; a good test has exactly one.
    pub fn inputs(&self) -> Vec<&'static str> {
        let written = [
            ("text", self.text.is_some()),
            ("each", self.each.is_some()),
            ("messages", self.messages.is_some()),
            ("chunks", self.chunks.is_some()),
        ];
        written.into_iter().filter_map(|(key, given)| given.then_some(key)).collect()
    }
}

// === impl TestMessage ===

impl TestMessage {
    /// Who wrote it; the user where nothing is said.
    pub fn who(&self) -> Author {
        self.author.or(self.role).unwrap_or(Author::User)
    }

    /// What they wrote.
    pub fn what(&self) -> &str {
        self.text.as_deref().or(self.content.as_deref()).unwrap_or_default()
    }
}
