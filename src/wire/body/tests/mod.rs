//! The OpenAI dialects: each row of the tables, the exact bytes of splices, refusals and endings.

mod request;
mod response;
mod stream;
mod written;

use bytes::Bytes;
use serde_json::{Value, json};

use std::sync::Arc;

use super::*;
use crate::domain::{Author, EditClass, Rewrite, Span, TextKind};
use crate::wire::dialect::{Dialects, RefusalShape};
use crate::wire::json::JsonLimits;

fn named(name: &str) -> Arc<Dialect> {
    Arc::clone(Dialects::default().get(name).unwrap())
}

fn chat_dialect() -> Arc<Dialect> {
    named("openai.chat")
}

fn completions_dialect() -> Arc<Dialect> {
    named("openai.completions")
}

/// A word that stands in exactly one place of a document.
const MARKER: &str = "mark\"er é\u{1f600}";

/// The value with `leaf` at a path such as `messages[].content[].text`; `[]` makes an array of one.
fn nest(path: &str, leaf: Value) -> Value {
    let Some((first, rest)) = path.split_once('.') else { return segment(path, leaf) };
    segment(first, nest(rest, leaf))
}

fn segment(segment: &str, value: Value) -> Value {
    let name = segment.trim_end_matches("[]");
    let arrays = (segment.len() - name.len()) / 2;
    let value = (0..arrays).fold(value, |inner, _| json!([inner]));
    if name.is_empty() { value } else { json!({ name: value }) }
}

/// Both values in one; arrays are merged element by element.
fn merged(a: Value, b: Value) -> Value {
    match (a, b) {
        (Value::Object(mut a), Value::Object(b)) => {
            for (key, value) in b {
                let own = a.remove(&key);
                a.insert(
                    key,
                    match own {
                        Some(own) => merged(own, value),
                        None => value,
                    },
                );
            }
            Value::Object(a)
        }
        (Value::Array(a), Value::Array(b)) => {
            let mut b = b.into_iter();
            let mut all: Vec<Value> = a
                .into_iter()
                .map(|a| match b.next() {
                    Some(b) => merged(a, b),
                    None => a,
                })
                .collect();
            all.extend(b);
            Value::Array(all)
        }
        (_, b) => b,
    }
}

/// What stands where the marker is: author, kind and edit class.
type Expected = (Author, TextKind, EditClass);

fn chat(body: &Value) -> Request {
    request(&chat_dialect(), &body.to_string()).unwrap()
}

fn request(dialect: &Arc<Dialect>, body: &str) -> Result<Request, BodyProblem> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    Request::parse(dialect, body, &JsonLimits::default(), 100)
}

fn answer(dialect: &Arc<Dialect>, body: &str) -> Response {
    let body = Bytes::copy_from_slice(body.as_bytes());
    Response::parse(dialect, body, &JsonLimits::default()).unwrap()
}

/// The rewrite that puts `with` in the place of `what`.
fn replacing(text: &str, what: &str, with: &str) -> [Rewrite; 1] {
    let start = text.find(what).unwrap();
    [Rewrite {
        span: Span::new(start, start + what.len()),
        replacement: with.to_owned(),
        label: Arc::from("test"),
        restorable: false,
    }]
}
