//! What users say of decisions, and how content they are.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};

use super::AdminState;
use super::access::{Permission, Principal};
use super::answer::{Answer, ApiError, Asked, Limit, found, page};
use super::asked::text;
use super::decisions::opinion;
use crate::people::figures::{RouteSatisfaction, satisfaction};
use crate::people::shapes::{self, time};
use crate::store::{FeedbackFilter, FeedbackRow, Tally};

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;
/// How far back one looks where nothing is said, in days, and at most.
const DAYS: i64 = 30;
pub(super) const MOST_DAYS: i64 = 365;
/// The most days that are counted one by one.
pub(super) const MOST_SINGLE_DAYS: i64 = 92;
/// The first Monday, in days since 1970.
const MONDAY: i64 = 4;

/// The places of this room.
pub(super) fn routes() -> Router<Arc<AdminState>> {
    Router::new().route("/api/feedback", get(list)).route("/api/satisfaction", get(over_time))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    #[serde(deserialize_with = "text")]
    kind: Option<String>,
    #[serde(deserialize_with = "text")]
    after: Option<String>,
    limit: Limit,
}

/// `GET /api/feedback`: the newest first.
async fn list(
    State(state): State<Arc<AdminState>>,
    principal: Principal,
    Asked(Wanted { kind, after, limit }): Asked<Wanted>,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let filter = FeedbackFilter { kind, before: after, limit: limit.rows() + 1 };
    let mut rows = store.search(move |c| FeedbackRow::list(c, &filter)).await?;
    let next = limit.cut(&mut rows, |row| row.feedback.id.clone());
    let reads = principal.may(Permission::Read);
    Ok(page(rows.iter().map(|row| opinion(row, reads)).collect(), next))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Bucket {
    Day,
    Week,
}

impl Bucket {
    const fn days(self) -> i64 {
        match self {
            Self::Day => 1,
            Self::Week => 7,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Window {
    days: i64,
    bucket: Option<Bucket>,
}

impl Default for Window {
    fn default() -> Self {
        Self { days: DAYS, bucket: None }
    }
}

/// `GET /api/satisfaction`.
async fn over_time(
    State(state): State<Arc<AdminState>>,
    Asked(Window { days, bucket }): Asked<Window>,
) -> Answer {
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(ApiError::wrong(format!("`days` is from 1 to {MOST_DAYS}")));
    }
    let is_long = days > MOST_SINGLE_DAYS;
    let bucket = bucket.unwrap_or(if is_long { Bucket::Week } else { Bucket::Day });
    if is_long && bucket == Bucket::Day {
        let message = format!("more than {MOST_SINGLE_DAYS} days are counted with `bucket=week`");
        return Err(ApiError::wrong(message));
    }
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let (since, span) = begins(store.now(), (days, bucket));
    let until = store.now().saturating_add(1);
    let tallies = store.search(move |c| Tally::over_time(c, (since, until), span)).await?;
    Ok(found(&json!({
        "since": time(since),
        "span_s": span / 1000,
        "groups": groups(&tallies, (since, span)),
    })))
}

/// Where the first span begins, at the beginning of a day or a Monday in UTC, and how long each is, in milliseconds.
const fn begins(now: i64, (days, bucket): (i64, Bucket)) -> (i64, i64) {
    let today = now.div_euclid(DAY);
    let first = today - days + 1;
    let first = match bucket {
        Bucket::Day => first,
        Bucket::Week => first - (first - MONDAY).rem_euclid(7),
    };
    (first * DAY, bucket.days() * DAY)
}

/// What the ratings of each route and scale come to, together and over time.
fn groups(tallies: &[(i64, Tally)], (since, span): (i64, i64)) -> Vec<Value> {
    let mut points: BTreeMap<(String, i64), Vec<Value>> = BTreeMap::new();
    for chunk in tallies.chunk_by(|a, b| a.0 == b.0) {
        let Some((number, _)) = chunk.first() else { continue };
        let at = time(since + number * span);
        let of_span: Vec<Tally> = chunk.iter().map(|(_, tally)| tally.clone()).collect();
        for RouteSatisfaction { route, scale, satisfaction } in satisfaction(&of_span) {
            let point =
                json!({ "at": at, "answers": satisfaction.answers, "score": satisfaction.score });
            points.entry((route, scale)).or_default().push(point);
        }
    }
    let all: Vec<Tally> = tallies.iter().map(|(_, tally)| tally.clone()).collect();
    let group = |of: &RouteSatisfaction| {
        let points = points.get(&(of.route.clone(), of.scale)).cloned().unwrap_or_default();
        shapes::with(shapes::satisfaction(of), json!({ "points": points }))
    };
    satisfaction(&all).iter().map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_mondays() {
        let at = |written: &str| written.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let now = at("2027-01-15T10:00:00Z");
        assert_eq!(begins(now, (1, Bucket::Day)), (at("2027-01-15T00:00:00Z"), DAY));
        assert_eq!(begins(now, (30, Bucket::Week)), (at("2026-12-14T00:00:00Z"), 7 * DAY));
        assert_eq!(begins(now, (5, Bucket::Week)).0, at("2027-01-11T00:00:00Z"));
    }

    #[test]
    fn a_group_has_its_score_and_that_of_every_span_in_which_somebody_answered() {
        let tally = |number, value, count| {
            (number, Tally { group: "chat".to_owned(), scale: 5, value, count })
        };
        let found = groups(&[tally(0, 5, 3), tally(2, 1, 1)], (0, DAY));
        let [group] = &found[..] else { panic!("{found:?}") };
        assert_eq!((&group["answers"], &group["score"]), (&json!(4), &json!(50.0)));
        let points = &group["points"];
        assert_eq!((&points[0]["score"], &points[1]["score"]), (&json!(100.0), &json!(-100.0)));
        assert_eq!(points[1]["at"], "1970-01-03T00:00:00Z");
    }
}
