//! What users say of decisions.

use super::clauses::Clauses;
use super::{Act, Connection, Item, Row, StoreError, Value};
use crate::audit::Signer;

/// The most opinions that are kept of one decision.
const MOST_OF_ONE: i64 = 20;

/// An opinion about a decision.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feedback {
    /// Its id.
    pub id: String,
    /// The decision.
    pub decision: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// A digest of whoever asked.
    pub caller: String,
    /// `thumbs`, `rating`, `label`, `report` or `appeal`.
    pub kind: String,
    /// `false_positive`, `false_negative` or `correct`.
    pub label: Option<String>,
    /// The category that is meant.
    pub category: Option<String>,
    /// `up` or `down`.
    pub thumb: Option<String>,
    /// The answer to how likely one would recommend it, or to how good it was.
    pub rating: Option<Rating>,
    /// What was written.
    pub comment: Option<String>,
    /// A digest of who is speaking, where the caller says it.
    pub reporter: Option<String>,
    /// What tells a repetition.
    pub replay: String,
    /// A digest of all that was said.
    pub digest: String,
    /// When it goes, in milliseconds since 1970.
    pub expires: i64,
}

/// An answer on a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rating {
    /// The answer.
    pub value: i64,
    /// The highest answer: 5, from 1 on, or 10, from 0 on.
    pub scale: i64,
}

/// What became of an opinion that was given.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// It was kept.
    Kept(FeedbackRow),
    /// It had been kept before.
    Known(FeedbackRow),
    /// The same key was used for something else.
    Clash,
    /// The caller has no such decision.
    Unknown,
    /// As much was said of the decision as is kept of one.
    Enough,
}

/// An opinion as the store has it.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedbackRow {
    /// The opinion.
    pub feedback: Feedback,
    /// The decision's route.
    pub route: String,
    /// The decision's policy.
    pub policy: String,
    /// The item of a review queue that it led to.
    pub item: Option<String>,
    /// How that item stands, and how it ended.
    pub review: Option<(String, Option<String>)>,
}

/// Which opinions are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedbackFilter {
    /// Of this kind.
    pub kind: Option<String>,
    /// Older than the one with this id, which sorts by time.
    pub before: Option<String>,
    /// The most.
    pub limit: i64,
}

/// Answers of one group on one scale, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The group: a route, a policy or a day.
    pub group: String,
    /// The highest answer of the scale.
    pub scale: i64,
    /// The answer.
    pub value: i64,
    /// How often it was given.
    pub count: i64,
}

const COLUMNS: &str = "f.id, f.decision, f.at, f.caller, f.kind, f.label, f.category, f.thumb, f.rating, f.scale, \
     f.comment, f.reporter, f.replay, f.digest, f.route, f.policy, f.item, f.expires, i.state, i.outcome";
const FROM: &str = "FROM feedback f LEFT JOIN items i ON i.id = f.item";

impl Feedback {
    /// Keeps an opinion of the one who asked for the decision, and puts it in a review queue where `item` says so. The act
    /// goes into the ledger. The same said again changes nothing.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn give(
        &self,
        connection: &mut dyn Connection,
        item: Option<&Item>,
        (act, signer): (&Act, Option<&Signer>),
    ) -> Result<Given, StoreError> {
        connection.serialise()?;
        let known = connection.row(
            "SELECT caller, route, policy, rule, category, score, kin FROM decisions WHERE id = $1 \
             ORDER BY weight DESC LIMIT 1",
            &[(&self.decision).into()],
        )?;
        let Some(known) = known.filter(|row| row.text(0).is_ok_and(|caller| caller == self.caller))
        else {
            return Ok(Given::Unknown);
        };
        if let Some(earlier) = self.earlier(connection)? {
            return Ok(earlier);
        }
        let said = "SELECT count(*) FROM feedback WHERE decision = $1";
        if connection.number(said, &[(&self.decision).into()])? >= MOST_OF_ONE {
            return Ok(Given::Enough);
        }
        let (route, policy) = (known.text(1)?, known.text(2)?);
        let item = item.map(|item| Item {
            policy: policy.clone(),
            rule: known.opt_text(3).unwrap_or_default(),
            category: self.category.clone().or_else(|| known.opt_text(4).unwrap_or_default()),
            score: known.real(5).unwrap_or_default(),
            kin: known.text(6).unwrap_or_default(),
            ..item.clone()
        });
        if let Some(item) = &item {
            // What is to be looked at stays as long as there is somebody to look.
            connection.run(
                "UPDATE decisions SET expires = $1 WHERE id = $2 AND expires < $1",
                &[item.expires.into(), (&self.decision).into()],
            )?;
        }
        let item = item.map(|item| item.insert(connection)).transpose()?;
        let changed = connection.run(
            "INSERT INTO feedback (id, decision, at, caller, kind, label, category, thumb, rating, scale, comment, reporter, \
             replay, digest, route, policy, item, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
             $14, $15, $16, $17, $18) ON CONFLICT (caller, replay) DO NOTHING",
            &self.values((&route, &policy), item.as_deref()),
        )?;
        if changed == 0 {
            // The transaction of another gate ended after this one had looked.
            return Ok(self.earlier(connection)?.unwrap_or(Given::Clash));
        }
        act.append(connection, signer)?;
        let kept = FeedbackRow::find(connection, &self.id)?;
        Ok(kept.map_or(Given::Unknown, Given::Kept))
    }

    fn earlier(&self, connection: &mut dyn Connection) -> Result<Option<Given>, StoreError> {
        let sql = format!("SELECT {COLUMNS} {FROM} WHERE f.caller = $1 AND f.replay = $2");
        let row = connection.row(&sql, &[(&self.caller).into(), (&self.replay).into()])?;
        let earlier = row.map(|row| read(&row)).transpose()?;
        let same = |earlier: &FeedbackRow| earlier.feedback.digest == self.digest;
        Ok(earlier.map(|earlier| if same(&earlier) { Given::Known(earlier) } else { Given::Clash }))
    }

    fn values(&self, (route, policy): (&str, &str), item: Option<&str>) -> [Value; 18] {
        [
            (&self.id).into(),
            (&self.decision).into(),
            self.at.into(),
            (&self.caller).into(),
            (&self.kind).into(),
            self.label.as_deref().into(),
            self.category.as_deref().into(),
            self.thumb.as_deref().into(),
            self.rating.map(|rating| rating.value).into(),
            self.rating.map(|rating| rating.scale).into(),
            self.comment.as_deref().into(),
            self.reporter.as_deref().into(),
            (&self.replay).into(),
            (&self.digest).into(),
            route.into(),
            policy.into(),
            item.into(),
            self.expires.into(),
        ]
    }
}

fn read(row: &Row) -> Result<FeedbackRow, StoreError> {
    let rating = row.opt_int(8)?.zip(row.opt_int(9)?);
    let state = row.opt_text(18)?;
    let outcome = row.opt_text(19)?;
    Ok(FeedbackRow {
        feedback: Feedback {
            id: row.text(0)?,
            decision: row.text(1)?,
            at: row.int(2)?,
            caller: row.text(3)?,
            kind: row.text(4)?,
            label: row.opt_text(5)?,
            category: row.opt_text(6)?,
            thumb: row.opt_text(7)?,
            rating: rating.map(|(value, scale)| Rating { value, scale }),
            comment: row.opt_text(10)?,
            reporter: row.opt_text(11)?,
            replay: row.text(12)?,
            digest: row.text(13)?,
            expires: row.int(17)?,
        },
        route: row.text(14)?,
        policy: row.text(15)?,
        item: row.opt_text(16)?,
        review: state.map(|state| (state, outcome)),
    })
}

impl FeedbackRow {
    /// The opinion with this id.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn find(connection: &mut dyn Connection, id: &str) -> Result<Option<Self>, StoreError> {
        let sql = format!("SELECT {COLUMNS} {FROM} WHERE f.id = $1");
        connection.row(&sql, &[id.into()])?.map(|row| read(&row)).transpose()
    }

    /// Opinions about a decision, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn about(connection: &mut dyn Connection, decision: &str) -> Result<Vec<Self>, StoreError> {
        let sql = format!("SELECT {COLUMNS} {FROM} WHERE f.decision = $1 ORDER BY f.id LIMIT 100");
        connection.rows(&sql, &[decision.into()])?.iter().map(read).collect()
    }

    /// Opinions, the newest first.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn list(
        connection: &mut dyn Connection,
        filter: &FeedbackFilter,
    ) -> Result<Vec<Self>, StoreError> {
        let mut clauses = Clauses::default();
        clauses.when("f.kind =", filter.kind.as_deref());
        clauses.when("f.id <", filter.before.as_deref());
        let limit = clauses.value(filter.limit);
        let sql =
            format!("SELECT {COLUMNS} {FROM} {} ORDER BY f.id DESC LIMIT {limit}", clauses.sql());
        connection.rows(&sql, clauses.values())?.iter().map(read).collect()
    }
}

impl Tally {
    /// Ratings between two times, counted by route or policy.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn of_ratings(
        connection: &mut dyn Connection,
        (since, until): (i64, i64),
        by_policy: bool,
    ) -> Result<Vec<Self>, StoreError> {
        let group = if by_policy { "policy" } else { "route" };
        let sql = format!(
            "SELECT {group}, scale, rating, count(*) FROM feedback WHERE rating IS NOT NULL AND at >= $1 AND at < $2 \
             GROUP BY {group}, scale, rating ORDER BY {group}, scale, rating"
        );
        let rows = connection.rows(&sql, &[since.into(), until.into()])?;
        let tally = |row: &Row| {
            let (group, scale, value, count) =
                (row.text(0)?, row.int(1)?, row.int(2)?, row.int(3)?);
            Ok(Self { group, scale, value, count })
        };
        rows.iter().map(tally).collect()
    }
}
