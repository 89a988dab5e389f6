//! Labelled texts with their scores, in the order of the scores.

use super::confusion::Confusion;

/// The least probability that a label is taken to have had, so that one certain mistake does not make cross-entropy
/// infinite: the distance between 1 and the next number, as scikit-learn has it.
const LEAST: f64 = f64::EPSILON;

/// One labelled text, as judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Whether people say that the category applies.
    pub label: bool,
    /// The judge's score; higher is more of the category.
    pub score: f64,
    /// Whether the judge says that it applies.
    pub selected: bool,
}

/// Samples from the highest score to the lowest. Rows that are drawn again by the bootstrap are named by their place
/// in what was given.
#[derive(Clone, Debug)]
pub struct Samples {
    sorted: Vec<(u32, Sample)>,
    /// Whether every score lies between 0 and 1, so that it can be read as a probability.
    probable: bool,
}

// === impl Samples ===

impl Samples {
    /// Sorts samples. `None` where a score is not a finite number, or where there are more than 2^32.
    pub fn new(samples: &[Sample]) -> Option<Self> {
        let mut sorted = Vec::with_capacity(samples.len());
        for (row, sample) in samples.iter().enumerate() {
            if !sample.score.is_finite() {
                return None;
            }
            sorted.push((u32::try_from(row).ok()?, *sample));
        }
        sorted.sort_by(|(_, a), (_, b)| b.score.total_cmp(&a.score));
        let probable = samples.iter().all(|sample| (0.0..=1.0).contains(&sample.score));
        Some(Self { sorted, probable })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Whether every score lies between 0 and 1.
    pub fn are_probable(&self) -> bool {
        self.probable
    }

    /// Each sample with how often it counts, from the highest score down. Without weights, each counts once.
    pub fn weighted<'a>(
        &'a self,
        weights: Option<&'a [u32]>,
    ) -> impl Iterator<Item = (u64, Sample)> + 'a {
        self.sorted.iter().map(move |(row, sample)| {
            let weight = weights.map_or(1, |weights| {
                usize::try_from(*row).ok().and_then(|row| weights.get(row)).copied().unwrap_or(0)
            });
            (u64::from(weight), *sample)
        })
    }

    /// Labels against what was selected.
    pub fn confusion(&self, weights: Option<&[u32]>) -> Confusion {
        let mut confusion = Confusion::default();
        for (weight, sample) in self.weighted(weights) {
            confusion.add(sample.label, sample.selected, weight);
        }
        confusion
    }

    /// Mean of −ln of the probability that was given to what the label says, in nats:
    /// −(1/n) Σ (y ln p + (1 − y) ln (1 − p)). `None` without samples, or where scores are no probabilities.
    pub fn cross_entropy(&self, weights: Option<&[u32]>) -> Option<f64> {
        self.mean(weights, |sample| {
            let score = sample.score.clamp(LEAST, 1.0 - LEAST);
            if sample.label { -score.ln() } else { -(-score).ln_1p() }
        })
    }

    /// The Brier score, (1/n) Σ (p − y)²: 0 is perfect, 0.25 is what a constant 0.5 gives. `None` as above.
    pub fn brier(&self, weights: Option<&[u32]>) -> Option<f64> {
        self.mean(weights, |sample| (sample.score - f64::from(u8::from(sample.label))).powi(2))
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
    fn mean(&self, weights: Option<&[u32]>, value: impl Fn(&Sample) -> f64) -> Option<f64> {
        if !self.probable {
            return None;
        }
        let (mut total, mut sum) = (0_u64, 0.0);
        for (weight, sample) in self.weighted(weights).filter(|(weight, _)| *weight > 0) {
            total += weight;
            sum += weight as f64 * value(&sample);
        }
        (total > 0).then(|| sum / total as f64)
    }
}
