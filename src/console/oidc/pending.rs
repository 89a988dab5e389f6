//! People who are away at the other system, and are to come back.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long one may be away.
const AWAY: Duration = Duration::from_secs(10 * 60);
/// The most people who are away at a time; the one who left first is forgotten then.
const MOST: usize = 1000;

/// What was sent along with somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    /// What the other system is to sign.
    pub(super) nonce: String,
    /// What proves that it was we who sent them.
    pub(super) verifier: String,
}

/// Everybody who is away, by the digest of what their browser was given.
#[derive(Debug, Default)]
pub(super) struct Pending(Mutex<HashMap<String, (Instant, Sent)>>);

impl Pending {
    /// Somebody leaves.
    pub(super) fn leave(&self, digest: String, sent: Sent, now: Instant) {
        let mut away = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        away.retain(|_, (left, _)| now.duration_since(*left) < AWAY);
        if away.len() >= MOST
            && let Some((first, _)) = away.iter().min_by_key(|(_, (left, _))| *left)
        {
            let first = first.clone();
            away.remove(&first);
        }
        away.insert(digest, (now, sent));
    }

    /// Somebody comes back; once.
    pub(super) fn back(&self, digest: &str, now: Instant) -> Option<Sent> {
        let mut away = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, sent) = away.remove(digest)?;
        (now.duration_since(left) < AWAY).then_some(sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_comes_back_once_and_in_time_and_no_more_are_waited_for() {
        let (pending, now) = (Pending::default(), Instant::now());
        let sent = Sent { nonce: "n".to_owned(), verifier: "v".to_owned() };
        pending.leave("a".to_owned(), sent.clone(), now);
        assert_eq!(pending.back("a", now), Some(sent.clone()));
        assert_eq!(pending.back("a", now), None);
        pending.leave("b".to_owned(), sent.clone(), now);
        assert_eq!(pending.back("b", now + AWAY), None);
        for number in 0..MOST * 2 {
            pending.leave(format!("{number}"), sent.clone(), now);
        }
        assert_eq!(pending.0.lock().unwrap().len(), MOST);
    }
}
