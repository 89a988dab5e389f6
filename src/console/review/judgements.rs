//! Saying whether a decision was right, and taking it back.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::claims::{enough, taken};
use super::detail::MOST_NEAR;
use super::items::row;
use crate::console::AdminState;
use crate::console::access::Principal;
use crate::console::answer::{Answer, ApiError, Named, Sent, found};
use crate::people::acts::{Judged, Reviewer, Too};
use crate::people::review::Opinion;
use crate::people::verdict::Judgement;
use crate::store::Connection;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    judgement: Judgement,
    category: Option<String>,
    note: Option<String>,
    edited: Option<String>,
    #[serde(default)]
    alike: bool,
    #[serde(default)]
    near: Vec<String>,
}

/// `POST /api/review/items/{id}/judgement`.
pub(super) async fn judge(
    State(state): State<Arc<AdminState>>,
    Named(id): Named,
    principal: Principal,
    Sent(given): Sent<Given>,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let Given { judgement, category, note, edited, alike, near } = given;
    if near.len() > MOST_NEAR {
        return Err(ApiError::wrong(format!("`near` has at most {MOST_NEAR} items")));
    }
    let opinion = Opinion { judgement, category, note, edited };
    opinion.check().map_err(|error| ApiError::wrong(error.to_string()))?;
    let judge = move |c: &mut dyn Connection, by: &Reviewer<'_>| {
        by.judge(c, &id, (&opinion, Too { alike, near: &near }))
    };
    match principal.act(&store, judge).await? {
        Judged::Kept { items, left_out } => {
            let live = state.gateway.live();
            let items: Vec<Value> = items.iter().map(|item| row(&live, item)).collect();
            Ok(found(&json!({ "items": items, "left_out": left_out })))
        }
        Judged::NoItem => Err(ApiError::unknown("item")),
        Judged::Taken(who, until) => Err(taken(&who, until)),
        Judged::Enough => Err(enough()),
    }
}

/// `DELETE /api/review/items/{id}/judgement`.
pub(super) async fn undo(
    State(state): State<Arc<AdminState>>,
    Named(id): Named,
    principal: Principal,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let undone = principal.act(&store, move |c, by| by.undo(c, &id)).await?;
    let undone = undone.ok_or_else(|| ApiError::unknown("judgement of yours"))?;
    Ok(found(&row(&state.gateway.live(), &undone)))
}
