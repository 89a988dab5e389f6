//! What the store keeps of the texts of a decision, as people and trainers can use it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::preference::{Message, Speaker};
use crate::domain::Author;
use crate::store::KeptDecision;

/// What stands where something was taken out of a text.
const TAKEN_OUT: &str = "[REDACTED]";
/// Places that are part of a request and not of its conversation.
const BESIDE: [&str; 5] = ["tools", "functions", "tool_choice", "response_format", "metadata"];
/// Parts of an answer that are not what the user reads.
const UNREAD: [&str; 4] = ["reasoning", "tool_calls", "function_call", "thinking"];

/// A text that was screened, as far as it was kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptPassage {
    /// Where it sat: `messages[3].content`.
    pub at: String,
    /// Who wrote it.
    pub author: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its SHA-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its HMAC-SHA-256.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hmac_sha256: Option<String>,
    /// Whether only the beginning is there.
    pub cut: bool,
    /// Whether it was kept back.
    pub withheld: bool,
    /// Where rules matched in the text, as far as it is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<KeptFinding>,
}

/// Where a rule matched in a text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeptFinding {
    /// The rule.
    pub rule: String,
    /// What it is about.
    pub category: Option<String>,
    /// Where it begins, in UTF-8 bytes.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What the rule added to the total.
    pub score: f64,
}

/// Why the texts of a decision cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unusable {
    /// The decision has expired.
    #[error("the decision is no longer in the store")]
    Gone,
    /// None are kept, or they were erased.
    #[error("no text is kept (`store.text`, `record.text`, or erased)")]
    NoText,
    /// Parts were taken out.
    #[error("only a redacted text is kept")]
    Redacted,
    /// Some are missing.
    #[error("only a part of the text is kept")]
    Partial,
    /// Nobody settled the item.
    #[error("people did not settle it")]
    Unresolved,
    /// Nobody wrote what the answer should have been.
    #[error("no judgement has an edited answer")]
    NoEdit,
    /// There is no answer of the model.
    #[error("the store has no answer of the model to the request")]
    NoAnswer,
    /// There is no request.
    #[error("the store has no decision about the prompt of the request")]
    NoPrompt,
    /// A tool speaks.
    #[error("a tool speaks in the conversation, which these forms have no place for")]
    Tool,
    /// It is no pair.
    #[error("{0}")]
    NoPair(super::preference::NoPair),
}

/// The texts of a decision; none where none are kept.
pub fn passages(decision: &KeptDecision) -> Vec<KeptPassage> {
    let texts = decision.texts.as_deref();
    texts.and_then(|texts| serde_json::from_str(texts).ok()).unwrap_or_default()
}

/// Whether texts beside those that are kept were screened.
fn left_out(decision: &KeptDecision) -> bool {
    let record: Value = serde_json::from_str(&decision.record).unwrap_or_default();
    record.get("passages_left_out").and_then(Value::as_u64).is_some_and(|count| count > 0)
}

/// A text as it was.
fn whole(passage: &KeptPassage) -> Result<&str, Unusable> {
    let text = passage.text.as_deref().ok_or(Unusable::NoText)?;
    if passage.cut {
        return Err(Unusable::Partial);
    }
    if passage.withheld || text.contains(TAKEN_OUT) {
        return Err(Unusable::Redacted);
    }
    Ok(text)
}

/// The text that a decision is about: the last one that was screened.
///
/// # Errors
/// When it is not kept as it was.
pub fn subject(decision: &KeptDecision) -> Result<String, Unusable> {
    let passages = passages(decision);
    whole(passages.last().ok_or(Unusable::NoText)?).map(str::to_owned)
}

/// The texts that a decision was made of that are kept as they were, with their authors. The one that it is about, the last,
/// is among them.
///
/// # Errors
/// When that one is not kept as it was.
pub fn usable(decision: &KeptDecision) -> Result<Vec<(Author, String)>, Unusable> {
    subject(decision)?;
    let author = |word: &str| match word {
        "system" => Author::System,
        "user" => Author::User,
        "assistant" => Author::Assistant,
        "tool" => Author::Tool,
        _ => Author::Unknown,
    };
    let passages = passages(decision);
    let kept = passages.iter().filter_map(|passage| {
        whole(passage).ok().map(|text| (author(&passage.author), text.to_owned()))
    });
    Ok(kept.collect())
}

/// The conversation that a request brought.
///
/// # Errors
/// When a part of it is not kept as it was, or a tool speaks in it.
pub fn conversation(decision: &KeptDecision) -> Result<Vec<Message>, Unusable> {
    let passages = passages(decision);
    if passages.is_empty() {
        return Err(Unusable::NoText);
    }
    if left_out(decision) {
        return Err(Unusable::Partial);
    }
    let mut messages: Vec<(String, Message)> = Vec::new();
    for passage in passages.iter().filter(|passage| !is_beside(&passage.at)) {
        let text = whole(passage)?;
        let role = match passage.author.as_str() {
            "system" => Speaker::System,
            "assistant" => Speaker::Assistant,
            "tool" => return Err(Unusable::Tool),
            // `user`, and `unknown`, which a plain prompt is.
            _ => Speaker::User,
        };
        let turn = turn(&passage.at);
        match messages.last_mut() {
            Some((last, message)) if *last == turn && message.role == role => {
                message.content.push('\n');
                message.content.push_str(text);
            }
            Some(_) | None => messages.push((turn, Message { role, content: text.to_owned() })),
        }
    }
    Ok(messages.into_iter().map(|(_, message)| message).collect())
}

/// What the model answered: of several answers the first.
///
/// # Errors
/// When it is not kept as it was.
pub fn answer(decision: &KeptDecision) -> Result<String, Unusable> {
    let passages = passages(decision);
    if passages.is_empty() {
        return Err(Unusable::NoText);
    }
    if left_out(decision) {
        return Err(Unusable::Partial);
    }
    let read = |passage: &&KeptPassage| !UNREAD.iter().any(|unread| passage.at.contains(unread));
    let mut read = passages.iter().filter(read);
    let first = read.next().ok_or(Unusable::NoAnswer)?;
    let choice = turn(&first.at);
    let mut answer = whole(first)?.to_owned();
    for passage in read.filter(|passage| turn(&passage.at) == choice) {
        answer.push('\n');
        answer.push_str(whole(passage)?);
    }
    Ok(answer)
}

fn is_beside(at: &str) -> bool {
    let first = at.split(['.', '[']).next().unwrap_or_default();
    BESIDE.contains(&first) || at.rsplit('.').next() == Some("name")
}

/// The message or answer that a place belongs to: `messages[3]` of `messages[3].content[0].text`.
fn turn(at: &str) -> String {
    at.split('.').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kept(texts: &Value) -> KeptDecision {
        KeptDecision {
            texts: Some(texts.to_string()),
            record: "{}".to_owned(),
            ..KeptDecision::default()
        }
    }

    fn passage(at: &str, author: &str, text: &str) -> Value {
        json!({ "at": at, "author": author, "bytes": text.len(), "text": text })
    }

    #[test]
    fn parts_of_a_message_become_one_and_tools_are_no_part_of_a_conversation() {
        let found = conversation(&kept(&json!([
            passage("messages[0].content", "system", "Be kind."),
            passage("messages[1].content[0].text", "user", "Hello,"),
            passage("messages[1].content[1].text", "user", "you there?"),
            passage("tools[0].function.description", "system", "Tells the time."),
        ])));
        let message = |role, content: &str| Message { role, content: content.to_owned() };
        let expected =
            [message(Speaker::System, "Be kind."), message(Speaker::User, "Hello,\nyou there?")];
        assert_eq!(found.as_deref(), Ok(&expected[..]));
    }

    #[test]
    fn an_answer_is_what_the_user_reads_of_the_first_choice() {
        let found = answer(&kept(&json!([
            passage("choices[0].message.reasoning_content", "assistant", "hm"),
            passage("choices[0].message.content", "assistant", "No."),
            passage("choices[1].message.content", "assistant", "Yes."),
        ])));
        assert_eq!(found.as_deref(), Ok("No."));
    }

    #[test]
    fn what_is_not_kept_as_it_was_says_why() {
        let cut = json!([{ "at": "prompt", "author": "user", "text": "a", "cut": true }]);
        let hashed = json!([{ "at": "prompt", "author": "user", "sha256": "00" }]);
        let redacted = json!([passage("prompt", "user", "call [REDACTED]")]);
        let tool = json!([passage("messages[0].content", "tool", "17")]);
        for (texts, expected) in [
            (&cut, Unusable::Partial),
            (&hashed, Unusable::NoText),
            (&redacted, Unusable::Redacted),
        ] {
            assert_eq!(subject(&kept(texts)), Err(expected), "{texts}");
            assert_eq!(conversation(&kept(texts)), Err(expected), "{texts}");
        }
        assert_eq!(conversation(&kept(&tool)), Err(Unusable::Tool));
        assert_eq!(subject(&KeptDecision::default()), Err(Unusable::NoText));
        let record = json!({ "passages_left_out": 3 }).to_string();
        let more = KeptDecision { record, ..kept(&json!([passage("prompt", "user", "hi")])) };
        assert_eq!(conversation(&more), Err(Unusable::Partial));
    }
}
