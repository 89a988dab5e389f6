//! Rows through judges into the table.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::data::{Fields, Rows, sources};
use super::metrics::{Discordance, Sample};
use super::*;

/// Takes texts that say `bad` for hateful, those that say `unsure` for half so, and cannot read `?`.
struct Plain(&'static str);

impl Judge for Plain {
    fn name(&self) -> String {
        self.0.to_owned()
    }

    fn gives_probabilities(&self) -> bool {
        false
    }

    fn judge(&self, question: Question<'_>) -> Prediction {
        let Question { text, phase, .. } = question;
        if text.contains('?') {
            return Prediction::unscreened();
        }
        let mut prediction = Prediction::default();
        let selected = text.contains(self.0);
        let score = if selected { 1.0 } else { 0.5 };
        if selected || text.contains("unsure") {
            prediction.note("hate", Call { selected, score });
            prediction.reasons.push(Arc::from(phase.as_str()));
        }
        prediction
    }
}

fn rows(content: &str) -> (tempfile::TempDir, Rows) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.jsonl");
    std::fs::write(&path, content).expect("a file");
    let found = sources(&[path], None).expect("sources");
    (folder, Rows::new(found, Fields::default()))
}

fn options(jobs: usize, strict: bool) -> RunOptions {
    RunOptions { jobs: NonZeroUsize::new(jobs).expect("at least one"), strict }
}

fn table(content: &str, judges: &[&dyn Judge], jobs: usize) -> Result<Table, RunError> {
    let (_folder, mut rows) = rows(content);
    let mut table = Table::new(judges.len(), &Fields::default().groups, 2);
    run(&mut rows, judges, &mut table, options(jobs, false), &mut |_| {})?;
    Ok(table)
}

const ROWS: &str = r#"{"text":"a bad one","labels":{"hate":1},"lang":"en","group":"x"}
{"text":"a fine one","labels":{"hate":0},"lang":"en","group":"y"}
{"text":"bad luck","labels":{"hate":0},"lang":"en","group":["x","y"]}
{"text":"unsure","labels":{"hate":1},"lang":"zh"}
not a row
{"text":"who knows?","labels":{"hate":1},"lang":"zh"}
{"text":"bad, and not annotated","labels":{"hate":null,"violence":0}}
{"text":"unmarked","labels":{"hate":null}}
{"text":"a luck","label":"benign","lang":"de"}
"#;

fn sample(label: bool, score: f64) -> Sample {
    Sample { label, score, selected: score >= 1.0 }
}

#[test]
fn what_was_not_annotated_and_what_got_no_answer_is_in_no_figure_and_counted() {
    let table = table(ROWS, &[&Plain("bad")], 1).expect("a table");
    let expected = [
        sample(true, 1.0),
        sample(false, 0.0),
        sample(false, 1.0),
        sample(true, 0.5),
        sample(false, 0.0),
    ];
    assert_eq!(table.samples(0, "hate", None), expected);
    let counts = table.counts();
    assert_eq!((counts.rows, counts.unlabelled, counts.bad), (8, 1, 1));
    assert_eq!(counts.unscreened, [1]);
    let bad = counts.shown_bad.first().expect("a bad row");
    assert!(bad.to_string().ends_with("a.jsonl:5: not JSON: expected ident at column 2"), "{bad}");
    assert_eq!(table.labelled_categories(), ["any", "hate", "violence"]);
    assert_eq!(table.samples(0, "violence", None).len(), 2);
    assert!(table.samples(0, "sexual", None).is_empty());
}

#[test]
fn rows_belong_to_the_groups_of_their_fields() {
    let table = table(ROWS, &[&Plain("bad")], 1).expect("a table");
    let [languages, groups] = table.dimensions() else { panic!("two fields") };
    assert_eq!((languages.values(), groups.values()), (vec!["de", "en", "zh"], vec!["x", "y"]));
    assert_eq!(table.samples(0, "hate", Some((0, "zh"))), [sample(true, 0.5)]);
    assert_eq!(table.samples(0, "hate", Some((1, "x"))), [sample(true, 1.0), sample(false, 1.0)]);
    assert_eq!(table.samples(0, "hate", Some((1, "y"))), [sample(false, 0.0), sample(false, 1.0)]);
    assert!(table.samples(0, "hate", Some((1, "z"))).is_empty());
    assert!(table.samples(0, "hate", Some((9, "x"))).is_empty());
}

#[test]
fn mistakes_are_kept_with_what_the_judge_went_by() {
    let table = table(ROWS, &[&Plain("bad")], 1).expect("a table");
    let mistakes = table.mistakes(0, "hate").expect("mistakes");
    let texts = |list: &[Example]| list.iter().map(|one| one.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&mistakes.misses), ["unsure"]);
    assert_eq!(texts(&mistakes.false_alarms), ["bad luck"]);
    let alarm = mistakes.false_alarms.first().expect("one");
    assert_eq!((alarm.place.line, alarm.reasons.as_slice()), (3, [Arc::from("prompt")].as_slice()));
}

#[test]
fn two_judges_are_measured_on_the_texts_that_both_answered() {
    let table = table(ROWS, &[&Plain("bad"), &Plain("luck")], 1).expect("a table");
    assert_eq!(table.samples(0, "hate", None).len(), table.samples(1, "hate", None).len());
    // Right: the first on rows 1, 2 and 9, the second on row 2 alone.
    assert_eq!(table.discordance("hate"), Discordance { only_first: 2, only_second: 0 });
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let many: Vec<String> = (0..500)
        .map(|row| {
            let (word, label) = if row % 3 == 0 { ("bad", 1) } else { ("fine", 0) };
            format!("{{\"text\":\"{word} {row}\",\"label\":{label},\"lang\":\"l{}\"}}\n", row % 7)
        })
        .collect();
    let many = many.concat();
    let alone = table(&many, &[&Plain("bad")], 1).expect("a table");
    for jobs in [2, 5] {
        let together = table(&many, &[&Plain("bad")], jobs).expect("a table");
        for group in [None, Some((0, "l3"))] {
            assert_eq!(together.samples(0, "any", group), alone.samples(0, "any", group));
        }
        assert_eq!(together.mistakes(0, "any"), alone.mistakes(0, "any"));
    }
}

#[test]
fn strict_stops_at_the_first_bad_row_and_names_it() {
    let (_folder, mut rows) = rows(ROWS);
    let mut table = Table::new(1, &Fields::default().groups, 0);
    let judge = Plain("bad");
    let error = run(&mut rows, &[&judge], &mut table, options(1, true), &mut |_| {});
    let error = error.expect_err("a bad row").to_string();
    assert!(error.contains("a.jsonl:5: not JSON"), "{error}");
}

#[test]
fn a_field_with_a_value_for_every_row_names_no_groups() {
    let many: Vec<String> =
        (0..1001).map(|row| format!("{{\"text\":\"a\",\"label\":0,\"group\":{row}}}\n")).collect();
    let many = many.concat();
    let error = table(&many, &[&Plain("bad")], 1).expect_err("too many").to_string();
    assert_eq!(error, "`group` has more than 1000 values, so it names no groups");
}

#[test]
fn a_judge_that_breaks_down_ends_the_run() {
    struct Broken;
    impl Judge for Broken {
        fn name(&self) -> String {
            "broken".to_owned()
        }
        fn gives_probabilities(&self) -> bool {
            false
        }
        fn judge(&self, _: Question<'_>) -> Prediction {
            panic!("as a mistake in a judge would")
        }
    }
    assert!(matches!(table(ROWS, &[&Broken], 2), Err(RunError::Broken)));
}
