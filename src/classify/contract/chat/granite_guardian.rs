//! Granite Guardian: `<score> yes </score>` from 3.3 on, `Yes` or `No` before.
//! Source: <https://www.ibm.com/granite/docs/models/guardian>.

use super::super::labels::Tally;
use super::super::unreadable::Unreadable;
use super::lines::either;
use super::{Labels, Scores};

pub(super) fn read(labels: &Labels, text: &str) -> Result<Scores, Unreadable> {
    let answer = after_thinking(text)?;
    let answer = match tagged(answer, "score") {
        Some((word, "")) => word,
        Some(_) => return Err(Unreadable::prose(text)),
        None => without_confidence(answer),
    };
    let found = either(answer, "yes", "no")?;
    let mut tally = Tally::new(labels);
    tally.note("yes", if found { 1.0 } else { 0.0 })?;
    tally.finish()
}

/// What follows the thinking, which has to come to an end.
pub(super) fn after_thinking(text: &str) -> Result<&str, Unreadable> {
    let Some(thinking) = text.strip_prefix("<think>") else { return Ok(text) };
    match thinking.split_once("</think>") {
        Some((_, answer)) => Ok(answer.trim()),
        None => Err(Unreadable::CutShort("the thinking has no end".to_owned())),
    }
}

/// Version 3.2 says beside its word how sure it is.
fn without_confidence(answer: &str) -> &str {
    let mut lines = answer.splitn(2, '\n');
    let (word, rest) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default().trim());
    match tagged(rest, "confidence") {
        Some((_, "")) => word.trim(),
        _ => answer,
    }
}

/// What stands in the tags with which a text begins, and what follows them.
fn tagged<'t>(text: &'t str, tag: &str) -> Option<(&'t str, &'t str)> {
    let inside = text.strip_prefix(&format!("<{tag}>"))?;
    let (word, rest) = inside.split_once(&format!("</{tag}>"))?;
    Some((word.trim(), rest.trim()))
}
