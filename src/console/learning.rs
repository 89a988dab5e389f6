//! Thresholds that follow labels: where they stand, and how one goes back.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;

use super::AdminState;
use super::access::Principal;
use super::answer::{Answer, ApiError, Sent, found};
use crate::people::thresholds;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reset {
    policy: String,
    rule: String,
}

/// `GET /api/adapt`.
pub(super) async fn adapted(State(state): State<Arc<AdminState>>) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let list = store.read(|c| thresholds::list(c)).await?;
    Ok(found(&list))
}

/// `POST /api/adapt/reset`: what is written stands again.
pub(super) async fn reset(
    State(state): State<Arc<AdminState>>,
    principal: Principal,
    Sent(Reset { policy, rule }): Sent<Reset>,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let row =
        principal.act(&store, move |c, by| thresholds::reset(c, (&policy, &rule), by)).await?;
    let row = row.ok_or_else(|| ApiError::unknown("rule with a threshold that moves"))?;
    Ok(found(&thresholds::row(&row)))
}
