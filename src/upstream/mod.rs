//! The model side: sends a request to an upstream and gives back head and body.
//!
//! It screens nothing and knows no policy. Dropping an answer cancels the request.

pub mod demo;
mod headers;
mod own;
mod remote;
mod trust;

pub use headers::{
    UpstreamKey, forward_own_headers, forward_request_headers, forward_response_headers,
};
pub use own::OwnAddresses;
pub use remote::{Remote, RemoteBody, RemoteError, RemoteSettings};
pub use trust::{Authorities, AuthoritiesError, trusting};

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use thiserror::Error;

use demo::Demo;

/// A model server.
#[derive(Debug)]
pub enum Upstream {
    /// Over the network.
    Remote(Box<Remote>),
    /// The built-in demo model, without a socket.
    Demo(Demo),
}

/// A request to an upstream.
#[derive(Debug)]
pub struct Outgoing {
    /// The method.
    pub method: http::Method,
    /// Path and query, as the route has them.
    pub path_and_query: String,
    /// Headers, ready to be sent.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// The head of an answer, and its body to come.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// Headers as they came.
    pub headers: HeaderMap,
    /// The body.
    pub body: AnswerBody,
}

/// The body of an answer. Dropping it cancels the request.
#[derive(Debug)]
pub enum AnswerBody {
    /// From the network.
    Remote(Box<RemoteBody>),
    /// From the demo model.
    Demo(Box<demo::DemoBody>),
}

/// Why an upstream gave no answer, or not a whole one.
///
/// What it displays may be told to clients; what lies behind it, which can name hosts and certificates,
/// is [`UpstreamError::cause`], for operators alone.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UpstreamError {
    /// No connection could be made.
    #[error("no connection to the upstream")]
    Connect(String),
    /// It took too long.
    #[error("the upstream took too long ({0})")]
    Timeout(&'static str),
    /// It broke the connection or the protocol.
    #[error("the upstream broke off")]
    Broken(String),
    /// Its answer is larger than may be held.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

impl UpstreamError {
    /// A stable word for metrics.
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect_error",
            Self::Timeout(_) => "timeout",
            Self::Broken(_) | Self::TooLarge(_) => "protocol_error",
        }
    }

    /// What lies behind it, for logs: what the system, TLS or the protocol said. Empty where nothing does.
    pub fn cause(&self) -> &str {
        match self {
            Self::Connect(cause) | Self::Broken(cause) => cause,
            Self::Timeout(_) | Self::TooLarge(_) => "",
        }
    }
}

impl Upstream {
    /// Sends a request. The answer's head is there when this returns.
    pub async fn send(&self, request: Outgoing) -> Result<Answer, UpstreamError> {
        match self {
            Self::Remote(remote) => remote.send(request).await,
            Self::Demo(demo) => demo.send(&request).await,
        }
    }

    /// The credential that replaces the client's, if one is configured.
    pub fn key(&self) -> Option<&UpstreamKey> {
        match self {
            Self::Remote(remote) => remote.key(),
            Self::Demo(_) => None,
        }
    }
}

impl AnswerBody {
    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, UpstreamError>> {
        match self {
            Self::Remote(body) => body.next().await,
            Self::Demo(body) => body.next().await,
        }
    }

    /// The whole body, if it is at most `limit` bytes.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, UpstreamError> {
        let mut whole = bytes::BytesMut::new();
        while let Some(piece) = self.next().await {
            whole.extend_from_slice(&piece?);
            if whole.len() > limit {
                return Err(UpstreamError::TooLarge(limit));
            }
        }
        Ok(whole.freeze())
    }
}

/// The limits of time of one upstream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpstreamTimeouts {
    /// To make a connection.
    pub connect: Duration,
    /// From sending the request to the head of the answer.
    pub first_byte: Duration,
    /// Between two pieces of the body.
    pub idle: Duration,
    /// For the whole answer.
    pub total: Duration,
}

impl Default for UpstreamTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(600),
        }
    }
}
