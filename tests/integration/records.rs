//! One decision record for every screened unit, whatever becomes of the exchange.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ring::rand::SystemRandom;
use serde_json::{Value, json};
use tidegate::app::Order;
use tidegate::audit::{PublicKey, Signer, Verifier, VerifierSettings, new_key};

use crate::gate::{Gate, Setup};
use crate::model::{Model, STREAM, chunk, end};
use crate::wire::{Client, ask, ask_with, prompt, request, request_to, streamed};

/// The records of `request` as phase, action and outcome.
async fn recorded(gate: &Gate, id: &str) -> Vec<[String; 3]> {
    let marker = format!("after-{id}");
    ask_with(gate.data, &format!("x-request-id: {marker}\r\n"), &prompt("hi")).await;
    let text = |record: &Value, key| record[key].as_str().unwrap_or_default().to_owned();
    let records = gate.records(id, &marker).await;
    records.iter().map(|r| ["phase", "action", "outcome"].map(|key| text(r, key))).collect()
}

fn expected(records: &[[&str; 3]]) -> Vec<[String; 3]> {
    records.iter().map(|record| record.map(str::to_owned)).collect()
}

async fn ask_as(address: SocketAddr, id: &str, body: &str) {
    ask_with(address, &format!("x-request-id: {id}\r\n"), body).await;
}

#[tokio::test]
async fn every_screened_unit_gives_exactly_one_record() {
    let gate = Setup::demo().start().await;
    let cases = [
        (
            "whole",
            prompt("say: hello"),
            vec![["prompt", "allow", "complete"], ["completion", "allow", "complete"]],
        ),
        (
            "stream",
            streamed("say: hello"),
            vec![["prompt", "allow", "complete"], ["completion", "allow", "complete"]],
        ),
        ("blocked", prompt("a grenade"), vec![["prompt", "block", "cut"]]),
        (
            "redacted",
            prompt("say: ok ada@example.org"),
            vec![["prompt", "redact", "complete"], ["completion", "allow", "complete"]],
        ),
        (
            "broken",
            streamed("cut: 2\nsay: hello there my dear friend"),
            vec![["prompt", "allow", "complete"], ["completion", "allow", "failed"]],
        ),
        (
            "failed",
            prompt("fail: 500"),
            vec![["prompt", "allow", "complete"], ["completion", "allow", "complete"]],
        ),
    ];
    for (id, body, wanted) in cases {
        ask_as(gate.data, id, &body).await;
        assert_eq!(recorded(&gate, id).await, expected(&wanted), "{id}");
    }
}

#[tokio::test]
async fn a_blocked_answer_gives_one_record_for_the_prompt_and_one_for_the_answer() {
    let model = Model::says(format!("{STREAM}{}{}", chunk("take a grenade and run"), end())).await;
    let gate = Setup::upstream(model.address).start().await;
    ask_as(gate.data, "cut", &streamed("hi")).await;
    let wanted = [["prompt", "allow", "complete"], ["completion", "block", "cut"]];
    assert_eq!(recorded(&gate, "cut").await, expected(&wanted));
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_one_record_of_what_was_screened() {
    let model = Model::start(|mut connection| async move {
        connection.send(format!("{STREAM}{}", chunk("hello there ")).as_bytes()).await;
        connection.closed().await;
    })
    .await;
    // The model never ends an answer, so the marker must not wait for one.
    let gate = Setup::upstream(model.address).start().await;
    let mut client = Client::connect(gate.data).await;
    client.send(request("x-request-id: gone\r\n", &streamed("hi")).as_bytes()).await;
    client.read_until("hello").await;
    drop(client);
    gate.counts(&["tidegate_http_requests_in_flight{route=\"chat\"} 0"]).await;
    ask_as(gate.data, "after", &prompt("a grenade")).await;
    let records = gate.records("gone", "after").await;
    let outcomes: Vec<_> =
        records.iter().map(|r| (r["phase"].as_str(), r["outcome"].as_str())).collect();
    assert_eq!(
        outcomes,
        [(Some("prompt"), Some("complete")), (Some("completion"), Some("client_gone"))]
    );
    let whole = std::fs::read_to_string(gate.path("decisions.jsonl")).expect("records");
    assert!(
        !whole.contains("hello") && !whole.contains("grenade"),
        "no text is on record: {whole}"
    );
}

/// What a verifier says of a file: records, and what is broken.
fn verified(path: &Path, key: PublicKey) -> (u64, Vec<String>) {
    let settings = VerifierSettings { keys: vec![key], ..VerifierSettings::default() };
    let mut verifier = Verifier::new(settings);
    let text = std::fs::read_to_string(path).expect("records");
    for (line, number) in text.lines().zip(1..) {
        verifier.line((0, number), line.as_bytes(), true);
    }
    verifier.end();
    let broken = verifier.broken().0.iter().map(|broken| broken.fault.to_string());
    (verifier.counts()[1], broken.collect())
}

#[tokio::test]
async fn everything_that_was_decided_is_on_record_and_vouched_for_when_the_gate_ends() {
    let setup = Setup::demo().with("audit.key.file", "audit.pem");
    let pem = new_key(&SystemRandom::new()).expect("random bytes");
    std::fs::write(setup.folder().join("audit.pem"), &pem).expect("a key");
    let gate = setup.start().await;
    for _ in 0..20 {
        ask(gate.data, &prompt("say: hello")).await;
    }
    gate.order(Order::Stop).await;
    let public = Signer::from_pem(&pem).expect("a key").public();
    let folder = gate.ended().await;
    assert_eq!(verified(&folder.path().join("decisions.jsonl"), public), (40, vec![]));
}

#[tokio::test]
async fn lines_of_the_log_are_as_their_schema_says() {
    let gate = Setup::demo().with("log.decisions.text", "full").start().await;
    ask_as(gate.data, "one", &prompt("a grenade")).await;
    ask_as(gate.data, "after", &streamed("say: hello")).await;
    gate.records("one", "after").await;
    let schema = tidegate::telemetry::record_schema();
    let schema: Value = serde_json::from_str(&schema).expect("a schema is JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let text = std::fs::read_to_string(gate.path("decisions.jsonl")).expect("records");
    assert!(text.lines().count() >= 3);
    for line in text.lines().take(3) {
        let value: Value = serde_json::from_str(line).expect("a line is JSON");
        assert!(schema.is_valid(&value), "{line}");
    }
    assert!(!schema.is_valid(&serde_json::json!({ "schema": "tidegate.decision/v1" })));
}

/// The passages of the records of a request: place, author, text.
fn passages(records: &[Value]) -> Vec<[String; 3]> {
    let text = |passage: &Value, key: &str| passage[key].as_str().unwrap_or("-").to_owned();
    let passages = records.iter().filter_map(|record| record["passages"].as_array()).flatten();
    passages.map(|passage| ["at", "author", "text"].map(|key| text(passage, key))).collect()
}

async fn passages_of(gate: &Gate, id: &str, body: &str) -> Vec<[String; 3]> {
    ask_as(gate.data, id, body).await;
    let marker = format!("after-{id}");
    ask_as(gate.data, &marker, &prompt("a grenade")).await;
    passages(&gate.records(id, &marker).await)
}

#[tokio::test]
async fn texts_are_on_record_as_they_were_screened_where_all_of_them_is_kept() {
    let full = Setup::demo().with("log.decisions.text", "full").start().await;
    for (id, body, place) in [
        ("whole", prompt("say: hello you"), "choices[0].message.content"),
        ("stream", streamed("say: hello you"), "choices[0].content"),
    ] {
        let passages = passages_of(&full, id, &body).await;
        for one in
            [["messages[0].content", "user", "say: hello you"], [place, "assistant", "hello you"]]
        {
            assert!(passages.contains(&one.map(str::to_owned)), "{one:?}: {passages:?}");
        }
    }
}

#[tokio::test]
async fn texts_on_record_lack_what_was_found_in_them_where_they_are_redacted() {
    let gate = Setup::demo().with("log.decisions.text", "redacted").start().await;
    let mail = passages_of(&gate, "mail", &prompt("say: write to ada@example.org now")).await;
    assert_eq!(mail[0], ["messages[0].content", "user", "say: write to [REDACTED] now"]);
    let text = "bob@example.org has a grenade, ada@example.org too";
    let blocked = passages_of(&gate, "blocked", &prompt(text)).await;
    assert!(blocked[0][2].starts_with("[REDACTED] has a [REDACTED]"), "{blocked:?}");
    let model = Model::says(format!(
        "{STREAM}{}{}{}",
        chunk("mail bob@exam"),
        chunk("ple.org or take a grenade from ada@example.org"),
        end()
    ))
    .await;
    let streams = Setup::upstream(model.address).with("log.decisions.text", "redacted");
    let streams = streams.start().await;
    ask_as(streams.data, "stream", &streamed("hi")).await;
    ask_as(streams.data, "end", &prompt("a grenade")).await;
    let passages = passages(&streams.records("stream", "end").await);
    assert!(
        passages.iter().any(|one| one[2].starts_with("mail [REDACTED] or take a [REDACTED]")),
        "{passages:?}"
    );
    for gate in [&gate, &streams] {
        let whole = std::fs::read_to_string(gate.path("decisions.jsonl")).expect("records");
        assert!(!whole.contains("example.org") && !whole.contains("grenade"), "{whole}");
    }
}

#[tokio::test]
async fn what_was_not_screened_to_its_end_is_not_shown_where_texts_are_redacted() {
    let call = |arguments: &str| {
        let event = json!({ "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{ "index": 0, "finish_reason": null, "delta": { "tool_calls": [
                { "index": 0, "id": "c", "type": "function", "function": { "name": "f", "arguments": arguments } }] } }] });
        format!("data: {event}\n\n")
    };
    let begun = format!("{STREAM}{}{}", chunk("mail ada@example.org"), call("{\"to\": \"bob@exam"));
    let model = Model::start(move |mut connection| {
        let begun = begun.clone();
        async move {
            connection.send(begun.as_bytes()).await;
            connection.send(call("ple.org").as_bytes()).await;
        }
    })
    .await;
    let gate = Setup::upstream(model.address).with("log.decisions.text", "redacted").start().await;
    ask_as(gate.data, "broken", &streamed("hi")).await;
    ask_as(gate.data, "end", &prompt("a grenade")).await;
    let records = gate.records("broken", "end").await;
    let answer = records.iter().find(|record| record["phase"] == "completion").expect("a record");
    assert_ne!(answer["outcome"], "complete", "{answer}");
    let passages = answer["passages"].as_array().expect("passages");
    assert!(!passages.is_empty() && passages.iter().all(|one| one["withheld"] == true), "{answer}");
    let whole = std::fs::read_to_string(gate.path("decisions.jsonl")).expect("records");
    assert!(!whole.contains("example.org") && !whole.contains("ple.org"), "{whole}");
}

#[tokio::test]
async fn keys_that_a_client_chose_are_on_record_only_beside_whole_texts() {
    let arguments = json!({ "Ada Lovelace": [{ "note": "a grenade" }] }).to_string();
    let function = json!({ "name": "send", "arguments": arguments });
    let call = json!({ "id": "c1", "type": "function", "function": function });
    let body = json!({ "model": "m", "messages": [
        { "role": "user", "content": "Do it." },
        { "role": "assistant", "content": null, "tool_calls": [call] },
        { "role": "tool", "tool_call_id": "c1", "content": "done" },
    ] });
    let known = "messages[1].tool_calls[0].function.arguments";
    for kept in ["omitted", "hashed", "redacted", "full"] {
        let setup = Setup::demo().walking().with("log.decisions.text", kept);
        let gate = setup.start().await;
        let mut client = Client::connect(gate.data).await;
        let walked = json!({ "Ada Lovelace": { "note": "a grenade" } }).to_string();
        let request = request_to("/v1/other", "x-request-id: walked\r\n", &walked);
        client.send(request.as_bytes()).await;
        assert_eq!(client.answer().await.status, 400);
        ask_as(gate.data, "called", &body.to_string()).await;
        ask_as(gate.data, "end", &prompt("hi")).await;
        let is_full = kept == "full";
        let (called, walked) = if is_full {
            (format!("{known}.Ada Lovelace[0].note"), "Ada Lovelace.note")
        } else {
            (format!("{known}.*[0].*"), "*.*")
        };
        assert_eq!(gate.records("called", "end").await[0]["passage"], *called, "{kept}");
        assert_eq!(gate.records("walked", "end").await[0]["passage"], walked, "{kept}");
        let whole = std::fs::read_to_string(gate.path("decisions.jsonl")).expect("records");
        assert_eq!(whole.contains("Lovelace"), is_full, "{kept}: {whole}");
    }
}

#[tokio::test]
async fn characters_that_come_in_halves_shift_nothing_in_what_is_redacted() {
    let halves = |half: &str| {
        let event = json!({ "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{ "index": 0, "finish_reason": null, "delta": { "content": "HALF" } }] });
        format!("data: {}\n\n", event.to_string().replace("HALF", half))
    };
    let faces: String = (0..10).map(|_| halves("\\ud83d") + &halves("\\ude00")).collect();
    let told = chunk(" mail ada@example.org now.");
    let model = Model::says(format!("{STREAM}{faces}{told}{}", end())).await;
    let gate = Setup::upstream(model.address).with("log.decisions.text", "redacted").start().await;
    ask_as(gate.data, "halves", &streamed("hi")).await;
    ask_as(gate.data, "end", &prompt("a grenade")).await;
    let passages = passages(&gate.records("halves", "end").await);
    let expected = format!("{} mail [REDACTED] now.", "\u{1f600}".repeat(10));
    assert!(passages.iter().any(|one| one[2] == expected), "{passages:?}");
}

#[tokio::test]
async fn a_policy_and_its_rules_let_less_of_texts_be_kept_than_the_server_file() {
    for lines in [
        "record: { text: hashed }\n",
        "  - { id: secret, words: [hello], action: tag, log: hash_only }\n",
    ] {
        let gate = Setup::demo().with("log.decisions.text", "full").policy(lines).start().await;
        ask_as(gate.data, "hashed", &prompt("hello")).await;
        ask_as(gate.data, "end", &prompt("a grenade")).await;
        let records = gate.records("hashed", "end").await;
        assert_eq!(records[0]["text"], "hashed");
        let passage = &records[0]["passages"][0];
        assert_eq!(passage["sha256"], tidegate::audit::digest(b"hello").as_str(), "{records:?}");
        assert!(passage.get("text").is_none());
    }
}

/// A collector of records that takes them, or fails while it is told to.
async fn collector(fails: Arc<AtomicBool>) -> Model {
    Model::start(move |mut connection| {
        let failing = fails.load(Ordering::Relaxed);
        let status = if failing { "503 Service Unavailable" } else { "204 No Content" };
        async move {
            let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\n");
            connection.send(format!("{head}content-length: 0\r\n\r\n").as_bytes()).await;
        }
    })
    .await
}

#[tokio::test]
async fn requests_are_refused_while_decisions_that_have_to_be_on_record_cannot_be() {
    let fails = Arc::new(AtomicBool::new(false));
    let collector = collector(Arc::clone(&fails)).await;
    let to = format!("http://{}/in", collector.address);
    let setup = || {
        let setup = Setup::demo().with("audit.required", "true").with("log.decisions.to", &to);
        let setup = setup.with("log.decisions.key.file", "collector.key");
        std::fs::write(setup.folder().join("collector.key"), "k-1\n").expect("a key");
        setup
    };
    let gate = setup().start().await;
    assert_eq!(ask(gate.data, &prompt("say: hello")).await.status, 200);
    fails.store(true, Ordering::Relaxed);
    // This one may still go through: its records wait when the collector fails.
    ask(gate.data, &prompt("say: hello")).await;
    gate.counts(&["tidegate_audit_sink_up{sink=\"http\"} 0"]).await;
    let refused = ask(gate.data, &prompt("say: hello")).await;
    assert_eq!(refused.status, 503);
    assert!(refused.text().contains("moderation_unavailable"), "{}", refused.text());
    let ready = gate.admin("/readyz?verbose").await.text();
    assert!(ready.contains("records http: not written (the server answered 503)"), "{ready}");
    let second = setup().launch().await;
    assert!(second.is_err_and(|why| why.contains("audit.required")));
    fails.store(false, Ordering::Relaxed);
    gate.counts(&["tidegate_audit_sink_up{sink=\"http\"} 1"]).await;
    assert_eq!(ask(gate.data, &prompt("say: hello")).await.status, 200);
    gate.counts(&["tidegate_audit_events_dropped_total{sink=\"http\"} 0"]).await;
    let head = collector.asked()[0].head.to_ascii_lowercase();
    assert!(head.starts_with("post /in "), "{head}");
    assert!(head.contains("application/x-ndjson") && head.contains("bearer k-1"), "{head}");
}

#[tokio::test]
async fn a_target_that_takes_nothing_stops_no_traffic_unless_records_are_required() {
    let setup = || Setup::demo().with("log.decisions.to", "/dev/full");
    let gate = setup().start().await;
    gate.counts(&["tidegate_audit_sink_up{sink=\"file\"} 0"]).await;
    for _ in 0..50 {
        assert_eq!(ask(gate.data, &prompt("say: hello")).await.status, 200);
    }
    let ready = gate.admin("/readyz?verbose").await;
    assert_eq!(ready.status, 200);
    let text = ready.text();
    assert!(text.contains("records file: not written (No space left on device"), "{text}");
    let required = setup().with("audit.required", "true").launch().await;
    assert!(required.is_err_and(|why| why.contains("No space left on device")));
}
