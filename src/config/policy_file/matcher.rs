//! What a rule matches with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::document::join;
use crate::config::shapes::{Named, OneOrMany};
use crate::config::units::Window;

/// What finds the spans of a rule: one of the first seven keys, and `not` beside it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a matcher")]
pub struct Matcher {
    /// Built-in detectors; `tidegate list detectors` lists them.
    #[serde(default)]
    pub detect: Option<OneOrMany<String>>,
    /// Whole words and phrases, in every view.
    #[serde(default)]
    pub words: Option<OneOrMany<String>>,
    /// Regular expressions on the raw text, or `{ pattern, views: true }`; write them in single quotes.
    #[serde(default)]
    pub regex: Option<OneOrMany<Pattern>>,
    /// Names of word lists.
    #[serde(default)]
    pub lexicon: Option<OneOrMany<String>>,
    /// Classifiers and when they count as a match.
    #[serde(default)]
    pub classifier: Option<Named<ClassifierCondition>>,
    /// Matches where one of these does.
    #[serde(default)]
    pub any: Option<OneOrMany<Self>>,
    /// Matches where all of these do.
    #[serde(default)]
    pub all: Option<OneOrMany<Self>>,
    /// Matches only where none of these does.
    #[serde(default)]
    pub not: Option<OneOrMany<Self>>,
    /// The window that binds `all` and `not`: `12 words` or `80 chars`.
    #[serde(default)]
    pub within: Option<Window>,
}

/// A regular expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Pattern {
    /// On the raw text.
    Text(String),
    /// With a say on which views it reads.
    Detailed {
        /// The pattern.
        pattern: String,
        /// Whether it also reads every view that is on. There, upper and lower case are alike.
        #[serde(default)]
        views: bool,
    },
}

/// When the answer of a classifier counts as a match.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a classifier condition")]
pub struct ClassifierCondition {
    /// From this score on, from 0 to 1; or `low`, `balanced` or `strict`: as the model was calibrated for the language of the
    /// text. `balanced` where nothing is said.
    #[serde(default)]
    pub at_least: Option<AtLeast>,
    /// On one of these labels; on any where none is named.
    #[serde(default)]
    pub labels: Vec<String>,
}

/// From where on a score counts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AtLeast {
    /// This score.
    Score(f64),
    /// As the model has it.
    Preset(ScorePreset),
}

/// How many false alarms are put up with: the fewer, the more is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ScorePreset {
    /// Two benign texts in a thousand.
    Low,
    /// One in a hundred.
    Balanced,
    /// One in twenty.
    Strict,
}

/// What excuses a match that lies inside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ExceptEntry {
    /// A term.
    Term(String),
    /// All terms of word lists.
    Lexicon {
        /// Names of the word lists.
        lexicon: OneOrMany<String>,
    },
}

// === impl Matcher ===

impl Matcher {
    /// The keys that can be the one matcher of a rule, of those that were written.
    pub fn kinds(&self) -> Vec<&'static str> {
        let Self { detect, words, regex, lexicon, classifier, any, all, not: _, within: _ } = self;
        [
            ("detect", detect.is_some()),
            ("words", words.is_some()),
            ("regex", regex.is_some()),
            ("lexicon", lexicon.is_some()),
            ("classifier", classifier.is_some()),
            ("any", any.is_some()),
            ("all", all.is_some()),
        ]
        .into_iter()
        .filter_map(|(key, written)| written.then_some(key))
        .collect()
    }

    /// The matchers directly inside this one, with the path to each: `any[0]`, `not[1]`.
    pub fn parts(&self) -> impl Iterator<Item = (String, &Self)> {
        [("any", &self.any), ("all", &self.all), ("not", &self.not)].into_iter().flat_map(
            |(key, list)| {
                let items = list.iter().flat_map(|list| list.iter());
                items.enumerate().map(move |(at, part)| (format!("{key}[{at}]"), part))
            },
        )
    }

    /// This matcher and all inside it, each with its path below this one (the first is empty).
    pub fn walk(&self) -> Vec<(String, &Self)> {
        let mut all = vec![(String::new(), self)];
        for (path, part) in self.parts() {
            for (below, inner) in part.walk() {
                all.push((join(&path, &below), inner));
            }
        }
        all
    }
}

// === impl AtLeast ===

impl AtLeast {
    /// The score, where it is one.
    pub const fn score(self) -> Option<f64> {
        match self {
            Self::Score(score) => Some(score),
            Self::Preset(_) => None,
        }
    }
}

// === impl Pattern ===

impl Pattern {
    /// The pattern itself.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(pattern) | Self::Detailed { pattern, .. } => pattern,
        }
    }

    /// Whether it also reads the views.
    pub const fn reads_views(&self) -> bool {
        matches!(self, Self::Detailed { views: true, .. })
    }
}
