//! Items that somebody has taken, so that nobody else judges them meanwhile.

use super::clauses::Clauses;
use super::items::{COLUMNS, WAITING, read};
use super::{Connection, ItemRow, StoreError};

/// Items that are looked at together for one that is wanted.
const PAGE: i64 = 100;
/// How many such pages are looked at for one.
const MOST_PAGES: usize = 20;

/// Somebody takes items, so that nobody else judges them meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// Who.
    pub reviewer: String,
    /// The time, in milliseconds since 1970.
    pub now: i64,
    /// Until when, in milliseconds since 1970.
    pub until: i64,
}

impl Claim {
    /// Takes the oldest item of a queue, or of any, that nobody has, that the reviewer has not judged yet and that is
    /// `wanted`.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn next(
        &self,
        connection: &mut dyn Connection,
        queue: Option<&str>,
        wanted: impl Fn(&ItemRow) -> bool,
    ) -> Result<Option<ItemRow>, StoreError> {
        connection.serialise()?;
        let mut last: Option<(i64, String)> = None;
        for _ in 0..MOST_PAGES {
            let page = self.waiting(connection, queue, last.as_ref())?;
            if let Some(row) = page.iter().find(|row| wanted(row)) {
                return self.take(connection, &row.item.id);
            }
            let Some(row) = page.last() else { return Ok(None) };
            last = Some((row.item.at, row.item.id.clone()));
        }
        Ok(None)
    }

    /// What waits for the reviewer behind an item, the oldest first.
    fn waiting(
        &self,
        connection: &mut dyn Connection,
        queue: Option<&str>,
        last: Option<&(i64, String)>,
    ) -> Result<Vec<ItemRow>, StoreError> {
        let mut clauses = Clauses::default();
        clauses.add(WAITING);
        clauses.when("queue =", queue);
        if let Some((at, id)) = last {
            let (at, id) = (clauses.value(*at), clauses.value(id));
            clauses.add(format!("at >= {at} AND (at > {at} OR id > {id})"));
        }
        let now = clauses.value(self.now);
        let who = clauses.value(&self.reviewer);
        clauses.add(format!("(claimed_until <= {now} OR claimed_by = {who})"));
        clauses.add(format!(
            "NOT EXISTS (SELECT 1 FROM judgements j WHERE j.item = items.id AND j.reviewer = {who} \
             AND j.undone_at IS NULL)"
        ));
        let limit = clauses.value(PAGE);
        let sql =
            format!("SELECT {COLUMNS} FROM items {} ORDER BY at, id LIMIT {limit}", clauses.sql());
        connection.rows(&sql, clauses.values())?.iter().map(read).collect()
    }

    /// The queues in which something waits that is not settled, by name.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn queues(connection: &mut dyn Connection) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT DISTINCT queue FROM items WHERE state IN ('open', 'second', 'disagreement') ORDER BY queue LIMIT 100";
        connection.rows(sql, &[])?.iter().map(|row| row.text(0)).collect()
    }

    /// What somebody has taken from a time on, in milliseconds since 1970, as the ledger knows it, the latest first: each
    /// item once, at most a thousand.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn taken(
        connection: &mut dyn Connection,
        reviewer: &str,
        since: i64,
    ) -> Result<Vec<ItemRow>, StoreError> {
        // Numbers grow with time, and what somebody did is found by them.
        let sql = format!(
            "SELECT {COLUMNS} FROM items JOIN (SELECT object, max(seq) AS latest FROM ledger WHERE actor = $1 \
             AND act = 'claim' AND at >= $2 \
             AND seq >= coalesce((SELECT seq FROM ledger WHERE at >= $2 ORDER BY at, seq LIMIT 1), {}) \
             GROUP BY object) claims \
             ON claims.object = items.id ORDER BY claims.latest DESC LIMIT 1000",
            i64::MAX
        );
        connection.rows(&sql, &[reviewer.into(), since.into()])?.iter().map(read).collect()
    }

    /// Takes the item with this id; `None` where somebody else has it, or there is none.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn take(
        &self,
        connection: &mut dyn Connection,
        id: &str,
    ) -> Result<Option<ItemRow>, StoreError> {
        let taken = connection.run(
            "UPDATE items SET claimed_by = $1, claimed_until = $2 WHERE id = $3 AND (claimed_until <= $4 OR claimed_by = $1)",
            &[(&self.reviewer).into(), self.until.into(), id.into(), self.now.into()],
        )?;
        if taken == 0 { Ok(None) } else { ItemRow::find(connection, id) }
    }

    /// Gives an item back.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn release(&self, connection: &mut dyn Connection, id: &str) -> Result<bool, StoreError> {
        let gone = connection.run(
            "UPDATE items SET claimed_by = NULL, claimed_until = 0 WHERE id = $1 AND claimed_by = $2",
            &[id.into(), (&self.reviewer).into()],
        )?;
        Ok(gone > 0)
    }
}
