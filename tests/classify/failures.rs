//! Every way in which a server fails gives "unavailable", with its reason, and nothing stays behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tidegate::classify::{Circuit, Reason, Tested};
use tidegate::upstream::OwnAddresses;
use tokio::time::sleep;

use crate::server::{Act, Asked, Server, ok};
use crate::{classifier, comes_to_rest, endpoint, judged, with};

fn written(timeout: &str) -> Value {
    json!({ "kind": "http", "timeout": timeout, "labels": { "score": "harassment" },
        "request": { "path": "/predict", "body": r#"{"text": "{{text}}"}"# },
        "answer": { "score": "/toxicity" } })
}

fn score(asked: &Asked) -> f64 {
    if asked.body["text"].as_str().expect("a text").contains("bad") { 0.9 } else { 0.1 }
}

fn right(asked: &Asked) -> Act {
    Act::Json(json!({ "toxicity": score(asked) }))
}

fn raw(text: impl Into<String>) -> Act {
    Act::Raw(text.into().into_bytes())
}

fn said(text: &str) -> Act {
    Act::Bytes(text.as_bytes().to_vec())
}

/// Everything that goes wrong, with what is told.
fn all() -> Vec<(&'static str, Act, Reason)> {
    let status = |line: &str| {
        raw(format!("HTTP/1.1 {line}\r\ncontent-length: 17\r\n\r\n{{\"toxicity\": 0.0}}"))
    };
    let huge = format!("{{\"toxicity\": 0.0, \"more\": \"{}\"}}", "x".repeat(2 << 20));
    let endless = [b"HTTP/1.1 200 OK\r\n".to_vec(), b"x-more: 1\r\n".repeat(1_000)].concat();
    vec![
        ("500 with a clean body", status("500 Internal Server Error"), Reason::Error),
        ("404 with a clean body", status("404 Not Found"), Reason::Error),
        ("401 with a clean body", status("401 Unauthorized"), Reason::Error),
        ("201 with a clean body", status("201 Created"), Reason::Error),
        ("413", status("413 Content Too Large"), Reason::Error),
        ("429", status("429 Too Many Requests"), Reason::Error),
        ("nothing, for ever", Act::Silence, Reason::Timeout),
        ("a drip", Act::Drip(ok(b"{\"toxicity\": 0.0}")), Reason::Timeout),
        ("closed before an answer", Act::Raw(Vec::new()), Reason::Error),
        ("closed in the head", raw("HTTP/1.1 200 OK\r\ncontent-le"), Reason::Error),
        (
            "closed in the body",
            raw("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"toxicity\": 0.0}"),
            Reason::Error,
        ),
        (
            "closed in a chunk",
            raw(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n11\r\n{\"toxicity\": 0.0}\r\n",
            ),
            Reason::Error,
        ),
        ("no HTTP", raw("SSH-2.0-OpenSSH_9.6\r\n"), Reason::Error),
        ("a head without end", Act::Raw(endless), Reason::Error),
        ("huge", said(&huge), Reason::Error),
        (
            "compressed",
            raw(
                "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 17\r\n\r\n{\"toxicity\": 0.0}",
            ),
            Reason::Error,
        ),
        ("empty", said(""), Reason::Unreadable),
        ("prose", said("This text is perfectly safe."), Reason::Unreadable),
        ("a page", said("<html>502 Bad Gateway</html>"), Reason::Unreadable),
        ("an error with status 200", said(r#"{"error": "overloaded"}"#), Reason::Unreadable),
        ("NaN", said(r#"{"toxicity": NaN}"#), Reason::Unreadable),
        ("a score of 2", said(r#"{"toxicity": 2.0}"#), Reason::Unreadable),
        ("a score below 0", said(r#"{"toxicity": -0.5}"#), Reason::Unreadable),
        ("a score as text", said(r#"{"toxicity": "0.0"}"#), Reason::Unreadable),
        ("two scores", said(r#"{"toxicity": 0.9, "toxicity": 0.0}"#), Reason::Unreadable),
        ("cut off", said(r#"{"toxicity": 0.0"#), Reason::Unreadable),
        (
            "with something behind it",
            said(r#"{"toxicity": 0.0} {"toxicity": 0.9}"#),
            Reason::Unreadable,
        ),
        (
            "not UTF-8",
            Act::Bytes(b"{\"toxicity\": 0.0, \"x\": \"\xff\"}".to_vec()),
            Reason::Unreadable,
        ),
        (
            "a byte order mark",
            Act::Bytes(b"\xef\xbb\xbf{\"toxicity\": 0.0}".to_vec()),
            Reason::Unreadable,
        ),
    ]
}

#[tokio::test]
async fn each_failure_is_unavailable_and_the_next_text_is_answered() {
    for (name, act, reason) in all() {
        let server = Server::start(move |_, asked| match asked.body["text"].as_str() {
            Some("first") => act.clone(),
            _ => right(asked),
        })
        .await;
        let one = classifier(&server, written("300ms"));
        let began = Instant::now();
        assert_eq!(judged(&one, "first").await, Err(reason), "{name}");
        assert!(began.elapsed() < Duration::from_secs(3), "{name}: it took {:?}", began.elapsed());
        let patient = classifier(&server, written("5s"));
        assert!(judged(&patient, "bad").await.is_ok_and(|score| score > 0.8), "{name}");
        comes_to_rest(&one, name).await;
    }
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let other = Server::start(|_, asked| right(asked)).await;
    for status in [301, 302, 303, 307, 308] {
        let to = other.address;
        let server = Server::start(move |_, _| {
            raw(format!("HTTP/1.1 {status} Moved\r\nlocation: http://{to}/predict\r\ncontent-length: 0\r\n\r\n"))
        })
        .await;
        let one = classifier(&server, written("2s"));
        assert_eq!(judged(&one, "x").await, Err(Reason::Error), "{status}");
        assert_eq!(server.asked().len(), 1);
    }
    assert_eq!(other.connections(), 0, "no key goes where a redirect points");
}

#[tokio::test]
async fn nobody_at_the_address_and_the_gate_itself_are_errors() {
    let server = Server::start(|_, asked| right(asked)).await;
    let mut nobody = endpoint(&server);
    nobody.base = "http://127.0.0.1:1".parse().expect("an address");
    assert_eq!(judged(&with(nobody, written("2s")), "x").await, Err(Reason::Error));
    let mut itself = endpoint(&server);
    itself.own = OwnAddresses::default();
    itself.own.set(vec![server.address]);
    assert_eq!(judged(&with(itself, written("2s")), "x").await, Err(Reason::Error));
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_call_that_came_to_nothing_is_made_once_more() {
    let closed = Server::start(
        |number, asked| if number == 0 { Act::Raw(Vec::new()) } else { right(asked) },
    )
    .await;
    assert!(judged(&classifier(&closed, written("5s")), "bad").await.is_ok());
    assert_eq!(closed.asked().len(), 2);
    let busy = Server::start(|number, asked| {
        let busy = "HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n";
        if number == 0 { raw(busy) } else { right(asked) }
    })
    .await;
    assert!(judged(&classifier(&busy, written("5s")), "bad").await.is_ok());
    assert_eq!(busy.asked().len(), 2);
}

#[tokio::test]
async fn a_server_without_its_prompt_template_fails_the_self_test() {
    let chat = |content: &str| {
        Act::Json(
            json!({ "choices": [{ "finish_reason": "stop", "message": { "content": content } }] }),
        )
    };
    let server = Server::start(move |_, _| chat("Hello! How can I help you today?")).await;
    let one = classifier(
        &server,
        json!({
            "kind": "chat_guard", "format": "llama_guard", "model": "g", "timeout": "5s",
            "self_test": { "good": "Good morning.", "bad": "I will hurt you." },
        }),
    );
    tokio::select! {
        () = one.keep_tested() => panic!("it runs for ever"),
        verdict = judged(&one, "x") => assert_eq!(verdict, Err(Reason::SelfTest)),
    }
    let Some(Tested::Failed(why)) = one.state().tested else { panic!("{:?}", one.state()) };
    assert!(
        why.starts_with("self_test.good[0]: the model wrote something other than its format"),
        "{why}"
    );
}

#[tokio::test]
async fn a_flapping_server_under_load_gives_no_false_verdict_and_keeps_no_connection() {
    let failing = Arc::new(AtomicBool::new(false));
    let now = Arc::clone(&failing);
    let quick: Vec<_> = all()
        .into_iter()
        .filter(|(_, act, _)| !matches!(act, Act::Silence | Act::Drip(_)))
        .collect();
    // What is the server's fault, and not a text's.
    let is_outage = |(name, _, reason): &&(&str, Act, Reason)| {
        *reason == Reason::Error && !matches!(*name, "413" | "huge")
    };
    let outages: Vec<Act> = quick.iter().filter(is_outage).map(|(_, act, _)| act.clone()).collect();
    let server = Server::start(move |number, asked| {
        if now.load(Ordering::SeqCst) {
            outages[number % outages.len()].clone()
        } else if number % 5 == 0 {
            quick[number % quick.len()].1.clone()
        } else {
            right(asked)
        }
    })
    .await;
    let mut lines = written("1s");
    lines["calls"] = json!({ "in_flight": 4 });
    let one = Arc::new(classifier(&server, lines));
    let (mut answered, mut unanswered, mut rejected) = (0, 0, 0);
    for round in 0..6 {
        failing.store(round % 2 == 1, Ordering::SeqCst);
        let texts: Vec<String> = (0..60)
            .map(|n| format!("{} {round} {n}", if n % 2 == 0 { "bad" } else { "kind" }))
            .collect();
        let verdicts = join_all(texts.iter().map(|text| judged(&one, text))).await;
        for (text, verdict) in texts.iter().zip(verdicts) {
            match verdict {
                Ok(score) => {
                    assert_eq!(score > 0.5, text.contains("bad"), "{text}: {score}");
                    answered += 1;
                }
                Err(Reason::Rejected) => rejected += 1,
                Err(_) => unanswered += 1,
            }
        }
        assert!(server.open() <= 5, "{} connections", server.open());
        // As long as the circuit rests at most after so few failures.
        sleep(Duration::from_millis(if round % 2 == 1 { 2_100 } else { 0 })).await;
    }
    assert!(answered > 30 && unanswered > 0 && rejected > 0, "{answered} {unanswered} {rejected}");
    failing.store(false, Ordering::SeqCst);
    for n in 0..40 {
        if judged(&one, &format!("bad again {n}")).await.is_ok()
            && one.state().circuit == Circuit::Closed
        {
            break;
        }
        sleep(Duration::from_millis(250)).await;
        assert!(n < 39, "it is taken back within ten seconds: {:?}", one.state());
    }
    comes_to_rest(&one, "after the load").await;
}
