//! What the threads of the store and those who hold it both see.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::{info, warn};

use super::decisions::KeptDecision;
use super::handle::StoreSettings;
use super::{Connection, StoreError};

/// The most jobs that wait for the thread that writes, or for those that read.
pub(super) const MOST_JOBS: usize = 4096;
/// The most decisions that wait to be written; what comes beyond that is counted as lost.
pub(super) const MOST_DECISIONS: usize = 8192;
/// The most bytes of them.
const MOST_BYTES: usize = 64 << 20;
/// How long an answer is waited for. A transaction that takes longer makes the database one that is away.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) settings: StoreSettings,
    /// Why the database cannot be reached, while it cannot.
    away: Mutex<Option<String>>,
    is_away: AtomicBool,
    /// When the transaction began that is under way, in milliseconds since the start; 0 where there is none.
    busy_since: AtomicU64,
    started: Instant,
    jobs: AtomicUsize,
    waiting: AtomicU64,
    bytes: AtomicUsize,
    lost: AtomicU64,
}

pub(super) type Job = Box<dyn Task>;

pub(super) enum Work {
    Job(Job),
    Decision(Box<KeptDecision>),
    Stop,
}

impl std::fmt::Debug for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Work")
    }
}

/// Something to do with a connection, in a transaction that others may share.
pub(super) trait Task: Send {
    fn run(&mut self, connection: &mut dyn Connection) -> Result<(), StoreError>;
    /// Whether somebody still waits for it.
    fn is_awaited(&self) -> bool;
    /// Tells whoever asked, after the commit.
    fn tell(self: Box<Self>, committed: Result<(), StoreError>);
}

impl std::fmt::Debug for dyn Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Task")
    }
}

pub(super) struct Asked<F, T> {
    pub(super) work: Option<F>,
    pub(super) found: Option<Result<T, StoreError>>,
    pub(super) asker: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Task for Asked<F, T>
where
    F: FnOnce(&mut dyn Connection) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn run(&mut self, connection: &mut dyn Connection) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        let found = work(connection);
        let ended = found.as_ref().map(|_| ()).map_err(Clone::clone);
        self.found = Some(found);
        ended
    }

    fn is_awaited(&self) -> bool {
        !self.asker.is_closed()
    }

    fn tell(self: Box<Self>, committed: Result<(), StoreError>) {
        let Self { found, asker, .. } = *self;
        let found = match committed {
            Ok(()) => found.unwrap_or(Err(StoreError::Busy)),
            Err(error) => Err(error),
        };
        // Whoever asked may have gone.
        drop(asker.send(found));
    }
}

impl Shared {
    pub(super) fn new(settings: StoreSettings) -> Self {
        Self {
            settings,
            away: Mutex::new(None),
            is_away: AtomicBool::new(false),
            busy_since: AtomicU64::new(0),
            started: Instant::now(),
            jobs: AtomicUsize::new(0),
            waiting: AtomicU64::new(0),
            bytes: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
        }
    }

    /// Nobody waits for a database that is known to be away, or that has stopped in the middle of something.
    pub(super) fn reachable(&self) -> Result<(), StoreError> {
        self.why_away().map_or(Ok(()), |why| Err(StoreError::Away(why)))
    }

    /// Why it cannot be reached, while it cannot.
    pub(super) fn why_away(&self) -> Option<String> {
        if self.is_away.load(Ordering::Relaxed) {
            return self.away.lock().unwrap_or_else(PoisonError::into_inner).clone();
        }
        let since = self.busy_since.load(Ordering::Relaxed);
        let is_stuck = since > 0 && self.millis().saturating_sub(since) > millis(ANSWER);
        is_stuck.then(|| "the database does not answer".to_owned())
    }

    /// A transaction begins, or has ended.
    pub(super) fn busy(&self, busy: bool) {
        self.busy_since.store(if busy { self.millis() } else { 0 }, Ordering::Relaxed);
    }

    fn millis(&self) -> u64 {
        millis(self.started.elapsed()).max(1)
    }

    pub(super) fn went(&self, why: &str) {
        let before =
            self.away.lock().unwrap_or_else(PoisonError::into_inner).replace(why.to_owned());
        self.is_away.store(true, Ordering::Relaxed);
        if before.is_none() {
            warn!(why, "the store is away");
        }
    }

    pub(super) fn came_back(&self) {
        if self.is_away.swap(false, Ordering::Relaxed) {
            *self.away.lock().unwrap_or_else(PoisonError::into_inner) = None;
            info!("the store is back");
        }
    }

    /// Takes room for a job, if there is any.
    pub(super) fn takes_job(&self) -> bool {
        let took = self.jobs.fetch_add(1, Ordering::Relaxed) < MOST_JOBS;
        if !took {
            self.took_job();
        }
        took
    }

    pub(super) fn took_job(&self) {
        self.jobs.fetch_sub(1, Ordering::Relaxed);
    }

    /// Takes room for a decision, if there is any; else it is lost.
    pub(super) fn takes(&self, bytes: usize) -> bool {
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting_bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let took = waiting < MOST_DECISIONS as u64 && waiting_bytes < MOST_BYTES;
        if !took {
            self.written(1, bytes);
            self.lose(1);
        }
        took
    }

    pub(super) fn written(&self, decisions: u64, bytes: usize) {
        self.waiting.fetch_sub(decisions, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn lose(&self, decisions: u64) {
        self.lost.fetch_add(decisions, Ordering::Relaxed);
    }

    pub(super) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
