//! Every key of `timeouts`, of an upstream's `timeouts` and of `stream`, reached. Nothing is timed: each
//! test would hang without its limit, or the answer would be another one.

use std::future::pending;

use crate::gate::Setup;
use crate::model::{Model, STREAM, chunk, completion, end, whole};
use crate::wire::{Client, ask, prompt, request, streamed};

/// A model server that sends this and then nothing.
async fn stuck_after(answer: String) -> Model {
    Model::start(move |mut connection| {
        let answer = answer.clone();
        async move {
            connection.send(answer.as_bytes()).await;
            connection.closed().await;
        }
    })
    .await
}

fn upstream(model: &Model, more: &str) -> Setup {
    Setup::new(&format!("{{ url: 'http://{}', {more} }}", model.address))
}

#[tokio::test]
async fn an_unfinished_head_ends_after_timeouts_header() {
    let gate = Setup::demo().with("timeouts.header", "200ms").start().await;
    let mut client = Client::connect(gate.data).await;
    client.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: loc").await;
    client.closed().await;
    assert_eq!(ask(gate.data, &prompt("hi")).await.status, 200);
}

#[tokio::test]
async fn a_pause_in_a_body_ends_after_timeouts_body_idle() {
    let gate = Setup::demo().with("timeouts.body_idle", "200ms").start().await;
    let mut client = Client::connect(gate.data).await;
    let whole = request("", &prompt("hi"));
    client.send(&whole.as_bytes()[..whole.len() - 1]).await;
    client.answer().await.is_error(408, "body_timeout");
}

#[tokio::test]
async fn a_dripping_body_ends_after_timeouts_request() {
    let gate = Setup::demo().with("timeouts.request", "300ms").start().await;
    let mut client = Client::connect(gate.data).await;
    let body = prompt(&"a".repeat(100_000));
    let whole = request("", &body);
    let (head, body) = whole.split_at(whole.len() - body.len());
    client.send(head.as_bytes()).await;
    // One byte now and then: no pause is long, and all of them together would take an hour.
    for byte in body.as_bytes().chunks(1) {
        if !client.try_send(byte).await || gate.rejected("body_timeout").await {
            break;
        }
    }
    gate.counts(&["tidegate_http_rejected_total{reason=\"body_timeout\"} 1"]).await;
}

#[tokio::test]
async fn an_idle_connection_ends_after_timeouts_keep_alive() {
    let gate = Setup::demo().with("timeouts.keep_alive", "200ms").start().await;
    let mut client = Client::connect(gate.data).await;
    client.send(request("", &prompt("hi")).as_bytes()).await;
    assert_eq!(client.answer().await.status, 200);
    assert_eq!(client.closed().await, "");
}

#[tokio::test]
async fn a_client_that_takes_nothing_ends_after_timeouts_write_stall() {
    let model = Model::start(|mut connection| async move {
        connection.send(STREAM.as_bytes()).await;
        // More than all the buffers between here and the client hold.
        for _ in 0..4000 {
            connection.send(chunk(&"hello there ".repeat(1000)).as_bytes()).await;
        }
        connection.closed().await;
    })
    .await;
    let gate = Setup::upstream(model.address).with("timeouts.write_stall", "200ms").start().await;
    let mut client = Client::connect(gate.data).await;
    client.send(request("", &streamed("hi")).as_bytes()).await;
    gate.counts(&[
        "tidegate_upstream_requests_total{outcome=\"cancelled\",upstream=\"model\"} 1",
        "tidegate_http_connections{listener=\"data\"} 0",
    ])
    .await;
    drop(client);
}

#[tokio::test]
async fn an_upstream_that_never_finishes_connecting_is_a_504() {
    // It takes the connection and never says a word of TLS.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let _held = listener.accept().await;
        pending::<()>().await;
    });
    let upstream = format!("{{ url: 'https://{address}', timeouts: {{ connect: 200ms }} }}");
    let gate = Setup::new(&upstream).start().await;
    ask(gate.data, &prompt("hi")).await.is_error(504, "upstream_timeout");
    gate.counts(&["tidegate_upstream_requests_total{outcome=\"timeout\",upstream=\"model\"} 1"])
        .await;
}

#[tokio::test]
async fn an_upstream_without_a_first_byte_is_a_504() {
    let model = stuck_after(String::new()).await;
    let gate = upstream(&model, "timeouts: { first_byte: 200ms }").start().await;
    ask(gate.data, &prompt("hi")).await.is_error(504, "upstream_timeout");
    ask(gate.data, &streamed("hi")).await.is_error(504, "upstream_timeout");
}

#[tokio::test]
async fn an_upstream_that_falls_silent_is_a_504_or_ends_its_stream_with_an_error() {
    let answer = whole(&completion("hello"));
    let model = stuck_after(answer[..answer.len() - 1].to_owned()).await;
    let gate = upstream(&model, "timeouts: { idle: 200ms }").start().await;
    ask(gate.data, &prompt("hi")).await.is_error(504, "upstream_timeout");

    let model = stuck_after(format!("{STREAM}{}", chunk("hello there "))).await;
    let gate = upstream(&model, "timeouts: { idle: 200ms }").start().await;
    ask(gate.data, &streamed("hi")).await.ends_with_error("upstream_timeout");
}

#[tokio::test]
async fn an_answer_that_never_ends_ends_after_the_upstreams_timeout() {
    let model = Model::start(|mut connection| async move {
        connection.send(STREAM.as_bytes()).await;
        loop {
            connection.send(chunk("la ").as_bytes()).await;
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    let gate = upstream(&model, "timeout: 300ms").start().await;
    ask(gate.data, &streamed("hi")).await.ends_with_error("upstream_timeout");
}

#[tokio::test]
async fn the_head_of_an_answer_waits_no_longer_than_stream_head_hold() {
    let model = stuck_after(STREAM.to_owned()).await;
    let gate = Setup::upstream(model.address).with("stream.head_hold", "100ms").start().await;
    let mut client = Client::connect(gate.data).await;
    client.send(request("", &streamed("hi")).as_bytes()).await;
    client.read_until("HTTP/1.1 200 OK").await;
}

#[tokio::test]
async fn a_silent_stream_is_kept_open_by_comments() {
    let model = stuck_after(format!("{STREAM}{}", chunk("hello there "))).await;
    let gate = Setup::upstream(model.address).with("stream.keep_alive", "100ms").start().await;
    let mut client = Client::connect(gate.data).await;
    client.send(request("", &streamed("hi")).as_bytes()).await;
    client.read_until(": keep-alive\n\n").await;
    drop((client, end()));
}
