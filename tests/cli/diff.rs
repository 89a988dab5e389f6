//! `tidegate diff`.

use serde_json::{Value, json};

use crate::{Outcome, folder, tidegate};

const OLD: &str = "version: 1
name: old
rules:
  - { id: insults, category: harassment, words: [idiot, 蠢货], action: review }
  - { id: threats, category: violence, words: [kill you], action: block }
  - { id: recipes, category: illicit, words: [recipe], action: block }
  - { id: watched, category: hate, words: [zorp], action: block, mode: shadow }
";

const NEW: &str = "version: 1
name: new
rules:
  - { id: insults, category: harassment, words: [idiot, 蠢货], action: block }
  - { id: menaces, category: violence, words: [kill you], action: block }
  - { id: recipes, category: illicit, words: [recipe], action: tag }
  - { id: mail, category: personal-data, detect: [email], action: redact }
  - { id: watched, category: hate, words: [zorp], action: block }
";

const ROWS: &str = r#"{"text":"good morning"}
{"text":"you idiot"}
{"text":"你这个蠢货"}
{"text":"I kill you"}
{"text":"a recipe"}
{"text":"mail bob@example.com"}
{"text":"a zorp"}
{"text":7}
"#;

fn run(arguments: &[&str]) -> Outcome {
    let shadow = OLD.replace("name: old", "name: old\nmode: shadow");
    let broken = NEW.replace("action: tag", "action: tga");
    let files = [
        ("old.yaml", OLD),
        ("new.yaml", NEW),
        ("shadow.yaml", &shadow),
        ("broken.yaml", &broken),
        ("rows.jsonl", ROWS),
        ("rows.txt", "you idiot\ngood morning\n"),
        ("log.jsonl", &log()),
    ];
    tidegate(folder(&files).path(), &[&["diff"], arguments].concat())
}

/// A decision log: two records with their texts, one without, and a checkpoint.
fn log() -> String {
    let record = |id: &str, ts: &str, text: &str, said: &str| {
        let passages = [json!({ "at": "messages[0].content", "author": "user", "text": said })];
        json!({ "schema": "tidegate.decision/v1", "ts": ts, "decision_id": id, "phase": "prompt",
            "text": text, "passages": passages })
        .to_string()
    };
    let lines = [
        record("d1", "2020-01-01T00:00:00Z", "full", "you idiot"),
        record("d2", "2026-11-20T00:00:00Z", "full", "a zorp"),
        record("d3", "2026-11-20T00:00:00Z", "redacted", "[EMAIL]"),
        json!({ "schema": "tidegate.checkpoint/v1", "seq": 3 }).to_string(),
    ];
    lines.map(|line| line + "\n").concat()
}

fn found(arguments: &[&str]) -> Value {
    let outcome = run(&[arguments, &["--format", "json"]].concat());
    serde_json::from_str(&outcome.out).unwrap_or_else(|error| panic!("{error}: {}", outcome.err))
}

#[test]
fn a_diff_says_what_changes_by_kind_action_rule_and_category() {
    let found = found(&["old.yaml", "new.yaml", "--corpus", "rows.jsonl"]);
    let counts = ["rows", "bad", "changed"].map(|name| found[name].as_u64());
    assert_eq!(counts, [Some(7), Some(1), Some(5)], "{found:#}");
    let by_change =
        json!({ "newly_blocked": 3, "no_longer_blocked": 1, "stricter": 1, "other_rules": 1 });
    assert_eq!(found["by_change"], by_change);
    let by_action =
        json!({ "allow → block": 1, "allow → redact": 1, "block → tag": 1, "review → block": 2 });
    assert_eq!(found["by_action"], by_action);
    let both = |old: u64, new: u64, only_old: u64, only_new: u64| json!({ "old": old, "new": new, "only_old": only_old, "only_new": only_new });
    assert_eq!(found["by_rule"]["insults"], both(2, 2, 0, 0));
    assert_eq!(found["by_rule"]["threats"], both(1, 0, 1, 0));
    assert_eq!(found["by_rule"]["menaces"], both(0, 1, 0, 1));
    assert_eq!(found["by_rule"]["watched"], both(0, 1, 0, 1));
    assert_eq!(found["by_category"]["violence"], both(1, 1, 0, 0));
    let samples = found["samples"].as_array().unwrap();
    assert_eq!(samples[0]["place"], "rows.jsonl:2");
    assert!(samples.iter().all(|sample| sample.get("text").is_none()));
}

#[test]
fn a_share_that_is_exceeded_is_exit_code_1() {
    let common = ["old.yaml", "new.yaml", "--corpus", "rows.jsonl"];
    for (flags, code) in [
        (&["--fail-if-changed", "70%"][..], 1),
        (&["--fail-if-changed", "72%"], 0),
        (&["--fail-if-newly-blocked", "42%"], 1),
        (&["--fail-if-newly-blocked", "43%"], 0),
        (&[], 0),
    ] {
        let outcome = run(&[&common[..], flags].concat());
        assert_eq!(outcome.code, code, "{flags:?}: {}{}", outcome.out, outcome.err);
    }
    let same = run(&["old.yaml", "old.yaml", "--corpus", "rows.jsonl", "--fail-if-changed", "0%"]);
    assert_eq!(same.code, 0);
    assert!(same.out.contains("7 rows, 0 of them with another action (0.00 %)"), "{}", same.out);
}

#[test]
fn rules_on_trial_count_only_where_that_is_asked_for() {
    let common = ["shadow.yaml", "new.yaml", "--corpus", "rows.jsonl"];
    let in_force = found(&common);
    assert_eq!(in_force["by_change"]["newly_blocked"], 4);
    let as_if = found(&[&common[..], &["--as-if-enforced"]].concat());
    assert_eq!(as_if["by_change"]["newly_blocked"], 2);
    assert_eq!(as_if["by_rule"]["watched"]["only_new"], 0);
}

#[test]
fn records_that_keep_their_texts_are_decided_once_more_and_others_are_counted() {
    let common = ["old.yaml", "new.yaml", "--from-log", "log.jsonl"];
    let all = found(&common);
    assert_eq!((&all["rows"], &all["changed"]), (&json!(2), &json!(2)), "{all:#}");
    assert_eq!(all["left_out"], json!({ "without_text": 1, "too_old": 0 }));
    assert_eq!(all["samples"][0]["place"], "d1");
    let late = found(&[&common[..], &["--since", "2026-11-01T00:00:00Z"]].concat());
    assert_eq!((&late["rows"], &late["left_out"]["too_old"]), (&json!(1), &json!(1)));
    let never = run(&[&common[..], &["--since", "2126-11-01T00:00:00Z"]].concat());
    assert_eq!(never.code, 2);
    assert!(never.err.contains("`log.decisions.text: full` keeps texts"), "{}", never.err);
}

#[test]
fn texts_are_shown_only_on_request_and_are_no_markup() {
    let common = ["old.yaml", "new.yaml", "--corpus", "rows.txt"];
    let hidden = run(&[&common[..], &["--format", "markdown"]].concat());
    assert!(
        hidden.out.contains("| `rows.txt:1` | review → block |") && !hidden.out.contains("idiot")
    );
    let shown = run(&[&common[..], &["--format", "markdown", "--show-text"]].concat());
    assert!(shown.out.contains("| `you idiot` |"), "{}", shown.out);
    let text = run(&[&common[..], &["--show-text"]].concat());
    let line = "newly blocked: rows.txt:1: review → block: you idiot\n";
    assert!(text.out.contains(line), "{}", text.out);
}

#[test]
fn what_cannot_be_compared_is_said() {
    for (arguments, said) in [
        (&["old.yaml", "broken.yaml", "--corpus", "rows.jsonl"][..], "`tga` is not allowed here"),
        (&["old.yaml", "gone.yaml", "--corpus", "rows.jsonl"], "`gone.yaml` is not a file"),
        (&["old.yaml", "new.yaml", "--corpus", "gone.jsonl"], "gone.jsonl"),
        (&["old.yaml", "new.yaml"], "--corpus"),
        (&["old.yaml", "new.yaml", "--from-log", "rows.jsonl"], "not a decision record"),
        (
            &["old.yaml", "new.yaml", "--from-log", "log.jsonl", "--since", "soon"],
            "write a period such as 7d",
        ),
        (
            &["old.yaml", "new.yaml", "--corpus", "rows.jsonl", "--strict"],
            "`--strict` passes over nothing",
        ),
    ] {
        let outcome = run(arguments);
        assert_eq!(outcome.code, 2, "{arguments:?}");
        assert!(outcome.err.contains(said), "{arguments:?}: {}", outcome.err);
    }
}
