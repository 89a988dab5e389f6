//! What the gate holds back of a clean stream, and what it costs for each token, also in dialects that repeat the text.
//!
//! Run with `cargo bench --bench streams`; the figures are in `docs/benchmarks.md`.
#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a benchmark prints its table, and may stop at a mistake of its own"
)]

mod common;

use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use jiff::civil::date;
use serde_json::json;
use tidegate::config::load_policy;
use tidegate::domain::{Author, Phase};
use tidegate::engine::{Scratch, Subject};
use tidegate::policy::{Policy, compile};
use tidegate::stream::{Finale, Relay, RelaySettings};
use tidegate::wire::dialect::{AnswerMeta, Dialects, RefusalShape};

/// Rounds of which the fastest counts: what others do on the machine only ever makes a round slower.
const ROUNDS: usize = 30;

fn main() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let policy = |name: &str| {
        let path = folder.join(format!("policies/{name}.yaml"));
        let (written, problems) = load_policy(&folder, &path);
        let written = written.unwrap_or_else(|| panic!("{problems:?}"));
        Arc::new(compile(&written).0.expect("shipped policies compile"))
    };
    println!(
        "| policy | text | tokens | held: mean | median | p99 | most | leave at once | time a token |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for name in ["default", "strict"] {
        let policy = policy(name);
        for (language, text, longest) in
            [("English", common::english(), 6), ("Chinese", common::chinese(), 2)]
        {
            let events: Vec<String> =
                tokens(&text, longest).iter().map(|token| event(token)).collect();
            let mut held = held_after_each(&policy, &events);
            let at_once = held.iter().filter(|&&bytes| bytes == 0).count();
            let (tokens, sum) = (held.len(), held.iter().sum::<usize>());
            held.sort_unstable();
            println!(
                "| {name} | {language} | {tokens} | {:.1} | {} | {} | {} | {} % | {:.1} µs |",
                sum as f64 / tokens as f64,
                held[tokens / 2],
                held[tokens * 99 / 100],
                held[tokens - 1],
                at_once * 100 / tokens,
                fastest(("openai.chat", &policy), &events) * 1e6 / tokens as f64,
            );
        }
    }
    println!("\n| dialect | time a token | to chat |\n|---|---|---|");
    let policy = policy("default");
    let tokens = tokens(&common::english(), 6);
    let mut chat = None;
    for (name, events) in [
        ("openai.chat", tokens.iter().map(|token| event(token)).collect::<Vec<_>>()),
        ("openai.responses", responses(&tokens)),
    ] {
        let time = fastest((name, &policy), &events);
        let chat = *chat.get_or_insert(time);
        println!("| {name} | {:.1} µs | {:.2} |", time * 1e6 / tokens.len() as f64, time / chat);
    }
}

/// A whole stream of the Responses API: the text is said once in pieces and five times whole.
fn responses(tokens: &[String]) -> Vec<String> {
    let text = tokens.concat();
    let part = json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []});
    let item = json!({"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]});
    let response = |output: serde_json::Value| json!({"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "output": output});
    let at = json!({"item_id": "msg_1", "output_index": 0, "content_index": 0});
    let mut events = Vec::new();
    let mut say = |kind: &str, own: serde_json::Value| {
        let mut event = at.clone();
        for (key, value) in own.as_object().expect("fields") {
            event[key] = value.clone();
        }
        event["type"] = kind.into();
        event["sequence_number"] = events.len().into();
        events.push(format!("event: {kind}\ndata: {event}\n\n"));
    };
    say("response.created", json!({"response": response(json!([]))}));
    let empty = json!({"id": "msg_1", "type": "message", "role": "assistant", "status": "in_progress", "content": []});
    say("response.output_item.added", json!({"item": empty}));
    let empty = json!({"type": "output_text", "text": "", "annotations": [], "logprobs": []});
    say("response.content_part.added", json!({"part": empty}));
    for token in tokens {
        say(
            "response.output_text.delta",
            json!({"delta": token, "logprobs": [], "obfuscation": "x8Y2k"}),
        );
    }
    say("response.output_text.done", json!({"text": text, "logprobs": []}));
    say("response.content_part.done", json!({"part": part}));
    say("response.output_item.done", json!({"item": item}));
    say("response.completed", json!({"response": response(json!([item]))}));
    events
}

/// Pieces like a model's: a word with the blank before it, cut where it is long; of Chinese a
/// character or two.
fn tokens(text: &str, longest: usize) -> Vec<String> {
    let (mut tokens, mut token, mut length) = (Vec::new(), String::new(), 0);
    for c in text.chars().take(12_000) {
        let begins = c == ' ' || (length > 0 && !c.is_alphanumeric());
        if !token.is_empty() && (begins || length == longest) {
            tokens.push(std::mem::take(&mut token));
            length = 0;
        }
        token.push(c);
        length += usize::from(c != ' ');
    }
    tokens.push(token);
    tokens
}

fn event(token: &str) -> String {
    let choice = json!({"index": 0, "delta": {"content": token}, "finish_reason": null});
    let event = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]});
    format!("data: {event}\n\n")
}

fn relay(dialect: &str, policy: &Arc<Policy>) -> Relay {
    let subject = Subject {
        phase: Phase::Completion,
        author: Author::Assistant,
        today: date(2026, 11, 1),
        streamed: true,
    };
    Relay::new(RelaySettings {
        dialect: Arc::clone(Dialects::default().get(dialect).expect("it is built in")),
        policy: Arc::clone(policy),
        subject,
        restorer: None,
        event_limit: 1 << 20,
        units: 1,
        include_usage: false,
        shape: RefusalShape::Content,
        language: None,
        meta: AnswerMeta::default(),
    })
}

/// Bytes of text that have come and not left, after each event.
fn held_after_each(policy: &Arc<Policy>, events: &[String]) -> Vec<usize> {
    let (mut relay, mut scratch, mut out) =
        (relay("openai.chat", policy), Scratch::default(), BytesMut::new());
    let (mut came, mut left) = (0, 0);
    let mut held = Vec::with_capacity(events.len());
    for event in events {
        relay.push(event.as_bytes(), &mut scratch, &mut out);
        came += text_of(event);
        left += std::str::from_utf8(&out)
            .expect("events are text")
            .split("\n\n")
            .map(text_of)
            .sum::<usize>();
        out.clear();
        held.push(came - left);
    }
    assert_eq!(*relay.finale(), Finale::Open, "the text of the benchmark is clean");
    held
}

/// Bytes of text in one event.
fn text_of(event: &str) -> usize {
    let Some(json) = event.trim().strip_prefix("data: ") else { return 0 };
    let event: serde_json::Value = serde_json::from_str(json).expect("events are JSON");
    event["choices"][0]["delta"]["content"].as_str().map_or(0, str::len)
}

/// Seconds for the whole stream.
fn fastest((dialect, policy): (&str, &Arc<Policy>), events: &[String]) -> f64 {
    let mut scratch = Scratch::default();
    let round = |_| {
        let (mut relay, mut out) = (relay(dialect, policy), BytesMut::new());
        let started = Instant::now();
        for event in events {
            relay.push(event.as_bytes(), &mut scratch, &mut out);
            out.clear();
        }
        started.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(round).fold(f64::MAX, f64::min)
}
