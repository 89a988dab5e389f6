//! Taking items and giving them back.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::detail::shown;
use super::severity::is_severe;
use crate::console::AdminState;
use crate::console::access::Principal;
use crate::console::answer::{Answer, ApiError, Named, Sent, done};
use crate::people::acts::{Claimed, ENOUGH, Reviewer, Took, Wish};
use crate::people::review;
use crate::people::shapes::time;
use crate::proxy::Live;
use crate::store::{Claim, Connection, ItemRow, StoreError};

/// How long an item is taken for, in milliseconds.
const HOLD: i64 = 15 * 60 * 1000;
/// How many items that are bad to look at one person is given in an hour.
const SEVERE_PER_HOUR: usize = 60;
/// The most items that one passes over in a sitting.
const MOST_PASSED: usize = 200;
/// Milliseconds of an hour.
const HOUR: i64 = 60 * 60 * 1000;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Place {
    queue: Option<String>,
    /// Items that were passed over.
    not: Vec<String>,
}

/// `POST /api/review/claim`: the oldest that waits for this person; without a queue, from each queue in turn.
pub(super) async fn next(
    State(state): State<Arc<AdminState>>,
    principal: Principal,
    Sent(Place { queue, not }): Sent<Place>,
) -> Answer {
    if let Some(queue) = &queue {
        review::name("queue", queue).map_err(|error| ApiError::wrong(error.to_string()))?;
    }
    if not.len() > MOST_PASSED {
        return Err(ApiError::wrong(format!("`not` has at most {MOST_PASSED} items")));
    }
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let live = state.gateway.live();
    let claimed = principal
        .act(&store, move |c, by| {
            let queues = match queue {
                Some(queue) => vec![queue],
                None => by.queues_in_turn(c)?,
            };
            let queues: Vec<Option<String>> = queues.into_iter().map(Some).collect();
            let of_late = OfLate::find(c, by, &live)?;
            let spares = |row: &ItemRow| of_late.spares(&live, row);
            let until = by.now.saturating_add(HOLD);
            by.claim(c, &Wish { queues: &queues, until, not: &not, spares: &spares })
        })
        .await?;
    match claimed {
        Claimed::Item(row) => shown(&state, &principal, row.item.id).await,
        Claimed::Nothing => Ok(done()),
        Claimed::Spared => Err(severe_cap()),
    }
}

/// What somebody has taken within an hour.
struct OfLate {
    taken: Vec<ItemRow>,
    /// Whether that was as much as one is given that is bad to look at.
    is_enough: bool,
}

impl OfLate {
    fn find(
        connection: &mut dyn Connection,
        by: &Reviewer<'_>,
        live: &Live,
    ) -> Result<Self, StoreError> {
        let taken = Claim::taken(connection, &by.name, by.now.saturating_sub(HOUR))?;
        let severe = taken.iter().filter(|row| is_severe(live, row)).count();
        Ok(Self { taken, is_enough: severe >= SEVERE_PER_HOUR })
    }

    /// Whether this person is to be spared an item. One that they have had already is no new one.
    fn spares(&self, live: &Live, row: &ItemRow) -> bool {
        let known = || self.taken.iter().any(|taken| taken.item.id == row.item.id);
        self.is_enough && !known() && is_severe(live, row)
    }
}

fn severe_cap() -> ApiError {
    let message = format!(
        "you have looked at {SEVERE_PER_HOUR} items of high severity within an hour; do something else for a while"
    );
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "severe_cap", message)
}

/// `POST /api/review/items/{id}/claim`.
pub(super) async fn take(
    State(state): State<Arc<AdminState>>,
    Named(id): Named,
    principal: Principal,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let (live, item) = (state.gateway.live(), id.clone());
    let took = principal
        .act(&store, move |c, by| {
            let row = ItemRow::find(c, &item)?;
            let of_late = OfLate::find(c, by, &live)?;
            if row.is_some_and(|row| of_late.spares(&live, &row)) {
                return Ok(Err(severe_cap()));
            }
            by.claim_this(c, (&item, by.now.saturating_add(HOLD))).map(Ok)
        })
        .await?;
    match took? {
        Some(Took::Judged) => {
            let message = "you have judged this item; take that back first";
            Err(ApiError::conflict("judged", message))
        }
        Some(Took::Item(_)) => shown(&state, &principal, id).await,
        Some(Took::Taken(who, until)) => Err(taken(&who, until)),
        Some(Took::Enough) => Err(enough()),
        None => Err(ApiError::unknown("item")),
    }
}

/// Somebody else has the item.
pub(super) fn taken(who: &str, until: i64) -> ApiError {
    let until = time(until);
    let message = format!("`{}` has the item until {until}", who.escape_debug());
    ApiError::conflict("taken", message).with(json!({ "by": who, "until": until }))
}

/// As many people as are asked have judged the item.
pub(super) fn enough() -> ApiError {
    ApiError::conflict("enough", ENOUGH)
}

/// `DELETE /api/review/items/{id}/claim`.
pub(super) async fn release(
    State(state): State<Arc<AdminState>>,
    Named(id): Named,
    principal: Principal,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let had = principal.act(&store, move |c, by| by.release(c, &id)).await?;
    if had { Ok(done()) } else { Err(ApiError::unknown("item that is yours")) }
}
