//! What an operator says about a threshold that may move.

use std::time::Duration;

use crate::config::policy_file::Adaptation;

/// The share of a side's weight that one reviewer's labels have at most, where nothing else is said: with it nobody
/// has more say than all others together.
pub const REVIEWER_SHARE: f64 = 0.5;
/// How old labels may be, where nothing else is said: traffic of more than four weeks ago may be another one.
pub const WINDOW: Duration = Duration::from_secs(28 * 86_400);
pub use crate::config::policy_file::{LEAST_STEP, MOST_ERROR};

/// What a threshold is to come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// The share of benign texts that the rule may flag, between 0 and 1.
    FalsePositiveRate(f64),
    /// The share of flagged texts that are to be harmful, between 0 and 1.
    Precision(f64),
}

/// How the threshold of one rule may move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// What it is to come to.
    pub target: Target,
    /// The lowest threshold, from 0 to 1.
    pub low: f64,
    /// The highest, above `low`, at most 1.
    pub high: f64,
    /// The most that it moves at a time, at least [`LEAST_STEP`].
    pub step: f64,
    /// How long it stays after a move.
    pub every: Duration,
    /// Labels since the last move that a move needs.
    pub min_labels: u32,
    /// How old labels may be, above 0; [`WINDOW`] where nothing speaks against it.
    pub window: Duration,
    /// The share of the weight of flagged texts, and of others, that one reviewer's labels have at most, above 0 and at
    /// most 1; [`REVIEWER_SHARE`] where nothing speaks against it.
    pub reviewer_share: f64,
    /// The share of labels that are wrong, either way, from 0 to [`MOST_ERROR`]: what double reviews say
    /// ([`crate::people::agreement::error_behind`]), or 0 where every label is the agreement of two.
    pub reviewer_error: f64,
}

/// Settings that make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The target is not a share.
    #[error("the target has to be above 0 and below 1")]
    Target,
    /// The bounds hold nothing.
    #[error("the bounds have to be two numbers from 0 to 1, the lower one first")]
    Bounds,
    /// It could not move, or not inside the bounds.
    #[error("the step has to be at least {LEAST_STEP} and at most the distance of the bounds")]
    Step,
    /// No label would count.
    #[error("the window has to be above 0")]
    Window,
    /// Nobody, or more than all.
    #[error("the reviewer's share has to be above 0 and at most 1")]
    ReviewerShare,
    /// Labels would say nothing.
    #[error("the reviewers' error has to be from 0 to {MOST_ERROR}")]
    ReviewerError,
}

// === impl Settings ===

impl Settings {
    /// What a policy says.
    pub fn of(written: &Adaptation) -> Self {
        let fpr = written.target_fpr.unwrap_or_else(Adaptation::usual_fpr).fraction();
        let precision = written.target_precision.map(|share| Target::Precision(share.fraction()));
        let bound = |index: usize| written.bounds.get(index).copied().unwrap_or_default();
        Self {
            target: precision.unwrap_or(Target::FalsePositiveRate(fpr)),
            low: bound(0),
            high: bound(1),
            step: written.step,
            every: written.every.duration(),
            min_labels: written.min_labels,
            window: written.window.duration(),
            reviewer_share: written.reviewer_share.fraction(),
            reviewer_error: written.reviewer_error.fraction(),
        }
    }

    /// Says what is wrong first.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let (Target::FalsePositiveRate(target) | Target::Precision(target)) = self.target;
        let right = [
            (target > 0.0 && target < 1.0, SettingsError::Target),
            (self.low >= 0.0 && self.low < self.high && self.high <= 1.0, SettingsError::Bounds),
            ((LEAST_STEP..=self.high - self.low).contains(&self.step), SettingsError::Step),
            (!self.window.is_zero(), SettingsError::Window),
            (self.reviewer_share > 0.0 && self.reviewer_share <= 1.0, SettingsError::ReviewerShare),
            ((0.0..=MOST_ERROR).contains(&self.reviewer_error), SettingsError::ReviewerError),
        ];
        right.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, error)| Err(error))
    }
}
