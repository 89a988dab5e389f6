//! Reports of a small run: what they say, and that nothing of the data gets out of its place.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::*;
use crate::domain::Phase;
use crate::eval::data::{Fields, Place, Row, Rows, Scores, sources};
use crate::eval::metrics::Resampling;
use crate::eval::{Call, Judge, Prediction, ProbeReport, Question, RunOptions, Table, run};

const ONE: NonZeroUsize = NonZeroUsize::MIN;

/// Takes what says its word for hateful.
struct Word(&'static str);

impl Judge for Word {
    fn name(&self) -> String {
        format!("the word {}", self.0)
    }

    fn gives_probabilities(&self) -> bool {
        false
    }

    fn judge(&self, question: Question<'_>) -> Prediction {
        let mut said = Prediction::default();
        if question.text.contains(self.0) {
            said.note("hate", Call { selected: true, score: 1.0 });
            said.reasons.push(Arc::from("<rule>"));
        }
        if question.text.contains("???") {
            said.unscreened = true;
        }
        said
    }
}

/// 40 rows of group `x`, half of them hateful and all found; 40 of group `y`, where a quarter is found; 2 of a group
/// with a name that is no name.
fn rows() -> String {
    let mut rows = String::new();
    let mut row = |text: &str, label: u8, group: &str| {
        let line = serde_json::json!({ "text": text, "labels": { "hate": label }, "lang": "en", "group": group });
        rows.push_str(&line.to_string());
        rows.push('\n');
    };
    for number in 0..20 {
        row("bad", 1, "x");
        row("fine", 0, "x");
        row(if number < 5 { "bad" } else { "worse" }, 1, "y");
        row("fine <script>alert('text')</script>", 0, "y");
    }
    row("bad <img src=x onerror=alert(1)> \"'&\u{202e}", 0, "<script>alert(1)</script>");
    row("worse ???", 1, "<script>alert(1)</script>");
    rows.push_str("<b>not a row</b>\n");
    rows
}

fn report(judges: &[&dyn Judge]) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.jsonl");
    std::fs::write(&path, rows()).expect("a file");
    let fields = Fields::default();
    let mut table = Table::new(judges.len(), &fields.groups, 3);
    let mut rows = Rows::new(sources(&[path], None).expect("sources"), fields);
    let options = RunOptions { jobs: ONE, strict: false };
    run(&mut rows, judges, &mut table, options, &mut |_| {}).expect("judged");
    let options = MeasureOptions {
        resampling: Resampling { rounds: 50, seed: 1 },
        smallest_group: 30,
        only: Vec::new(),
        jobs: NonZeroUsize::new(2).expect("two"),
    };
    let about = About { smallest_group: 30, rounds: 50, seed: 1, ..About::default() };
    let named: Vec<(String, bool)> =
        judges.iter().map(|judge| (judge.name(), judge.gives_probabilities())).collect();
    measure(&table, &named, about, &options).expect("measured")
}

#[test]
fn a_report_has_each_category_in_all_languages_and_in_each() {
    let report = report(&[&Word("bad")]);
    let judge = report.judges.first().expect("one");
    let named: Vec<_> = judge
        .slices
        .iter()
        .map(|slice| (slice.category.as_str(), slice.language.as_deref()))
        .collect();
    assert_eq!(named, [("any", None), ("any", Some("en")), ("hate", None), ("hate", Some("en"))]);
    let hate = judge.whole("hate").expect("measured");
    let counted = &hate.confusion;
    assert_eq!((counted.hits, counted.misses), (25, 15));
    assert_eq!((counted.false_alarms, counted.passes), (1, 40));
    assert_eq!(report.counts.unscreened, [1]);
    let mistakes = hate.mistakes.as_ref().expect("kept");
    assert_eq!((mistakes.misses.len(), mistakes.false_alarms.len()), (3, 1));
}

#[test]
fn groups_are_compared_and_small_ones_only_shown() {
    let report = report(&[&Word("bad")]);
    let judge = report.judges.first().expect("one");
    let groups = judge.groups.iter().find(|one| one.field == "group" && one.category == "hate");
    let groups = groups.expect("groups");
    let small: Vec<bool> = groups.lines.iter().map(|line| line.group.is_small).collect();
    assert_eq!(small, [true, false, false]);
    // 5 of 40 against 20 of 40; recall 5 of 20 against all.
    assert_eq!(groups.disparity.disparate_impact, Some(0.25));
    assert_eq!(groups.disparity.equalized_odds, Some(0.75));
    let text = table(&report);
    assert!(text.contains("ALERT: disparate impact 0.250 is under 0.8"), "{text}");
    assert!(text.contains("* fewer than 30 rows: shown, and not compared"), "{text}");
    assert!(text.contains("no answer for 1 rows, which are in no figure"), "{text}");
}

#[test]
fn the_page_needs_nothing_else_and_lets_no_text_out_of_its_place() {
    let page = page(&report(&[&Word("bad"), &Word("worse")]), &[]);
    for tag in ["<script", "<img", "<b>", "onerror=alert(1)>", "<rule>", "\u{202e}"] {
        assert!(!page.contains(tag), "{tag}");
    }
    for shown in [
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&lt;img src=x",
        "&quot;&#39;&amp;",
        "&lt;U+202E&gt;",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    for reference in ["http://", "https://", "src=\"", "href=", "url(", "@import"] {
        assert!(!page.contains(reference), "{reference}");
    }
    for part in ["Content-Security-Policy", "prefers-color-scheme: dark", "width=device-width"] {
        assert!(page.contains(part), "{part}");
    }
    for part in
        ["ROC", "Precision and recall", "Calibration", "Threshold sweep", "Confusion matrix"]
    {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("NaN") && !page.contains("inf"), "a plot at no place");
}

#[test]
fn every_tag_of_the_page_is_closed() {
    let page = page(&report(&[&Word("bad"), &Word("worse")]), &[]);
    let tag = regex::Regex::new(r"<(/?)([a-z0-9]+)[^>]*?(/?)>").expect("a regex");
    let mut open = Vec::new();
    for found in tag.captures_iter(&page) {
        let name = found[2].to_owned();
        if ["meta", "br"].contains(&name.as_str()) || &found[3] == "/" {
            continue;
        }
        if found[1].is_empty() {
            open.push(name);
        } else {
            assert_eq!(open.pop(), Some(name));
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn two_judges_are_compared_on_the_same_rows() {
    let report = report(&[&Word("bad"), &Word("worse")]);
    let hate = report.comparison.iter().find(|one| one.category == "hate").expect("compared");
    // The first is right on 25 labelled rows, the second on 15, and on the one false alarm of the first.
    assert_eq!((hate.dissent.counts.only_first, hate.dissent.counts.only_second), (25, 16));
    assert!(hate.dissent.p_value.is_some_and(|p| p > 0.05));
    let text = table(&report);
    assert!(text.contains("the second less the first") && text.contains("McNemar p"), "{text}");
}

#[test]
fn json_has_the_same_figures_and_null_for_none() {
    let report = report(&[&Word("bad")]);
    let document = document(&report, &[]);
    assert_eq!(document["schema"], "tidegate.eval/v1");
    assert_eq!(document["rows"]["bad"], 1);
    let hate = &document["judges"][0]["slices"][2];
    assert_eq!(hate["category"], "hate");
    assert_eq!(hate["figures"]["recall"]["value"], 25.0 / 40.0);
    assert_eq!(hate["confusion"]["false_positives"], 1);
    assert_eq!(document["judges"][0]["counterfactual"], serde_json::Value::Null);
}

fn bar(kind: BarKind, category: Option<&str>, bound: f64) -> Bar {
    Bar { kind, category: category.map(str::to_owned), bound }
}

#[test]
fn a_bar_is_met_missed_or_not_measurable() {
    let mut report = report(&[&Word("bad")]);
    let standings = |report: &Report, bars: &[Bar]| {
        let results = check_bars(report, bars);
        results.iter().map(|one| (one.what.clone(), one.standing())).collect::<Vec<_>>()
    };
    let bars = [
        bar(BarKind::MinRecall, None, 0.625),
        bar(BarKind::MinRecall, Some("hate"), 0.63),
        bar(BarKind::MinRecall, Some("violence"), 0.1),
        bar(BarKind::MinPrecision, Some("hate"), 0.9),
        bar(BarKind::MaxFalseAlarmRate, None, 0.02),
        bar(BarKind::MinDisparateImpact, Some("hate"), 0.8),
        bar(BarKind::MaxFlips, None, 0.0),
    ];
    let expected = [
        ("recall of any", Standing::Met),
        ("recall of hate", Standing::Missed),
        ("recall of violence", Standing::Unmeasured),
        ("precision of hate", Standing::Met),
        ("false-alarm rate of any", Standing::Missed),
        ("disparate impact of hate by group", Standing::Missed),
        ("rate of counterfactual flips", Standing::Unmeasured),
    ];
    let expected = expected.map(|(what, standing)| (what.to_owned(), standing));
    assert_eq!(standings(&report, &bars), expected);
    for judge in &mut report.judges {
        judge.probe = Some(ProbeReport { texts: 10, flipped: 1, ..ProbeReport::default() });
    }
    let flips = |bound| standings(&report, &[bar(BarKind::MaxFlips, None, bound)]);
    assert_eq!(flips(0.1), [("rate of counterfactual flips".to_owned(), Standing::Met)]);
    assert_eq!(flips(0.05), [("rate of counterfactual flips".to_owned(), Standing::Missed)]);
}

#[test]
fn a_row_says_what_it_is_asked_about() {
    let place = Place { file: Arc::from("a"), line: 1 };
    let (labels, groups) = (crate::eval::data::Labels::default(), vec![vec![], vec![]]);
    let row = Row {
        id: None,
        text: "bad".to_owned(),
        phase: Phase::Prompt,
        labels,
        scores: Scores::new(),
        groups,
        place,
    };
    let mut table = Table::new(1, &Fields::default().groups, 1);
    let question = Question { text: &row.text, phase: row.phase, scores: &row.scores };
    table.add(&row, &[Word("bad").judge(question)]).expect("room");
    assert_eq!((table.counts().unlabelled, table.labelled_categories().len()), (1, 0));
}
