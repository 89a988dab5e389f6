//! The weights of one category: logistic regression by stochastic gradient descent.
//!
//! A row teaches twice: by the window that scores highest at that moment, since the highest counts when serving, and
//! by the whole text. The loss is the cross-entropy `−y ln p − (1 − y) ln(1 − p)` with `p` the logistic function of
//! `z = b + Σ w / √n` over the `n` features; its slope in `z` is `p − y`, and in each weight `(p − y) / √n` for each time
//! that the feature occurs. Steps are those of `AdaGrad` (Duchi, Hazan and Singer, 2011). Categories know nothing of each
//! other, so each is the work of one thread, and the order of its steps is its own.

use std::ops::Range;

use super::chance::Chance;
use super::features::Features;

/// Keeps first steps finite.
const FLOOR: f32 = 1e-6;
/// A smaller slope teaches nothing.
pub(super) const LEAST_SLOPE: f32 = 1e-3;
/// What the whole text counts for beside the window, where they differ.
const WHOLE: f32 = 0.5;

/// A row as one category sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    /// Its place in the features.
    pub(super) row: usize,
    pub(super) applies: bool,
    pub(super) weight: f32,
}

/// How to learn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) blocks: usize,
    pub(super) epochs: usize,
    pub(super) patience: usize,
    pub(super) rate: f32,
    pub(super) ridge: f32,
    pub(super) seed: u64,
}

/// What was learnt.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fit {
    pub(super) weights: Vec<f32>,
    pub(super) bias: f32,
    /// Passes until the best.
    pub(super) epochs: usize,
    /// Cross-entropy of the rows that decide when to stop, per unit of weight.
    pub(super) loss: f64,
}

/// A weight and the sum of the squares of its slopes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weight {
    pub(super) value: f32,
    squares: f32,
}

/// What a row scores.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scored {
    pub(super) whole: f32,
    pub(super) window: f32,
    /// The blocks of the highest window.
    pub(super) best: Range<usize>,
}

/// `ln(1 + eᶻ) − y z`: the cross-entropy of the logistic function of `z`, without overflow.
pub(super) fn cross_entropy(z: f64, applies: bool) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p() - if applies { z } else { 0.0 }
}

/// The logistic function of `z`.
pub(super) fn logistic(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

struct Learner<'a> {
    features: &'a Features,
    settings: Settings,
    weights: Vec<Weight>,
    bias: Weight,
    /// Sums of the blocks of a row.
    sums: Vec<f32>,
}

/// Learns from `samples` until `tune` gets no better. Without positives or negatives there is nothing to tell apart: all
/// weights are 0 then.
pub(super) fn fit(
    features: &Features,
    buckets: usize,
    settings: Settings,
    samples: &[Sample],
    tune: &[Sample],
    done: &(dyn Fn(usize) + Sync),
) -> Fit {
    let weights = vec![Weight::default(); buckets];
    let mut learner =
        Learner { features, settings, weights, bias: Weight::default(), sums: Vec::new() };
    let nothing =
        Fit { weights: vec![0.0; buckets], bias: 0.0, epochs: 0, loss: learner.loss(tune) };
    if samples.iter().all(|it| it.applies) || !samples.iter().any(|it| it.applies) {
        return nothing;
    }
    let mut best = nothing;
    let mut order = samples.to_vec();
    let mut chance = Chance::new(settings.seed);
    for epoch in 1..=settings.epochs {
        chance.shuffle(&mut order);
        for sample in &order {
            learner.learn(*sample);
        }
        done(samples.len());
        let loss = learner.loss(tune);
        if loss < best.loss || best.epochs == 0 {
            let weights = learner.weights.iter().map(|weight| weight.value).collect();
            best = Fit { weights, bias: learner.bias.value, epochs: epoch, loss };
        } else if epoch >= best.epochs + settings.patience {
            break;
        }
    }
    best
}

impl Learner<'_> {
    fn learn(&mut self, sample: Sample) {
        let blocks = self.features.blocks_of(sample.row);
        let Some(scored) = self.score(blocks.clone()) else { return };
        let y = if sample.applies { 1.0 } else { 0.0 };
        let slope = |z: f32| sample.weight * (logistic(z) - y);
        if scored.best == blocks {
            return self.step(blocks, slope(scored.window));
        }
        let of_whole = WHOLE * slope(scored.whole);
        self.step(scored.best, (1.0 - WHOLE) * slope(scored.window));
        self.step(blocks, of_whole);
    }

    /// One step against a slope in the score of some blocks.
    fn step(&mut self, blocks: Range<usize>, slope: f32) {
        if slope.abs() < LEAST_SLOPE {
            return;
        }
        let Settings { rate, ridge, .. } = self.settings;
        let each = slope / root(self.features.grams(blocks.clone()));
        for &id in self.features.of(blocks) {
            if let Some(weight) = self.weights.get_mut(id as usize) {
                weight.step(each + ridge * weight.value, rate);
            }
        }
        self.bias.step(slope, rate);
    }

    /// Scores a row; nothing where it has no features.
    fn score(&mut self, blocks: Range<usize>) -> Option<Scored> {
        self.sums.clear();
        for block in blocks.clone() {
            let weights = self.features.of(block..block + 1).iter();
            let sum = weights
                .filter_map(|&id| self.weights.get(id as usize))
                .map(|weight| weight.value)
                .sum();
            self.sums.push(sum);
        }
        score(self.features, blocks, &self.sums, (self.bias.value, self.settings.blocks))
    }

    /// Mean cross-entropy, by weight. Both scores count, as in training.
    fn loss(&mut self, samples: &[Sample]) -> f64 {
        let (mut sum, mut weight) = (0.0, 0.0);
        for sample in samples {
            let Some(scored) = self.score(self.features.blocks_of(sample.row)) else { continue };
            let of = |z: f32| cross_entropy(f64::from(z), sample.applies);
            let share = f64::from(WHOLE);
            sum += f64::from(sample.weight)
                * (share * of(scored.whole) + (1.0 - share) * of(scored.window));
            weight += f64::from(sample.weight);
        }
        sum / f64::max(weight, f64::MIN_POSITIVE)
    }
}

impl Weight {
    pub(super) fn step(&mut self, slope: f32, rate: f32) {
        self.squares += slope * slope;
        self.value -= rate * slope / (self.squares.sqrt() + FLOOR);
    }
}

fn root(grams: u32) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "texts have far fewer than 2²⁴ features")]
    let grams = grams.max(1) as f32;
    grams.sqrt()
}

/// The score of a row whose blocks have these sums, with windows that end at each block.
fn score(
    features: &Features,
    blocks: Range<usize>,
    sums: &[f32],
    (bias, width): (f32, usize),
) -> Option<Scored> {
    let grams = features.grams(blocks.clone());
    if grams == 0 {
        return None;
    }
    let whole = bias + sums.iter().sum::<f32>() / root(grams);
    let mut best: Option<(f32, Range<usize>)> = None;
    for end in 1..=sums.len() {
        let from = end.saturating_sub(width);
        let window = blocks.start + from..blocks.start + end;
        let grams = features.grams(window.clone());
        let z = bias + sums.get(from..end).unwrap_or_default().iter().sum::<f32>() / root(grams);
        if grams > 0 && best.as_ref().is_none_or(|(highest, _)| z > *highest) {
            best = Some((z, window));
        }
    }
    best.map(|(window, best)| Scored { whole, window, best })
}

#[cfg(test)]
mod tests {
    use super::super::features::BlockAt;
    use super::*;

    /// Two rows: one of a block with features 0 0 1, one of three blocks.
    fn features() -> Features {
        let block = |end, grams| BlockAt { end, grams };
        Features {
            ids: vec![0, 0, 1, 1, 2, 0, 2],
            blocks: vec![block(3, 4), block(4, 1), block(6, 2), block(7, 1)],
            rows: vec![1, 4],
        }
    }

    fn settings() -> Settings {
        Settings { blocks: 2, epochs: 1, patience: 1, rate: 0.1, ridge: 0.0, seed: 1 }
    }

    fn learner(features: &Features, weights: [f32; 3], bias: f32) -> Learner<'_> {
        let weight = |value| Weight { value, squares: 0.0 };
        let weights = weights.map(weight).to_vec();
        Learner { features, settings: settings(), weights, bias: weight(bias), sums: Vec::new() }
    }

    #[test]
    fn cross_entropy_is_what_one_computes_by_hand() {
        assert!((cross_entropy(0.0, true) - 2_f64.ln()).abs() < 1e-15);
        // p = 1 / (1 + e⁻²) = 0.880797…, so −ln p = 0.126928… and −ln(1 − p) = 2.126928…
        assert!((cross_entropy(2.0, true) - 0.126_928_011_042_972_6).abs() < 1e-12);
        assert!((cross_entropy(2.0, false) - 2.126_928_011_042_972_6).abs() < 1e-12);
        assert!(cross_entropy(1e4, true).abs() < 1e-12);
        assert!((cross_entropy(-1e4, true) - 1e4).abs() < 1e-9);
    }

    #[test]
    fn the_highest_window_is_found_and_counts_all_features() {
        let features = features();
        let mut learner = learner(&features, [1.0, -2.0, 3.0], 0.5);
        let one = learner.score(features.blocks_of(0)).unwrap();
        assert_eq!(one, Scored { whole: 0.5, window: 0.5, best: 0..1 });
        // Sums of the blocks −2, 4 and 3, of 1, 2 and 1 features: windows −2/1, 2/√3, 7/√3.
        let two = learner.score(features.blocks_of(1)).unwrap();
        assert_eq!(two.best, 2..4);
        assert!((two.window - (0.5 + 7.0 / 3_f32.sqrt())).abs() < 1e-6);
        assert!((two.whole - (0.5 + 5.0 / 2.0)).abs() < 1e-6);
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let features = features();
        for applies in [true, false] {
            let at = [0.3_f32, -0.2, 0.4];
            let loss = |weights: [f32; 3]| {
                let scored = learner(&features, weights, 0.1).score(0..1).unwrap();
                cross_entropy(f64::from(scored.window), applies)
            };
            let z = learner(&features, at, 0.1).score(0..1).unwrap().window;
            let slope = logistic(z) - if applies { 1.0 } else { 0.0 };
            for (feature, times) in [(0, 2.0), (1, 1.0), (2, 0.0)] {
                let step = 1e-2_f32;
                let (mut up, mut down) = (at, at);
                up[feature] += step;
                down[feature] -= step;
                let numerical = (loss(up) - loss(down)) / f64::from(2.0 * step);
                let analytical = f64::from(times * slope / 4_f32.sqrt());
                assert!((numerical - analytical).abs() < 1e-4, "{numerical} {analytical}");
            }
        }
    }

    #[test]
    fn the_first_step_of_adagrad_is_the_rate_against_the_slope() {
        let mut weight = Weight::default();
        weight.step(0.25, 0.1);
        assert!((weight.value + 0.1).abs() < 1e-5);
        weight.step(0.25, 0.1);
        assert!((weight.value + 0.1 + 0.1 / 2_f32.sqrt()).abs() < 1e-5);
    }

    #[test]
    fn one_class_alone_teaches_nothing_and_no_features_do_no_harm() {
        let features = features();
        let sample = |row, applies| Sample { row, applies, weight: 1.0 };
        let one = [sample(0, true), sample(1, true)];
        assert_eq!(fit(&features, 3, settings(), &one, &one, &|_| ()).weights, [0.0; 3]);
        assert_eq!(fit(&features, 3, settings(), &[], &[], &|_| ()).epochs, 0);
        let empty = Features { rows: vec![0, 0], ..Features::default() };
        let both = [sample(0, true), sample(1, false)];
        let fit = fit(&empty, 3, settings(), &both, &both, &|_| ());
        assert!(fit.weights.iter().all(|&weight| weight == 0.0) && fit.loss.is_finite());
    }

    #[test]
    fn what_differs_is_learnt() {
        let features = features();
        let sample = |row, applies| Sample { row, applies, weight: 1.0 };
        let samples = [sample(0, true), sample(1, false)];
        let settings = Settings { epochs: 200, patience: 200, ..settings() };
        let fit = fit(&features, 3, settings, &samples, &samples, &|_| ());
        assert!(fit.loss < 0.25, "{} after 0.69 at first", fit.loss);
        assert!(fit.weights[0] > 0.0 && fit.weights[2] < 0.0);
    }
}
