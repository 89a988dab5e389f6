//! The gate: a stream in any pieces comes out as the screened whole text, and clean text byte for byte.

use std::sync::{Arc, LazyLock};

use bytes::BytesMut;
use jiff::civil::date;
use serde_json::{Value, json};
use tidegate::config::load_policy;
use tidegate::domain::{Author, Phase};
use tidegate::engine::{Scratch, Screen, Subject, mend};
use tidegate::policy::{Policy, compile};
use tidegate::stream::{Finale, Relay, RelaySettings};
use tidegate::wire::dialect::Dialects;

use super::pieces::Choices;

/// What stands for each of the first control characters of a payload, so that a fuzzer need not find out how
/// these are spelled.
const PLANTS: [&str; 16] = [
    "blorp",
    "ｂｌｏｒｐ",
    "b l o r p",
    "bl0rp",
    "blooorp",
    "坏词",
    "坏*词",
    "idiot",
    "傻瓜",
    "the ",
    "bob@example.com",
    "13812345678",
    "4111 1111 1111 1111",
    "x123",
    "暗号三",
    "AKIAIOSFODNN7EXAMPLE",
];
/// Bytes of text above which an input says no more than a shorter one.
const LONGEST: usize = 1024;
/// What a client reads where a stream is stopped.
const ENDING: &str = "Not here.";

static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(|| {
    let root = super::folder();
    let (written, problems) = load_policy(&root, &root.join("policies/gate.yaml"));
    assert!(!problems.has_errors(), "{problems:?}");
    let (policy, problems) = compile(&written.expect("no errors, so there is a policy"));
    Arc::new(policy.unwrap_or_else(|| panic!("{problems:?}")))
});

/// Checks one text.
pub fn check(input: &[u8]) {
    let (mut choices, payload) = Choices::of(input);
    let planted: String = String::from_utf8_lossy(payload).chars().map(plant).collect();
    if planted.len() > LONGEST {
        return;
    }
    let (sent, cut) = whole(&planted);
    let pieces = choices.split_text(&planted);
    let stream = stream(&pieces);
    let (out, held_most) = relayed(&choices.split(stream.as_bytes()));
    assert!(held_most <= planted.len(), "it holds what never came");
    if !cut && sent == planted {
        assert_eq!(out, stream, "clean text leaves byte for byte");
    }
    let ending = match (cut, sent.is_empty()) {
        (false, _) => String::new(),
        (true, true) => ENDING.to_owned(),
        (true, false) => format!("\n{ENDING}"),
    };
    assert_eq!(client(&out), format!("{sent}{ending}"), "{pieces:?}");
}

fn plant(c: char) -> String {
    let place = (c as usize).checked_sub(1).filter(|_| !matches!(c, '\t' | '\n' | '\r'));
    place.and_then(|place| PLANTS.get(place)).map_or_else(|| c.to_string(), |p| (*p).to_owned())
}

fn subject() -> Subject {
    let (phase, author) = (Phase::Completion, Author::Assistant);
    Subject { phase, author, today: date(2026, 11, 1), streamed: true }
}

/// What the client gets of a text that is screened whole, and whether it is cut there.
fn whole(text: &str) -> (String, bool) {
    let mut screen = Screen::new(Arc::clone(&POLICY), subject(), None);
    let progress = screen.push_last(text, &mut Scratch::default());
    (mend(&text[..progress.decided], &progress.rewrites), progress.stop.is_some())
}

/// A stream of a chat model that says these pieces.
fn stream(pieces: &[&str]) -> String {
    let event = |delta: Value, finish: Value| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        let event = json!({"id": "c1", "created": 1, "model": "m", "choices": [choice]});
        format!("data: {event}\n\n")
    };
    let texts: String =
        pieces.iter().map(|piece| event(json!({"content": piece}), Value::Null)).collect();
    format!("{texts}{}data: [DONE]\n\n", event(json!({}), json!("stop")))
}

/// What the client gets of a stream that arrives in these pieces of bytes, and the most that was held.
fn relayed(pieces: &[&[u8]]) -> (String, usize) {
    let mut relay = Relay::new(RelaySettings {
        language: Some("en".to_owned()),
        ..RelaySettings::new(Dialects::fallback(), Arc::clone(&POLICY), subject())
    });
    let (mut scratch, mut out, mut held_most) = (Scratch::default(), BytesMut::new(), 0);
    for piece in pieces {
        relay.push(piece, &mut scratch, &mut out);
        held_most = held_most.max(relay.held());
    }
    relay.finish(&mut scratch, &mut out);
    let finale = relay.finale();
    assert!(matches!(finale, Finale::Ended | Finale::Cut { .. }), "{finale:?}");
    (String::from_utf8(out.to_vec()).expect("texts of JSON are UTF-8"), held_most)
}

/// The text that a client puts together.
fn client(stream: &str) -> String {
    let events = stream.split("\n\n").filter_map(|event| event.strip_prefix("data: "));
    let events = events.filter_map(|event| serde_json::from_str::<Value>(event).ok());
    events
        .filter_map(|event| Some(event["choices"][0]["delta"]["content"].as_str()?.to_owned()))
        .collect()
}
