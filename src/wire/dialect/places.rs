//! Places of texts, as they may be shown where the texts are not: keys of JSON are texts too where a client chose them.

use super::Dialect;

/// What stands for a key that no table names.
const ANY: &str = "*";
/// The longest index of an array that is shown, in digits; a longer one is a key that looks like it.
const LONGEST_INDEX: usize = 7;
/// What begins the place of a header; which headers are texts is said in dialect files.
const HEADER: &str = "header ";
/// What ends the place of a text that was read together with others.
const JOINED: &str = " (joined)";
/// Words in places that are in no table: a part of a form, parts of a tool call in a stream, what is to be judged.
const OURS: [&str; 5] = ["filename", "name", "arguments", "input", "text"];

/// A place without the keys that are not known: `messages[1].tool_calls[0].function.arguments.*`.
pub fn without_keys(place: &str, is_known: impl Fn(&str) -> bool) -> String {
    if place.starts_with(HEADER) {
        return place.to_owned();
    }
    let (path, end) = match place.strip_suffix(JOINED) {
        Some(path) => (path, JOINED),
        None => (place, ""),
    };
    let mut shown = String::with_capacity(place.len());
    for piece in path.split_inclusive(['.', ':']) {
        let (segment, mark) = match piece.strip_suffix(['.', ':']) {
            Some(segment) => (segment, piece.get(segment.len()..).unwrap_or_default()),
            None => (piece, ""),
        };
        let (name, indexes) = parted(segment);
        shown.push_str(if name.is_empty() || is_known(name) { name } else { ANY });
        shown.push_str(indexes);
        shown.push_str(mark);
    }
    shown + end
}

/// A key and the indexes behind it: `tool_calls`, `[0]`.
fn parted(segment: &str) -> (&str, &str) {
    let mut name = segment;
    while let Some((before, digits)) = name.strip_suffix(']').and_then(|rest| rest.rsplit_once('['))
    {
        let is_index = (1..=LONGEST_INDEX).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_index {
            break;
        }
        name = before;
    }
    (name, segment.get(name.len()..).unwrap_or_default())
}

impl Dialect {
    /// Whether a key is a word of this API, or of ours, and none that a client made up.
    pub fn names_key(&self, key: &str) -> bool {
        let stream = self.stream.as_ref();
        let channels = stream.iter().flat_map(|stream| &stream.channels);
        let units = [self.response.unit.as_deref(), stream.and_then(|spec| spec.unit.as_deref())];
        OURS.contains(&key)
            || self.request.table.has_key(key)
            || self.response.table.has_key(key)
            || stream.is_some_and(|stream| stream.table.has_key(key))
            || channels.into_iter().any(|channel| channel.name == key)
            || units
                .into_iter()
                .flatten()
                .any(|unit| unit.split(['.', '[']).any(|part| part == key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::dialect::Dialects;

    #[test]
    fn a_place_keeps_the_words_of_the_api_and_loses_those_of_clients() {
        let dialects = Dialects::default();
        let chat = dialects.get("openai.chat").unwrap();
        let shown = |place: &str| without_keys(place, |key| chat.names_key(key));
        for known in [
            "messages[12].content[0].text",
            "messages[0].content (joined)",
            "messages[1].tool_calls[0].function.arguments",
            "choices[0].message.content",
            "choices[0].content",
            "[3]",
            "header x-title",
            "",
        ] {
            assert_eq!(shown(known), known);
        }
        for (place, without) in [
            (
                "messages[1].tool_calls[0].function.arguments.Ada Lovelace",
                "messages[1].tool_calls[0].function.arguments.*",
            ),
            (
                "messages[1].tool_calls[0].function.arguments.gre[0] (joined)",
                "messages[1].tool_calls[0].function.arguments.*[0] (joined)",
            ),
            ("metadata.ada@example.org", "metadata.*.*"),
            ("grenade", "*"),
            ("a[0]b[12]", "*[12]"),
            ("x[+4915112345678]", "*"),
            ("x[4915112345678]", "*"),
            ("炸弹.content", "*.content"),
        ] {
            assert_eq!(shown(place), without);
        }
    }
}
