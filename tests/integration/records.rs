//! One decision record for every screened unit, whatever becomes of the exchange.

use std::net::SocketAddr;

use crate::gate::{Gate, Setup};
use crate::model::{Model, STREAM, chunk, end};
use crate::wire::{Client, ask_with, prompt, request, streamed};

/// The records of `request` as phase, action and outcome.
async fn recorded(gate: &Gate, id: &str) -> Vec<[String; 3]> {
    let marker = format!("after-{id}");
    ask_with(gate.data, &format!("x-request-id: {marker}\r\n"), &prompt("hi")).await;
    let text =
        |record: &serde_json::Value, key| record[key].as_str().unwrap_or_default().to_owned();
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
