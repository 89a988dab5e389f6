//! A classifier's labels, our categories for them, and the scores of one text gathered by them.

use std::collections::{BTreeMap, BTreeSet};

use super::unreadable::Unreadable;
use crate::classify::verdict::{ScoredSpan, Scores};
use crate::config::Named;
use crate::domain::{Category, Span};

/// The category of a label that says that nothing is wrong.
pub(in crate::classify) const NO_CATEGORY: &str = "none";
/// The label of a guard that found something and did not say what.
pub(super) const UNSAFE: &str = "unsafe";

/// Labels with our categories; `None` for one that says that nothing is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::classify) struct Labels(BTreeMap<String, Option<Category>>);

impl Labels {
    /// As a file has them; where it has none, those of the contract.
    pub(in crate::classify) fn new(written: &Named<String>, usual: &[(&str, &str)]) -> Self {
        if written.is_empty() {
            return Self::from_pairs(usual.iter().copied());
        }
        Self::from_pairs(written.iter().map(|(label, category)| (label, category.as_str())))
    }

    fn from_pairs<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> Self {
        let entry = |(label, category): (&str, &str)| {
            let category = (category != NO_CATEGORY).then(|| Category::new(category));
            (label.to_owned(), category)
        };
        Self(pairs.map(entry).collect())
    }

    /// The labels.
    pub(in crate::classify) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Our categories, each once.
    pub(in crate::classify) fn categories(&self) -> BTreeSet<&Category> {
        self.0.values().flatten().collect()
    }

    /// Whether there is such a label.
    pub(in crate::classify) fn has(&self, label: &str) -> bool {
        self.0.contains_key(label)
    }
}

/// The scores of one text, label by label.
#[derive(Debug)]
pub(super) struct Tally<'l> {
    labels: &'l Labels,
    scores: Scores,
    seen: BTreeSet<String>,
    unknown: Vec<String>,
}

impl<'l> Tally<'l> {
    /// Nothing is found yet, of any category that the classifier knows.
    pub(super) fn new(labels: &'l Labels) -> Self {
        let mut scores = Scores::default();
        for category in labels.categories() {
            scores.raise(category, 0.0);
        }
        Self { labels, scores, seen: BTreeSet::new(), unknown: Vec::new() }
    }

    /// A label has a score.
    pub(super) fn note(&mut self, label: &str, score: f64) -> Result<(), Unreadable> {
        check(score)?;
        self.seen.insert(label.to_owned());
        match self.labels.0.get(label) {
            Some(Some(category)) => self.scores.raise(category, score),
            Some(None) => {}
            None => self.unknown.push(label.to_owned()),
        }
        Ok(())
    }

    /// The same, about a part of the text.
    pub(super) fn note_span(
        &mut self,
        label: &str,
        score: f64,
        span: Span,
    ) -> Result<(), Unreadable> {
        self.note(label, score)?;
        if let Some(Some(category)) = self.labels.0.get(label) {
            self.scores.point(ScoredSpan { category: category.clone(), span, score });
        }
        Ok(())
    }

    /// Whether this label was noted already.
    pub(super) fn has_seen(&self, label: &str) -> bool {
        self.seen.contains(label)
    }

    /// Every label of the map has to have been noted, except `optional` ones.
    pub(super) fn require_all(&self, optional: &[&str]) -> Result<(), Unreadable> {
        let missing: Vec<&str> = self
            .labels
            .names()
            .filter(|label| !self.seen.contains(*label) && !optional.contains(label))
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(Unreadable::missing_labels(missing)) }
    }

    /// The scores, if every label was known.
    pub(super) fn finish(self) -> Result<Scores, Unreadable> {
        if self.unknown.is_empty() {
            return Ok(self.scores);
        }
        Err(Unreadable::unknown(self.unknown.iter().map(String::as_str)))
    }
}

/// Whether a number is a score.
pub(super) fn check(score: f64) -> Result<(), Unreadable> {
    if (0.0..=1.0).contains(&score) { Ok(()) } else { Err(Unreadable::Score(score.to_string())) }
}
