//! `tidegate check`.

use serde_json::Value;

use crate::{folder, project, tidegate};

const POLICY: &str = "version: 1
name: p
rules:
  - { id: secrets, detect: [api_key], action: block }
  - { id: links, regex: 'https://zyzzyva\\.example/\\S+', max_match: 2KiB, action: redact }
  - { id: near, all: [{ words: [make] }, { words: [zyzzyva] }], within: 12 words, action: block }
  - { id: prompts, words: [zymurgy], on: [prompt], action: tag }
";

#[test]
fn a_sound_policy_shows_what_each_rule_holds_of_a_stream() {
    let folder = folder(&[("p.yaml", POLICY)]);
    insta::assert_snapshot!(tidegate(folder.path(), &["check", "p.yaml"]).drawn());
}

#[test]
fn the_shipped_configuration_has_nothing_to_warn_of() {
    let outcome = tidegate(project(), &["check", "--deny-warnings"]);
    assert_eq!((outcome.code, outcome.err.as_str()), (0, ""));
    assert!(outcome.out.ends_with("ok\n"));
}

#[test]
fn warnings_fail_only_where_that_is_asked_for() {
    let folder = project().join("tests/cli/codes/TG032");
    assert_eq!(tidegate(&folder, &["check", "policy.yaml"]).code, 0);
    let denied = tidegate(&folder, &["check", "--deny-warnings", "policy.yaml"]);
    assert_eq!(denied.code, 1);
    assert!(!denied.out.contains("ok\n"), "{}", denied.out);
}

#[test]
fn all_mistakes_of_a_file_come_in_one_run() {
    let text = "version: 1\nname: p\nmode: shadw\nrules:\n  - { id: a, words: [x1], acton: tag }\n  - { id: b, regex: '(', action: blok }\n";
    let folder = folder(&[("p.yaml", text)]);
    insta::assert_snapshot!(tidegate(folder.path(), &["check", "p.yaml"]).drawn());
}

#[test]
fn diagnostics_for_machines_are_results() {
    let folder = project().join("tests/cli/codes/TG003");
    for (format, part) in [
        ("json", "tidegate.problems/v1"),
        ("sarif", "\"2.1.0\""),
        ("github", "::error file=policy.yaml,line="),
    ] {
        let outcome = tidegate(&folder, &["check", "--format", format, "policy.yaml"]);
        assert_eq!((outcome.code, outcome.err.as_str()), (1, ""), "{format}");
        assert!(outcome.out.contains(part), "{format}: {}", outcome.out);
        if format != "github" {
            let value: Option<Value> = serde_json::from_str(&outcome.out).ok();
            assert!(value.is_some(), "{format}");
        }
    }
    let short = tidegate(&folder, &["check", "--format", "short", "policy.yaml"]);
    assert!(short.err.starts_with("policy.yaml:6:5: error[TG003]"), "{}", short.err);
}

#[test]
fn checks_of_dates_depend_on_the_day() {
    let text = "version: 1\nname: p\nsuppress: [{ rule: a, reason: r, until: 2020-01-01 }]\nrules:\n  - { id: a, words: [zyzzyva], action: tag }\n";
    let folder = folder(&[("p.yaml", text)]);
    let outcome = tidegate(folder.path(), &["check", "p.yaml"]);
    assert_eq!(outcome.code, 0);
    assert!(outcome.err.contains("warning[TG036]"), "{}", outcome.err);
}

#[test]
fn effective_settings_say_where_they_come_from() {
    let outcome = tidegate(project(), &["check", "--show-effective"]);
    assert!(outcome.out.contains("listen = 127.0.0.1:8080  ("), "{}", outcome.out);
}

#[test]
fn a_folder_without_a_configuration_gets_one_diagnostic_with_the_way_to_one() {
    let folder = folder(&[]);
    insta::assert_snapshot!(tidegate(folder.path(), &["check"]).drawn());
}

#[test]
fn an_upstream_with_a_wrong_value_gets_one_diagnostic() {
    let server = "version: 1\nupstreams:\n  a: { builtin: dmo }\n  b: { url: api.example.com }\n\
                  routes: [{ id: chat, match: {}, upstream: a, policy: p }]\n";
    let policy = "version: 1\nname: p\nrules: [{ id: a, words: [grenade], action: block }]\n";
    let folder = folder(&[("tidegate.yaml", server), ("policies/p.yaml", policy)]);
    insta::assert_snapshot!(tidegate(folder.path(), &["check"]).drawn());
}

#[test]
fn a_file_that_is_not_there_exits_with_2() {
    let folder = folder(&[]);
    let outcome = tidegate(folder.path(), &["check", "gone.yaml"]);
    assert_eq!((outcome.code, outcome.err.as_str()), (2, "error: `gone.yaml` is not a file\n"));
}

const WITH_ALL_KINDS: &str = "version: 1
name: p
lexicons: { unused: { file: l.txt } }
messages: { unread: hello }
suppress:
  - { rule: nothere, reason: r }
  - { rule: trial, reason: r, until: 2020-01-01 }
rules:
  - { id: list, lexicon: nope, action: block }
  - { id: said, words: [zymurgy], action: block, message: { id: nomsg } }
  - { id: mine, override: nopack/x, words: [zyzzyva], action: block }
  - { id: trial, words: [zyzzyvas], action: block, shadow_until: 2020-01-01 }
  - { id: greets, words: [hi, the], except: [nothing here], action: block }
  - { id: broken, regex: '(', action: block }
";

const SERVER: &str = "version: 1
listen: 127.0.0.1:0
admin: { listen: 127.0.0.1:0 }
upstreams: { demo: { builtin: demo }, other: { url: api.example.com } }
routes:
  - { id: a, match: { path: /a }, upstream: demoo, policy: p }
  - { id: b, match: { path: /b }, upstream: demo, policy: q }
";

#[test]
fn one_mistake_hides_no_other() {
    let folder = folder(&[("p.yaml", WITH_ALL_KINDS), ("l.txt", "zyzzyvae\n")]);
    let plain = tidegate(folder.path(), &["check", "--format", "short", "p.yaml"]).err;
    insta::assert_snapshot!(plain);
    let text = WITH_ALL_KINDS.replace("rules:\n", "rulez: 1\nrules:\n");
    std::fs::write(folder.path().join("p.yaml"), text).unwrap_or_else(|error| panic!("{error}"));
    let more = tidegate(folder.path(), &["check", "--format", "short", "p.yaml"]).err;
    let codes = |text: &str| text.matches("[TG").count();
    assert_eq!(codes(&more), codes(&plain) + 1, "{more}");
}

#[test]
fn check_and_serve_name_the_same_mistakes() {
    let folder = folder(&[
        ("tidegate.yaml", SERVER),
        ("policies/p.yaml", WITH_ALL_KINDS),
        ("l.txt", "zyzzyvae\n"),
        ("tests/a.test.yaml", "version: 1\npolicy: gone.yaml\ntests: []\n"),
    ]);
    let check = tidegate(folder.path(), &["check", "--config", "tidegate.yaml"]);
    let serve = tidegate(folder.path(), &["serve", "--config", "tidegate.yaml"]);
    assert_eq!((check.code, serve.code), (1, 2));
    assert_eq!(format!("{}nothing was started\n", check.err), serve.err);
    for part in ["upstream `demoo`", "policy `q`", "api.example.com", "gone.yaml", "TG036"] {
        assert!(check.err.contains(part), "{part}: {}", check.err);
    }
}

#[test]
fn nothing_is_said_that_another_mistake_makes_look_so() {
    let policy = "version: 1
name: p
lexicons: { l: { file: l.txt, boundary: wrd }, m: { fil: m.txt } }
rules:
  - { id: a, lexicon: [l, m], action: block, message: { di: x } }
  - { words: [hi], all: { regex: '(' }, action: block }
messages: { x: hello }
suppress: [{ rule: b c, reason: r }]
";
    let server = "version: 1
upstreams: { a: { builtin: dmo } }
routes: [{ match: {}, upstream: a, policy: p }, { id: r, match: {}, upstream: a, policy: q }]
";
    let folder = folder(&[
        ("tidegate.yaml", server),
        ("policies/p.yaml", policy),
        ("policies/q.yaml", "version: 1\nname: q\nrules: [\n"),
        ("l.txt", "zyzzyvae\n"),
    ]);
    insta::assert_snapshot!(tidegate(folder.path(), &["check", "--format", "short"]).err);
}

#[test]
fn a_word_list_is_checked_as_one() {
    let folder =
        folder(&[("l.txt", "zyzzyva ;score=2\nzymurgy\n"), ("bad.txt", "cow ;boundry=word\n")]);
    let sound = tidegate(folder.path(), &["check", "l.txt"]);
    assert_eq!((sound.code, sound.out.as_str()), (0, "l.txt: a word list of 2 terms\nok\n"));
    let bad = tidegate(folder.path(), &["check", "--format", "short", "bad.txt"]);
    assert!(bad.code == 1 && bad.err.contains("TG073"), "{}", bad.err);
}

#[test]
fn a_server_file_is_checked_as_one_whatever_its_name() {
    let server = "version: 1\nupstreams: { demo: { builtin: demo } }\nroutes:\n  - { id: a, match: { path: /* }, upstream: demo, policy: p }\n";
    let files = [("own.yaml", server), ("policies/p.yaml", POLICY)];
    let outcome = tidegate(folder(&files).path(), &["check", "own.yaml"]);
    assert_eq!((outcome.code, outcome.err.as_str()), (0, ""));
    let bad = server.replace("upstream: demo", "upstream: dmeo");
    let files = [("own.yaml", bad.as_str()), ("policies/p.yaml", POLICY)];
    let outcome = tidegate(folder(&files).path(), &["check", "--format", "short", "own.yaml"]);
    assert_eq!(outcome.code, 1);
    let said = "own.yaml:4:45: error[TG062]: there is no upstream `dmeo`: did you mean `demo`?\n1 error in 1 file.\n";
    assert_eq!(outcome.err, said);
}
