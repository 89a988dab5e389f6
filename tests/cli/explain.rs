//! `tidegate explain`.

use serde_json::Value;

use crate::{fed, folder, project, tidegate};

const POLICY: &str = "version: 1
name: p
thresholds: [{ score: 3, action: review }]
overrides: [{ when: { route: lab }, set: { mode: shadow } }]
messages: { no: { en: Not here., zh: 这里不行。 } }
rules:
  - { id: insults, words: [idiot, 白痴], except: [the idiot by dostoevsky], action: block, message: { id: no } }
  - { id: mail, detect: [email], action: redact }
  - { id: near, all: [{ words: [make] }, { words: [bomb] }], within: 3 words, action: review }
  - { id: loud, words: [shout], score: 2 }
  - { id: strict, words: [darn], action: tag, level: high }
  - { id: answers, words: [darn], on: [completion], action: tag }
";

fn explain(arguments: &[&str]) -> String {
    let folder = folder(&[("p.yaml", POLICY)]);
    let all: Vec<&str> =
        ["explain", "-p", "p.yaml"].into_iter().chain(arguments.iter().copied()).collect();
    let outcome = tidegate(folder.path(), &all);
    assert_eq!((outcome.code, outcome.err.as_str()), (0, ""));
    outcome.out
}

#[test]
fn a_text_is_drawn_with_its_matches_and_what_goes_on() {
    insta::assert_snapshot!(explain(&["you 1d10t, write to bob@example.com\nor shout"]));
}

#[test]
fn a_chinese_text_is_drawn_with_marks_of_its_width() {
    insta::assert_snapshot!(explain(&["--language", "zh-CN", "你这个白痴，写信给bob@example.com"]));
}

#[test]
fn an_answer_is_shown_up_to_its_cut() {
    insta::assert_snapshot!(explain(&["--on", "completion", "mail bob@example.com, idiot, darn"]));
}

#[test]
fn a_trace_shows_every_step() {
    insta::assert_snapshot!(explain(&[
        "--trace",
        "the idiot by Dostoevsky did not make a very big b0mb, so he did sh0ut",
    ]));
}

#[test]
fn a_trace_in_json_has_every_step() {
    let drawn = explain(&["--trace", "--format", "json", "make a bomb, darn"]);
    let value: Value = serde_json::from_str(&drawn).unwrap_or_default();
    assert_eq!(value.get("schema").and_then(Value::as_str), Some("tidegate.explain/v1"));
    let rules = value.pointer("/trace/rules").and_then(Value::as_array).cloned();
    let ends: Vec<String> = rules
        .unwrap_or_default()
        .iter()
        .filter_map(|rule| rule.get("end")?.as_str().map(str::to_owned))
        .collect();
    let expected =
        ["nothing_found", "nothing_found", "fired", "nothing_found", "below_level", "elsewhere"];
    assert_eq!(ends, expected);
    insta::assert_snapshot!(drawn);
}

#[test]
fn the_request_chooses_the_variant() {
    assert!(explain(&["idiot"]).starts_with("BLOCK   policy p@"));
    assert!(explain(&["--route", "lab", "idiot"]).contains("(shadow: recorded"));
}

#[test]
fn standard_input_is_read_where_the_text_is_a_dash() {
    let folder = folder(&[("p.yaml", POLICY)]);
    let outcome = fed(folder.path(), &["explain", "-p", "p.yaml", "-"], "you idiot\n");
    assert!(outcome.out.starts_with("BLOCK"), "{}", outcome.out);
}

#[test]
fn a_text_that_is_too_long_is_refused_and_not_cut() {
    let folder = folder(&[("p.yaml", POLICY)]);
    let long = "x".repeat((4 << 20) + 1);
    let outcome = fed(folder.path(), &["explain", "-p", "p.yaml", "-"], &long);
    assert_eq!((outcome.code, outcome.out.as_str()), (2, ""));
    assert_eq!(outcome.err, "error: the text is longer than 4194304 bytes\n");
}

#[test]
fn the_shipped_policy_explains_itself_without_a_flag() {
    let outcome = tidegate(project(), &["explain", "my key is AKIAIOSFODNN7EXAMPLE"]);
    assert!(outcome.out.starts_with("BLOCK   policy default@"), "{}", outcome.out);
}

#[test]
fn what_the_model_in_process_says_is_told_with_its_probability() {
    for text in
        ["all of them are vermin, throw them out of our country", "他们都是害虫，全都滚出去"]
    {
        let shown = tidegate(project(), &["explain", text]).out;
        let row = shown.lines().find(|line| line.starts_with("  pack.model/hate  "));
        let why = "classifier `pack.model/model`: hate with a probability of 0.";
        assert!(row.is_some_and(|row| row.contains(why) && row.contains(" (shadow) ")), "{shown}");
    }
}

#[test]
fn what_cannot_be_explained_says_why() {
    let folder = folder(&[("p.yaml", POLICY), ("bad.yaml", "version: 1\nname: b\nrules: 3\n")]);
    for arguments in [
        &["explain", "hello"][..],
        &["explain", "-p", "gone.yaml", "hello"],
        &["explain", "-p", "bad.yaml", "hello"],
        &["explain", "-p", "p.yaml", "--header", "x", "hello"],
        &["explain", "TG999"],
    ] {
        let outcome = tidegate(folder.path(), arguments);
        assert_eq!((outcome.code, outcome.out.as_str()), (2, ""), "{arguments:?}");
        assert!(outcome.err.contains("error"), "{arguments:?}: {}", outcome.err);
    }
}
