//! The OpenAI chat and legacy completions APIs.
//!
//! Tables say where text sits (`tables`); the other files read and change requests, whole answers and
//! streamed events by them, and write refusals and endings as the official SDKs accept them.

mod data_url;
mod ending;
mod fragments;
mod leaves;
mod problem;
mod refusal;
mod request;
mod response;
mod splice;
mod stream;
mod tables;
mod trim;

#[cfg(test)]
mod tests;

pub use ending::{Ending, StreamMeta, done, error_event, keep_alive, stop_choice, usage_and_done};
pub use leaves::MediaPart;
pub(in crate::wire) use leaves::Reader;
pub use problem::BodyProblem;
pub use refusal::{POLICY_VIOLATION, RefusalShape, answer_body, answer_stream, error_body};
pub use request::Request;
pub use response::{ChoicePassage, Response, StoppedChoice};
pub use splice::{PassageEdit, Unsplicable};
pub use stream::{
    Channel, Event, EventKind, EventProblem, FUNCTION_CALL, Fragment, FragmentEdit, Part, Tokens,
    read_event,
};
pub use trim::{Strip, text_chunk};

use std::sync::LazyLock;

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
        // Some servers put the whole message into the last chunk.
        static CHAT: LazyLock<Table> =
            LazyLock::new(|| Table::new(&[tables::CHAT_RESPONSE, tables::CHAT_STREAM]));
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
