//! The tables, made and brought up to date step by step.

use super::{Connection, StoreError};

/// Every step, in order. A step that was released is never changed.
const STEPS: &[&str] = &[
    include_str!("schema/001.sql"),
    include_str!("schema/002.sql"),
    include_str!("schema/003.sql"),
    include_str!("schema/004.sql"),
];

/// Brings a database up to date, in the transaction that is open.
///
/// # Errors
/// When the database cannot be reached, or a later version of the gate made it.
pub(super) fn migrate(connection: &mut dyn Connection) -> Result<(), StoreError> {
    connection.serialise()?;
    connection
        .script("CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);")?;
    let row = connection.row("SELECT value FROM meta WHERE name = $1", &["schema".into()])?;
    let had = row.map(|row| row.text(0)).transpose()?;
    let unknown = || StoreError::Schema("the store does not say which version made it".to_owned());
    let had = had.map(|had| had.parse::<usize>().map_err(|_| unknown())).transpose()?;
    let had = had.unwrap_or_default();
    if had > STEPS.len() {
        return Err(StoreError::Schema(format!(
            "a later version of the gate made this store: its tables are of step {had}, and this version knows {}; go on \
             with the later version, or take another store",
            STEPS.len()
        )));
    }
    for step in STEPS.iter().skip(had) {
        connection.script(step)?;
    }
    if had < STEPS.len() {
        let now = STEPS.len().to_string();
        connection.run(
            "INSERT INTO meta (name, value) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            &["schema".into(), now.into()],
        )?;
    }
    Ok(())
}
