//! Keeps what people need to look at again: decisions, feedback, reviews, accounts, thresholds that move and the ledger of
//! acts, in SQLite or PostgreSQL. It inserts as given: ids and times come from above, and it decides nothing.
//!
//! All work runs on threads of its own, one that writes and some that read, behind bounded queues. What is queued
//! together is committed together, and nobody is told of success before the commit.

mod accounts;
mod claims;
mod clauses;
mod connection;
mod decisions;
mod error;
mod feedback;
mod figures;
mod handle;
mod items;
mod judgements;
mod ledger;
mod migrations;
mod policies;
mod postgres;
mod retention;
mod sealed;
mod shared;
mod sqlite;
mod thresholds;
mod worker;

pub use accounts::{
    MOST_SESSIONS, MOST_TOKENS, MOST_USERS, SessionRow, TokenRow, UserChange, UserRow,
};
pub use claims::Claim;
pub use connection::{Connection, Row, Value};
pub use decisions::{DecisionFilter, DecisionRow, KeptDecision};
pub use error::StoreError;
pub use feedback::{Feedback, FeedbackFilter, FeedbackRow, Given, Rating, Tally};
pub use figures::{ActionCount, Outcomes, ReviewerCount, RuleHits};
pub use handle::{Now, Store, StoreSettings, StoreState};
pub use items::{Item, ItemFilter, ItemRow, ItemState, QueueSize};
pub use judgements::{JudgementRow, Outcome, Said};
pub use ledger::{Act, LedgerEntry, LedgerFault, LedgerFilter, LedgerState, Verifier};
pub use policies::{PolicyRevision, hits};
pub use sealed::TextKey;
pub use thresholds::{AdaptationRow, Labelled, ThresholdRow};

use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::Secret;

/// Which database there is.
#[derive(Clone, Debug)]
pub enum Engine {
    /// A file of this process alone.
    Sqlite(PathBuf),
    /// A server that several gates share.
    Postgres {
        /// Its address, without a password.
        url: String,
        /// The password.
        password: Option<Secret>,
        /// Whom a TLS connection trusts; none where the address asks for none.
        tls: Option<Arc<rustls::ClientConfig>>,
    },
}

impl Engine {
    /// Its name, as the log and the console say it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres { .. } => "postgres",
        }
    }
}

#[cfg(test)]
mod tests;
