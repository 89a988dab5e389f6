//! The threads that talk to the database: one that writes, and some that read.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::{info, warn};

use super::decisions::{KeptDecision, insert};
use super::migrations::migrate;
use super::postgres::Postgres;
use super::retention::expire;
use super::sealed::TextKey;
use super::sqlite::Sqlite;
use super::{Connection, Engine, StoreError};
use crate::audit::Signer;

/// The most jobs that wait for the thread that writes, or for those that read.
const MOST_JOBS: usize = 4096;
/// The most decisions that wait to be written; what comes beyond that is counted as lost.
const MOST_DECISIONS: usize = 8192;
/// The most that is written in one transaction.
const MOST_TOGETHER: usize = 512;
/// Threads that read.
const READERS: usize = 2;
/// How long decisions wait for others, so that they are written together.
const GATHER: Duration = Duration::from_millis(20);
/// How long nothing is tried after the database could not be reached.
const REST: Duration = Duration::from_millis(500);
/// How often it is looked for what has expired.
const SWEEP: Duration = Duration::from_secs(60);

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
    ended: Mutex<Receiver<()>>,
}

#[derive(Debug)]
struct Shared {
    settings: StoreSettings,
    /// Why the database cannot be reached, while it cannot.
    away: Mutex<Option<String>>,
    is_away: AtomicBool,
    waiting: AtomicU64,
    lost: AtomicU64,
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

type Job = Box<dyn Task>;

enum Work {
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
trait Task: Send {
    fn run(&mut self, connection: &mut dyn Connection) -> Result<(), StoreError>;
    /// Tells whoever asked, after the commit.
    fn tell(self: Box<Self>, committed: Result<(), StoreError>);
}

impl std::fmt::Debug for dyn Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Task")
    }
}

struct Asked<F, T> {
    work: Option<F>,
    found: Option<Result<T, StoreError>>,
    asker: oneshot::Sender<Result<T, StoreError>>,
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
        let shared = Arc::new(Shared {
            settings,
            away: Mutex::new(None),
            is_away: AtomicBool::new(false),
            waiting: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        });
        if let Some(why) = &away {
            shared.went(why);
        }
        let (writes, work) = sync_channel(MOST_JOBS + MOST_DECISIONS);
        let (reads, jobs) = sync_channel(MOST_JOBS);
        let (end, ended) = sync_channel(1);
        let no_thread = |error: std::io::Error| StoreError::Away(error.to_string());
        let writer = Writer {
            shared: Arc::clone(&shared),
            connection,
            rest_until: None,
            swept: Instant::now(),
        };
        let writer = Builder::new().name("store-writer".to_owned()).spawn(move || {
            writer.run(&work);
            drop(end);
        });
        writer.map_err(no_thread)?;
        let jobs = Arc::new(Mutex::new(jobs));
        for index in 0..READERS {
            let (jobs, shared) = (Arc::clone(&jobs), Arc::clone(&shared));
            let reader = Builder::new().name(format!("store-reader-{index}"));
            reader.spawn(move || read(&shared, &jobs)).map_err(no_thread)?;
        }
        Ok(Self(Arc::new(Inner { shared, writes, reads, ended: Mutex::new(ended) })))
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
        self.0.shared.reachable()?;
        let job = Box::new(Asked { work: Some(work), found: None, asker });
        self.0.writes.try_send(Work::Job(job)).map_err(|_| StoreError::Busy)?;
        answer.await.unwrap_or(Err(StoreError::Busy))
    }

    /// Looks something up.
    ///
    /// # Errors
    /// When the database cannot be reached, or refuses it.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (asker, answer) = oneshot::channel();
        self.0.shared.reachable()?;
        let job = Box::new(Asked { work: Some(work), found: None, asker });
        self.0.reads.try_send(job).map_err(|_| StoreError::Busy)?;
        answer.await.unwrap_or(Err(StoreError::Busy))
    }

    /// Takes a decision; never waits. Whether there was room for it.
    pub fn keep(&self, decision: KeptDecision) -> bool {
        let shared = &self.0.shared;
        let waiting = shared.waiting.fetch_add(1, Ordering::Relaxed);
        let took = waiting < MOST_DECISIONS as u64
            && match self.0.writes.try_send(Work::Decision(Box::new(decision))) {
                Ok(()) => true,
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
            };
        if !took {
            shared.waiting.fetch_sub(1, Ordering::Relaxed);
            shared.lost.fetch_add(1, Ordering::Relaxed);
        }
        took
    }

    /// How it stands.
    pub fn state(&self) -> StoreState {
        let shared = &self.0.shared;
        StoreState {
            engine: shared.settings.engine.name(),
            away: shared.away.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            waiting: shared.waiting.load(Ordering::Relaxed),
            lost: shared.lost.load(Ordering::Relaxed),
        }
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
        if self.0.writes.send(Work::Stop).is_ok() {
            let ended = self.0.ended.lock().unwrap_or_else(PoisonError::into_inner);
            // It ends by being disconnected.
            if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                warn!("the store has not taken everything in time");
            }
        }
        let lost = self.0.shared.waiting.load(Ordering::Relaxed);
        if lost > 0 {
            warn!(lost, "decisions could not be written to the store before the end");
        }
    }
}

impl Shared {
    /// Nobody waits for a database that is known to be away.
    fn reachable(&self) -> Result<(), StoreError> {
        if !self.is_away.load(Ordering::Relaxed) {
            return Ok(());
        }
        let why = self.away.lock().unwrap_or_else(PoisonError::into_inner).clone();
        why.map_or(Ok(()), |why| Err(StoreError::Away(why)))
    }

    fn went(&self, why: &str) {
        let before =
            self.away.lock().unwrap_or_else(PoisonError::into_inner).replace(why.to_owned());
        self.is_away.store(true, Ordering::Relaxed);
        if before.is_none() {
            warn!(why, "the store is away");
        }
    }

    fn came_back(&self) {
        if self.is_away.swap(false, Ordering::Relaxed) {
            *self.away.lock().unwrap_or_else(PoisonError::into_inner) = None;
            info!("the store is back");
        }
    }
}

fn connect(engine: &Engine, reads_only: bool) -> Result<Box<dyn Connection>, StoreError> {
    Ok(match engine {
        Engine::Sqlite(path) => Box::new(Sqlite::open(path, reads_only)?),
        Engine::Postgres { .. } => Box::new(Postgres::connect(engine, reads_only)?),
    })
}

/// A connection that writes, to tables that are up to date.
fn opened(engine: &Engine) -> Result<Box<dyn Connection>, StoreError> {
    let mut connection = connect(engine, false)?;
    within(&mut *connection, |connection| migrate(connection))?;
    Ok(connection)
}

/// Does something in a transaction of its own.
fn within<T>(
    connection: &mut dyn Connection,
    work: impl FnOnce(&mut dyn Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.begin()?;
    let done = work(connection).and_then(|done| connection.script("COMMIT").map(|()| done));
    if done.is_err() {
        // A connection that broke has rolled back by itself.
        drop(connection.script("ROLLBACK"));
    }
    done
}

struct Writer {
    shared: Arc<Shared>,
    connection: Option<Box<dyn Connection>>,
    /// Nothing is tried before.
    rest_until: Option<Instant>,
    swept: Instant,
}

impl Writer {
    fn run(mut self, work: &Receiver<Work>) {
        let mut decisions: Vec<KeptDecision> = Vec::new();
        let mut since: Option<Instant> = None;
        loop {
            let is_away = self.shared.is_away.load(Ordering::Relaxed);
            let wait = match since {
                _ if is_away => REST,
                Some(since) => GATHER.saturating_sub(since.elapsed()),
                None => SWEEP,
            };
            let first = match work.recv_timeout(wait) {
                Ok(work) => Some(work),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some(Work::Stop),
            };
            let mut jobs: Vec<Job> = Vec::new();
            let mut stop = false;
            let more = std::iter::from_fn(|| work.try_recv().ok());
            for work in first.into_iter().chain(more) {
                match work {
                    Work::Job(job) => jobs.push(job),
                    Work::Decision(decision) => decisions.push(*decision),
                    Work::Stop => stop = true,
                }
                if jobs.len() + decisions.len() >= MOST_TOGETHER {
                    break;
                }
            }
            let due = since.is_some_and(|since| since.elapsed() >= GATHER);
            if !jobs.is_empty() || due || stop || decisions.len() >= MOST_TOGETHER {
                self.commit(&mut decisions, jobs);
            }
            since =
                if decisions.is_empty() { None } else { since.or_else(|| Some(Instant::now())) };
            if stop {
                return;
            }
            self.sweep();
        }
    }

    /// Writes what there is in one transaction, and tells everybody. Decisions that cannot be written now stay.
    fn commit(&mut self, decisions: &mut Vec<KeptDecision>, mut jobs: Vec<Job>) {
        let key = self.shared.settings.key.as_ref();
        let connection = match connected(&self.shared, &mut self.connection, &mut self.rest_until) {
            Ok(connection) => connection,
            Err(error) => {
                self.shared.gives_up(decisions);
                for job in jobs {
                    job.tell(Err(error.clone()));
                }
                return;
            }
        };
        let mut told: Vec<Result<(), StoreError>> = Vec::with_capacity(jobs.len());
        let written = within(connection, |connection| {
            for decision in decisions.iter() {
                insert(connection, key, decision)?;
            }
            for job in &mut jobs {
                connection.script("SAVEPOINT one")?;
                let ended = job.run(connection);
                let broken = connection.is_broken();
                if let Err(error) = &ended
                    && broken
                {
                    return Err(error.clone());
                }
                connection.script(match ended {
                    Ok(()) => "RELEASE SAVEPOINT one",
                    Err(_) => "ROLLBACK TO SAVEPOINT one; RELEASE SAVEPOINT one",
                })?;
                told.push(ended);
            }
            Ok(())
        });
        match written {
            Ok(()) => {
                let count = decisions.len() as u64;
                self.shared.waiting.fetch_sub(count, Ordering::Relaxed);
                decisions.clear();
                self.shared.came_back();
                for (job, told) in jobs.into_iter().zip(told) {
                    job.tell(told);
                }
            }
            Err(error) => {
                self.shared.went(&error.to_string());
                self.connection =
                    self.connection.take().filter(|connection| !connection.is_broken());
                self.rest_until = Some(Instant::now() + REST);
                self.shared.gives_up(decisions);
                for job in jobs {
                    job.tell(Err(error.clone()));
                }
            }
        }
    }

    /// Takes out what has expired, a little at a time, and finds out whether the database is back.
    fn sweep(&mut self) {
        let is_away = self.shared.is_away.load(Ordering::Relaxed);
        if self.swept.elapsed() < SWEEP && !is_away {
            return;
        }
        let now = (self.shared.settings.now.0)();
        let Ok(connection) = connected(&self.shared, &mut self.connection, &mut self.rest_until)
        else {
            return;
        };
        self.swept = Instant::now();
        match within(connection, |connection| expire(connection, now)) {
            Ok(_) => self.shared.came_back(),
            Err(error) => {
                self.shared.went(&error.to_string());
                self.rest_until = Some(Instant::now() + REST);
                self.connection =
                    self.connection.take().filter(|connection| !connection.is_broken());
            }
        }
    }
}

impl Shared {
    /// Of decisions that cannot be written now, only so many are kept for later.
    fn gives_up(&self, decisions: &mut Vec<KeptDecision>) {
        let too_many = decisions.len().saturating_sub(MOST_DECISIONS / 2);
        decisions.drain(..too_many);
        self.waiting.fetch_sub(too_many as u64, Ordering::Relaxed);
        self.lost.fetch_add(too_many as u64, Ordering::Relaxed);
    }
}

/// The connection, made anew where there is none; not before the rest after a failure is over.
fn connected<'c>(
    shared: &Shared,
    connection: &'c mut Option<Box<dyn Connection>>,
    rest_until: &mut Option<Instant>,
) -> Result<&'c mut dyn Connection, StoreError> {
    if rest_until.is_some_and(|until| Instant::now() < until) {
        shared.reachable()?;
    }
    if connection.is_none() {
        match opened(&shared.settings.engine) {
            Ok(new) => *connection = Some(new),
            Err(error) => {
                shared.went(&error.to_string());
                *rest_until = Some(Instant::now() + REST);
                return Err(error);
            }
        }
    }
    let none = || StoreError::Away("there is no connection".to_owned());
    connection.as_deref_mut().map(|c| c as &mut dyn Connection).ok_or_else(none)
}

fn read(shared: &Shared, jobs: &Mutex<Receiver<Job>>) {
    let mut connection: Option<Box<dyn Connection>> = None;
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = job else { return };
        if connection.is_none() {
            match connect(&shared.settings.engine, true) {
                Ok(new) => connection = Some(new),
                Err(error) => {
                    job.tell(Err(error));
                    continue;
                }
            }
        }
        let Some(open) = connection.as_deref_mut() else { continue };
        // One snapshot for all that a job reads.
        let read = within(open, |connection| job.run(connection));
        let broken = open.is_broken();
        job.tell(read);
        if broken {
            connection = None;
        }
    }
}
