//! Passwords: which may be taken, and how they are kept.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use axum::http::StatusCode;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::console::answer::ApiError;
use crate::domain::Secret;

/// The fewest characters: NIST SP 800-63B-4 asks for fifteen where nothing else is asked for, and eight beside
/// another factor; guesses are limited here.
pub(super) const FEWEST: usize = 12;
/// The most bytes.
pub(super) const MOST: usize = 256;
/// The fewest different characters.
const DIFFERENT: usize = 5;
/// The fewest characters of a name that a password may not contain; shorter ones are in many words.
const NAME: usize = 4;
/// Passwords that are looked at at the same time: each takes 19 MiB and a processor for some time.
const AT_ONCE: usize = 2;
/// Passwords that wait for that, besides.
const MOST_WAITING: usize = 32;
/// The hash of a password that nobody has, so that a name that nobody has takes as long as any.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdG9mbm9ib2R5MTIz$ZHbtzpWcG8sTIOdhO1QHh0LhqBmk1vCYfAXZkzgB1UU";

/// Limits the passwords that are looked at, and those that wait for it.
#[derive(Debug)]
pub struct Hashing {
    turn: Semaphore,
    room: Semaphore,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { turn: Semaphore::new(AT_ONCE), room: Semaphore::new(AT_ONCE + MOST_WAITING) }
    }
}

impl Hashing {
    /// Does it beside the threads that serve, when its turn comes.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let _room = self.room.try_acquire().map_err(|_| {
            let message = "too many passwords wait to be looked at; try again";
            ApiError::too_busy(message)
        })?;
        let _turn = self.turn.acquire().await.map_err(|_| broke())?;
        spawn_blocking(work).await.map_err(|_| broke())
    }
}

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WeakPassword {
    /// It is too short.
    #[error("a password has at least {FEWEST} characters")]
    Short,
    /// It is too long.
    #[error("a password has at most {MOST} bytes")]
    Long,
    /// It is easily guessed.
    #[error(
        "a password has at least {DIFFERENT} different characters, and the name is no part of it"
    )]
    Plain,
}

/// Whether a password may be taken for the user of this name.
fn check(password: &str, name: &str) -> Result<(), WeakPassword> {
    if password.chars().count() < FEWEST {
        return Err(WeakPassword::Short);
    }
    if password.len() > MOST {
        return Err(WeakPassword::Long);
    }
    let mut different: Vec<char> = password.chars().collect();
    different.sort_unstable();
    different.dedup();
    let name = name.to_lowercase();
    let is_named = name.chars().count() >= NAME && password.to_lowercase().contains(&name);
    if different.len() < DIFFERENT || is_named {
        return Err(WeakPassword::Plain);
    }
    Ok(())
}

/// What is kept of a new password: its hash by Argon2id with the parameters that OWASP names (19 MiB, two passes).
///
/// # Errors
/// When it may not be taken.
pub fn hash_password(password: &str, name: &str) -> Result<String, WeakPassword> {
    check(password, name)?;
    let hash = Argon2::default().hash_password(password.as_bytes());
    // The length is the only thing that it could refuse.
    hash.map(|hash| hash.to_string()).map_err(|_| WeakPassword::Long)
}

/// The same, in its turn.
pub(super) async fn hashed(
    hashing: &Hashing,
    (password, name): (Secret, String),
) -> Result<String, ApiError> {
    let weak = |weak: WeakPassword| {
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "weak_password", weak.to_string())
    };
    check(password.expose(), &name).map_err(weak)?;
    hashing.run(move || hash_password(password.expose(), &name)).await?.map_err(weak)
}

/// Whether it is the password of which this is the hash, in its turn. It takes as long where there is none.
pub(super) async fn is_right(
    hashing: &Hashing,
    password: Secret,
    hash: Option<String>,
) -> Result<bool, ApiError> {
    hashing.run(move || verify(password.expose(), hash.as_deref())).await
}

fn verify(password: &str, hash: Option<&str>) -> bool {
    if password.len() > MOST {
        return false;
    }
    let Ok(known) = PasswordHash::new(hash.unwrap_or(NOBODY)) else { return false };
    let right = Argon2::default().verify_password(password.as_bytes(), &known).is_ok();
    right && hash.is_some()
}

fn broke() -> ApiError {
    ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "the password could not be looked at",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_one_that_was_taken_and_no_other() {
        let hash = hash_password("correct horse 电池", "ann").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify("correct horse 电池", Some(&hash)));
        assert!(!verify("correct horse 电地", Some(&hash)));
        assert_ne!(hash, hash_password("correct horse 电池", "ann").unwrap());
    }

    #[test]
    fn a_user_without_a_password_has_none_that_is_right() {
        assert!(PasswordHash::new(NOBODY).is_ok());
        assert!(!verify("", None) && !verify("nobody", None));
    }

    #[test]
    fn what_is_easily_guessed_is_refused_with_the_reason() {
        let refused = |password: &str| hash_password(password, "Anna").err();
        assert_eq!(refused("short"), Some(WeakPassword::Short));
        assert_eq!(refused("aaaaaaaaaaaaaaa"), Some(WeakPassword::Plain));
        assert_eq!(refused("my-name-is-anna-x"), Some(WeakPassword::Plain));
        assert_eq!(refused(&"ab1cd".repeat(60)), Some(WeakPassword::Long));
    }
}
