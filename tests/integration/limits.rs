//! Every key of `limits`, reached.

use std::io::Write as _;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::gate::Setup;
use crate::model::{Model, STREAM, chunk, completion, end, whole};
use crate::wire::{Client, ask, ask_with, prompt, request, streamed};

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(text.as_bytes()).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

async fn ask_in_gzip(address: std::net::SocketAddr, text: &str) -> crate::wire::Answer {
    let mut client = Client::connect(address).await;
    let body = gzip(&prompt(text));
    let head = request("content-encoding: gzip\r\n", "");
    let head = head.replace("content-length: 0", &format!("content-length: {}", body.len()));
    client.send(head.as_bytes()).await;
    client.send(&body).await;
    client.answer().await
}

#[tokio::test]
async fn a_body_beyond_limits_body_is_refused_by_its_length_and_in_chunks() {
    let gate = Setup::demo().with("limits.body", "1KiB").start().await;
    assert_eq!(ask(gate.data, &prompt(&"a".repeat(900))).await.status, 200);
    let large = prompt(&"a".repeat(2000));
    ask(gate.data, &large).await.is_error(413, "body_too_large");
    let mut client = Client::connect(gate.data).await;
    let head = request("transfer-encoding: chunked\r\n", "").replace("content-length: 0\r\n", "");
    client.send(format!("{head}{:x}\r\n{large}\r\n0\r\n\r\n", large.len()).as_bytes()).await;
    client.answer().await.is_error(413, "body_too_large");
    gate.counts(&["tidegate_http_rejected_total{reason=\"body_too_large\"} 2"]).await;
}

#[tokio::test]
async fn a_body_beyond_limits_decompressed_is_refused() {
    let gate = Setup::demo().with("limits.decompressed", "1KiB").start().await;
    assert_eq!(ask_in_gzip(gate.data, &"a".repeat(500)).await.status, 200);
    ask_in_gzip(gate.data, &"a".repeat(2000)).await.is_error(413, "body_too_large");
}

#[tokio::test]
async fn a_body_that_grows_more_than_limits_ratio_is_refused() {
    let gate = Setup::demo().with("limits.ratio", "4").start().await;
    assert_eq!(ask_in_gzip(gate.data, "a short one").await.status, 200);
    ask_in_gzip(gate.data, &"a".repeat(5000)).await.is_error(413, "body_too_large");
}

#[tokio::test]
async fn more_messages_than_limits_messages_are_refused() {
    let gate = Setup::demo().with("limits.messages", "3").start().await;
    let body = |count: usize| {
        let message = serde_json::json!({ "role": "user", "content": "hi" });
        serde_json::json!({ "model": "m", "messages": vec![message; count] }).to_string()
    };
    assert_eq!(ask(gate.data, &body(3)).await.status, 200);
    ask(gate.data, &body(4)).await.is_error(413, "too_many_messages");
}

#[tokio::test]
async fn json_deeper_than_limits_depth_is_refused() {
    let gate = Setup::demo().with("limits.depth", "8").start().await;
    let body = |depth: usize| {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        prompt("hi").replacen('{', &format!("{{\"metadata\":{deep},"), 1)
    };
    assert_eq!(ask(gate.data, &body(7)).await.status, 200);
    ask(gate.data, &body(8)).await.is_error(400, "too_deep");
}

#[tokio::test]
async fn an_event_beyond_limits_event_ends_its_stream_with_an_error() {
    let first = format!("{STREAM}{}", chunk("hello there "));
    let model = Model::says(format!("{first}{}{}", chunk(&"a".repeat(4000)), end())).await;
    let gate = Setup::upstream(model.address).with("limits.event", "2KiB").start().await;
    let answer = ask(gate.data, &streamed("hi")).await;
    answer.ends_with_error("moderation_unavailable");
    assert!(!answer.text().contains("aaaa"), "what was not screened does not pass");
}

#[tokio::test]
async fn an_answer_beyond_limits_decompressed_is_not_passed_on() {
    let model = Model::says(whole(&completion(&"a".repeat(4000)))).await;
    let gate = Setup::upstream(model.address).with("limits.decompressed", "2KiB").start().await;
    ask(gate.data, &prompt("hi")).await.is_error(502, "upstream_error");
}

#[tokio::test]
async fn connections_beyond_limits_connections_wait_until_one_ends() {
    let gate = Setup::demo().with("limits.connections", "1").start().await;
    let mut first = Client::connect(gate.data).await;
    first.send(request("", &prompt("hi")).as_bytes()).await;
    assert_eq!(first.answer().await.status, 200);
    let mut second = Client::connect(gate.data).await;
    second.send(request("", &prompt("hi")).as_bytes()).await;
    gate.counts(&["tidegate_http_connections{listener=\"data\"} 1"]).await;
    // The first one is still served, and the second only once the first has gone.
    first.send(request("", &prompt("hi")).as_bytes()).await;
    assert_eq!(first.answer().await.status, 200);
    gate.counts(&["tidegate_decisions_total{action=\"allow\",category=\"none\",mode=\"enforce\",phase=\"prompt\"} 2"]).await;
    drop(first);
    assert_eq!(second.answer().await.status, 200);
}

#[tokio::test]
async fn requests_beyond_limits_in_flight_are_answered_503_at_once() {
    let go = Arc::new(Notify::new());
    let wait = Arc::clone(&go);
    let model = Model::start(move |mut connection| {
        let wait = Arc::clone(&wait);
        async move {
            wait.notified().await;
            connection.send(whole(&completion("hello")).as_bytes()).await;
        }
    })
    .await;
    let gate = Setup::upstream(model.address).with("limits.in_flight", "1").start().await;
    let data = gate.data;
    let first = tokio::spawn(async move { ask(data, &prompt("hi")).await });
    gate.counts(&["tidegate_http_requests_in_flight{route=\"chat\"} 1"]).await;
    let refused = ask_with(gate.data, "", &prompt("hi")).await;
    refused.is_error(503, "overloaded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    go.notify_one();
    assert_eq!(first.await.expect("no panic").status, 200);
    gate.counts(&["tidegate_http_rejected_total{reason=\"overloaded\"} 1"]).await;
}

#[tokio::test]
async fn heads_with_too_many_lines_or_bytes_are_refused() {
    let gate = Setup::demo().start().await;
    let lines = |count| "x-a: b\r\n".repeat(count);
    assert_eq!(ask_with(gate.data, &lines(97), &prompt("hi")).await.status, 200);
    assert_eq!(ask_with(gate.data, &lines(98), &prompt("hi")).await.status, 431);
    let long = |length: usize| format!("x-long: {}\r\n", "a".repeat(length));
    assert_eq!(ask_with(gate.data, &long(60 << 10), &prompt("hi")).await.status, 200);
    assert_eq!(ask_with(gate.data, &long(160 << 10), &prompt("hi")).await.status, 431);
}

#[tokio::test]
async fn an_answer_whose_head_has_too_many_lines_or_bytes_is_a_502() {
    let lines = "x-a: b\r\n".repeat(127);
    for head in [lines, format!("x-long: {}\r\n", "a".repeat(512 << 10))] {
        let answer = whole(&completion("hello")).replacen("\r\n", &format!("\r\n{head}"), 1);
        let model = Model::says(answer).await;
        let gate = Setup::upstream(model.address).start().await;
        ask(gate.data, &prompt("hi")).await.is_error(502, "upstream_error");
    }
}

#[tokio::test]
async fn connections_beyond_those_of_the_admin_listener_wait_until_one_ends() {
    const READY: &[u8] = b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let gate = Setup::demo().start().await;
    let mut open = Vec::new();
    for _ in 0..512 {
        let mut client = Client::connect(gate.admin).await;
        client.send(READY).await;
        assert_eq!(client.answer().await.status, 200);
        open.push(client);
    }
    let mut late = Client::connect(gate.admin).await;
    late.send(READY).await;
    let mut last = open.pop().expect("512 of them");
    last.send(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let metrics = last.answer().await.text();
    assert!(metrics.contains("tidegate_http_connections{listener=\"admin\"} 512"), "{metrics}");
    drop(last);
    assert_eq!(late.answer().await.status, 200);
}
