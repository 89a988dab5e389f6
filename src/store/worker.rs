//! The threads that talk to the database: one that writes, and some that read.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::error;

use super::decisions::{KeptDecision, insert};
use super::migrations::migrate;
use super::postgres::Postgres;
use super::retention::expire;
use super::sealed::TextKey;
use super::shared::{Job, Shared, Work};
use super::sqlite::Sqlite;
use super::{Connection, Engine, StoreError};

/// The most that is written in one transaction.
const MOST_TOGETHER: usize = 512;
/// How long decisions wait for others, so that they are written together.
const GATHER: Duration = Duration::from_millis(20);
/// How long nothing is tried after the database could not be reached.
const REST: Duration = Duration::from_millis(500);
/// How often it is looked for what has expired, and how soon again where there is more.
const SWEEP: Duration = Duration::from_secs(60);
const SWEEP_ON: Duration = Duration::from_millis(200);

pub(super) struct Writer {
    shared: Arc<Shared>,
    connection: Option<Box<dyn Connection>>,
    decisions: Vec<KeptDecision>,
    /// Nothing is tried before.
    rest_until: Instant,
    next_sweep: Instant,
}

/// Whoever holds the store is told when nobody writes any more, unless that is the end that was asked for.
struct Ends {
    shared: Arc<Shared>,
    in_order: bool,
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.shared.busy(false);
        if !self.in_order {
            self.shared.went("its writer has ended");
        }
    }
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, connection: Option<Box<dyn Connection>>) -> Self {
        let now = Instant::now();
        Self { shared, connection, decisions: Vec::new(), rest_until: now, next_sweep: now + SWEEP }
    }

    pub(super) fn run(mut self, work: &Receiver<Work>) {
        let mut ends = Ends { shared: Arc::clone(&self.shared), in_order: false };
        let mut due: Option<Instant> = None;
        loop {
            let next = due.map_or(self.next_sweep, |due| due.min(self.next_sweep));
            let first = match work.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(work) => Some(work),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => Some(Work::Stop),
            };
            let mut jobs: Vec<Job> = Vec::new();
            let mut stop = false;
            let more = std::iter::from_fn(|| work.try_recv().ok());
            for work in first.into_iter().chain(more) {
                match work {
                    Work::Job(job) => {
                        self.shared.took_job();
                        jobs.push(job);
                    }
                    Work::Decision(decision) => self.decisions.push(*decision),
                    Work::Stop => stop = true,
                }
                if jobs.len() + self.decisions.len() >= MOST_TOGETHER {
                    break;
                }
            }
            let is_due = due.is_some_and(|due| Instant::now() >= due);
            let is_full = self.decisions.len() >= MOST_TOGETHER && !self.is_resting();
            if !jobs.is_empty() || is_due || stop || is_full {
                self.shared.busy(true);
                self.write(jobs);
                self.shared.busy(false);
                due = None;
            }
            if self.decisions.is_empty() {
                due = None;
            } else if due.is_none() {
                due = Some(Instant::now().max(self.rest_until) + GATHER);
            }
            if stop {
                self.forget();
                ends.in_order = true;
                return;
            }
            if Instant::now() >= self.next_sweep {
                self.sweep();
            }
        }
    }

    /// Writes what there is, and tells everybody. Decisions that cannot be written now stay. They go before what people say of
    /// them, and apart, so that they wait for nobody who is writing the ledger.
    fn write(&mut self, jobs: Vec<Job>) {
        if let Err(error) = self.write_decisions() {
            for job in jobs {
                job.tell(Err(error.clone()));
            }
            return;
        }
        if !jobs.is_empty() {
            self.run_jobs(jobs);
        }
    }

    fn write_decisions(&mut self) -> Result<(), StoreError> {
        while !self.decisions.is_empty() {
            let shared = Arc::clone(&self.shared);
            let key = shared.settings.key.as_ref();
            let count = self.decisions.len().min(MOST_TOGETHER);
            let together: Vec<KeptDecision> = self.decisions.drain(..count).collect();
            let done = self.within(|connection| insert_all(connection, key, &together));
            match done {
                Ok(refused) => {
                    shared.lose(refused);
                    shared.written(count as u64, together.iter().map(KeptDecision::bytes).sum());
                }
                Err(error) => {
                    self.decisions.splice(..0, together);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn run_jobs(&mut self, mut jobs: Vec<Job>) {
        let mut told: Vec<Result<(), StoreError>> = Vec::with_capacity(jobs.len());
        let written = self.within(|connection| {
            for job in &mut jobs {
                let ended = apart(connection, |connection| job.run(connection))?;
                told.push(ended);
            }
            Ok(())
        });
        match written {
            Ok(()) => {
                for (job, told) in jobs.into_iter().zip(told) {
                    job.tell(told);
                }
            }
            Err(error) => {
                for job in jobs {
                    job.tell(Err(error.clone()));
                }
            }
        }
    }

    /// Does something in a transaction; where that cannot be, the database is away.
    fn within<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // Whoever comes meanwhile does not make the rest longer, or it would never end under load.
        if self.is_resting() {
            self.shared.reachable()?;
        }
        let done = self.connected().and_then(|connection| within(connection, work));
        match &done {
            Ok(_) => self.shared.came_back(),
            Err(error) => {
                self.shared.went(&error.to_string());
                self.rest_until = Instant::now() + REST;
                self.next_sweep = self.next_sweep.min(self.rest_until);
                self.connection =
                    self.connection.take().filter(|connection| !connection.is_broken());
            }
        }
        done
    }

    fn is_resting(&self) -> bool {
        Instant::now() < self.rest_until
    }

    /// The connection, made anew where there is none.
    fn connected(&mut self) -> Result<&mut dyn Connection, StoreError> {
        if self.connection.is_none() {
            self.connection = Some(opened(&self.shared.settings.engine)?);
        }
        let none = || StoreError::Away("there is no connection".to_owned());
        self.connection.as_deref_mut().map(|c| c as &mut dyn Connection).ok_or_else(none)
    }

    /// Takes out what has expired, a little at a time, and finds out whether the database is back.
    fn sweep(&mut self) {
        let now = (self.shared.settings.now.0)();
        self.shared.busy(true);
        let more = self.within(|connection| expire(connection, now));
        self.shared.busy(false);
        self.next_sweep = Instant::now()
            + match more {
                Ok(true) => SWEEP_ON,
                Ok(false) => SWEEP,
                Err(_) => REST,
            };
        if more == Ok(false) {
            self.forget();
        }
    }

    /// What was taken out is not to stay in a journal. A reader may be in the way: then the next time.
    fn forget(&mut self) {
        if let Some(Err(error)) = self.connection.as_deref_mut().map(Connection::forget) {
            tracing::debug!(%error, "the journal of the store was not emptied");
        }
    }
}

/// Inserts decisions; how many the database refused for what they are. These are given up, or they would hold up all others.
fn insert_all(
    connection: &mut dyn Connection,
    key: Option<&TextKey>,
    decisions: &[KeptDecision],
) -> Result<u64, StoreError> {
    let all = apart(connection, |connection| {
        decisions.iter().try_for_each(|decision| insert(connection, key, decision))
    })?;
    match all {
        Ok(()) => return Ok(0),
        Err(error) if error.is_passing() => return Err(error),
        Err(_) => {}
    }
    let mut refused = 0;
    for decision in decisions {
        if let Err(why) = apart(connection, |connection| insert(connection, key, decision))? {
            error!(%why, decision = decision.id, "the store does not take a decision");
            refused += 1;
        }
    }
    Ok(refused)
}

/// Does something of which nothing stays where it fails. An error in itself is one of the connection; the inner one is of the work.
fn apart(
    connection: &mut dyn Connection,
    work: impl FnOnce(&mut dyn Connection) -> Result<(), StoreError>,
) -> Result<Result<(), StoreError>, StoreError> {
    connection.script("SAVEPOINT one")?;
    let ended = work(connection);
    if let Err(error) = &ended
        && connection.is_broken()
    {
        return Err(error.clone());
    }
    connection.script(match ended {
        Ok(()) => "RELEASE SAVEPOINT one",
        Err(_) => "ROLLBACK TO SAVEPOINT one; RELEASE SAVEPOINT one",
    })?;
    Ok(ended)
}

fn connect(engine: &Engine, reads_only: bool) -> Result<Box<dyn Connection>, StoreError> {
    Ok(match engine {
        Engine::Sqlite(path) => Box::new(Sqlite::open(path, reads_only)?),
        Engine::Postgres { .. } => Box::new(Postgres::connect(engine, reads_only)?),
    })
}

/// A connection that writes, to tables that are up to date.
pub(super) fn opened(engine: &Engine) -> Result<Box<dyn Connection>, StoreError> {
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

/// Looks up what is asked for, each job in a transaction of its own.
pub(super) fn read(shared: &Shared, jobs: &Mutex<Receiver<Job>>) {
    let mut connection: Option<Box<dyn Connection>> = None;
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = job else { return };
        if !job.is_awaited() {
            continue;
        }
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
        let read = within(open, |connection| job.run(connection));
        let broken = open.is_broken();
        job.tell(read);
        if broken {
            connection = None;
        }
    }
}
