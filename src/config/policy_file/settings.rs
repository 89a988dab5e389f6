//! Settings of a whole policy, each with its default.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::shapes::{self, Named, OneOrMany};
use crate::config::units::{Period, Share, Size};
use crate::domain::{Action, KeptText};

/// A word list of the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a word list")]
pub struct LexiconFile {
    /// Path of the list, from the configuration root.
    pub file: String,
    /// Whether terms are whole words; `none` for Chinese and for parts of words.
    #[serde(default)]
    pub boundary: Boundary,
    /// Further views that this list is read in.
    #[serde(default)]
    pub also: OneOrMany<AlsoView>,
    /// Whether upper and lower case are the same.
    #[serde(default)]
    pub case: LetterCase,
    /// Hash that the file has to have.
    #[serde(default)]
    #[schemars(schema_with = "shapes::sha256")]
    pub sha256: Option<String>,
}

/// A view that is asked for list by list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlsoView {
    /// Syllables of Chinese terms.
    Pinyin,
}

/// Where a term may begin and end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Boundary {
    /// At the borders of words.
    #[default]
    Word,
    /// Anywhere.
    None,
}

/// Whether upper and lower case differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LetterCase {
    /// They are the same.
    #[default]
    Fold,
    /// They differ.
    Exact,
}

/// Which views are on. What is not named keeps its default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "views")]
pub struct Views {
    /// Look-alike letters.
    pub skeleton: Option<bool>,
    /// Letters that are set apart; in prompts, long words in pieces too.
    pub spaced: Option<bool>,
    /// Digits and signs for letters.
    pub leet: Option<bool>,
    /// Letters that are repeated.
    pub repeats: Option<bool>,
    /// Tags, Markdown, LaTeX, entities and escapes.
    pub markup: Option<bool>,
    /// Backspaces, control sequences of terminals, overrides of the writing direction.
    pub edits: Option<bool>,
    /// Tag characters, variation selectors, zero-width bits.
    pub hidden: Option<bool>,
    /// Base64, base32, Ascii85, numbers, Morse, Braille, mail, host names, ciphers: decoded and read again.
    pub decoded: Option<bool>,
    /// Letters turned upside down.
    pub upside_down: Option<bool>,
    /// Text written backwards.
    pub reversed: Option<bool>,
    /// Syllables of Chinese terms, for all lists and words; off where nothing is said.
    pub pinyin: Option<bool>,
    /// One typing error in long terms. Without effect in this version.
    pub typos: Option<bool>,
}

/// What happens to text that could not be screened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unscannable {
    /// It is refused.
    #[default]
    Block,
    /// It passes, and a person looks at it.
    Review,
    /// It passes, and is counted.
    Allow,
}

/// What happens when a classifier gives no answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// The text is refused.
    #[default]
    Block,
    /// The text passes, and a person looks at it.
    Review,
    /// The classifier is left out.
    Skip,
}

/// What happens to parts that are not text: `block`, `allow`, or the name of a classifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "a choice by kind of part")]
pub struct NonText {
    /// Pictures.
    pub image: String,
    /// Sound.
    pub audio: String,
    /// Files.
    pub file: String,
    /// What the model's server keeps and a request only names: earlier answers, conversations, prompts.
    pub stored: String,
    /// What is none of them.
    pub unknown: String,
}

/// A score total and what it does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a threshold")]
pub struct Threshold {
    /// From this total on.
    pub score: f64,
    /// What happens.
    #[schemars(schema_with = "shapes::threshold_action")]
    pub action: Action,
}

/// How a block looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "a block style")]
pub struct BlockStyle {
    /// When the prompt is refused.
    pub prompt: BlockShape,
    /// When the completion is.
    pub completion: BlockShape,
    /// HTTP status of `error`; clients repeat 408, 409, 429 and 5xx.
    #[schemars(range(min = 400, max = 599))]
    pub status: u16,
}

/// The shape of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlockShape {
    /// The dialect's error.
    Error,
    /// The dialect's refusal by the model.
    Refusal,
    /// The dialect's ending "filtered".
    ContentFilter,
}

/// How streams are held and cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "stream settings")]
pub struct StreamSettings {
    /// The most that is held for one match in progress.
    pub max_match: Size,
    /// What happens when a match in progress reaches it.
    pub on_overflow: OnOverflow,
    /// How a stream that has begun ends on a block.
    pub on_block: OnBlock,
}

/// What happens when a match in progress is longer than may be held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnOverflow {
    /// The stream is cut.
    #[default]
    Block,
    /// The held text goes out, and the match is given up and counted.
    Release,
}

/// How a stream that has begun ends on a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnBlock {
    /// Our message, then the dialect's ending.
    #[default]
    Replace,
    /// Only the ending.
    Stop,
    /// The dialect's error event; clients take it for an outage.
    Error,
}

/// What the client reads: one text, or a text by language (the first is the default).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Message {
    /// One text for everybody.
    Text(String),
    /// A text by language tag, such as `en` or `zh`.
    ByLanguage(Named<String>),
}

/// What the client is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "a choice of what is shown")]
pub struct Reveal {
    /// Which rules fired.
    pub rules: bool,
    /// Which policy decided.
    pub policy: bool,
    /// In answers of `/v1/moderations`, the categories that are not those of OpenAI too.
    pub categories: bool,
}

/// What decision records keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "record settings")]
pub struct RecordSettings {
    /// The most that is kept of texts: never more than the server file allows (`log.decisions.text`).
    #[schemars(schema_with = "shapes::kept_text")]
    pub text: KeptText,
}

impl Default for RecordSettings {
    fn default() -> Self {
        Self { text: KeptText::Full }
    }
}

/// What is done with unchanged earlier turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum History {
    /// Their verdict may come from a cache; no text is skipped that was not screened.
    #[default]
    NewTurns,
    /// They are screened each time.
    Rescan,
    /// As `new_turns`; turns that were blocked before are left out of what goes to the model, with the refusals that
    /// followed them, instead of blocking each later request.
    DropBlocked,
}

/// What people are to look at, where the server file has a store. Only `while_open: pass` is available in this version.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "review settings")]
pub struct ReviewSettings {
    /// How much of the traffic enters the queue.
    pub sample: ReviewSample,
    /// How long items stay.
    pub retain: Period,
    /// How much is judged twice.
    pub blind_second_review: Share,
    /// What happens to the text while nobody has looked.
    pub while_open: WhileOpen,
}

/// How much of the traffic enters the review queue.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "sample sizes")]
pub struct ReviewSample {
    /// Of what was allowed.
    pub allowed: Share,
    /// Of what was blocked.
    pub blocked: Share,
}

/// What happens to a text that waits for a reviewer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WhileOpen {
    /// It passes.
    #[default]
    Pass,
    /// It is refused until a reviewer lets it through. Not available in this version.
    Hold,
}

// === defaults ===

impl Default for NonText {
    fn default() -> Self {
        let block = || "block".to_owned();
        Self { image: block(), audio: block(), file: block(), stored: block(), unknown: block() }
    }
}

impl Default for BlockStyle {
    fn default() -> Self {
        Self { prompt: BlockShape::Error, completion: BlockShape::ContentFilter, status: 400 }
    }
}

impl Default for StreamSettings {
    fn default() -> Self {
        Self {
            max_match: Size::from_bytes(1 << 10),
            on_overflow: OnOverflow::Block,
            on_block: OnBlock::Replace,
        }
    }
}

impl Default for ReviewSettings {
    fn default() -> Self {
        Self {
            sample: ReviewSample::default(),
            retain: Period::from_days(30),
            blind_second_review: Share::NONE,
            while_open: WhileOpen::Pass,
        }
    }
}

impl Default for ReviewSample {
    fn default() -> Self {
        Self { allowed: Share::NONE, blocked: Share::ALL }
    }
}

// === impl Views ===

impl Views {
    /// Every view by name, and what the policy says about it.
    pub const fn written(&self) -> [(&'static str, Option<bool>); 12] {
        let Self {
            skeleton,
            spaced,
            leet,
            repeats,
            markup,
            edits,
            hidden,
            decoded,
            upside_down,
            reversed,
            pinyin,
            typos,
        } = *self;
        [
            ("skeleton", skeleton),
            ("spaced", spaced),
            ("leet", leet),
            ("repeats", repeats),
            ("markup", markup),
            ("edits", edits),
            ("hidden", hidden),
            ("decoded", decoded),
            ("upside_down", upside_down),
            ("reversed", reversed),
            ("pinyin", pinyin),
            ("typos", typos),
        ]
    }

    /// What the policy says about a view, or the default.
    pub fn is_on(&self, name: &str, default: bool) -> bool {
        let said = self.written().into_iter().find(|(view, _)| *view == name);
        said.and_then(|(_, on)| on).unwrap_or(default)
    }
}

// === impl NonText ===

impl NonText {
    /// Every kind of part with its choice.
    pub fn choices(&self) -> [(&'static str, &str); 5] {
        let Self { image, audio, file, stored, unknown } = self;
        [
            ("image", image),
            ("audio", audio),
            ("file", file),
            ("stored", stored),
            ("unknown", unknown),
        ]
    }
}

// === impl Message ===

impl Message {
    /// The text for a language tag such as `en` or `en-GB`, by its first part; else the first text.
    pub fn text(&self, language: &str) -> &str {
        match self {
            Self::Text(text) => text,
            Self::ByLanguage(texts) => {
                let main = language.split(['-', '_']).next().unwrap_or(language);
                let exact = texts.iter().find(|(tag, _)| tag.eq_ignore_ascii_case(language));
                exact
                    .or_else(|| texts.iter().find(|(tag, _)| tag.eq_ignore_ascii_case(main)))
                    .or_else(|| texts.iter().next())
                    .map_or("", |(_, text)| text.as_str())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_given_in_the_language_asked_for_or_the_first() {
        let texts =
            [("en", "no"), ("zh", "不行")].map(|(tag, text)| (tag.to_owned(), text.to_owned()));
        let message = Message::ByLanguage(Named(texts.to_vec()));
        assert_eq!(message.text("zh-CN"), "不行");
        assert_eq!(message.text("EN"), "no");
        assert_eq!(message.text("fr"), "no");
    }

    #[test]
    fn a_view_that_is_not_named_keeps_its_default() {
        let views = Views { leet: Some(false), ..Views::default() };
        assert!(!views.is_on("leet", true));
        assert!(views.is_on("spaced", true));
        assert!(!views.is_on("unheard_of", false));
    }
}
