//! The built-in demo model: speaks OpenAI's API without a key and without a network.
//!
//! It answers what it is told to, so that output screening can be seen: by the prompt (`script` has the
//! little language), or by a file of answers (`answers`). It is deterministic, and no model.

mod answers;
mod script;
mod server;
mod write;

pub use answers::{Answers, BadAnswer};
pub use server::serve_mock;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::time::sleep;

use super::{Answer, AnswerBody, Outgoing, UpstreamError};

/// How the demo model behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DemoSettings {
    /// Tokens a second; `None` answers at once.
    pub rate: Option<f64>,
}

impl Default for DemoSettings {
    fn default() -> Self {
        Self { rate: Some(50.0) }
    }
}

/// The demo model.
#[derive(Clone, Debug, Default)]
pub struct Demo {
    settings: DemoSettings,
    /// What it answers before it looks for directives in a prompt.
    answers: Arc<Answers>,
}

/// What the demo answers to one request, before any time has passed.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    /// Pieces of the body, each after a pause.
    pub(crate) pieces: Vec<(Duration, Bytes)>,
    /// Whether the connection breaks off after the last piece.
    pub(crate) breaks_off: bool,
}

/// The body of a reply, piece by piece.
#[derive(Debug)]
pub struct DemoBody {
    pieces: std::vec::IntoIter<(Duration, Bytes)>,
    breaks_off: bool,
}

impl Demo {
    /// A demo model with these settings.
    pub fn new(settings: DemoSettings) -> Self {
        Self { settings, answers: Arc::default() }
    }

    /// The same with these answers.
    #[must_use]
    pub fn with_answers(self, answers: Answers) -> Self {
        Self { answers: Arc::new(answers), ..self }
    }

    /// What it answers.
    pub(crate) fn reply(&self, method: &Method, path: &str, body: &[u8]) -> Reply {
        write::reply(self.settings, &self.answers, method, path, body)
    }

    pub(super) async fn send(&self, request: &Outgoing) -> Result<Answer, UpstreamError> {
        let path = request.path_and_query.split('?').next().unwrap_or_default();
        let reply = self.reply(&request.method, path, &request.body);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
        headers.insert("x-request-id", HeaderValue::from_static("req_demo"));
        let mut pieces = reply.pieces.into_iter();
        if let Some((pause, first)) = pieces.next() {
            sleep(pause).await;
            let rest: Vec<_> = std::iter::once((Duration::ZERO, first)).chain(pieces).collect();
            pieces = rest.into_iter();
        }
        let body = DemoBody { pieces, breaks_off: reply.breaks_off };
        Ok(Answer { status: reply.status, headers, body: AnswerBody::Demo(Box::new(body)) })
    }
}

impl DemoBody {
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, UpstreamError>> {
        match self.pieces.next() {
            Some((pause, piece)) => {
                if !pause.is_zero() {
                    sleep(pause).await;
                }
                Some(Ok(piece))
            }
            None if self.breaks_off => {
                self.breaks_off = false;
                Some(Err(UpstreamError::Broken("the demo model was told to".to_owned())))
            }
            None => None,
        }
    }
}
