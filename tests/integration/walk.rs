//! Paths that no dialect knows.

use std::net::SocketAddr;

use crate::gate::{Gate, Setup};
use crate::model::{Model, STREAM, chunk, whole};
use crate::wire::{self, Answer, get};

const CLEAN: &str = r#"{"results": [{"summary": "all is well"}]}"#;

async fn post(address: SocketAddr, body: &str) -> Answer {
    wire::post(address, "/v1/summaries", body).await
}

async fn walking(model: &Model) -> Gate {
    Setup::upstream(model.address).walking().start().await
}

#[tokio::test]
async fn an_unknown_path_is_refused_unless_a_route_walks() {
    let model = Model::says(whole(CLEAN)).await;
    let gate = Setup::upstream(model.address).start().await;
    post(gate.data, "{}").await.is_error(404, "unknown_path");
    get(gate.data, "/v1/summaries").await.is_error(404, "unknown_path");
    assert!(model.asked().is_empty());
}

#[tokio::test]
async fn clean_bodies_pass_an_unknown_path_byte_for_byte() {
    let model = Model::says(whole(CLEAN)).await;
    let gate = walking(&model).await;
    for body in [r#"{"docs":  ["h\u00e9llo", {"n": 1.0}]}"#, r#"["a", null]"#, "\"text\""] {
        let answer = post(gate.data, body).await;
        assert_eq!((answer.status, answer.text().as_str()), (200, CLEAN), "{body}");
        assert_eq!(answer.header("x-tidegate-action"), Some("allow"));
        assert_eq!(model.asked().last().expect("a request").body, body.as_bytes());
    }
    assert_eq!(get(gate.data, "/v1/summaries").await.text(), CLEAN);
    let last = model.asked().pop().expect("a request");
    assert!(last.head.starts_with("get /v1/summaries http/1.1"), "{}", last.head);
    assert!(last.body.is_empty());
    let unknown = "tidegate_unknown_text_leaves_total{dialect=\"walk\",phase=\"completion\"} 12";
    gate.counts(&[unknown]).await;
}

#[tokio::test]
async fn a_text_anywhere_in_an_unknown_request_is_screened_also_a_key() {
    let model = Model::says(whole(CLEAN)).await;
    let gate = walking(&model).await;
    for body in [
        r#"{"docs": [{"deep": {"er": "a grenade"}}]}"#,
        r#"{"grenade": 1}"#,
        r#"["gren\u0061de"]"#,
        r#"{"model": "grenade"}"#,
        // What would be replaced cannot be, where nothing is known of the shape.
        r#"{"to": "a@example.com"}"#,
    ] {
        let answer = post(gate.data, body).await;
        answer.is_error(400, "content_policy_violation");
        assert_eq!(answer.header("x-tidegate-action"), Some("block"), "{body}");
    }
    post(gate.data, "{\"a\": 1, \"a\": 2}").await.is_error(400, "duplicate_key");
    post(gate.data, "").await.is_error(400, "invalid_json");
    assert!(model.asked().is_empty());
}

#[tokio::test]
async fn an_unknown_answer_is_screened_and_what_cannot_be_screened_does_not_pass() {
    let json = |body: &str| whole(body);
    let other = |sort: &str, body: &str| json(body).replace("application/json", sort);
    for (answer, status, code) in [
        (json(r#"{"x": "take a grenade"}"#), 400, "content_policy_violation"),
        (json(r#"{"x": "a@example.com"}"#), 400, "content_policy_violation"),
        (json("not json"), 502, "upstream_unreadable"),
        (other("text/plain", "hello"), 502, "upstream_unreadable"),
        (other("image/png", "hello"), 502, "upstream_unreadable"),
        (format!("{STREAM}{}", chunk("hello ")), 502, "upstream_unreadable"),
        (
            json("{}").replacen("\r\n", "\r\ncontent-encoding: br\r\n", 1),
            502,
            "upstream_unreadable",
        ),
        (json("{}").replacen("200 OK", "307 Temporary", 1), 502, "upstream_unreadable"),
        (json(r#"{"x": "take a grenade"}"#).replacen("200 OK", "422 No", 1), 422, "upstream_error"),
    ] {
        let model = Model::says(answer.clone()).await;
        let gate = walking(&model).await;
        post(gate.data, "{}").await.is_error(status, code);
    }
    let model = Model::says("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(post(walking(&model).await.data, "{}").await.status, 200);
}
