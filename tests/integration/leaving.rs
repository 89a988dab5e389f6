//! Clients that go away, and what stops then.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::gate::{PATIENCE, Setup};
use crate::model::{Model, STREAM, chunk};
use crate::wire::{Client, prompt, request, streamed};

/// A model server that says `first` and tells when the gate has let go of it.
async fn patient(first: String) -> (Model, Arc<Notify>) {
    let gone = Arc::new(Notify::new());
    let tell = Arc::clone(&gone);
    let model = Model::start(move |mut connection| {
        let (tell, first) = (Arc::clone(&tell), first.clone());
        async move {
            connection.send(first.as_bytes()).await;
            connection.closed().await;
            tell.notify_one();
        }
    })
    .await;
    (model, gone)
}

#[tokio::test]
async fn a_client_that_leaves_in_mid_stream_ends_the_upstreams_request() {
    let (model, gone) = patient(format!("{STREAM}{}", chunk("hello there "))).await;
    let gate = Setup::upstream(model.address).start().await;
    let mut client = Client::connect(gate.data).await;
    client.send(request("", &streamed("hi")).as_bytes()).await;
    client.read_until("hello").await;
    drop(client);
    tokio::time::timeout(PATIENCE, gone.notified()).await.expect("the upstream is let go");
    gate.counts(&[
        "tidegate_upstream_requests_total{outcome=\"cancelled\",upstream=\"model\"} 1",
        "tidegate_http_requests_in_flight{route=\"chat\"} 0",
        "tidegate_stream_held_bytes 0",
    ])
    .await;
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_ends_the_upstreams_request() {
    let (model, gone) = patient(String::new()).await;
    let gate = Setup::upstream(model.address).start().await;
    let mut client = Client::connect(gate.data).await;
    client.send(request("", &prompt("hi")).as_bytes()).await;
    gate.counts(&["tidegate_http_requests_in_flight{route=\"chat\"} 1"]).await;
    drop(client);
    tokio::time::timeout(PATIENCE, gone.notified()).await.expect("the upstream is let go");
    gate.counts(&[
        "tidegate_upstream_requests_total{outcome=\"cancelled\",upstream=\"model\"} 1",
        "tidegate_http_requests_in_flight{route=\"chat\"} 0",
    ])
    .await;
}

#[tokio::test]
async fn a_blocked_answer_ends_the_upstreams_request() {
    let (model, gone) = patient(format!("{STREAM}{}", chunk("take a grenade and run "))).await;
    let gate = Setup::upstream(model.address).start().await;
    let mut client = Client::connect(gate.data).await;
    client.send(request("", &streamed("hi")).as_bytes()).await;
    let answer = client.answer().await;
    assert!(!answer.text().contains("grenade") && answer.whole, "{}", answer.text());
    tokio::time::timeout(PATIENCE, gone.notified()).await.expect("the upstream is let go");
}
