//! The contracts of remote classifiers: the body that asks, and the strict reading of the answer.
//!
//! Pure: bytes in, values out. An answer that does not parse is an error, never "nothing found".

mod azure;
mod chat;
mod fms;
mod http;
mod kserve;
mod labels;
mod litellm;
mod local;
mod openai;
mod presidio;
mod read;
mod tei;
mod template;
#[cfg(test)]
mod tests;
mod unreadable;
mod vllm;

use std::fmt;

use serde_json::{Map, Value};

use super::verdict::{Question, Scores};

pub(super) use azure::{Azure, MOST_CHARS as AZURE_CHARS, USUAL as AZURE_LABELS};
pub(super) use chat::{ChatGuard, Format, Keys, usual_labels as chat_labels};
pub(super) use fms::Fms;
pub(super) use http::{Http, HttpShape};
pub(super) use kserve::Kserve;
pub(super) use labels::{Labels, NO_CATEGORY};
pub(super) use litellm::{Litellm, USUAL as LITELLM_LABELS};
pub(super) use local::{Answered, Asked, Local};
pub(super) use openai::{OpenAi, usual_labels as openai_labels};
pub(super) use presidio::Presidio;
pub(super) use tei::Tei;
pub(super) use unreadable::Unreadable;
pub(super) use vllm::Vllm;

/// Where a contract puts the key of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyPlace {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// As it is, in a header of this name.
    Header(&'static str),
}

/// One contract with its settings.
pub(super) trait Contract: fmt::Debug + Send + Sync {
    /// Path and query.
    fn path(&self) -> &str;

    /// Where the key goes.
    fn key_place(&self) -> KeyPlace {
        KeyPlace::Bearer
    }

    /// A header of the contract, with its value.
    fn header(&self) -> Option<(&'static str, &str)> {
        None
    }

    /// The most texts that one call may ask about.
    fn most_texts(&self) -> usize {
        1
    }

    /// The body that asks about these texts, of which there are at most [`Self::most_texts`].
    fn body(&self, questions: &[Question<'_>]) -> Vec<u8>;

    /// What the answer says about each text, in the order of the questions.
    fn read(&self, questions: &[Question<'_>], answer: &[u8]) -> Result<Vec<Scores>, Unreadable>;
}

/// What contracts have in common.
#[derive(Clone, Debug, Default)]
pub(super) struct Common {
    /// The model's name.
    pub(super) model: Option<String>,
    /// Path and query, where they are not the usual ones.
    pub(super) path: Option<String>,
    /// Members beside those of the contract.
    pub(super) parameters: Map<String, Value>,
    /// The labels.
    pub(super) labels: Labels,
}

impl Common {
    fn path_or<'p>(&'p self, usual: &'p str) -> &'p str {
        self.path.as_deref().unwrap_or(usual)
    }

    /// A body: what may be overridden, then what the operator wrote, then what the contract needs.
    fn body(&self, usual: Value, needed: Value) -> Vec<u8> {
        let mut body = object(usual);
        body.extend(self.parameters.clone());
        body.extend(object(needed));
        if let Some(model) = &self.model {
            body.insert("model".to_owned(), Value::from(model.as_str()));
        }
        Value::Object(body).to_string().into_bytes()
    }
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(members) = value { members } else { Map::new() }
}

fn texts<'q>(questions: &[Question<'q>]) -> Vec<&'q str> {
    questions.iter().map(|question| question.text).collect()
}

/// The most texts of one call of a contract that sets no bound.
const MANY: usize = 256;
