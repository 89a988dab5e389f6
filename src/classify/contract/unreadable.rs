//! Answers that are none.

use thiserror::Error;

/// The most names that a message lists.
const NAMES_SHOWN: usize = 8;
/// The most characters of a name that a message shows.
const NAME_SHOWN: usize = 40;

/// Why an answer cannot be read.
///
/// What it displays may repeat the answer, and with it the text that was judged: it is shown for the operator's own
/// samples alone. [`Unreadable::code`] is for everything else.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(in crate::classify) enum Unreadable {
    /// There is nothing.
    #[error("the answer is empty")]
    Empty,
    /// It is not JSON as it should be.
    #[error("the answer is not strict JSON: {0}")]
    Json(String),
    /// Something is not there, or is something else.
    #[error("the answer has no {0}")]
    Missing(String),
    /// It has more, or fewer, results than there were texts.
    #[error("the answer has {found} {what}, and {expected} belong there")]
    Count {
        /// Of what.
        what: &'static str,
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A score that is none.
    #[error("{0} is no score from 0 to 1")]
    Score(String),
    /// Labels that the map does not name.
    #[error("`labels` does not name: {0}")]
    UnknownLabels(String),
    /// Labels of the map that the answer lacks.
    #[error("the answer says nothing about: {0}")]
    MissingLabels(String),
    /// Words in place of the format.
    #[error("the model wrote something other than its format: {0}")]
    Prose(String),
    /// The model was stopped before its end.
    #[error("the model was stopped before its end: {0}")]
    CutShort(String),
    /// Two parts of the answer cannot both be true.
    #[error("the answer contradicts itself: {0}")]
    Contradiction(&'static str),
    /// A place that is not in the text.
    #[error("the answer points at {0}..{1}, which is no part of the text")]
    Place(String, String),
    /// A model in process gave no scores.
    #[error("the model gave no scores: {0}")]
    Failed(String),
    /// More than is read.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
}

impl Unreadable {
    /// A stable word without any text of the answer.
    pub(in crate::classify) const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Json(_) => "json",
            Self::Missing(_) => "missing",
            Self::Count { .. } => "count",
            Self::Score(_) => "score",
            Self::UnknownLabels(_) => "unknown_label",
            Self::MissingLabels(_) => "missing_label",
            Self::Prose(_) => "prose",
            Self::CutShort(_) => "cut_short",
            Self::Contradiction(_) => "contradiction",
            Self::Place(..) => "place",
            Self::Failed(_) => "failed",
            Self::TooLong(_) => "too_long",
        }
    }

    /// Prose, shown in part.
    pub(super) fn prose(text: &str) -> Self {
        Self::Prose(format!("{:?}", shortened(text)))
    }

    pub(super) fn unknown<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        Self::UnknownLabels(listed(names))
    }

    pub(super) fn missing_labels<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        Self::MissingLabels(listed(names))
    }
}

/// The beginning of a text.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(NAME_SHOWN).collect()
}

fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let mut names = names.into_iter();
    let shown: Vec<_> =
        names.by_ref().take(NAMES_SHOWN).map(|name| format!("`{}`", shortened(name))).collect();
    let more = names.count();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}
