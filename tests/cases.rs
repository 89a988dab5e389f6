//! One corpus of cases through every path that needs no socket: the engine whole and at every split, the gate
//! on a chat stream at every split, and requests in every place of a prompt. `tests/sdk` runs the same cases
//! through the real proxy.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test"
)]

use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use jiff::civil::date;
use serde_json::{Value, json};
use tidegate::config::load_policy;
use tidegate::domain::{Action, Author, Phase, Rewrite, Span, Verdict};
use tidegate::engine::{Scratch, Screen, Subject, mend, screen_passage};
use tidegate::policy::{Policy, compile};
use tidegate::stream::{Relay, RelaySettings};
use tidegate::wire::body::{PassageEdit, Request};
use tidegate::wire::dialect::{Dialect, Dialects};
use tidegate::wire::json::JsonLimits;

struct Case {
    name: String,
    text: String,
    /// What the client gets of the model's own text, and whether it is cut there.
    sent: String,
    cut: bool,
}

fn cases() -> Vec<Case> {
    let lines = include_str!("cases/completions.jsonl").lines();
    let case = |line: &str| {
        let case: Value = serde_json::from_str(line).unwrap();
        let sent =
            case["output"].as_str().or_else(|| case["released"].as_str()).unwrap().to_owned();
        Case {
            name: case["name"].as_str().unwrap().to_owned(),
            text: case["text"].as_str().unwrap().to_owned(),
            sent,
            cut: case["released"].is_string(),
        }
    };
    lines.map(case).collect()
}

fn policy() -> Arc<Policy> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdk");
    let (written, problems) = load_policy(&root, &root.join("policies/sdk.yaml"));
    assert!(!problems.has_errors());
    Arc::new(compile(&written.unwrap()).0.unwrap())
}

fn subject() -> Subject {
    let (phase, author) = (Phase::Completion, Author::Assistant);
    Subject { phase, author, today: date(2026, 11, 1), streamed: true }
}

/// The text whole, cut in two at every character, and character by character.
fn splits(text: &str) -> Vec<Vec<&str>> {
    let mut all = vec![vec![text], text.split("").filter(|piece| !piece.is_empty()).collect()];
    all.extend(text.char_indices().skip(1).map(|(at, _)| vec![&text[..at], &text[at..]]));
    all
}

#[test]
fn every_case_comes_out_the_same_whole_and_at_every_split() {
    let policy = policy();
    let mut scratch = Scratch::default();
    for case in cases() {
        for pieces in splits(&case.text) {
            let mut screen = Screen::new(Arc::clone(&policy), subject(), None);
            let (mut sent, mut text, mut upto, mut cut) = (String::new(), String::new(), 0, false);
            for (index, piece) in pieces.iter().enumerate() {
                text.push_str(piece);
                let progress = if index + 1 == pieces.len() {
                    screen.push_last(piece, &mut scratch)
                } else {
                    screen.push(piece, &mut scratch)
                };
                let moved = |one: Rewrite| Rewrite {
                    span: Span::new(one.span.start - upto, one.span.end - upto),
                    ..one
                };
                let rewrites: Vec<Rewrite> = progress.rewrites.into_iter().map(moved).collect();
                sent.push_str(&mend(&text[upto..progress.decided], &rewrites));
                upto = progress.decided;
                cut = progress.stop.is_some();
                if cut {
                    break;
                }
            }
            assert_eq!((sent, cut), (case.sent.clone(), case.cut), "{}: {pieces:?}", case.name);
        }
    }
}

#[test]
fn every_case_comes_out_the_same_through_the_gate_at_every_split() {
    let policy = policy();
    let mut scratch = Scratch::default();
    for case in cases() {
        for pieces in splits(&case.text) {
            let mut relay = Relay::new(RelaySettings {
                language: Some("en".to_owned()),
                ..RelaySettings::new(Dialects::fallback(), Arc::clone(&policy), subject())
            });
            let mut out = BytesMut::new();
            let event = |delta: Value, finish: Value| {
                let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
                format!(
                    "data: {}\n\n",
                    json!({"id": "c1", "created": 1, "model": "m", "choices": [choice]})
                )
            };
            let mut sent = String::new();
            for piece in &pieces {
                sent.push_str(&event(json!({"content": piece}), Value::Null));
            }
            sent.push_str(&event(json!({}), json!("stop")));
            sent.push_str("data: [DONE]\n\n");
            relay.push(sent.as_bytes(), &mut scratch, &mut out);
            let stream = String::from_utf8(out.to_vec()).unwrap();
            if case.text == case.sent {
                assert_eq!(stream, sent, "{}: clean text leaves byte for byte", case.name);
            }
            let ending = if !case.cut {
                ""
            } else if case.sent.is_empty() {
                "Not here."
            } else {
                "\nNot here."
            };
            assert_eq!(
                client(&stream),
                format!("{}{ending}", case.sent),
                "{}: {pieces:?}",
                case.name
            );
        }
    }
}

/// The text that a client puts together.
fn client(stream: &str) -> String {
    let events = stream.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    let events = events.filter_map(|event| serde_json::from_str::<Value>(event).ok());
    events
        .filter_map(|event| Some(event["choices"][0]["delta"]["content"].as_str()?.to_owned()))
        .collect()
}

/// One prompt: what the model gets of it, or who answers in its place.
struct Prompt {
    name: String,
    text: String,
    action: Action,
    sent: Option<String>,
}

fn prompts() -> Vec<Prompt> {
    let lines = include_str!("cases/prompts.jsonl").lines();
    let prompt = |line: &str| {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = case["text"].as_str().unwrap().to_owned();
        let sent = case["sent"].as_str().map(str::to_owned);
        let action = match &sent {
            Some(sent) if *sent == text => Action::Allow,
            Some(_) => Action::Redact,
            None if case["refused"] == true => Action::Block,
            None => Action::Respond,
        };
        Prompt { name: case["name"].as_str().unwrap().to_owned(), text, action, sent }
    };
    lines.map(prompt).collect()
}

fn subject_of(author: Author) -> Subject {
    Subject { phase: Phase::Prompt, author, today: date(2026, 11, 1), streamed: false }
}

#[test]
fn every_prompt_gets_the_same_verdict_whole_and_at_every_split() {
    let policy = policy();
    let mut scratch = Scratch::default();
    for case in prompts() {
        for pieces in splits(&case.text) {
            let mut screen = Screen::new(Arc::clone(&policy), subject_of(Author::User), None);
            let mut rewrites = Vec::new();
            for (index, piece) in pieces.iter().enumerate() {
                let progress = if index + 1 == pieces.len() {
                    screen.push_last(piece, &mut scratch)
                } else {
                    screen.push(piece, &mut scratch)
                };
                rewrites.extend(progress.rewrites);
            }
            assert_eq!(screen.finish().action, case.action, "{}: {pieces:?}", case.name);
            if let Some(sent) = &case.sent {
                assert_eq!(&mend(&case.text, &rewrites), sent, "{}: {pieces:?}", case.name);
            }
        }
    }
}

fn named(name: &str) -> Arc<Dialect> {
    Arc::clone(Dialects::default().get(name).unwrap())
}

/// Bodies that hold a text, each in another place, and the same with other text in it.
fn bodies(text: &str) -> Vec<(Arc<Dialect>, Value)> {
    let chat = |messages: Value| {
        (named("openai.chat"), json!({"model": "m", "temperature": 1.50, "messages": messages}))
    };
    let tool = json!({"id": "c1", "type": "function", "function": {
        "name": "send", "arguments": json!({"a": ["b", {"c": text}]}).to_string()}});
    vec![
        chat(json!([{"role": "user", "content": text}])),
        chat(json!([{"role": "system", "content": "Be kind."}, {"role": "user", "content": [
            {"type": "text", "text": "First this."}, {"type": "text", "text": text}]}])),
        chat(json!([{"role": "user", "name": "bob", "content": "Look it up."},
            {"role": "assistant", "content": null, "tool_calls": [tool]},
            {"role": "tool", "tool_call_id": "c1", "content": text}])),
        chat(json!([{"role": "assistant", "content": text}, {"role": "user", "content": "go on"}])),
        (named("openai.completions"), json!({"model": "m", "prompt": text, "max_tokens": 5})),
        (named("openai.completions"), json!({"model": "m", "prompt": ["One.", text]})),
    ]
}

#[test]
fn every_prompt_comes_out_the_same_in_every_place_of_a_request() {
    let policy = policy();
    let mut scratch = Scratch::default();
    for case in prompts() {
        let sent = case.sent.clone().unwrap_or_default();
        for ((dialect, body), (_, expected)) in bodies(&case.text).into_iter().zip(bodies(&sent)) {
            for bytes in [serde_json::to_vec(&body), serde_json::to_vec_pretty(&body)] {
                let bytes = Bytes::from(bytes.unwrap());
                let limits = JsonLimits::default();
                let request = Request::parse(&dialect, bytes.clone(), &limits, 100).unwrap();
                let mut verdict = |author, text: &str| {
                    screen_passage(&policy, subject_of(author), text, &mut scratch)
                };
                let passages = request.passages().iter();
                let verdicts: Vec<Verdict> = passages.map(|p| verdict(p.author, &p.text)).collect();
                let strictest = verdicts.iter().map(|verdict| verdict.action).max().unwrap();
                assert_eq!(strictest, case.action, "{}: {body}", case.name);
                if case.sent.is_none() {
                    continue;
                }
                let edits = verdicts
                    .iter()
                    .enumerate()
                    .map(|(passage, verdict)| PassageEdit { passage, rewrites: &verdict.rewrites });
                let spliced = request.splice(&edits.collect::<Vec<_>>()).unwrap();
                let got: Value = serde_json::from_slice(&spliced).unwrap();
                assert_eq!(got, expected, "{}", case.name);
                assert!(case.action == Action::Redact || spliced == bytes, "not a byte changes");
            }
        }
    }
}
