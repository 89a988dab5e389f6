//! The OpenAI chat and legacy completions APIs.
//!
//! Tables say where text sits (`tables`); the other files read and change requests, whole answers and
//! streamed events by them, and write refusals and endings as the official SDKs accept them.

mod ending;
mod refusal;
mod request;
mod response;
mod stream;
mod tables;

pub use ending::{Ending, StreamMeta, error_event, keep_alive, stop_choice, usage_and_done};
pub use refusal::{POLICY_VIOLATION, RefusalShape, answer_body, answer_stream, error_body};
pub use request::{MediaPart, PassageEdit, Request, Unsplicable};
pub use response::{ChoicePassage, Response, StoppedChoice};
pub use stream::{
    Channel, Event, EventKind, EventProblem, Fragment, FragmentEdit, Part, read_event, text_chunk,
};

use std::sync::LazyLock;

use thiserror::Error;

use super::json::JsonProblem;
use super::table::Table;

/// One API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `POST /v1/chat/completions`
    Chat,
    /// `POST /v1/completions`
    Completions,
}

impl Dialect {
    /// The dialect of a path, which may have any prefix before its own.
    pub fn of_path(path: &str) -> Option<Self> {
        if path.ends_with("/chat/completions") {
            Some(Self::Chat)
        } else if path.ends_with("/completions") {
            Some(Self::Completions)
        } else {
            None
        }
    }

    /// Its name in records and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chat => "openai.chat",
            Self::Completions => "openai.completions",
        }
    }

    /// The path under which it is served.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Completions => "/v1/completions",
        }
    }

    /// The field that holds the prompt, for `param` in errors.
    pub const fn prompt_param(self) -> &'static str {
        match self {
            Self::Chat => "messages",
            Self::Completions => "prompt",
        }
    }

    fn request_table(self) -> &'static Table {
        static CHAT: LazyLock<Table> =
            LazyLock::new(|| Table::new(&[tables::COMMON_REQUEST, tables::CHAT_REQUEST]));
        static COMPLETIONS: LazyLock<Table> =
            LazyLock::new(|| Table::new(&[tables::COMMON_REQUEST, tables::COMPLETIONS_REQUEST]));
        match self {
            Self::Chat => &CHAT,
            Self::Completions => &COMPLETIONS,
        }
    }

    fn response_table(self) -> &'static Table {
        static CHAT: LazyLock<Table> = LazyLock::new(|| Table::new(&[tables::CHAT_RESPONSE]));
        match self {
            Self::Chat => &CHAT,
            Self::Completions => completions_table(),
        }
    }

    fn stream_table(self) -> &'static Table {
        static CHAT: LazyLock<Table> = LazyLock::new(|| Table::new(&[tables::CHAT_STREAM]));
        match self {
            Self::Chat => &CHAT,
            Self::Completions => completions_table(),
        }
    }
}

fn completions_table() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new(&[tables::COMPLETIONS_RESPONSE]));
    &TABLE
}

/// Why a body cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BodyProblem {
    /// It is not the JSON that may pass.
    #[error("{0}")]
    Json(#[from] JsonProblem),
    /// Its top is not an object.
    #[error("the body must be a JSON object")]
    NotAnObject,
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
        known: &'static str,
    },
    /// There are too many messages.
    #[error("there are {found} messages; at most {limit} are taken")]
    TooManyMessages {
        /// How many there are.
        found: usize,
        /// The limit.
        limit: usize,
    },
}

impl BodyProblem {
    /// A stable name for clients and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(problem) => problem.code(),
            Self::NotAnObject => "top_level_not_object",
            Self::Field { .. } => "invalid_field",
            Self::TwinKey { .. } => "ambiguous_key",
            Self::TooManyMessages { .. } => "too_many_messages",
        }
    }

    /// The field that is at fault, if one is.
    pub fn param(&self) -> Option<&str> {
        match self {
            Self::Field { field, .. } => Some(field),
            Self::TooManyMessages { .. } => Some("messages"),
            Self::Json(_) | Self::NotAnObject | Self::TwinKey { .. } => None,
        }
    }
}
