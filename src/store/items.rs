//! What people look at.

use super::clauses::Clauses;
use super::{Connection, Row, StoreError, Value};

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
