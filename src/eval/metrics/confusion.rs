//! Labels against decisions, counted.

use super::share;

/// The four counts of a yes-or-no decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// Labelled and selected.
    pub hits: u64,
    /// Not labelled and selected.
    pub false_alarms: u64,
    /// Labelled and not selected.
    pub misses: u64,
    /// Neither.
    pub passes: u64,
}

// === impl Confusion ===

impl Confusion {
    /// Counts one text `times` times.
    pub const fn add(&mut self, label: bool, selected: bool, times: u64) {
        match (label, selected) {
            (true, true) => self.hits += times,
            (false, true) => self.false_alarms += times,
            (true, false) => self.misses += times,
            (false, false) => self.passes += times,
        }
    }

    /// How many texts are labelled with the category.
    pub const fn positives(&self) -> u64 {
        self.hits + self.misses
    }

    /// How many are labelled as free of it.
    pub const fn negatives(&self) -> u64 {
        self.false_alarms + self.passes
    }

    /// How many were selected.
    pub const fn selected(&self) -> u64 {
        self.hits + self.false_alarms
    }

    /// How many there are.
    pub const fn total(&self) -> u64 {
        self.positives() + self.negatives()
    }

    /// Of what was selected, the part that is labelled.
    pub fn precision(&self) -> Option<f64> {
        share(self.hits, self.selected())
    }

    /// Of what is labelled, the part that was selected; also called true positive rate.
    pub fn recall(&self) -> Option<f64> {
        share(self.hits, self.positives())
    }

    /// Of what is free of the category, the part that was selected; also called false positive rate.
    pub fn false_alarm_rate(&self) -> Option<f64> {
        share(self.false_alarms, self.negatives())
    }

    /// The harmonic mean of precision and recall, 2·hits ÷ (2·hits + false alarms + misses). `None` where nothing is
    /// labelled and nothing was selected.
    pub fn f1(&self) -> Option<f64> {
        share(2 * self.hits, 2 * self.hits + self.false_alarms + self.misses)
    }

    /// The part that was selected, labelled or not.
    pub fn selection_rate(&self) -> Option<f64> {
        share(self.selected(), self.total())
    }
}
