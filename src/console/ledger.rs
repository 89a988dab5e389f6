//! The ledger of acts: searched and verified.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};

use super::AdminState;
use super::access::{Permission, Principal};
use super::answer::{Answer, ApiError, Asked, Limit, found, page};
use super::asked::{instant, text};
use super::decisions::no_cursor;
use crate::people::shapes::time;
use crate::store::{LedgerEntry, LedgerFault, LedgerFilter, LedgerState, Verifier};

/// The places of this room.
pub(super) fn routes() -> Router<Arc<AdminState>> {
    Router::new().route("/api/ledger", get(search)).route("/api/ledger/verify", get(verify))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    #[serde(deserialize_with = "text")]
    actor: Option<String>,
    #[serde(deserialize_with = "text")]
    act: Option<String>,
    #[serde(deserialize_with = "text")]
    object: Option<String>,
    #[serde(deserialize_with = "instant")]
    since: Option<i64>,
    #[serde(deserialize_with = "instant")]
    until: Option<i64>,
    #[serde(deserialize_with = "text")]
    after: Option<String>,
    limit: Limit,
}

/// `GET /api/ledger`: the newest first.
async fn search(
    State(state): State<Arc<AdminState>>,
    principal: Principal,
    Asked(wanted): Asked<Wanted>,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let before = wanted.after.map(|after| after.parse().map_err(|_| no_cursor())).transpose()?;
    let limit = wanted.limit;
    let filter = LedgerFilter {
        actor: wanted.actor,
        act: wanted.act,
        object: wanted.object,
        since: wanted.since,
        until: wanted.until,
        before,
        limit: limit.rows() + 1,
    };
    let mut rows = store.search(move |c| LedgerEntry::search(c, &filter)).await?;
    let next = limit.cut(&mut rows, |row| row.seq.to_string());
    let reads = principal.may(Permission::Read);
    Ok(page(rows.iter().map(|row| shown(row, reads)).collect(), next))
}

/// A line; what it says in detail only for those who read texts, for notes and comments are among it.
fn shown(entry: &LedgerEntry, reads: bool) -> Value {
    let (detail, _) = entry.details();
    json!({
        "seq": entry.seq,
        "at": time(entry.at),
        "actor": entry.actor,
        "act": entry.act,
        "object": entry.object,
        "detail": detail.filter(|_| reads),
        "erased": entry.detail.is_none(),
    })
}

/// `GET /api/ledger/verify`: reads all of it, and checks every line.
async fn verify(State(state): State<Arc<AdminState>>) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let key = store.signer().map(|signer| signer.public());
    let mut verifier = Verifier::new(key.into_iter().collect());
    loop {
        let (read, more) = store
            .search(move |c| {
                let more = verifier.page(c)?;
                Ok((verifier, more))
            })
            .await?;
        verifier = read;
        if !more {
            break;
        }
    }
    Ok(found(&verified(&verifier.end(), key.is_some())))
}

/// What it came to. Lines of before there was a key, or of another key, are sound but not signed.
fn verified(state: &LedgerState, has_key: bool) -> Value {
    let is_unsound = |fault: &&LedgerFault| !matches!(fault, LedgerFault::Signature(_));
    let faults: Vec<String> =
        state.faults.iter().filter(is_unsound).map(ToString::to_string).collect();
    json!({
        "lines": state.lines,
        "erased": state.erased,
        "head": state.head,
        "faults": faults,
        "unsigned": if has_key { state.unsigned } else { state.lines },
        "signed": has_key && state.unsigned == 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_signed_is_no_fault_and_is_told() {
        let faults = vec![LedgerFault::Signature(1), LedgerFault::Detail(2)];
        let state = LedgerState { lines: 3, unsigned: 1, faults, ..LedgerState::default() };
        let told = verified(&state, true);
        assert_eq!(told["faults"], json!(["line 2: its detail was changed"]));
        assert_eq!((&told["signed"], &told["unsigned"]), (&json!(false), &json!(1)));
        let none = LedgerState { lines: 3, ..LedgerState::default() };
        assert_eq!(verified(&none, false)["signed"], false);
        assert_eq!(verified(&none, true)["signed"], true);
    }

    #[test]
    fn details_are_for_those_who_read_texts() {
        let entry = LedgerEntry {
            seq: 1,
            at: 0,
            actor: "ann".to_owned(),
            act: "judge".to_owned(),
            object: "i".to_owned(),
            line: String::new(),
            detail: Some(r#"{"salt":"x","detail":{"note":"n"}}"#.to_owned()),
        };
        assert_eq!(shown(&entry, true)["detail"]["note"], "n");
        assert_eq!(
            (&shown(&entry, false)["detail"], &shown(&entry, false)["erased"]),
            (&Value::Null, &json!(false))
        );
    }
}
