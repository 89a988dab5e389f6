//! Why a body cannot be taken: what, where, and the smallest thing that mends it.

use thiserror::Error;

use crate::wire::json::{Doc, JsonProblem};
use crate::wire::multipart::FormProblem;
use crate::wire::table::TwinKey;

/// The most characters of a client's key that a message repeats.
const KEY_SHOWN: usize = 40;
/// The most texts of one body or event. Each costs some microseconds however short it is, so that a body of short ones would take a
/// hundred times as long as one text of its size; the longest lists that APIs take have some thousand.
const MOST_TEXTS: usize = 20_000;

/// Why a body cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BodyProblem {
    /// It is not the JSON that may pass.
    #[error("{0}")]
    Json(#[from] JsonProblem),
    /// It is a form that is not read in one way only.
    #[error("{0}")]
    Form(#[from] FormProblem),
    /// Its top is not an object.
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// Its top is a list, and not one of objects.
    #[error("a list of calls must hold one or more JSON objects and nothing else")]
    NotAList,
    /// A header cannot be read, or not in one way only.
    #[error("the header `{name}` {what}")]
    Header {
        /// Its name.
        name: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A field is missing or of the wrong type.
    #[error("`{field}` {expected}")]
    Field {
        /// Which field.
        field: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A key is a known one in other letters; lenient parsers take it for that.
    #[error("the key `{key}` differs from `{known}` only in case; write `{known}`")]
    TwinKey {
        /// As written.
        key: String,
        /// As it should be.
        known: String,
    },
    /// A field would choose where the request goes, or as whom.
    #[error(
        "`{field}` chooses where a request goes or as whom, which is for the gate to say; leave it out"
    )]
    Rerouting {
        /// Which field.
        field: String,
    },
    /// There are too many messages.
    #[error("there are {found} messages; at most {limit} are taken")]
    TooManyMessages {
        /// How many there are.
        found: usize,
        /// The limit.
        limit: usize,
        /// Where they stand.
        field: String,
    },
    /// There are too many texts, each of which would be screened by itself.
    #[error("there are {found} texts (strings and unknown keys); at most {MOST_TEXTS} are taken")]
    TooManyTexts {
        /// How many there are.
        found: usize,
    },
}

impl BodyProblem {
    /// A stable name for clients and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(problem) => problem.code(),
            Self::Form(problem) => problem.code(),
            Self::NotAnObject | Self::NotAList => "top_level_not_object",
            Self::Header { .. } => "invalid_header",
            Self::Field { .. } => "invalid_field",
            Self::TwinKey { .. } => "ambiguous_key",
            Self::Rerouting { .. } => "forbidden_field",
            Self::TooManyMessages { .. } => "too_many_messages",
            Self::TooManyTexts { .. } => "too_many_texts",
        }
    }

    /// Whether there are no more texts than are screened.
    pub(in crate::wire) const fn of_texts(found: usize) -> Result<(), Self> {
        if found > MOST_TEXTS { Err(Self::TooManyTexts { found }) } else { Ok(()) }
    }

    pub(super) fn twin(twin: &TwinKey, doc: &Doc, bytes: &[u8]) -> Self {
        let key = doc.key(twin.node, bytes).unwrap_or_default();
        Self::TwinKey { key: key.chars().take(KEY_SHOWN).collect(), known: twin.known.clone() }
    }

    /// The field that is at fault, if one is.
    pub fn param(&self) -> Option<&str> {
        match self {
            Self::Field { field, .. }
            | Self::Rerouting { field }
            | Self::TooManyMessages { field, .. } => Some(field),
            Self::Json(_)
            | Self::Form(_)
            | Self::NotAnObject
            | Self::NotAList
            | Self::Header { .. }
            | Self::TooManyTexts { .. }
            | Self::TwinKey { .. } => None,
        }
    }
}
