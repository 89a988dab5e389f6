//! Decisions as they are made, as a stream of events that ends with the session.

use std::convert::Infallible;
use std::sync::Arc;
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
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::AdminState;
use super::access::{Permission, Principal, still_stands};
use super::answer::{Answer, ApiError};
use crate::people::shapes;
use crate::store::KeptDecision;
use crate::telemetry::{MOST_WATCHERS, Seen, Watcher};

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
    let watch = Watch { watcher, state, principal, beat, look: every(LOOK) };
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
                seen = self.watcher.seen.recv() => return match seen {
                    Ok(seen) => Some(event("decision", &row(&seen))),
                    Err(RecvError::Lagged(count)) => Some(event("missed", &json!({ "count": count }))),
                    Err(RecvError::Closed) => None,
                },
                _ = self.beat.tick() => return Some(":\n\n".to_owned()),
            }
        }
    }

    /// Whether the session or token stands and still may see; where nobody can say, it does not.
    async fn may_watch(&self) -> bool {
        still_stands(&self.state, &self.principal, Permission::See).await.unwrap_or(false)
    }
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
    use super::*;

    #[test]
    fn an_event_is_one_line_of_data_whatever_is_in_it() {
        let event = event("decision", &json!({ "model": "a\nevent: x\r\n\u{2028}" }));
        assert_eq!(event.lines().count(), 3, "{event:?}");
        assert!(event.starts_with("event: decision\ndata: {") && event.ends_with("}\n\n"));
    }
}
