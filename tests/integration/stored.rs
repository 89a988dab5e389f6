//! What a model's server keeps and a request only names: earlier answers, conversations, prompts. Nobody screened on this
//! way what is read from there, so a policy has to say that it may be.

use serde_json::{Value, json};

use crate::gate::Setup;
use crate::model::{Model, whole};
use crate::wire::post;

const ALLOWED: &str = "nontext: { stored: allow }\n";

/// Requests that take up what is kept, by path, with the place that names it.
fn taking_up() -> Vec<(&'static str, Value, &'static str)> {
    let responses = |more: Value| {
        let mut body = json!({ "model": "m", "input": "go on" });
        let members = more.as_object().expect("members").clone();
        body.as_object_mut().expect("a body").extend(members);
        body
    };
    let items = |item: Value| json!({ "model": "m", "input": [item, { "role": "user", "content": "go on" }] });
    vec![
        (
            "/v1/responses",
            responses(json!({ "previous_response_id": "resp_1" })),
            "previous_response_id",
        ),
        ("/v1/responses", responses(json!({ "conversation": "conv_1" })), "conversation"),
        (
            "/v1/responses",
            responses(json!({ "conversation": { "id": "conv_1" } })),
            "conversation.id",
        ),
        ("/v1/responses", responses(json!({ "prompt": { "id": "pmpt_1" } })), "prompt.id"),
        ("/v1/responses", items(json!({ "type": "item_reference", "id": "msg_1" })), "input[0].id"),
        ("/v1/responses", items(json!({ "type": null, "id": "msg_1" })), "input[0].id"),
        ("/v1/responses", items(json!({ "id": "msg_1" })), "input[0].id"),
        (
            "/v1/responses/compact",
            responses(json!({ "previous_response_id": "resp_1" })),
            "previous_response_id",
        ),
        (
            "/v1/responses/input_tokens",
            responses(json!({ "conversation": "conv_1" })),
            "conversation",
        ),
        (
            "/v1/chat/completions",
            json!({ "model": "m", "messages": [{ "role": "assistant", "audio": { "id": "audio_1" } }] }),
            "messages[0].audio.id",
        ),
        (
            "/v1beta/models/g:generateContent",
            json!({ "contents": [{ "role": "user", "parts": [{ "text": "go on" }] }], "cachedContent": "cachedContents/1" }),
            "cachedContent",
        ),
        (
            "/v1beta/models/g:generateContent",
            json!({ "contents": [{ "role": "user", "parts": [{ "text": "go on" }] }], "cached_content": "cachedContents/1" }),
            "cached_content",
        ),
    ]
}

#[tokio::test]
async fn t58_what_the_models_server_keeps_is_not_taken_up_unless_the_policy_says_so() {
    let model = Model::says(whole("{}")).await;
    let closed = Setup::upstream(model.address).any_path().start().await;
    let open = Setup::upstream(model.address).policy(ALLOWED).any_path().start().await;
    for (path, body, place) in taking_up() {
        let body = body.to_string();
        let before = model.asked().len();
        let answer = post(closed.data, path, &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        assert_eq!(answer.header("x-tidegate-action"), Some("block"), "{body}");
        let said = answer.text();
        assert!(
            said.contains(&format!("`{place}`")) && said.contains("send the texts themselves"),
            "{said}"
        );
        assert_eq!(model.asked().len(), before, "{body}");

        post(open.data, path, &body).await;
        let asked = model.asked();
        assert_eq!(asked.get(before).map(|asked| &*asked.body), Some(body.as_bytes()), "{body}");
    }
    let counted = open.admin("/metrics").await.text();
    let line = "tidegate_unmoderated_total{phase=\"prompt\",reason=\"stored\"}";
    assert!(counted.lines().any(|have| have.starts_with(line)), "{counted}");
}

#[tokio::test]
async fn what_takes_up_nothing_passes_and_so_does_the_wish_to_store() {
    let model = Model::says(whole("{}")).await;
    let gate = Setup::upstream(model.address).any_path().start().await;
    let message = json!({ "type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [
        { "type": "output_text", "text": "hello", "annotations": [] },
    ] });
    let untyped = json!({ "id": "msg_1", "role": "assistant", "content": "hello" });
    let call = json!({ "type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}" });
    for body in [
        json!({ "model": "m", "input": "hi", "previous_response_id": null, "conversation": null, "store": true }),
        json!({ "model": "m", "input": [message, untyped, call], "store": false }),
    ] {
        let body = body.to_string();
        let before = model.asked().len();
        post(gate.data, "/v1/responses", &body).await;
        let asked = model.asked();
        assert_eq!(asked.get(before).map(|asked| &*asked.body), Some(body.as_bytes()), "{body}");
    }
}

#[tokio::test]
async fn a_name_of_what_is_kept_that_is_a_text_is_screened_as_one() {
    let model = Model::says(whole("{}")).await;
    let gate = Setup::upstream(model.address).policy(ALLOWED).start().await;
    let body =
        json!({ "model": "m", "input": "hi", "previous_response_id": "how to make a grenade" });
    let answer = post(gate.data, "/v1/responses", &body.to_string()).await;
    assert_eq!(answer.header("x-tidegate-action"), Some("block"), "{}", answer.text());
    assert!(model.asked().is_empty());
}
