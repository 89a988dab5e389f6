//! What the store knows of a policy: its revisions, and how often its rules decided.

use super::{Connection, Row, StoreError};

/// The most decisions that are counted of a policy, the newest.
const MOST_COUNTED: i64 = 200_000;
/// The most rules that are counted.
const MOST_RULES: i64 = 2000;

/// A revision of a policy that came into force, as the ledger has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyRevision {
    /// The revision.
    pub revision: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who brought it into force.
    pub actor: String,
}

impl PolicyRevision {
    /// What the ledger calls it when a policy came into force.
    pub const ACT: &str = "policy";

    /// The revisions of a policy, the newest first.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn list(
        connection: &mut dyn Connection,
        policy: &str,
        limit: i64,
    ) -> Result<Vec<Self>, StoreError> {
        let rows = connection.rows(
            "SELECT at, actor, detail FROM ledger WHERE object = $1 AND act = $2 AND detail IS NOT NULL \
             ORDER BY seq DESC LIMIT $3",
            &[policy.into(), Self::ACT.into(), limit.into()],
        )?;
        let revision = |row: &Row| {
            let detail: serde_json::Value = serde_json::from_str(&row.text(2)?).unwrap_or_default();
            let revision = detail.pointer("/detail/revision").and_then(|value| value.as_str());
            let revision = revision.unwrap_or_default().to_owned();
            Ok(Self { revision, at: row.int(0)?, actor: row.text(1)? })
        };
        rows.iter().map(revision).collect()
    }
}

/// How many decisions of a policy each of its rules made from a time on, in milliseconds since 1970; of very many decisions
/// the newest count.
///
/// # Errors
/// When the database cannot be reached.
pub fn hits(
    connection: &mut dyn Connection,
    policy: &str,
    since: i64,
) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = connection.rows(
        "SELECT rule, count(*) FROM (SELECT rule FROM decisions WHERE at >= $2 AND policy = $1 AND rule IS NOT NULL \
         ORDER BY at DESC LIMIT $3) AS newest GROUP BY rule ORDER BY rule LIMIT $4",
        &[policy.into(), since.into(), MOST_COUNTED.into(), MOST_RULES.into()],
    )?;
    rows.iter().map(|row| Ok((row.text(0)?, row.int(1)?))).collect()
}
