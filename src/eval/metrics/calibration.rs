//! Whether a score of 0.8 means that eight in ten are labelled.

use super::samples::Samples;

/// Bins of equal width between 0 and 1.
pub const BINS: usize = 10;

/// Samples whose scores lie close together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// How many.
    pub count: u64,
    /// The sum of their scores.
    scores: f64,
    /// How many of them are labelled.
    pub positives: u64,
}

// === impl Bin ===

#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
impl Bin {
    /// The mean of the scores; `None` in an empty bin.
    pub fn mean_score(&self) -> Option<f64> {
        (self.count > 0).then(|| self.scores / self.count as f64)
    }

    /// The part that is labelled; `None` in an empty bin.
    pub fn share_of_positives(&self) -> Option<f64> {
        super::share(self.positives, self.count)
    }

    /// How far the scores are off, weighted by how many there are.
    fn gap(&self) -> f64 {
        (self.scores - self.positives as f64).abs()
    }
}

/// The bins of a reliability diagram, [`BINS`] of them; a score on a border belongs to the bin above it, and 1 to the
/// last. `None` without samples, or where scores are no probabilities.
#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "scores lie between 0 and 1 here"
)]
pub fn calibration(samples: &Samples, weights: Option<&[u32]>) -> Option<[Bin; BINS]> {
    if !samples.are_probable() {
        return None;
    }
    let mut bins = [Bin::default(); BINS];
    let mut total = 0;
    for (weight, sample) in samples.weighted(weights) {
        let number = ((sample.score * BINS as f64) as usize).min(BINS - 1);
        let Some(bin) = bins.get_mut(number) else { continue };
        bin.count += weight;
        bin.scores += weight as f64 * sample.score;
        bin.positives += weight * u64::from(sample.label);
        total += weight;
    }
    (total > 0).then_some(bins)
}

/// The expected calibration error, Σ (size of the bin ÷ n) |mean score − part labelled| over the bins (Naeini and others 2015).
#[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
pub fn calibration_error(bins: &[Bin; BINS]) -> Option<f64> {
    let total: u64 = bins.iter().map(|bin| bin.count).sum();
    (total > 0).then(|| bins.iter().map(Bin::gap).sum::<f64>() / total as f64)
}
