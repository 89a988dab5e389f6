//! Places at which policies are looked at, tried and changed.

use serde_json::{Value, json};

use super::describe::{Told, flag, list, object, of, one_of, text, told, whole};

fn written(most: u32) -> Value {
    json!({ "type": "string", "maxLength": most })
}

/// The most characters of a draft of a policy and of a text to try.
const MOST_TRIED: u32 = 1 << 20;

/// Places at which one looks at policies and changes them.
fn changing() -> Vec<Told> {
    vec![
        told(
            "GET",
            "/api/review/items/{id}/test-case",
            "Shows an item as a test case of its policy.",
        )
        .gives("200", of("change")),
        told("POST", "/api/review/items/{id}/test-case", "Saves an item as a test case.")
            .gives("200", of("change")),
        told(
            "GET",
            "/api/review/items/{id}/exception",
            "Shows an exception for the text of an item.",
        )
        .gives("200", of("change")),
        told(
            "POST",
            "/api/review/items/{id}/exception",
            "Saves an exception for the text of an item.",
        )
        .gives("200", of("change")),
        told("GET", "/api/policies", "Lists policies, and how the last reload went.")
            .gives("200", object(&["rows"])),
        told("GET", "/api/policies/{name}", "Shows a policy with its rules.")
            .gives("200", object(&["name", "revision", "rules"])),
    ]
}

/// Places at which one tries what one means to change.
fn trying() -> Vec<Told> {
    let phase = || one_of(&["prompt", "completion"]);
    let message = json!({
        "type": "object",
        "required": ["role", "content"],
        "properties": { "role": text(), "content": written(MOST_TRIED) },
    });
    vec![
        told("POST", "/api/playground", "Tries a text under a policy, or under a draft of one.")
            .takes(
                &["policy", "phase"],
                json!({
                    "policy": text(),
                    "draft": written(MOST_TRIED),
                    "phase": phase(),
                    "text": written(MOST_TRIED),
                    "messages": list(message),
                    "chunk": whole(1, 100_000),
                    "preset": text(),
                }),
            )
            .gives("200", object(&["action", "rules", "findings"])),
        told("POST", "/api/playground/tests", "Runs the tests of a policy, or of a draft of one.")
            .takes(&["policy"], json!({ "policy": text(), "draft": written(MOST_TRIED) }))
            .gives("200", object(&["passed", "failed", "cases"])),
        told(
            "POST",
            "/api/playground/test-case",
            "Makes a test case of what was tried, and saves it where asked to.",
        )
        .takes(
            &["policy", "name", "phase", "text", "expect"],
            json!({
                "policy": text(),
                "name": text(),
                "phase": phase(),
                "text": written(MOST_TRIED),
                "expect": json!({}),
                "save": flag(),
            }),
        )
        .gives("200", of("change")),
        told("GET", "/api/adapt", "Shows thresholds that adapt, and how they moved.")
            .gives("200", object(&["rows", "changes"])),
        told("POST", "/api/adapt/reset", "Puts a threshold back to what the policy says.")
            .takes(&["policy", "rule"], json!({ "policy": text(), "rule": text() }))
            .gives("200", json!({ "type": "object" })),
    ]
}

pub(super) fn places() -> Vec<Told> {
    [changing(), trying()].into_iter().flatten().collect()
}
