//! One unit of text, with its place and its author.

use serde::{Deserialize, Serialize};

/// Who wrote a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// The operator of the application: system and developer turns, tool definitions.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
    /// A tool, a document, a search result.
    Tool,
    /// Nobody can say; such a passage matches the rules of every author.
    Unknown,
}

impl Author {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::System, Self::User, Self::Assistant, Self::Tool, Self::Unknown];

    /// The word that policies and records use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Unknown => "unknown",
        }
    }

    /// The author of this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|author| author.as_str() == word)
    }
}

/// What sort of text a passage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextKind {
    /// Ordinary text of a turn.
    Text,
    /// The model's own refusal.
    Refusal,
    /// Thinking that is shown or kept.
    Reasoning,
    /// Arguments of a tool call.
    ToolArgs,
    /// What a tool gave back.
    ToolResult,
    /// A schema or a tool definition.
    Schema,
    /// A quotation with its source.
    Citation,
    /// Token texts beside the answer.
    Logprob,
    /// Names, ids and other small strings.
    Meta,
    /// Speech as text.
    Transcript,
    /// Program code.
    Code,
}

/// How the string that holds a passage may be changed (the edit classes of the wire tables).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EditClass {
    /// A plain string: spans may be replaced freely.
    Plain,
    /// A string that itself holds JSON: only inner string values may change, and it stays valid.
    JsonInString,
    /// A leaf of a JSON object, such as a tool input: string values only.
    ObjectLeaf,
    /// Screened, never edited: a hit that would need an edit blocks the whole unit.
    Fixed,
    /// Cannot be screened as text: media, ciphertext, token ids.
    Opaque,
}

/// One unit of text to be screened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Where the text sits, for people: `messages[3].content[0].text`.
    pub path: String,
    /// Who wrote it.
    pub author: Author,
    /// What sort of text it is.
    pub kind: TextKind,
    /// How it may be changed.
    pub edit: EditClass,
    /// Index of the message or item it belongs to, if it belongs to one.
    pub turn: Option<usize>,
    /// The decoded text. Empty for [`EditClass::Opaque`].
    pub text: String,
}
