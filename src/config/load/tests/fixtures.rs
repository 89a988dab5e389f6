//! The files of `tests/fixtures/config`.

use super::*;
use crate::config::policy_file::{Message, RuleAction};
use crate::config::units::Window;
use crate::domain::{Level, Mode, Phase};

#[test]
fn every_key_that_this_version_honours_is_read() {
    let root = fixture("good");
    let (policy, problems) = load_policy(&root, &root.join("policies/careful.yaml"));
    assert!(problems.is_empty(), "{}", full(&problems));
    let policy = policy.unwrap();
    assert_eq!((policy.file.mode, policy.file.sensitivity), (Mode::Enforce, Level::Medium));
    let ids: Vec<_> = policy.file.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "addresses", // in the place of pack.pii/email
            "pack.pii/phone",
            "pack.pii/street",
            "secrets",
            "bombs",
            "self-harm",
            "insults",
            "odd-words",
            "links"
        ]
    );
    assert_eq!(policy.file.rules[0].action, Some(RuleAction::Pseudonymise));
    assert_eq!(policy.file.rules[0].on.0, [Phase::Prompt]);
    let bombs = &policy.file.rules[4].matcher;
    let any = bombs.any.as_ref().unwrap();
    let patterns = any[0].regex.as_ref().unwrap();
    assert_eq!((patterns[0].reads_views(), patterns[1].reads_views()), (false, true));
    assert_eq!(any[1].within, Some(Window::Words(12)));
    assert_eq!(policy.lexicons["insults"].terms.len(), 4);
    assert_eq!(policy.lexicons["pack.pii/streets"].terms[0].text, "main street");
    assert!(matches!(policy.file.messages.get("refused"), Some(Message::ByLanguage(_))));
    assert_eq!(policy.revision.len(), 12);
    assert_eq!(policy.folders.len(), 3);
}

#[test]
fn words_that_look_like_something_else_stay_words() {
    let root = fixture("good");
    let policy = load_policy(&root, &root.join("policies/careful.yaml")).0.unwrap();
    let words = policy.file.rules[7].matcher.words.as_ref().unwrap();
    assert_eq!(words.0, ["on", "no", "yes", "1.0", "007", "null", "~", "0x1F"]);
}

#[test]
fn the_beginner_policy_is_sound() {
    let root = fixture("good");
    let (policy, problems) = load_policy(&root, &root.join("policies/starter.yaml"));
    assert!(problems.is_empty(), "{}", full(&problems));
    assert_eq!(policy.unwrap().file.mode, Mode::Shadow);
}

#[test]
fn a_folder_of_policies_is_read_without_its_packs() {
    let (policies, problems) = load_policies(&fixture("good"), "policies");
    assert!(problems.is_empty(), "{}", full(&problems));
    let names: Vec<_> = policies.iter().map(|policy| policy.file.name.as_str()).collect();
    assert_eq!(names, ["careful", "starter"]);
}

#[test]
fn the_server_file_is_read_and_its_routes_find_their_policies() {
    let root = fixture("good");
    let (server, problems) = load_server(Some(&root.join("tidegate.yaml")), &[], &[]);
    assert!(problems.is_empty(), "{}", full(&problems));
    let server = server.unwrap();
    assert_eq!(server.root, root);
    assert_eq!(server.file.limits.in_flight, 1024);
    let (mut policies, found) = load_policies(&root, "policies");
    assert!(check_route_policies(&server, &policies, &found).is_empty());
    for policy in policies.iter_mut().filter(|policy| policy.file.name == "starter") {
        "started".clone_into(&mut policy.file.name);
    }
    let problems = check_route_policies(&server, &policies, &found);
    assert_eq!(problems.len(), 2);
    assert!(full(&problems).contains("did you mean `started`?"));
}

#[test]
fn a_file_of_tests_is_read_and_finds_its_policy() {
    let root = fixture("good");
    let (tests, problems) = load_tests(&root, &root.join("tests/careful.test.yaml"));
    assert!(problems.is_empty(), "{}", full(&problems));
    let tests = tests.unwrap();
    assert_eq!((tests.file.tests.len(), tests.corpora), (7, vec![None]));
    assert!(tests.policy.ends_with("policies/careful.yaml"));
}

#[test]
fn what_a_later_version_brings_is_never_passed_over() {
    let root = fixture("later");
    let (policy, problems) = load_policy(&root, &root.join("policies/later.yaml"));
    assert!(policy.is_some());
    insta::assert_snapshot!(short(&problems, &root), @r##"
    policies/later.yaml:5:13: warning[TG030]: `tenant` has no effect in this version: no request has a tenant or a key yet, so this never applies
    policies/later.yaml:9:30: warning[TG030]: `typos` has no effect in this version: this view is not built yet
    policies/later.yaml:26:12: error[TG019]: classifiers of what is no text: known, but not available in this version: nobody would judge these parts
    policies/later.yaml:43:3: error[TG019]: holding texts for review: known, but not available in this version: the text would pass
    2 errors, 2 warnings in 1 file.
    "##);
    let (server, problems) = load_server(Some(&root.join("tidegate.yaml")), &[], &[]);
    assert!(server.is_some());
    insta::assert_snapshot!(short(&problems, &root), @r##"
    tidegate.yaml:9:11: error[TG019]: tenants: known, but not available in this version: nobody would be told apart
    tidegate.yaml:11:39: error[TG019]: routes by tenant: known, but not available in this version: this route would never match
    tidegate.yaml:14:14: error[TG019]: texts in spans: known, but not available in this version: nothing would be captured
    3 errors in 1 file.
    "##);
}

/// The short form, with paths from the root.
fn short(problems: &Problems, root: &Path) -> String {
    render(problems, Format::Short, false).replace(&format!("{}/", root.display()), "")
}
