//! What a finding is about.

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
