//! One hit of one rule.

use std::fmt;
use std::sync::Arc;

use super::{Action, Category, Mode, Span};

/// Which reading of the text saw a hit, outermost last: `leet`, `raw`, `base64 → fold`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewName(pub &'static str);

impl fmt::Display for ViewName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// One hit: which rule, where, and how it was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Index of the rule in its policy.
    pub rule: usize,
    /// The rule's id.
    pub rule_id: Arc<str>,
    /// What the rule is about, if it says so.
    pub category: Option<Category>,
    /// Where, in bytes of the raw text.
    pub span: Span,
    /// Which view saw it.
    pub view: ViewName,
    /// What matched, for people and placeholders: the detector's name (`email`), the term as the list
    /// has it, or the pattern.
    pub matched: Arc<str>,
    /// What the rule does; `None` for a rule that only scores.
    pub action: Option<Action>,
    /// What the rule adds to the total.
    pub score: f64,
    /// Whether the rule takes effect or is only watched.
    pub mode: Mode,
}
