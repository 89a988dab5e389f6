//! What reviews came to, by rule and by reviewer.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::console::AdminState;
use crate::console::answer::{Answer, ApiError, Asked, found};
use crate::people::figures::{Figures, RuleFigures};
use crate::people::shapes::time;
use crate::store::{ItemFilter, ReviewerCount};

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;
/// How far back one looks where nothing is said, in days, and at most.
const DAYS: i64 = 30;
pub(in crate::console) const MOST_DAYS: i64 = 365;
/// Items that are read at once.
const PAGE: i64 = 1000;
/// The most pages of items that are counted.
const MOST_PAGES: usize = 200;
/// The most reviewers that are named.
const MOST_REVIEWERS: i64 = 200;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Window {
    days: i64,
}

impl Default for Window {
    fn default() -> Self {
        Self { days: DAYS }
    }
}

/// `GET /api/review/stats`: items that came within so many days, and judgements that were given.
pub(super) async fn stats(
    State(state): State<Arc<AdminState>>,
    Asked(Window { days }): Asked<Window>,
) -> Answer {
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(ApiError::wrong(format!("`days` is from 1 to {MOST_DAYS}")));
    }
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let since = store.now().saturating_sub(days * DAY);
    let mut figures = Figures::default();
    let mut filter = ItemFilter { since: Some(since), limit: PAGE, ..ItemFilter::default() };
    let mut more = true;
    for _ in 0..MOST_PAGES {
        let of = filter.clone();
        let (counted, last) = store
            .search(move |c| {
                let last = figures.add_page(c, &of)?;
                Ok((figures, last))
            })
            .await?;
        figures = counted;
        more = last.is_some();
        if !more {
            break;
        }
        filter.after = last;
    }
    let whole = !more && figures.left_out() == 0;
    let reviewers = store.search(move |c| ReviewerCount::since(c, since, MOST_REVIEWERS)).await?;
    let reviewers: Vec<Value> = reviewers
        .iter()
        .map(|of| json!({ "reviewer": of.reviewer, "judged": of.judged }))
        .collect();
    let rules = figures.rules();
    Ok(found(&json!({
        "days": days,
        "since": time(since),
        "whole": whole,
        "rules": rules.iter().map(shown).collect::<Vec<_>>(),
        "reviewers": reviewers,
    })))
}

fn shown(rule: &RuleFigures) -> Value {
    let interval = rule.overturn_interval;
    json!({
        "policy": rule.policy,
        "rule": rule.rule,
        "items": rule.items,
        "waiting": rule.waiting,
        "judged": rule.upheld + rule.overturned,
        "upheld": rule.upheld,
        "overturned": rule.overturned,
        "unresolved": rule.unresolved,
        "unsure": rule.unsure,
        "overturn_rate": rule.overturn_rate,
        "overturn_low": interval.map(|interval| interval.low),
        "overturn_high": interval.map(|interval| interval.high),
        "kappa": rule.agreement.map(|agreement| agreement.kappa),
        "pairs": rule.agreement.map_or(0, |agreement| agreement.texts),
        "median_to_settle_ms": rule.median_to_settle_ms,
    })
}
