//! What labels say about a threshold: a rate of all traffic, and how sure it is.

use super::settings::{Settings, Target};
use super::weigh::{Side, Tally};
use super::{Direction, Why};
use crate::domain::Interval;

/// A rate with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Estimate {
    /// The rate, from 0 to 1.
    pub(super) rate: f64,
    /// Where it lies with 95 % confidence.
    pub(super) interval: Interval,
}

/// The rate that the target is about.
pub(super) fn estimate(tally: &Tally, settings: &Settings) -> Result<Estimate, Why> {
    let error = settings.reviewer_error;
    match settings.target {
        Target::FalsePositiveRate(_) => false_positive_rate(tally, error),
        Target::Precision(_) => precision(&tally.flagged, error),
    }
}

/// The share of benign texts that is flagged: A ÷ (A + U), of the weights of benign texts on both sides.
///
/// Wilson's interval takes as many independent texts as 1 ÷ (w ÷ (A + U) + (R ÷ (1 − R)) ÷ u): each flagged label stands
/// for at most w texts, and the others say no more about U than u labels of one weight would (Kish 1965,
/// u = (Σ weight)² ÷ Σ weight²). Where nothing flagged was labelled, w is that of the others.
///
/// If a share e of labels is wrong either way, A holds e of the flagged harmful texts, far more than e of the benign
/// ones. So A and U are set right by the numbers F and N of all texts on their sides, as Rogan and Gladen (1978) do for
/// tests that err: (A − e F) ÷ (1 − 2e), (U − e N) ÷ (1 − 2e). The ends of the interval are set right in the same way.
fn false_positive_rate(tally: &Tally, error: f64) -> Result<Estimate, Why> {
    let Tally { flagged, passed } = tally;
    if passed.benign <= 0.0 {
        return Err(Why::NothingPassed);
    }
    let all = flagged.benign + passed.benign;
    let observed = flagged.benign / all;
    let heaviest = if flagged.total() > 0.0 { flagged.heaviest } else { passed.heaviest };
    let others = passed.benign * passed.benign / passed.benign_squares;
    let n = 1.0 / (heaviest / all + flagged.benign / passed.benign / others);
    let correct = |rate: f64| {
        let apart = |part: f64, whole: f64| ((part - error * whole) / (1.0 - 2.0 * error)).max(0.0);
        let a = apart(rate * all, flagged.total());
        let u = apart((1.0 - rate) * all, passed.total());
        (a + u > 0.0).then(|| a / (a + u))
    };
    corrected(observed, n, correct)
}

/// The share of flagged texts that is harmful, set right by (P − e) ÷ (1 − 2e).
fn precision(flagged: &Side, error: f64) -> Result<Estimate, Why> {
    let all = flagged.total();
    if all <= 0.0 {
        return Err(Why::NothingFlagged);
    }
    let correct = |rate: f64| Some(((rate - error) / (1.0 - 2.0 * error)).clamp(0.0, 1.0));
    corrected(flagged.harmful / all, all / flagged.heaviest, correct)
}

fn corrected(observed: f64, n: f64, correct: impl Fn(f64) -> Option<f64>) -> Result<Estimate, Why> {
    let around = Interval::wilson(observed.clamp(0.0, 1.0), n).ok_or(Why::Unclear)?;
    let [rate, low, high] = [observed, around.low, around.high].map(correct);
    match (rate, low, high) {
        (Some(rate), Some(low), Some(high)) => {
            Ok(Estimate { rate, interval: Interval { low, high } })
        }
        _ => Err(Why::Unclear),
    }
}

// === impl Target ===

impl Target {
    /// Where the threshold should go, where that is clear: the whole interval lies on one side of the target.
    pub(super) fn direction(self, interval: Interval) -> Option<Direction> {
        let (above, below, target) = match self {
            Self::FalsePositiveRate(target) => (Direction::Up, Direction::Down, target),
            Self::Precision(target) => (Direction::Down, Direction::Up, target),
        };
        if interval.low > target {
            Some(above)
        } else if interval.high < target {
            Some(below)
        } else {
            None
        }
    }

    /// Whether a rate is as good as the target or better.
    pub(super) fn is_met(self, rate: f64) -> bool {
        match self {
            Self::FalsePositiveRate(target) => rate <= target,
            Self::Precision(target) => rate >= target,
        }
    }
}
