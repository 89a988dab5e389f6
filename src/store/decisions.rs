//! Decisions, so that people can speak of them later.

use super::clauses::Clauses;
use super::sealed::{TextKey, open, seal};
use super::{Connection, Item, Row, StoreError, Value};
use crate::domain::Action;

/// A decision to keep.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeptDecision {
    /// Its id.
    pub id: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// A digest of whoever asked; empty where nobody said who.
    pub caller: String,
    /// The request's id, which the prompt and the answer share.
    pub request: String,
    /// The route.
    pub route: String,
    /// The policy.
    pub policy: String,
    /// Its revision.
    pub revision: String,
    /// `prompt` or `completion`.
    pub phase: String,
    /// What was decided.
    pub action: String,
    /// What would have been, with every shadow rule enforced.
    pub would_be: String,
    /// Whether it took effect.
    pub enforced: bool,
    /// The deciding rule.
    pub rule: Option<String>,
    /// Its category.
    pub category: Option<String>,
    /// The score total.
    pub score: f64,
    /// The model asked for.
    pub model: String,
    /// The decision record, a JSON object, without texts.
    pub record: String,
    /// The texts, a JSON list, where they are kept.
    pub texts: Option<String>,
    /// The same for texts that are alike; empty where no text is known.
    pub kin: String,
    /// How strict it is: of several policies that decide about the same, people speak of the strictest.
    pub weight: i64,
    /// When it goes, in milliseconds since 1970.
    pub expires: i64,
    /// What of it is to be looked at by people.
    pub item: Option<Item>,
}

impl KeptDecision {
    /// About how many bytes of memory it takes.
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.record.len() + self.texts.as_ref().map_or(0, String::len)
    }
}

/// A decision as the store has it.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionRow {
    /// The decision; `item` is not read.
    pub decision: KeptDecision,
}

/// Which decisions are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// Those that come after this one, where the newest comes first: its time in milliseconds since 1970, id and policy.
    pub after: Option<(i64, String, String)>,
    /// From this time on, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Before this time.
    pub until: Option<i64>,
    /// With this action, whether or not it took effect.
    pub action: Option<String>,
    /// Under this policy.
    pub policy: Option<String>,
    /// By this rule.
    pub rule: Option<String>,
    /// Of this route.
    pub route: Option<String>,
    /// Of this phase.
    pub phase: Option<String>,
    /// With this id, or of the request with it.
    pub id: Option<String>,
    /// The most.
    pub limit: i64,
}

const COLUMNS: &str = "id, at, caller, request, route, policy, revision, phase, action, would_be, enforced, \
     rule, category, score, model, record, texts, expires, kin, weight";
/// The same without what is long.
const HEAD: &str = "id, at, caller, request, route, policy, revision, phase, action, would_be, enforced, rule, category, \
     score, model, CAST('' AS TEXT), CAST(NULL AS TEXT), expires, kin, weight";

/// Keeps a decision, and what of it is to be looked at. One with the same id is left as it is.
pub(super) fn insert(
    connection: &mut dyn Connection,
    key: Option<&TextKey>,
    decision: &KeptDecision,
) -> Result<(), StoreError> {
    let KeptDecision { id, texts, item, .. } = decision;
    let texts = texts.as_ref().map(|texts| seal(key, id, texts)).transpose()?;
    let d = decision;
    let values: [Value; 20] = [
        id.into(),
        d.at.into(),
        (&d.caller).into(),
        (&d.request).into(),
        (&d.route).into(),
        (&d.policy).into(),
        (&d.revision).into(),
        (&d.phase).into(),
        (&d.action).into(),
        (&d.would_be).into(),
        d.enforced.into(),
        d.rule.as_deref().into(),
        d.category.as_deref().into(),
        d.score.into(),
        (&d.model).into(),
        (&d.record).into(),
        texts.into(),
        d.expires.into(),
        (&d.kin).into(),
        d.weight.into(),
    ];
    let sql = format!(
        "INSERT INTO decisions ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
         $17, $18, $19, $20) ON CONFLICT DO NOTHING"
    );
    connection.run(&sql, &values)?;
    item.as_ref().map_or(Ok(()), |item| item.insert(connection).map(drop))
}

fn read(row: &Row, key: Option<&TextKey>) -> Result<DecisionRow, StoreError> {
    let id = row.text(0)?;
    let texts = row.opt_text(16)?.map(|texts| open(key, &id, texts)).transpose()?;
    let decision = KeptDecision {
        at: row.int(1)?,
        caller: row.text(2)?,
        request: row.text(3)?,
        route: row.text(4)?,
        policy: row.text(5)?,
        revision: row.text(6)?,
        phase: row.text(7)?,
        action: row.text(8)?,
        would_be: row.text(9)?,
        enforced: row.flag(10)?,
        rule: row.opt_text(11)?,
        category: row.opt_text(12)?,
        score: row.real(13)?,
        model: row.text(14)?,
        record: row.text(15)?,
        expires: row.int(17)?,
        kin: row.text(18)?,
        weight: row.int(19)?,
        texts,
        item: None,
        id,
    };
    Ok(DecisionRow { decision })
}

impl DecisionRow {
    /// The decision with this id; of several policies, the strictest.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn find(
        connection: &mut dyn Connection,
        key: Option<&TextKey>,
        id: &str,
    ) -> Result<Option<Self>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM decisions WHERE id = $1 ORDER BY weight DESC LIMIT 1");
        connection.row(&sql, &[id.into()])?.map(|row| read(&row, key)).transpose()
    }

    /// All decisions of a request, the prompt's first.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn of_request(
        connection: &mut dyn Connection,
        key: Option<&TextKey>,
        request: &str,
    ) -> Result<Vec<Self>, StoreError> {
        let sql =
            format!("SELECT {COLUMNS} FROM decisions WHERE request = $1 ORDER BY id LIMIT 16");
        let rows = connection.rows(&sql, &[request.into()])?;
        rows.iter().map(|row| read(row, key)).collect()
    }

    /// All decisions with this id, one of each policy, the strictest first.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn with_id(
        connection: &mut dyn Connection,
        key: Option<&TextKey>,
        id: &str,
    ) -> Result<Vec<Self>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM decisions WHERE id = $1 ORDER BY weight DESC, policy LIMIT 16"
        );
        let rows = connection.rows(&sql, &[id.into()])?;
        rows.iter().map(|row| read(row, key)).collect()
    }

    /// Decisions, the newest first, without their records and texts.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn list(
        connection: &mut dyn Connection,
        filter: &DecisionFilter,
    ) -> Result<Vec<Self>, StoreError> {
        let mut clauses = Clauses::default();
        if let Some((at, id, policy)) = &filter.after {
            let (at, id) = (clauses.value(*at), clauses.value(id));
            let policy = clauses.value(policy);
            clauses.add(format!(
                "at <= {at} AND (at < {at} OR id < {id} OR (id = {id} AND policy < {policy}))"
            ));
        }
        clauses.when("at >=", filter.since);
        clauses.when("at <", filter.until);
        if let Some(action) = filter.action.as_deref() {
            // What could not be screened has a word of its own in the place of the action.
            let is_one = Action::ALL.into_iter().any(|one| one.as_str() == action);
            clauses.when(if is_one { "would_be =" } else { "action =" }, Some(action));
            if is_one && action != Action::Allow.as_str() {
                clauses.add("would_be <> 'allow'");
            }
        }
        clauses.when("policy =", filter.policy.as_deref());
        clauses.when("rule =", filter.rule.as_deref());
        clauses.when("route =", filter.route.as_deref());
        clauses.when("phase =", filter.phase.as_deref());
        if let Some(id) = filter.id.as_deref() {
            let id = clauses.value(id);
            clauses.add(format!("(id = {id} OR request = {id})"));
        }
        let limit = clauses.value(filter.limit);
        let sql = format!(
            "SELECT {HEAD} FROM decisions {} ORDER BY at DESC, id DESC, policy DESC LIMIT {limit}",
            clauses.sql()
        );
        let rows = connection.rows(&sql, clauses.values())?;
        rows.iter().map(|row| read(row, None)).collect()
    }

    /// Takes the texts of a decision out of the store for good, and what people wrote about it; whether there was one.
    /// What was counted stays, and so does the ledger, which has only salted digests of what was written.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn erase(connection: &mut dyn Connection, id: &str) -> Result<bool, StoreError> {
        let of = [id.into()];
        let had = connection.run("UPDATE decisions SET texts = NULL WHERE id = $1", &of)?;
        connection.run(
            "UPDATE ledger SET detail = NULL WHERE object IN \
             (SELECT id FROM items WHERE decision = $1 UNION SELECT id FROM feedback WHERE decision = $1)",
            &of,
        )?;
        connection.run(
            "UPDATE judgements SET note = NULL, edited = NULL WHERE item IN \
             (SELECT id FROM items WHERE decision = $1)",
            &of,
        )?;
        // Digests of what was written would let guesses be tried.
        connection.run("UPDATE decisions SET kin = '' WHERE id = $1", &of)?;
        connection.run("UPDATE items SET kin = '' WHERE decision = $1", &of)?;
        let said = connection.run(
            "UPDATE feedback SET comment = NULL, reporter = NULL, digest = '', replay = 'erased:' || id WHERE decision = $1",
            &of,
        )?;
        Ok(had + said > 0)
    }
}
