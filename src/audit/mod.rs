//! Lines that vouch for each other: the chain of decision records, its signed checkpoints, and the verifier.
//!
//! It is pure: it makes and reads bytes, and knows neither files nor the time. `docs/audit.md` has the format.

mod chain;
mod keys;
mod link;
mod verify;

pub use chain::{Chain, GENESIS, digest};
pub use keys::{KeyError, PublicKey, Signer, new_key};
pub use link::{CHECKPOINT_SCHEMA, DECISION_SCHEMA, Fault, Link, MOST_LINE};
pub use verify::{Broken, ChainSummary, Head, Verifier, VerifierSettings};
