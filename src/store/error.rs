//! What can go wrong with a database.

use thiserror::Error;

/// Why something was not kept or found.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The database cannot be reached, or does not answer in time. What was asked may be tried again.
    #[error("the store is away: {0}")]
    Away(String),
    /// More is waiting than may.
    #[error("the store has too much to do")]
    Busy,
    /// It would have broken a rule of the tables.
    #[error("the store refuses it: {0}")]
    Conflict(String),
    /// The database answers that it will not do it.
    #[error("the database refuses it: {0}")]
    Refused(String),
    /// The database is not one of ours, or a later version made it.
    #[error("{0}")]
    Schema(String),
    /// A row has not the shape that it was written with.
    #[error("the store holds something unreadable: {0}")]
    Unreadable(String),
}

impl StoreError {
    /// Whether the same may succeed a little later.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Away(_) | Self::Busy)
    }
}
