//! What has been kept for as long as it was to be, goes. The ledger stays: it holds no texts but those of details, which
//! go with what they are about.

use super::{Connection, StoreError};

/// The most rows of a table that go in one transaction, so that nobody waits long.
const MOST_AT_ONCE: i64 = 1000;
/// Tables whose rows go.
const TABLES: [&str; 4] = ["feedback", "judgements", "items", "decisions"];

/// Takes out what has expired, at most so much; how many rows went.
///
/// # Errors
/// When the database cannot be reached.
pub(super) fn expire(connection: &mut dyn Connection, now: i64) -> Result<u64, StoreError> {
    let mut gone = 0;
    for table in TABLES {
        let values = [now.into(), MOST_AT_ONCE.into()];
        let ids = format!("SELECT id FROM {table} WHERE expires <= $1 ORDER BY expires LIMIT $2");
        if table == "feedback" || table == "items" {
            let sql = format!("UPDATE ledger SET detail = NULL WHERE object IN ({ids})");
            connection.run(&sql, &values)?;
        }
        gone += connection.run(&format!("DELETE FROM {table} WHERE id IN ({ids})"), &values)?;
    }
    Ok(gone)
}
