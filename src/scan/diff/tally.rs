//! What a comparison came to, in counts.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Comparison, Said};
use crate::engine::{Change, Decided};

/// How often something was there, in either policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Both {
    /// Rows in which the old policy has it.
    pub old: u64,
    /// Rows in which the new one has it.
    pub new: u64,
    /// Those in which only the old one has it.
    pub only_old: u64,
    /// Those in which only the new one has it.
    pub only_new: u64,
}

/// A row about which the policies disagree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// File and line, or the id of the decision.
    pub place: String,
    /// How.
    pub change: Change,
    /// What the old policy does.
    pub old: &'static str,
    /// What the new one does.
    pub new: &'static str,
    /// Rules that fire in the old policy alone.
    pub only_old: Vec<String>,
    /// Rules that fire in the new one alone.
    pub only_new: Vec<String>,
    /// The beginning of its texts, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Decision records that were not decided again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Their texts were omitted, hashed or redacted.
    pub without_text: u64,
    /// They are older than was asked for.
    pub too_old: u64,
}

/// What two policies decide differently.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Rows that both decided.
    pub rows: u64,
    /// Rows that cannot be used.
    pub bad: u64,
    /// Records that cannot be decided again, or were not to be.
    pub left_out: LeftOut,
    /// Rows with another action.
    pub changed: u64,
    /// Rows by how they changed.
    pub by_change: BTreeMap<Change, u64>,
    /// Rows by the old action and the new one, where these differ.
    pub by_action: BTreeMap<String, u64>,
    /// Rows by rule.
    pub by_rule: BTreeMap<String, Both>,
    /// Rows by category.
    pub by_category: BTreeMap<String, Both>,
    /// The first rows of each kind of change.
    pub samples: Vec<Moved>,
}

// === impl Difference ===

impl Difference {
    /// Rows that changed in this way.
    pub fn count(&self, change: Change) -> u64 {
        self.by_change.get(&change).copied().unwrap_or_default()
    }

    /// What part of the rows has another action; 0 without rows.
    pub fn share(&self, rows: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^52")]
        let share = rows as f64 / (self.rows.max(1)) as f64;
        share
    }
}

// === impl Both ===

impl Both {
    fn add(&mut self, old: bool, new: bool) {
        self.old += u64::from(old);
        self.new += u64::from(new);
        self.only_old += u64::from(old && !new);
        self.only_new += u64::from(new && !old);
    }
}

/// Counts rows.
pub(super) struct Tally {
    samples: usize,
    found: Difference,
}

// === impl Tally ===

impl Tally {
    pub(super) fn new(job: &Comparison<'_>) -> Self {
        Self { samples: job.samples, found: Difference::default() }
    }

    pub(super) fn note_bad(&mut self) {
        self.found.bad += 1;
    }

    pub(super) fn count(&mut self, said: Said, at: impl FnOnce() -> String) {
        match said {
            Said::Decided { old, new, place, shown } => {
                let place = place.filter(|place| !place.is_empty()).unwrap_or_else(at);
                self.decided(&old, &new, (place, shown));
            }
            Said::WithoutText => self.found.left_out.without_text += 1,
            Said::TooOld => self.found.left_out.too_old += 1,
            Said::NoRecord => {}
        }
    }

    fn decided(&mut self, old: &Decided, new: &Decided, (place, text): (String, Option<String>)) {
        let found = &mut self.found;
        found.rows += 1;
        for id in old.rules.union(&new.rules) {
            let both = found.by_rule.entry(id.to_string()).or_default();
            both.add(old.rules.contains(id), new.rules.contains(id));
        }
        for category in old.categories.union(&new.categories) {
            let both = found.by_category.entry(category.as_str().to_owned()).or_default();
            both.add(old.categories.contains(category), new.categories.contains(category));
        }
        let change = Change::between(old, new);
        if change == Change::None {
            return;
        }
        let before = found.by_change.entry(change).or_default();
        *before += 1;
        let first = usize::try_from(*before).is_ok_and(|count| count <= self.samples);
        if change != Change::OtherRules {
            found.changed += 1;
            let words = format!("{} → {}", old.word(), new.word());
            *found.by_action.entry(words).or_default() += 1;
        }
        if first {
            let only = |one: &Decided, other: &Decided| {
                one.rules.difference(&other.rules).map(ToString::to_string).collect()
            };
            let (old_word, new_word) = (old.word(), new.word());
            found.samples.push(Moved {
                place,
                change,
                old: old_word,
                new: new_word,
                only_old: only(old, new),
                only_new: only(new, old),
                text,
            });
        }
    }

    pub(super) fn finish(mut self) -> Difference {
        self.found.samples.sort_by_key(|sample| sample.change);
        self.found
    }
}
