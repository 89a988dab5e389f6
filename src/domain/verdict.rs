//! What was decided about a text.

use std::sync::Arc;

use super::{Action, Category, Finding, Mode, Span};

/// How a decision came about, beside the action: a text that could not be read is not a clean text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The whole text was screened.
    #[default]
    Screened,
    /// The text could not be screened within its budgets.
    Unscannable,
    /// A classifier that the decision needs gave no answer.
    Unavailable,
}

/// One rule that fired, with what it contributed.
#[derive(Clone, Debug, PartialEq)]
pub struct FiredRule {
    /// Index of the rule in its policy.
    pub rule: usize,
    /// The rule's id.
    pub id: Arc<str>,
    /// What it is about.
    pub category: Option<Category>,
    /// What it does; `None` for a rule that only scores.
    pub action: Option<Action>,
    /// What it added to the total.
    pub score: f64,
    /// Whether it took effect.
    pub mode: Mode,
}

/// What a classifier in process holds a text for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassifierScore {
    /// Index of the classifier in its policy.
    pub classifier: usize,
    /// Number of the category in its model.
    pub label: usize,
    /// The probability of that category, from 0 to 1: of a prompt as a whole, of an answer the highest so far.
    pub probability: f32,
}

/// One change of the text: the raw bytes of `span` give way to `replacement`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// What is replaced, in bytes of the raw text.
    pub span: Span,
    /// What takes its place.
    pub replacement: String,
    /// The detector or rule that the placeholder names, for the metrics.
    pub label: Arc<str>,
    /// Whether the original is put back into the answer (`pseudonymise`).
    pub restorable: bool,
}

/// What a classifier said about one text that had to be asked, over all parts of the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Classified {
    /// Its name in the policy.
    pub classifier: Arc<str>,
    /// Parts of the text that it was asked about.
    pub asked: u32,
    /// Parts that it was not asked about, by its `run_if`.
    pub spared: u32,
    /// Why it gave no answer about a part: the first reason.
    pub unavailable: Option<&'static str>,
    /// What happened then.
    pub fallback: Option<&'static str>,
    /// The highest score of all that rules ask for, with its category.
    pub highest: Option<(Category, f64)>,
    /// The highest score of each of its conditions in the policy, in their order; empty where it gave none.
    pub scores: Vec<f64>,
    /// Parts in which both it and the rules without it found something, rules alone, it alone, and neither.
    pub agreement: [u32; 4],
    /// The longest time that one answer took, in microseconds.
    pub took_us: u64,
    /// Whether every answer was kept from before.
    pub cached: bool,
}

/// What was decided about one text: the strictest action wins, and all that fired is kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// The strictest action of all enforced rules and thresholds; what takes effect.
    pub action: Action,
    /// The strictest action had every shadow rule been enforced.
    pub shadow_action: Action,
    /// Whether the text was screened at all.
    pub outcome: Outcome,
    /// The score total of the enforced rules.
    pub score: f64,
    /// Rules that fired, in the order of the policy.
    pub rules: Vec<FiredRule>,
    /// Every hit, in the order of the text.
    pub findings: Vec<Finding>,
    /// What classifiers in process say, whether a rule fired or not; nothing where no rule asks one.
    pub scores: Vec<ClassifierScore>,
    /// Changes to apply, ordered and not overlapping.
    pub rewrites: Vec<Rewrite>,
    /// What classifiers said that had to be asked.
    pub classified: Vec<Classified>,
    /// The rule that decided, as an index into the policy; `None` when a threshold or nothing did.
    pub decided_by: Option<usize>,
    /// First byte that must not be sent when the action stops the text.
    pub stop_at: Option<usize>,
}

// === impl Verdict ===

impl Verdict {
    /// Whether nothing at all was found in the text; a classifier may hold it for something, but no rule thought that
    /// enough.
    pub fn is_clean(&self) -> bool {
        self.outcome == Outcome::Screened
            && (self.action, self.shadow_action) == (Action::Allow, Action::Allow)
            && self.score == 0.0
            && self.rules.is_empty()
            && self.findings.is_empty()
            && self.rewrites.is_empty()
            && self.stop_at.is_none()
    }
}
