//! How sure a figure is.

use super::figures::{Figures, Measure, figures};
use super::samples::Samples;
use crate::domain::Interval;

/// The part of the bootstrap's rounds that must have given a value before they make an interval.
const ENOUGH_ROUNDS: f64 = 0.5;

/// How often samples are drawn again, and from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resampling {
    /// Rounds; none for no intervals.
    pub rounds: u32,
    /// The same seed gives the same intervals on every machine.
    pub seed: u64,
}

/// Numbers by chance, the same for the same seed: `SplitMix64` (Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub struct Draws(u64);

// === impl Draws ===

impl Draws {
    /// The draws of one round. Rounds are independent of each other, so that they can run in any order.
    pub fn of_round(seed: u64, round: u32) -> Self {
        let mut mixed = Self(seed);
        Self(mixed.next() ^ u64::from(round).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// How often each of as many rows as `weights` has is drawn in as many draws with replacement.
    pub fn fill(&mut self, weights: &mut [u32]) {
        weights.fill(0);
        let rows = weights.len() as u128;
        for _ in 0..weights.len() {
            let row = (u128::from(self.next()) * rows) >> 64;
            let drawn = usize::try_from(row).ok().and_then(|row| weights.get_mut(row));
            if let Some(weight) = drawn {
                *weight = weight.saturating_add(1);
            }
        }
    }
}

/// Intervals of all figures by the percentile bootstrap (Efron 1979): rows are drawn with replacement, everything is
/// measured again, and the middle 95 % of the values is the interval. `None` where a figure has no value in half
/// of the rounds.
pub fn intervals(samples: &Samples, resampling: Resampling) -> Vec<(Measure, Option<Interval>)> {
    let mut weights = vec![0; samples.len()];
    let rounds: Vec<Figures> = (0..resampling.rounds)
        .map(|round| {
            Draws::of_round(resampling.seed, round).fill(&mut weights);
            figures(samples, Some(&weights))
        })
        .collect();
    let of = |measure| {
        let mut values: Vec<f64> = rounds.iter().filter_map(|round| round.get(measure)).collect();
        (measure, middle(&mut values, rounds.len()))
    };
    Measure::ALL.into_iter().map(of).collect()
}

/// The middle 95 % of values of which there should have been `rounds`.
#[expect(clippy::cast_precision_loss, reason = "the number of rounds is small")]
pub(super) fn middle(values: &mut [f64], rounds: usize) -> Option<Interval> {
    if values.is_empty() || (values.len() as f64) < rounds as f64 * ENOUGH_ROUNDS {
        return None;
    }
    values.sort_by(f64::total_cmp);
    Some(Interval { low: percentile(values, 0.025)?, high: percentile(values, 0.975)? })
}

/// The value below which `part` of the sorted values lie, between two of them by their distance (type 7 of Hyndman
/// and Fan 1996, which numpy has too). `None` without values, or where `part` is not between 0 and 1.
#[expect(clippy::cast_precision_loss, reason = "the number of rounds is small")]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a list that is not empty"
)]
pub fn percentile(sorted: &[f64], part: f64) -> Option<f64> {
    if !(0.0..=1.0).contains(&part) {
        return None;
    }
    let place = sorted.len().checked_sub(1)? as f64 * part;
    let below = *sorted.get(place.floor() as usize)?;
    let above = *sorted.get(place.ceil() as usize)?;
    Some((above - below).mul_add(place.fract(), below))
}

/// The interval of a rate by Wilson's score. `None` where the whole is nothing.
#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
pub fn wilson(part: u64, whole: u64) -> Option<Interval> {
    Interval::wilson(super::share(part, whole)?, whole as f64)
}
