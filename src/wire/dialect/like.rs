//! Events that repeat a whole answer, or a part of one: the rows of answers, moved to where the event has them.

use crate::config::dialect_file::{AnswerForm, Texts};
use crate::config::{Named, OneOrMany};

/// The rows of what stands at a place of an answer (`output[]`; everywhere, if it is empty), below a member of an
/// event: texts, media, and what is no text.
pub(super) fn rows(
    answer: &AnswerForm,
    place: &str,
    member: &str,
) -> (Texts, Texts, OneOrMany<String>) {
    let texts = |texts: &Texts| {
        let moved = texts
            .iter()
            .filter_map(|(path, line)| Some((moved(path, place, member)?, line.clone())));
        Named(moved.collect())
    };
    let skip = answer.skip.iter().filter_map(|path| moved(path, place, member));
    (texts(&answer.text), texts(&answer.media), OneOrMany(skip.collect()))
}

fn moved(path: &str, place: &str, member: &str) -> Option<String> {
    if place.is_empty() {
        return Some(format!("{member}.{path}"));
    }
    let Some(list) = place.strip_suffix("[]") else {
        return Some(format!("{member}{}", path.strip_prefix(place)?))
            .filter(|_| path.get(place.len()..).is_some_and(|rest| rest.starts_with(['.', '['])));
    };
    let (word, rest) = path.strip_prefix(list)?.strip_prefix('[')?.split_once(']')?;
    Some(if word.is_empty() {
        format!("{member}{rest}")
    } else {
        format!("{member}<{word}>{rest}")
    })
}

#[cfg(test)]
mod tests {
    use super::moved;

    #[test]
    fn a_path_moves_to_the_member_that_repeats_its_place() {
        for (path, place, expected) in [
            ("output[].id", "output[]", Some("item.id")),
            ("output[message].content[].text", "output[]", Some("item<message>.content[].text")),
            ("output_text", "output[]", None),
            ("error.message", "", Some("item.error.message")),
            ("message.content", "message", Some("item.content")),
            ("messages", "message", None),
        ] {
            assert_eq!(moved(path, place, "item").as_deref(), expected, "{path} {place}");
        }
    }
}
