//! What somebody has with them who is away at the other system. It is in their browser alone, so that they may come back
//! to another gate, and nobody has to remember them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::console::access::{digest_of, new_secret};
use crate::console::answer::ApiError;

/// A secret that only this browser has; what others see of it are digests.
#[derive(Clone)]
pub(super) struct Ticket(pub(super) String);

impl Ticket {
    /// A new one.
    pub(super) fn new() -> Result<Self, ApiError> {
        new_secret().map(Self)
    }

    fn derived(&self, what: &str) -> String {
        digest_of(&format!("{what} {}", self.0))
    }

    /// What comes back with them in the address, and has to fit what their browser has.
    pub(super) fn state(&self) -> String {
        self.derived("state")
    }

    /// What the other system has to sign.
    pub(super) fn nonce(&self) -> String {
        self.derived("nonce")
    }

    /// What proves to the other system that the code is for us (RFC 7636).
    pub(super) fn verifier(&self) -> String {
        self.derived("verifier")
    }

    /// Its digest, which the other system is given before.
    pub(super) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_see_of_a_ticket_is_not_it_and_no_two_of_it_are_the_same() {
        let ticket = Ticket("secret".to_owned());
        let seen = [ticket.state(), ticket.nonce(), ticket.verifier(), ticket.challenge()];
        for (index, one) in seen.iter().enumerate() {
            assert!(!one.contains("secret") && !seen[..index].contains(one));
        }
        assert!((43..=128).contains(&ticket.verifier().len()));
        assert_ne!(ticket.state(), Ticket("other".to_owned()).state());
    }
}
