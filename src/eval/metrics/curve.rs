//! What every threshold would give: the curves and what is measured on them.

use super::confusion::Confusion;
use super::samples::Samples;
use super::share;

/// What is selected when everything from this score on is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The score.
    pub threshold: f64,
    /// Labelled texts with at least this score.
    pub hits: u64,
    /// Other texts with at least this score.
    pub false_alarms: u64,
}

/// One step for each different score, from the highest down; texts with equal scores stand in one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    steps: Vec<Step>,
    positives: u64,
    negatives: u64,
}

// === impl Curve ===

impl Curve {
    /// The curve of samples, each counting as often as its weight says.
    pub fn of(samples: &Samples, weights: Option<&[u32]>) -> Self {
        let mut steps: Vec<Step> = Vec::new();
        let (mut positives, mut negatives) = (0, 0);
        for (weight, sample) in samples.weighted(weights).filter(|(weight, _)| *weight > 0) {
            if sample.label {
                positives += weight;
            } else {
                negatives += weight;
            }
            let step = Step { threshold: sample.score, hits: positives, false_alarms: negatives };
            match steps.last_mut() {
                Some(last) if last.threshold.total_cmp(&sample.score).is_eq() => *last = step,
                // −0 and 0 are the same score.
                Some(last) if last.threshold == 0.0 && sample.score == 0.0 => *last = step,
                _ => steps.push(step),
            }
        }
        Self { steps, positives, negatives }
    }

    /// The steps, from the highest score down.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How many texts are labelled with the category.
    pub const fn positives(&self) -> u64 {
        self.positives
    }

    /// How many are labelled as free of it.
    pub const fn negatives(&self) -> u64 {
        self.negatives
    }

    /// The area under the curve of recall over false-alarm rate: the chance that a labelled text scores higher than
    /// one that is free, equal scores counting half (Mann and Whitney 1947, Hanley and `McNeil` 1982). `None` where
    /// one of the two is missing.
    #[expect(clippy::cast_precision_loss, reason = "counts of rows are far below 2^53")]
    pub fn roc_auc(&self) -> Option<f64> {
        if self.positives == 0 || self.negatives == 0 {
            return None;
        }
        let (mut area, mut before) = (0.0, (0, 0));
        for step in &self.steps {
            let higher = before.0 + step.hits;
            area += (step.false_alarms - before.1) as f64 * higher as f64 / 2.0;
            before = (step.hits, step.false_alarms);
        }
        Some(area / (self.positives as f64 * self.negatives as f64))
    }

    /// Average precision, Σ (Rₙ − Rₙ₋₁) Pₙ over the steps, without interpolation, as scikit-learn has it. `None`
    /// where nothing is labelled.
    pub fn average_precision(&self) -> Option<f64> {
        let (mut sum, mut before) = (0.0, 0);
        for step in &self.steps {
            let gained = share(step.hits - before, self.positives)?;
            sum += gained * share(step.hits, step.hits + step.false_alarms)?;
            before = step.hits;
        }
        (self.positives > 0).then_some(sum)
    }

    /// The highest recall of a threshold whose false-alarm rate is at most `limit`, without interpolation; 0 where
    /// only selecting nothing keeps to it. `None` where labelled or free texts are missing.
    pub fn recall_at(&self, limit: f64) -> Option<f64> {
        if self.positives == 0 || self.negatives == 0 {
            return None;
        }
        let within = |step: &&Step| {
            share(step.false_alarms, self.negatives).is_some_and(|rate| rate <= limit)
        };
        let best = self.steps.iter().take_while(within).last();
        share(best.map_or(0, |step| step.hits), self.positives)
    }

    /// The four counts when everything from `threshold` on is selected.
    pub fn confusion_at(&self, threshold: f64) -> Confusion {
        let reached = self.steps.partition_point(|step| step.threshold >= threshold);
        let step = reached.checked_sub(1).and_then(|last| self.steps.get(last));
        let (hits, false_alarms) = step.map_or((0, 0), |step| (step.hits, step.false_alarms));
        Confusion {
            hits,
            false_alarms,
            misses: self.positives - hits,
            passes: self.negatives - false_alarms,
        }
    }

    /// The four counts at up to `most` thresholds: at every score that occurs where there are so few, else at equal
    /// distances between the lowest and the highest.
    #[expect(clippy::cast_precision_loss, reason = "the number of thresholds is small")]
    pub fn sweep(&self, most: usize) -> Vec<(f64, Confusion)> {
        let at = |threshold: f64| (threshold, self.confusion_at(threshold));
        if self.steps.len() <= most {
            return self.steps.iter().map(|step| at(step.threshold)).collect();
        }
        let (Some(highest), Some(lowest)) = (self.steps.first(), self.steps.last()) else {
            return Vec::new();
        };
        let distance =
            (highest.threshold - lowest.threshold) / most.saturating_sub(1).max(1) as f64;
        let place = |number: usize| distance.mul_add(-(number as f64), highest.threshold);
        (0..most).map(|number| at(place(number))).collect()
    }
}
