//! Bodies of requests over HTTP/1.

use super::{CHAT, Door, SECOND, body, request};
use crate::gate::Setup;
use crate::wire::{Client, ask, prompt};

#[tokio::test]
async fn t50_a_body_that_was_left_unread_is_never_taken_for_a_request() {
    let door = Door::with(|setup| setup.with("limits.body", "64KiB")).await;
    let inner = String::from_utf8(request(
        format!("POST {CHAT} HTTP/1.1").as_bytes(),
        &[
            b"host: localhost",
            b"content-type: application/json",
            format!("content-length: {}", body().len()).as_bytes(),
        ],
        &body(),
    ))
    .expect("text");
    let refused: [(&str, &str, usize); 4] = [
        ("/v1/unknown", "content-type: application/json", 1),
        (CHAT, "content-type: text/plain", 1),
        (CHAT, "content-type: application/json", 2000),
        ("/v1/chat/completions?x=1", "content-type: application/json", 1),
    ];
    for (path, lines, times) in refused {
        let inner = inner.repeat(times);
        for framing in ["length", "chunks"] {
            let head = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n{lines}\r\n");
            let bytes = match framing {
                "length" => format!("{head}content-length: {}\r\n\r\n{inner}", inner.len()),
                _ => format!(
                    "{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{inner}\r\n0\r\n\r\n",
                    inner.len()
                ),
            };
            let mut client = Client::connect(door.gate.data).await;
            client.try_send(bytes.as_bytes()).await;
            client.try_send(SECOND).await;
            let said = client.closed().await;
            assert!(said.matches("HTTP/1.1 ").count() <= 1, "{path} {framing}: {said}");
            assert!(!said.contains("HTTP/1.1 200"), "{path} {framing}: {said}");
            assert_eq!(
                ask(door.gate.data, &prompt("hi")).await.status,
                200,
                "the next one is served"
            );
        }
    }
    assert_eq!(door.model.asked().len(), 8, "the eight that came after");
}

#[tokio::test]
async fn a_get_with_a_body_is_refused_also_where_nothing_is_screened() {
    let door = Door::open().await;
    for framing in
        ["content-length: 2\r\n\r\n{}", "transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"]
    {
        let mut client = Client::connect(door.gate.data).await;
        client
            .send(format!("GET /v1/models HTTP/1.1\r\nhost: localhost\r\n{framing}").as_bytes())
            .await;
        client.answer().await.is_error(400, "unwanted_body");
    }
    assert!(door.model.asked().is_empty());
}

#[tokio::test]
async fn t48_slow_clients_are_let_go_while_others_are_served() {
    let times = [
        ("timeouts.header", "500ms"),
        ("timeouts.body_idle", "500ms"),
        ("timeouts.write_stall", "500ms"),
        ("timeouts.keep_alive", "500ms"),
    ];
    let setup = times.into_iter().fold(Setup::demo(), |setup, (key, value)| setup.with(key, value));
    let gate = setup.start().await;
    let mut slow = Vec::new();
    for number in 0..100 {
        let mut client = Client::connect(gate.data).await;
        let head = format!("POST {CHAT} HTTP/1.1\r\nhost: localhost\r\n");
        let sent = match number % 4 {
            0 => String::new(),
            1 => head,
            2 => format!("{head}content-type: application/json\r\ncontent-length: 50\r\n\r\n{{"),
            _ => format!(
                "{head}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5"
            ),
        };
        client.send(sent.as_bytes()).await;
        slow.push(client);
    }
    for _ in 0..5 {
        assert_eq!(ask(gate.data, &prompt("hi")).await.status, 200, "others are served meanwhile");
    }
    for mut client in slow {
        client.closed().await;
    }
    gate.counts(&[
        "tidegate_http_connections{listener=\"data\"} 0",
        "tidegate_http_requests_in_flight{route=\"chat\"} 0",
    ])
    .await;
}
