//! Passwords that were wrong: whoever guesses has to wait, and others do not.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::digest_of;

/// How long wrong passwords are remembered.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// The most wrong passwords for one name from one address. Nobody is locked out by what comes from elsewhere.
const MOST_FROM_ONE: u32 = 5;
/// The most wrong passwords from one address, for whatever names.
const MOST_FROM_ADDRESS: u32 = 30;
/// The most names and addresses that are remembered. Beyond that the oldest are forgotten that need not wait.
const MOST_REMEMBERED: usize = 4096;

/// Wrong passwords of late.
#[derive(Debug, Default)]
pub struct Attempts(Mutex<HashMap<Key, Wrong>>);

/// Names are kept as digests, so that long ones take no room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Both(String, Option<IpAddr>),
    Address(IpAddr),
    /// Somebody who is signed in and gives the password again.
    Own(String),
}

#[derive(Clone, Copy, Debug)]
struct Wrong {
    since: Instant,
    times: u32,
}

impl Key {
    const fn most(&self) -> u32 {
        match self {
            Self::Both(..) | Self::Own(_) => MOST_FROM_ONE,
            Self::Address(_) => MOST_FROM_ADDRESS,
        }
    }

    fn of(who: Who<'_>) -> Vec<Self> {
        match who {
            Who::AtTheDoor(name, address) => {
                let address = address.map(network);
                let both = Self::Both(digest_of(&name.trim().to_lowercase()), address);
                [Some(both), address.map(Self::Address)].into_iter().flatten().collect()
            }
            Who::SignedIn(id) => vec![Self::Own(id.to_owned())],
        }
    }
}

/// Of an IPv6 address its network: whoever has one address of 2^64 has them all.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// Who gives a password.
#[derive(Clone, Copy, Debug)]
pub(super) enum Who<'w> {
    /// Somebody who says this name, from this address.
    AtTheDoor(&'w str, Option<IpAddr>),
    /// The user of this id.
    SignedIn(&'w str),
}

impl Attempts {
    /// Takes one attempt before the password is looked at, so that many at once are not more than one after the other.
    ///
    /// # Errors
    /// When there were too many: how long one has to wait.
    pub(super) fn take(&self, who: Who<'_>, now: Instant) -> Result<(), Duration> {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = Key::of(who);
        let waits = keys.iter().filter_map(|key| {
            let left = WINDOW.saturating_sub(now.duration_since(wrong.get(key)?.since));
            (wrong.get(key)?.times >= key.most() && !left.is_zero()).then_some(left)
        });
        if let Some(wait) = waits.max() {
            return Err(wait);
        }
        if wrong.len() + keys.len() > MOST_REMEMBERED {
            forget(&mut wrong, now);
        }
        for key in keys {
            let one = wrong.entry(key).or_insert(Wrong { since: now, times: 0 });
            if now.duration_since(one.since) >= WINDOW {
                *one = Wrong { since: now, times: 0 };
            }
            one.times += 1;
        }
        Ok(())
    }

    /// The password was right, or nobody could look at it: this attempt was none.
    pub(super) fn forgive(&self, who: Who<'_>) {
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in Key::of(who) {
            if let Some(one) = wrong.get_mut(&key) {
                one.times = one.times.saturating_sub(1);
            }
        }
    }

    /// The password was right: what came before from there was a slip.
    pub(super) fn was_right(&self, who: Who<'_>) {
        self.forgive(who);
        let mut wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in Key::of(who).into_iter().filter(|key| !matches!(key, Key::Address(_))) {
            wrong.remove(&key);
        }
    }
}

/// Makes room: what is over goes, and of the rest the older half of those that need not wait.
fn forget(wrong: &mut HashMap<Key, Wrong>, now: Instant) {
    wrong.retain(|_, one| now.duration_since(one.since) < WINDOW);
    if wrong.len() * 2 <= MOST_REMEMBERED {
        return;
    }
    let waits = |key: &Key, one: &Wrong| one.times >= key.most();
    let mut times: Vec<Instant> =
        wrong.iter().filter(|(key, one)| !waits(key, one)).map(|(_, one)| one.since).collect();
    times.sort_unstable();
    let Some(middle) = times.get(times.len() / 2).copied() else {
        // All of them wait: so many addresses are not kept apart any more.
        wrong.clear();
        return;
    };
    wrong.retain(|key, one| waits(key, one) || one.since > middle);
    if wrong.len() >= MOST_REMEMBERED {
        wrong.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_the_door(name: &str, number: u32) -> Who<'_> {
        Who::AtTheDoor(name, Some(IpAddr::from(number.to_be_bytes())))
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_guesses_waits_and_others_do_not() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let ann = at_the_door;
        assert!((0..5).all(|_| attempts.take(ann("ann", 1), now).is_ok()));
        assert_eq!(attempts.take(ann(" ANN ", 1), now), Err(WINDOW));
        assert!(attempts.take(ann("bob", 1), now).is_ok());
        assert!(attempts.take(ann("ann", 2), now).is_ok());
        assert!(attempts.take(Who::SignedIn("id of ann"), now).is_ok());
        assert!(attempts.take(ann("ann", 1), now + WINDOW).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_right_password_is_no_attempt_and_neither_is_one_that_nobody_looked_at() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let who = at_the_door("ann", 1);
        for round in 0..200 {
            assert_eq!(attempts.take(who, now), Ok(()));
            if round % 2 == 0 { attempts.was_right(who) } else { attempts.forgive(who) }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_guesses_so_often_whatever_the_names_and_a_network_is_one_address() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let guess = |name: u32, address: &str| {
            let who = format!("n{name}");
            attempts.take(Who::AtTheDoor(&who, address.parse().ok()), now).is_ok()
        };
        assert_eq!((0..100).filter(|n| guess(*n, "10.0.0.1")).count(), 30);
        let near = (0..100).filter(|n| guess(*n, &format!("2001:db8::{n:x}")));
        assert_eq!(near.count(), 30);
        assert!(guess(1, "2001:db8:0:1::1"));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_remembered_and_whoever_waits_is_not_forgotten_for_it() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let ann = at_the_door("ann", 0);
        while attempts.take(ann, now).is_ok() {}
        for number in 1..6000 {
            let name = format!("name {number}");
            let later = now + Duration::from_millis(number.into());
            assert!(attempts.take(at_the_door(&name, number), later).is_ok());
            assert!(attempts.0.lock().unwrap().len() <= MOST_REMEMBERED);
        }
        assert!(attempts.take(ann, now + Duration::from_secs(60)).is_err());
    }
}
