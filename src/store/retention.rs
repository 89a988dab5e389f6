//! What has been kept for as long as it was to be, goes. The ledger stays: it holds no texts but those of details, which
//! go with what they are about.

use super::{Connection, StoreError};

/// The most rows of a table that go in one transaction, so that nobody waits long.
const MOST_AT_ONCE: i64 = 1000;
/// Tables whose rows go.
const TABLES: [&str; 4] = ["feedback", "judgements", "items", "decisions"];

/// Takes out what has expired, at most so much; whether there is more. That it can be written is known then, too.
///
/// # Errors
/// When the database cannot be reached, or takes nothing.
pub(super) fn expire(connection: &mut dyn Connection, now: i64) -> Result<bool, StoreError> {
    // One gate at a time: of two, one would take away what the other one has only begun with.
    connection.serialise()?;
    connection.run(
        "INSERT INTO meta (name, value) VALUES ('swept', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        &[now.to_string().into()],
    )?;
    let mut more = false;
    for table in TABLES {
        let values = [now.into(), MOST_AT_ONCE.into()];
        let ids =
            format!("SELECT id FROM {table} WHERE expires <= $1 ORDER BY expires, id LIMIT $2");
        if table == "feedback" || table == "items" {
            let sql = format!("UPDATE ledger SET detail = NULL WHERE object IN ({ids})");
            connection.run(&sql, &values)?;
        }
        let sql = format!("DELETE FROM {table} WHERE expires <= $1 AND id IN ({ids})");
        let gone = connection.run(&sql, &values)?;
        more |= i64::try_from(gone).is_ok_and(|gone| gone >= MOST_AT_ONCE);
    }
    Ok(more)
}
