//! The lines of a dialect file: what stands at a place, in words such as `assistant tool_args J => call @index`.
//!
//! It knows words and paths; what a table does with them is said in `wire::table`.

use std::sync::Arc;

use crate::domain::{Author, EditClass, TextKind};
use crate::wire::table::{By, Leaf, Media};

/// What a line of texts says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) by: By,
    pub(super) kind: TextKind,
    pub(super) edit: EditClass,
    /// The channel that the text is a piece of.
    pub(super) channel: Option<ChannelSpec>,
}

/// A text that comes in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::wire) struct ChannelSpec {
    /// Its name.
    pub(in crate::wire) name: String,
    /// The same, to be shared.
    pub(in crate::wire) shared: Arc<str>,
    /// What numbers it, beside the answer it belongs to.
    pub(in crate::wire) keys: Vec<KeySource>,
    /// Whether it is part of a tool call, which is held until it is whole.
    pub(in crate::wire) held: bool,
}

/// Where the number of a part stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::wire) enum KeySource {
    /// The `index` of an element of this list, or its place in it.
    Element(String),
    /// This field of the event.
    Field(String),
}

/// The most numbers of a channel.
pub(super) const MOST_KEYS: usize = 2;

/// Reads a line of texts. An error says what is wrong with it.
pub(super) fn line(text: &str) -> Result<Line, String> {
    let (what, channel) = match text.split_once("=>") {
        Some((what, channel)) => (what, Some((channel, true))),
        None => match text.split_once("->") {
            Some((what, channel)) => (what, Some((channel, false))),
            None => (text, None),
        },
    };
    let mut line = Line {
        by: By::Always(Author::Unknown),
        kind: TextKind::Text,
        edit: EditClass::Fixed,
        channel: None,
    };
    let (mut author_said, mut edit_said) = (false, false);
    for word in what.split_whitespace() {
        if let Some(by) = by(word) {
            line.by = by;
            author_said = true;
        } else if let Some(edit) = edit(word) {
            line.edit = edit;
            edit_said = true;
        } else if let Some(kind) = kind(word) {
            line.kind = kind;
        } else {
            return Err(format!(
                "`{word}` is no author (system, user, assistant, tool, unknown, role), no kind of text and no edit class (E, J, O, R, X)"
            ));
        }
    }
    if !author_said {
        return Err(
            "it does not say who wrote the text: system, user, assistant, tool, unknown or role"
                .to_owned(),
        );
    }
    if !edit_said {
        return Err("it does not say how the text may be changed: E, J, O, R or X".to_owned());
    }
    line.channel = channel.map(|(channel, held)| channel_spec(channel, held)).transpose()?;
    Ok(line)
}

fn channel_spec(text: &str, held: bool) -> Result<ChannelSpec, String> {
    let mut words = text.split_whitespace();
    let name = words.next().ok_or("behind the arrow stands no channel")?.to_owned();
    let mut keys = Vec::new();
    for word in words {
        let key = word.strip_prefix('@').filter(|key| !key.is_empty());
        let key = key.ok_or_else(|| {
            format!("`{word}` should be a number of the channel: `@index`, `@tool_calls[]`")
        })?;
        keys.push(match key.strip_suffix("[]") {
            Some(list) => KeySource::Element(list.to_owned()),
            None => KeySource::Field(key.to_owned()),
        });
    }
    if keys.len() > MOST_KEYS {
        return Err(format!("a channel has at most {MOST_KEYS} numbers"));
    }
    let shared = Arc::from(name.as_str());
    Ok(ChannelSpec { name, shared, keys, held })
}

/// Reads a line of media: `image role`.
pub(super) fn media(text: &str) -> Result<Leaf, String> {
    let (mut sort, mut author) = (None, By::Always(Author::Unknown));
    for word in text.split_whitespace() {
        match word {
            "image" => sort = Some(Media::Image),
            "audio" => sort = Some(Media::Audio),
            "file" => sort = Some(Media::File),
            "stored" => sort = Some(Media::Stored),
            "opaque" => sort = Some(Media::Unknown),
            "typed" => sort = Some(Media::Typed),
            _ => {
                author = by(word).ok_or_else(|| {
                    format!(
                        "`{word}` is no sort of media (image, audio, file, stored, opaque, typed) and no author"
                    )
                })?;
            }
        }
    }
    let sort =
        sort.ok_or("it does not say what it is: image, audio, file, stored, opaque or typed")?;
    Ok(Leaf::Media { sort, by: author })
}

/// The author that a word names.
pub(super) fn author(word: &str) -> Option<Author> {
    Some(match word {
        "system" => Author::System,
        "user" => Author::User,
        "assistant" => Author::Assistant,
        "tool" => Author::Tool,
        "unknown" => Author::Unknown,
        _ => return None,
    })
}

fn by(word: &str) -> Option<By> {
    if word == "role" { Some(By::Role) } else { author(word).map(By::Always) }
}

fn edit(word: &str) -> Option<EditClass> {
    Some(match word {
        "E" => EditClass::Plain,
        "J" => EditClass::JsonInString,
        "O" => EditClass::ObjectLeaf,
        "R" => EditClass::Fixed,
        "X" => EditClass::Opaque,
        _ => return None,
    })
}

fn kind(word: &str) -> Option<TextKind> {
    Some(match word {
        "text" => TextKind::Text,
        "refusal" => TextKind::Refusal,
        "reasoning" => TextKind::Reasoning,
        "tool_args" => TextKind::ToolArgs,
        "tool_result" => TextKind::ToolResult,
        "schema" => TextKind::Schema,
        "citation" => TextKind::Citation,
        "logprob" => TextKind::Logprob,
        "meta" => TextKind::Meta,
        "transcript" => TextKind::Transcript,
        "code" => TextKind::Code,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_who_wrote_what_and_how_it_may_change() {
        let line = line("assistant tool_args J => call @tool_calls[] @index").unwrap();
        assert_eq!(line.by, By::Always(Author::Assistant));
        assert_eq!((line.kind, line.edit), (TextKind::ToolArgs, EditClass::JsonInString));
        let channel = line.channel.unwrap();
        assert!(channel.held && channel.name == "call");
        let keys = [KeySource::Element("tool_calls".into()), KeySource::Field("index".into())];
        assert_eq!(channel.keys, keys);
        assert_eq!(super::line("role E").unwrap().by, By::Role);
    }

    #[test]
    fn a_line_that_says_too_little_or_something_else_is_named() {
        for (text, part) in [
            ("E", "who wrote"),
            ("user", "how the text may be changed"),
            ("user Z", "`Z` is no author"),
            ("user E ->", "no channel"),
            ("user E -> text index", "`index` should be a number"),
            ("user E -> text @a @b @c", "at most 2"),
        ] {
            assert!(line(text).unwrap_err().contains(part), "{text}");
        }
        assert!(media("image role").is_ok() && media("role").is_err() && media("film").is_err());
    }
}
