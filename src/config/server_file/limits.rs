//! The most of everything, and how long it may take.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::units::{Period, Size};

/// The most of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "limits")]
pub struct Limits {
    /// Bytes of a request body as it comes.
    pub body: Size,
    /// Bytes of a request body after decompression.
    pub decompressed: Size,
    /// How many times its size a body may grow by decompression.
    #[schemars(range(min = 1))]
    pub ratio: u32,
    /// Messages of one request.
    #[schemars(range(min = 1))]
    pub messages: u32,
    /// Nesting of JSON.
    #[schemars(range(min = 1))]
    pub depth: u32,
    /// Bytes of one event of a stream.
    pub event: Size,
    /// Open connections.
    #[schemars(range(min = 1))]
    pub connections: u32,
    /// Requests that are worked on at a time; more are answered 503.
    #[schemars(range(min = 1))]
    pub in_flight: u32,
    /// Feedback that one caller gives in a minute; more is answered 429.
    #[schemars(range(min = 1))]
    pub feedback: u32,
}

/// How long clients may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "timeouts")]
pub struct Timeouts {
    /// To send the head of a request.
    pub header: Period,
    /// Between two pieces of a body.
    pub body_idle: Period,
    /// To send a whole request.
    pub request: Period,
    /// To take what we send.
    pub write_stall: Period,
    /// Between two requests of a connection.
    pub keep_alive: Period,
}

/// Times of streamed answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "stream times")]
pub struct StreamTimes {
    /// How long the head of an answer waits for the first text that may go out, so that an early block can
    /// still be a proper refusal.
    pub head_hold: Period,
    /// After how long a silence a comment is sent to keep the connection open.
    pub keep_alive: Period,
}

/// What happens to traffic that cannot be screened because of us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "a choice of what fails closed")]
pub struct Fail {
    /// While there is no policy yet.
    pub not_ready: FailMode,
    /// When something broke in us.
    pub internal_error: FailMode,
}

/// Which way to fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FailMode {
    /// Answered 503.
    #[default]
    Closed,
    /// Passed on unscreened, and counted.
    Open,
}

/// What happens after SIGTERM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "drain times")]
pub struct Drain {
    /// How long we still take requests, so that load balancers notice.
    pub delay: Period,
    /// How long open requests may still run.
    pub timeout: Period,
}

// === defaults ===

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: Size::from_bytes(4 << 20),
            decompressed: Size::from_bytes(16 << 20),
            ratio: 100,
            messages: 2_000,
            depth: 64,
            event: Size::from_bytes(1 << 20),
            connections: 10_000,
            in_flight: 1_024,
            feedback: 600,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header: Period::from_secs(10),
            body_idle: Period::from_secs(15),
            request: Period::from_secs(60),
            write_stall: Period::from_secs(60),
            keep_alive: Period::from_secs(75),
        }
    }
}

impl Default for StreamTimes {
    fn default() -> Self {
        Self { head_hold: Period::from_secs(2), keep_alive: Period::from_secs(15) }
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self { delay: Period::from_secs(5), timeout: Period::from_secs(45) }
    }
}
