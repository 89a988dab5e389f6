//! The end of the service.

use std::sync::Arc;

use tidegate::app::Order;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::gate::Setup;
use crate::model::{Model, STREAM, chunk, end};
use crate::wire::{Client, request, streamed};

#[tokio::test]
async fn a_drain_turns_readiness_off_and_lets_streams_end() {
    let go = Arc::new(Notify::new());
    let wait = Arc::clone(&go);
    let model = Model::start(move |mut connection| {
        let wait = Arc::clone(&wait);
        async move {
            connection.send(format!("{STREAM}{}", chunk("hello there ")).as_bytes()).await;
            wait.notified().await;
            connection.send(format!("{}{}", chunk("good bye "), end()).as_bytes()).await;
        }
    })
    .await;
    let gate = Setup::upstream(model.address).start().await;
    assert_eq!(gate.admin("/readyz").await.status, 200);
    let mut client = Client::connect(gate.data).await;
    client.send(request("", &streamed("hi")).as_bytes()).await;
    client.read_until("hello").await;
    gate.order(Order::Stop).await;
    while TcpStream::connect(gate.data).await.is_ok() {}
    assert_eq!(gate.admin("/readyz").await.status, 503);
    for path in ["/livez", "/startupz"] {
        assert_eq!(gate.admin(path).await.status, 200, "{path}");
    }
    go.notify_one();
    let answer = client.answer().await;
    assert!(answer.text().ends_with("data: [DONE]\n\n") && answer.whole, "{}", answer.text());
    let admin = gate.admin;
    gate.ended().await;
    assert!(TcpStream::connect(admin).await.is_err());
}

#[tokio::test]
async fn requests_are_still_taken_during_the_delay_of_a_drain() {
    let gate = Setup::demo().with("drain.delay", "1h").start().await;
    gate.order(Order::Stop).await;
    while gate.admin("/readyz").await.status != 503 {}
    assert_eq!(crate::wire::ask(gate.data, &crate::wire::prompt("hi")).await.status, 200);
}

#[tokio::test]
async fn what_outlives_the_timeout_of_a_drain_is_cut_off() {
    let model = Model::start(|mut connection| async move {
        connection.send(format!("{STREAM}{}", chunk("hello there ")).as_bytes()).await;
        connection.closed().await;
    })
    .await;
    let gate = Setup::upstream(model.address).with("drain.timeout", "200ms").start().await;
    let mut client = Client::connect(gate.data).await;
    client.send(request("", &streamed("hi")).as_bytes()).await;
    client.read_until("hello").await;
    gate.order(Order::Stop).await;
    gate.ended().await;
    assert!(!client.answer().await.whole);
}

#[tokio::test]
async fn a_drain_under_200_open_streams_loses_none() {
    const STREAMS: usize = 200;
    let (go, _) = tokio::sync::watch::channel(false);
    let told = go.clone();
    let model = Model::start(move |mut connection| {
        let mut told = told.subscribe();
        async move {
            connection.send(format!("{STREAM}{}", chunk("hello there ")).as_bytes()).await;
            told.wait_for(|go| *go).await.expect("the test goes on");
            connection.send(format!("{}{}", chunk("good bye "), end()).as_bytes()).await;
        }
    })
    .await;
    let gate = Setup::upstream(model.address).start().await;
    let mut clients = Vec::new();
    for _ in 0..STREAMS {
        let mut client = Client::connect(gate.data).await;
        client.send(request("", &streamed("hi")).as_bytes()).await;
        clients.push(client);
    }
    for client in &mut clients {
        client.read_until("hello").await;
    }
    gate.order(Order::Stop).await;
    while gate.admin("/readyz").await.status != 503 {}
    go.send_replace(true);
    for mut client in clients {
        let answer = client.answer().await;
        assert!(answer.text().ends_with("data: [DONE]\n\n") && answer.whole, "{}", answer.text());
    }
    let folder = gate.ended().await;
    let records = std::fs::read_to_string(folder.path().join("decisions.jsonl")).expect("records");
    let complete = records.lines().filter(|line| {
        line.contains("\"phase\":\"completion\"") && line.contains("\"outcome\":\"complete\"")
    });
    assert_eq!(complete.count(), STREAMS);
}
