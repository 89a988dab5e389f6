//! Decision records: one JSON object a line, in a chain, through a bounded queue to one writer.
//!
//! Handing a record over never waits. What the writer cannot deliver it keeps and tries again; what no longer fits
//! into the queue is counted as lost.

mod batch;
mod file;
mod record;
mod shared;
mod target;
mod texts;
mod writer;

pub use file::{FileSink, Sync};
pub use record::{
    Checkpoint, ClassifierRecord, DecisionRecord, FindingRecord, PassageRecord, RuleRecord,
    record_schema,
};
pub use shared::RecordsState;
pub use target::{Post, Undelivered};
pub use texts::{MOST_TEXT, ScreenedText};
pub use writer::CheckpointSettings;

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::{Builder, sleep};
use std::time::Duration;

use tokio::time::Instant;

use super::{Clock, Metrics};
use crate::audit::Signer;
use crate::domain::KeptText;
use batch::Batch;
use file::Segments;
use shared::{MOST_WAITING, Message, Shared};
use target::{Server, Stdout, Target};
use writer::{Writer, new_chain};

/// How long the start waits for the target where every decision has to be on record.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked, at the end, whether everything is written.
const LOOK: Duration = Duration::from_millis(5);

/// Where records go.
#[derive(Debug, Default)]
pub enum RecordSink {
    /// To standard output.
    #[default]
    Stdout,
    /// To the end of a file.
    File(FileSink),
    /// To a server.
    Server(Box<dyn Post>),
    /// Nowhere.
    None,
}

/// What is recorded, and how.
#[derive(Debug, Default)]
pub struct RecordSettings {
    /// Where records go.
    pub sink: RecordSink,
    /// The share of `allow` decisions that are kept, from 0 to 1.
    pub sample_allowed: f64,
    /// The most that is kept of texts.
    pub text: KeptText,
    /// Whether no decision may take effect that is not on record.
    pub required: bool,
    /// How often the chain is vouched for.
    pub checkpoints: CheckpointSettings,
    /// Who vouches.
    pub signer: Option<Arc<Signer>>,
}

/// Takes records. A copy is the same.
#[derive(Clone, Debug)]
pub struct Records(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    queue: Option<SyncSender<Message>>,
    shared: Arc<Shared>,
    metrics: Arc<Metrics>,
    sample_allowed: f64,
    text: KeptText,
    signer: Option<Arc<Signer>>,
    /// Disconnected once the writer has ended.
    ended: Option<std::sync::Mutex<Receiver<()>>>,
}

impl Records {
    /// Takes nothing.
    pub fn none(metrics: Arc<Metrics>) -> Self {
        Self::of_nothing(metrics, None)
    }

    /// Takes nothing. Digests of texts are keyed all the same where there is a key.
    fn of_nothing(metrics: Arc<Metrics>, signer: Option<Arc<Signer>>) -> Self {
        Self(Arc::new(Inner {
            queue: None,
            shared: Arc::new(Shared::new("none", false)),
            metrics,
            sample_allowed: 0.0,
            text: KeptText::Omitted,
            signer,
            ended: None,
        }))
    }

    /// Starts the writer.
    ///
    /// # Errors
    /// When there is no thread to be had, or records are required and their target does not take the first line.
    pub fn start(
        settings: RecordSettings,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> io::Result<Self> {
        let RecordSettings { sink, sample_allowed, text, required, checkpoints, signer } = settings;
        let (target, name): (Box<dyn Target>, _) = match sink {
            RecordSink::None => return Ok(Self::of_nothing(metrics, signer)),
            RecordSink::Stdout => (Box::new(Stdout::default()), "stdout"),
            RecordSink::File(sink) => (Box::new(Segments::new(sink)), "file"),
            RecordSink::Server(post) => (Box::new(Server(post)), "http"),
        };
        let shared = Arc::new(Shared::new(name, required));
        let (queue, records) = sync_channel(MOST_WAITING);
        let (tell, opened) = sync_channel(1);
        let (end, ended) = sync_channel(1);
        let writer = Writer {
            target,
            due: Instant::now() + checkpoints.every,
            checkpoints,
            signer: signer.clone(),
            shared: Arc::clone(&shared),
            metrics: Arc::clone(&metrics),
            clock,
            chain: new_chain(),
            batch: Batch::default(),
            since: 0,
            was_full: false,
            anchors: Vec::new(),
            told_lost: 0,
        };
        Builder::new().name("decision-records".to_owned()).spawn(move || {
            writer.run(&records, &tell);
            drop(end);
        })?;
        if required && let Err(why) = first_line(&opened) {
            shared.stopping.store(true, Ordering::Relaxed);
            return Err(io::Error::other(why));
        }
        let ended = Some(std::sync::Mutex::new(ended));
        let queue = Some(queue);
        Ok(Self(Arc::new(Inner { queue, shared, metrics, sample_allowed, text, signer, ended })))
    }

    /// Whether a decision of this action is kept. `draw` is a number from 0 to 1 that the shell drew.
    pub fn keeps(&self, action: &str, draw: f64) -> bool {
        self.0.queue.is_some() && (action != "allow" || draw < self.0.sample_allowed)
    }

    /// What digests of texts are keyed with, and what vouches for the chain.
    pub fn signer(&self) -> Option<&Arc<Signer>> {
        self.0.signer.as_ref()
    }

    /// The most that is kept of texts.
    pub fn text(&self) -> KeptText {
        if self.0.queue.is_some() { self.0.text } else { KeptText::Omitted }
    }

    /// Takes a record; never waits. Whether it is on its way: `false` only where every decision has to be on record.
    pub fn write(&self, record: DecisionRecord) -> bool {
        let Inner { queue: Some(queue), shared, metrics, .. } = &*self.0 else { return true };
        if !shared.takes(&record) {
            shared.lost(1, metrics);
            return !shared.required;
        }
        match queue.try_send(Message::Record(Box::new(record))) {
            Ok(()) => true,
            Err(error) => {
                if matches!(error, TrySendError::Disconnected(_)) {
                    shared.fails("its writer has ended", metrics);
                }
                let (TrySendError::Full(message) | TrySendError::Disconnected(message)) = error;
                if let Message::Record(record) = message {
                    shared.taken(&record);
                }
                shared.lost(1, metrics);
                !shared.required
            }
        }
    }

    /// Whether no request is to be begun, because every decision has to be on record and can be on none now.
    pub fn refuses(&self) -> bool {
        self.0.shared.refuses()
    }

    /// How the records stand; `None` where there are none.
    pub fn state(&self) -> Option<RecordsState> {
        self.0.queue.is_some().then(|| self.0.shared.state())
    }

    /// Waits until everything is written, at most so long; what is not is counted as lost, and the log says so.
    pub fn close(&self, limit: Duration) {
        let Inner { queue: Some(queue), shared, metrics, ended: Some(ended), .. } = &*self.0 else {
            return;
        };
        let until = Instant::now() + limit;
        while let Err(TrySendError::Full(_)) = queue.try_send(Message::Stop) {
            if Instant::now() >= until {
                break;
            }
            sleep(LOOK);
        }
        let Ok(ended) = ended.lock() else { return };
        let left = until.saturating_duration_since(Instant::now());
        if ended.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
            shared.stopping.store(true, Ordering::Relaxed);
            // The writer looks for that in its pauses, and counts what is lost.
            if ended.recv_timeout(PATIENCE / 10) == Err(RecvTimeoutError::Timeout) {
                // It hangs in its target, and will not count any more.
                let lost = shared.state().waiting as u64;
                shared.lost(lost, metrics);
                tracing::error!(lost, "decision records were lost, because their target hangs");
            }
        }
    }
}

/// How the first line went.
fn first_line(opened: &Receiver<Result<(), String>>) -> Result<(), String> {
    opened.recv_timeout(PATIENCE).unwrap_or_else(|_| Err("it took no line in 10 s".to_owned()))
}

#[cfg(test)]
mod tests;
