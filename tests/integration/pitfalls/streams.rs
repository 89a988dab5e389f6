//! Pitfalls of streams.

use serde_json::{Value, json};
use tidegate::config::dialect_file::Framing;

use super::event;
use crate::dialects::{all, bodies, request_of};
use crate::model::{STREAM, chunk, end};
use crate::scene::Scene;
use crate::wire::streamed;

fn messages() -> String {
    json!({ "model": "m", "max_tokens": 9, "stream": true, "messages": [{ "role": "user", "content": "hi" }] })
        .to_string()
}

#[tokio::test]
async fn a_stream_in_the_form_of_another_api_is_screened_all_the_same_and_recorded_as_what_it_was()
{
    let scene = Scene::open().await;
    let body = messages();
    let ask = async |id: &str| {
        let mut client = crate::wire::Client::connect(scene.gate.data).await;
        let head = format!(
            "POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nx-request-id: {id}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        client.send((head + &body).as_bytes()).await;
        client.answer().await
    };
    let legacy = |text: &str| -> String {
        event(
            "",
            &json!({ "id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": [{ "index": 0, "text": text }] }),
        )
    };
    let bare = |text: &str| -> String { event("", &json!({ "token": text })) };
    for (at, write) in [chunk as fn(&str) -> String, legacy, bare].iter().enumerate() {
        for pieces in
            [&["take a grenade"][..], &["take a gren", "ade"], &["take a gre", "n", "ade and"]]
        {
            let stream: String = pieces.iter().map(|piece| write(piece)).collect();
            scene.says(format!("{STREAM}{stream}data: [DONE]\n\n"));
            let answer = ask(&format!("bad-{at}-{}", pieces.len())).await;
            assert!(!answer.text().contains("gren"), "{pieces:?}: {}", answer.text());
        }
    }
    scene.says(format!("{STREAM}{}{}", chunk("hi"), end()));
    ask("last").await;
    for id in ["bad-0-1", "bad-0-2", "bad-1-3", "bad-2-2"] {
        let records = scene.gate.records(id, "last").await;
        let record = records.iter().find(|record| record["phase"] == "completion");
        let record = record.expect("a record");
        assert!(record["outcome"] == "cut" && record["action"] == "block", "{record}");
    }
}

#[tokio::test]
async fn partial_text_of_a_response_that_fails_or_stays_incomplete_is_screened() {
    let scene = Scene::open().await;
    let asked = json!({ "model": "m", "stream": true, "input": "hi" }).to_string();
    let response = |status: &str| json!({ "id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": status, "output": [] });
    for (last, status) in [("response.failed", "failed"), ("response.incomplete", "incomplete")] {
        let mut events = vec![
            json!({ "type": "response.created", "response": response("in_progress") }),
            json!({ "type": "response.output_item.added", "output_index": 0, "item": { "id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": [] } }),
            json!({ "type": "response.content_part.added", "item_id": "msg_1", "output_index": 0, "content_index": 0, "part": { "type": "output_text", "text": "", "annotations": [] } }),
        ];
        for delta in ["all is well and then a gren", "ade"] {
            events.push(json!({ "type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": delta }));
        }
        events.push(json!({ "type": last, "response": response(status) }));
        let mut stream = STREAM.to_owned();
        for (number, one) in events.iter_mut().enumerate() {
            one["sequence_number"] = number.into();
            stream += &event(one["type"].as_str().unwrap_or_default(), one);
        }
        scene.says(stream);
        let answer = scene.post("/v1/responses", &asked).await;
        assert!(!answer.text().contains("gren"), "{}", answer.text());
        assert!(answer.text().contains("all is well"), "{}", answer.text());
        assert!(answer.text().contains("\"reason\":\"content_filter\""), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_choice_that_is_not_the_first_is_stopped_by_itself() {
    let scene = Scene::open().await;
    let asked = json!({ "model": "m", "n": 2, "stream": true, "messages": [{ "role": "user", "content": "hi" }] }).to_string();
    let say = |index: u64, delta: Value, reason: Value| {
        event(
            "",
            &json!({ "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{ "index": index, "delta": delta, "finish_reason": reason }] }),
        )
    };
    let said = |index: u64, text: &str| say(index, json!({ "content": text }), Value::Null);
    let stream = [
        said(0, "one is "),
        said(1, "two has a gren"),
        said(0, "fine"),
        said(1, "ade"),
        said(1, " hidden"),
        say(0, json!({}), "stop".into()),
        say(1, json!({}), "stop".into()),
        "data: [DONE]\n\n".to_owned(),
    ];
    scene.says(format!("{STREAM}{}", stream.concat()));
    let answer = scene.post("/v1/chat/completions", &asked).await;
    let text = answer.text();
    assert!(!text.contains("gren") && !text.contains("hidden"), "{text}");
    let (mut said, mut reasons) = ([String::new(), String::new()], [Value::Null, Value::Null]);
    for data in text.split("\n\n").filter_map(|event| event.strip_prefix("data: {")) {
        let data: Value = serde_json::from_str(&format!("{{{data}")).expect("JSON");
        for choice in data["choices"].as_array().expect("choices") {
            let at = usize::from(choice["index"] == 1);
            said[at].push_str(choice["delta"]["content"].as_str().unwrap_or_default());
            if !choice["finish_reason"].is_null() {
                reasons[at] = choice["finish_reason"].clone();
            }
        }
    }
    assert_eq!(reasons, ["stop", "content_filter"], "{text}");
    assert!(said[0] == "one is fine" && said[1].starts_with("two has a "), "{said:?}");
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
}

#[tokio::test]
async fn a_chunk_that_the_gate_says_itself_has_a_delta_in_every_choice() {
    let scene = Scene::open().await;
    let asked = streamed("hi");
    let note = event(
        "",
        &json!({ "id": "", "object": "", "created": 0, "model": "", "choices": [
        { "index": 0, "finish_reason": null, "content_filter_offsets": { "check_offset": 44, "start_offset": 44, "end_offset": 198 },
          "content_filter_results": { "hate": { "filtered": false, "severity": "safe" } } }] }),
    );
    let first = event(
        "",
        &json!({ "id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": [{ "prompt_index": 0, "content_filter_results": {} }] }),
    );
    let sent = format!("{first}{}{note}{}", chunk("all is well, "), chunk("then a grenade"));
    scene.says(format!("{STREAM}{sent}{note}{}", end()));
    let path = "/openai/deployments/d/chat/completions?api-version=2026-10-01";
    let text = scene.post(path, &asked).await.text();
    assert!(!text.contains("grenade") && text.contains("content_filter"), "{text}");
    assert!(
        text.contains(&first) && text.contains(&note),
        "what the model's side says passes: {text}"
    );
    for data in text.split("\n\n").filter_map(|event| event.strip_prefix("data: {")) {
        let data: Value = serde_json::from_str(&format!("{{{data}")).expect("JSON");
        let is_theirs = data["id"] == "";
        for choice in data["choices"].as_array().expect("choices") {
            assert!(is_theirs || choice["delta"].is_object(), "{choice}");
        }
    }
}

#[tokio::test]
async fn what_is_cut_over_chunks_with_carriage_returns_is_found_and_the_end_is_known() {
    let scene = Scene::open().await;
    for (text, shown) in [
        ("write to ada@example.org now", "write to [EMAIL] now"),
        ("take a gre\u{200b}nade now", "take a "),
    ] {
        let pieces: String = text.chars().map(|c| chunk(&c.to_string())).collect();
        let stream = format!("{pieces}{}", end()).replace('\n', "\r\n");
        scene.says(format!("{STREAM}{stream}"));
        let answer = scene.post("/v1/chat/completions", &streamed("hi")).await;
        let got = answer.text();
        let said: String = got
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok())
            .filter_map(|data| Some(data["choices"][0]["delta"]["content"].as_str()?.to_owned()))
            .collect();
        assert!(said.starts_with(shown), "{said}");
        assert!(!said.contains("ada@") && !said.contains("nade"), "{said}");
        assert_eq!(got.matches("data: [DONE]").count(), 1, "{got}");
        assert!(answer.whole);
    }
}

#[tokio::test]
async fn nothing_is_let_go_because_much_has_come() {
    let scene = Scene::open().await;
    // What stands before it ends at, before and behind the numbers at which others flush.
    for length in [1, 97, 127, 500, 511, 1_000, 1_023, 4_095, 16_381] {
        let before: String = "and so on ".chars().cycle().take(length).collect();
        let text = format!("{before} ada@example.org.");
        let pieces: String =
            text.as_bytes().chunks(7).map(|piece| chunk(&String::from_utf8_lossy(piece))).collect();
        scene.says(format!("{STREAM}{pieces}{}", end()));
        let got = scene.post("/v1/chat/completions", &streamed("hi")).await.text();
        let said: String = got
            .split("\n\n")
            .filter_map(|event| serde_json::from_str::<Value>(event.strip_prefix("data: ")?).ok())
            .filter_map(|data| Some(data["choices"][0]["delta"]["content"].as_str()?.to_owned()))
            .collect();
        assert_eq!(said, format!("{before} [EMAIL]."));
    }
}

/// The streams of every dialect with a text in them, with the head of an answer, and what was asked for them.
fn every_stream(text: &str) -> Vec<(String, String, String, String)> {
    let mut streams = Vec::new();
    for (dialect, path) in all() {
        let sort = match dialect.framing() {
            Framing::Sse => "text/event-stream",
            Framing::Lines => "application/x-ndjson",
            Framing::Array => "application/json",
        };
        for (file, template) in bodies(&dialect, "stream") {
            let body = template.replace("{{piece}}", text).replace("{{text}}", text);
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-type: {sort}\r\nconnection: close\r\n\r\n");
            // Forms have tests of their own.
            let Some(asked) = request_of(&dialect, "hi", true) else { continue };
            streams.push((format!("{}/{file}", dialect.name()), path.clone(), asked, head + &body));
        }
    }
    streams
}

#[tokio::test]
async fn a_blocked_stream_ends_as_its_dialect_ends_and_not_with_an_error() {
    let scene = Scene::open().await;
    for (place, path, asked, stream) in every_stream("all is fine, then a grenade and more") {
        // A refusal that is told in a result is no stream that ends early.
        if place.starts_with("mcp/") || place.starts_with("openai.images/") {
            continue;
        }
        scene.says(stream);
        let answer = scene.post(&path, &asked).await;
        let text = answer.text();
        assert!(answer.whole && answer.status == 200, "{place}: {} {text}", answer.status);
        let reasons = [
            "\"finish_reason\":\"content_filter\"",
            "\"reason\":\"content_filter\"",
            "\"stop_reason\":\"refusal\"",
            "\"finishReason\":\"SAFETY\"",
            "\"finishReason\":\"SPII\"",
            "\"finishReason\":\"BLOCKLIST\"",
            "\"blockReason\":",
            "\"done_reason\":\"content_filter\"",
            "\"finish_reason\":\"COMPLETE\"",
            "\"refusal\":\"",
        ];
        assert!(reasons.iter().any(|reason| text.contains(reason)), "{place}: {text}");
        assert!(!text.contains("\"error\":{") && !text.contains("event: error"), "{place}: {text}");
    }
}

#[tokio::test]
async fn an_error_status_has_a_body_of_json_in_every_dialect() {
    let scene = Scene::open().await;
    for (dialect, path) in all().into_iter().filter(|(dialect, _)| dialect.streams()) {
        let Some(asked) = request_of(&dialect, "hi", true) else { continue };
        for (sort, body) in [
            ("text/event-stream", "data: <garbage>\n\n"),
            ("text/event-stream", ""),
            ("text/html", "<p>no</p>"),
        ] {
            scene.says(format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {sort}\r\nconnection: close\r\n\r\n{body}"
            ));
            let answer = scene.post(&path, &asked).await;
            let name = dialect.name();
            assert_eq!(answer.status, 502, "{name} {sort}: {}", answer.text());
            assert!(
                answer
                    .header("content-type")
                    .is_some_and(|sort| sort.starts_with("application/json")),
                "{name}: {}",
                answer.head
            );
            assert!(
                answer.json().is_object() || answer.json().is_array(),
                "{name}: {}",
                answer.text()
            );
        }
    }
}

#[tokio::test]
async fn a_masked_text_is_never_sent_again_from_the_chunks_as_they_came() {
    let scene = Scene::open().await;
    for (place, path, asked, stream) in every_stream("write to ada@example.org today") {
        scene.says(stream);
        let answer = scene.post(&path, &asked).await;
        let text = answer.text();
        assert!(!text.contains("ada@"), "{place}: {text}");
    }
}

#[tokio::test]
async fn nothing_on_the_way_is_asked_to_hold_a_stream_back() {
    let scene = Scene::open().await;
    scene.says(format!("{STREAM}{}{}", chunk("hello"), end()));
    let answer = scene.post("/v1/chat/completions", &streamed("hi")).await;
    assert_eq!(answer.header("x-accel-buffering"), Some("no"));
    assert!(
        answer.header("cache-control").is_some_and(|value| value.contains("no-cache")),
        "{}",
        answer.head
    );
    assert_eq!(answer.header("content-length"), None);
}
