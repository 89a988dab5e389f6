//! What clients read when a text is stopped.

use std::sync::Arc;

/// What a client reads when nothing else is written.
const DEFAULT_EN: &str = "This content was stopped by the content policy.";
/// The same in Chinese.
const DEFAULT_ZH: &str = "该内容因违反内容政策已被拦截。";
/// What a client reads when a text could not be screened.
pub const UNAVAILABLE_MESSAGE: &str = "This content could not be checked. Try again later.";

/// Messages by id and language.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    messages: Vec<Message>,
}

#[derive(Clone, Debug)]
struct Message {
    id: Arc<str>,
    /// Language tag (`en`, `zh`; empty for a text without one) and text, in the order written.
    texts: Vec<(Arc<str>, Arc<str>)>,
}

impl Messages {
    /// Adds a message with its texts by language, in the order written.
    pub fn add(&mut self, id: &str, texts: impl IntoIterator<Item = (String, String)>) {
        let texts =
            texts.into_iter().map(|(tag, text)| (Arc::from(tag), Arc::from(text))).collect();
        self.messages.push(Message { id: Arc::from(id), texts });
    }

    /// Whether there is a message with this id.
    pub fn has(&self, id: &str) -> bool {
        self.messages.iter().any(|message| &*message.id == id)
    }

    /// The text of a message in the wanted language (a tag such as `zh-CN`), else the first one
    /// written, else the built-in text.
    pub fn text(&self, id: Option<&str>, language: Option<&str>) -> &str {
        let primary = language.map(primary_tag);
        let built_in = if primary.as_deref() == Some("zh") { DEFAULT_ZH } else { DEFAULT_EN };
        let Some(message) = id.and_then(|id| self.messages.iter().find(|m| &*m.id == id)) else {
            return built_in;
        };
        let wanted = |(tag, _): &&(Arc<str>, Arc<str>)| {
            primary.as_deref().is_some_and(|primary| primary_tag(tag) == primary)
        };
        let chosen = message.texts.iter().find(wanted).or_else(|| message.texts.first());
        chosen.map_or(built_in, |(_, text)| text)
    }

    /// A text without the message that it ends with, where that is all of it or stands on a line of its own.
    pub fn stripped<'t>(&self, text: &'t str) -> &'t str {
        let written = self.messages.iter().flat_map(|message| &message.texts);
        let written = written.map(|(_, said)| &**said).chain([DEFAULT_EN, DEFAULT_ZH]);
        let mut before = written.filter_map(|said| text.strip_suffix(said));
        before.find(|before| before.is_empty() || before.ends_with('\n')).unwrap_or(text)
    }
}

/// The language of a tag without its region: `zh` of `zh-Hans-CN`.
fn primary_tag(tag: &str) -> String {
    tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_in_the_readers_language_or_else_in_the_first_one_written() {
        let mut messages = Messages::default();
        let texts = [("en", "No."), ("zh", "不行。")].map(|(t, s)| (t.to_owned(), s.to_owned()));
        messages.add("no", texts);
        assert_eq!(messages.text(Some("no"), Some("zh-CN")), "不行。");
        assert_eq!(messages.text(Some("no"), Some("fr")), "No.");
        assert_eq!(messages.text(Some("no"), None), "No.");
        assert_eq!(messages.text(None, Some("zh")), DEFAULT_ZH);
    }

    #[test]
    fn a_message_is_known_at_the_end_of_a_text_on_a_line_of_its_own() {
        let mut messages = Messages::default();
        messages.add("no", [("en".to_owned(), "No bombs here.".to_owned())]);
        for (text, left) in [
            ("No bombs here.", ""),
            ("It was\nNo bombs here.", "It was\n"),
            ("It was. No bombs here.", "It was. No bombs here."),
            ("No bombs here. Or", "No bombs here. Or"),
            (DEFAULT_EN, ""),
        ] {
            assert_eq!(messages.stripped(text), left);
        }
    }
}
