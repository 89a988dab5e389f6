//! Two judges on the same texts.

use super::figures::{Figures, Measure, figures};
use super::interval::{Draws, Resampling, middle};
use super::samples::Samples;
use crate::domain::Interval;

/// Texts on which exactly one of two judges is right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Discordance {
    /// Only the first is right.
    pub only_first: u64,
    /// Only the second is right.
    pub only_second: u64,
}

/// By how much the second judge differs from the first in one measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// What is measured.
    pub measure: Measure,
    /// The second's value minus the first's.
    pub value: Option<f64>,
    /// Where it lies with 95 % confidence; a difference is clear where 0 lies outside.
    pub interval: Option<Interval>,
}

// === impl Difference ===

impl Difference {
    /// Whether the second judge is better, where the difference is clear: 0 lies outside of its interval.
    pub fn is_better(&self) -> Option<bool> {
        let clear = self.interval.filter(|interval| interval.low > 0.0 || interval.high < 0.0)?;
        Some((clear.low > 0.0) == self.measure.higher_is_better())
    }
}

// === impl Discordance ===

impl Discordance {
    /// Counts one text.
    pub const fn add(&mut self, first_is_right: bool, second_is_right: bool) {
        match (first_is_right, second_is_right) {
            (true, false) => self.only_first += 1,
            (false, true) => self.only_second += 1,
            (true, true) | (false, false) => {}
        }
    }

    /// `McNemar`'s exact test (1947), two-sided: the chance that two judges who err equally often differ at least
    /// so unevenly, 2 Σ C(n, i) 2⁻ⁿ for i up to the smaller count. `None` where they never differ.
    #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
    pub fn p_value(&self) -> Option<f64> {
        let n = self.only_first + self.only_second;
        if n == 0 {
            return None;
        }
        let (mut log_choose, mut sum) = (0.0, 0.0);
        let log_all = n as f64 * std::f64::consts::LN_2;
        for i in 0..=self.only_first.min(self.only_second) {
            if i > 0 {
                log_choose += ((n - i + 1) as f64).ln() - (i as f64).ln();
            }
            sum += f64::exp(log_choose - log_all);
        }
        Some((2.0 * sum).min(1.0))
    }
}

/// Differences of all figures, with intervals by the paired bootstrap: each round draws the same texts for both.
/// Both must have been given the same texts in the same order; no differences come back where their numbers differ.
pub fn differences(first: &Samples, second: &Samples, resampling: Resampling) -> Vec<Difference> {
    if first.len() != second.len() {
        return Vec::new();
    }
    let minus = |a: &Figures, b: &Figures, measure| Some(b.get(measure)? - a.get(measure)?);
    let mut weights = vec![0; first.len()];
    let rounds: Vec<(Figures, Figures)> = (0..resampling.rounds)
        .map(|round| {
            Draws::of_round(resampling.seed, round).fill(&mut weights);
            (figures(first, Some(&weights)), figures(second, Some(&weights)))
        })
        .collect();
    let (one, other) = (figures(first, None), figures(second, None));
    let of = |measure| {
        let mut values: Vec<f64> =
            rounds.iter().filter_map(|(a, b)| minus(a, b, measure)).collect();
        let interval = middle(&mut values, rounds.len());
        Difference { measure, value: minus(&one, &other, measure), interval }
    };
    Measure::ALL.into_iter().map(of).collect()
}
