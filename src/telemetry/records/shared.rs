//! What the writer and those who hand it records both see.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, info};

use super::record::DecisionRecord;
use crate::telemetry::Metrics;

/// The most records that wait for the writer; what comes beyond that is counted as lost.
pub(super) const MOST_WAITING: usize = 8192;
/// The most bytes of texts in them.
const MOST_WAITING_BYTES: usize = 64 << 20;
/// How many may wait where every decision has to be on record: the rest is for exchanges that have begun.
const ENOUGH_WAITING: usize = MOST_WAITING / 2;
/// How often the log says that records are lost.
const SAY_AGAIN: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) enum Message {
    Record(Box<DecisionRecord>),
    Stop,
}

#[derive(Debug)]
pub(super) struct Shared {
    /// The sink, as metrics name it.
    pub(super) name: &'static str,
    /// Whether no decision may take effect that is not on record.
    pub(super) required: bool,
    /// Whether the target takes nothing now.
    failing: AtomicBool,
    pub(super) stopping: AtomicBool,
    waiting: AtomicUsize,
    waiting_bytes: AtomicUsize,
    pub(super) lost: AtomicU64,
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Said {
    /// Why the target takes nothing.
    why: String,
    /// When the log last spoke of that, and of losses.
    failing: Option<Instant>,
    losing: Option<Instant>,
}

/// How the records stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordsState {
    /// Where they go.
    pub sink: &'static str,
    /// Why they cannot be written now.
    pub failing: Option<String>,
    /// How many wait to be written.
    pub waiting: usize,
    /// How many were lost since the start.
    pub lost: u64,
}

impl Shared {
    pub(super) fn new(name: &'static str, required: bool) -> Self {
        Self {
            name,
            required,
            failing: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            waiting_bytes: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
            said: Mutex::new(Said::default()),
        }
    }

    /// Takes room in the queue for a record, if there is any.
    pub(super) fn takes(&self, record: &DecisionRecord) -> bool {
        let bytes = text_bytes(record);
        let before = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        if bytes > 0 && before + bytes > MOST_WAITING_BYTES {
            self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// A record has left the queue, or has not come into it.
    pub(super) fn taken(&self, record: &DecisionRecord) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.waiting_bytes.fetch_sub(text_bytes(record), Ordering::Relaxed);
    }

    /// Whether no request is to be begun, because what is decided about it might not come on record.
    pub(super) fn refuses(&self) -> bool {
        self.required
            && (self.failing.load(Ordering::Relaxed)
                || self.waiting.load(Ordering::Relaxed) > ENOUGH_WAITING
                || self.waiting_bytes.load(Ordering::Relaxed) > MOST_WAITING_BYTES / 2)
    }

    pub(super) fn lost(&self, records: u64, metrics: &Metrics) {
        if records == 0 {
            return;
        }
        self.lost.fetch_add(records, Ordering::Relaxed);
        metrics.records_lost(self.name, records);
        // Whoever comes while another says it need not say it too.
        let Ok(mut said) = self.said.try_lock() else { return };
        if is_time(&mut said.losing) {
            let lost = self.lost.load(Ordering::Relaxed);
            error!(sink = self.name, lost, "decision records are lost");
        }
    }

    pub(super) fn fails(&self, why: &str, metrics: &Metrics) {
        self.failing.store(true, Ordering::Relaxed);
        metrics.records_up(self.name, false);
        let Ok(mut said) = self.said.lock() else { return };
        why.clone_into(&mut said.why);
        if is_time(&mut said.failing) {
            let then = if self.required {
                "requests are refused"
            } else {
                "they wait, and beyond that are lost"
            };
            error!(sink = self.name, why, "decision records cannot be written; {then}");
        }
    }

    pub(super) fn works(&self, metrics: &Metrics) {
        metrics.records_up(self.name, true);
        if self.failing.swap(false, Ordering::Relaxed) {
            info!(sink = self.name, "decision records are written again");
            if let Ok(mut said) = self.said.lock() {
                said.failing = None;
            }
        }
    }

    pub(super) fn state(&self) -> RecordsState {
        let failing = self.failing.load(Ordering::Relaxed);
        let why = || self.said.lock().map(|said| said.why.clone()).unwrap_or_default();
        RecordsState {
            sink: self.name,
            failing: failing.then(why),
            waiting: self.waiting.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
        }
    }
}

fn text_bytes(record: &DecisionRecord) -> usize {
    record.passages.iter().filter_map(|passage| passage.text.as_ref()).map(String::len).sum()
}

/// Whether something was not said for a while; it counts as said now.
fn is_time(last: &mut Option<Instant>) -> bool {
    let now = Instant::now();
    let is_time = last.is_none_or(|last| now.duration_since(last) >= SAY_AGAIN);
    if is_time {
        *last = Some(now);
    }
    is_time
}
