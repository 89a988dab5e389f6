//! Decision records as rows: those that keep their texts can be decided once more.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Deserialize;

use crate::domain::{Author, Phase};
use crate::scan::fields::Text;

/// The schema of decision records.
const SCHEMA: &str = "tidegate.decision/v1";
/// What all schemas of a decision log begin with; lines of others, such as checkpoints, are no decisions.
const FAMILY: &str = "tidegate.";
/// The word of records that keep their texts as they were.
const FULL: &str = "full";

/// A line of a decision log.
#[derive(Debug, PartialEq)]
pub(super) enum Logged {
    Texts {
        id: String,
        texts: Vec<Text<'static>>,
    },
    /// The texts were omitted, hashed or redacted.
    WithoutText,
    TooOld,
    /// A checkpoint and the like.
    NoRecord,
}

#[derive(Deserialize)]
struct Line {
    schema: String,
    #[serde(default)]
    ts: String,
    #[serde(default)]
    decision_id: String,
    #[serde(default)]
    phase: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    passages: Vec<Passage>,
    #[serde(default)]
    passages_left_out: u64,
}

#[derive(Deserialize)]
struct Passage {
    #[serde(default)]
    at: String,
    author: Option<Author>,
    text: Option<String>,
    #[serde(default)]
    cut: bool,
}

/// Reads a line. The message says what is wrong with one that is none of a decision log.
pub(super) fn logged(bytes: &[u8], since: Option<Timestamp>) -> Result<Logged, String> {
    let line: Line =
        serde_json::from_slice(bytes).map_err(|error| format!("not a decision record: {error}"))?;
    if line.schema != SCHEMA {
        return if line.schema.starts_with(FAMILY) {
            Ok(Logged::NoRecord)
        } else {
            Err(format!("`{}` is not the schema of decision records", line.schema))
        };
    }
    if let Some(since) = since {
        let ts: Timestamp = line.ts.parse().map_err(|_| "`ts` is not a time in UTC".to_owned())?;
        if ts < since {
            return Ok(Logged::TooOld);
        }
    }
    let phase = match line.phase.as_str() {
        "prompt" => Phase::Prompt,
        "completion" => Phase::Completion,
        _ => return Err("`phase` is neither `prompt` nor `completion`".to_owned()),
    };
    let usual = match phase {
        Phase::Prompt => Author::User,
        Phase::Completion => Author::Assistant,
    };
    // Part of the texts would be a decision about something else.
    let is_whole = |passage: &Passage| passage.text.is_some() && !passage.cut;
    let whole = line.text == FULL && line.passages.iter().all(is_whole);
    if !whole || line.passages_left_out > 0 || line.passages.is_empty() {
        return Ok(Logged::WithoutText);
    }
    let text = |passage: Passage| Text {
        field: passage.at,
        place: 0,
        phase,
        author: passage.author.unwrap_or(usual),
        said: Cow::Owned(passage.text.unwrap_or_default()),
    };
    Ok(Logged::Texts { id: line.decision_id, texts: line.passages.into_iter().map(text).collect() })
}
