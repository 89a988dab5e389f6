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

/// What a line is drawn through.
type Points = fn(&Slice) -> Vec<(f64, f64)>;

/// The slices of one category, each with its judge.
type Side<'r> = (&'r JudgeReport, &'r Slice);

/// Everything about a category, the plots of all judges in one.
pub(super) fn details(report: &Report, first: &Slice) -> String {
    let category = &first.category;
    let sides: Vec<Side<'_>> =
        report.judges.iter().filter_map(|judge| Some((judge, judge.whole(category)?))).collect();
    let open = if category == crate::eval::data::ANY { " open" } else { "" };
    let mut text = format!(
        "<details{open}><summary>{} – {} rows, {} labelled</summary>{}",
        escape(category),
        first.confusion.total(),
        first.confusion.positives(),
        plots(&sides)
    );
    for (judge, slice) in &sides {
        text.push_str(&languages(judge, category));
        if let Some(mistakes) = &slice.mistakes {
            text.push_str(&examples("Misses", judge, &mistakes.misses));
            text.push_str(&examples("False alarms", judge, &mistakes.false_alarms));
        }
    }
    text.push_str("</details>");
    text
}

fn plots(sides: &[Side<'_>]) -> String {
    let mut text = "<div class=\"plots\">".to_owned();
    let several = sides.len() > 1;
    for (judge, slice) in sides {
        let name = if several { judge.name.as_str() } else { "" };
        text.push_str(&matrix(name, &slice.confusion));
    }
    let lines = |points: Points, dotted, stepped| {
        let line = |((judge, slice), class): (&Side<'_>, _)| Line {
            class,
            name: if several { judge.name.clone() } else { String::new() },
            points: points(slice),
            dotted,
            stepped,
        };
        sides.iter().zip(CLASSES).map(line).collect::<Vec<_>>()
    };
    let curves = [
        Plot {
            title: "ROC",
            x: "false-alarm rate",
            y: "recall",
            lines: lines(roc, false, false),
            diagonal: true,
        },
        Plot {
            title: "Precision and recall",
            x: "recall",
            y: "precision",
            lines: lines(precision, false, true),
            diagonal: false,
        },
        Plot {
            title: "Calibration",
            x: "mean score",
            y: "share labelled",
            lines: lines(reliability, true, false),
            diagonal: true,
        },
    ];
    text.extend(curves.iter().map(Plot::svg));
    for (judge, slice) in sides {
        text.push_str(&sweep(&format!("Threshold sweep – {}", judge.name), slice));
    }
    text.push_str("</div>");
    text
}

fn languages(judge: &JudgeReport, category: &str) -> String {
    let of_category = judge.slices.iter().filter(|slice| slice.category == category);
    let slices: Vec<&Slice> = of_category.filter(|slice| slice.language.is_some()).collect();
    if slices.is_empty() {
        return String::new();
    }
    let name = |slice: &Slice| escape(slice.language.as_deref().unwrap_or_default());
    format!("<h3>By language – {}</h3>{}", escape(&judge.name), figures_of(&slices, name))
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
    let points: Vec<(f64, f64)> = slice.curve.steps().iter().filter_map(step).collect();
    let first = points.first().map(|(_, precision)| (0.0, *precision));
    first.into_iter().chain(points).collect()
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
        stepped: true,
    };
    let lines = vec![
        line("a", "recall", Confusion::recall),
        line("b", "false-alarm rate", Confusion::false_alarm_rate),
        line("c", "precision", Confusion::precision),
    ];
    Plot { title, x: "threshold", y: "rate", lines, diagonal: false }.svg()
}

fn examples(title: &str, judge: &JudgeReport, list: &[Example]) -> String {
    if list.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "<h3>{title} – {}</h3><div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">row</th><th scope=\"col\">text</th><th scope=\"col\">by</th></tr></thead><tbody>",
        escape(&judge.name)
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
