//! One reviewed text.

use jiff::Timestamp;

/// Below this a text's probability of being sampled is taken for a mistake: one label would stand for more than a
/// million texts.
pub const LEAST_PROBABILITY: f64 = 1e-6;

/// Where a label comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A reviewer judged the text.
    Review,
    /// Somebody reported it or complained. Never counts: anybody can send any number of them.
    Feedback,
}

/// What somebody says about one text. A text that was reviewed more than once is one label: its outcome.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label<'a> {
    /// What the classifier scored the text with for the rule's category, from 0 to 1.
    pub score: f64,
    /// Whether the category applies.
    pub harmful: bool,
    /// The probability with which the text came to be reviewed, as it was when it was drawn: above 0, at most 1.
    pub probability: f64,
    /// Where the label comes from.
    pub source: Source,
    /// Who judged.
    pub reviewer: &'a str,
    /// When.
    pub reviewed: Timestamp,
}

// === impl Label ===

impl Label<'_> {
    /// How many texts it stands for.
    pub(super) fn weight(&self) -> f64 {
        1.0 / self.probability
    }

    /// Whether its numbers are possible, and its time past.
    pub(super) fn is_valid(&self, now: Timestamp) -> bool {
        (0.0..=1.0).contains(&self.score)
            && (LEAST_PROBABILITY..=1.0).contains(&self.probability)
            && self.reviewed <= now
    }
}
