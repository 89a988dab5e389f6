//! What a schema asks for, in the words of people.

use serde_json::Value as Json;

use crate::config::formats;

/// The longest piece of a file that a message repeats.
const QUOTE_LIMIT: usize = 40;

/// The most keys that a help line lists.
const KEYS_SHOWN: usize = 10;

/// The type of a schema without alternatives.
pub(super) fn kind_of(schema: &Json) -> &str {
    schema.get("type").and_then(Json::as_str).unwrap_or_default()
}

/// What a schema calls its value, with the article.
pub(super) fn noun(schema: &Json) -> &str {
    schema.get("title").and_then(Json::as_str).unwrap_or("this place")
}

/// The words that a schema allows; nothing where it allows more than words.
pub(super) fn words(schema: &Json) -> Vec<&str> {
    let listed = schema.get("enum").and_then(Json::as_array);
    let single = schema.get("const");
    listed.into_iter().flatten().chain(single).filter_map(Json::as_str).collect()
}

/// What belongs in a place: "a duration such as `400ms` or a list".
pub(super) fn expected(branches: &[&Json]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let all_words: Vec<&str> = branches.iter().flat_map(|branch| words(branch)).collect();
    if !all_words.is_empty() {
        parts.push(all_words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "));
    }
    for branch in branches.iter().filter(|branch| words(branch).is_empty()) {
        let part = describe(branch);
        if !parts.iter().any(|other| *other == part) {
            parts.push(part.to_owned());
        }
    }
    parts.join(" or ")
}

/// The keys that a place can have, for a help line.
pub(super) fn key_list(schema: &Json) -> String {
    let keys: Vec<&str> = schema
        .get("properties")
        .and_then(Json::as_object)
        .into_iter()
        .flat_map(|known| known.keys())
        .map(String::as_str)
        .collect();
    let more = if keys.len() > KEYS_SHOWN { ", …" } else { "" };
    let shown = keys.iter().take(KEYS_SHOWN).copied().collect::<Vec<_>>().join(", ");
    format!("{} can have: {shown}{more}", noun(schema))
}

/// The word that `text` was probably meant to be.
pub(in crate::config) fn closest<'a>(
    text: &str,
    words: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = text.to_lowercase();
    let length = lower.chars().count();
    // One slip in three letters, and never so many that nothing of the word is left.
    let most = (length / 3).clamp(1, 3);
    words
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&lower, &word.to_lowercase()), word))
        .filter(|(distance, word)| *distance <= most && *distance < word.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// A piece of a file, in backticks and not too long.
pub(super) fn quoted(text: &str) -> String {
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if one_line.chars().count() <= QUOTE_LIMIT {
        return format!("`{one_line}`");
    }
    let start: String = one_line.chars().take(QUOTE_LIMIT).collect();
    format!("`{start}…`")
}

fn describe(schema: &Json) -> &str {
    let format = schema.get("format").and_then(Json::as_str);
    if let Some(format) = format.and_then(formats::format) {
        return format.noun;
    }
    match kind_of(schema) {
        "string" => "text",
        "array" => "a list",
        "object" => schema.get("title").and_then(Json::as_str).unwrap_or("a group of keys"),
        "boolean" => "`true` or `false`",
        "integer" => "a whole number",
        "number" => "a number",
        _ => "`null`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_keyboard_finds_its_word() {
        let words = ["action", "any", "all", "id", "score"];
        assert_eq!(closest("acton", words), Some("action"));
        assert_eq!(closest("Action", words), Some("action"));
        assert_eq!(closest("socre", words), Some("score"));
        assert_eq!(closest("colour", words), None);
        assert_eq!(closest("xy", words), None);
        assert_eq!(closest("", words), None);
    }

    #[test]
    fn long_or_odd_text_is_quoted_short() {
        assert_eq!(quoted("a\u{1b}[31mb"), "`a [31mb`");
        assert_eq!(quoted(&"坏".repeat(99)).chars().count(), QUOTE_LIMIT + 3);
    }
}
