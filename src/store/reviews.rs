//! What people look at, and what they said of it.

use super::clauses::Clauses;
use super::{Act, Claim, Connection, Row, StoreError, Value};
use crate::audit::Signer;

/// The most open items about the same text: more of them tell reviewers nothing new.
const MOST_ALIKE: i64 = 20;

/// Something to look at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// When it came, in milliseconds since 1970.
    pub at: i64,
    /// The queue.
    pub queue: String,
    /// Why it is here: `verdict`, `sample_allowed`, `sample_blocked`, `report`, `appeal`.
    pub source: String,
    /// The decision.
    pub decision: String,
    /// Its policy.
    pub policy: String,
    /// The rule that decided.
    pub rule: Option<String>,
    /// The category.
    pub category: Option<String>,
    /// The decision's score.
    pub score: f64,
    /// How likely something like it gets here, above 0 to 1: the share that was drawn, 1 where all are.
    pub share: f64,
    /// The same for texts that are alike; empty where no text is known.
    pub kin: String,
    /// How many people are to judge it, each without knowing of the others.
    pub wanted: i64,
    /// When it goes, in milliseconds since 1970.
    pub expires: i64,
    /// What it scored for rules whose thresholds may move: a JSON object of rules with their scores.
    pub scores: Option<String>,
}

/// How an item stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemState {
    /// Nobody has judged it.
    #[default]
    Open,
    /// One has, and another one is to.
    Second,
    /// They do not agree.
    Disagreement,
    /// It is decided.
    Settled,
}

impl ItemState {
    /// All of them, in the order that an item goes through them.
    pub const ALL: [Self; 4] = [Self::Open, Self::Second, Self::Disagreement, Self::Settled];

    /// The word that the store and the API use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Second => "second",
            Self::Disagreement => "disagreement",
            Self::Settled => "settled",
        }
    }

    /// The state of this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// An item as the store has it.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemRow {
    /// The item.
    pub item: Item,
    /// How it stands.
    pub state: ItemState,
    /// Who has it now, and until when, in milliseconds since 1970.
    pub claim: Option<(String, i64)>,
    /// How it ended, and with which category.
    pub outcome: Option<(String, Option<String>)>,
    /// When it was settled.
    pub settled_at: Option<i64>,
}

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

/// Which items are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemFilter {
    /// Of this queue.
    pub queue: Option<String>,
    /// In this state.
    pub state: Option<ItemState>,
    /// Only what nobody has settled.
    pub waiting: bool,
    /// Under this policy.
    pub policy: Option<String>,
    /// By this rule.
    pub rule: Option<String>,
    /// After the one with this id, which sorts by time.
    pub after: Option<String>,
    /// That came from this time on, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Settled from this time on, in milliseconds since 1970.
    pub settled_since: Option<i64>,
    /// The most.
    pub limit: i64,
}

/// What nobody has settled, in words that an index has.
pub(super) const WAITING: &str = "state IN ('open', 'second', 'disagreement')";

impl ItemFilter {
    fn clauses(&self) -> Clauses {
        let mut clauses = Clauses::default();
        clauses.when("queue =", self.queue.as_deref());
        clauses.when("state =", self.state.map(ItemState::as_str));
        if self.waiting {
            clauses.add(WAITING);
        }
        clauses.when("policy =", self.policy.as_deref());
        clauses.when("rule =", self.rule.as_deref());
        clauses.when("id >", self.after.as_deref());
        clauses.when("at >=", self.since);
        clauses.when("settled_at >=", self.settled_since);
        clauses
    }
}

/// How much a queue holds in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueSize {
    /// The queue.
    pub queue: String,
    /// The state.
    pub state: ItemState,
    /// How many items.
    pub items: i64,
    /// When the oldest came, in milliseconds since 1970.
    pub oldest: i64,
}

/// What judgements come to: the state of their item, how it ended, and with which category.
pub type Outcome = (ItemState, Option<(String, Option<String>)>);

pub(super) const COLUMNS: &str = "id, at, queue, source, decision, policy, rule, category, score, share, kin, wanted, expires, \
     state, claimed_by, claimed_until, outcome, outcome_category, settled_at, scores";

impl Item {
    /// Puts it into its queue; the id of the item that is there now. There is one for each decision and source, and not
    /// more than twenty open ones of the same text, of which the id is then that of the oldest.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn insert(&self, connection: &mut dyn Connection) -> Result<String, StoreError> {
        let values: [Value; 14] = [
            (&self.id).into(),
            self.at.into(),
            (&self.queue).into(),
            (&self.source).into(),
            (&self.decision).into(),
            (&self.policy).into(),
            self.rule.as_deref().into(),
            self.category.as_deref().into(),
            self.score.into(),
            self.share.into(),
            (&self.kin).into(),
            self.wanted.into(),
            self.expires.into(),
            self.scores.as_deref().into(),
        ];
        let alike = "SELECT id FROM items WHERE kin = $1 AND queue = $2 AND state = 'open' ORDER BY at LIMIT $3";
        let of = [(&self.kin).into(), (&self.queue).into(), MOST_ALIKE.into()];
        if !self.kin.is_empty() {
            let alike = connection.rows(alike, &of)?;
            if alike.len() >= usize::try_from(MOST_ALIKE).unwrap_or(usize::MAX)
                && let Some(oldest) = alike.first()
            {
                return oldest.text(0);
            }
        }
        connection.run(
            "INSERT INTO items (id, at, queue, source, decision, policy, rule, category, score, share, kin, wanted, expires, \
             scores, state, claimed_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 'open', 0) \
             ON CONFLICT DO NOTHING",
            &values,
        )?;
        let sql = "SELECT id FROM items WHERE decision = $1 AND source = $2 AND policy = $3";
        let of = [(&self.decision).into(), (&self.source).into(), (&self.policy).into()];
        let row = connection.row(sql, &of)?;
        row.map_or_else(|| Ok(self.id.clone()), |row| row.text(0))
    }
}

pub(super) fn read(row: &Row) -> Result<ItemRow, StoreError> {
    let state = row.text(13)?;
    let unknown = || StoreError::Unreadable("the state of an item".to_owned());
    let until = row.int(15)?;
    let category = row.opt_text(17)?;
    Ok(ItemRow {
        item: Item {
            id: row.text(0)?,
            at: row.int(1)?,
            queue: row.text(2)?,
            source: row.text(3)?,
            decision: row.text(4)?,
            policy: row.text(5)?,
            rule: row.opt_text(6)?,
            category: row.opt_text(7)?,
            score: row.real(8)?,
            share: row.real(9)?,
            kin: row.text(10)?,
            wanted: row.int(11)?,
            expires: row.int(12)?,
            scores: row.opt_text(19)?,
        },
        state: ItemState::of(&state).ok_or_else(unknown)?,
        claim: row.opt_text(14)?.map(|who| (who, until)),
        outcome: row.opt_text(16)?.map(|outcome| (outcome, category)),
        settled_at: row.opt_int(18)?,
    })
}

impl ItemRow {
    /// The item with this id.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn find(connection: &mut dyn Connection, id: &str) -> Result<Option<Self>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM items WHERE id = $1");
        connection.row(&sql, &[id.into()])?.map(|row| read(&row)).transpose()
    }

    /// Items, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn list(
        connection: &mut dyn Connection,
        filter: &ItemFilter,
    ) -> Result<Vec<Self>, StoreError> {
        let mut clauses = filter.clauses();
        let limit = clauses.value(filter.limit);
        let sql =
            format!("SELECT {COLUMNS} FROM items {} ORDER BY id LIMIT {limit}", clauses.sql());
        connection.rows(&sql, clauses.values())?.iter().map(read).collect()
    }

    /// How many items a filter means, whatever its limit.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn count(connection: &mut dyn Connection, filter: &ItemFilter) -> Result<i64, StoreError> {
        let clauses = filter.clauses();
        let sql = format!("SELECT count(*) FROM items {}", clauses.sql());
        connection.number(&sql, clauses.values())
    }

    /// The items about a decision, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn about(connection: &mut dyn Connection, decision: &str) -> Result<Vec<Self>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM items WHERE decision = $1 ORDER BY id LIMIT 100");
        connection.rows(&sql, &[decision.into()])?.iter().map(read).collect()
    }

    /// Open items of the same text as this one, which can be judged with it.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn alike(&self, connection: &mut dyn Connection) -> Result<Vec<Self>, StoreError> {
        if self.item.kin.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM items WHERE kin = $1 AND id <> $2 AND state <> 'settled' ORDER BY id LIMIT 200"
        );
        let rows = connection.rows(&sql, &[(&self.item.kin).into(), (&self.item.id).into()])?;
        rows.iter().map(read).collect()
    }

    /// How many there are of them.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn count_alike(&self, connection: &mut dyn Connection) -> Result<i64, StoreError> {
        if self.item.kin.is_empty() {
            return Ok(0);
        }
        let sql = "SELECT count(*) FROM items WHERE kin = $1 AND id <> $2 AND state <> 'settled'";
        connection.number(sql, &[(&self.item.kin).into(), (&self.item.id).into()])
    }

    /// How much there is in each queue, by state.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn sizes(connection: &mut dyn Connection) -> Result<Vec<QueueSize>, StoreError> {
        let rows = connection.rows(
            "SELECT queue, state, count(*), min(at) FROM items GROUP BY queue, state ORDER BY queue, state",
            &[],
        )?;
        let size = |row: &Row| {
            let unknown = || StoreError::Unreadable("the state of an item".to_owned());
            let state = ItemState::of(&row.text(1)?).ok_or_else(unknown)?;
            Ok(QueueSize { queue: row.text(0)?, state, items: row.int(2)?, oldest: row.int(3)? })
        };
        rows.iter().map(size).collect()
    }

    /// Of which rules there are items that are not settled: queue, policy, and the rule, empty where none decided. At
    /// most 2,000.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn rules_waiting(
        connection: &mut dyn Connection,
    ) -> Result<Vec<(String, String, String)>, StoreError> {
        let rows = connection.rows(
            "SELECT DISTINCT queue, policy, rule FROM items WHERE state <> 'settled' ORDER BY queue, policy, rule LIMIT 2000",
            &[],
        )?;
        let rule =
            |row: &Row| Ok((row.text(0)?, row.text(1)?, row.opt_text(2)?.unwrap_or_default()));
        rows.iter().map(rule).collect()
    }
}

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
