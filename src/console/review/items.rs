//! Queues and what waits in them.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::severity::is_severe;
use crate::console::AdminState;
use crate::console::answer::{Answer, ApiError, Asked, Limit, page};
use crate::console::asked::text;
use crate::people::shapes;
use crate::proxy::Live;
use crate::store::{ItemFilter, ItemRow, ItemState};

/// `GET /api/review/queues`.
pub(super) async fn queues(State(state): State<Arc<AdminState>>) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let sizes = store.search(ItemRow::sizes).await?;
    Ok(page(sizes.iter().map(shapes::queue).collect(), None))
}

/// An item as the API has it.
pub(in crate::console) fn row(live: &Live, row: &ItemRow) -> Value {
    shapes::with(shapes::item(row), json!({ "severe": is_severe(live, row) }))
}

/// Items with how many others have the same text.
pub(super) fn counted(live: &Live, rows: &[(ItemRow, i64)]) -> Vec<Value> {
    let one =
        |(item, alike): &(ItemRow, i64)| shapes::with(row(live, item), json!({ "alike": alike }));
    rows.iter().map(one).collect()
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    #[serde(deserialize_with = "text")]
    queue: Option<String>,
    #[serde(deserialize_with = "state")]
    state: Option<ItemState>,
    #[serde(deserialize_with = "text")]
    policy: Option<String>,
    #[serde(deserialize_with = "text")]
    rule: Option<String>,
    #[serde(deserialize_with = "text")]
    after: Option<String>,
    limit: Limit,
}

fn state<'de, D: Deserializer<'de>>(from: D) -> Result<Option<ItemState>, D::Error> {
    let Some(word) = text(from)? else { return Ok(None) };
    let known = ItemState::ALL.map(ItemState::as_str).join("`, `");
    let wrong = || serde::de::Error::custom(format!("`state` is one of `{known}`"));
    ItemState::of(&word).map(Some).ok_or_else(wrong)
}

/// `GET /api/review/items`: the oldest first; without a state, all that nobody has settled.
pub(super) async fn list(
    State(state): State<Arc<AdminState>>,
    Asked(wanted): Asked<Wanted>,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let limit = wanted.limit;
    let filter = ItemFilter {
        waiting: wanted.state.is_none(),
        queue: wanted.queue,
        state: wanted.state,
        policy: wanted.policy,
        rule: wanted.rule,
        after: wanted.after,
        limit: limit.rows() + 1,
        ..ItemFilter::default()
    };
    let (rows, next) = store
        .search(move |c| {
            let mut rows = ItemRow::list(c, &filter)?;
            let next = limit.cut(&mut rows, |row| row.item.id.clone());
            let mut counted = Vec::with_capacity(rows.len());
            for row in rows {
                let alike = row.count_alike(c)?;
                counted.push((row, alike));
            }
            Ok((counted, next))
        })
        .await?;
    Ok(page(counted(&state.gateway.live(), &rows), next))
}
