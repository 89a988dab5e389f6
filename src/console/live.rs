//! Decisions as they are made, as a stream of events that ends with the session.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream::unfold;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::TryRecvError;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::AdminState;
use super::access::{Permission, Principal, still_stands};
use super::answer::{Answer, ApiError};
use crate::domain::Action;
use crate::people::shapes;
use crate::store::KeptDecision;
use crate::telemetry::{MOST_WAITING, MOST_WATCHERS, Seen, Watcher};

/// How often a watcher is told what came. In between nobody waits at the feed, so telling it of a decision wakes nobody,
/// however many watch.
const PULSE: Duration = Duration::from_millis(250);
/// The most decisions that a watcher is told of at a time: people read no more. The others are counted.
const MOST_AT_ONCE: usize = 25;
/// How often a line is sent that says nothing, so that nobody between takes the stream for dead.
const BEAT: Duration = Duration::from_secs(10);
/// How often it is looked whether the one who watches still may.
const LOOK: Duration = Duration::from_secs(2);

/// The places of this room.
pub(super) fn routes() -> Router<Arc<AdminState>> {
    Router::new().route("/api/live", get(live))
}

/// `GET /api/live`.
async fn live(State(state): State<Arc<AdminState>>, principal: Principal) -> Answer {
    let watcher = state.gateway.telemetry().feed.watch().ok_or_else(|| {
        let message = format!("{MOST_WATCHERS} already watch; try again when one has gone");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_viewers", message)
    })?;
    let beat = every(BEAT);
    let (pulse, look) = (every(PULSE), every(LOOK));
    let watch = Watch { watcher, state, principal, pulse, beat, look };
    let first = Ok::<_, Infallible>(Bytes::from_static(b": here begins what happens now\n\n"));
    let events = unfold(watch, |mut watch| async move {
        let event = watch.next().await?;
        Some((Ok(Bytes::from(event)), watch))
    });
    let first = futures_util::stream::iter([first]);
    let body = Body::from_stream(futures_util::StreamExt::chain(first, events));
    Ok(events_response(body))
}

fn events_response(body: Body) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // Proxies that gather what they pass on do not do it here.
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    (headers, body).into_response()
}

fn every(period: Duration) -> Interval {
    let mut interval = interval_at(Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

/// One who watches.
struct Watch {
    watcher: Watcher,
    state: Arc<AdminState>,
    principal: Principal,
    pulse: Interval,
    beat: Interval,
    look: Interval,
}

impl Watch {
    /// The next event; `None` where the one who watches may not any more.
    async fn next(&mut self) -> Option<String> {
        loop {
            tokio::select! {
                // However much happens, it is looked whether the one who watches still may.
                biased;
                _ = self.look.tick() => {
                    if !self.may_watch().await {
                        return None;
                    }
                }
                _ = self.pulse.tick() => {
                    // The gate is about to end, and nobody is to wait for those who watch.
                    if !self.state.ready.load(Ordering::Relaxed) {
                        return None;
                    }
                    let (seen, missed) = came(&mut self.watcher.seen)?;
                    if !seen.is_empty() || missed > 0 {
                        return Some(told(&seen, missed));
                    }
                }
                _ = self.beat.tick() => return Some(":\n\n".to_owned()),
            }
        }
    }

    /// Whether the session or token stands and still may see; where nobody can say, it does not.
    async fn may_watch(&self) -> bool {
        still_stands(&self.state, &self.principal, Permission::See).await.unwrap_or(false)
    }
}

/// What came since the last time, the oldest first, and how much of it is left out; `None` where nothing will come any more.
fn came(seen: &mut Receiver<Arc<Seen>>) -> Option<(Vec<Arc<Seen>>, u64)> {
    let (mut rows, mut missed) = (Vec::new(), 0);
    // As much as is kept came since the last time; what comes meanwhile waits for the next.
    for _ in 0..=MOST_WAITING {
        match seen.try_recv() {
            Ok(row) => rows.push(row),
            Err(TryRecvError::Lagged(count)) => missed += count,
            Err(TryRecvError::Empty) => break,
            Err(TryRecvError::Closed) => return None,
        }
    }
    // What simply passed gives way first, then what is oldest.
    let mut over = rows.len().saturating_sub(MOST_AT_ONCE);
    rows.retain(|row| {
        let goes = over > 0 && row.would_be == Action::Allow.as_str();
        over -= usize::from(goes);
        missed += u64::from(goes);
        !goes
    });
    missed += over as u64;
    rows.drain(..over);
    Some((rows, missed))
}

/// What a watcher is told of it.
fn told(seen: &[Arc<Seen>], missed: u64) -> String {
    let mut events: String = seen.iter().map(|seen| event("decision", &row(seen))).collect();
    if missed > 0 {
        events.push_str(&event("missed", &json!({ "count": missed })));
    }
    events
}

/// JSON has no line breaks in it, so an event is three lines.
fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

/// The same row as in the list of decisions.
fn row(seen: &Seen) -> Value {
    shapes::decision_row(&KeptDecision {
        id: seen.decision.clone(),
        at: seen.at,
        request: seen.request.clone(),
        route: seen.route.to_string(),
        policy: seen.policy.to_string(),
        revision: seen.revision.to_string(),
        phase: seen.phase.to_owned(),
        action: seen.action.to_owned(),
        would_be: seen.would_be.to_owned(),
        enforced: seen.enforced,
        rule: seen.rule.as_deref().map(str::to_owned),
        category: seen.category.clone(),
        score: seen.score,
        model: seen.model.clone(),
        ..KeptDecision::default()
    })
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast::channel;

    use super::*;

    fn seen(number: usize, would_be: &'static str) -> Arc<Seen> {
        Arc::new(Seen {
            at: 0,
            decision: number.to_string(),
            request: String::new(),
            route: Arc::from(""),
            policy: Arc::from(""),
            revision: Arc::from(""),
            phase: "prompt",
            action: would_be,
            would_be,
            enforced: true,
            rule: None,
            category: None,
            score: 0.0,
            model: String::new(),
        })
    }

    #[test]
    fn of_too_much_what_simply_passed_gives_way_first_and_all_of_it_is_counted() {
        let (sender, mut receiver) = channel(MOST_WAITING);
        assert_eq!(came(&mut receiver), Some((Vec::new(), 0)));
        for number in 0..100 {
            let would_be = if number % 10 == 0 { "block" } else { "allow" };
            sender.send(seen(number, would_be)).unwrap();
        }
        let (rows, missed) = came(&mut receiver).unwrap();
        assert_eq!((rows.len(), missed), (MOST_AT_ONCE, 100 - MOST_AT_ONCE as u64));
        assert_eq!(rows.iter().filter(|row| row.would_be == "block").count(), 10);
        for number in 0..2000 {
            sender.send(seen(number, "block")).unwrap();
        }
        let (rows, missed) = came(&mut receiver).unwrap();
        assert_eq!(
            (rows.len() as u64 + missed, rows.last().unwrap().decision.as_str()),
            (2000, "1999")
        );
        drop(sender);
        assert_eq!(came(&mut receiver), None);
    }

    #[test]
    fn an_event_is_one_line_of_data_whatever_is_in_it() {
        let event = event("decision", &json!({ "model": "a\nevent: x\r\n\u{2028}" }));
        assert_eq!(event.lines().count(), 3, "{event:?}");
        assert!(event.starts_with("event: decision\ndata: {") && event.ends_with("}\n\n"));
    }
}
