//! A forbidden word in each place that the tables of a dialect name, one after the other. The places are taken from the
//! compiled tables, so that a row which leads nowhere, or to a text that is not read, fails here.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::*;
use crate::config::dialect_file::{Framing, PromptShape};
use crate::domain::{EditClass, Passage};
use crate::wire::body::{Request, Response};
use crate::wire::json::JsonLimits;
use crate::wire::table::{By, Leaf, Media};

const SAID: &str = "it is a blorp, yes";

/// How the word may stand in JSON.
const FORMS: [&str; 3] = ["blorp", "bl\\u006frp", "\\u0062\\u006C\\u006f\\u0072\\u0070"];

/// The document in which a text stands at a place; `None` where no document has it there.
fn document(steps: &[String], tag: &str, text: &str) -> Option<Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(text.into()) };
    let below = document(rest, tag, text)?;
    let member =
        |name: &str, value: Value| Value::Object(Map::from_iter([(name.to_owned(), value)]));
    Some(match step.as_str() {
        "[]" => json!([below]),
        "**" | "*" => member("k", below),
        word if word.starts_with('<') => {
            let Value::Object(mut members) = below else { return None };
            let word = word.trim_matches(['<', '>']);
            let (name, value) = word
                .strip_prefix('?')
                .map_or_else(|| (tag, json!(word)), |name| (name, json!(true)));
            if members.get(name).is_some_and(|own| own.as_str() == Some(text)) {
                return None;
            }
            members.entry(name).or_insert(value);
            Value::Object(members)
        }
        name => member(name, below),
    })
}

/// What a request has to have beside the text.
fn request_with(dialect: &Dialect, mut body: Value) -> Value {
    let form = &dialect.file().request;
    let Some(prompt) = form.prompt.first() else { return body };
    let is_objects = form.prompt_is == Some(PromptShape::Objects);
    let mut place = &mut body;
    for step in prompt.split('.') {
        let (name, each) = step.strip_suffix("[]").map_or((step, false), |name| (name, true));
        let Some(members) = place.as_object_mut() else { return body };
        let empty = if each || is_objects { json!([{}]) } else { json!({}) };
        let last = prompt.ends_with(step);
        let empty = if last && !is_objects { json!("hi") } else { empty };
        place = members.entry(name).or_insert(empty);
        if let (true, Some(first)) = (each, place.as_array().map(|list| !list.is_empty())) {
            if !first {
                return body;
            }
            place = &mut place[0];
        }
    }
    body
}

fn has(passage: &Passage, leaf: Leaf) -> bool {
    let Leaf::Text { by, kind, edit, .. } = leaf else { return passage.text.contains("blorp") };
    let is_author = match by {
        By::Always(author) => passage.author == author,
        By::Role => true,
    };
    // What holds JSON is no JSON here, and what a signature stands beside is not changed.
    let is_edit = passage.edit == edit || passage.edit == EditClass::Fixed;
    passage.text.contains("blorp") && is_author && passage.kind == kind && is_edit
}

/// A document with the word in each of its forms.
fn written(document: &Value) -> [String; 3] {
    FORMS.map(|form| document.to_string().replace("blorp", form))
}

#[test]
fn a_text_in_any_place_of_a_request_is_read_with_its_author_and_edit_class() {
    let mut tried = 0;
    for dialect in Dialects::default().iter() {
        let [(tag, places), ..] = dialect.places();
        for (steps, leaf) in places {
            let Some(body) = document(&steps, &tag, SAID) else { continue };
            // Sound, and what says its type beside it, is no text to any model: it is governed as media.
            let is_media = matches!(leaf, Leaf::Media { sort: Media::Audio | Media::Typed, .. });
            let place = format!("{} {}", dialect.name(), steps.join("."));
            for body in written(&request_with(dialect, body)) {
                let request =
                    Request::parse(dialect, Bytes::from(body.clone()), &JsonLimits::default(), 100);
                // A shape that no server takes is refused.
                let Ok(request) = request else { continue };
                if is_media {
                    assert!(!request.media().is_empty(), "{place} {body}");
                    continue;
                }
                let leaf = if matches!(leaf, Leaf::Text { .. }) { leaf } else { Leaf::Skip };
                assert!(
                    request.passages().iter().any(|p| has(p, leaf)),
                    "{place} {body}: {:?}",
                    request.passages()
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 3_000, "{tried}");
}

#[test]
fn a_text_in_any_place_of_an_answer_is_read_with_its_author_and_edit_class() {
    let mut tried = 0;
    for dialect in Dialects::default().iter() {
        let [_, (tag, places), _] = dialect.places();
        for (steps, leaf) in places {
            let is_text = matches!(leaf, Leaf::Text { .. });
            let Some(body) = document(&steps, &tag, SAID).filter(|_| is_text) else { continue };
            for body in written(&body) {
                let answer =
                    Response::parse(dialect, Bytes::from(body.clone()), &JsonLimits::default())
                        .unwrap();
                let found = answer.passages().iter().any(|one| has(&one.passage, leaf));
                assert!(found, "{} {}: {body}", dialect.name(), steps.join("."));
                tried += 1;
            }
        }
    }
    assert!(tried > 2_000, "{tried}");
}

/// A document as an event of a stream.
fn event(dialect: &Dialect, data: &str) -> String {
    match dialect.framing() {
        Framing::Sse => format!("data: {data}\n\n"),
        Framing::Lines => format!("{data}\n"),
        Framing::Array => format!("[{data}]"),
    }
}

fn relayed(dialect: &Arc<Dialect>, policy: &Arc<Policy>, sent: &str) -> String {
    let settings =
        RelaySettings { dialect: Arc::clone(dialect), ..settings(Arc::clone(policy), 1) };
    run(settings, &[sent.as_bytes()]).0
}

fn says_it(out: &str) -> bool {
    FORMS.iter().any(|form| out.contains(form))
}

#[test]
fn a_text_in_any_place_of_an_event_does_not_pass() {
    let (policy, mut tried) = (policy(), 0);
    for dialect in Dialects::default().iter().filter(|dialect| dialect.streams()) {
        let [.., (tag, places)] = dialect.places();
        for (steps, leaf) in places {
            let is_text = matches!(leaf, Leaf::Text { .. });
            let Some(data) = document(&steps, &tag, SAID).filter(|_| is_text) else { continue };
            for data in written(&data) {
                let out = relayed(dialect, &policy, &event(dialect, &data));
                assert!(!says_it(&out), "{} {}: {out}", dialect.name(), steps.join("."));
                tried += 1;
            }
        }
    }
    assert!(tried > 2_000, "{tried}");
}

#[test]
fn a_text_in_an_event_a_part_or_a_member_that_nobody_knows_does_not_pass() {
    let policy = policy();
    for dialect in Dialects::default().iter().filter(|dialect| dialect.streams()) {
        let tag = dialect.file().stream.as_ref().and_then(|form| form.tag.clone());
        let typed = |kind: &str, mut data: Value| {
            if let Some(tag) = &tag {
                data[tag] = kind.into();
            }
            data
        };
        for data in [
            typed("what.is.new", json!({ "new": SAID })),
            typed("what.is.new.delta", json!({ "delta": { "new": { "deep": [SAID] } } })),
            typed("what.is.new", json!({ SAID: 1 })),
            json!({ "new": [{ "type": "new", "text": SAID }] }),
        ] {
            for data in written(&data) {
                let out = relayed(dialect, &policy, &event(dialect, &data));
                assert!(!says_it(&out), "{}: {out}", dialect.name());
            }
        }
    }
}
