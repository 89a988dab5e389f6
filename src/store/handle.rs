//! The store as others hold it: what is to be done is queued, and the answer is waited for.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, sleep};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use tracing::warn;

use super::decisions::KeptDecision;
use super::sealed::TextKey;
use super::shared::{ANSWER, Asked, Job, MOST_DECISIONS, MOST_JOBS, Shared, Work};
use super::worker::{Writer, opened, read};
use super::{Connection, Engine, StoreError};
use crate::audit::Signer;

/// Threads that look up what a request waits for.
const READERS: usize = 2;
/// The most searches that wait.
const MOST_SEARCHES: usize = 64;
/// How often it is looked, at the end, whether there is room to say that it is the end.
const LOOK: Duration = Duration::from_millis(5);

/// What a store is made of.
#[derive(Debug)]
pub struct StoreSettings {
    /// The database.
    pub engine: Engine,
    /// What encrypts texts.
    pub key: Option<TextKey>,
    /// What signs the ledger.
    pub signer: Option<Arc<Signer>>,
    /// Whether a server that cannot be reached at the start is waited for, as it is later.
    pub waits: bool,
    /// The time.
    pub now: Now,
}

/// Tells the time, in milliseconds since 1970.
#[derive(Clone)]
pub struct Now(pub Arc<dyn Fn() -> i64 + Send + Sync>);

impl std::fmt::Debug for Now {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Now")
    }
}

/// A store. A copy is the same.
#[derive(Clone, Debug)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    writes: SyncSender<Work>,
    reads: SyncSender<Job>,
    searches: SyncSender<Job>,
    ended: Mutex<Receiver<()>>,
}

/// How the store stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreState {
    /// `sqlite` or `postgres`.
    pub engine: &'static str,
    /// Why it cannot be reached.
    pub away: Option<String>,
    /// Decisions that wait to be written.
    pub waiting: u64,
    /// Decisions that were lost since the start.
    pub lost: u64,
}

impl Store {
    /// Opens the database, brings its tables up to date, and starts the threads.
    ///
    /// # Errors
    /// When the database cannot be opened or reached, or is not one of ours. A server that cannot be reached now is waited for
    /// where the settings say so.
    pub fn start(settings: StoreSettings) -> Result<Self, StoreError> {
        let (connection, away) = match opened(&settings.engine) {
            Ok(connection) => (Some(connection), None),
            Err(StoreError::Away(why)) if settings.waits => (None, Some(why)),
            Err(error) => return Err(error),
        };
        let shared = Arc::new(Shared::new(settings));
        if let Some(why) = &away {
            shared.went(why);
        }
        let (writes, work) = sync_channel(MOST_JOBS + MOST_DECISIONS);
        let (reads, jobs) = sync_channel(MOST_JOBS);
        let (end, ended) = sync_channel(1);
        let no_thread = |error: std::io::Error| StoreError::Away(error.to_string());
        let writer = Writer::new(Arc::clone(&shared), connection);
        let writer = Builder::new().name("store-writer".to_owned()).spawn(move || {
            writer.run(&work);
            drop(end);
        });
        writer.map_err(no_thread)?;
        let (searches, long) = sync_channel(MOST_SEARCHES);
        let (jobs, long) = (Arc::new(Mutex::new(jobs)), Arc::new(Mutex::new(long)));
        let quick = (0..READERS).map(|index| (format!("store-reader-{index}"), &jobs));
        for (name, jobs) in quick.chain([("store-searcher".to_owned(), &long)]) {
            let (jobs, shared) = (Arc::clone(jobs), Arc::clone(&shared));
            let reader = Builder::new().name(name);
            reader.spawn(move || read(&shared, &jobs)).map_err(no_thread)?;
        }
        Ok(Self(Arc::new(Inner { shared, writes, reads, searches, ended: Mutex::new(ended) })))
    }

    /// Does something that changes the store; the answer comes after the commit.
    ///
    /// # Errors
    /// When the database cannot be reached, or refuses it; nothing of it was kept then, unless the connection broke at the
    /// very end, when nobody knows.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (asker, answer) = oneshot::channel();
        let shared = &self.0.shared;
        shared.reachable()?;
        let job = Box::new(Asked { work: Some(work), found: None, asker });
        if !shared.takes_job() {
            return Err(StoreError::Busy);
        }
        if self.0.writes.try_send(Work::Job(job)).is_err() {
            shared.took_job();
            return Err(StoreError::Busy);
        }
        answered(answer).await
    }

    /// Looks something up.
    ///
    /// # Errors
    /// When the database cannot be reached, or refuses it.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.look_up(&self.0.reads, work).await
    }

    /// Looks something up that may take long: one after the other on a thread of its own, so that nobody else waits for it.
    ///
    /// # Errors
    /// When the database cannot be reached, or refuses it.
    pub async fn search<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.look_up(&self.0.searches, work).await
    }

    async fn look_up<T: Send + 'static>(
        &self,
        queue: &SyncSender<Job>,
        work: impl FnOnce(&mut dyn Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (asker, answer) = oneshot::channel();
        self.0.shared.reachable()?;
        let job = Box::new(Asked { work: Some(work), found: None, asker });
        queue.try_send(job).map_err(|_| StoreError::Busy)?;
        answered(answer).await
    }

    /// Takes a decision; never waits. Whether there was room for it; what was not kept is counted as lost.
    pub fn keep(&self, decision: KeptDecision) -> bool {
        let shared = &self.0.shared;
        let bytes = decision.bytes();
        let took = shared.takes(bytes);
        if took && self.0.writes.try_send(Work::Decision(Box::new(decision))).is_err() {
            shared.written(1, bytes);
            shared.lose(1);
            return false;
        }
        took
    }

    /// How it stands.
    pub fn state(&self) -> StoreState {
        let shared = &self.0.shared;
        let away = shared.why_away();
        let engine = shared.settings.engine.name();
        StoreState { engine, away, waiting: shared.waiting(), lost: shared.lost() }
    }

    /// Whether other gates may have decided what is spoken of here.
    pub fn is_shared(&self) -> bool {
        matches!(self.0.shared.settings.engine, Engine::Postgres { .. })
    }

    /// What encrypts texts.
    pub fn key(&self) -> Option<&TextKey> {
        self.0.shared.settings.key.as_ref()
    }

    /// What signs the ledger.
    pub fn signer(&self) -> Option<&Arc<Signer>> {
        self.0.shared.settings.signer.as_ref()
    }

    /// The time, in milliseconds since 1970.
    pub fn now(&self) -> i64 {
        (self.0.shared.settings.now.0)()
    }

    /// Waits until everything is written, at most so long.
    pub fn close(&self, limit: Duration) {
        let began = Instant::now();
        let mut stop = self.0.writes.try_send(Work::Stop);
        while stop.is_err() && began.elapsed() < limit {
            sleep(LOOK);
            stop = self.0.writes.try_send(Work::Stop);
        }
        let ended = self.0.ended.lock().unwrap_or_else(PoisonError::into_inner);
        // It ends by being disconnected.
        let left = limit.saturating_sub(began.elapsed());
        if ended.recv_timeout(left) == Err(RecvTimeoutError::Timeout) {
            warn!("the store has not taken everything in time");
        }
        let lost = self.0.shared.waiting();
        if lost > 0 {
            warn!(lost, "decisions could not be written to the store before the end");
        }
    }
}

/// The answer of a thread. A database that says nothing is as good as away.
async fn answered<T>(answer: oneshot::Receiver<Result<T, StoreError>>) -> Result<T, StoreError> {
    let silent = || StoreError::Away("the database does not answer".to_owned());
    let answered = timeout(ANSWER, answer).await.map_err(|_| silent())?;
    answered.unwrap_or(Err(StoreError::Busy))
}
