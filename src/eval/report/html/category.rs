//! One category: figures, plots, examples.

use std::fmt::Write as _;

use super::{cell, grid};
use crate::eval::metrics::{Bin, Confusion, Measure, Step};
use crate::eval::report::measure::{JudgeReport, Report, Slice};
use crate::eval::report::plot::{Line, Plot, escape, matrix};
use crate::eval::table::Example;

/// The classes of the lines of the first and the second judge.
const CLASSES: [&str; 2] = ["a", "b"];
/// The most thresholds of the sweep.
const SWEEP: usize = 41;

/// The figures of every category in one table.
pub(super) fn overview(judge: &JudgeReport) -> String {
    let slices: Vec<&Slice> = judge.categories().collect();
    figures_of(&slices, |slice| escape(&slice.category))
}

fn figures_of(slices: &[&Slice], name: impl Fn(&Slice) -> String) -> String {
    let mut heading = ["", "rows", "labelled"].map(str::to_owned).to_vec();
    heading.extend(Measure::ALL.map(|measure| measure.title().to_owned()));
    let rows: Vec<Vec<String>> = slices
        .iter()
        .map(|slice| {
            let counted = &slice.confusion;
            let mut row =
                vec![name(slice), counted.total().to_string(), counted.positives().to_string()];
            let figures = slice.figures.iter();
            row.extend(figures.map(|(measure, value)| cell(value, slice.interval(measure))));
            row
        })
        .collect();
    grid(&heading, &rows)
}

/// Everything about a category, the plots of all judges in one.
pub(super) fn details(report: &Report, first: &Slice) -> String {
    let category = &first.category;
    let slices: Vec<(&JudgeReport, &Slice)> =
        report.judges.iter().filter_map(|judge| Some((judge, judge.whole(category)?))).collect();
    let open = if category == crate::eval::data::ANY { " open" } else { "" };
    let mut text = format!(
        "<details{open}><summary>{} – {} rows, {} labelled</summary><div class=\"plots\">",
        escape(category),
        first.confusion.total(),
        first.confusion.positives()
    );
    for (judge, slice) in &slices {
        if slices.len() > 1 {
            write!(
                text,
                "<div><p class=\"dim\">{}</p>{}</div>",
                escape(&judge.name),
                matrix(&slice.confusion)
            )
            .unwrap_or_default();
        } else {
            text.push_str(&matrix(&slice.confusion));
        }
    }
    let curve = |title, (x, y), diagonal, points: fn(&Slice) -> Vec<(f64, f64)>, dotted| {
        let lines = slices.iter().zip(CLASSES).map(|((judge, slice), class)| Line {
            class,
            name: if slices.len() > 1 { judge.name.clone() } else { String::new() },
            points: points(slice),
            dotted,
        });
        Plot { title, x, y, lines: lines.collect(), diagonal }.svg()
    };
    text.push_str(&curve("ROC", ("false-alarm rate", "recall"), true, roc, false));
    text.push_str(&curve("Precision and recall", ("recall", "precision"), false, precision, false));
    text.push_str(&curve("Calibration", ("mean score", "share labelled"), true, reliability, true));
    text.push_str("</div><div class=\"plots\">");
    for (judge, slice) in &slices {
        let title = format!("Threshold sweep – {}", judge.name);
        text.push_str(&sweep(&title, slice));
    }
    text.push_str("</div>");
    for (judge, _) in &slices {
        let of_category = judge.slices.iter().filter(|slice| slice.category == *category);
        let languages: Vec<&Slice> = of_category.filter(|slice| slice.language.is_some()).collect();
        if !languages.is_empty() {
            write!(text, "<h3>By language – {}</h3>", escape(&judge.name)).unwrap_or_default();
            let name = |slice: &Slice| escape(slice.language.as_deref().unwrap_or_default());
            text.push_str(&figures_of(&languages, name));
        }
    }
    for (judge, slice) in &slices {
        if let Some(mistakes) = &slice.mistakes {
            text.push_str(&examples(&format!("Misses – {}", judge.name), &mistakes.misses));
            text.push_str(&examples(
                &format!("False alarms – {}", judge.name),
                &mistakes.false_alarms,
            ));
        }
    }
    text.push_str("</details>");
    text
}

fn counted(slice: &Slice, step: &Step) -> Confusion {
    let (positives, negatives) = (slice.curve.positives(), slice.curve.negatives());
    Confusion {
        hits: step.hits,
        false_alarms: step.false_alarms,
        misses: positives - step.hits,
        passes: negatives - step.false_alarms,
    }
}

fn roc(slice: &Slice) -> Vec<(f64, f64)> {
    let step = |step: &Step| {
        let counted = counted(slice, step);
        Some((counted.false_alarm_rate()?, counted.recall()?))
    };
    let points: Vec<_> = slice.curve.steps().iter().filter_map(step).collect();
    if points.is_empty() { points } else { std::iter::once((0.0, 0.0)).chain(points).collect() }
}

fn precision(slice: &Slice) -> Vec<(f64, f64)> {
    let step = |step: &Step| {
        let counted = counted(slice, step);
        Some((counted.recall()?, counted.precision()?))
    };
    slice.curve.steps().iter().filter_map(step).collect()
}

fn reliability(slice: &Slice) -> Vec<(f64, f64)> {
    let point = |bin: &Bin| Some((bin.mean_score()?, bin.share_of_positives()?));
    slice.bins.iter().flatten().filter_map(point).collect()
}

fn sweep(title: &str, slice: &Slice) -> String {
    let mut swept = slice.curve.sweep(SWEEP);
    swept.reverse();
    let line = |class, name: &str, rate: fn(&Confusion) -> Option<f64>| Line {
        class,
        name: name.to_owned(),
        points: swept.iter().filter_map(|(at, counted)| Some((*at, rate(counted)?))).collect(),
        dotted: swept.len() <= 12,
    };
    let lines = vec![
        line("a", "recall", Confusion::recall),
        line("b", "false-alarm rate", Confusion::false_alarm_rate),
        line("c", "precision", Confusion::precision),
    ];
    Plot { title, x: "threshold", y: "rate", lines, diagonal: false }.svg()
}

fn examples(title: &str, list: &[Example]) -> String {
    if list.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "<h3>{}</h3><div class=\"scroll\"><table><thead><tr><th scope=\"col\">row</th><th scope=\"col\">text</th><th scope=\"col\">by</th></tr></thead><tbody>",
        escape(title)
    );
    for one in list {
        let reasons: Vec<String> = one.reasons.iter().map(|reason| escape(reason)).collect();
        let name = one.id.clone().unwrap_or_else(|| one.place.to_string());
        write!(
            text,
            "<tr><td>{}</td><td class=\"text\" dir=\"auto\">{}</td><td>{}</td></tr>",
            escape(&name),
            escape(&one.text),
            reasons.join(", ")
        )
        .unwrap_or_default();
    }
    text.push_str("</tbody></table></div>");
    text
}
