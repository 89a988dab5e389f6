//! Requests: every text is a passage, and an edit changes its passage and nothing else.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tidegate::domain::{Rewrite, Span};
use tidegate::engine::mend;
use tidegate::wire::body::{PassageEdit, Request, Response};
use tidegate::wire::dialect::{Dialect, Dialects};
use tidegate::wire::json::JsonLimits;

use super::pieces::Choices;

/// The most messages of a request.
const MESSAGES: usize = 64;

/// Checks one body as a request in one of the dialects, and as an answer.
pub fn check(input: &[u8]) {
    let (mut choices, body) = Choices::of(input);
    let all = Dialects::default();
    let all: Vec<&Arc<Dialect>> = all.iter().collect();
    let dialect = all[choices.below(all.len())];
    let body = Bytes::copy_from_slice(body);
    if let Ok(answer) = Response::parse(dialect, body.clone(), &JsonLimits::default()) {
        assert_eq!(answer.bytes(), &body);
    }
    let Ok(request) = parse(dialect, body.clone()) else { return };
    assert_eq!(request.splice(&[]).expect("no edit can fail"), body, "no edit, no change");
    check_completeness(&request, &body);
    check_edit(&request, &mut choices);
}

fn parse(dialect: &Arc<Dialect>, body: Bytes) -> Result<Request, impl std::fmt::Debug> {
    Request::parse(dialect, body, &JsonLimits::default(), MESSAGES)
}

/// Names and ids have no spaces; any other string is screened as it is, unless it is media, which is told, or
/// holds JSON or a data URL, whose own texts are screened.
fn check_completeness(request: &Request, body: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return };
    let mut strings = Vec::new();
    gather(&value, &mut strings);
    for text in strings.into_iter().filter(|text| text.contains(' ')) {
        let holds_others = text.starts_with("data:") || serde_json::from_str::<Value>(text).is_ok();
        let screened = request.passages().iter().any(|passage| passage.text == text);
        assert!(
            screened || holds_others || !request.media().is_empty(),
            "{text:?} is not screened"
        );
    }
}

fn gather<'v>(value: &'v Value, strings: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => strings.push(text),
        Value::Array(list) => list.iter().for_each(|value| gather(value, strings)),
        Value::Object(members) => members.values().for_each(|value| gather(value, strings)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Replaces a part of one passage.
fn check_edit(request: &Request, choices: &mut Choices<'_>) {
    if request.passages().is_empty() {
        return;
    }
    let edited = choices.below(request.passages().len());
    let text = &request.passages()[edited].text;
    let (a, b) = (choices.place(text), choices.place(text));
    let rewrites = [Rewrite {
        span: Span::new(a.min(b), a.max(b)),
        replacement: ["[EMAIL]", "\"}],\\", "中\n"][choices.below(3)].to_owned(),
        label: "email".into(),
        restorable: false,
    }];
    let Ok(body) = request.splice(&[PassageEdit { passage: edited, rewrites: &rewrites }]) else {
        return;
    };
    let again = parse(request.dialect(), body).expect("still a request");
    assert_eq!(again.passages().len(), request.passages().len());
    for (index, (before, after)) in request.passages().iter().zip(again.passages()).enumerate() {
        let expected =
            if index == edited { mend(&before.text, &rewrites) } else { before.text.clone() };
        assert_eq!(after.text, expected, "{}", after.path);
        assert_eq!((&after.path, after.author), (&before.path, before.author));
    }
}
