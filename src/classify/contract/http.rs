//! Any server that takes and gives JSON: a body with a place for the text, and JSON Pointers (RFC 6901) into the
//! answer.

use serde_json::{Map, Value};

use super::labels::Tally;
use super::read::{at, json, member, score, text};
use super::template::Template;
use super::{Common, Contract, Question, Scores, Unreadable};

/// The label of a lone score.
pub(in crate::classify) const SCORE: &str = "score";

/// Where the answer holds what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::classify) enum HttpShape {
    /// A score; its label is `score`.
    Score(String),
    /// A label, which counts in full, or with the score at the second place.
    Label(String, Option<String>),
    /// Labels with their scores.
    Labels(String),
}

/// The contract.
#[derive(Debug)]
pub(in crate::classify) struct Http {
    common: Common,
    body: Value,
    shape: HttpShape,
}

impl Http {
    /// With a body that holds the text once.
    ///
    /// # Errors
    /// What is wrong with the body.
    pub(in crate::classify) fn new(
        common: Common,
        body: &str,
        shape: HttpShape,
    ) -> Result<Self, String> {
        let body: Value = serde_json::from_str(body)
            .map_err(|problem| format!("the body is no JSON: {problem}"))?;
        if !body.is_object() && !body.is_array() {
            return Err("the body is neither an object nor a list".to_owned());
        }
        match count(&body) {
            1 => Ok(Self { common, body, shape }),
            0 => Err("no string of the body has `{{text}}`, so nothing would be judged".to_owned()),
            _ => Err("the body has `{{text}}` more than once".to_owned()),
        }
    }
}

impl Contract for Http {
    fn path(&self) -> &str {
        self.common.path_or("/")
    }

    fn body(&self, questions: &[Question<'_>]) -> Vec<u8> {
        let filled = questions.first().map_or(Value::Null, |question| fill(&self.body, question));
        filled.to_string().into_bytes()
    }

    fn read(&self, _: &[Question<'_>], answer: &[u8]) -> Result<Vec<Scores>, Unreadable> {
        let answer = json(answer)?;
        let mut tally = Tally::new(&self.common.labels);
        match &self.shape {
            HttpShape::Score(place) => tally.note(SCORE, score(at(&answer, place)?)?)?,
            HttpShape::Label(place, with) => {
                let missing = || Unreadable::Missing(format!("label at `{place}`"));
                let label = at(&answer, place)?.as_str().ok_or_else(missing)?;
                let how_much = with.as_ref().map(|with| score(at(&answer, with)?)).transpose()?;
                tally.note(label, how_much.unwrap_or(1.0))?;
            }
            HttpShape::Labels(place) => {
                labels(at(&answer, place)?, &mut tally)?;
                tally.require_all(&[])?;
            }
        }
        Ok(vec![tally.finish()?])
    }
}

fn labels(value: &Value, tally: &mut Tally<'_>) -> Result<(), Unreadable> {
    match value {
        Value::Object(scores) => {
            for (label, value) in scores {
                tally.note(label, score(value)?)?;
            }
        }
        Value::Array(items) => {
            for item in items {
                let label = text(item, "label")?;
                if tally.has_seen(label) {
                    return Err(Unreadable::Contradiction("a label stands twice"));
                }
                tally.note(label, score(member(item, "score")?)?)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return Err(Unreadable::Missing("object or list of labels".to_owned()));
        }
    }
    Ok(())
}

/// How often the text stands in the strings of a body.
fn count(body: &Value) -> usize {
    match body {
        Value::String(text) => Template::new(text).texts(),
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

fn fill(body: &Value, question: &Question<'_>) -> Value {
    match body {
        Value::String(text) => Value::from(Template::new(text).fill(question)),
        Value::Array(items) => items.iter().map(|item| fill(item, question)).collect(),
        Value::Object(members) => {
            let filled = members.iter().map(|(key, value)| (key.clone(), fill(value, question)));
            Value::Object(filled.collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => body.clone(),
    }
}
