//! A second policy decides about the texts of a route, beside the first: what would differ is counted, and nothing changes.
//!
//! It runs on a thread of its own behind a bounded queue. What finds the queue full, or is longer than what is kept of a
//! text, is counted as skipped.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};

use jiff::civil::Date;

use super::account::{Account, Unit};
use super::contain;
use crate::domain::{Author, Phase};
use crate::engine::{Change, Decided, Scratch, Subject, screen_passage};
use crate::policy::Policy;
use crate::telemetry::Metrics;

/// The most units that wait.
const MOST_WAITING: usize = 256;
/// The label of units about which the second policy did not decide.
pub(super) const SKIPPED: &str = "skipped";

/// Decides beside.
#[derive(Debug)]
pub(super) struct Rehearsals {
    metrics: Arc<Metrics>,
    /// Started when it is first needed; `None` where it could not be.
    queue: OnceLock<Option<SyncSender<Job>>>,
}

/// A unit that was decided.
#[derive(Debug)]
struct Job {
    route: Arc<str>,
    policy: Arc<Policy>,
    phase: Phase,
    today: Date,
    texts: Vec<(Author, String)>,
    old: Decided,
}

impl Rehearsals {
    pub(super) fn new(metrics: &Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self { metrics: Arc::clone(metrics), queue: OnceLock::new() })
    }

    /// Has the second policy of a route decide about a unit that the first has decided.
    pub(super) fn submit(&self, account: &Account, unit: &Unit<'_>) {
        let Some(shadow) = &account.route.shadow else { return };
        // Those that a caller asked for in addition are no part of the comparison.
        if !Arc::ptr_eq(unit.policy, &account.route.policy) {
            return;
        }
        // Without its texts there is nothing to compare a decision with.
        let is_bare = unit.texts.is_empty() && !unit.verdicts.is_empty();
        let whole = unit.texts.iter().map(|text| text.whole());
        let texts: Option<Vec<(Author, String)>> =
            whole.map(|text| text.map(|(author, text)| (author, text.to_owned()))).collect();
        let mut old = Decided::default();
        for (_, _, verdict) in &unit.verdicts {
            old.add(verdict, false);
        }
        let taken = texts.filter(|_| !is_bare).is_some_and(|texts| {
            let job = Job {
                route: Arc::clone(&account.route.id),
                policy: Arc::clone(shadow),
                phase: unit.phase,
                today: account.telemetry.clock.today(),
                texts,
                old,
            };
            let queue = self.queue.get_or_init(|| start(&self.metrics)).as_ref();
            queue.is_some_and(|queue| queue.try_send(job).is_ok())
        });
        if !taken {
            let names = (&*account.route.id, &*shadow.name);
            self.metrics.rehearsed(names, unit.phase, SKIPPED);
        }
    }
}

fn start(metrics: &Arc<Metrics>) -> Option<SyncSender<Job>> {
    let (queue, jobs) = sync_channel(MOST_WAITING);
    let metrics = Arc::clone(metrics);
    let thread = std::thread::Builder::new().name("shadow-policies".to_owned());
    let started = thread.spawn(move || decide_all(&jobs, &metrics));
    started.inspect_err(|error| tracing::error!(%error, "shadow policies cannot run")).ok()?;
    Some(queue)
}

fn decide_all(jobs: &Receiver<Job>, metrics: &Metrics) {
    let mut scratch = Scratch::default();
    while let Ok(job) = jobs.recv() {
        let new = contain::screening(metrics, || job.decide(&mut scratch));
        let label = new.map_or(SKIPPED, |new| Change::between(&job.old, &new).label());
        metrics.rehearsed((&job.route, &job.policy.name), job.phase, label);
    }
}

impl Job {
    fn decide(&self, scratch: &mut Scratch) -> Decided {
        let mut new = Decided::default();
        for (author, text) in &self.texts {
            let (phase, author) = (self.phase, *author);
            let subject = Subject { phase, author, today: self.today, streamed: false };
            new.add(&screen_passage(&self.policy, subject, text, scratch), false);
        }
        new
    }
}
