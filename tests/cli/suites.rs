//! `tidegate test`.

use serde_json::Value;

use crate::{folder, tidegate};

const POLICY: &str = "version: 1
name: p
overrides: [{ when: { route: kids }, set: { sensitivity: high } }]
rules:
  - { id: insults, words: [idiot], action: block }
  - { id: mail, detect: [email], action: redact }
  - { id: strict, words: [darn], action: tag, level: medium }
  - { id: stricter, words: [gosh], action: tag, level: high }
sensitivity: low
";

const WRONG: &str = "version: 1
policy: p.yaml   # the policy
tests:
  # a comment that stays
  - name: an insult
    text: you idiot
    expect: { action: review, rules: [insult] }   # wrong
  - name: a mail
    text: write to bob@example.com
    expect:
      action: redact
      output: \"write to [MAIL]\"
  - name: several texts
    each: [idiot, hello]
    expect: { action: block }
  - name: a gap
    todo: true
    text: moron
    expect: { action: block }
  - name: fine
    text: hello
    expect: { action: allow }
";

const FINE: &str = "version: 1
policy: p.yaml
tests:
  - { name: an insult, text: you idiot, expect: { action: block } }
  - { name: kids, text: gosh, with: { request: { route: kids } }, expect: { action: tag } }
  - { name: others, text: gosh, expect: { action: allow } }
";

fn files(tests: &str) -> tempfile::TempDir {
    folder(&[("p.yaml", POLICY), ("a.test.yaml", tests)])
}

#[test]
fn failures_say_what_came_and_exit_with_1() {
    let outcome = tidegate(files(WRONG).path(), &["test", "a.test.yaml"]);
    insta::assert_snapshot!(outcome.drawn());
}

#[test]
fn tests_that_pass_exit_with_0_and_know_the_request() {
    let outcome = tidegate(files(FINE).path(), &["test", "a.test.yaml"]);
    assert_eq!((outcome.code, outcome.out.as_str()), (0, "3 passed, 0 failed\n"));
    assert_eq!(outcome.err, "");
}

#[test]
fn coverage_passes_over_rules_that_are_off_for_everybody() {
    let outcome = tidegate(files(FINE).path(), &["test", "--coverage", "a.test.yaml"]);
    assert_eq!(
        outcome.out,
        "no test fires rule `mail` of p\nno test fires rule `strict` of p\n3 passed, 0 failed\n"
    );
    let off =
        POLICY.replace("overrides: [{ when: { route: kids }, set: { sensitivity: high } }]\n", "");
    let tests = FINE.replace("expect: { action: tag }", "expect: { action: allow }");
    let folder = folder(&[("p.yaml", &off), ("a.test.yaml", &tests)]);
    let outcome = tidegate(folder.path(), &["test", "--coverage", "a.test.yaml"]);
    assert_eq!(outcome.out, "no test fires rule `mail` of p\n3 passed, 0 failed\n");
}

/// A policy with rules on trial, and tests of which none has to know of them.
const ON_TRIAL: &str = "version: 1
name: p
mode: enforce
rules:
  - { id: insults, words: [idiot, 笨蛋], action: block }
  - { id: newer, words: [idiot, 笨蛋, twit], score: 3, mode: shadow }
  - { id: later, words: [idiot, 笨蛋, fool], action: tag, shadow_until: 2999-12-31 }
  - { id: never, words: [knave], action: tag, mode: shadow }
thresholds: [{ score: 2, action: tag }]
tests:
  - { name: none named, each: [idiot, 笨蛋], on: completion, expect: { action: block, rules: [insults], score: 0 } }
  - { name: spans of none, text: you idiot, expect: { spans: [idiot] } }
  - { name: spans of one, text: you idiot, expect: { rules: [newer, insults], score: 3, spans: [idiot, idiot] } }
  - { name: by itself, messages: [{ text: twit }, { text: fool }], expect: { action: allow, rules: [] } }
";

#[test]
fn rules_on_trial_count_only_where_a_test_names_them() {
    let outcome = tidegate(folder(&[("p.yaml", ON_TRIAL)]).path(), &["test", "p.yaml"]);
    assert_eq!((outcome.code, outcome.out.as_str()), (0, "4 passed, 0 failed\n"));
    let named = ON_TRIAL.replace("rules: []", "rules: [never]");
    let outcome = tidegate(folder(&[("p.yaml", &named)]).path(), &["test", "p.yaml"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.out.contains("rules: expected [never], got []"), "{}", outcome.out);
}

#[test]
fn in_a_policy_that_is_in_shadow_as_a_whole_every_rule_counts() {
    let shadow = ON_TRIAL.replace("mode: enforce", "mode: shadow");
    let outcome = tidegate(folder(&[("p.yaml", &shadow)]).path(), &["test", "p.yaml"]);
    assert_eq!(outcome.code, 1);
    for what in [
        "rules: expected [insults], got [insults, later, newer]",
        "score: expected 0, got 3",
        "spans: expected [\"idiot\"], got [\"idiot\", \"idiot\", \"idiot\"]",
        "rules: expected [], got [later, newer]",
    ] {
        assert!(outcome.out.contains(what), "{what}: {}", outcome.out);
    }
}

#[test]
fn an_update_names_no_rule_on_trial_that_was_not_named() {
    let wrong = ON_TRIAL.replace("rules: [insults]", "rules: [insult]");
    let wrong = wrong.replace("[newer, insults]", "[newer, insult, never]");
    let folder = folder(&[("p.yaml", &wrong)]);
    let outcome = tidegate(folder.path(), &["test", "--update", "--yes", "p.yaml"]);
    assert_eq!(outcome.code, 0, "{}", outcome.err);
    let after = std::fs::read_to_string(folder.path().join("p.yaml")).unwrap_or_default();
    assert_eq!(after, ON_TRIAL.replace("[newer, insults]", "[insults, newer]"));
}

#[test]
fn coverage_says_of_a_rule_that_it_is_on_trial() {
    let folder = folder(&[("p.yaml", ON_TRIAL)]);
    let outcome = tidegate(folder.path(), &["test", "--coverage", "p.yaml"]);
    let said = "no test fires rule `never` of p, which is on trial\n4 passed, 0 failed\n";
    assert_eq!(outcome.out, said);
}

#[test]
fn an_update_without_a_terminal_shows_and_writes_nothing() {
    let folder = files(WRONG);
    let outcome = tidegate(folder.path(), &["test", "--update", "a.test.yaml"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.err.ends_with("`--yes` writes this without asking\nnothing was written\n"));
    let after = std::fs::read_to_string(folder.path().join("a.test.yaml")).unwrap_or_default();
    assert_eq!(after, WRONG);
}

#[test]
fn an_update_changes_the_values_and_nothing_else() {
    let folder = files(WRONG);
    let outcome = tidegate(folder.path(), &["test", "--update", "--yes", "a.test.yaml"]);
    insta::assert_snapshot!(outcome.drawn());
    let after = std::fs::read_to_string(folder.path().join("a.test.yaml")).unwrap_or_default();
    let expected = WRONG
        .replace("{ action: review, rules: [insult] }", "{ action: block, rules: [insults] }")
        .replace("\"write to [MAIL]\"", "'write to [EMAIL]'");
    assert_eq!(after, expected);
    let again = tidegate(folder.path(), &["test", "a.test.yaml"]);
    assert!(again.out.ends_with("3 passed, 1 failed, 1 known gap\n"), "{}", again.out);
}

#[test]
fn the_report_for_ci_servers_is_written() {
    let folder = files(WRONG);
    let outcome = tidegate(folder.path(), &["test", "--junit", "report.xml", "a.test.yaml"]);
    assert_eq!(outcome.code, 1);
    let report = std::fs::read_to_string(folder.path().join("report.xml")).unwrap_or_default();
    insta::assert_snapshot!(report);
}

#[test]
fn results_come_as_json_and_as_annotations() {
    let folder = files(WRONG);
    let json = tidegate(folder.path(), &["test", "--format", "json", "a.test.yaml"]);
    let value: Value = serde_json::from_str(&json.out).unwrap_or_default();
    assert_eq!(value.get("schema").and_then(Value::as_str), Some("tidegate.test/v1"));
    assert_eq!(value.get("failed").and_then(Value::as_u64), Some(3));
    let github = tidegate(folder.path(), &["test", "--format", "github", "a.test.yaml"]);
    let first =
        "::error file=a.test.yaml,line=5,title=an insult::action: expected review, got block";
    assert!(github.out.starts_with(first), "{}", github.out);
}

#[test]
fn a_filter_chooses_by_name() {
    let folder = files(WRONG);
    let chosen = tidegate(folder.path(), &["test", "--filter", "^fi", "a.test.yaml"]);
    assert_eq!((chosen.code, chosen.out.as_str()), (0, "1 passed, 0 failed\n"));
    let none = tidegate(folder.path(), &["test", "--filter", "zzz", "a.test.yaml"]);
    assert_eq!(
        (none.code, none.err.as_str()),
        (2, "error: no test has a name that matches `zzz`\n")
    );
    let wrong = tidegate(folder.path(), &["test", "--filter", "(", "a.test.yaml"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("--filter"), "{}", wrong.err);
}

#[test]
fn the_first_failure_ends_the_run_where_that_is_asked_for() {
    let outcome = tidegate(files(WRONG).path(), &["test", "--fail-fast", "a.test.yaml"]);
    assert!(outcome.out.ends_with("0 passed, 1 failed\n"), "{}", outcome.out);
}

#[test]
fn what_cannot_be_run_exits_with_2() {
    let folder = folder(&[
        ("p.yaml", "version: 1\nname: p\nrules: 3\n"),
        ("a.test.yaml", FINE),
        ("b.test.yaml", "version: 1\npolicy: gone.yaml\n"),
    ]);
    for file in ["a.test.yaml", "b.test.yaml", "gone.test.yaml"] {
        let outcome = tidegate(folder.path(), &["test", file]);
        assert_eq!((outcome.code, outcome.out.as_str()), (2, ""), "{file}");
        assert!(outcome.err.contains("error"), "{file}: {}", outcome.err);
    }
    assert_eq!(tidegate(folder.path(), &["test"]).code, 2);
}

const ASKING: &str = "version: 1
name: p
classifiers:
  guard: { kind: http, endpoint: guard, request: { body: '{\"text\": \"{{text}}\"}' }, answer: { score: /score }, labels: { score: hate } }
rules:
  - { id: hateful, classifier: { guard: { at_least: 0.5 } }, action: block }
tests:
  - { name: hate, text: hello, with: { classifiers: { guard: 0.9 } }, expect: { action: block, rules: [hateful] } }
  - { name: silence, text: hello, with: { classifiers: { guard: timeout } }, expect: { action: block, unavailable: [guard] } }
  - { name: fine, text: hello, on: completion, expect: { action: allow, unavailable: [] } }
";

#[test]
fn a_test_says_what_a_classifier_answers_and_tests_in_a_policy_run_with_all_others() {
    let server = "version: 1
upstreams: { u: { builtin: demo } }
endpoints: { guard: { url: 'http://127.0.0.1:9' } }
routes: [{ id: r, match: { path: '/v1/*' }, upstream: u, policy: p }]
";
    let run = |policy: &str, command: &[&str]| {
        let root = folder(&[("tidegate.yaml", server), ("rows.txt", "hello\n")]);
        std::fs::create_dir(root.path().join("policies")).expect("a folder");
        std::fs::write(root.path().join("policies/p.yaml"), policy).expect("a policy");
        tidegate(root.path(), &[command, &["--config", "tidegate.yaml"]].concat())
    };
    let fine = run(ASKING, &["test"]);
    assert_eq!((fine.code, fine.out.as_str()), (0, "3 passed, 0 failed\n"), "{}", fine.err);
    let unknown = run(&ASKING.replace("{ guard: 0.9 }", "{ gaurd: 0.9 }"), &["test"]);
    assert_eq!(unknown.code, 1);
    let shown = format!("{}{}", unknown.out, unknown.err);
    assert!(shown.contains("with.classifiers: the policy has no classifier `gaurd`"), "{shown}");
    // What stands in other files is named beside what stands in the policy.
    let wrong = ASKING
        .replace("endpoint: guard", "endpoint: gaurd")
        .replace("at_least: 0.5", "labels: [spam]");
    let wrong = run(&wrong, &["check"]);
    assert_eq!(wrong.code, 1);
    for named in ["TG024", "unknown endpoint `gaurd`", "TG015", "`guard` has no label `spam`"] {
        assert!(wrong.err.contains(named), "{named}: {}", wrong.err);
    }
    let explained = run(ASKING, &["explain", "hello"]);
    assert!(explained.out.contains("`guard` would be asked"), "{}", explained.out);
    // Nobody listens there.
    let scanned = run(ASKING, &["scan", "rows.txt"]);
    assert_eq!((scanned.code, scanned.out.as_str()), (0, ""));
    assert!(scanned.err.contains("about 1 rows a classifier gave no answer"), "{}", scanned.err);
}
