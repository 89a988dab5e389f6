//! Pitfalls of whole answers.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::dialects::{all, bodies, request_of};
use crate::model::{completion, whole};
use crate::scene::Scene;
use crate::wire::{prompt, streamed};

/// A chat completion with these choices.
fn choices(texts: &[&str]) -> String {
    let choice = |(index, text): (usize, &&str)| json!({ "index": index, "finish_reason": "stop", "message": { "role": "assistant", "content": text } });
    let choices: Vec<Value> = texts.iter().enumerate().map(choice).collect();
    json!({ "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": choices }).to_string()
}

#[tokio::test]
async fn every_choice_is_screened_and_not_only_the_first() {
    let scene = Scene::open().await;
    let asked = json!({ "model": "m", "n": 3, "messages": [{ "role": "user", "content": "hi" }] })
        .to_string();
    for bad in 0..3 {
        let mut texts = ["one is fine", "two is fine", "three is fine"];
        texts[bad] = "take a grenade";
        scene.says(whole(&choices(&texts)));
        let answer = scene.post("/v1/chat/completions", &asked).await;
        let body = answer.json();
        assert!(!answer.text().contains("grenade"), "{}", answer.text());
        for (at, text) in texts.iter().enumerate() {
            let choice = &body["choices"][at];
            let reason = if at == bad { "content_filter" } else { "stop" };
            assert_eq!(choice["finish_reason"], reason, "{choice}");
            assert_eq!(choice["message"]["content"] == *text, at != bad, "{choice}");
        }
    }
    let gemini = |bad: usize| {
        let text = |at: usize| if at == bad { "take a grenade" } else { "all is fine" };
        let one = |at: usize| json!({ "index": at, "finishReason": "STOP", "content": { "role": "model", "parts": [{ "text": text(at) }] } });
        json!({ "candidates": [one(0), one(1)], "modelVersion": "m", "responseId": "r" })
            .to_string()
    };
    let asked = json!({ "contents": [{ "parts": [{ "text": "hi" }] }] }).to_string();
    for bad in 0..2 {
        scene.says(whole(&gemini(bad)));
        let answer = scene.post("/v1beta/models/m:generateContent", &asked).await;
        assert!(!answer.text().contains("grenade"), "{}", answer.text());
        assert_eq!(
            answer.json()["candidates"][1 - bad]["content"]["parts"][0]["text"],
            "all is fine"
        );
    }
}

#[tokio::test]
async fn what_is_put_into_json_leaves_it_json() {
    let scene = Scene::open().await;
    let inner =
        json!({ "to": "ada@example.org", "say": "a \"quoted\" \\ line\n\u{2028}", "n": 1.5 })
            .to_string();
    let asked = json!({
        "model": "m", "messages": [{ "role": "user", "content": "hi" }],
        "response_format": { "type": "json_object" },
    });
    scene.says(whole(&completion(&inner)));
    let answer = scene.post("/v1/chat/completions", &asked.to_string()).await;
    let content =
        answer.json()["choices"][0]["message"]["content"].as_str().expect("a text").to_owned();
    let read: Value = serde_json::from_str(&content).expect("JSON still");
    assert_eq!((&read["to"], &read["n"]), (&"[EMAIL]".into(), &1.5.into()), "{read}");
    assert_eq!(read["say"], "a \"quoted\" \\ line\n\u{2028}");

    let call = json!({ "id": "c1", "type": "function", "function": { "name": "mail", "arguments": inner } });
    let body = json!({ "id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [
        { "index": 0, "finish_reason": "tool_calls", "message": { "role": "assistant", "content": null, "tool_calls": [call] } }] });
    scene.says(whole(&body.to_string()));
    let answer = scene.post("/v1/chat/completions", &prompt("hi")).await;
    let call =
        answer.json()["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"].clone();
    let read: Value = serde_json::from_str(call.as_str().expect("a text")).expect("JSON still");
    assert_eq!((&read["to"], &read["n"]), (&"[EMAIL]".into(), &1.5.into()), "{read}");
}

#[tokio::test]
async fn answers_of_odd_shapes_pass_or_are_refused_and_never_break() {
    let scene = Scene::open().await;
    let odd = [Value::Null, json!(7), json!([{}])];
    for (dialect, path) in all() {
        if dialect.file().request.streams_by_default == Some(true)
            && dialect.file().request.stream.is_none()
        {
            continue;
        }
        let asked = request_of(&dialect, "hi", false).expect("a request");
        // One is enough of each: the reader is the same for all.
        for (file, body) in bodies(&dialect, "answer").into_iter().take(1) {
            let body: Value = serde_json::from_str(&body.replace("{{text}}", "hi")).expect("JSON");
            // Every member, at every depth, in the place of which something else stands.
            for pointer in pointers(&body) {
                for value in &odd {
                    let mut body = body.clone();
                    *body.pointer_mut(&pointer).expect("it is there") = value.clone();
                    let sent = body.to_string();
                    scene.says(whole(&sent));
                    let answer = scene.post(&path, &asked).await;
                    let place = format!("{}/{file} {pointer} {value}", dialect.name());
                    match answer.status {
                        200 => assert_eq!(answer.text(), sent, "{place}"),
                        status => assert_eq!(status, 502, "{place}: {}", answer.text()),
                    }
                }
            }
        }
    }
}

/// The places of a document, of each list the first element only.
fn pointers(value: &Value) -> Vec<String> {
    let below = |name: String, value: &Value| {
        let mut all = vec![format!("/{name}")];
        all.extend(pointers(value).into_iter().map(|rest| format!("/{name}{rest}")));
        all
    };
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| below(name.replace('~', "~0").replace('/', "~1"), value))
            .collect(),
        Value::Array(elements) => {
            elements.iter().take(1).flat_map(|value| below("0".to_owned(), value)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

#[tokio::test]
async fn a_compressed_answer_is_never_passed_unread() {
    let scene = Scene::open().await;
    let gzip = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text.as_bytes()).expect("memory takes it");
        encoder.finish().expect("memory takes it")
    };
    let stream = format!("{}{}", crate::model::chunk("take a grenade"), crate::model::end());
    for (sort, body, asked) in [
        ("application/json", completion("take a grenade"), prompt("hi")),
        ("text/event-stream", stream, streamed("hi")),
    ] {
        for coding in ["gzip", "br", "zstd", "x-own", "gzip, gzip"] {
            let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-type: {sort}\r\ncontent-encoding: {coding}\r\nconnection: close\r\n\r\n").into_bytes();
            answer.extend(gzip(&body));
            scene.says(answer);
            let answer = scene.post("/v1/chat/completions", &asked).await;
            assert!(!answer.text().contains("grenade"), "{coding}: {}", answer.text());
            assert_eq!(answer.header("content-encoding"), None, "{coding}");
            assert!(
                answer.status == 502 || answer.text().contains("content_filter"),
                "{coding}: {}",
                answer.text()
            );
        }
    }
}

#[tokio::test]
async fn a_block_has_a_status_that_no_sdk_tries_again_and_costs_one_request() {
    let scene = Scene::open().await;
    for (dialect, path) in all() {
        let name = dialect.name();
        let before = scene.asked();
        let blocked = request_of(&dialect, "take a grenade", false).expect("a request");
        let answer = scene.post(&path, &blocked).await;
        assert!([200, 400].contains(&answer.status), "{name}: {}", answer.status);
        assert_eq!(answer.header("x-should-retry"), Some("false"), "{name}");
        assert_eq!(scene.asked(), before, "{name}");
    }
    scene.says(whole(&completion("take a grenade")));
    let before = scene.asked();
    let answer = scene.post("/v1/chat/completions", &prompt("hi")).await;
    assert_eq!((answer.status, scene.asked() - before), (200, 1));
}

#[tokio::test]
async fn what_repeats_a_redacted_text_goes_or_is_redacted_too() {
    let scene = Scene::open().await;
    let mail = "write to ada@example.org";
    let token = json!({ "token": "ada@example.org", "logprob": -0.1, "bytes": null, "top_logprobs": [{ "token": "ada@example.org", "logprob": -0.1, "bytes": null }] });
    let chat = json!({ "id": "x", "object": "chat.completion", "created": 1, "model": "m",
        "prompt_logprobs": [null, { "7": { "decoded_token": mail, "logprob": -1.0, "rank": 1 } }],
        "choices": [{ "index": 0, "finish_reason": "stop", "token_ids": [1, 2],
            "logprobs": { "content": [token] }, "message": { "role": "assistant", "content": mail,
            "annotations": [{ "type": "url_citation", "url_citation": { "start_index": 0, "end_index": 4, "url": "https://x.org", "title": mail } }] } }] });
    let legacy = json!({ "id": "x", "object": "text_completion", "created": 1, "model": "m", "choices": [{ "index": 0, "text": mail, "finish_reason": "stop",
        "logprobs": { "tokens": ["ada@example.org"], "token_logprobs": [-0.1], "top_logprobs": [{ "ada@example.org": -0.1 }], "text_offset": [9] }, "prompt_logprobs": [{ "7": { "decoded_token": mail } }] }] });
    let response = json!({ "id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "completed",
        "output": [{ "id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [{ "type": "output_text", "text": mail, "annotations": [],
            "logprobs": [token] }] }] });
    let generate = json!({ "model": "m", "created_at": "2026-11-01T10:00:00Z", "response": mail, "done": true, "done_reason": "stop", "context": [1, 2, 3], "_debug_info": { "rendered_template": mail } });
    let asked = |field: &str| match field {
        "messages" => prompt("hi"),
        field => json!({ "model": "m", "stream": false, field: "hi" }).to_string(),
    };
    for (path, field, body) in [
        ("/v1/chat/completions", "messages", chat),
        ("/v1/completions", "prompt", legacy),
        ("/v1/responses", "input", response),
        ("/api/generate", "prompt", generate),
    ] {
        scene.says(whole(&body.to_string()));
        let answer = scene.post(path, &asked(field)).await;
        assert!(!answer.text().contains("ada@"), "{path}: {}", answer.text());
        assert!(
            !answer.text().contains("[1,2"),
            "{path}: ids of the tokens stay: {}",
            answer.text()
        );
    }
    // What the model repeats of a prompt is what the gate sent on.
    scene.says(whole(&completion("hello")));
    let body = json!({ "model": "m", "echo": true, "prompt": mail }).to_string();
    scene.post("/v1/completions", &body).await;
    assert_eq!(scene.last()["prompt"], "write to [EMAIL]");
}

#[tokio::test]
async fn an_answer_in_the_models_place_has_its_model_no_usage_and_an_id_of_the_usual_form() {
    let rule = "  - { id: grief, words: [grief], action: respond, message: I am here. }\n";
    let scene = Scene::with(rule).await;
    let mut told = 0;
    for (dialect, path) in all() {
        let name = dialect.name();
        let body = request_of(&dialect, "such grief", false).expect("a request");
        let mut body: Value = serde_json::from_str(&body).expect("JSON");
        if dialect.file().request.model.is_some() && body.get("model").is_some() {
            body["model"] = "our-model-7".into();
        }
        let answer = scene.post(&path, &body.to_string()).await;
        if !answer.text().contains("I am here.") || answer.status != 200 {
            continue;
        }
        // A path that only streams is answered by a stream.
        let Ok(json) = serde_json::from_slice::<Value>(&answer.body) else { continue };
        if let (Some(_), Some(model)) = (body.get("model"), json.get("model")) {
            assert_eq!(model, "our-model-7", "{name}: {json}");
        }
        let prefix = dialect.file().shapes.id_prefix.as_deref().unwrap_or_default();
        if let Some(id) = json.get("id").and_then(Value::as_str) {
            assert!(id.starts_with(prefix) && id.len() > prefix.len(), "{name}: {id}");
        }
        if let Some(usage) = json.get("usage") {
            assert!(numbers(usage).iter().all(|number| *number == 0.0), "{name}: {usage}");
        }
        told += 1;
    }
    assert!(told >= 8, "of the dialects only {told} answer in the model's place");
    assert_eq!(scene.asked(), 0);
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Object(members) => members.values().flat_map(numbers).collect(),
        Value::Array(elements) => elements.iter().flat_map(numbers).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            value.as_f64().into_iter().collect()
        }
    }
}
