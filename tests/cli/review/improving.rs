//! Tests and exceptions out of settled items.

use crate::tidegate;

use super::scene::{Scene, is_plain, lines, member, scene};

const POLICY: &str = "# kept as it is\r\nversion: 1\r\nname: default\r\nrules:\r\n  - id: insults\r\n    words: [idiot]\r\n    action: block # why\r\ntests:\r\n  - { name: blocks, text: you idiot, expect: { action: block } }\r\n";

/// The scene with a policy that insults nobody.
fn with_policy() -> Scene {
    let scene = scene();
    std::fs::create_dir(scene.path().join("policies")).expect("a folder");
    std::fs::write(scene.path().join("policies/default.yaml"), POLICY).expect("a policy");
    scene
}

fn policy(scene: &Scene) -> String {
    std::fs::read_to_string(scene.path().join("policies/default.yaml")).expect("it is there")
}

#[test]
fn an_exception_is_shown_first_and_written_when_that_is_asked_for() {
    let scene = with_policy();
    let [item, _] = &scene.alike;
    let open = scene.wrong(&["improve", item, "--exception"]);
    assert!(open.contains("not settled"), "{open}");
    scene.by("ann", &["judge", item, "overturned"]);
    let shown = scene.fine(&["improve", item, "--exception"]);
    assert!(shown.contains("+    except: ['A1) idiot']"), "{shown}");
    assert_eq!(policy(&scene), POLICY);
    scene.by("ann", &["improve", item, "--exception", "--write"]);
    let expected = POLICY.replace("# why\r\n", "# why\r\n    except: ['A1) idiot']\r\n");
    assert_eq!(policy(&scene), expected);
    let public = scene.public.as_str();
    scene.fine(&["ledger", "--verify", "--key", public]);
    let acts = scene.fine(&["ledger"]);
    assert!(acts.contains("exception"), "{acts}");
    let check = tidegate(scene.path(), &["check", "--config", "tidegate.yaml"]);
    assert_eq!(check.code, 0, "{} {}", check.out, check.err);
}

#[test]
fn a_test_case_keeps_what_people_said_and_is_a_known_gap_until_the_policy_does_so() {
    let scene = with_policy();
    let [item, _] = &scene.alike;
    scene.by("ann", &["judge", item, "overturned"]);
    let shown = scene.fine(&["improve", item, "--test-case", "--format", "json"]);
    let value = lines(&shown).remove(0);
    assert_eq!((member(&value, "/todo"), member(&value, "/tests")), (&true.into(), &2.into()));
    scene.by("ann", &["improve", item, "--test-case", "--write"]);
    let test = format!(
        "  - name: 'review {item}, overturned'\r\n    text: '=SUM(A1) idiot'\r\n    expect: {{ action: allow }}\r\n    todo: true\r\n"
    );
    assert_eq!(policy(&scene), format!("{POLICY}{test}"));
    let again = scene.wrong(&["improve", item, "--test-case"]);
    assert!(again.contains("already"), "{again}");
}

#[test]
fn a_text_with_hidden_characters_is_written_as_escapes_that_people_see() {
    let scene = with_policy();
    let item = &scene.answer;
    scene.by("ann", &["judge", item, "upheld"]);
    let shown = scene.fine(&["improve", item, "--test-case"]);
    assert!(is_plain(&shown) && shown.contains(r"you \x1b[31mid\u200biot\u202e!"), "{shown}");
    let none = scene.wrong(&["improve", item, "--exception"]);
    assert!(none.contains("overturned"), "{none}");
}
