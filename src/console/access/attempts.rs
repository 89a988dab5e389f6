//! Passwords that were wrong: whoever guesses has to wait, and others do not.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long wrong passwords are remembered.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// The most wrong passwords for one name from one address.
const MOST_FROM_ONE: u32 = 5;
/// The most wrong passwords from one address, for whatever names.
const MOST_FROM_ADDRESS: u32 = 30;
/// The most wrong passwords for one name, from wherever: many addresses may guess together.
const MOST_FOR_NAME: u32 = 50;
/// The most names and addresses that are remembered. Beyond that the oldest are forgotten.
const MOST_REMEMBERED: usize = 4096;

/// Wrong passwords of late.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<Key, Wrong>>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Both(String, String),
    Address(String),
    Name(String),
}

#[derive(Clone, Copy, Debug)]
struct Wrong {
    since: Instant,
    times: u32,
}

impl Key {
    const fn most(&self) -> u32 {
        match self {
            Self::Both(..) => MOST_FROM_ONE,
            Self::Address(_) => MOST_FROM_ADDRESS,
            Self::Name(_) => MOST_FOR_NAME,
        }
    }

    fn of(name: &str, address: &str) -> [Self; 3] {
        let (name, address) = (name.trim().to_lowercase(), address.to_owned());
        [Self::Both(name.clone(), address.clone()), Self::Address(address), Self::Name(name)]
    }
}

impl Attempts {
    /// Takes one attempt of this name from this address, before the password is looked at, so that many at once are
    /// not more than one after the other. Else how long one has to wait.
    ///
    /// # Errors
    /// When there were too many.
    pub(super) fn take(&self, name: &str, address: &str, now: Instant) -> Result<(), Duration> {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.retain(|_, one| now.duration_since(one.since) < WINDOW);
        let keys = Key::of(name, address);
        let waits = keys.iter().filter_map(|key| {
            let one = wrong.get(key)?;
            (one.times >= key.most()).then(|| WINDOW.saturating_sub(now.duration_since(one.since)))
        });
        if let Some(wait) = waits.max() {
            return Err(wait);
        }
        for key in keys {
            if wrong.len() >= MOST_REMEMBERED
                && !wrong.contains_key(&key)
                && let Some(oldest) = wrong.iter().min_by_key(|(_, one)| one.since)
            {
                let oldest = oldest.0.clone();
                wrong.remove(&oldest);
            }
            wrong.entry(key).or_insert(Wrong { since: now, times: 0 }).times += 1;
        }
        Ok(())
    }

    /// The password was right: this attempt was none, and what this address did for this name is forgotten.
    pub(super) fn forgive(&self, name: &str, address: &str) {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in Key::of(name, address) {
            match (&key, wrong.get_mut(&key)) {
                (Key::Both(..), _) => drop(wrong.remove(&key)),
                (Key::Address(_) | Key::Name(_), Some(one)) => {
                    one.times = one.times.saturating_sub(1);
                }
                (Key::Address(_) | Key::Name(_), None) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_guesses_waits_and_others_do_not() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        assert!((0..5).all(|_| attempts.take("ann", "::1", now).is_ok()));
        assert_eq!(attempts.take(" ANN ", "::1", now), Err(WINDOW));
        assert!(attempts.take("bob", "::1", now).is_ok());
        assert!(attempts.take("ann", "10.0.0.1", now).is_ok());
        assert!(attempts.take("ann", "::1", now + WINDOW).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_right_password_is_no_attempt() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..200 {
            assert_eq!(attempts.take("ann", "::1", now), Ok(()));
            attempts.forgive("ann", "::1");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_addresses_do_not_guess_one_name_together_and_no_more_is_remembered() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let let_in = |number: u32| attempts.take("ann", &format!("{number}"), now).is_ok();
        assert_eq!((0..500).filter(|number| let_in(*number)).count(), 50);
        assert_eq!(
            (0..500).filter(|n| attempts.take(&format!("n{n}"), "a", now).is_ok()).count(),
            30
        );
        for number in 0..6000 {
            let _ = attempts.take(&format!("name {number}"), &format!("from {number}"), now).is_ok();
        }
        assert!(attempts.0.lock().unwrap().len() <= MOST_REMEMBERED);
    }
}
