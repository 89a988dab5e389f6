//! Labels with their weights, summed.
//!
//! A label counts 1 ÷ the probability that its text was sampled with (Horvitz and Thompson 1952), so that sums are those
//! of all traffic. Within the flagged texts and within the others, what one reviewer's labels weigh is cut to a share,
//! and the others' are raised so that the side as a whole keeps its weight.

use std::collections::BTreeMap;

use super::label::Label;

/// Rounding that makes no share too large.
const ROUNDING: f64 = 1e-9;

/// Labels on one side of a threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Side {
    /// Weight of the benign ones.
    pub(super) benign: f64,
    /// Weight of the harmful ones.
    pub(super) harmful: f64,
    /// Sum of the squares of the weights of the benign ones.
    pub(super) benign_squares: f64,
    /// The greatest weight of one label.
    pub(super) heaviest: f64,
}

/// Labels on both sides.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Tally {
    /// Texts that score at least the threshold.
    pub(super) flagged: Side,
    /// The others.
    pub(super) passed: Side,
}

// === impl Side ===

impl Side {
    fn add(&mut self, harmful: bool, weight: f64) {
        if harmful {
            self.harmful += weight;
        } else {
            self.benign += weight;
            self.benign_squares += weight * weight;
        }
        self.heaviest = self.heaviest.max(weight);
    }

    /// Weight of all.
    pub(super) fn total(&self) -> f64 {
        self.benign + self.harmful
    }

    fn with(self, other: Self) -> Self {
        Self {
            benign: self.benign + other.benign,
            harmful: self.harmful + other.harmful,
            benign_squares: self.benign_squares + other.benign_squares,
            heaviest: self.heaviest.max(other.heaviest),
        }
    }
}

// === impl Tally ===

impl Tally {
    /// Labels with their weights, by the sides of a threshold.
    pub(super) fn of<'a>(
        labels: impl IntoIterator<Item = (&'a Label<'a>, f64)>,
        threshold: f64,
    ) -> Self {
        let mut tally = Self::default();
        for (label, weight) in labels {
            let side =
                if label.score >= threshold { &mut tally.flagged } else { &mut tally.passed };
            side.add(label.harmful, weight);
        }
        tally
    }

    fn with(self, other: Self) -> Self {
        Self { flagged: self.flagged.with(other.flagged), passed: self.passed.with(other.passed) }
    }
}

/// The labels of each reviewer, uncut.
pub(super) fn by_reviewer<'a>(labels: &[&'a Label<'a>], threshold: f64) -> Vec<Tally> {
    let mut of: BTreeMap<&str, Vec<&Label<'_>>> = BTreeMap::new();
    for label in labels {
        of.entry(label.reviewer).or_default().push(label);
    }
    of.values()
        .map(|own| Tally::of(own.iter().map(|label| (*label, label.weight())), threshold))
        .collect()
}

/// All labels but those of one reviewer, for each reviewer.
pub(super) fn without_each(reviewers: &[Tally]) -> Vec<Tally> {
    let mut after = Tally::default();
    let mut behind: Vec<Tally> = reviewers
        .iter()
        .rev()
        .map(|own| {
            let rest = after;
            after = after.with(*own);
            rest
        })
        .collect();
    behind.reverse();
    let mut before = Tally::default();
    let pairs = reviewers.iter().zip(behind);
    pairs
        .map(|(own, behind)| {
            let others = before.with(behind);
            before = before.with(*own);
            others
        })
        .collect()
}

/// Labels with their weights, where on either side of the threshold no reviewer has more than a share. `None` where
/// there are too few reviewers for that.
pub(super) fn cut<'a>(
    labels: &[&'a Label<'a>],
    threshold: f64,
    share: f64,
) -> Option<Vec<(&'a Label<'a>, f64)>> {
    let mut totals: [BTreeMap<&str, f64>; 2] = [BTreeMap::new(), BTreeMap::new()];
    let [flagged, passed] = &mut totals;
    for label in labels {
        let side = if label.score >= threshold { &mut *flagged } else { &mut *passed };
        *side.entry(label.reviewer).or_default() += label.weight();
    }
    let [flagged, passed] = [factors(flagged, share)?, factors(passed, share)?];
    let weighted = labels.iter().map(|label| {
        let factors = if label.score >= threshold { &flagged } else { &passed };
        let factor = factors.get(label.reviewer).copied().unwrap_or(1.0);
        (*label, factor * label.weight())
    });
    Some(weighted.collect())
}

/// By what the weights of each reviewer have to be multiplied. The heaviest reviewers get the share each, and what is
/// left goes to the others by their weights: the smallest number of reviewers is cut for which nobody has too much.
fn factors<'a>(totals: &BTreeMap<&'a str, f64>, share: f64) -> Option<BTreeMap<&'a str, f64>> {
    let mut order: Vec<(&str, f64)> = totals.iter().map(|(who, total)| (*who, *total)).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    let all: f64 = order.iter().map(|(_, total)| total).sum();
    let mut rest = all;
    let mut left = 1.0;
    for (cut, (_, heaviest)) in order.iter().enumerate() {
        let scale = left / rest;
        if scale * heaviest <= share + ROUNDING {
            let factor = |(place, (who, total)): (usize, &(&'a str, f64))| {
                let part = if place < cut { share } else { scale * total };
                (*who, part * all / total)
            };
            return Some(order.iter().enumerate().map(factor).collect());
        }
        rest -= heaviest;
        left -= share;
    }
    order.is_empty().then(BTreeMap::new)
}
