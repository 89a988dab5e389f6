//! The writing end of the chain.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::keys::Signer;
use super::link::Link;

/// What the first line of a chain has for the hash of the line before it.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A chain of lines, with the place at which it goes on. One writer has it.
#[derive(Clone, Debug)]
pub struct Chain {
    id: String,
    seq: u64,
    head: String,
}

impl Chain {
    /// A new chain. `id` tells it from all others: a UUID.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), seq: 0, head: GENESIS.to_owned() }
    }

    /// The chain whose last line this is.
    pub fn after(last: &Link) -> Self {
        Self { id: last.chain.clone(), seq: last.seq, head: last.hash.clone() }
    }

    /// What tells it from others.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The number of the last line; 0 before the first.
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The hash of the last line.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// Makes a JSON object the next line of the chain: adds its place, the hash of the line before, a signature where
    /// there is a signer, and the hash of all of that. What is no object with a member is left as it is.
    pub fn seal(&mut self, object: &mut String, signer: Option<&Signer>) {
        if object.len() < 3 || object.pop() != Some('}') {
            return;
        }
        self.seq += 1;
        let link = Link {
            chain: std::mem::take(&mut self.id),
            seq: self.seq,
            prev: std::mem::take(&mut self.head),
            sig: None,
            hash: String::new(),
        };
        object.push_str(&link.place());
        if let Some(signer) = signer {
            let sig = signer.sign(object.as_bytes());
            object.push_str(&Link::signature(&sig));
        }
        self.head = digest(object.as_bytes());
        object.push_str(&Link::end(&self.head));
        self.id = link.chain;
    }
}

/// The SHA-256 of bytes, in hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Nothing can fail that writes into a string.
        write!(text, "{byte:02x}").unwrap_or_default();
    }
    text
}
