//! What a classifier is asked, and what comes of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::{Author, Category, Phase, Span};

/// One text to be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// The text.
    pub text: &'a str,
    /// Whether it goes to the model or comes from it.
    pub phase: Phase,
    /// Who wrote it.
    pub author: Author,
    /// What the text answers, where that is known: guards judge a completion beside its prompt. It is
    /// not judged itself.
    pub prompt: Option<&'a str>,
}

/// What a classifier said about one text, in our categories.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    by: BTreeMap<Category, f64>,
    spans: Vec<ScoredSpan>,
}

/// A part of the text that a classifier pointed at.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredSpan {
    /// Our category.
    pub category: Category,
    /// The part, in bytes of the text.
    pub span: Span,
    /// From 0 to 1.
    pub score: f64,
}

/// What comes of a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The classifier answered.
    Scores {
        /// What it said.
        scores: Arc<Scores>,
        /// Whether every part of the answer was kept from before.
        cached: bool,
    },
    /// It gave no whole answer. That is never the same as "nothing found".
    Unavailable {
        /// Why.
        reason: Reason,
        /// What it said about the parts of the text that it did answer. It can make a verdict stricter, and
        /// never milder: the rest of the text was not judged.
        seen: Option<Arc<Scores>>,
    },
}

/// Why a classifier gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Not within the time.
    Timeout,
    /// No connection, a broken one, a status other than 200, a redirect.
    Error,
    /// It was not asked: the circuit is open, or too many texts wait.
    Rejected,
    /// It answered something that is no answer.
    Unreadable,
    /// It has not passed its self-test.
    SelfTest,
    /// The text has more windows than may be asked.
    TooLong,
}

// === impl Reason ===

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 6] = [
        Self::Timeout,
        Self::Error,
        Self::Rejected,
        Self::Unreadable,
        Self::SelfTest,
        Self::TooLong,
    ];

    /// The word of metrics and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Error => "error",
            Self::Rejected => "rejected",
            Self::Unreadable => "unreadable",
            Self::SelfTest => "self_test",
            Self::TooLong => "too_long",
        }
    }
}

// === impl Scores ===

impl Scores {
    /// The score of a category, from 0 to 1; 0 where the classifier has no label for it.
    pub fn of(&self, category: &str) -> f64 {
        self.by.get(&Category::new(category)).copied().unwrap_or_default()
    }

    /// Every category that the classifier has a label for, with its score.
    pub fn iter(&self) -> impl Iterator<Item = (&Category, f64)> {
        self.by.iter().map(|(category, score)| (category, *score))
    }

    /// The highest score of all.
    pub fn highest(&self) -> f64 {
        self.by.values().copied().fold(0.0, f64::max)
    }

    /// The parts that were pointed at, in the order of the answer.
    pub fn spans(&self) -> &[ScoredSpan] {
        &self.spans
    }

    /// A category has at least this score.
    pub(super) fn raise(&mut self, category: &Category, score: f64) {
        let known = self.by.entry(category.clone()).or_default();
        *known = known.max(score);
    }

    /// A part of the text was pointed at.
    pub fn point(&mut self, span: ScoredSpan) {
        self.raise(&span.category.clone(), span.score);
        self.spans.push(span);
    }

    /// Takes in what was said about a part of the text that begins at byte `at`. What two windows both show is
    /// kept once.
    pub(super) fn merge(&mut self, other: &Self, at: usize) {
        for (category, score) in other.iter() {
            self.raise(category, score);
        }
        for one in &other.spans {
            let shifted = ScoredSpan { span: one.span.shifted(at), ..one.clone() };
            if !self.spans.contains(&shifted) {
                self.spans.push(shifted);
            }
        }
    }
}

impl FromIterator<(Category, f64)> for Scores {
    fn from_iter<I: IntoIterator<Item = (Category, f64)>>(scores: I) -> Self {
        let mut found = Self::default();
        for (category, score) in scores {
            found.raise(&category, score);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_keep_the_highest_score_and_shift_what_they_point_at() {
        let hate = Category::new("hate");
        let mut whole = Scores::default();
        let mut first = Scores::default();
        first.raise(&hate, 0.2);
        let mut second = Scores::default();
        let span = ScoredSpan { category: hate.clone(), span: Span::new(1, 3), score: 0.7 };
        second.point(span.clone());
        whole.merge(&second, 10);
        whole.merge(&first, 0);
        whole.merge(&second, 10);
        assert!((whole.of("hate") - 0.7).abs() < 1e-12 && (whole.highest() - 0.7).abs() < 1e-12);
        assert_eq!(whole.spans(), [ScoredSpan { span: Span::new(11, 13), ..span }]);
        assert!(whole.of("sexual").abs() < 1e-12);
    }
}
