//! New files while the service runs.

use tidegate::app::Order;

use crate::gate::{Gate, Setup};
use crate::wire::{ask, prompt};

async fn replace(gate: &Gate, file: &str, from: &str, to: &str) {
    let path = gate.path(file);
    let text = std::fs::read_to_string(&path).expect("it is there");
    assert!(text.contains(from), "{text}");
    std::fs::write(path, text.replace(from, to)).expect("it can be written");
    gate.order(Order::Reload).await;
}

#[tokio::test]
async fn a_new_policy_takes_effect_and_a_bad_one_changes_nothing() {
    let gate = Setup::demo().start().await;
    ask(gate.data, &prompt("a grenade")).await.is_error(400, "content_policy_violation");
    replace(&gate, "policies/test.yaml", "grenade", "mortar").await;
    gate.counts(&["tidegate_policy_reloads_total{outcome=\"ok\"} 2"]).await;
    assert_eq!(ask(gate.data, &prompt("a grenade")).await.status, 200);
    ask(gate.data, &prompt("a mortar")).await.is_error(400, "content_policy_violation");
    replace(&gate, "policies/test.yaml", "action: block", "action: blokc").await;
    gate.counts(&[
        "tidegate_policy_reloads_total{outcome=\"invalid\"} 1",
        "tidegate_policy_last_reload_successful 0",
    ])
    .await;
    ask(gate.data, &prompt("a mortar")).await.is_error(400, "content_policy_violation");
}

#[tokio::test]
async fn a_setting_that_needs_a_restart_is_refused_with_all_that_changed_beside_it() {
    let gate = Setup::demo().start().await;
    let lines = "limits: { in_flight: 7, messages: 1 }\npolicies: ";
    replace(&gate, "tidegate.yaml", "policies: ", lines).await;
    gate.counts(&["tidegate_policy_reloads_total{outcome=\"invalid\"} 1"]).await;
    let two =
        serde_json::json!([{ "role": "user", "content": "a" }, { "role": "user", "content": "b" }]);
    let body = serde_json::json!({ "model": "m", "messages": two }).to_string();
    assert_eq!(ask(gate.data, &body).await.status, 200, "`limits.messages` was not changed");
    replace(&gate, "tidegate.yaml", "in_flight: 7, ", "").await;
    gate.counts(&["tidegate_policy_reloads_total{outcome=\"ok\"} 2"]).await;
    ask(gate.data, &body).await.is_error(413, "too_many_messages");
}

fn edit(gate: &Gate, file: &str, from: &str, to: &str) {
    let path = gate.path(file);
    let text = std::fs::read_to_string(&path).expect("it is there");
    std::fs::write(path, text.replace(from, to)).expect("it can be written");
}

#[tokio::test]
async fn files_put_right_again_count_as_in_force() {
    let gate = Setup::demo().with("policies.watch", "true").start().await;
    // Who answers has begun to watch.
    ask(gate.data, &prompt("a grenade")).await.is_error(400, "content_policy_violation");
    edit(&gate, "policies/test.yaml", "action: block", "action: blokc");
    gate.counts(&["tidegate_policy_last_reload_successful 0"]).await;
    edit(&gate, "policies/test.yaml", "action: blokc", "action: block");
    gate.counts(&["tidegate_policy_last_reload_successful 1"]).await;
    ask(gate.data, &prompt("a grenade")).await.is_error(400, "content_policy_violation");
}

#[tokio::test]
async fn a_test_that_fails_is_noticed_though_nothing_else_changed() {
    const TEST: &str = "version: 1\npolicy: test.yaml\ntests: [{ name: t, text: a grenade, expect: { action: block } }]\n";
    let setup = Setup::demo().with("policies.watch", "true");
    let tests = setup.folder().join("tests");
    std::fs::create_dir(&tests).expect("a folder");
    std::fs::write(tests.join("a.test.yaml"), TEST).expect("a test file");
    let gate = setup.start().await;
    ask(gate.data, &prompt("a grenade")).await.is_error(400, "content_policy_violation");
    edit(&gate, "tests/a.test.yaml", "grenade", "kitten");
    gate.counts(&[
        "tidegate_policy_reloads_total{outcome=\"tests_failed\"} 1",
        "tidegate_policy_last_reload_successful 0",
    ])
    .await;
    ask(gate.data, &prompt("a grenade")).await.is_error(400, "content_policy_violation");
    edit(&gate, "tests/a.test.yaml", "kitten", "grenade");
    gate.counts(&["tidegate_policy_last_reload_successful 1"]).await;
}
