//! Guard models behind `POST /v1/chat/completions`: what they are told, and how what they write is read.
//!
//! A guard is a language model: it can write anything. Only its exact format counts as an answer.

mod granite_guardian;
mod lines;
mod llama_guard;
mod nemoguard;
mod policy_json;
mod qwen3guard;
mod shieldgemma;
mod wildguard;

use serde_json::{Map, Value, json};

use super::labels::{Tally, UNSAFE};
use super::read::{json as read_json, list_of, member};
use super::template::{Template, shown_prompt};
use super::{Common, Contract, Labels, Question, Scores, Unreadable};
use crate::config::policy_file::GuardFormat;
use crate::domain::Phase;

pub(in crate::classify) use policy_json::Keys;

/// The most bytes of what a guard writes, its reasoning included.
const MOST_WRITTEN: usize = 64 << 10;

/// How a guard is told, and how it answers.
#[derive(Debug)]
pub(in crate::classify) enum Format {
    /// Llama Guard 2 to 4.
    LlamaGuard,
    /// `Qwen3Guard-Gen`.
    Qwen3guard,
    /// NVIDIA's `NemoGuard` and Aegis models.
    Nemoguard,
    /// Google's `ShieldGemma`: one policy a question, and the probability of "Yes".
    Shieldgemma,
    /// Ai2's `WildGuard`.
    Wildguard,
    /// IBM's Granite Guardian: one risk a question.
    GraniteGuardian,
    /// Any model that answers a written policy in JSON.
    PolicyJson(Keys),
}

/// The labels of a format with our categories; nothing where only the operator can know.
pub(in crate::classify) const fn usual_labels(
    format: GuardFormat,
) -> &'static [(&'static str, &'static str)] {
    match format {
        GuardFormat::LlamaGuard => llama_guard::USUAL,
        GuardFormat::Qwen3guard => qwen3guard::USUAL,
        GuardFormat::Nemoguard => nemoguard::USUAL,
        GuardFormat::Shieldgemma | GuardFormat::GraniteGuardian => &[("yes", UNSAFE)],
        GuardFormat::Wildguard => wildguard::USUAL,
        GuardFormat::PolicyJson => &[],
    }
}

/// The contract.
#[derive(Debug)]
pub(in crate::classify) struct ChatGuard {
    common: Common,
    format: Format,
    prompt: Option<String>,
}

impl ChatGuard {
    pub(in crate::classify) const fn new(
        common: Common,
        format: Format,
        prompt: Option<String>,
    ) -> Self {
        Self { common, format, prompt }
    }

    fn messages(&self, question: &Question<'_>) -> Value {
        let own = self.prompt.as_deref();
        match self.format {
            Format::LlamaGuard | Format::Qwen3guard => conversation(None, question),
            Format::GraniteGuardian => conversation(own, question),
            Format::PolicyJson(_) => {
                let system = json!({ "role": "system", "content": own });
                json!([system, { "role": "user", "content": question.text }])
            }
            Format::Nemoguard => filled(own.unwrap_or(nemoguard::PROMPT), question),
            Format::Wildguard => filled(own.unwrap_or(wildguard::PROMPT), question),
            Format::Shieldgemma => filled(own.unwrap_or_default(), question),
        }
    }

    /// Settings that an operator may override.
    fn usual(&self) -> Value {
        let most_tokens = match self.format {
            Format::LlamaGuard | Format::GraniteGuardian => 48,
            Format::Qwen3guard | Format::Nemoguard | Format::Wildguard => 128,
            Format::Shieldgemma => 1,
            Format::PolicyJson(_) => 2_048,
        };
        let mut usual = json!({ "temperature": 0, "max_tokens": most_tokens });
        if let (Format::Shieldgemma, Some(members)) = (&self.format, usual.as_object_mut()) {
            members.extend(Map::from_iter([
                ("logprobs".to_owned(), Value::Bool(true)),
                ("top_logprobs".to_owned(), Value::from(20)),
            ]));
        }
        usual
    }

    fn judge(&self, question: &Question<'_>, choice: &Value) -> Result<Scores, Unreadable> {
        let labels = &self.common.labels;
        let text = written(choice)?;
        // The one token of this format is all that it is let write.
        if !matches!(self.format, Format::Shieldgemma) {
            stopped(choice)?;
        }
        match &self.format {
            Format::LlamaGuard => llama_guard::read(labels, text),
            Format::Qwen3guard => qwen3guard::read(labels, text),
            Format::Nemoguard => nemoguard::read(labels, question.phase, text),
            Format::Shieldgemma => shieldgemma::read(labels, text, choice),
            Format::Wildguard => wildguard::read(labels, question.phase, text),
            Format::GraniteGuardian => granite_guardian::read(labels, text),
            Format::PolicyJson(keys) => policy_json::read(labels, keys, text),
        }
    }
}

impl Contract for ChatGuard {
    fn path(&self) -> &str {
        self.common.path_or("/v1/chat/completions")
    }

    fn body(&self, questions: &[Question<'_>]) -> Vec<u8> {
        let messages = questions.first().map_or(Value::Null, |question| self.messages(question));
        self.common.body(self.usual(), json!({ "messages": messages, "stream": false, "n": 1 }))
    }

    fn read(&self, questions: &[Question<'_>], answer: &[u8]) -> Result<Vec<Scores>, Unreadable> {
        let answer = read_json(answer)?;
        let choices = list_of(member(&answer, "choices")?, "choices", questions.len())?;
        questions
            .iter()
            .zip(choices)
            .map(|(question, choice)| self.judge(question, choice))
            .collect()
    }
}

/// The text as a turn of the one who wrote it. A completion answers something: templates of guards want turns that
/// take turns.
fn conversation(system: Option<&str>, question: &Question<'_>) -> Value {
    let mut turns = Vec::new();
    if let Some(system) = system {
        turns.push(json!({ "role": "system", "content": system }));
    }
    match question.phase {
        Phase::Prompt => turns.push(json!({ "role": "user", "content": question.text })),
        Phase::Completion => {
            turns.push(json!({ "role": "user", "content": shown_prompt(question) }));
            turns.push(json!({ "role": "assistant", "content": question.text }));
        }
    }
    Value::Array(turns)
}

fn filled(prompt: &str, question: &Question<'_>) -> Value {
    json!([{ "role": "user", "content": Template::new(prompt).fill(question) }])
}

/// What the model wrote.
fn written(choice: &Value) -> Result<&str, Unreadable> {
    let content = member(member(choice, "message")?, "content")?;
    let text = match content {
        Value::Null => "",
        Value::String(text) => text.trim(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            return Err(Unreadable::Missing("text `content`".to_owned()));
        }
    };
    if text.is_empty() {
        return Err(Unreadable::Empty);
    }
    if text.len() > MOST_WRITTEN {
        return Err(Unreadable::TooLong(MOST_WRITTEN));
    }
    Ok(text)
}

/// A model that was cut off may have had more to say.
fn stopped(choice: &Value) -> Result<(), Unreadable> {
    match choice.get("finish_reason") {
        None | Some(Value::Null) => Ok(()),
        Some(Value::String(reason)) if reason == "stop" => Ok(()),
        Some(other) => Err(Unreadable::CutShort(super::unreadable::shortened(&other.to_string()))),
    }
}

/// Labels that count in full, and `unsafe` where a guard found something and named nothing.
fn named<'n>(
    labels: &Labels,
    names: impl Iterator<Item = &'n str>,
    score: f64,
) -> Result<Scores, Unreadable> {
    let mut tally = Tally::new(labels);
    let mut any = false;
    for name in names.map(str::trim).filter(|name| !name.is_empty()) {
        tally.note(name, score)?;
        any = true;
    }
    if !any {
        tally.note(UNSAFE, score)?;
    }
    tally.finish()
}

/// Nothing was found.
fn nothing(labels: &Labels) -> Result<Scores, Unreadable> {
    Tally::new(labels).finish()
}
