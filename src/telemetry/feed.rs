//! Decisions as they are made, for those who watch. Nobody waits for a watcher: who is too slow is told how much was missed.
//! Without watchers it costs one look at a counter.

use std::sync::Arc;

use tokio::sync::broadcast::{Receiver, Sender, channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Clock, DecisionRecord};

/// The most decisions that are kept for watchers who have not read them yet.
pub const MOST_WAITING: usize = 1024;
/// The most that watch at a time.
pub const MOST_WATCHERS: usize = 256;

/// A decision as watchers see it: ids, names and numbers, no text.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The decision's id.
    pub decision: String,
    /// The request's id.
    pub request: String,
    /// The route.
    pub route: Arc<str>,
    /// The policy.
    pub policy: Arc<str>,
    /// Its revision.
    pub revision: Arc<str>,
    /// `prompt` or `completion`.
    pub phase: &'static str,
    /// What was decided.
    pub action: &'static str,
    /// What would have been, with every shadow rule enforced.
    pub would_be: &'static str,
    /// Whether it took effect.
    pub enforced: bool,
    /// The first rule that fired.
    pub rule: Option<Arc<str>>,
    /// Its category.
    pub category: Option<String>,
    /// The score total.
    pub score: f64,
    /// The model asked for.
    pub model: String,
}

/// Tells watchers of decisions. A copy is the same.
#[derive(Clone, Debug)]
pub struct Feed {
    seen: Sender<Arc<Seen>>,
    places: Arc<Semaphore>,
}

/// Somebody who watches.
#[derive(Debug)]
pub struct Watcher {
    /// What is seen; it tells how much was missed.
    pub seen: Receiver<Arc<Seen>>,
    _place: OwnedSemaphorePermit,
}

impl Default for Feed {
    fn default() -> Self {
        let places = Arc::new(Semaphore::new(MOST_WATCHERS));
        Self { seen: channel(MOST_WAITING).0, places }
    }
}

impl Feed {
    /// Whether somebody watches.
    pub fn is_watched(&self) -> bool {
        self.seen.receiver_count() > 0
    }

    /// Tells of a decision, if somebody watches.
    pub fn tell(&self, record: &DecisionRecord, clock: Clock) {
        if !self.is_watched() {
            return;
        }
        let deciding = record.rules.first();
        let seen = Seen {
            at: clock.now().as_millisecond(),
            decision: record.decision_id.clone(),
            request: record.request_id.clone(),
            route: Arc::clone(&record.route),
            policy: Arc::clone(&record.policy),
            revision: Arc::clone(&record.policy_revision),
            phase: record.phase,
            action: record.action,
            would_be: record.would_be,
            enforced: record.enforced,
            rule: deciding.map(|rule| Arc::clone(&rule.id)),
            category: deciding.and_then(|rule| rule.category.clone()),
            score: record.score,
            model: record.model.clone(),
        };
        // The last watcher may have gone meanwhile.
        drop(self.seen.send(Arc::new(seen)));
    }

    /// Watches from now on; `None` where as many watch as may.
    pub fn watch(&self) -> Option<Watcher> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Watcher { seen: self.seen.subscribe(), _place: place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_watch_as_may_and_who_goes_makes_room() {
        let feed = Feed::default();
        assert!(!feed.is_watched());
        let mut watchers: Vec<Watcher> = (0..MOST_WATCHERS).filter_map(|_| feed.watch()).collect();
        assert_eq!(watchers.len(), MOST_WATCHERS);
        assert!(feed.watch().is_none() && feed.is_watched());
        watchers.pop();
        assert!(feed.watch().is_some());
        drop(watchers);
        assert!(!feed.is_watched());
    }
}
