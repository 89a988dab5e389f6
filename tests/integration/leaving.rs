//! Clients that go away, and what stops then.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::time::timeout;

use crate::gate::{Gate, PATIENCE, Setup};
use crate::model::{Model, STREAM, chunk};
use crate::wire::{Client, prompt, request, streamed};

/// A model server that says `first`, and tells when it was asked and when the gate has let go of it.
struct Patient {
    model: Model,
    asked: Arc<Notify>,
    gone: Arc<Notify>,
}

impl Patient {
    async fn start(first: String) -> Self {
        let (asked, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let tell = (Arc::clone(&asked), Arc::clone(&gone));
        let model = Model::start(move |mut connection| {
            let ((asked, gone), first) = (tell.clone(), first.clone());
            async move {
                asked.notify_one();
                connection.send(first.as_bytes()).await;
                connection.closed().await;
                gone.notify_one();
            }
        })
        .await;
        Self { model, asked, gone }
    }

    async fn gate(&self) -> Gate {
        Setup::upstream(self.model.address).start().await
    }

    async fn is_let_go(&self) {
        timeout(PATIENCE, self.gone.notified()).await.expect("the upstream is let go");
    }
}

#[tokio::test]
async fn a_client_that_leaves_in_mid_stream_ends_the_upstreams_request() {
    let patient = Patient::start(format!("{STREAM}{}", chunk("hello there "))).await;
    let gate = patient.gate().await;
    let mut client = Client::connect(gate.data).await;
    client.send(request("", &streamed("hi")).as_bytes()).await;
    client.read_until("hello").await;
    drop(client);
    patient.is_let_go().await;
    gate.counts(&[
        "tidegate_upstream_requests_total{outcome=\"cancelled\",upstream=\"model\"} 1",
        "tidegate_http_requests_in_flight{route=\"chat\"} 0",
        "tidegate_stream_held_bytes 0",
    ])
    .await;
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_ends_the_upstreams_request() {
    let patient = Patient::start(String::new()).await;
    let gate = patient.gate().await;
    let mut client = Client::connect(gate.data).await;
    client.send(request("", &prompt("hi")).as_bytes()).await;
    // Before that, the request might leave while the connection for it is made, and nobody would be asked.
    timeout(PATIENCE, patient.asked.notified()).await.expect("the upstream is asked");
    drop(client);
    patient.is_let_go().await;
    gate.counts(&[
        "tidegate_upstream_requests_total{outcome=\"cancelled\",upstream=\"model\"} 1",
        "tidegate_http_requests_in_flight{route=\"chat\"} 0",
    ])
    .await;
}

#[tokio::test]
async fn a_blocked_answer_ends_the_upstreams_request() {
    let patient = Patient::start(format!("{STREAM}{}", chunk("take a grenade and run "))).await;
    let gate = patient.gate().await;
    let mut client = Client::connect(gate.data).await;
    client.send(request("", &streamed("hi")).as_bytes()).await;
    let answer = client.answer().await;
    assert!(!answer.text().contains("grenade") && answer.whole, "{}", answer.text());
    patient.is_let_go().await;
}
