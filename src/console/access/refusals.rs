//! Who tried what they may not do, for the ledger: each once in a while, so that trying fills nothing.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::Principal;
use super::table::Place;
use crate::console::answer::Answer;
use crate::store::Store;

/// How often the same person at the same place is noted.
const AGAIN: Duration = Duration::from_secs(60);
/// The most that is remembered; beyond that nothing is noted until some of it is over.
const MOST: usize = 1024;

/// What was noted of late: whose, and where.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<HashMap<Tried, Instant>>);

/// Who, with which method, and where.
type Tried = (String, &'static str, &'static str);

impl Refusals {
    fn is_news(&self, user: &str, place: &Place, now: Instant) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.retain(|_, at| now.duration_since(*at) < AGAIN);
        let key = (user.to_owned(), place.method, place.path);
        noted.len() < MOST && noted.insert(key, now).is_none()
    }

    /// Writes it into the ledger, unless that was done a short while ago.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub(super) async fn note(
        &self,
        store: &Store,
        principal: &Principal,
        place: &Place,
    ) -> Answer<()> {
        if !self.is_news(&principal.user.id, place, Instant::now()) {
            return Ok(());
        }
        let object = format!("{} {}", place.method, place.path);
        let detail = json!({ "role": principal.role.as_str(), "token": principal.token });
        principal.act(store, move |c, by| by.note(c, ("refused", &object), detail)).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::place;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_same_person_at_the_same_place_is_noted_once_in_a_while() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        let users = place("GET", "/api/users").unwrap();
        assert!(refusals.is_news("ann", users, now) && !refusals.is_news("ann", users, now));
        assert!(refusals.is_news("bob", users, now));
        assert!(refusals.is_news("ann", place("GET", "/api/ledger").unwrap(), now));
        assert!(refusals.is_news("ann", users, now + AGAIN));
        let noted = (0..3000).filter(|n| refusals.is_news(&n.to_string(), users, now + AGAIN));
        assert_eq!(noted.count(), MOST - 1);
    }
}
