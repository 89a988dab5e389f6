//! Who may use the console and its interface, and for what.
//!
//! [`table`] says what each place of the API asks for, and denies what it does not name; [`mod@guard`] holds every request
//! to it. People sign in with a password ([`sessions`]) or by another system ([`super::oidc`]), programs with a token
//! ([`mod@tokens`]).

mod attempts;
mod guard;
mod passwords;
mod principal;
mod refusals;
mod role;
mod sessions;
mod setup;
mod table;
mod tokens;
mod users;

pub use attempts::Attempts;
pub(super) use guard::{cookie, guard, still_stands};
pub use passwords::{Hashing, WeakPassword, hash_password};
pub(super) use principal::{Principal, act, new_id};
pub use refusals::Refusals;
pub use role::{Permission, Role};
pub(super) use sessions::{
    CONFIRMED, begin, confirm, host_of, is_local, password, session, sign_in, sign_out,
};
pub use setup::SetupToken;
pub(super) use setup::{needed, set_up};
pub(super) use table::{Needs, Place, TABLE};
pub(super) use tokens::{add_token, revoke_token, tokens};
pub(super) use users::{add_user, change_user, end_sessions, users};

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::answer::ApiError;
use crate::audit::digest;

/// Bytes of a secret that opens something: 256 bits cannot be guessed.
const SECRET: usize = 32;

/// A new secret, as text.
pub(super) fn new_secret() -> Result<String, ApiError> {
    let mut bytes = [0; SECRET];
    SystemRandom::new().fill(&mut bytes).map_err(|_| no_random())?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn no_random() -> ApiError {
    ApiError::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "the system gives no random numbers",
    )
}

/// What is kept of a secret. It is long and random, so a plain digest tells nothing of it, and looking it up by the
/// digest takes the same time whatever is sent.
pub(super) fn digest_of(secret: &str) -> String {
    digest(secret.as_bytes())
}
