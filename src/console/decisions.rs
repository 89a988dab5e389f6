//! Decisions: looked for, looked at, and their texts erased.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::{delete, get};
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Permission, Principal};
use super::answer::{Answer, ApiError, Asked, Limit, Named, done, found, page};
use super::asked::{instant, text, word};
use super::{AdminState, passages};
use crate::domain::{Action, Phase};
use crate::people::shapes;
use crate::store::{
    Connection, DecisionFilter, DecisionRow, FeedbackRow, ItemRow, KeptDecision, StoreError,
    TextKey,
};

/// The places of this room.
pub(super) fn routes() -> Router<Arc<AdminState>> {
    Router::new()
        .route("/api/decisions", get(list))
        .route("/api/decisions/{id}", get(detail))
        .route("/api/decisions/{id}/texts", delete(erase))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    #[serde(deserialize_with = "word")]
    action: Option<Action>,
    #[serde(deserialize_with = "text")]
    policy: Option<String>,
    #[serde(deserialize_with = "text")]
    rule: Option<String>,
    #[serde(deserialize_with = "text")]
    route: Option<String>,
    #[serde(deserialize_with = "word")]
    phase: Option<Phase>,
    #[serde(deserialize_with = "instant")]
    since: Option<i64>,
    #[serde(deserialize_with = "instant")]
    until: Option<i64>,
    #[serde(deserialize_with = "text")]
    id: Option<String>,
    #[serde(deserialize_with = "text")]
    after: Option<String>,
    limit: Limit,
}

/// `GET /api/decisions`: the newest first.
async fn list(State(state): State<Arc<AdminState>>, Asked(wanted): Asked<Wanted>) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let limit = wanted.limit;
    let after = wanted.after.map(|cursor| place(&cursor).ok_or_else(no_cursor)).transpose()?;
    let filter = DecisionFilter {
        after,
        since: wanted.since,
        until: wanted.until,
        action: wanted.action.map(|action| action.as_str().to_owned()),
        policy: wanted.policy,
        rule: wanted.rule,
        route: wanted.route,
        phase: wanted.phase.map(|phase| phase.as_str().to_owned()),
        id: wanted.id,
        limit: limit.rows() + 1,
    };
    let mut rows = store.search(move |c| DecisionRow::list(c, &filter)).await?;
    let next = limit.cut(&mut rows, |row| cursor(&row.decision));
    let rows = rows.iter().map(|row| shapes::decision_row(&row.decision));
    Ok(page(rows.collect(), next))
}

/// What leads to the decisions that come after one.
fn cursor(decision: &KeptDecision) -> String {
    format!("{}.{}.{}", decision.at, decision.id, decision.policy)
}

fn place(cursor: &str) -> Option<(i64, String, String)> {
    let (at, rest) = cursor.split_once('.')?;
    let (id, policy) = rest.split_once('.')?;
    Some((at.parse().ok()?, id.to_owned(), policy.to_owned()))
}

/// What came as `after` leads nowhere.
pub(super) fn no_cursor() -> ApiError {
    ApiError::wrong("`after` is what `next` of the page before says")
}

/// A decision with all that belongs to it.
#[derive(Debug)]
pub(super) struct Detail {
    /// The decision under each policy, the strictest first.
    policies: Vec<KeptDecision>,
    /// All decisions of the request.
    request: Vec<KeptDecision>,
    feedback: Vec<FeedbackRow>,
    items: Vec<ItemRow>,
}

impl Detail {
    /// Looks it up; `None` where the store has no such decision.
    pub(super) fn find(
        connection: &mut dyn Connection,
        key: Option<&TextKey>,
        id: &str,
    ) -> Result<Option<Self>, StoreError> {
        let plain = |rows: Vec<DecisionRow>| rows.into_iter().map(|row| row.decision).collect();
        let policies: Vec<KeptDecision> = plain(DecisionRow::with_id(connection, key, id)?);
        let Some(first) = policies.first() else { return Ok(None) };
        Ok(Some(Self {
            request: plain(DecisionRow::of_request(connection, key, &first.request)?),
            feedback: FeedbackRow::about(connection, id)?,
            items: ItemRow::about(connection, id)?,
            policies,
        }))
    }

    /// The decision, under the strictest policy.
    pub(super) fn decision(&self) -> Option<&KeptDecision> {
        self.policies.first()
    }

    /// As the API has it; texts of users only for those who read them.
    pub(super) fn shown(&self, reads: bool, item: impl Fn(&ItemRow) -> Value) -> Value {
        let Some((first, others)) = self.policies.split_first() else { return Value::Null };
        let row = shapes::decision_row;
        let (record, passages) = passages::shown(first, reads);
        json!({
            "decision": row(first),
            "record": record,
            "passages": passages,
            "request": self.request.iter().map(row).collect::<Vec<_>>(),
            "feedback": self.feedback.iter().map(|one| opinion(one, reads)).collect::<Vec<_>>(),
            "items": self.items.iter().map(item).collect::<Vec<_>>(),
            "others": others.iter().map(row).collect::<Vec<_>>(),
        })
    }
}

/// What a user said; the comment only for those who read texts.
pub(super) fn opinion(row: &FeedbackRow, reads: bool) -> Value {
    let mut shown = shapes::feedback(row);
    if let Some(members) = shown.as_object_mut().filter(|_| !reads) {
        members.remove("comment");
    }
    shown
}

/// `GET /api/decisions/{id}`.
async fn detail(
    State(state): State<Arc<AdminState>>,
    Named(id): Named,
    principal: Principal,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let keyed = store.clone();
    let detail = store.read(move |c| Detail::find(c, keyed.key(), &id)).await?;
    let detail = detail.ok_or_else(|| ApiError::unknown("decision"))?;
    let live = state.gateway.live();
    let item = |row: &ItemRow| super::review::row(&live, row);
    Ok(found(&detail.shown(principal.may(Permission::Read), item)))
}

/// `DELETE /api/decisions/{id}/texts`.
async fn erase(
    State(state): State<Arc<AdminState>>,
    Named(id): Named,
    principal: Principal,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let had = principal.act(&store, move |c, by| by.erase(c, &id)).await?;
    if had { Ok(done()) } else { Err(ApiError::unknown("decision")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_place_whatever_the_policy_is_called() {
        let decision = KeptDecision {
            id: "0190".to_owned(),
            at: 17,
            policy: "kids.v2".to_owned(),
            ..KeptDecision::default()
        };
        let back = place(&cursor(&decision));
        assert_eq!(back, Some((17, "0190".to_owned(), "kids.v2".to_owned())));
        assert_eq!((place("x"), place("a.b.c")), (None, None));
    }
}
