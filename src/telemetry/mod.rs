//! One event gives a metric, a decision record and a log line, declared once.
//!
//! It is the only module that knows `prometheus` and the format of records. No text, key or personal
//! datum passes through it.

mod clock;
mod events;
mod feed;
mod log;
mod metrics;
mod notices;
mod records;
mod spans;
mod trace;

pub use clock::Clock;
pub use events::{StreamCut, UpstreamCall};
pub use feed::{Feed, MOST_WAITING, MOST_WATCHERS, Seen, Watcher};
pub use log::{LogFormat, hush_panics, init_log};
pub use metrics::{METRICS, MetricDefinition, Metrics};
pub use notices::{Notice, Notices};
pub use records::{
    Checkpoint, CheckpointSettings, ClassifierRecord, DecisionRecord, FileSink, FindingRecord,
    MOST_TEXT, PassageRecord, Post, RecordSettings, RecordSink, Records, RecordsState, RuleRecord,
    ScreenedText, Sync, Undelivered, record_schema,
};
pub use spans::{Attribute, Span, SpanKind, SpanQueue, Spans, encode};
pub use trace::TraceContext;

use std::sync::Arc;

/// Where events go.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// The decision records.
    pub records: Records,
    /// Those who asked to be told of what happens.
    pub notices: Notices,
    /// Decisions, for those who watch.
    pub feed: Feed,
    /// The spans of traces, where these are sent.
    pub spans: Option<Spans>,
    /// The time.
    pub clock: Clock,
}
