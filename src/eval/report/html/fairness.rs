//! Groups, and sentences in which only a group changes.

use std::fmt::Write as _;

use super::{cell, grid};
use crate::eval::data::ANY;
use crate::eval::metrics::Disparity;
use crate::eval::probe::{Flip, ProbeReport};
use crate::eval::report::measure::{GroupLine, Groups, Report};
use crate::eval::report::plot::{BarLine, bars, escape};
use crate::eval::report::text::{alert, figure};

/// What is known of groups; empty where nothing is.
pub(super) fn section(report: &Report) -> String {
    let mut text = String::new();
    for judge in &report.judges {
        let several = judge.groups.iter().filter(|groups| groups.lines.len() > 1);
        let all: Vec<&Groups> = several.collect();
        if all.is_empty() && judge.probe.is_none() {
            continue;
        }
        write!(text, "<h2>Fairness – {}</h2>", escape(&judge.name)).unwrap_or_default();
        for one in all {
            text.push_str(&groups(one, report.about.smallest_group));
        }
        if let Some(found) = &judge.probe {
            text.push_str(&probe(found));
        }
    }
    text
}

fn groups(groups: &Groups, smallest: u64) -> String {
    let alert = alert(groups).map(|alert| format!("<p class=\"alert\">{}</p>", escape(&alert)));
    let open = if groups.category == ANY && !groups.is_language { " open" } else { "" };
    let mark = if alert.is_some() { " – <span class=\"alert\">alert</span>" } else { "" };
    let mut text = format!(
        "<details{open}><summary>{} by {}{mark}</summary>{}<div class=\"plots\">",
        escape(&groups.category),
        escape(&groups.field),
        alert.unwrap_or_default()
    );
    let bar = |line: &GroupLine, value, interval| BarLine {
        name: format!("{}{}", if line.group.is_small { "* " } else { "" }, line.group.name),
        value,
        interval,
    };
    let of = |title: &str, rate: &dyn Fn(&GroupLine) -> BarLine| {
        bars(title, &groups.lines.iter().map(rate).collect::<Vec<_>>())
    };
    text.push_str(&of("Selected", &|line| {
        bar(line, line.group.confusion.selection_rate(), line.selection)
    }));
    text.push_str(&of("Recall (true positive rate)", &|line| {
        bar(line, line.group.confusion.recall(), line.recall)
    }));
    text.push_str(&of("False alarms (false positive rate)", &|line| {
        bar(line, line.group.confusion.false_alarm_rate(), line.false_alarms)
    }));
    text.push_str("</div>");
    let heading = ["group", "rows", "labelled", "selected", "recall", "false alarms", "precision"];
    let rows: Vec<Vec<String>> = groups
        .lines
        .iter()
        .map(|line| {
            let counted = &line.group.confusion;
            let mark = if line.group.is_small { " *" } else { "" };
            vec![
                format!("{}{mark}", escape(&line.group.name)),
                counted.total().to_string(),
                counted.positives().to_string(),
                cell(counted.selection_rate(), line.selection),
                cell(counted.recall(), line.recall),
                cell(counted.false_alarm_rate(), line.false_alarms),
                cell(counted.precision(), None),
            ]
        })
        .collect();
    text.push_str(&grid(&heading.map(str::to_owned), &rows));
    if groups.lines.iter().any(|line| line.group.is_small) {
        write!(text, "<p class=\"dim\">* fewer than {smallest} rows: shown, and not compared</p>")
            .unwrap_or_default();
    }
    text.push_str(&differences(&groups.disparity));
    text.push_str("</details>");
    text
}

fn differences(disparity: &Disparity) -> String {
    format!(
        "<p>Disparate impact {}, equalized odds difference {}, equal opportunity difference {}, predictive parity difference {}.</p>",
        figure(disparity.disparate_impact, None),
        figure(disparity.equalized_odds, None),
        figure(disparity.equal_opportunity, None),
        figure(disparity.predictive_parity, None),
    )
}

fn probe(probe: &ProbeReport) -> String {
    let mut text = format!(
        "<details open><summary>Counterfactual check</summary><p>{} sentences, {} texts; <strong>{} flips</strong>, rate {}. Mean gap of scores {}.</p>",
        probe.templates,
        probe.texts,
        probe.flipped,
        figure(probe.flip_rate(), None),
        figure(probe.score_gap, None),
    );
    if probe.unscreened > 0 {
        write!(
            text,
            "<p class=\"alert\">No answer for {} texts; they are in no rate.</p>",
            probe.unscreened
        )
        .unwrap_or_default();
    }
    let rows: Vec<Vec<String>> = probe
        .identities
        .iter()
        .map(|one| {
            let counted = &one.line.group.confusion;
            vec![
                escape(&one.line.group.name),
                escape(&one.axis),
                escape(&one.language),
                counted.total().to_string(),
                one.flipped.to_string(),
                cell(counted.false_alarm_rate(), one.line.false_alarms),
            ]
        })
        .collect();
    let heading = ["group", "axis", "language", "texts", "flips", "false alarms"];
    text.push_str(&grid(&heading.map(str::to_owned), &rows));
    if !probe.shown.is_empty() {
        text.push_str("<h3>Flips</h3>");
        let rows: Vec<Vec<String>> = probe.shown.iter().map(flip).collect();
        let heading = ["text", "way", "this group", "most groups"];
        text.push_str(&grid(&heading.map(str::to_owned), &rows));
    }
    text.push_str("</details>");
    text
}

fn flip(flip: &Flip) -> Vec<String> {
    let names = |list: &[String]| {
        if list.is_empty() { "nothing".to_owned() } else { escape(&list.join(", ")) }
    };
    vec![escape(&flip.text), flip.phase.as_str().to_owned(), names(&flip.came), names(&flip.usual)]
}
