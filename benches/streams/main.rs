//! What the gate holds back of a clean stream, and what it costs for each token, in every dialect that streams.
//!
//! Run with `cargo bench --bench streams`, behind `--` the names of dialects for those alone; the figures are in
//! `docs/benchmarks.md`.
#![allow(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a benchmark prints its table, and may stop at a mistake of its own"
)]

#[path = "../common/mod.rs"]
mod common;
mod dialects;

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
use tidegate::wire::dialect::Dialects;

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
    for name in ["default", "strict"].into_iter().filter(|_| is_asked_for("")) {
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
    let streams = dialects::streams(&tokens);
    let time = |events: &[String], name: &str| fastest((name, &policy), events);
    let chat = streams.iter().find(|(name, _)| name == "openai.chat").expect("it has a stream");
    let chat = time(&chat.1, "openai.chat") / tokens.len() as f64;
    for (name, events) in streams.iter().filter(|(name, _)| is_asked_for(name)) {
        // Some say each token twice, as a thought and as text.
        let tokens = events.len() / tokens.len() * tokens.len();
        let time = time(events, name) / tokens as f64;
        println!("| {name} | {:.1} µs | {:.2} |", time * 1e6, time / chat);
    }
}

/// Whether a dialect is named on the command line, or none is.
fn is_asked_for(dialect: &str) -> bool {
    let mut names = std::env::args().skip(1).filter(|name| !name.starts_with('-')).peekable();
    names.peek().is_none() || names.any(|name| name == dialect)
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
    let dialects = Dialects::default();
    let dialect = dialects.get(dialect).expect("it is built in");
    Relay::new(RelaySettings::new(Arc::clone(dialect), Arc::clone(policy), subject))
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
        let took = started.elapsed().as_secs_f64();
        let finale = relay.finale();
        assert!(matches!(finale, Finale::Open | Finale::Ended), "{dialect}: {finale:?}");
        took
    };
    (0..ROUNDS).map(round).fold(f64::MAX, f64::min)
}
