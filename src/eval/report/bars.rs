//! Figures against what was asked for.

use std::fmt;

use super::measure::{Groups, JudgeReport, Report};
use crate::eval::data::ANY;
use crate::eval::metrics::{Confusion, Measure};
use crate::eval::probe::ProbeReport;

/// Less than one row among all that can be measured makes of a rate.
const TRIFLE: f64 = 1e-12;

/// What is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarKind {
    /// Recall, from below.
    MinRecall,
    /// Precision, from below.
    MinPrecision,
    /// The false-alarm rate, from above.
    MaxFalseAlarmRate,
    /// The disparate impact of each field of groups but that of languages, from below.
    MinDisparateImpact,
    /// The rate of flips, from above.
    MaxFlips,
}

/// One bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What is bounded.
    pub kind: BarKind,
    /// The category; `None` for `any`, or for every category where the data do not have it.
    pub category: Option<String>,
    /// The bound, from 0 to 1.
    pub bound: f64,
}

/// How a figure stands to its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It keeps to it.
    Met,
    /// It does not.
    Missed,
    /// There is no figure: nothing says that the bound is kept.
    Unmeasured,
}

/// One figure and its bound.
#[derive(Clone, Debug, PartialEq)]
pub struct BarResult {
    /// What is bounded, for people: `recall of hate`.
    pub what: String,
    /// The figure.
    pub value: Option<f64>,
    /// The bound.
    pub bound: f64,
    /// Whether the figure must not lie below it; else not above.
    pub from_below: bool,
}

/// Whether a rate keeps to a bound from below. Rates are quotients: 0.8 may come out a trifle lower, and is 0.8.
pub(super) fn at_least(value: f64, bound: f64) -> bool {
    value >= bound - TRIFLE
}

// === impl BarResult ===

impl BarResult {
    /// How the figure stands.
    pub fn standing(&self) -> Standing {
        match self.value {
            None => Standing::Unmeasured,
            Some(value) if self.from_below && !at_least(value, self.bound) => Standing::Missed,
            Some(value) if !self.from_below && !at_least(self.bound, value) => Standing::Missed,
            Some(_) => Standing::Met,
        }
    }
}

impl fmt::Display for BarResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, word) = match (self.from_below, self.standing()) {
            (true, Standing::Met) => ("≥", "met"),
            (false, Standing::Met) => ("≤", "met"),
            (true, Standing::Missed) => ("≥", "missed"),
            (false, Standing::Missed) => ("≤", "missed"),
            (true, Standing::Unmeasured) => ("≥", "not measurable"),
            (false, Standing::Unmeasured) => ("≤", "not measurable"),
        };
        match self.value {
            Some(value) => {
                write!(f, "{word}: {} is {value:.4}, to be {sign} {}", self.what, self.bound)
            }
            None => write!(f, "{word}: {}, to be {sign} {}", self.what, self.bound),
        }
    }
}

/// Holds the first judge to every bar; a bar may come to several figures. One that comes to none is unmeasured.
pub fn check_bars(report: &Report, bars: &[Bar]) -> Vec<BarResult> {
    let Some(judge) = report.judges.first() else { return Vec::new() };
    bars.iter().flat_map(|bar| bar.results(judge)).collect()
}

// === impl Bar ===

impl Bar {
    fn results(&self, judge: &JudgeReport) -> Vec<BarResult> {
        let of = |value: fn(&Confusion) -> Option<f64>, measure: Measure, from_below| {
            let results = self.categories(judge).into_iter().map(|category| {
                let slice = judge.whole(&category);
                let value = slice.and_then(|slice| value(&slice.confusion));
                let what = format!("{} of {category}", measure.title());
                BarResult { what, value, bound: self.bound, from_below }
            });
            results.collect()
        };
        match self.kind {
            BarKind::MinRecall => of(Confusion::recall, Measure::Recall, true),
            BarKind::MinPrecision => of(Confusion::precision, Measure::Precision, true),
            BarKind::MaxFalseAlarmRate => {
                of(Confusion::false_alarm_rate, Measure::FalseAlarmRate, false)
            }
            BarKind::MinDisparateImpact => self.impacts(judge),
            BarKind::MaxFlips => vec![BarResult {
                what: "rate of counterfactual flips".to_owned(),
                value: judge.probe.as_ref().and_then(ProbeReport::flip_rate),
                bound: self.bound,
                from_below: false,
            }],
        }
    }

    /// The categories that are meant. One that is not there stays, so that it is told of.
    fn categories(&self, judge: &JudgeReport) -> Vec<String> {
        match &self.category {
            Some(category) => vec![category.clone()],
            None if judge.whole(ANY).is_some() => vec![ANY.to_owned()],
            None => judge.categories().map(|slice| slice.category.clone()).collect(),
        }
    }

    fn impacts(&self, judge: &JudgeReport) -> Vec<BarResult> {
        let wanted = self.categories(judge);
        let meant = |groups: &&Groups| !groups.is_language && wanted.contains(&groups.category);
        let groups = judge.groups.iter().filter(meant);
        let mut results: Vec<BarResult> = groups
            .map(|groups| BarResult {
                what: format!("disparate impact of {} by {}", groups.category, groups.field),
                value: groups.disparity.disparate_impact,
                bound: self.bound,
                from_below: true,
            })
            .collect();
        if results.is_empty() {
            let what = "disparate impact: no row has a group".to_owned();
            results.push(BarResult { what, value: None, bound: self.bound, from_below: true });
        }
        results
    }
}
