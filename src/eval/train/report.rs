//! How good a model is, by rows that no other part of the training has seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::lane::Fit;
use super::metrics::{Confusion, Judged, average_precision, cross_entropy, ratio, roc_auc};
use super::pipeline::ScoredRows;
use super::read::Row;
use super::rows::{Part, Selection};
use crate::detect::linear::{Label, Preset, Scores};
use crate::eval::metrics::{Measure, Resampling, Sample, Samples, intervals};

/// How often rows are drawn again for intervals.
const RESAMPLING: Resampling = Resampling { rounds: 500, seed: 1 };
/// Figures that have intervals.
const WITH_INTERVALS: [Measure; 5] =
    [Measure::AveragePrecision, Measure::RocAuc, Measure::Precision, Measure::Recall, Measure::F1];

/// Languages with fewer rows are told together with all others alone.
const FEWEST_ROWS: usize = 100;
/// Stands for all languages.
const ALL: &str = "all";

/// The report of a training.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Name and version of this form.
    pub schema: &'static str,
    /// Name of the model.
    pub name: String,
    /// Its revision.
    pub revision: String,
    /// Bytes of its file.
    pub bytes: usize,
    /// Weights of each category: buckets that have some, or numbers of an embedding.
    pub buckets: usize,
    /// Buckets that had weights, and were dropped so that the file stays small.
    pub dropped: usize,
    /// Rows by what they served for: training, tuning, report.
    pub rows: [usize; 3],
    /// Rows with the letters and labels of another.
    pub copies: usize,
    /// Rows beyond the cap of their source.
    pub capped: usize,
    /// What was learnt of each category.
    pub training: Vec<TrainingLine>,
    /// How well each category is told, by language.
    pub categories: Vec<CategoryLine>,
    /// What is flagged of harmless texts.
    pub benign: Vec<BenignLine>,
}

/// What was learnt of a category.
#[derive(Clone, Debug, Serialize)]
pub struct TrainingLine {
    /// Its name.
    pub category: String,
    /// Training rows to which it applies.
    pub positives: usize,
    /// Training rows to which it does not.
    pub negatives: usize,
    /// Passes until the best.
    pub epochs: usize,
    /// Cross-entropy of the tuning rows there, as weighted in training.
    pub loss: f64,
}

/// How well a category is told in a language. Figures that its rows cannot give are none.
#[derive(Clone, Debug, Serialize)]
pub struct CategoryLine {
    /// The category.
    pub category: String,
    /// The language; `all` for all.
    pub language: String,
    /// Rows that say whether it applies.
    pub rows: usize,
    /// Those to which it applies.
    pub positives: usize,
    /// Average precision.
    pub average_precision: Option<f64>,
    /// Area under the ROC curve.
    pub roc_auc: Option<f64>,
    /// Mean cross-entropy of the calibrated probabilities.
    pub cross_entropy: Option<f64>,
    /// Precision at the preset `balanced`.
    pub precision: Option<f64>,
    /// Recall at the preset `balanced`.
    pub recall: Option<f64>,
    /// F1 at the preset `balanced`.
    pub f1: Option<f64>,
    /// Recall at the preset `strict`.
    pub recall_strict: Option<f64>,
    /// Between which values figures lie with 95 % confidence, by their names: the percentile bootstrap. Those that
    /// have no value in half of the rounds are left out.
    pub intervals: BTreeMap<&'static str, [f64; 2]>,
}

/// What is flagged of harmless texts.
#[derive(Clone, Debug, Serialize)]
pub struct BenignLine {
    /// Which texts: `everyday` are those that thresholds are set by; `harmless` also those on subjects where harm is
    /// common; else a source.
    pub texts: String,
    /// The language group.
    pub group: &'static str,
    /// The category; `any` for all together.
    pub category: String,
    /// How many texts.
    pub rows: usize,
    /// The share that is flagged at each preset: low, balanced, strict.
    pub flagged: [f64; 3],
}

/// What a report says of a model, and judges by.
#[derive(Clone, Copy)]
pub(super) struct Sheet<'a> {
    pub(super) name: &'a str,
    pub(super) revision: &'a str,
    pub(super) labels: &'a [Label],
}

pub(super) fn report(
    model: Sheet<'_>,
    rows: &[Row],
    scored: &ScoredRows<'_>,
    selection: &Selection,
) -> Report {
    let count = |part| selection.taken.iter().filter(|taken| taken.part == part).count();
    let training = model.labels.iter().enumerate().map(|(lane, label)| {
        let told = |applies| {
            let rows = selection.taken.iter().filter(|taken| taken.part == Part::Train);
            rows.filter(|taken| taken.labels.get(lane).copied().flatten() == Some(applies)).count()
        };
        let category = label.name.clone();
        TrainingLine {
            category,
            positives: told(true),
            negatives: told(false),
            epochs: 0,
            loss: 0.0,
        }
    });
    Report {
        schema: "tidegate.training/v1",
        name: model.name.to_owned(),
        revision: model.revision.to_owned(),
        bytes: 0,
        buckets: 0,
        dropped: 0,
        rows: [Part::Train, Part::Tune, Part::Report].map(count),
        copies: selection.copies,
        capped: selection.capped,
        training: training.collect(),
        categories: categories(model, rows, scored),
        benign: benign(model, rows, scored),
    }
}

fn categories(model: Sheet<'_>, rows: &[Row], scored: &ScoredRows<'_>) -> Vec<CategoryLine> {
    let mut lines = Vec::new();
    for (lane, label) in model.labels.iter().enumerate() {
        let mut by_language: BTreeMap<&str, Vec<(Scores, bool)>> = BTreeMap::new();
        for (taken, scores) in scored {
            let Some(applies) = taken.labels.get(lane).copied().flatten() else { continue };
            let language = rows.get(taken.row).map_or("", |row| row.lang.as_str());
            for language in [ALL, language] {
                by_language.entry(language).or_default().push((*scores, applies));
            }
        }
        let told = by_language
            .into_iter()
            .filter(|(language, of)| *language == ALL || of.len() >= FEWEST_ROWS);
        lines.extend(told.map(|(language, of)| line(model, (lane, &label.name), language, &of)));
    }
    lines
}

fn line(
    model: Sheet<'_>,
    (lane, name): (usize, &str),
    language: &str,
    of: &[(Scores, bool)],
) -> CategoryLine {
    let judged: Vec<Judged> = of
        .iter()
        .filter_map(|(scores, applies)| {
            Some((f64::from(scores.all().get(lane)?.probability), *applies))
        })
        .collect();
    // Thresholds differ by language group, so what counts is whether a row is flagged.
    let at = |preset| {
        let flagged: Vec<Judged> = of
            .iter()
            .map(|(scores, applies)| {
                (f64::from(u8::from(is_flagged(model, scores, lane, preset))), *applies)
            })
            .collect();
        Confusion::at(&flagged, 0.5)
    };
    let balanced = at(Preset::Balanced);
    let samples = of.iter().filter_map(|(scores, applies)| {
        let score = f64::from(scores.all().get(lane)?.probability);
        let selected = is_flagged(model, scores, lane, Preset::Balanced);
        Some(Sample { label: *applies, score, selected })
    });
    CategoryLine {
        category: name.to_owned(),
        language: language.to_owned(),
        rows: judged.len(),
        positives: judged.iter().filter(|(_, applies)| *applies).count(),
        average_precision: average_precision(&judged),
        roc_auc: roc_auc(&judged),
        cross_entropy: cross_entropy(&judged),
        precision: balanced.precision(),
        recall: balanced.recall(),
        f1: balanced.f1(),
        recall_strict: at(Preset::Strict).recall(),
        intervals: between(&samples.collect::<Vec<_>>()),
    }
}

/// The intervals of the figures that have any.
fn between(samples: &[Sample]) -> BTreeMap<&'static str, [f64; 2]> {
    let Some(samples) = Samples::new(samples) else { return BTreeMap::new() };
    let all = intervals(&samples, RESAMPLING).into_iter();
    all.filter(|(measure, _)| WITH_INTERVALS.contains(measure))
        .filter_map(|(measure, interval)| interval.map(|it| (measure.name(), [it.low, it.high])))
        .collect()
}

fn is_flagged(model: Sheet<'_>, scores: &Scores, lane: usize, preset: Preset) -> bool {
    let threshold = model.labels.get(lane).map(|it| it.thresholds.get(scores.group).at(preset));
    scores
        .all()
        .get(lane)
        .zip(threshold)
        .is_some_and(|(score, threshold)| score.probability >= threshold)
}

fn benign(model: Sheet<'_>, rows: &[Row], scored: &ScoredRows<'_>) -> Vec<BenignLine> {
    let mut sets: BTreeMap<(u8, &str, &str), Vec<&Scores>> = BTreeMap::new();
    for (taken, scores) in scored.iter().filter(|(taken, _)| taken.harmless) {
        let group = scores.group.name();
        let source = rows.get(taken.row).map_or("", |row| row.source.as_str());
        sets.entry((2, source, group)).or_default().push(scores);
        sets.entry((1, "harmless", group)).or_default().push(scores);
        if taken.everyday {
            sets.entry((0, "everyday", group)).or_default().push(scores);
        }
    }
    let mut lines = Vec::new();
    for ((rank, texts, group), of) in sets {
        let flagged = |lanes: &BTreeSet<usize>, preset| {
            let is_one = |scores: &&&Scores| {
                lanes.iter().any(|&lane| is_flagged(model, scores, lane, preset))
            };
            ratio(of.iter().filter(is_one).count(), of.len()).unwrap_or_default()
        };
        let mut push = |category: &str, lanes: &BTreeSet<usize>| {
            let flagged = Preset::ALL.map(|preset| flagged(lanes, preset));
            let (texts, category) = (texts.to_owned(), category.to_owned());
            lines.push(BenignLine { texts, group, category, rows: of.len(), flagged });
        };
        let all: BTreeSet<usize> = (0..model.labels.len()).collect();
        push("any", &all);
        // Of single sources the sum is enough.
        for (lane, label) in model.labels.iter().enumerate().filter(|_| rank < 2) {
            push(&label.name, &BTreeSet::from([lane]));
        }
    }
    lines
}

impl Report {
    /// Notes how the learning went.
    pub(super) fn tell_of(&mut self, fits: &[Fit]) {
        for (line, fit) in self.training.iter_mut().zip(fits) {
            (line.epochs, line.loss) = (fit.epochs, fit.loss);
        }
    }

    /// The report as JSON.
    pub fn json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The report as tables.
    pub fn table(&self) -> String {
        // Writing to a string cannot fail.
        let mut out = String::new();
        self.write_table(&mut out).unwrap_or_default();
        out
    }

    fn write_table(&self, out: &mut String) -> std::fmt::Result {
        let [train, tune, report] = self.rows;
        writeln!(
            out,
            "model {} {}: {} bytes, {} weights a category",
            self.name, self.revision, self.bytes, self.buckets
        )?;
        writeln!(
            out,
            "rows: {train} to train, {tune} to tune, {report} to report on; {} copies and {} beyond caps left out",
            self.copies, self.capped
        )?;
        writeln!(
            out,
            "\n{:<12} {:>9} {:>9} {:>7} {:>8}",
            "learnt", "positives", "negatives", "passes", "loss"
        )?;
        for it in &self.training {
            writeln!(
                out,
                "{:<12} {:>9} {:>9} {:>7} {:>8.4}",
                it.category, it.positives, it.negatives, it.epochs, it.loss
            )?;
        }
        writeln!(
            out,
            "\n{:<12} {:<4} {:>7} {:>9} {:>6} {:>6} {:>8} {:>9} {:>6} {:>6} {:>13}",
            "category",
            "lang",
            "rows",
            "positives",
            "AP",
            "ROC",
            "entropy",
            "precision",
            "recall",
            "F1",
            "strict recall"
        )?;
        for it in &self.categories {
            writeln!(
                out,
                "{:<12} {:<4} {:>7} {:>9} {:>6} {:>6} {:>8} {:>9} {:>6} {:>6} {:>13}",
                it.category,
                it.language,
                it.rows,
                it.positives,
                figure(it.average_precision),
                figure(it.roc_auc),
                figure(it.cross_entropy),
                figure(it.precision),
                figure(it.recall),
                figure(it.f1),
                figure(it.recall_strict)
            )?;
        }
        writeln!(
            out,
            "\n{:<28} {:<6} {:<12} {:>6} {:>8} {:>9} {:>8}",
            "flagged of harmless texts", "group", "category", "rows", "low", "balanced", "strict"
        )?;
        for it in &self.benign {
            let [low, balanced, strict] = it.flagged.map(|share| format!("{:.2}%", 100.0 * share));
            writeln!(
                out,
                "{:<28} {:<6} {:<12} {:>6} {low:>8} {balanced:>9} {strict:>8}",
                it.texts, it.group, it.category, it.rows
            )?;
        }
        Ok(())
    }
}

fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}
