//! What people said of what they looked at, and what that comes to.

use super::items::ItemState;
use super::{Act, Claim, Connection, ItemRow, Row, StoreError};
use crate::audit::Signer;

/// What one person said of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JudgementRow {
    /// Its id.
    pub id: String,
    /// The item.
    pub item: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who.
    pub reviewer: String,
    /// `upheld`, `overturned`, `unsure`.
    pub judgement: String,
    /// The category that it has in truth.
    pub category: Option<String>,
    /// What was noted.
    pub note: Option<String>,
    /// What the answer should have been.
    pub edited: Option<String>,
    /// When it was taken back.
    pub undone_at: Option<i64>,
}

/// What judgements come to: the state of their item, how it ended, and with which category.
pub type Outcome = (ItemState, Option<(String, Option<String>)>);

/// What people said of items, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The queue.
    pub queue: String,
    /// The policy.
    pub policy: String,
    /// The rule; empty where none decided.
    pub rule: String,
    /// `upheld`, `overturned`, `unsure`.
    pub judgement: String,
    /// How often.
    pub times: i64,
}

impl Said {
    /// What was said after the judgement with this id, which sorts by time, and the id of the last one.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn since(
        connection: &mut dyn Connection,
        after: &str,
    ) -> Result<(Vec<Self>, String), StoreError> {
        let last =
            connection.row("SELECT max(id) FROM judgements WHERE id > $1", &[after.into()])?;
        let last = last.map(|row| row.opt_text(0)).transpose()?.flatten();
        let Some(last) = last else { return Ok((Vec::new(), after.to_owned())) };
        let rows = connection.rows(
            "SELECT i.queue, i.policy, i.rule, j.judgement, count(*) FROM judgements j JOIN items i ON i.id = j.item \
             WHERE j.id > $1 AND j.id <= $2 GROUP BY i.queue, i.policy, i.rule, j.judgement",
            &[after.into(), (&last).into()],
        )?;
        let said = |row: &Row| {
            Ok(Self {
                queue: row.text(0)?,
                policy: row.text(1)?,
                rule: row.opt_text(2)?.unwrap_or_default(),
                judgement: row.text(3)?,
                times: row.int(4)?,
            })
        };
        Ok((rows.iter().map(said).collect::<Result<_, StoreError>>()?, last))
    }
}

impl JudgementRow {
    /// What was said of an item, the oldest first, without what was taken back.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn of(connection: &mut dyn Connection, item: &str) -> Result<Vec<Self>, StoreError> {
        let rows = connection.rows(
            "SELECT id, item, at, reviewer, judgement, category, note, edited, undone_at FROM judgements \
             WHERE item = $1 AND undone_at IS NULL ORDER BY at, id LIMIT 100",
            &[item.into()],
        )?;
        rows.iter().map(Self::read).collect()
    }

    /// All that was said of the items from one id to another, by items and times; what was taken back is among it.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn between(
        connection: &mut dyn Connection,
        first: &str,
        last: &str,
    ) -> Result<Vec<Self>, StoreError> {
        let rows = connection.rows(
            "SELECT id, item, at, reviewer, judgement, category, note, edited, undone_at FROM judgements \
             WHERE item >= $1 AND item <= $2 ORDER BY item, at, id",
            &[first.into(), last.into()],
        )?;
        rows.iter().map(Self::read).collect()
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.text(0)?,
            item: row.text(1)?,
            at: row.int(2)?,
            reviewer: row.text(3)?,
            judgement: row.text(4)?,
            category: row.opt_text(5)?,
            note: row.opt_text(6)?,
            edited: row.opt_text(7)?,
            undone_at: row.opt_int(8)?,
        })
    }

    /// Keeps what somebody says of an item in place of what they said before, settles it by `decide`, and writes the act into
    /// the ledger. `None` where somebody else has the item now, where others have settled it, or where there is none.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn give(
        &self,
        connection: &mut dyn Connection,
        decide: impl Fn(&ItemRow, &[Self]) -> Outcome,
        (act, signer): (&Act, Option<&Signer>),
    ) -> Result<Option<ItemRow>, StoreError> {
        connection.serialise()?;
        let Some(row) = ItemRow::find(connection, &self.item)? else { return Ok(None) };
        let is_taken = |(who, until): &(String, i64)| *who != self.reviewer && *until > self.at;
        let said = Self::of(connection, &self.item)?;
        let settled = row.state == ItemState::Settled
            && said.iter().all(|earlier| earlier.reviewer != self.reviewer);
        if settled || row.claim.as_ref().is_some_and(is_taken) {
            return Ok(None);
        }
        connection.run(
            "UPDATE judgements SET undone_at = $1 WHERE item = $2 AND reviewer = $3 AND undone_at IS NULL",
            &[self.at.into(), (&self.item).into(), (&self.reviewer).into()],
        )?;
        connection.run(
            "INSERT INTO judgements (id, item, at, reviewer, judgement, category, note, edited, expires) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                (&self.id).into(),
                (&self.item).into(),
                self.at.into(),
                (&self.reviewer).into(),
                (&self.judgement).into(),
                self.category.as_deref().into(),
                self.note.as_deref().into(),
                self.edited.as_deref().into(),
                row.item.expires.into(),
            ],
        )?;
        act.append(connection, signer)?;
        Self::settle(connection, &row, decide, self.at).map(Some)
    }

    /// Takes back what somebody said of an item; `None` where they had said nothing.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn undo(
        connection: &mut dyn Connection,
        claim: &Claim,
        item: &str,
        decide: impl Fn(&ItemRow, &[Self]) -> Outcome,
        (act, signer): (&Act, Option<&Signer>),
    ) -> Result<Option<ItemRow>, StoreError> {
        connection.serialise()?;
        let undone = connection.run(
            "UPDATE judgements SET undone_at = $1 WHERE item = $2 AND reviewer = $3 AND undone_at IS NULL",
            &[claim.now.into(), item.into(), (&claim.reviewer).into()],
        )?;
        let Some(row) = ItemRow::find(connection, item)?.filter(|_| undone > 0) else {
            return Ok(None);
        };
        act.append(connection, signer)?;
        Self::settle(connection, &row, decide, claim.now).map(Some)
    }

    fn settle(
        connection: &mut dyn Connection,
        row: &ItemRow,
        decide: impl Fn(&ItemRow, &[Self]) -> Outcome,
        now: i64,
    ) -> Result<ItemRow, StoreError> {
        let id = &row.item.id;
        let (state, outcome) = decide(row, &Self::of(connection, id)?);
        let (outcome, category) = outcome.unzip();
        let settled = (state == ItemState::Settled).then_some(now);
        connection.run(
            "UPDATE items SET state = $1, outcome = $2, outcome_category = $3, settled_at = $4, claimed_by = NULL, \
             claimed_until = 0 WHERE id = $5",
            &[
                state.as_str().into(),
                outcome.into(),
                category.flatten().into(),
                settled.into(),
                id.into(),
            ],
        )?;
        let gone = || StoreError::Unreadable("an item that has gone meanwhile".to_owned());
        ItemRow::find(connection, id)?.ok_or_else(gone)
    }
}
