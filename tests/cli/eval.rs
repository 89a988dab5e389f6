//! `tidegate eval`.

use serde_json::Value;

use crate::{fed, folder, project, tidegate};

const POLICY: &str = "version: 1
name: p
rules:
  - { id: insults, category: harassment, words: [idiot, moron], action: tag }
  - { id: threats, category: violence, words: [kill], action: block }
";

const STRICTER: &str = "version: 1
name: q
rules:
  - { id: insults, category: harassment, words: [idiot, moron, fool], action: block }
";

const ROWS: &str = r#"{"id":"a","text":"you idiot","labels":{"harassment":1,"violence":0},"lang":"en","group":"x"}
{"id":"b","text":"you fool","labels":{"harassment":1,"violence":0},"lang":"en","group":"y"}
{"id":"c","text":"hello","labels":{"harassment":0,"violence":0},"lang":"en","group":"x"}
{"id":"d","text":"the idiot, a novel","labels":{"harassment":0,"violence":null},"lang":"en","group":"y"}
{"id":"e","text":"I will kill you","labels":{"harassment":null,"violence":1},"lang":"de"}
"#;

const IDENTITIES: &str = "version: 1
languages:
  en:
    identities:
      - { name: morons, axis: test, one: a moron, many: moron people }
      - { name: bakers, axis: test, one: a baker, many: bakers }
      - { name: smiths, axis: test, one: a smith, many: smiths }
    templates: ['I met {one}.', '{many} came.']
";

fn files(more: &[(&str, &str)]) -> tempfile::TempDir {
    let mut all = vec![("p.yaml", POLICY), ("q.yaml", STRICTER), ("rows.jsonl", ROWS)];
    all.extend(more);
    folder(&all)
}

/// The report as JSON.
fn measured(arguments: &[&str], folder: &std::path::Path) -> Value {
    let arguments = [&["eval", "--format", "json"], arguments].concat();
    let outcome = tidegate(folder, &arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    serde_json::from_str(&outcome.out).unwrap_or_default()
}

/// The figures of one category.
fn slice<'r>(report: &'r Value, judge: usize, category: &str) -> &'r Value {
    let slices = report.pointer(&format!("/judges/{judge}/slices")).and_then(Value::as_array);
    let found = slices
        .into_iter()
        .flatten()
        .find(|slice| slice["category"] == category && slice["language"].is_null());
    found.unwrap_or(&Value::Null)
}

#[test]
fn a_policy_is_measured_on_labelled_rows() {
    let folder = files(&[]);
    let outcome = tidegate(folder.path(), &["eval", "rows.jsonl", "-p", "p.yaml"]);
    insta::assert_snapshot!(outcome.drawn());
}

#[test]
fn figures_are_those_of_the_rows() {
    let folder = files(&[]);
    let report = measured(&["rows.jsonl", "-p", "p.yaml", "--bootstrap", "0"], folder.path());
    let harassment = slice(&report, 0, "harassment");
    assert_eq!(
        harassment["confusion"],
        serde_json::json!({ "true_positives": 1, "false_positives": 1, "false_negatives": 1, "true_negatives": 1 })
    );
    assert_eq!(slice(&report, 0, "violence")["figures"]["recall"]["value"], 1.0);
    // With a stricter action asked for, tags are nothing.
    let arguments = ["rows.jsonl", "-p", "p.yaml", "--at-least", "block"];
    let report = measured(&arguments, folder.path());
    assert_eq!(slice(&report, 0, "harassment")["figures"]["recall"]["value"], 0.0);
}

#[test]
fn two_policies_stand_side_by_side() {
    let folder = files(&[]);
    let report = measured(&["rows.jsonl", "-p", "p.yaml", "--against", "q.yaml"], folder.path());
    assert_eq!(slice(&report, 1, "harassment")["figures"]["recall"]["value"], 1.0);
    let compared = &report["comparison"][1];
    assert_eq!(
        (&compared["category"], &compared["only_second_right"]),
        (&"harassment".into(), &1.into())
    );
}

#[test]
fn bad_rows_are_named_and_strict_stops_at_them() {
    let rows = format!("{ROWS}not a row\n{{\"text\": 1}}\n");
    let folder = files(&[("bad.jsonl", &rows)]);
    let outcome = tidegate(folder.path(), &["eval", "bad.jsonl", "-p", "p.yaml"]);
    assert_eq!(outcome.code, 0);
    for part in ["warning: bad.jsonl:6: not JSON", "warning: bad.jsonl:7: `text` is not text"] {
        assert!(outcome.err.contains(part), "{}", outcome.err);
    }
    assert!(outcome.out.contains("rows: 5 judged, 0 of them without a label; 2 not usable"));
    let outcome = tidegate(folder.path(), &["eval", "bad.jsonl", "-p", "p.yaml", "--strict"]);
    assert_eq!((outcome.code, outcome.out.as_str()), (2, ""));
    assert!(outcome.err.contains("bad.jsonl:6: not JSON"), "{}", outcome.err);
}

#[test]
fn a_missed_bar_exits_with_1_and_one_without_figure_with_2() {
    let folder = files(&[]);
    let exit = |bar: &[&str]| {
        let arguments = [&["eval", "rows.jsonl", "-p", "p.yaml", "--bootstrap", "0"], bar].concat();
        tidegate(folder.path(), &arguments)
    };
    assert_eq!(exit(&["--min-recall", "harassment=50%", "--max-fpr", "violence=0"]).code, 0);
    let missed = exit(&["--min-recall", "harassment=0.51"]);
    assert_eq!(missed.code, 1);
    assert!(
        missed.out.contains("missed: recall of harassment is 0.5000, to be ≥ 0.51"),
        "{}",
        missed.out
    );
    assert_eq!(exit(&["--min-precision", "sexual=0.1"]).code, 2);
    assert_eq!(exit(&["--max-flips", "0"]).code, 2);
    assert_eq!(exit(&["--min-recall", "1.5"]).code, 2);
    // Groups of two rows are too small to be compared, unless that is asked for.
    assert_eq!(exit(&["--min-disparate-impact", "harassment=0.8"]).code, 2);
    let impact = ["--min-disparate-impact", "harassment=0.8", "--min-group", "1"];
    assert_eq!(exit(&impact).code, 0);
}

#[test]
fn a_group_whose_name_changes_the_verdict_is_a_flip() {
    let folder = files(&[("i.yaml", IDENTITIES), ("broken.yaml", "version: 1\nlanguages: 3\n")]);
    let arguments = ["rows.jsonl", "-p", "p.yaml", "--identities", "i.yaml"];
    let report = measured(&arguments, folder.path());
    let found = &report["judges"][0]["counterfactual"];
    assert_eq!((&found["texts"], &found["flips"]), (&12.into(), &4.into()));
    assert_eq!(found["first_flips"][0]["text"], "I met a moron.");
    let run = |identities: &str, most: &str| {
        let arguments =
            ["eval", "rows.jsonl", "-p", "p.yaml", "--identities", identities, "--max-flips", most];
        tidegate(folder.path(), &arguments)
    };
    assert_eq!((run("i.yaml", "0.3").code, run("i.yaml", "0.34").code), (1, 0));
    let broken = run("broken.yaml", "1");
    assert!(broken.code == 2 && broken.err.contains("broken.yaml:2"), "{}", broken.err);
}

#[test]
fn rows_come_from_standard_input_tables_and_other_fields() {
    let folder = files(&[("t.csv", "comment,toxic,tongue\nyou idiot,1,en\nhello,0,en\n")]);
    let arguments = [
        "t.csv",
        "-p",
        "p.yaml",
        "--text",
        "comment",
        "--label",
        "toxic=harassment",
        "--language",
        "tongue",
    ];
    let report = measured(&arguments, folder.path());
    assert_eq!(slice(&report, 0, "harassment")["figures"]["f1"]["value"], 1.0);
    assert_eq!(report["judges"][0]["slices"][1]["language"], "en");
    let arguments = [
        "eval",
        "-",
        "-p",
        "p.yaml",
        "--format",
        "json",
        "--label",
        "is_rude",
        "--category",
        "harassment",
    ];
    let outcome = fed(folder.path(), &arguments, "{\"text\":\"you moron\",\"is_rude\":true}\n");
    let report: Value = serde_json::from_str(&outcome.out).unwrap_or_default();
    assert_eq!(
        slice(&report, 0, "harassment")["confusion"]["true_positives"],
        1,
        "{}",
        outcome.err
    );
}

#[test]
fn scores_of_the_data_are_measured_in_place_of_a_policy() {
    let rows = r#"{"text":"a","label":1,"model":0.9}
{"text":"b","label":0,"model":0.7}
{"text":"you idiot","label":1,"model":0.4}
{"text":"d","label":0,"model":0.1}
{"text":"e","label":0}
"#;
    let folder = files(&[("scored.jsonl", rows)]);
    let report =
        measured(&["scored.jsonl", "--score", "model", "--threshold", "0.8"], folder.path());
    let any = slice(&report, 0, "any");
    assert_eq!(any["figures"]["roc_auc"]["value"], 0.75);
    assert_eq!(any["confusion"]["true_positives"], 1);
    assert_eq!(report["judges"][0]["unscreened"], 1);
    let against = ["scored.jsonl", "--score", "model", "--against", "p.yaml"];
    let report = measured(&against, folder.path());
    assert_eq!(slice(&report, 1, "any")["confusion"]["true_positives"], 1);
}

#[test]
fn a_model_is_measured_alone_and_beside_a_policy() {
    let folder = files(&[("m.tgm", "no model")]);
    let report =
        measured(&["--model", "builtin", "--preset", "strict", "rows.jsonl"], folder.path());
    let names = |report: &Value| {
        let judges = report["judges"].as_array().cloned().unwrap_or_default();
        judges.iter().map(|judge| judge["name"].to_string()).collect::<Vec<_>>()
    };
    assert!(matches!(&names(&report)[..], [one] if one.contains("strict")), "{report}");
    let beside = ["--model", "builtin", "--policy", "p.yaml", "rows.jsonl"];
    assert_eq!(names(&measured(&beside, folder.path())).len(), 2);
    let outcome = tidegate(folder.path(), &["eval", "--model", "m.tgm", "rows.jsonl"]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.err.contains("m.tgm") && outcome.err.contains("not a model"),
        "{}",
        outcome.err
    );
}

#[test]
fn the_page_is_written_and_texts_are_in_it_only_where_they_are_asked_for() {
    let folder = files(&[]);
    let page = |more: &[&str]| {
        let arguments =
            [&["eval", "rows.jsonl", "-p", "p.yaml", "--html", "r.html"], more].concat();
        assert_eq!(tidegate(folder.path(), &arguments).code, 0);
        std::fs::read_to_string(folder.path().join("r.html")).unwrap_or_default()
    };
    let plain = page(&[]);
    assert!(plain.starts_with("<!doctype html>") && plain.contains("<svg"));
    assert!(!plain.contains("you fool"));
    assert!(page(&["--examples", "3"]).contains("you fool"));
}

#[test]
fn what_cannot_be_done_says_why() {
    let folder = files(&[("notes.txt", "")]);
    for (arguments, part) in [
        (vec!["eval", "none.jsonl", "-p", "p.yaml"], "`none.jsonl`"),
        (vec!["eval", "notes.txt", "-p", "p.yaml"], "--input jsonl"),
        (vec!["eval", "notes.txt", "--input", "jsonl", "-p", "p.yaml"], "there is no row"),
        (vec!["eval", "rows.jsonl", "-p", "none.yaml"], "`none.yaml` is not a file"),
        (vec!["eval", "-p", "p.yaml"], "name labelled data"),
        (vec!["eval", "rows.jsonl"], "name a policy with -p FILE"),
    ] {
        let outcome = tidegate(folder.path(), &arguments);
        assert!(outcome.code == 2 && outcome.err.contains(part), "{arguments:?}: {}", outcome.err);
    }
}

#[test]
fn the_shipped_set_works_at_once_and_the_shipped_policy_keeps_to_bars_on_it() {
    let arguments = ["eval", "--bootstrap", "0", "--max-fpr", "5%", "--max-flips", "1%"];
    let outcome = tidegate(project(), &arguments);
    assert_eq!(outcome.code, 0, "{}{}", outcome.out, outcome.err);
    assert!(outcome.out.contains("rows: 420 judged, 0 of them without a label; 0 not usable"));
    assert_eq!(outcome.err, "");
}
