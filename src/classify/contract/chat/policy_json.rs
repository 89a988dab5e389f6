//! Models that judge by a written policy and answer in JSON, such as gpt-oss-safeguard.
//! Source: <https://cookbook.openai.com/articles/gpt-oss-safeguard-guide>.

use serde_json::Value;

use super::super::labels::{NO_CATEGORY, UNSAFE};
use super::super::read::{at, json, score};
use super::super::unreadable::Unreadable;
use super::granite_guardian::after_thinking;
use super::{Labels, Scores, named, nothing};

/// Where the JSON has what, as JSON Pointers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::classify) struct Keys {
    /// `true`, `false`, or a number from 0 to 1.
    pub(in crate::classify) score: String,
    /// A label, a list of them, or `null`.
    pub(in crate::classify) label: String,
}

pub(super) fn read(labels: &Labels, keys: &Keys, text: &str) -> Result<Scores, Unreadable> {
    let answer = json(object_in(text)?.as_bytes())?;
    let value = at(&answer, &keys.score)?;
    let violation = match value.as_bool() {
        Some(violates) => f64::from(u8::from(violates)),
        None => score(value)?,
    };
    let names = match answer.pointer(&keys.label) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(name)) => vec![name.as_str()],
        Some(Value::Array(items)) => items.iter().map(label).collect::<Result<_, _>>()?,
        Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
            return Err(Unreadable::Missing(format!("label at `{}`", keys.label)));
        }
    };
    // Models that found nothing name nothing in several ways.
    let is_name = |name: &&str| !name.is_empty() && !name.eq_ignore_ascii_case(NO_CATEGORY);
    let names: Vec<&str> = names.into_iter().filter(is_name).collect();
    if violation > 0.0 {
        return named(labels, names.into_iter(), violation);
    }
    let unknown = names.iter().filter(|name| !labels.has(name)).copied();
    let unknown: Vec<&str> = unknown.filter(|name| *name != UNSAFE).collect();
    if unknown.is_empty() { nothing(labels) } else { Err(Unreadable::unknown(unknown)) }
}

fn label(value: &Value) -> Result<&str, Unreadable> {
    value.as_str().ok_or_else(|| Unreadable::Missing("text as a label".to_owned()))
}

/// The one object that ends the answer. Words may stand before it, but no brace: of several objects nobody could say
/// which one the model means.
fn object_in(text: &str) -> Result<&str, Unreadable> {
    let answer = after_thinking(text)?;
    let start = answer.find('{').ok_or_else(|| Unreadable::prose(text))?;
    let object = answer.get(start..).unwrap_or_default().trim_end();
    Ok(object.strip_suffix("```").map_or(object, str::trim_end))
}
