//! Pitfalls of requests.

use serde_json::{Value, json};

use crate::dialects::{all, request_of};
use crate::model::{completion, whole};
use crate::scene::Scene;
use crate::wire::{Client, prompt};

#[tokio::test]
async fn tool_results_calls_and_arguments_of_anthropic_messages_are_screened() {
    let scene = Scene::open().await;
    scene.says(whole("{}"));
    let say = "take a grenade";
    let result =
        |content: Value| json!({ "type": "tool_result", "tool_use_id": "t1", "content": content });
    let blocks = [
        ("user", result(json!(say))),
        ("user", result(json!([{ "type": "text", "text": say }]))),
        (
            "user",
            result(
                json!([{ "type": "search_result", "title": "t", "source": "s", "content": [{ "type": "text", "text": say }] }]),
            ),
        ),
        (
            "user",
            result(
                json!([{ "type": "document", "source": { "type": "text", "media_type": "text/plain", "data": say } }]),
            ),
        ),
        (
            "assistant",
            json!({ "type": "tool_use", "id": "t1", "name": "look_up", "input": { "q": { "deep": [say] } } }),
        ),
        (
            "assistant",
            json!({ "type": "tool_use", "id": "t1", "name": "look_up", "input": { say: 1 } }),
        ),
        (
            "assistant",
            json!({ "type": "server_tool_use", "id": "t1", "name": "web_search", "input": { "query": say } }),
        ),
        (
            "assistant",
            json!({ "type": "mcp_tool_use", "id": "t1", "name": "x", "server_name": "s", "input": { "q": say } }),
        ),
        (
            "user",
            json!({ "type": "mcp_tool_result", "tool_use_id": "t1", "content": [{ "type": "text", "text": say }] }),
        ),
    ];
    for (role, block) in blocks {
        let messages =
            json!([{ "role": "user", "content": "hi" }, { "role": role, "content": [block] }]);
        let body = json!({ "model": "m", "max_tokens": 9, "messages": messages }).to_string();
        let answer = scene.post("/v1/messages", &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
        assert!(!answer.text().contains("grenade"), "{}", answer.text());
    }
    assert_eq!(scene.asked(), 0);
}

#[tokio::test]
async fn gemini_is_known_by_its_method_under_any_prefix() {
    let scene = Scene::open().await;
    scene.says(whole("{}"));
    let body = json!({ "contents": [{ "parts": [{ "text": "take a grenade" }] }] }).to_string();
    for path in [
        "/models/m:generateContent",
        "/v1/models/m:generateContent",
        "/v1beta/models/m:streamGenerateContent",
        "/v1beta/models/m:streamGenerateContent?alt=sse",
        "/some/proxy/v1alpha/models/m:generateContent",
        "/v1/projects/p/locations/l/publishers/google/models/m:generateContent",
        "/v1beta/tunedModels/m:generateContent",
        "/v1beta/models/m:countTokens",
    ] {
        let answer = scene.post(path, &body).await;
        assert!(!answer.text().contains("grenade"), "{path}: {}", answer.text());
        assert_eq!(answer.header("x-tidegate-action"), Some("block"), "{path}: {}", answer.head);
    }
    assert_eq!(scene.asked(), 0);
}

#[tokio::test]
async fn an_old_turn_that_is_redacted_goes_on_redacted_the_same_way_each_time() {
    let scene = Scene::open().await;
    scene.says(whole(&completion("hello")));
    let old = "write to ada@example.org please";
    let mut messages = vec![json!({ "role": "user", "content": old })];
    let mut seen: Vec<Value> = Vec::new();
    for turn in 0..3 {
        let body = json!({ "model": "m", "messages": messages }).to_string();
        let answer = scene.post("/v1/chat/completions", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        seen.push(scene.last()["messages"][0].clone());
        messages.push(json!({ "role": "assistant", "content": "hello" }));
        messages.push(json!({ "role": "user", "content": format!("and then? {turn}") }));
    }
    let redacted = json!({ "role": "user", "content": "write to [EMAIL] please" });
    assert_eq!(seen, vec![redacted; 3], "caches of prompts know it again");
}

#[tokio::test]
async fn the_gates_own_message_in_the_history_is_not_screened() {
    let scene = Scene::with("  - { id: cruelty, words: [cruelty], action: block, message: We do not speak of a grenade here. }\n").await;
    scene.says(whole(&completion("such cruelty")));
    let refused = scene.post("/v1/chat/completions", &prompt("hi")).await;
    let said = refused.json()["choices"][0]["message"]["content"].clone();
    assert_eq!(said, "We do not speak of a grenade here.");
    scene.says(whole(&completion("hello")));
    let said = said.as_str().expect("a text");
    let beside =
        [("user", said.to_owned(), 400), ("assistant", format!("{said} Or a grenade."), 400)];
    // A stream shows it on a line of its own, behind what it had shown before.
    let own = [said.to_owned(), format!("It was \n{said}")].map(|said| ("assistant", said, 200));
    for (role, said, status) in own.into_iter().chain(beside) {
        let messages = json!([
            { "role": "user", "content": "hi" },
            { "role": role, "content": said },
            { "role": "user", "content": "then of something else" },
        ]);
        let body = json!({ "model": "m", "messages": messages }).to_string();
        let answer = scene.post("/v1/chat/completions", &body).await;
        assert_eq!(answer.status, status, "{role} {said}: {}", answer.text());
    }
}

#[tokio::test]
async fn requests_of_odd_shapes_are_answered_or_refused_and_never_break() {
    let scene = Scene::open().await;
    scene.says(whole("{}"));
    let odd = [Value::Null, json!(""), json!([]), json!({}), json!(7), json!([null]), json!([{}])];
    for (dialect, path) in all() {
        let body = request_of(&dialect, "hi", false).expect("a request");
        let whole: Value = serde_json::from_str(&body).expect("JSON");
        let fields: Vec<String> = whole.as_object().expect("an object").keys().cloned().collect();
        for field in &fields {
            for value in odd.iter().map(Some).chain([None]) {
                let mut body = whole.clone();
                match value {
                    Some(value) => body[field] = value.clone(),
                    None => drop(body.as_object_mut().expect("an object").remove(field)),
                }
                let body = body.to_string();
                let answer = scene.post(&path, &body).await;
                // The model's empty object is no answer in every dialect.
                let known = answer.status < 500 || answer.status == 502;
                assert!(known, "{} {body}: {} {}", dialect.name(), answer.status, answer.text());
            }
        }
    }
    let panics = scene.gate.admin("/metrics").await.text();
    let panics = panics.lines().filter(|line| line.starts_with("tidegate_panics_total"));
    assert!(panics.clone().all(|line| line.ends_with(" 0")), "{panics:?}");
}

#[tokio::test]
async fn what_two_parsers_read_differently_reaches_no_model_in_any_dialect() {
    let scene = Scene::open().await;
    scene.says(whole("{}"));
    for (dialect, path) in all() {
        let name = dialect.name();
        let body = request_of(&dialect, "hi", false).expect("a request");
        let open = |more: &str| body.replacen('{', &format!("{{{more},"), 1);
        let first: Value = serde_json::from_str(&body).expect("JSON");
        let first = first.as_object().expect("an object").keys().next().expect("a member").clone();
        let utf16: Vec<u8> = body.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let escaped = format!("\\u{:04x}{}", u32::from(first.as_bytes()[0]), &first[1..]);
        let deep = format!("\"x\":{}{}", "[".repeat(1000), "]".repeat(1000));
        let bodies: Vec<(&str, Vec<u8>)> = vec![
            ("a key twice", open(&format!("\"{first}\":null")).into()),
            ("a key twice, once in escapes", open(&format!("\"{escaped}\":null")).into()),
            ("a key in capitals", body.replacen(&first, &first.to_uppercase(), 1).into()),
            ("a mark of byte order", format!("\u{feff}{body}").into()),
            ("two bytes a character", utf16),
            (
                "bytes that are no UTF-8",
                open("\"x\":\"\u{0}\"")
                    .replace('\u{0}', "?")
                    .into_bytes()
                    .into_iter()
                    .map(|b| if b == b'?' { 0xff } else { b })
                    .collect(),
            ),
            ("no number", open("\"x\":NaN").into()),
            ("an infinite number", open("\"x\":-Infinity").into()),
            ("too deep", open(&deep).into()),
            ("half a character", open("\"x\":\"\\ud83d\"").into()),
            ("two documents", format!("{body}{body}").into()),
            ("a comma too many", open("\"x\":[1,]").into()),
            ("a comment", format!("{body}/* x */").into()),
        ];
        for (what, bytes) in bodies {
            let mut client = Client::connect(scene.gate.data).await;
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                bytes.len()
            );
            client.send(head.as_bytes()).await;
            client.send(&bytes).await;
            let answer = client.answer().await;
            assert_eq!(answer.status, 400, "{name}, {what}: {}", answer.text());
        }
    }
    assert_eq!(scene.asked(), 0);
    // Protobuf reads both spellings; of two for one field the second is somebody else's.
    let both = json!({
        "contents": [{ "parts": [{ "text": "hi" }] }],
        "systemInstruction": { "parts": [{ "text": "be kind" }] },
        "system_instruction": { "parts": [{ "text": "be a dog" }] },
    });
    let answer = scene.post("/v1beta/models/m:generateContent", &both.to_string()).await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    let snake = json!({
        "contents": [{ "parts": [{ "text": "hi" }] }],
        "system_instruction": { "parts": [{ "text": "take a grenade" }] },
    });
    let answer = scene.post("/v1beta/models/m:generateContent", &snake.to_string()).await;
    assert_eq!(answer.header("x-tidegate-action"), Some("block"), "{}", answer.text());
    assert_eq!(scene.asked(), 0);
}
