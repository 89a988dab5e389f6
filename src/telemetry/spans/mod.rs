//! Spans: what an exchange was made of, for a collector of traces.
//!
//! They go through a bounded queue to whoever sends them; what finds it full is counted and never waited for.

mod encode;

use std::sync::Arc;

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::Metrics;
pub use encode::encode;

/// The most spans that wait to be sent; what comes beyond that is counted as dropped.
const MOST_WAITING: usize = 8_192;
/// The most spans of one message.
const MOST_AT_ONCE: usize = 512;

/// One stretch of work.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The trace it belongs to.
    pub trace: u128,
    /// Its id.
    pub id: u64,
    /// The span it is a part of.
    pub parent: Option<u64>,
    /// What it is, such as `apply_guardrail prompt`.
    pub name: String,
    /// On which side of a call it stands.
    pub kind: SpanKind,
    /// When it began, in nanoseconds since 1970.
    pub began: u64,
    /// When it ended.
    pub ended: u64,
    /// What is known of it. No text of people is among them.
    pub attributes: Vec<(&'static str, Attribute)>,
    /// Whether it failed. A text that is blocked is no failure.
    pub failed: bool,
}

/// On which side of a call a span stands, with the numbers of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// Work of the process itself.
    Internal = 1,
    /// Somebody's request, answered.
    Server = 2,
    /// A request of ours.
    Client = 3,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number.
    Double(f64),
    /// Yes or no.
    Bool(bool),
    /// Several texts.
    Texts(Vec<String>),
}

/// Takes spans.
#[derive(Clone, Debug)]
pub struct Spans {
    queue: Sender<Span>,
    metrics: Arc<Metrics>,
    /// What part of the traces that begin here is kept.
    share: f64,
}

/// Gives them to whoever sends them.
#[derive(Debug)]
pub struct SpanQueue(Receiver<Span>);

impl Spans {
    /// A queue; of traces that begin here, `share` (from 0 to 1) is kept. Those that callers began are kept or not as they say.
    pub fn queue(share: f64, metrics: Arc<Metrics>) -> (Self, SpanQueue) {
        let (queue, spans) = channel(MOST_WAITING);
        (Self { queue, metrics, share }, SpanQueue(spans))
    }

    /// Whether a trace that begins here is kept. `draw` is a number from 0 to 1 that the shell drew.
    pub fn keeps(&self, draw: f64) -> bool {
        draw < self.share
    }

    /// Takes a span; never waits.
    pub fn push(&self, span: Span) {
        if self.queue.try_send(span).is_err() {
            self.metrics.spans("dropped", 1);
        }
    }
}

impl SpanQueue {
    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What waits, at least one span; `None` when nobody is left who could add one.
    pub async fn next(&mut self) -> Option<Vec<Span>> {
        let mut spans = Vec::new();
        (self.0.recv_many(&mut spans, MOST_AT_ONCE).await > 0).then_some(spans)
    }
}

impl From<&str> for Attribute {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Attribute {
    fn from(number: u64) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}
