//! The report as tables of plain text.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::bars::at_least;
use super::measure::{Comparison, Groups, JudgeReport, Report, Slice};
use crate::eval::data::ANY;
use crate::eval::metrics::{Difference, FOUR_FIFTHS, Interval, Measure};
use crate::eval::probe::ProbeReport;

/// The measures of the first table; the second has the others.
const FIRST: [Measure; 6] = [
    Measure::Precision,
    Measure::Recall,
    Measure::F1,
    Measure::FalseAlarmRate,
    Measure::RocAuc,
    Measure::AveragePrecision,
];
const SECOND: [Measure; 6] = [
    Measure::CrossEntropy,
    Measure::Brier,
    Measure::CalibrationError,
    Measure::RecallAtLow,
    Measure::RecallAtBalanced,
    Measure::RecallAtStrict,
];

/// What stands for a figure that has no meaning here.
const NONE: &str = "–";

/// The report for a terminal.
pub fn table(report: &Report) -> String {
    let mut text = String::new();
    let counts = &report.counts;
    push(&mut text, &format!("data: {}\n", report.about.data.join(", ")));
    push(
        &mut text,
        &format!(
            "rows: {} judged, {} of them without a label; {} not usable\n",
            counts.rows, counts.unlabelled, counts.bad
        ),
    );
    for (judge, unscreened) in report.judges.iter().zip(&counts.unscreened) {
        let left = if *unscreened > 0 {
            format!("; no answer for {unscreened} rows, which are in no figure")
        } else {
            String::new()
        };
        push(&mut text, &format!("\n== {}{left}\n", judge.name));
        judge_tables(judge, report, &mut text);
    }
    if !report.comparison.is_empty() {
        comparison(&report.comparison, &mut text);
    }
    text
}

fn judge_tables(judge: &JudgeReport, report: &Report, text: &mut String) {
    if judge.slices.is_empty() {
        push(text, "no row is annotated with a category that was asked for\n");
        return;
    }
    for measures in [FIRST, SECOND] {
        let mut rows = vec![heading(&measures)];
        rows.extend(judge.slices.iter().map(|slice| line(slice, &measures)));
        push(text, "\n");
        push(text, &grid(&rows));
    }
    push(
        text,
        &format!(
            "\nFPR: false-alarm rate. AP: average precision. ECE: calibration error. R@1%: the best recall at 1 % false alarms.\n\
             In brackets: 95 % intervals, {} rounds of the bootstrap, seed {}.\n",
            report.about.rounds, report.about.seed
        ),
    );
    if !judge.gives_probabilities {
        push(
            text,
            "Scores are parts of the policy's lowest threshold, no probabilities: cross-entropy, Brier score and \
             calibration error say how far they are from being so.\n",
        );
    }
    let several = || judge.groups.iter().filter(|groups| groups.lines.len() > 1);
    let (shown, left): (Vec<&Groups>, Vec<&Groups>) =
        several().partition(|groups| groups.category == ANY || alert(groups).is_some());
    for groups in shown {
        push(text, &group_table(groups, report.about.smallest_group));
    }
    if !left.is_empty() {
        let left = left.len();
        push(
            text,
            &format!("\nNo alert in {left} more tables of groups; the page and JSON have them.\n"),
        );
    }
    if let Some(probe) = &judge.probe {
        push(text, &probe_table(probe));
    }
}

fn heading(measures: &[Measure]) -> Vec<String> {
    let mut heading = vec!["category".to_owned(), "rows".to_owned(), "labelled".to_owned()];
    heading.extend(measures.iter().map(|measure| measure.short().to_owned()));
    heading
}

fn line(slice: &Slice, measures: &[Measure]) -> Vec<String> {
    let name = match &slice.language {
        Some(language) => format!("  {language}"),
        None => slice.category.clone(),
    };
    let confusion = &slice.confusion;
    let mut line = vec![name, confusion.total().to_string(), confusion.positives().to_string()];
    line.extend(
        measures
            .iter()
            .map(|measure| figure(slice.figures.get(*measure), slice.interval(*measure))),
    );
    line
}

/// A figure with its interval.
pub(super) fn figure(value: Option<f64>, interval: Option<Interval>) -> String {
    match (value, interval) {
        (None, _) => NONE.to_owned(),
        (Some(value), None) => format!("{value:.3}"),
        (Some(value), Some(Interval { low, high })) => format!("{value:.3} [{low:.2}, {high:.2}]"),
    }
}

/// Says that a ratio of selection rates is lower than the four-fifths rule allows.
pub(super) fn alert(groups: &Groups) -> Option<String> {
    let impact = groups.disparity.disparate_impact?;
    if at_least(impact, FOUR_FIFTHS) {
        return None;
    }
    Some(format!("disparate impact {impact:.3} is under {FOUR_FIFTHS} (the four-fifths rule)"))
}

fn group_table(groups: &Groups, smallest: u64) -> String {
    let title = format!("\n{} by {}", groups.category, groups.field);
    let heading = [
        "group",
        "rows",
        "labelled",
        "selected",
        "recall (TPR)",
        "false alarms (FPR)",
        "precision",
    ];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for line in &groups.lines {
        let confusion = &line.group.confusion;
        let mark = if line.group.is_small { " *" } else { "" };
        rows.push(vec![
            format!("{}{mark}", line.group.name),
            confusion.total().to_string(),
            confusion.positives().to_string(),
            figure(confusion.selection_rate(), line.selection),
            figure(confusion.recall(), line.recall),
            figure(confusion.false_alarm_rate(), line.false_alarms),
            figure(confusion.precision(), None),
        ]);
    }
    let disparity = &groups.disparity;
    let mut text = format!("{title}\n{}", grid(&rows));
    if groups.lines.iter().any(|line| line.group.is_small) {
        push(&mut text, &format!("* fewer than {smallest} rows: shown, and not compared\n"));
    }
    push(
        &mut text,
        &format!(
            "disparate impact {}, equalized odds difference {}, equal opportunity difference {}, predictive parity difference {}\n",
            figure(disparity.disparate_impact, None),
            figure(disparity.equalized_odds, None),
            figure(disparity.equal_opportunity, None),
            figure(disparity.predictive_parity, None),
        ),
    );
    if let Some(alert) = alert(groups) {
        push(&mut text, &format!("ALERT: {alert}\n"));
    }
    text
}

fn probe_table(probe: &ProbeReport) -> String {
    let mut text = format!(
        "\ncounterfactual check: {} sentences, {} texts; {} flips, rate {}; mean gap of scores {}\n",
        probe.templates,
        probe.texts,
        probe.flipped,
        figure(probe.flip_rate(), None),
        figure(probe.score_gap, None),
    );
    if probe.unscreened > 0 {
        push(
            &mut text,
            &format!("no answer for {} texts, which are in no rate\n", probe.unscreened),
        );
    }
    let noted = |one: &&crate::eval::probe::IdentityLine| {
        one.flipped > 0 || one.line.group.confusion.selected() > 0
    };
    let mut rows = vec![
        ["language", "axis", "group", "texts", "flips", "false alarms"].map(str::to_owned).to_vec(),
    ];
    for one in probe.identities.iter().filter(noted) {
        let confusion = &one.line.group.confusion;
        rows.push(vec![
            one.language.clone(),
            one.axis.clone(),
            one.line.group.name.clone(),
            confusion.total().to_string(),
            one.flipped.to_string(),
            figure(confusion.false_alarm_rate(), one.line.false_alarms),
        ]);
    }
    if rows.len() > 1 {
        push(&mut text, &grid(&rows));
    }
    for flip in probe.shown.iter().take(5) {
        let (usual, came) = (flip.usual.join(", "), flip.came.join(", "));
        push(
            &mut text,
            &format!(
                "  {} `{}`: [{came}], most groups: [{usual}]\n",
                flip.phase.as_str(),
                flip.text
            ),
        );
    }
    text
}

fn comparison(list: &[Comparison], text: &mut String) {
    push(text, "\n== the second less the first, on the same rows\n\n");
    let mut rows = vec![vec!["category".to_owned()]];
    let measures = [
        Measure::Precision,
        Measure::Recall,
        Measure::F1,
        Measure::FalseAlarmRate,
        Measure::AveragePrecision,
    ];
    if let Some(heading) = rows.first_mut() {
        heading.extend(measures.iter().map(|measure| measure.title().to_owned()));
        heading.extend(["only first right", "only second right", "McNemar p"].map(str::to_owned));
    }
    for one in list {
        let mut row = vec![one.category.clone()];
        for measure in measures {
            let found = one.differences.iter().find(|difference| difference.measure == measure);
            row.push(found.map_or_else(|| NONE.to_owned(), difference));
        }
        row.push(one.dissent.counts.only_first.to_string());
        row.push(one.dissent.counts.only_second.to_string());
        row.push(one.dissent.p_value.map_or_else(|| NONE.to_owned(), p_value));
        rows.push(row);
    }
    push(text, &grid(&rows));
    push(text, "Better and worse stand where 0 lies outside of the interval.\n");
}

fn difference(found: &Difference) -> String {
    let shown = figure(found.value, found.interval);
    match clear(found) {
        Some(word) => format!("{shown} {word}"),
        None => shown,
    }
}

/// Whether a difference is for the better, where it is clear.
pub(super) fn clear(found: &Difference) -> Option<&'static str> {
    found.is_better().map(|is_better| if is_better { "better" } else { "worse" })
}

/// A probability that may be very small.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 { format!("{p:.1e}") } else { format!("{p:.3}") }
}

/// Columns that line up: the first to the left, the others to the right.
fn grid(rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        for (place, cell) in row.iter().enumerate() {
            match widths.get_mut(place) {
                Some(width) => *width = (*width).max(cell.width()),
                None => widths.push(cell.width()),
            }
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (place, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let blank = " ".repeat(width.saturating_sub(cell.width()));
            if place == 0 {
                push(&mut line, &format!("{cell}{blank}"));
            } else {
                push(&mut line, &format!("  {blank}{cell}"));
            }
        }
        push(&mut text, line.trim_end());
        push(&mut text, "\n");
    }
    text
}

fn push(text: &mut String, more: &str) {
    // Writing to a string does not fail.
    text.write_str(more).unwrap_or_default();
}
