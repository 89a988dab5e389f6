//! How things stand: decisions over time, rules, queues, ratings and the store.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::AdminState;
use super::answer::{Answer, ApiError, Asked, found};
use crate::domain::Action;
use crate::people::figures::satisfaction;
use crate::people::shapes::{self, time};
use crate::store::{ActionCount, ItemRow, RuleHits, StoreState, Tally};

/// Milliseconds of a minute and an hour.
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// How far back one looks where nothing is said, in hours, and at most.
const HOURS: i64 = 24;
pub(super) const MOST_HOURS: i64 = 90 * 24;
/// The most spans of time that decisions are counted by.
const MOST_BUCKETS: i64 = 200;
/// How long such a span may be, in milliseconds.
const SPANS: [i64; 8] =
    [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR];
/// Rules that are named.
const MOST_RULES: i64 = 10;

/// The places of this room.
pub(super) fn routes() -> Router<Arc<AdminState>> {
    Router::new().route("/api/overview", get(overview))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Window {
    hours: i64,
}

impl Default for Window {
    fn default() -> Self {
        Self { hours: HOURS }
    }
}

/// `GET /api/overview`.
async fn overview(
    State(state): State<Arc<AdminState>>,
    Asked(Window { hours }): Asked<Window>,
) -> Answer {
    if !(1..=MOST_HOURS).contains(&hours) {
        return Err(ApiError::wrong(format!("`hours` is from 1 to {MOST_HOURS}")));
    }
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let spans = Spans::of(hours, store.now());
    let (from, until) = (spans.since, store.now().saturating_add(1));
    let (counts, rules, sizes, tallies) = store
        .search(move |c| {
            Ok((
                ActionCount::over_time(c, (from, until), spans.span)?,
                RuleHits::top(c, (from, None), MOST_RULES)?,
                ItemRow::sizes(c)?,
                Tally::of_ratings(c, (from, until), false)?,
            ))
        })
        .await?;
    let (buckets, totals) = spans.filled(&counts);
    let rules: Vec<Value> = rules
        .iter()
        .map(|RuleHits { policy, rule, category, hits }| {
            json!({ "policy": policy, "rule": rule, "category": category, "hits": hits })
        })
        .collect();
    let StoreState { engine, away, waiting, lost } = store.state();
    Ok(found(&json!({
        "hours": hours,
        "since": time(from),
        "span_s": spans.span / 1000,
        "buckets": buckets,
        "totals": totals,
        "rules": rules,
        "queues": sizes.iter().map(shapes::queue).collect::<Vec<_>>(),
        "satisfaction": satisfaction(&tallies).iter().map(shapes::satisfaction).collect::<Vec<_>>(),
        "store": { "engine": engine, "away": away, "waiting": waiting, "lost": lost },
        "version": env!("CARGO_PKG_VERSION"),
        "ready": state.ready.load(Ordering::Relaxed),
    })))
}

/// Equal spans of time, each from a whole multiple of itself on, the last one the one that goes on now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spans {
    /// Where the first begins, in milliseconds since 1970.
    since: i64,
    /// How long each is, in milliseconds.
    span: i64,
    /// How many there are.
    count: i64,
}

impl Spans {
    fn of(hours: i64, now: i64) -> Self {
        let window = hours * HOUR;
        let fits = |span: &i64| window / span <= MOST_BUCKETS;
        let span = SPANS.into_iter().find(fits).unwrap_or(12 * HOUR);
        let count = window / span;
        let since = (now.div_euclid(span) + 1 - count) * span;
        Self { since, span, count }
    }

    /// What was counted, by spans and together; a span in which nothing was decided stands there too.
    fn filled(self, counts: &[ActionCount]) -> (Vec<Value>, Value) {
        let mut buckets = vec![Counts::default(); usize::try_from(self.count).unwrap_or_default()];
        let mut totals = Counts::default();
        for count in counts {
            totals.add(count);
            let at = usize::try_from(count.bucket).unwrap_or(usize::MAX);
            if let Some(bucket) = buckets.get_mut(at) {
                bucket.add(count);
            }
        }
        let buckets = (0_i64..).zip(&buckets).map(|(number, bucket)| {
            let at = time(self.since + number * self.span);
            shapes::with(json!({ "at": at }), bucket.shown())
        });
        (buckets.collect(), totals.shown())
    }
}

/// Decisions by their actions.
#[derive(Clone, Debug, Default)]
struct Counts {
    actions: [i64; Action::ALL.len()],
    /// Those that would have been another action than `allow` and took no effect.
    would_have: i64,
}

impl Counts {
    fn add(&mut self, count: &ActionCount) {
        let place = Action::ALL.iter().position(|action| action.as_str() == count.action);
        if let Some(own) = place.and_then(|place| self.actions.get_mut(place)) {
            *own += count.count;
        }
        if !count.enforced && count.action != Action::Allow.as_str() {
            self.would_have += count.count;
        }
    }

    fn shown(&self) -> Value {
        let actions = Action::ALL.iter().zip(self.actions);
        let mut shown: Map<String, Value> =
            actions.map(|(action, count)| (action.as_str().to_owned(), count.into())).collect();
        shown.insert("would_have".to_owned(), self.would_have.into());
        shown.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_window_has_few_spans_and_the_last_is_the_one_that_goes_on() {
        let now = 1_800_000_123_456;
        for hours in [1, 2, 24, 100, 168, 720, MOST_HOURS] {
            let spans = Spans::of(hours, now);
            assert!((20..=MOST_BUCKETS).contains(&spans.count), "{spans:?}");
            let last = spans.since + (spans.count - 1) * spans.span;
            assert!(last <= now && now < last + spans.span, "{spans:?}");
        }
        assert_eq!(Spans::of(24, now).span, 15 * MINUTE);
    }

    #[test]
    fn every_span_is_there_and_what_took_no_effect_is_counted_too() {
        let spans = Spans { since: 0, span: HOUR, count: 3 };
        let count = |bucket, action: &str, enforced, count| ActionCount {
            bucket,
            action: action.to_owned(),
            enforced,
            count,
        };
        let counts =
            [count(0, "allow", false, 5), count(2, "block", true, 2), count(2, "block", false, 1)];
        let (buckets, totals) = spans.filled(&counts);
        assert_eq!(buckets.len(), 3);
        assert_eq!(
            (&buckets[1]["allow"], &buckets[1]["at"]),
            (&json!(0), &json!("1970-01-01T01:00:00Z"))
        );
        assert_eq!((&buckets[2]["block"], &buckets[2]["would_have"]), (&json!(3), &json!(1)));
        assert_eq!((&totals["allow"], &totals["block"]), (&json!(5), &json!(3)));
    }
}
