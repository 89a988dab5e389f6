//! Thresholds that move: where each stands, what it was moved by, and the labels that are looked at.

use super::{Connection, Row, StoreError, Value};

/// The most thresholds that are listed.
const MOST_THRESHOLDS: i64 = 2000;

/// Where the threshold of a rule stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ThresholdRow {
    /// The policy.
    pub policy: String,
    /// The rule.
    pub rule: String,
    /// What tells it from the same rule under other settings.
    pub basis: String,
    /// What tells it from the same rule with another classifier.
    pub scorer: String,
    /// The rule's category.
    pub category: Option<String>,
    /// `on`, `shadow`, or `off` where no gate has it any more.
    pub state: String,
    /// `false_positive_rate` or `precision`.
    pub target_is: String,
    /// What that is to come to, from 0 to 1.
    pub target: f64,
    /// The lowest threshold.
    pub low: f64,
    /// The highest.
    pub high: f64,
    /// The threshold as it is written.
    pub written: f64,
    /// Where it stands; in shadow, where it would.
    pub threshold: f64,
    /// Since when it goes by these settings, in milliseconds since 1970.
    pub begun: i64,
    /// When it was moved last.
    pub moved: Option<i64>,
    /// Labels from before this time do not count.
    pub lowered: Option<i64>,
    /// When labels were looked at last.
    pub looked: Option<i64>,
    /// What came of that.
    pub reason: String,
    /// What that rests on, a JSON object.
    pub evidence: String,
}

/// A change of a threshold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AdaptationRow {
    /// Its id, which sorts by time.
    pub id: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The policy.
    pub policy: String,
    /// The rule.
    pub rule: String,
    /// `up`, `down`, `reset`, or `file` where another threshold or other settings were written.
    pub act: String,
    /// Who: `gate`, or a person.
    pub actor: String,
    /// Whether only what would be was changed.
    pub shadow: bool,
    /// The threshold before.
    pub from: f64,
    /// The threshold after.
    pub to: f64,
    /// What it rests on, a JSON object.
    pub evidence: String,
}

/// A settled item, as far as thresholds need it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labelled {
    /// The item.
    pub item: String,
    /// The share that was drawn with it.
    pub share: f64,
    /// The rule that decided.
    pub rule: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// How the item ended.
    pub outcome: String,
    /// With which category.
    pub outcome_category: Option<String>,
    /// When, in milliseconds since 1970.
    pub settled_at: i64,
    /// What it scored, a JSON object of rules.
    pub scores: String,
    /// Who said first what it ended with.
    pub reviewer: String,
}

const COLUMNS: &str = "policy, rule, basis, scorer, category, state, target_is, target, low, high, written, threshold, \
     begun, moved, lowered, looked, reason, evidence";

impl ThresholdRow {
    /// The thresholds of all rules under all settings, by policy and rule, the latest settings first.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn list(connection: &mut dyn Connection) -> Result<Vec<Self>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM thresholds ORDER BY policy, rule, begun DESC, basis LIMIT {MOST_THRESHOLDS}"
        );
        connection.rows(&sql, &[])?.iter().map(Self::read).collect()
    }

    /// The thresholds of one rule, the latest settings first.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn of(
        connection: &mut dyn Connection,
        policy: &str,
        rule: &str,
    ) -> Result<Vec<Self>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM thresholds WHERE policy = $1 AND rule = $2 ORDER BY begun DESC, basis LIMIT {MOST_THRESHOLDS}"
        );
        let rows = connection.rows(&sql, &[policy.into(), rule.into()])?;
        rows.iter().map(Self::read).collect()
    }

    /// Keeps where a threshold stands, in place of where it stood under these settings.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn put(&self, connection: &mut dyn Connection) -> Result<(), StoreError> {
        let values: [Value; 18] = [
            (&self.policy).into(),
            (&self.rule).into(),
            (&self.basis).into(),
            (&self.scorer).into(),
            self.category.as_deref().into(),
            (&self.state).into(),
            (&self.target_is).into(),
            self.target.into(),
            self.low.into(),
            self.high.into(),
            self.written.into(),
            self.threshold.into(),
            self.begun.into(),
            self.moved.into(),
            self.lowered.into(),
            self.looked.into(),
            (&self.reason).into(),
            (&self.evidence).into(),
        ];
        let sql = format!(
            "INSERT INTO thresholds ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
             $17, $18) ON CONFLICT (policy, rule, basis) DO UPDATE SET state = excluded.state, threshold = excluded.threshold, \
             begun = excluded.begun, moved = excluded.moved, lowered = excluded.lowered, looked = excluded.looked, \
             reason = excluded.reason, evidence = excluded.evidence"
        );
        connection.run(&sql, &values).map(drop)
    }

    /// Forgets settings of a rule that no gate has gone by since a time in milliseconds since 1970, but for the latest.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn forget(&self, connection: &mut dyn Connection, before: i64) -> Result<(), StoreError> {
        let sql = "DELETE FROM thresholds WHERE policy = $1 AND rule = $2 AND basis <> $3 AND begun < $4 \
             AND coalesce(moved, 0) < $4 AND coalesce(looked, 0) < $4";
        let of = [(&self.policy).into(), (&self.rule).into(), (&self.basis).into(), before.into()];
        connection.run(sql, &of).map(drop)
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            policy: row.text(0)?,
            rule: row.text(1)?,
            basis: row.text(2)?,
            scorer: row.text(3)?,
            category: row.opt_text(4)?,
            state: row.text(5)?,
            target_is: row.text(6)?,
            target: row.real(7)?,
            low: row.real(8)?,
            high: row.real(9)?,
            written: row.real(10)?,
            threshold: row.real(11)?,
            begun: row.int(12)?,
            moved: row.opt_int(13)?,
            lowered: row.opt_int(14)?,
            looked: row.opt_int(15)?,
            reason: row.text(16)?,
            evidence: row.text(17)?,
        })
    }
}

const CHANGE: &str =
    "id, at, policy, rule, act, actor, shadow, from_threshold, to_threshold, evidence";

impl AdaptationRow {
    /// Keeps it.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn insert(&self, connection: &mut dyn Connection) -> Result<(), StoreError> {
        let values: [Value; 10] = [
            (&self.id).into(),
            self.at.into(),
            (&self.policy).into(),
            (&self.rule).into(),
            (&self.act).into(),
            (&self.actor).into(),
            self.shadow.into(),
            self.from.into(),
            self.to.into(),
            (&self.evidence).into(),
        ];
        let sql = format!(
            "INSERT INTO adaptations ({CHANGE}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        );
        connection.run(&sql, &values).map(drop)
    }

    /// The last changes, the newest first.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn last(connection: &mut dyn Connection, limit: i64) -> Result<Vec<Self>, StoreError> {
        let sql = format!("SELECT {CHANGE} FROM adaptations ORDER BY id DESC LIMIT $1");
        connection.rows(&sql, &[limit.into()])?.iter().map(Self::read).collect()
    }

    /// Changes after the one with this id, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn since(
        connection: &mut dyn Connection,
        after: &str,
        limit: i64,
    ) -> Result<Vec<Self>, StoreError> {
        let sql = format!("SELECT {CHANGE} FROM adaptations WHERE id > $1 ORDER BY id LIMIT $2");
        connection.rows(&sql, &[after.into(), limit.into()])?.iter().map(Self::read).collect()
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.text(0)?,
            at: row.int(1)?,
            policy: row.text(2)?,
            rule: row.text(3)?,
            act: row.text(4)?,
            actor: row.text(5)?,
            shadow: row.flag(6)?,
            from: row.real(7)?,
            to: row.real(8)?,
            evidence: row.text(9)?,
        })
    }
}

/// What of the items counts: what the gate drew, with what it scored. Reports and appeals are not among it.
const DRAWN: &str = "i.policy = $1 AND i.state = 'settled' AND i.scores IS NOT NULL AND i.outcome IS NOT NULL \
     AND i.source IN ('verdict', 'sample_allowed', 'sample_blocked')";

impl Labelled {
    /// Settled items of a policy that the gate drew, the newest first: settled after `since`, and before `before`, the
    /// time and the id of the last one of the page before.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn page(
        connection: &mut dyn Connection,
        (policy, since, drawn): (&str, i64, i64),
        before: Option<(i64, &str)>,
        limit: i64,
    ) -> Result<Vec<Self>, StoreError> {
        let sql = format!(
            "SELECT i.id, i.share, i.rule, i.category, i.outcome, i.outcome_category, i.settled_at, i.scores, \
             (SELECT j.reviewer FROM judgements j WHERE j.item = i.id AND j.undone_at IS NULL AND j.judgement = i.outcome \
             ORDER BY j.at, j.id LIMIT 1) FROM items i WHERE {DRAWN} AND i.settled_at > $2 \
             AND i.at > $3 AND (i.settled_at < $4 OR (i.settled_at = $4 AND i.id < $5)) \
             ORDER BY i.settled_at DESC, i.id DESC LIMIT $6"
        );
        let (at, id) = before.unwrap_or((i64::MAX, ""));
        let values =
            [policy.into(), since.into(), drawn.into(), at.into(), id.into(), limit.into()];
        connection.rows(&sql, &values)?.iter().map(Self::read).collect()
    }

    /// How many of them there are that were settled after a time, in milliseconds since 1970.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn count(
        connection: &mut dyn Connection,
        policy: &str,
        since: i64,
    ) -> Result<i64, StoreError> {
        let sql = format!("SELECT count(*) FROM items i WHERE {DRAWN} AND i.settled_at > $2");
        connection.number(&sql, &[policy.into(), since.into()])
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            item: row.text(0)?,
            share: row.real(1)?,
            rule: row.opt_text(2)?,
            category: row.opt_text(3)?,
            outcome: row.text(4)?,
            outcome_category: row.opt_text(5)?,
            settled_at: row.int(6)?,
            scores: row.text(7)?,
            reviewer: row.opt_text(8)?.unwrap_or_default(),
        })
    }
}
