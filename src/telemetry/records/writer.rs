//! The one writer: takes records out of the queue, seals them, and sees to it that the target gets them.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::thread::sleep;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use super::batch::Batch;
use super::record::{Checkpoint, DecisionRecord};
use super::shared::{Message, Shared};
use super::target::{Target, Undelivered};
use crate::audit::{CHECKPOINT_SCHEMA, Chain, MOST_LINE, Signer};
use crate::telemetry::{Clock, Metrics};

/// The most lines of one batch.
const MOST_LINES: usize = 512;
/// The most bytes of one batch, but for its last line.
const MOST_BYTES: usize = 1 << 20;
/// Pauses between tries while a target is broken.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long records pile up behind the first: waking a thread for each would cost more than all else that is done for it.
const PILE_UP: Duration = Duration::from_millis(5);
/// How often it is looked, in a pause, whether the process is to end.
const LOOK: Duration = Duration::from_millis(20);
/// The most bytes of a torn line that are shown.
const MOST_TORN: usize = 64 << 10;

/// How often the chain is vouched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointSettings {
    /// After so many lines at the latest.
    pub records: u64,
    /// After so long, where there were records.
    pub every: Duration,
    /// A file that gets each checkpoint too.
    pub file: Option<PathBuf>,
}

impl Default for CheckpointSettings {
    fn default() -> Self {
        Self { records: 10_000, every: Duration::from_secs(60), file: None }
    }
}

pub(super) struct Writer {
    pub(super) target: Box<dyn Target>,
    pub(super) checkpoints: CheckpointSettings,
    pub(super) signer: Option<Arc<Signer>>,
    pub(super) shared: Arc<Shared>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: Clock,
    pub(super) chain: Chain,
    pub(super) batch: Batch,
    /// Lines since the last checkpoint.
    pub(super) since: u64,
    /// When the next one is due, if there are any.
    pub(super) due: Instant,
    /// Whether the last batch had no room for more.
    pub(super) was_full: bool,
    /// Checkpoints in the batch: why there is one, and its line.
    pub(super) anchors: Vec<(&'static str, String)>,
    /// Lost records that a checkpoint has told of.
    pub(super) told_lost: u64,
}

impl Writer {
    /// Writes until there is nothing left to write. `opened` is told how the first line went.
    pub(super) fn run(
        mut self,
        queue: &Receiver<Message>,
        opened: &SyncSender<Result<(), String>>,
    ) {
        let told = |how| opened.try_send(how).unwrap_or_default();
        if !self.open(&told) {
            return self.give_up(queue);
        }
        told(Ok(()));
        let mut last = false;
        while !last {
            if self.target.is_full() && !self.rotate(&told) {
                return self.give_up(queue);
            }
            last = self.collect(queue);
            if last {
                self.checkpoint("stop", None);
            }
            if !self.deliver(&told) {
                return self.give_up(queue);
            }
        }
        self.sync();
    }

    /// Opens the target and writes the first line; `false` if the process ends before that.
    fn open(&mut self, told: &impl Fn(Result<(), String>)) -> bool {
        let mut pause = FIRST_PAUSE;
        let opening = loop {
            match self.target.open() {
                Ok(opening) => break opening,
                Err(error) => {
                    self.shared.fails(&error.to_string(), &self.metrics);
                    told(Err(error.to_string()));
                    if !self.rest(&mut pause) {
                        return false;
                    }
                }
            }
        };
        if let Some(last) = &opening.last {
            self.chain = Chain::after(last);
        }
        let torn = opening.torn.map(|bytes| {
            warn!(bytes = bytes.len(), "the last record of the process before was cut off; the next line of the log has what is left of it");
            let shown = bytes.get(..MOST_TORN).unwrap_or(&bytes);
            (String::from_utf8_lossy(shown).into_owned(), bytes.len())
        });
        self.checkpoint("start", torn);
        self.deliver(told)
    }

    /// Fills the batch, waiting for a first record; whether no more come.
    fn collect(&mut self, queue: &Receiver<Message>) -> bool {
        let first = match self.since {
            0 => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
            _ => queue.recv_timeout(self.due.saturating_duration_since(Instant::now())),
        };
        let mut next = match first {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => {
                self.checkpoint("interval", None);
                return false;
            }
            Err(RecvTimeoutError::Disconnected) => return true,
        };
        // What piles up goes out together; where there is much, it has done so while the batch before was written.
        if !self.was_full {
            sleep(PILE_UP);
        }
        while let Some(message) = next {
            match message {
                Message::Record(record) => self.record(&record),
                Message::Stop => return true,
            }
            if self.since + 1 >= self.checkpoints.records {
                self.checkpoint("interval", None);
            }
            let has_room = self.batch.lines() < MOST_LINES && self.batch.bytes() < MOST_BYTES;
            self.was_full = !has_room;
            next = has_room.then(|| queue.try_recv().ok()).flatten();
        }
        if self.since > 0 && self.due <= Instant::now() {
            self.checkpoint("interval", None);
        }
        false
    }

    fn record(&mut self, record: &DecisionRecord) {
        self.shared.taken(record);
        let Ok(mut line) = serde_json::to_string(record) else {
            return self.shared.lost(1, &self.metrics);
        };
        if line.len() > MOST_LINE / 2 {
            warn!(bytes = line.len(), "a record is too long for a line and is lost");
            return self.shared.lost(1, &self.metrics);
        }
        self.chain.seal(&mut line, None);
        self.batch.push_record(&line);
        if self.since == 0 {
            self.due = Instant::now() + self.checkpoints.every;
        }
        self.since += 1;
    }

    fn checkpoint(&mut self, reason: &'static str, torn: Option<(String, usize)>) {
        let lost = self.shared.lost.load(Ordering::Relaxed);
        let (torn, torn_bytes) = torn.unzip();
        let checkpoint = Checkpoint {
            schema: CHECKPOINT_SCHEMA,
            ts: self.clock.now().to_string(),
            reason,
            every_records: self.checkpoints.records,
            every_seconds: self.checkpoints.every.as_secs(),
            lost: lost - self.told_lost,
            key: self.signer.as_ref().map(|signer| signer.public().name()),
            version: env!("CARGO_PKG_VERSION"),
            torn,
            torn_bytes,
        };
        self.told_lost = lost;
        let Ok(mut line) = serde_json::to_string(&checkpoint) else { return };
        self.chain.seal(&mut line, self.signer.as_deref());
        self.batch.push(&line);
        self.since = 0;
        self.anchors.push((reason, line));
    }

    /// Tells of checkpoints that the target has. Whoever has such a line elsewhere can tell that the end of the chain was
    /// cut off, so none is told of before.
    fn tell(&mut self) {
        if self.anchors.is_empty() {
            return;
        }
        self.sync();
        for (reason, line) in self.anchors.drain(..) {
            if reason == "start" {
                debug!(checkpoint = line, "checkpoint of the decision records");
            } else {
                info!(checkpoint = line, "checkpoint of the decision records");
            }
            let Some(path) = &self.checkpoints.file else { continue };
            let file = OpenOptions::new().create(true).append(true).open(path);
            if let Err(error) = file.and_then(|mut file| writeln!(file, "{line}")) {
                error!(path = %path.display(), %error, "a checkpoint was not written to `audit.checkpoint.file`");
            }
        }
    }

    /// Delivers the batch; `false` if the process ends before that.
    fn deliver(&mut self, told: &impl Fn(Result<(), String>)) -> bool {
        let mut pause = FIRST_PAUSE;
        while !self.batch.is_empty() {
            match self.target.deliver(&mut self.batch) {
                Ok(()) => self.batch.clear(),
                Err(Undelivered { why, for_good: true }) if !self.shared.required => {
                    self.shared.fails(&why, &self.metrics);
                    if self.batch.skip_line() {
                        self.shared.lost(1, &self.metrics);
                    }
                    if self.batch.rest().is_empty() {
                        self.batch.clear();
                    }
                }
                Err(Undelivered { why, .. }) => {
                    self.shared.fails(&why, &self.metrics);
                    told(Err(why));
                    if !self.rest(&mut pause) {
                        return false;
                    }
                }
            }
        }
        self.shared.works(&self.metrics);
        self.metrics.records_head(self.chain.seq());
        self.tell();
        true
    }

    fn sync(&mut self) {
        let mut pause = FIRST_PAUSE;
        while let Err(error) = self.target.sync() {
            self.shared.fails(&error.to_string(), &self.metrics);
            if !self.rest(&mut pause) {
                return;
            }
        }
        self.shared.works(&self.metrics);
    }

    /// Ends a segment with a checkpoint and begins another.
    fn rotate(&mut self, told: &impl Fn(Result<(), String>)) -> bool {
        self.checkpoint("rotation", None);
        if !self.deliver(told) {
            return false;
        }
        if let Err(error) = self.target.rotate() {
            error!(%error, "the file of decision records cannot be rotated; it goes on");
        }
        true
    }

    /// Waits a little longer each time; `false` when the process ends and no time is left.
    fn rest(&self, pause: &mut Duration) -> bool {
        let until = Instant::now() + *pause;
        while Instant::now() < until {
            if self.shared.stopping.load(Ordering::Relaxed) {
                return false;
            }
            sleep(LOOK);
        }
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        true
    }

    /// What has not been delivered is lost.
    fn give_up(&mut self, queue: &Receiver<Message>) {
        let waiting = queue.try_iter().filter(|message| matches!(message, Message::Record(_)));
        let lost = (waiting.count() + self.batch.records()) as u64;
        if lost > 0 {
            self.shared.lost(lost, &self.metrics);
            error!(
                lost,
                "decision records were lost, because their target did not take them until the end"
            );
        }
    }
}

/// The name of a new chain.
pub(super) fn new_chain() -> Chain {
    Chain::new(Uuid::now_v7().to_string())
}
