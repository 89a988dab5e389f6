//! Texts that wait for a call: the same text once, at most so many, and together where a contract takes several.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;
use tokio::time::Instant;

use super::cache::{Cache, Key};
use super::verdict::{Question, Reason, Scores};
use crate::domain::{Author, Phase};

/// What came of one text.
pub(super) type Outcome = Result<Arc<Scores>, Reason>;

/// A question that outlives whoever asked it.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    text: Box<str>,
    phase: Phase,
    author: Author,
    prompt: Option<Box<str>>,
}

/// A text on its way, and everybody who waits for it.
#[derive(Debug)]
struct Flight {
    outcome: watch::Sender<Option<Outcome>>,
    /// Until when somebody waits.
    until: Mutex<Instant>,
}

/// One text to be asked about. However it ends, whoever waits is told.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) question: Kept,
    /// Whether it is asked alone, because it was in a call that could not be read.
    alone: bool,
    key: Key,
    flight: Arc<Flight>,
    desk: Weak<Desk>,
    settled: bool,
}

/// What waits, and what is on its way.
#[derive(Debug)]
pub(super) struct Desk {
    inner: Mutex<Inner>,
    limits: Limits,
}

/// The bounds of a desk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) waiting: usize,
    pub(super) workers: usize,
    pub(super) batch: usize,
}

#[derive(Debug)]
struct Inner {
    flights: HashMap<Key, Arc<Flight>>,
    waiting: VecDeque<Job>,
    workers: usize,
    cache: Option<Cache>,
}

/// What comes of handing a text in.
#[derive(Debug)]
pub(super) enum HandedIn {
    /// It was answered before.
    Known(Arc<Scores>),
    /// It is on its way; `first` where nobody asked for it before, and `worker` where somebody has to be sent.
    Waiting { outcome: watch::Receiver<Option<Outcome>>, first: bool, worker: bool },
    /// Too many wait, or new ones are refused.
    Refused,
}

// === impl Kept ===

impl Kept {
    pub(super) fn new(question: &Question<'_>) -> Self {
        Self {
            text: question.text.into(),
            phase: question.phase,
            author: question.author,
            prompt: question.prompt.map(Into::into),
        }
    }

    pub(super) fn question(&self) -> Question<'_> {
        Question {
            text: &self.text,
            phase: self.phase,
            author: self.author,
            prompt: self.prompt.as_deref(),
        }
    }
}

// === impl Job ===

impl Job {
    /// Tells everybody who waits.
    pub(super) fn settle(mut self, outcome: Outcome) {
        self.tell(outcome);
    }

    /// Until when somebody waits for it.
    pub(super) fn until(&self) -> Instant {
        *locked(&self.flight.until)
    }

    fn is_awaited(&self, now: Instant) -> bool {
        self.flight.outcome.receiver_count() > 0 && now < self.until()
    }

    fn tell(&mut self, outcome: Outcome) {
        if self.settled {
            return;
        }
        self.settled = true;
        if let Some(desk) = self.desk.upgrade() {
            desk.land(&self.key, &outcome);
        }
        self.flight.outcome.send_replace(Some(outcome));
    }
}

impl Drop for Job {
    /// One that was lost on the way, with a runtime that ended or a mistake of ours.
    fn drop(&mut self) {
        self.tell(Err(Reason::Error));
    }
}

// === impl Desk ===

impl Desk {
    pub(super) fn new(limits: Limits, cache: Option<Cache>) -> Self {
        let inner = Inner { flights: HashMap::new(), waiting: VecDeque::new(), workers: 0, cache };
        Self { inner: Mutex::new(inner), limits }
    }

    /// Hands a text in, which somebody waits for until then. Where new ones are refused, only what is known or on its
    /// way already is answered.
    pub(super) fn hand_in(
        self: &Arc<Self>,
        key: Key,
        question: &Question<'_>,
        (now, until): (Instant, Instant),
        refused: bool,
    ) -> HandedIn {
        let mut inner = locked(&self.inner);
        if let Some(scores) = inner.cache.as_ref().and_then(|cache| cache.get(&key, now)) {
            return HandedIn::Known(scores);
        }
        if let Some(flight) = inner.flights.get(&key) {
            let mut known = locked(&flight.until);
            *known = until.max(*known);
            let outcome = flight.outcome.subscribe();
            return HandedIn::Waiting { outcome, first: false, worker: false };
        }
        if refused || inner.waiting.len() >= self.limits.waiting {
            return HandedIn::Refused;
        }
        let (sender, outcome) = watch::channel(None);
        let flight = Arc::new(Flight { outcome: sender, until: Mutex::new(until) });
        inner.flights.insert(key, Arc::clone(&flight));
        let (question, desk) = (Kept::new(question), Arc::downgrade(self));
        inner.waiting.push_back(Job { question, alone: false, key, flight, desk, settled: false });
        let worker = self.hire(&mut inner);
        HandedIn::Waiting { outcome, first: true, worker }
    }

    /// Puts texts back that were asked about together, to be asked about one by one. The result is how many workers
    /// are to be sent beside the one that brings them.
    pub(super) fn put_back(&self, jobs: Vec<Job>) -> usize {
        let mut inner = locked(&self.inner);
        let mut workers = 0;
        for mut job in jobs.into_iter().rev() {
            job.alone = true;
            inner.waiting.push_front(job);
            workers += usize::from(self.hire(&mut inner));
        }
        workers
    }

    /// The next texts for one call; `None` where nothing waits, and then the worker is gone.
    pub(super) fn take(&self, now: Instant) -> Option<Vec<Job>> {
        let mut jobs: Vec<Job> = Vec::new();
        // Told after the lock is given back, because that takes it again.
        let mut late = Vec::new();
        let mut inner = locked(&self.inner);
        while let Some(job) = inner.waiting.pop_front() {
            if !job.is_awaited(now) {
                late.push(job);
                continue;
            }
            if !jobs.is_empty() && job.alone {
                inner.waiting.push_front(job);
                break;
            }
            let last = job.alone || jobs.len() + 1 >= self.limits.batch;
            jobs.push(job);
            if last {
                break;
            }
        }
        if jobs.is_empty() {
            inner.workers -= 1;
        }
        drop(inner);
        for job in late {
            job.settle(Err(Reason::Timeout));
        }
        (!jobs.is_empty()).then_some(jobs)
    }

    /// A worker is gone in some other way.
    pub(super) fn lose_worker(&self) {
        locked(&self.inner).workers -= 1;
    }

    /// Calls on their way, texts that wait, and answers that are kept.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        let inner = locked(&self.inner);
        (inner.workers, inner.waiting.len(), inner.cache.as_ref().map_or(0, Cache::len))
    }

    /// Whether no text is on its way.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        locked(&self.inner).flights.is_empty()
    }

    fn hire(&self, inner: &mut Inner) -> bool {
        let hired = inner.workers < self.limits.workers;
        inner.workers += usize::from(hired);
        hired
    }

    /// A text has its outcome: an answer is kept before anybody can ask anew.
    fn land(&self, key: &Key, outcome: &Outcome) {
        let mut inner = locked(&self.inner);
        inner.flights.remove(key);
        if let (Some(cache), Ok(scores)) = (inner.cache.as_mut(), outcome) {
            cache.add(*key, Arc::clone(scores), Instant::now());
        }
    }
}

/// What a lock guards here is true whoever panicked while it was held.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
