//! What is counted of decisions, reviews and ratings. The database counts; what comes back is as long as there are
//! groups, whatever it holds.

use super::clauses::Clauses;
use super::{Connection, Row, StoreError, Tally};

/// The most groups that one query answers with.
const MOST_GROUPS: i64 = 20_000;

/// Decisions of one span of time with one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionCount {
    /// The span, from 0 on.
    pub bucket: i64,
    /// The action that was decided, also where it took no effect.
    pub action: String,
    /// Whether it took effect.
    pub enforced: bool,
    /// How many.
    pub count: i64,
}

/// How often a rule was the first of those that fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleHits {
    /// The policy.
    pub policy: String,
    /// The rule.
    pub rule: String,
    /// Its category.
    pub category: Option<String>,
    /// How often.
    pub hits: i64,
}

/// How the reviewed items of a rule ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Items on which the gate was right.
    pub upheld: i64,
    /// Items on which it was wrong.
    pub overturned: i64,
    /// Items that people did not settle.
    pub unresolved: i64,
}

/// How much somebody has judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewerCount {
    /// Who.
    pub reviewer: String,
    /// Judgements that stand.
    pub judged: i64,
}

// === impl ActionCount ===

impl ActionCount {
    /// Decisions from one time to another in milliseconds since 1970, by spans of so many milliseconds.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn over_time(
        connection: &mut dyn Connection,
        (since, until): (i64, i64),
        span: i64,
    ) -> Result<Vec<Self>, StoreError> {
        let rows = connection.rows(
            "SELECT (at - $1) / $2, would_be, enforced, count(*) FROM decisions WHERE at >= $1 AND at < $3 \
             GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT $4",
            &[since.into(), span.max(1).into(), until.into(), MOST_GROUPS.into()],
        )?;
        let count = |row: &Row| {
            Ok(Self {
                bucket: row.int(0)?,
                action: row.text(1)?,
                enforced: row.flag(2)?,
                count: row.int(3)?,
            })
        };
        rows.iter().map(count).collect()
    }
}

// === impl RuleHits ===

impl RuleHits {
    /// The rules that fired most from a time on, in milliseconds since 1970, of one policy or of all.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn top(
        connection: &mut dyn Connection,
        (since, policy): (i64, Option<&str>),
        limit: i64,
    ) -> Result<Vec<Self>, StoreError> {
        let mut clauses = Clauses::default();
        clauses.when("at >=", Some(since));
        clauses.add("rule IS NOT NULL");
        clauses.when("policy =", policy);
        let limit = clauses.value(limit);
        let sql = format!(
            "SELECT policy, rule, category, count(*) FROM decisions {} GROUP BY policy, rule, category \
             ORDER BY count(*) DESC, policy, rule LIMIT {limit}",
            clauses.sql()
        );
        let hits = |row: &Row| {
            Ok(Self {
                policy: row.text(0)?,
                rule: row.text(1)?,
                category: row.opt_text(2)?,
                hits: row.int(3)?,
            })
        };
        connection.rows(&sql, clauses.values())?.iter().map(hits).collect()
    }
}

// === impl Outcomes ===

impl Outcomes {
    /// How the items of a rule ended, or those that no rule decided.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn of_rule(
        connection: &mut dyn Connection,
        policy: &str,
        rule: Option<&str>,
    ) -> Result<Self, StoreError> {
        let mut clauses = Clauses::default();
        clauses.when("policy =", Some(policy));
        match rule {
            Some(rule) => clauses.when("rule =", Some(rule)),
            None => clauses.add("rule IS NULL"),
        }
        clauses.add("state = 'settled'");
        let sql = format!("SELECT outcome, count(*) FROM items {} GROUP BY outcome", clauses.sql());
        let mut found = Self::default();
        for row in connection.rows(&sql, clauses.values())? {
            let count = row.int(1)?;
            match row.opt_text(0)?.as_deref() {
                Some("upheld") => found.upheld += count,
                Some("overturned") => found.overturned += count,
                Some(_) | None => found.unresolved += count,
            }
        }
        Ok(found)
    }
}

// === impl ReviewerCount ===

impl ReviewerCount {
    /// Who has judged most from a time on, in milliseconds since 1970.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn since(
        connection: &mut dyn Connection,
        since: i64,
        limit: i64,
    ) -> Result<Vec<Self>, StoreError> {
        let rows = connection.rows(
            "SELECT reviewer, count(*) FROM judgements WHERE at >= $1 AND undone_at IS NULL GROUP BY reviewer \
             ORDER BY count(*) DESC, reviewer LIMIT $2",
            &[since.into(), limit.into()],
        )?;
        let count = |row: &Row| Ok(Self { reviewer: row.text(0)?, judged: row.int(1)? });
        rows.iter().map(count).collect()
    }
}

impl Tally {
    /// Ratings between two times in milliseconds since 1970, counted by route, each with the number of its span of so
    /// many milliseconds, from 0 on.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn over_time(
        connection: &mut dyn Connection,
        (since, until): (i64, i64),
        span: i64,
    ) -> Result<Vec<(i64, Self)>, StoreError> {
        let rows = connection.rows(
            "SELECT (at - $1) / $2, route, scale, rating, count(*) FROM feedback WHERE rating IS NOT NULL AND at >= $1 \
             AND at < $3 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 LIMIT $4",
            &[since.into(), span.max(1).into(), until.into(), MOST_GROUPS.into()],
        )?;
        let tally = |row: &Row| {
            let (group, scale, value, count) =
                (row.text(1)?, row.int(2)?, row.int(3)?, row.int(4)?);
            Ok((row.int(0)?, Self { group, scale, value, count }))
        };
        rows.iter().map(tally).collect()
    }
}
