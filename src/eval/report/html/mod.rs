//! The report as one page that needs nothing else: no script, no network, plots inline.

mod category;
mod fairness;

use std::fmt::Write as _;

use super::bars::{BarResult, Standing};
use super::measure::{Comparison, Report};
use super::plot::escape;
use super::text::{clear, figure, p_value};
use crate::eval::metrics::{Difference, Interval, Measure};

/// The page.
pub fn page(report: &Report, bars: &[BarResult]) -> String {
    let names: Vec<String> = report.judges.iter().map(|judge| escape(&judge.name)).collect();
    let title = format!("Evaluation of {}", names.join(" and "));
    let mut body = format!("<header><h1>{title}</h1>{}</header><main>", about(report));
    body.push_str(&bar_list(bars));
    for judge in &report.judges {
        write!(body, "<h2>{}</h2>", escape(&judge.name)).unwrap_or_default();
        body.push_str(&category::overview(judge));
        if !judge.gives_probabilities {
            body.push_str("<p class=\"dim\">Scores are parts of the policy's lowest threshold and no probabilities: cross-entropy, Brier score and calibration say how far they are from being so.</p>");
        }
    }
    if !report.comparison.is_empty() {
        body.push_str(&comparison(&report.comparison));
    }
    body.push_str("<h2>Category by category</h2>");
    if let Some(first) = report.judges.first() {
        for slice in first.categories() {
            body.push_str(&category::details(report, slice));
        }
    }
    body.push_str(&fairness::section(report));
    body.push_str("<h2>How to read this</h2>");
    body.push_str(include_str!("reading.html"));
    body.push_str("</main>");
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"><meta name=\"referrer\" content=\"no-referrer\"><title>{title}</title><style>{}</style></head><body>{body}</body></html>\n",
        include_str!("style.css")
    )
}

fn about(report: &Report) -> String {
    let (about, counts) = (&report.about, &report.counts);
    let data: Vec<String> = about.data.iter().map(|name| escape(name)).collect();
    let mut text = format!(
        "<p>{} rows of {}; {} of them have no label, {} could not be used. Actions from <em>{}</em> on count. {}</p>",
        counts.rows,
        data.join(", "),
        counts.unlabelled,
        counts.bad,
        escape(&about.at_least),
        escape(&about.made),
    );
    for (judge, unscreened) in report.judges.iter().zip(&counts.unscreened) {
        if *unscreened > 0 {
            let name = escape(&judge.name);
            write!(text, "<p class=\"alert\">{name} gave no answer for {unscreened} rows; they are in no figure.</p>")
                .unwrap_or_default();
        }
    }
    if counts.bad > 0 {
        text.push_str("<details><summary>Rows that could not be used</summary><ul>");
        for bad in &counts.shown_bad {
            write!(text, "<li>{}</li>", escape(&bad.to_string())).unwrap_or_default();
        }
        text.push_str("</ul></details>");
    }
    text
}

fn bar_list(bars: &[BarResult]) -> String {
    if bars.is_empty() {
        return String::new();
    }
    let mut text = "<h2>Bars</h2><ul>".to_owned();
    for bar in bars {
        let class = if bar.standing() == Standing::Met { "" } else { " class=\"alert\"" };
        write!(text, "<li{class}>{}</li>", escape(&bar.to_string())).unwrap_or_default();
    }
    text.push_str("</ul>");
    text
}

fn comparison(list: &[Comparison]) -> String {
    let measures = [
        Measure::Precision,
        Measure::Recall,
        Measure::F1,
        Measure::FalseAlarmRate,
        Measure::RocAuc,
        Measure::AveragePrecision,
    ];
    let mut heading = vec!["category".to_owned()];
    heading.extend(measures.map(|measure| measure.title().to_owned()));
    heading.extend(["only first right", "only second right", "McNemar p"].map(str::to_owned));
    let rows: Vec<Vec<String>> = list
        .iter()
        .map(|one| {
            let mut row = vec![escape(&one.category)];
            row.extend(measures.iter().map(|measure| {
                let found = one.differences.iter().find(|found| found.measure == *measure);
                found.map_or_else(|| "–".to_owned(), difference)
            }));
            row.push(one.dissent.counts.only_first.to_string());
            row.push(one.dissent.counts.only_second.to_string());
            row.push(one.dissent.p_value.map_or_else(|| "–".to_owned(), p_value));
            row
        })
        .collect();
    format!(
        "<h2>The second less the first, on the same rows</h2>{}<p class=\"dim\"><em>Better</em> and <em>worse</em> stand where 0 lies outside of the interval.</p>",
        grid(&heading, &rows)
    )
}

fn difference(found: &Difference) -> String {
    let word = clear(found).map(|word| format!("<br><em>{word}</em>"));
    cell(found.value, found.interval) + &word.unwrap_or_default()
}

/// A figure over its interval.
fn cell(value: Option<f64>, interval: Option<Interval>) -> String {
    let shown = figure(value, None);
    match interval.filter(|_| value.is_some()) {
        Some(Interval { low, high }) => format!("{shown}<br><small>{low:.3} – {high:.3}</small>"),
        None => shown,
    }
}

/// A table; cells are HTML.
fn grid(heading: &[String], rows: &[Vec<String>]) -> String {
    let mut text = "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>".to_owned();
    for name in heading {
        write!(text, "<th scope=\"col\">{name}</th>").unwrap_or_default();
    }
    text.push_str("</tr></thead><tbody>");
    for row in rows {
        text.push_str("<tr>");
        for cell in row {
            write!(text, "<td>{cell}</td>").unwrap_or_default();
        }
        text.push_str("</tr>");
    }
    text.push_str("</tbody></table></div>");
    text
}
