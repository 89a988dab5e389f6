//! All figures of one set of samples at once, so that the bootstrap can have them again and again.

use super::calibration::{calibration, calibration_error};
use super::curve::Curve;
use super::samples::Samples;

/// What is measured. The order is that of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Of what was selected, the part that is labelled.
    Precision,
    /// Of what is labelled, the part that was selected.
    Recall,
    /// The harmonic mean of the two.
    F1,
    /// Of what is free of the category, the part that was selected.
    FalseAlarmRate,
    /// The area under recall over false-alarm rate.
    RocAuc,
    /// The area under precision over recall, by steps.
    AveragePrecision,
    /// Mean −ln of the probability given to the label, in nats.
    CrossEntropy,
    /// Mean squared distance of score and label.
    Brier,
    /// How far scores are from the parts that are labelled.
    CalibrationError,
    /// The best recall at no more than 0.2 % false alarms, the preset `low`.
    RecallAtLow,
    /// The best recall at no more than 1 % false alarms, the preset `balanced`.
    RecallAtBalanced,
    /// The best recall at no more than 5 % false alarms, the preset `strict`.
    RecallAtStrict,
}

/// How many measures there are.
const COUNT: usize = Measure::ALL.len();

// === impl Measure ===

impl Measure {
    /// All of them, in order.
    pub const ALL: [Self; 12] = [
        Self::Precision,
        Self::Recall,
        Self::F1,
        Self::FalseAlarmRate,
        Self::RocAuc,
        Self::AveragePrecision,
        Self::CrossEntropy,
        Self::Brier,
        Self::CalibrationError,
        Self::RecallAtLow,
        Self::RecallAtBalanced,
        Self::RecallAtStrict,
    ];

    /// The name in machine-readable output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::F1 => "f1",
            Self::FalseAlarmRate => "false_alarm_rate",
            Self::RocAuc => "roc_auc",
            Self::AveragePrecision => "average_precision",
            Self::CrossEntropy => "cross_entropy",
            Self::Brier => "brier",
            Self::CalibrationError => "calibration_error",
            Self::RecallAtLow => "recall_at_fpr_0.002",
            Self::RecallAtBalanced => "recall_at_fpr_0.01",
            Self::RecallAtStrict => "recall_at_fpr_0.05",
        }
    }

    /// The name for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::F1 => "F1",
            Self::FalseAlarmRate => "false-alarm rate",
            Self::RocAuc => "ROC-AUC",
            Self::AveragePrecision => "average precision",
            Self::CrossEntropy => "cross-entropy (nats)",
            Self::Brier => "Brier score",
            Self::CalibrationError => "calibration error",
            Self::RecallAtLow => "recall at 0.2 % false alarms",
            Self::RecallAtBalanced => "recall at 1 % false alarms",
            Self::RecallAtStrict => "recall at 5 % false alarms",
        }
    }

    /// The name for the heads of narrow columns.
    pub const fn short(self) -> &'static str {
        match self {
            Self::FalseAlarmRate => "FPR",
            Self::AveragePrecision => "AP",
            Self::CrossEntropy => "cross-entropy",
            Self::Brier => "Brier",
            Self::CalibrationError => "ECE",
            Self::RecallAtLow => "R@0.2%",
            Self::RecallAtBalanced => "R@1%",
            Self::RecallAtStrict => "R@5%",
            Self::Precision | Self::Recall | Self::F1 | Self::RocAuc => self.title(),
        }
    }

    /// Whether a higher value is better.
    pub const fn higher_is_better(self) -> bool {
        !matches!(
            self,
            Self::FalseAlarmRate | Self::CrossEntropy | Self::Brier | Self::CalibrationError
        )
    }
}

/// One value for each measure; `None` where it has no meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures([Option<f64>; COUNT]);

// === impl Figures ===

impl Figures {
    /// The value of a measure.
    pub fn get(&self, measure: Measure) -> Option<f64> {
        self.0.get(measure as usize).copied().flatten()
    }

    /// Every measure with its value.
    pub fn iter(&self) -> impl Iterator<Item = (Measure, Option<f64>)> + '_ {
        Measure::ALL.into_iter().zip(self.0.iter().copied())
    }
}

/// Measures everything. With weights, each sample counts as often as its weight says.
pub fn figures(samples: &Samples, weights: Option<&[u32]>) -> Figures {
    let confusion = samples.confusion(weights);
    let curve = Curve::of(samples, weights);
    let bins = calibration(samples, weights);
    let of = |measure: Measure| match measure {
        Measure::Precision => confusion.precision(),
        Measure::Recall => confusion.recall(),
        Measure::F1 => confusion.f1(),
        Measure::FalseAlarmRate => confusion.false_alarm_rate(),
        Measure::RocAuc => curve.roc_auc(),
        Measure::AveragePrecision => curve.average_precision(),
        Measure::CrossEntropy => samples.cross_entropy(weights),
        Measure::Brier => samples.brier(weights),
        Measure::CalibrationError => bins.as_ref().and_then(calibration_error),
        Measure::RecallAtLow => curve.recall_at(0.002),
        Measure::RecallAtBalanced => curve.recall_at(0.01),
        Measure::RecallAtStrict => curve.recall_at(0.05),
    };
    Figures(Measure::ALL.map(of))
}
