//! The way from texts to a model file.

use std::sync::atomic::{AtomicUsize, Ordering};

use thiserror::Error;

use super::calibrate::{self, Scored};
use super::features::Features;
use super::lane::{Fit, Sample, Settings, fit};
use super::quantise::{Quantised, quantise};
use super::read::Row;
use super::report::{Report, report};
use super::rows::{Part, Selection, Taken, select};
use super::thresholds;
use crate::config::{LoadedRecipe, RecipeFile};
use crate::detect::linear::{
    Calibrator, Card, Context, Features as FeatureCard, Group, Header, LANES, Label, Model,
    ModelError, PerGroup, Scores, SourceCard, Thresholds, encode,
};

/// More threads than this are not started: there is one job a category.
const MOST_THREADS: usize = 64;
/// Bytes of a file beside its weights and its map: header and checksum.
const BESIDE_WEIGHTS: usize = 32 << 10;

/// Log odds of a category of which nothing was learnt.
const NEVER: f32 = -30.0;

/// How to train, beside the recipe.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Another seed than that of the recipe.
    pub seed: Option<u64>,
    /// Another share of held-back rows than that of the recipe, from 0 to 1.
    pub holdout: Option<f64>,
    /// How many threads; 0 stands for 1.
    pub threads: usize,
}

/// Told as the work goes on.
pub trait Progress: Sync {
    /// A stage begins, of so many steps.
    fn stage(&self, name: &'static str, steps: usize);
    /// So many steps of it are done.
    fn done(&self, steps: usize);
}

/// Why there is no model.
#[derive(Debug, Error)]
pub enum TrainError {
    /// There is nothing to learn from.
    #[error(
        "none of the {rows} rows is left to train on: the recipe takes none of their sources, or holds all back"
    )]
    NoRows {
        /// Rows that were read.
        rows: usize,
    },
    /// No category has both rows to which it applies and rows to which it does not.
    #[error(
        "no category has rows to which it applies and rows to which it does not; the labels of the recipe are {fields}"
    )]
    NoClasses {
        /// The names of the labels.
        fields: String,
    },
    /// The model cannot be written.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// A model with what is to be said of it.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The model file.
    pub bytes: Vec<u8>,
    /// How good it is.
    pub report: Report,
}

/// Trains a model.
///
/// # Errors
///
/// Where there is nothing to learn, or the result is no sound model.
pub fn train(
    rows: &[Row],
    recipe: &LoadedRecipe,
    options: Options,
    progress: &dyn Progress,
) -> Result<Trained, TrainError> {
    let work = Work::new(rows, recipe, options, progress)?;
    let (features, buckets) = work.features();
    let fits = work.fits(&features, &buckets)?;
    drop(features);
    let rows_fit = rows_that_fit(&work.recipe);
    let Quantised { scales, rows: weights, dropped } = quantise(&fits, &buckets, rows_fit);
    let mut header = work.header(&fits, &scales);
    let bits = work.recipe.training.bits;
    let plain = Model::parse(&encode(&header, bits, &weights)?)?;
    let scored = work.score(&plain, Part::Tune);
    work.calibrate(&mut header, &scored);
    let calibrated = Model::parse(&encode(&header, bits, &weights)?)?;
    let scored = work.score(&calibrated, Part::Tune);
    work.set_thresholds(&mut header, &scored);
    let bytes = encode(&header, bits, &weights)?;
    let model = Model::parse(&bytes)?;
    let scored = work.score(&model, Part::Report);
    let mut report = report(&model, rows, &scored, &work.selection);
    report.bytes = bytes.len();
    report.buckets = weights.len();
    report.dropped = dropped;
    for (line, fit) in report.training.iter_mut().zip(&fits) {
        (line.epochs, line.loss) = (fit.epochs, fit.loss);
    }
    Ok(Trained { bytes, report })
}

/// The scores of rows, with what is known of them.
pub(super) type ScoredRows<'a> = Vec<(&'a Taken, Scores)>;

struct Work<'a> {
    rows: &'a [Row],
    recipe: RecipeFile,
    digest: &'a str,
    seed: u64,
    threads: usize,
    selection: Selection,
    progress: &'a dyn Progress,
}

impl<'a> Work<'a> {
    fn new(
        rows: &'a [Row],
        recipe: &'a LoadedRecipe,
        options: Options,
        progress: &'a dyn Progress,
    ) -> Result<Self, TrainError> {
        let mut file = recipe.file.clone();
        if let Some(holdout) = options.holdout {
            file.split.holdout = crate::config::units::Share::from_percent(100.0 * holdout);
        }
        let seed = options.seed.unwrap_or(file.seed);
        let selection = select(rows, &file, seed);
        if !selection.taken.iter().any(|taken| taken.part == Part::Train) {
            return Err(TrainError::NoRows { rows: rows.len() });
        }
        let threads = options.threads.clamp(1, MOST_THREADS);
        Ok(Self { rows, recipe: file, digest: &recipe.sha256, seed, threads, selection, progress })
    }

    /// The features of all rows but those of the report, and the buckets that get weights.
    fn features(&self) -> (Features, Vec<u32>) {
        let training = &self.recipe.training;
        self.progress.stage("read features", self.selection.taken.len());
        let taken = &self.selection.taken;
        let done = |rows| self.progress.done(rows);
        let mut features = Features::read(self.rows, taken, training.bits, self.threads, &done);
        let counted = |row: usize| taken.get(row).is_some_and(|taken| taken.part == Part::Train);
        let buckets = features.keep(training.bits, training.rows_per_bucket, counted);
        (features, buckets)
    }

    /// Learns the categories, the one with most rows first.
    fn fits(&self, features: &Features, buckets: &[u32]) -> Result<Vec<Fit>, TrainError> {
        let categories: Vec<_> = self.recipe.categories.iter().collect();
        let samples: Vec<[Vec<Sample>; 2]> = (0..categories.len())
            .map(|lane| [Part::Train, Part::Tune].map(|part| self.samples(lane, part)))
            .collect();
        let both = |[train, _]: &[Vec<Sample>; 2]| {
            train.iter().any(|it| it.applies) && !train.iter().all(|it| it.applies)
        };
        if !samples.iter().any(both) {
            let fields: Vec<&str> =
                categories.iter().map(|(_, category)| category.field.as_str()).collect();
            return Err(TrainError::NoClasses { fields: fields.join(", ") });
        }
        let training = &self.recipe.training;
        let steps = samples.iter().map(|[train, _]| train.len()).sum::<usize>() * training.epochs;
        self.progress.stage("train", steps);
        let mut order: Vec<usize> = (0..categories.len()).collect();
        let rows = |lane: usize| samples.get(lane).map_or(0, |[train, _]| train.len());
        order.sort_by_key(|&lane| std::cmp::Reverse(rows(lane)));
        let mut fits: Vec<(usize, Fit)> = in_parallel(order.len(), self.threads, |job| {
            let lane = order.get(job).copied().unwrap_or_default();
            let settings = self.settings(lane);
            let empty = [const { Vec::new() }; 2];
            let [train, tune] = samples.get(lane).unwrap_or(&empty);
            let fit = fit(features, buckets.len(), settings, train, tune, &|rows| {
                self.progress.done(rows);
            });
            (lane, fit)
        });
        fits.sort_by_key(|(lane, _)| *lane);
        Ok(fits.into_iter().map(|(_, fit)| fit).collect())
    }

    fn settings(&self, lane: usize) -> Settings {
        let training = &self.recipe.training;
        let blocks =
            self.recipe.categories.iter().nth(lane).map_or(1, |(_, category)| category.blocks);
        #[expect(clippy::cast_possible_truncation, reason = "weights are of 32 bits")]
        let (rate, ridge) = (training.rate as f32, training.ridge as f32);
        let seed = self.seed.wrapping_add(1 + lane as u64);
        Settings { blocks, epochs: training.epochs, patience: training.patience, rate, ridge, seed }
    }

    /// The rows of a part that say whether a category applies. Where positives are few, each counts for more.
    fn samples(&self, lane: usize, part: Part) -> Vec<Sample> {
        let training = &self.recipe.training;
        let told = self
            .selection
            .taken
            .iter()
            .enumerate()
            .filter(|(_, taken)| taken.part == part && taken.weight > 0.0);
        let mut samples: Vec<Sample> = told
            .filter_map(|(row, taken)| {
                let applies = taken.labels.get(lane).copied().flatten()?;
                Some(Sample { row, applies, weight: taken.weight })
            })
            .collect();
        let weight = |applies: bool| -> f64 {
            samples.iter().filter(|it| it.applies == applies).map(|it| f64::from(it.weight)).sum()
        };
        let share = training.positives.fraction().min(0.99);
        let wanted = share / (1.0 - share) * weight(false) / weight(true).max(f64::MIN_POSITIVE);
        #[expect(clippy::cast_possible_truncation, reason = "weights are of 32 bits")]
        let balance = wanted.clamp(1.0, training.most_balance) as f32;
        for sample in samples.iter_mut().filter(|sample| sample.applies) {
            sample.weight *= balance;
        }
        samples
    }

    fn header(&self, fits: &[Fit], scales: &[f32; LANES]) -> Header {
        let labels = self.recipe.categories.iter().zip(fits).zip(scales).map(
            |(((name, category), fit), &scale)| {
                let certain = Thresholds { low: 1.0, balanced: 1.0, strict: 1.0 };
                let plain = Calibrator { window: 1.0, ..Calibrator::default() };
                Label {
                    name: name.to_owned(),
                    blocks: category.blocks,
                    bias: fit.bias,
                    scale,
                    calibrators: PerGroup { zh: plain, other: plain },
                    thresholds: PerGroup { zh: certain, other: certain },
                }
            },
        );
        let source = |(name, &rows): (&String, &u64)| SourceCard { name: name.clone(), rows };
        let card = Card {
            name: self.recipe.name.clone(),
            seed: self.seed,
            recipe: self.digest.to_owned(),
            sources: self.selection.sources.iter().map(source).collect(),
        };
        let features = FeatureCard::with_bits(self.recipe.training.bits);
        Header { features, labels: labels.collect(), rows: 0, card }
    }

    /// Scores a part of the rows with a model.
    fn score(&self, model: &Model, part: Part) -> ScoredRows<'_> {
        /// Rows of one job.
        const CHUNK: usize = 256;
        let taken: Vec<&Taken> =
            self.selection.taken.iter().filter(|taken| taken.part == part).collect();
        let stage =
            if part == Part::Tune { "score the tuning part" } else { "score the report part" };
        self.progress.stage(stage, taken.len());
        let chunks: Vec<&[&Taken]> = taken.chunks(CHUNK).collect();
        let scored = in_parallel(chunks.len(), self.threads, |job| {
            let chunk = chunks.get(job).copied().unwrap_or_default();
            let scored: ScoredRows<'_> = chunk
                .iter()
                .filter_map(|&taken| {
                    let row = self.rows.get(taken.row)?;
                    let context =
                        Context { from_model: row.role == "completion", ..Context::default() };
                    Some((taken, model.score(&row.text, &context)))
                })
                .collect();
            self.progress.done(chunk.len());
            scored
        });
        scored.into_iter().flatten().collect()
    }

    /// Sets the calibrators: of each language group where it has rows enough, else of all rows.
    fn calibrate(&self, header: &mut Header, scored: &ScoredRows<'_>) {
        for (lane, (label, (_, category))) in
            header.labels.iter_mut().zip(self.recipe.categories.iter()).enumerate()
        {
            let of = |group: Option<Group>| -> Vec<Scored> {
                let rows = scored
                    .iter()
                    .filter(|(_, scores)| group.is_none_or(|group| scores.group == group));
                rows.filter_map(|(taken, scores)| {
                    let score = scores.all().get(lane)?;
                    let applies = taken.labels.get(lane).copied().flatten()?;
                    Some(Scored { window: score.window, whole: score.whole, applies })
                })
                .collect()
            };
            let plain = Calibrator { window: 1.0, ..Calibrator::default() };
            if label.scale == 0.0 {
                let never = Calibrator { bias: NEVER, ..Calibrator::default() };
                label.calibrators = PerGroup { zh: never, other: never };
                continue;
            }
            let all = calibrate::fit(&of(None)).unwrap_or(plain);
            for group in Group::ALL {
                let fitted = calibrate::fit(&of(Some(group))).unwrap_or(all);
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "a factor needs no more digits"
                )]
                let hits = category.hits as f32;
                *label.calibrators.get_mut(group) = Calibrator { hits, ..fitted };
            }
        }
    }

    /// Sets the thresholds of each language group by its everyday texts. Categories share what a preset allows, so that
    /// all together flag just that.
    fn set_thresholds(&self, header: &mut Header, scored: &ScoredRows<'_>) {
        let alarms = &self.recipe.alarms;
        let allowed =
            [alarms.low, alarms.balanced, alarms.strict].map(crate::config::units::Share::fraction);
        #[expect(clippy::cast_possible_truncation, reason = "a threshold needs no more digits")]
        let least =
            [alarms.least.low, alarms.least.balanced, alarms.least.strict].map(|it| it as f32);
        let parts: Vec<f64> = self.recipe.categories.iter().map(|(_, it)| it.part).collect();
        for group in Group::ALL {
            let everyday =
                scored.iter().filter(|(taken, scores)| taken.everyday && scores.group == group);
            let rows: Vec<Vec<f32>> = everyday
                .map(|(_, scores)| scores.all().iter().map(|it| it.probability).collect())
                .collect();
            let set = thresholds::set_together(&rows, &parts, allowed, least);
            for (label, thresholds) in header.labels.iter_mut().zip(set) {
                *label.thresholds.get_mut(group) = thresholds;
            }
        }
    }
}

/// How many buckets may have weights in a file of the size that the recipe allows.
fn rows_that_fit(recipe: &RecipeFile) -> usize {
    let map = (1_usize << recipe.training.bits) / 8;
    let left = recipe.training.file_bytes.saturating_sub(map + BESIDE_WEIGHTS);
    left / recipe.categories.iter().count().max(1)
}

/// Runs jobs 0 to `jobs` on so many threads; the results come in the order of the jobs.
pub(super) fn in_parallel<T: Send>(
    jobs: usize,
    threads: usize,
    run: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut results = Vec::new();
        loop {
            let job = next.fetch_add(1, Ordering::Relaxed);
            if job >= jobs {
                return results;
            }
            results.push((job, run(job)));
        }
    };
    let mut results = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(jobs)).map(|_| scope.spawn(work)).collect();
        let mut results = work();
        for other in others {
            match other.join() {
                Ok(more) => results.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    });
    results.sort_by_key(|(job, _)| *job);
    results.into_iter().map(|(_, result)| result).collect()
}
