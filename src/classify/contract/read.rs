//! Strict reading of answers: what is not exactly there is an error.

use serde_json::Value;

use super::labels::check;
use super::unreadable::{Unreadable, shortened};
use crate::domain::Span;
use crate::wire::json::{JsonLimits, Strictness, parse};

/// Bounds of an answer: far more than any contract has.
const LIMITS: JsonLimits = JsonLimits { depth: 32, values: 200_000 };

/// A JSON document without duplicate keys, `NaN`, trailing bytes and the like.
pub(super) fn json(bytes: &[u8]) -> Result<Value, Unreadable> {
    if bytes.trim_ascii().is_empty() {
        return Err(Unreadable::Empty);
    }
    parse(bytes, Strictness::Request, &LIMITS)
        .map_err(|problem| Unreadable::Json(problem.to_string()))?;
    // The strict reader builds no values; this one reads the same bytes, and refuses numbers beyond a double.
    serde_json::from_slice(bytes).map_err(|problem| Unreadable::Json(problem.to_string()))
}

/// A member of an object.
pub(super) fn member<'v>(value: &'v Value, key: &str) -> Result<&'v Value, Unreadable> {
    value.get(key).ok_or_else(|| Unreadable::Missing(format!("`{key}`")))
}

/// The value at a JSON Pointer.
pub(super) fn at<'v>(value: &'v Value, pointer: &str) -> Result<&'v Value, Unreadable> {
    value.pointer(pointer).ok_or_else(|| Unreadable::Missing(format!("value at `{pointer}`")))
}

/// A list.
pub(super) fn list<'v>(value: &'v Value, what: &str) -> Result<&'v [Value], Unreadable> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| Unreadable::Missing(format!("list {what}")))
}

/// A list of so many.
pub(super) fn list_of<'v>(
    value: &'v Value,
    what: &'static str,
    expected: usize,
) -> Result<&'v [Value], Unreadable> {
    let items = list(value, what)?;
    if items.len() == expected {
        return Ok(items);
    }
    Err(Unreadable::Count { what, expected, found: items.len() })
}

/// A text member of an object.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> Result<&'v str, Unreadable> {
    member(value, key)?.as_str().ok_or_else(|| Unreadable::Missing(format!("text `{key}`")))
}

/// A number from 0 to 1.
pub(super) fn score(value: &Value) -> Result<f64, Unreadable> {
    let number = value.as_f64().ok_or_else(|| Unreadable::Score(shortened(&value.to_string())))?;
    check(number)?;
    Ok(number)
}

/// A whole number.
pub(super) fn whole(value: &Value, key: &str) -> Result<usize, Unreadable> {
    member(value, key)?
        .as_u64()
        .and_then(|number| usize::try_from(number).ok())
        .ok_or_else(|| Unreadable::Missing(format!("whole number `{key}`")))
}

/// Where the characters of a text begin, and its end: what turns offsets in code points, as Python has them, into
/// offsets in bytes.
pub(super) struct CodePoints(Vec<usize>);

impl CodePoints {
    pub(super) fn of(text: &str) -> Self {
        let starts = text.char_indices().map(|(at, _)| at);
        Self(starts.chain(std::iter::once(text.len())).collect())
    }

    /// The bytes of the code points `start..end`, which have to be in the text and not be empty.
    pub(super) fn span(&self, start: usize, end: usize) -> Result<Span, Unreadable> {
        match (self.0.get(start), self.0.get(end)) {
            (Some(&from), Some(&to)) if start < end => Ok(Span::new(from, to)),
            _ => Err(Unreadable::Place(start.to_string(), end.to_string())),
        }
    }
}
