//! The ledger: every act of people, one line each, chained by hashes and signed where there is a key.
//!
//! A line holds a digest of what an act says in detail. The detail lies beside it and can be erased; the chain still
//! verifies then. Digests tell nothing of what was erased, since every detail is salted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::json;
use thiserror::Error;

use super::clauses::Clauses;
use super::{Connection, Row, StoreError};
use crate::audit::{Chain, Fault, Link, PublicKey, Signer, digest};

/// The schema of a line.
const SCHEMA: &str = "tidegate.act/v1";
/// Lines that are read at once.
const PAGE: i64 = 1000;

/// Something that somebody did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Act {
    /// A UUID that nothing else has: names the chain if this is its first line.
    pub id: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// The same for people.
    pub ts: String,
    /// Who did it.
    pub actor: String,
    /// What: `feedback`, `claim`, `judge`, `undo`, `erase`, …
    pub act: String,
    /// With what: an id.
    pub object: String,
    /// What it says in detail, a JSON value.
    pub detail: serde_json::Value,
}

/// A line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Its number.
    pub seq: i64,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// What.
    pub act: String,
    /// With what.
    pub object: String,
    /// The line.
    pub line: String,
    /// The detail, unless it was erased.
    pub detail: Option<String>,
}

/// Which lines are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerFilter {
    /// Of this person.
    pub actor: Option<String>,
    /// Of this kind.
    pub act: Option<String>,
    /// With this.
    pub object: Option<String>,
    /// From this time on, in milliseconds since 1970.
    pub since: Option<i64>,
    /// Before this time.
    pub until: Option<i64>,
    /// Before the line with this number.
    pub before: Option<i64>,
    /// The most.
    pub limit: i64,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LedgerFault {
    /// It is not what was written.
    #[error("line {seq}: {fault}")]
    Line {
        /// Its number.
        seq: i64,
        /// What is wrong.
        fault: Fault,
    },
    /// The columns beside it say something else than the line.
    #[error("line {0}: its columns do not say what the line says")]
    Columns(i64),
    /// The detail is another one.
    #[error("line {0}: its detail was changed")]
    Detail(i64),
    /// It is not signed by any key that was given.
    #[error("line {0}: it is not signed by a key that was given")]
    Signature(i64),
    /// Lines are missing before it.
    #[error("lines are missing before line {0}")]
    Missing(i64),
    /// It does not follow from the line before.
    #[error("line {0} does not follow from the one before")]
    Unlinked(i64),
}

/// How far the ledger is sound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerState {
    /// Lines.
    pub lines: i64,
    /// Lines whose detail was erased.
    pub erased: i64,
    /// Lines that are sound but not signed by any key that was given, where keys were.
    pub unsigned: i64,
    /// The hash of the last line.
    pub head: Option<String>,
    /// What is wrong with it, the first hundred.
    pub faults: Vec<LedgerFault>,
}

/// The most faults that are named.
const MOST_FAULTS: usize = 100;

impl Act {
    /// Writes the next line, in the transaction that is open.
    ///
    /// # Errors
    /// When the database cannot be reached, or its last line is none.
    pub fn append(
        &self,
        connection: &mut dyn Connection,
        signer: Option<&Signer>,
    ) -> Result<(), StoreError> {
        connection.serialise()?;
        let last = connection.row("SELECT line FROM ledger ORDER BY seq DESC LIMIT 1", &[])?;
        let broken =
            |fault: Fault| StoreError::Unreadable(format!("the last line of the ledger ({fault})"));
        let mut chain = match last {
            Some(row) => Chain::after(&Link::of(row.text(0)?.as_bytes()).map_err(broken)?),
            None => Chain::new(self.id.clone()),
        };
        let detail = json!({ "salt": salt()?, "detail": self.detail }).to_string();
        let mut line = json!({
            "schema": SCHEMA,
            "ts": self.ts,
            "at": self.at,
            "actor": self.actor,
            "act": self.act,
            "object": self.object,
            "detail_sha256": digest(detail.as_bytes()),
        })
        .to_string();
        chain.seal(&mut line, signer);
        let seq = i64::try_from(chain.seq()).unwrap_or(i64::MAX);
        connection.run(
            "INSERT INTO ledger (seq, at, actor, act, object, line, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                seq.into(),
                self.at.into(),
                (&self.actor).into(),
                (&self.act).into(),
                (&self.object).into(),
                line.into(),
                detail.into(),
            ],
        )?;
        Ok(())
    }
}

impl LedgerEntry {
    /// Lines from a number on.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn list(
        connection: &mut dyn Connection,
        from: i64,
        limit: i64,
    ) -> Result<Vec<Self>, StoreError> {
        let rows = connection.rows(
            "SELECT seq, at, actor, act, object, line, detail FROM ledger WHERE seq >= $1 ORDER BY seq LIMIT $2",
            &[from.into(), limit.into()],
        )?;
        rows.iter().map(Self::read).collect()
    }

    /// Lines that a filter means, the newest first.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn search(
        connection: &mut dyn Connection,
        filter: &LedgerFilter,
    ) -> Result<Vec<Self>, StoreError> {
        let mut clauses = Clauses::default();
        clauses.when("actor =", filter.actor.as_deref());
        clauses.when("act =", filter.act.as_deref());
        clauses.when("object =", filter.object.as_deref());
        clauses.when("at >=", filter.since);
        clauses.when("at <", filter.until);
        clauses.when("seq <", filter.before);
        let limit = clauses.value(filter.limit);
        let sql = format!(
            "SELECT seq, at, actor, act, object, line, detail FROM ledger {} ORDER BY seq DESC LIMIT {limit}",
            clauses.sql()
        );
        connection.rows(&sql, clauses.values())?.iter().map(Self::read).collect()
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            seq: row.int(0)?,
            at: row.int(1)?,
            actor: row.text(2)?,
            act: row.text(3)?,
            object: row.text(4)?,
            line: row.text(5)?,
            detail: row.opt_text(6)?,
        })
    }

    /// What the act said in detail, and the salt of its digest; none where it was erased.
    pub fn details(&self) -> (Option<serde_json::Value>, Option<serde_json::Value>) {
        let kept = self.detail.as_deref();
        let kept: Option<serde_json::Value> = kept.and_then(|kept| serde_json::from_str(kept).ok());
        let member = |name: &str| kept.as_ref().and_then(|kept| kept.get(name)).cloned();
        (member("detail"), member("salt"))
    }
}

impl LedgerState {
    /// Reads the whole ledger, and checks every line. With keys, every line has to be signed by one of them.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn verify(connection: &mut dyn Connection, keys: &[PublicKey]) -> Result<Self, StoreError> {
        let mut verifier = Verifier::new(keys.to_vec());
        while verifier.page(connection)? {}
        Ok(verifier.end())
    }
}

/// Reads the ledger page by page, so that nobody waits long for the database meanwhile.
#[derive(Debug)]
pub struct Verifier {
    state: LedgerState,
    last: Option<Link>,
    keys: Vec<PublicKey>,
}

impl Verifier {
    /// Begins at the first line. With keys, every line has to be signed by one of them.
    pub fn new(keys: Vec<PublicKey>) -> Self {
        Self { state: LedgerState::default(), last: None, keys }
    }

    /// Checks the next lines; whether there may be more.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn page(&mut self, connection: &mut dyn Connection) -> Result<bool, StoreError> {
        let from = next(self.last.as_ref());
        let entries = LedgerEntry::list(connection, from, PAGE)?;
        if entries.is_empty() || from == i64::MAX {
            return Ok(false);
        }
        for entry in entries {
            self.check(&entry);
        }
        Ok(true)
    }

    fn check(&mut self, entry: &LedgerEntry) {
        let state = &mut self.state;
        state.lines += 1;
        state.erased += i64::from(entry.detail.is_none());
        let found = fault(entry, self.last.as_ref(), &self.keys);
        state.unsigned += i64::from(matches!(found, Some(LedgerFault::Signature(_))));
        if let Some(fault) = found
            && state.faults.len() < MOST_FAULTS
        {
            state.faults.push(fault);
        }
        let seq = u64::try_from(entry.seq).unwrap_or_default();
        let read = Link::of(entry.line.as_bytes()).ok();
        let chain = String::new();
        let none = Link { chain, seq, prev: String::new(), sig: None, hash: String::new() };
        self.last = Some(Link { seq, ..read.unwrap_or(none) });
    }

    /// What it came to.
    pub fn end(self) -> LedgerState {
        LedgerState { head: self.last.map(|link| link.hash), ..self.state }
    }
}

/// What keeps a detail from being guessed by its digest.
fn salt() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    let random = SystemRandom::new().fill(&mut bytes);
    random.map_err(|_| StoreError::Away("there are no random numbers".to_owned()))?;
    Ok(BASE64.encode(bytes))
}

/// The number of the line after this one.
fn next(last: Option<&Link>) -> i64 {
    last.map_or(i64::MIN, |link| i64::try_from(link.seq).unwrap_or(i64::MAX).saturating_add(1))
}

/// What is wrong with a line after this one.
fn fault(entry: &LedgerEntry, last: Option<&Link>, keys: &[PublicKey]) -> Option<LedgerFault> {
    let seq = entry.seq;
    let link = match Link::of(entry.line.as_bytes()) {
        Ok(link) => link,
        Err(fault) => return Some(LedgerFault::Line { seq, fault }),
    };
    let said: serde_json::Value = serde_json::from_str(&entry.line).unwrap_or_default();
    let says = |name: &str, value: &str| said.get(name).and_then(|v| v.as_str()) == Some(value);
    let agree = i64::try_from(link.seq) == Ok(seq)
        && said.get("at").and_then(serde_json::Value::as_i64) == Some(entry.at)
        && says("actor", &entry.actor)
        && says("act", &entry.act)
        && says("object", &entry.object);
    if !agree {
        return Some(LedgerFault::Columns(seq));
    }
    let detail = entry.detail.as_ref();
    if detail.is_some_and(|detail| !says("detail_sha256", &digest(detail.as_bytes()))) {
        return Some(LedgerFault::Detail(seq));
    }
    let expected = last.map_or(1, |last| last.seq + 1);
    if link.seq != expected {
        return Some(LedgerFault::Missing(seq));
    }
    let first = crate::audit::GENESIS;
    let follows =
        last.map_or(link.prev == first, |last| link.prev == last.hash && link.chain == last.chain);
    if !follows {
        return Some(LedgerFault::Unlinked(seq));
    }
    let signed = |key: &PublicKey| link.signed_by(*key, entry.line.as_bytes());
    if !keys.is_empty() && !keys.iter().any(signed) {
        return Some(LedgerFault::Signature(seq));
    }
    None
}
