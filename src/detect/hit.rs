//! What a scan finds.

use super::AtomId;
use super::scanner::RAW;
use crate::domain::{Span, ViewPath};

/// One hit of one atom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Which leaf matcher.
    pub atom: AtomId,
    /// Where, in bytes of the window's text.
    pub span: Span,
    /// Which reading saw it.
    pub view: ViewPath,
    pub(super) source: Source,
}

impl Hit {
    /// What a model in process has found: the number of the classifier in the policy, and of the category in its model.
    pub const fn scored(atom: AtomId, span: Span, (classifier, label): (usize, usize)) -> Self {
        let view = ViewPath::of(RAW);
        Self { atom, span, view, source: Source::Score(classifier, label) }
    }

    /// The classifier and category of a hit that a model in process has found.
    pub const fn score(&self) -> Option<(usize, usize)> {
        match self.source {
            Source::Score(classifier, label) => Some((classifier, label)),
            Source::Term(_) | Source::Pattern(_) => None,
        }
    }

    /// The same hit at another place.
    #[must_use]
    pub fn at(self, span: Span) -> Self {
        Self { span, ..self }
    }
}

/// What has found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// Of a list, the term.
    Term(usize),
    /// Of all regexes, the one.
    Pattern(usize),
    /// Of a classifier, a category.
    Score(usize, usize),
}
