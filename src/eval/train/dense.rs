//! The weights of one category over embeddings: logistic regression by stochastic gradient descent, as in `lane`, with
//! `z = b + w · x`, whose slope in each weight is `(p − y) x`.

use super::chance::Chance;
use super::lane::{Fit, LEAST_SLOPE, Sample, Settings, Weight, cross_entropy, logistic};

/// Embeddings of rows, one after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Embeddings {
    pub(super) width: usize,
    pub(super) numbers: Vec<f32>,
}

impl Embeddings {
    /// That of a row.
    pub(super) fn of(&self, row: usize) -> &[f32] {
        let start = row * self.width;
        self.numbers.get(start..start + self.width).unwrap_or_default()
    }
}

/// Learns from `train` until `tune` gets no better. Without positives or negatives all weights are 0.
pub(super) fn fit(
    embeddings: &Embeddings,
    settings: Settings,
    [train, tune]: [&[Sample]; 2],
    done: &(dyn Fn(usize) + Sync),
) -> Fit {
    let mut learner = Learner {
        embeddings,
        settings,
        weights: vec![Weight::default(); embeddings.width],
        bias: Weight::default(),
    };
    let mut best = learner.fit(0, learner.loss(tune));
    if train.iter().all(|it| it.applies) || !train.iter().any(|it| it.applies) {
        return best;
    }
    let mut order = train.to_vec();
    let mut chance = Chance::new(settings.seed);
    for epoch in 1..=settings.epochs {
        chance.shuffle(&mut order);
        for sample in &order {
            learner.learn(*sample);
        }
        done(train.len());
        let loss = learner.loss(tune);
        if loss < best.loss || best.epochs == 0 {
            best = learner.fit(epoch, loss);
        } else if epoch >= best.epochs + settings.patience {
            break;
        }
    }
    best
}

struct Learner<'a> {
    embeddings: &'a Embeddings,
    settings: Settings,
    weights: Vec<Weight>,
    bias: Weight,
}

impl Learner<'_> {
    fn fit(&self, epochs: usize, loss: f64) -> Fit {
        let weights = self.weights.iter().map(|weight| weight.value).collect();
        Fit { weights, bias: self.bias.value, epochs, loss }
    }

    fn score(&self, row: usize) -> f32 {
        let terms = self.weights.iter().zip(self.embeddings.of(row));
        self.bias.value + terms.map(|(weight, number)| weight.value * number).sum::<f32>()
    }

    fn learn(&mut self, sample: Sample) {
        let y = if sample.applies { 1.0 } else { 0.0 };
        let slope = sample.weight * (logistic(self.score(sample.row)) - y);
        if slope.abs() < LEAST_SLOPE {
            return;
        }
        let Settings { rate, ridge, .. } = self.settings;
        for (weight, number) in self.weights.iter_mut().zip(self.embeddings.of(sample.row)) {
            weight.step(slope * number + ridge * weight.value, rate);
        }
        self.bias.step(slope, rate);
    }

    /// Mean cross-entropy, by weight.
    fn loss(&self, samples: &[Sample]) -> f64 {
        let (mut sum, mut weight) = (0.0, 0.0);
        for sample in samples {
            let z = f64::from(self.score(sample.row));
            sum += f64::from(sample.weight) * cross_entropy(z, sample.applies);
            weight += f64::from(sample.weight);
        }
        sum / f64::max(weight, f64::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings =
        Settings { blocks: 1, epochs: 50, patience: 50, rate: 0.1, ridge: 0.0, seed: 1 };

    fn embeddings() -> Embeddings {
        Embeddings { width: 2, numbers: vec![1.0, 0.0, 0.0, 1.0, 0.6, 0.8] }
    }

    fn sample(row: usize, applies: bool) -> Sample {
        Sample { row, applies, weight: 1.0 }
    }

    #[test]
    fn directions_that_differ_are_told_apart() {
        let samples = [sample(0, true), sample(1, false)];
        let fit = fit(&embeddings(), SETTINGS, [&samples, &samples], &|_| ());
        assert!(fit.weights[0] > 0.5 && fit.weights[1] < -0.5 && fit.loss < 0.4, "{fit:?}");
    }

    #[test]
    fn the_first_step_goes_against_the_slope() {
        let embeddings = embeddings();
        let weights = vec![Weight::default(); 2];
        let mut learner = Learner {
            embeddings: &embeddings,
            settings: SETTINGS,
            weights,
            bias: Weight::default(),
        };
        learner.learn(sample(2, true));
        // The slope is −0.5 times the numbers; the first step of `AdaGrad` is the rate against it.
        assert!((learner.weights[0].value - 0.1).abs() < 1e-5);
        assert!((learner.bias.value - 0.1).abs() < 1e-5);
    }

    #[test]
    fn one_class_alone_teaches_nothing() {
        let samples = [sample(0, true), sample(1, true)];
        let fit = fit(&embeddings(), SETTINGS, [&samples, &samples], &|_| ());
        assert_eq!((fit.weights, fit.epochs), (vec![0.0; 2], 0));
    }
}
