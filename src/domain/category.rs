//! What a finding is about.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The category names of OpenAI's moderation API (`omni-moderation-latest`), which policies should
/// use where they fit: the answer of `/v1/moderations` has these and no others.
/// Source: <https://platform.openai.com/docs/api-reference/moderations/object>.
pub const OPENAI_CATEGORIES: [&str; 13] = [
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
];

/// What a rule looks for, such as `harassment` or `spam`. Free text in a policy, bounded by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Category(Arc<str>);

impl Category {
    /// A category with this name.
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    /// The name as the policy wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What was found in some texts: for each category whether it applies, and a score from 0 to 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Categories(BTreeMap<String, (bool, f64)>);

impl Categories {
    /// A category applies, or scores without applying; the higher score counts.
    pub fn note(&mut self, category: &str, applies: bool, score: f64) {
        let known = self.0.entry(category.to_owned()).or_default();
        known.0 |= applies;
        known.1 = known.1.max(score.clamp(0.0, 1.0));
    }

    /// Takes in what was found in other texts.
    pub fn merge(&mut self, other: &Self) {
        for (category, &(applies, score)) in &other.0 {
            self.note(category, applies, score);
        }
    }

    /// Whether one applies.
    pub fn apply(&self) -> bool {
        self.0.values().any(|(applies, _)| *applies)
    }

    /// The categories that were noted, in the order of their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether a category applies, and its score; neither where it was not noted.
    pub fn of(&self, category: &str) -> (bool, f64) {
        self.0.get(category).copied().unwrap_or_default()
    }
}
