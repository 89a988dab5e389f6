//! The same for every dialect that there is: codings of bodies, long silences, characters that tear lines apart.
//!
//! What else is tried for each dialect, and where:
//!
//! | what | where |
//! |---|---|
//! | a forbidden text in each place of each table, also in escapes; in events, parts and members that nobody knows | `stream::tests::places` (from the compiled tables) |
//! | the same cut at any byte and between any events, in one of two answers, in calls, thoughts, refusals, snapshots | [`crate::channels`]; token texts: `stream::tests::tokens` |
//! | bytes that nobody changes: JSON, events with comments and odd framing, lines, arrays | [`crate::channels`], [`crate::dialects`], [`crate::bytes`], `stream::tests::properties` |
//! | a block at the first, a middle and the last event, before and in calls | [`crate::channels`], `tests/dialects.rs` |
//! | an upstream that dies at each event | [`crate::channels`] |
//! | keys twice, in capitals, in both spellings, UTF-16, marks of byte order, `NaN`, depth | [`crate::pitfalls`]; long strings: `wire::body::tests::request` |
//! | official SDKs | `tests/sdk` |
//! | how often a model is asked | [`crate::pitfalls`] |
//! | moderations | [`crate::moderations`], `wire::moderation` |

use std::io::Write as _;

use tidegate::config::dialect_file::Framing;

use crate::dialects::{all, bodies, request_of};
use crate::gate::{PATIENCE, Setup};
use crate::model::{Model, whole};
use crate::wire::{Client, post, request_to};

/// A message with what some clients take for the end of a line.
const TORN: &str =
    "  - { id: grief, words: [grief], action: block, message: \"Not\\u2028here,\\u0085no.\" }\n";

fn coded(coding: &str, text: &str) -> Vec<u8> {
    let level = flate2::Compression::best();
    let written = if coding == "gzip" {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
        encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish())
    } else {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
        encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish())
    };
    written.expect("memory takes it")
}

#[tokio::test]
async fn a_compressed_prompt_is_read_in_every_dialect_and_goes_on_plain() {
    let model = Model::says(whole("{}")).await;
    let gate = Setup::upstream(model.address).everywhere().start().await;
    let ask = async |path: &str, coding: &str, body: &str| {
        let body = coded(coding, body);
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-encoding: {coding}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let mut client = Client::connect(gate.data).await;
        client.send(head.as_bytes()).await;
        client.send(&body).await;
        client.answer().await
    };
    for (dialect, path) in all() {
        for coding in ["gzip", "deflate"] {
            let name = dialect.name();
            let bad = request_of(&dialect, "take a grenade", false).expect("a request");
            let before = model.asked().len();
            let answer = ask(&path, coding, &bad).await;
            assert_eq!(answer.header("x-tidegate-action"), Some("block"), "{name} {coding}");
            assert_eq!(model.asked().len(), before, "{name} {coding}");
            let good = request_of(&dialect, "write to ada@example.org", false).expect("a request");
            ask(&path, coding, &good).await;
            let asked = model.asked();
            let Some(asked) = asked.get(before) else { continue };
            let sent = String::from_utf8_lossy(&asked.body).into_owned();
            assert!(sent.contains("[EMAIL]") && !sent.contains("ada@"), "{name} {coding}: {sent}");
            assert!(!asked.head.contains("content-encoding"), "{name}: {}", asked.head);
        }
    }
    // One over the other is refused, and so is what nobody knows.
    for coding in ["gzip, gzip", "x-own"] {
        let answer = ask("/v1/chat/completions", coding, &crate::wire::prompt("hi")).await;
        assert_eq!(answer.status, 415, "{coding}: {}", answer.text());
    }
}

#[tokio::test]
async fn what_tears_lines_apart_is_escaped_in_everything_that_the_gate_says() {
    let mut told = 0;
    for (dialect, path) in all() {
        let sort = match dialect.framing() {
            Framing::Sse => "text/event-stream",
            Framing::Lines => "application/x-ndjson",
            Framing::Array => "application/json",
        };
        let asked = |stream| request_of(&dialect, "hi", stream).expect("a request");
        let mut answers: Vec<(String, String)> = bodies(&dialect, "answer")
            .into_iter()
            .take(1)
            .map(|(_, body)| (whole(&body.replace("{{text}}", "such grief")), asked(false)))
            .collect();
        answers.extend(bodies(&dialect, "stream").into_iter().take(1).map(|(_, body)| {
            let body = body.replace("{{piece}}", "such grief").replace("{{text}}", "such grief");
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-type: {sort}\r\nconnection: close\r\n\r\n");
            (head + &body, asked(true))
        }));
        let blocked = request_of(&dialect, "such grief", false).expect("a request");
        answers.push((whole("{}"), blocked));
        for (answer, asked) in answers {
            let model = Model::says(answer).await;
            let gate = Setup::upstream(model.address).policy(TORN).everywhere().start().await;
            let text = post(gate.data, &path, &asked).await.text();
            let name = dialect.name();
            assert!(!text.contains(['\u{2028}', '\u{85}']), "{name}: {text}");
            assert!(!text.contains("grief"), "{name}: {text}");
            told += usize::from(text.contains("Not\\u2028here,\\u0085no."));
        }
    }
    assert!(told > 40, "only {told} say the message");
}

#[tokio::test]
async fn a_silent_stream_is_kept_open_in_every_dialect_in_its_own_way() {
    for (dialect, path) in all().into_iter().filter(|(dialect, _)| dialect.streams()) {
        let Some(kept) = dialect.file().shapes.keep_alive.clone() else { continue };
        let (sort, between) = match dialect.framing() {
            Framing::Sse => ("text/event-stream", "\n\n"),
            Framing::Lines => ("application/x-ndjson", "\n"),
            Framing::Array => ("application/json", "\n"),
        };
        let (_, stream) = bodies(&dialect, "stream").into_iter().next().expect("a stream");
        let stream =
            stream.replace("\r\n", "\n").replace("{{piece}}", "fine ").replace("{{text}}", "fine ");
        let first: String = stream.split_inclusive(between).take(2).collect();
        let answer =
            format!("HTTP/1.1 200 OK\r\ncontent-type: {sort}\r\nconnection: close\r\n\r\n{first}");
        let model = Model::start(move |mut connection| {
            let answer = answer.clone();
            async move {
                connection.send(answer.as_bytes()).await;
                connection.closed().await;
            }
        })
        .await;
        let setup = Setup::upstream(model.address).everywhere();
        let setup = setup.with("stream.keep_alive", "50ms").with("stream.head_hold", "50ms");
        let gate = setup.start().await;
        let body = request_of(&dialect, "hi", true).expect("a request");
        let mut client = Client::connect(gate.data).await;
        client.send(request_to(&path, "", &body).as_bytes()).await;
        // In a chunk of its own, so that it is no part of what the model said.
        let chunk = format!("\r\n{:X}\r\n{kept}\r\n", kept.len());
        let read = tokio::time::timeout(PATIENCE / 3, client.read_until(&chunk)).await;
        assert!(read.is_ok(), "{} says nothing", dialect.name());
    }
}
