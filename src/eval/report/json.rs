//! The report for programs.

use serde_json::{Map, Value, json};

use super::bars::{BarResult, Standing};
use super::measure::{Comparison, GroupLine, Groups, JudgeReport, Report, Slice};
use crate::eval::metrics::{Confusion, Disparity, Interval};
use crate::eval::probe::ProbeReport;
use crate::eval::table::{Example, Mistakes};

/// The most steps of a threshold sweep.
const SWEEP: usize = 21;

/// The report as `tidegate.eval/v1`. What has no value is `null`.
pub fn document(report: &Report, bars: &[BarResult]) -> Value {
    let about = &report.about;
    let counts = &report.counts;
    let bad: Vec<Value> = counts
        .shown_bad
        .iter()
        .map(|bad| json!({ "file": &*bad.place.file, "line": bad.place.line, "what": bad.what }))
        .collect();
    json!({
        "schema": "tidegate.eval/v1",
        "made": about.made,
        "data": about.data,
        "at_least": about.at_least,
        "bootstrap": { "rounds": about.rounds, "seed": about.seed, "level": 0.95 },
        "min_group": about.smallest_group,
        "rows": {
            "judged": counts.rows,
            "unlabelled": counts.unlabelled,
            "bad": counts.bad,
            "first_bad": bad,
        },
        "judges": report.judges.iter().zip(&counts.unscreened).map(judge).collect::<Vec<_>>(),
        "comparison": report.comparison.iter().map(comparison).collect::<Vec<_>>(),
        "bars": bars.iter().map(bar).collect::<Vec<_>>(),
    })
}

fn judge((judge, unscreened): (&JudgeReport, &u64)) -> Value {
    json!({
        "name": judge.name,
        "gives_probabilities": judge.gives_probabilities,
        "unscreened": unscreened,
        "slices": judge.slices.iter().map(slice).collect::<Vec<_>>(),
        "groups": judge.groups.iter().map(groups).collect::<Vec<_>>(),
        "counterfactual": judge.probe.as_ref().map(probe),
    })
}

fn slice(slice: &Slice) -> Value {
    let mut figures = Map::new();
    for (measure, value) in slice.figures.iter() {
        let [low, high] = ends(slice.interval(measure));
        figures
            .insert(measure.name().to_owned(), json!({ "value": value, "low": low, "high": high }));
    }
    let sweep: Vec<Value> = slice
        .curve
        .sweep(SWEEP)
        .into_iter()
        .map(
            |(threshold, counted)| json!({ "threshold": threshold, "counts": confusion(&counted) }),
        )
        .collect();
    let bins = slice.bins.map(|bins| {
        let bin = |bin: &crate::eval::metrics::Bin| {
            json!({
                "count": bin.count,
                "mean_score": bin.mean_score(),
                "share_of_positives": bin.share_of_positives(),
            })
        };
        bins.iter().map(bin).collect::<Vec<_>>()
    });
    json!({
        "category": slice.category,
        "language": slice.language,
        "rows": slice.confusion.total(),
        "confusion": confusion(&slice.confusion),
        "figures": figures,
        "sweep": sweep,
        "calibration": bins,
        "examples": slice.mistakes.as_ref().map(mistakes),
    })
}

fn confusion(counted: &Confusion) -> Value {
    json!({
        "true_positives": counted.hits,
        "false_positives": counted.false_alarms,
        "false_negatives": counted.misses,
        "true_negatives": counted.passes,
    })
}

fn mistakes(mistakes: &Mistakes) -> Value {
    let list = |examples: &[Example]| {
        let example = |one: &Example| {
            let reasons: Vec<&str> = one.reasons.iter().map(|reason| &**reason).collect();
            json!({
                "file": &*one.place.file,
                "line": one.place.line,
                "id": one.id,
                "text": one.text,
                "reasons": reasons,
            })
        };
        examples.iter().map(example).collect::<Vec<_>>()
    };
    json!({ "misses": list(&mistakes.misses), "false_alarms": list(&mistakes.false_alarms) })
}

fn groups(groups: &Groups) -> Value {
    json!({
        "field": groups.field,
        "category": groups.category,
        "groups": groups.lines.iter().map(group).collect::<Vec<_>>(),
        "disparity": disparity(&groups.disparity),
    })
}

fn group(line: &GroupLine) -> Value {
    let counted = &line.group.confusion;
    let rate = |value: Option<f64>, interval| {
        let [low, high] = ends(interval);
        json!({ "value": value, "low": low, "high": high })
    };
    json!({
        "name": line.group.name,
        "small": line.group.is_small,
        "rows": counted.total(),
        "confusion": confusion(counted),
        "selection_rate": rate(counted.selection_rate(), line.selection),
        "true_positive_rate": rate(counted.recall(), line.recall),
        "false_positive_rate": rate(counted.false_alarm_rate(), line.false_alarms),
        "precision": counted.precision(),
    })
}

fn disparity(disparity: &Disparity) -> Value {
    json!({
        "disparate_impact": disparity.disparate_impact,
        "equalized_odds_difference": disparity.equalized_odds,
        "equal_opportunity_difference": disparity.equal_opportunity,
        "predictive_equality_difference": disparity.predictive_equality,
        "predictive_parity_difference": disparity.predictive_parity,
    })
}

fn probe(probe: &ProbeReport) -> Value {
    let identities: Vec<Value> = probe
        .identities
        .iter()
        .map(|one| {
            json!({
                "language": one.language,
                "axis": one.axis,
                "name": one.line.group.name,
                "texts": one.line.group.confusion.total(),
                "selected": one.line.group.confusion.selected(),
                "flips": one.flipped,
            })
        })
        .collect();
    let flips: Vec<Value> = probe
        .shown
        .iter()
        .map(|flip| {
            json!({
                "text": flip.text,
                "phase": flip.phase.as_str(),
                "usual": flip.usual,
                "came": flip.came,
            })
        })
        .collect();
    json!({
        "templates": probe.templates,
        "texts": probe.texts,
        "unscreened": probe.unscreened,
        "flips": probe.flipped,
        "flip_rate": probe.flip_rate(),
        "score_gap": probe.score_gap,
        "disparity": disparity(&probe.disparity),
        "identities": identities,
        "first_flips": flips,
    })
}

fn comparison(one: &Comparison) -> Value {
    let mut differences = Map::new();
    for difference in &one.differences {
        let [low, high] = ends(difference.interval);
        differences.insert(
            difference.measure.name().to_owned(),
            json!({ "value": difference.value, "low": low, "high": high }),
        );
    }
    json!({
        "category": one.category,
        "only_first_right": one.dissent.counts.only_first,
        "only_second_right": one.dissent.counts.only_second,
        "mcnemar_p": one.dissent.p_value,
        "differences": differences,
    })
}

fn bar(result: &BarResult) -> Value {
    let standing = match result.standing() {
        Standing::Met => "met",
        Standing::Missed => "missed",
        Standing::Unmeasured => "unmeasured",
    };
    let bound = if result.from_below { "at_least" } else { "at_most" };
    json!({ "what": result.what, "value": result.value, bound: result.bound, "standing": standing })
}

fn ends(interval: Option<Interval>) -> [Option<f64>; 2] {
    [interval.map(|interval| interval.low), interval.map(|interval| interval.high)]
}
