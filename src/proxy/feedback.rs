//! `/v1/feedback`: what users say of decisions, taken from whoever asked for them, and what became of it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::header::{CONNECTION, LOCATION, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderValue, Method, Response as HttpResponse, StatusCode};
use hyper::body::{Body as _, Incoming};
use jiff::Timestamp;
use serde_json::json;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::account::Identity;
use super::body::{self, BodyLimits};
use super::exchange::JSON;
use super::gateway::Gateway;
use super::listener::CLOSE;
use super::live::Live;
use super::shelf::Shelf;
use super::{GateBody, gatehouse, reply};
use crate::domain::NoticeKind;
use crate::people::feedback::{MOST_BODY, TellError, Told, tell};
use crate::people::satisfaction::{Scale, Standing};
use crate::store::{Act, Feedback, FeedbackRow, Given, Item, Rating, StoreError};
use crate::wire::dialect::Dialect;

/// Where it is.
const PLACE: &str = "/v1/feedback";
/// How long a decision may take to come into the store from another gate, and how often it is looked.
const GRACE: Duration = Duration::from_millis(400);
const LOOK: Duration = Duration::from_millis(40);
/// How old a decision may be to be waited for, in milliseconds.
const FRESH: i64 = 5_000;
/// The most callers whose opinions are counted at a time.
const MOST_CALLERS: usize = 10_000;
const MINUTE: Duration = Duration::from_secs(60);

/// Whether a path is one of feedback.
pub(super) fn is_place(path: &str) -> bool {
    path.strip_prefix(PLACE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// How many opinions callers have given in the minute that is running.
#[derive(Debug, Default)]
pub(super) struct Opinions(Mutex<HashMap<String, (Instant, u32)>>);

impl Opinions {
    /// Whether a caller may give another one now; else in how long.
    fn admit(&self, caller: &str, most: u32, now: Instant) -> Result<(), Duration> {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if given.len() >= MOST_CALLERS {
            given.retain(|_, (since, _)| now.duration_since(*since) < MINUTE);
        }
        if given.len() >= MOST_CALLERS && !given.contains_key(caller) {
            return Err(MINUTE);
        }
        let (since, count) = given.entry(caller.to_owned()).or_insert((now, 0));
        let passed = now.duration_since(*since);
        if passed >= MINUTE {
            (*since, *count) = (now, 0);
        }
        if *count >= most {
            return Err(MINUTE.saturating_sub(passed));
        }
        *count += 1;
        Ok(())
    }
}

impl Gateway {
    /// Answers a request for feedback.
    pub(super) async fn hear(
        &self,
        parts: &Parts,
        incoming: &mut Incoming,
        identity: &Identity,
    ) -> HttpResponse<GateBody> {
        let live = self.live();
        let voice = live.voice(parts.method.as_str(), parts.uri.path());
        if let Err(refused) = gatehouse::check(parts) {
            self.telemetry().metrics.rejected(refused.code);
            let mut refusal = reply::refused(&voice, &refused);
            refusal.headers_mut().insert(CONNECTION, CLOSE);
            return refusal;
        }
        let heard = match self.shelf() {
            None => Err(refused(&voice, StatusCode::NOT_FOUND, "no_store", NO_STORE)),
            Some(shelf) => {
                let listener = Listener { gateway: self, shelf, voice: &voice, identity };
                match (&parts.method, parts.uri.path().strip_prefix(PLACE)) {
                    (&Method::POST, Some("")) => listener.take(&live, parts, incoming).await,
                    (&Method::GET, Some(id)) if !id.is_empty() && incoming.is_end_stream() => {
                        listener.tell(id.trim_start_matches('/')).await
                    }
                    (_, Some("")) => {
                        Err(reply::refused(&voice, &gatehouse::use_other("use POST", "POST")))
                    }
                    _ => Err(reply::refused(&voice, &gatehouse::use_other("use GET", "GET"))),
                }
            }
        };
        heard.unwrap_or_else(|refused| refused)
    }
}

const NO_STORE: &str = "this gate keeps no decisions, so there is nothing to speak of (`store.url` in the server file)";

/// Why something said is not taken.
type Refusal = HttpResponse<GateBody>;

fn refused(voice: &Dialect, status: StatusCode, code: &str, message: &str) -> Refusal {
    reply::error(voice, status, code, message, None)
}

struct Listener<'g> {
    gateway: &'g Gateway,
    shelf: &'g Shelf,
    voice: &'g Dialect,
    identity: &'g Identity,
}

impl Listener<'_> {
    async fn take(
        &self,
        live: &Live,
        parts: &Parts,
        incoming: &mut Incoming,
    ) -> Result<HttpResponse<GateBody>, Refusal> {
        let reject = |why| reply::refused(self.voice, &why);
        gatehouse::check_json(&parts.headers, false).map_err(reject)?;
        let admitted = self.gateway.admits_opinion(&self.identity.caller, self.shelf.feedback);
        admitted.map_err(|wait| self.too_many(wait))?;
        let limits = BodyLimits { body: MOST_BODY, decompressed: MOST_BODY, ..live.limits };
        let bytes = body::read(incoming, &parts.headers, &limits).await.map_err(reject)?;
        let key = parts.headers.get("idempotency-key");
        let key = key.map(|key| key.to_str().unwrap_or_default());
        let told = tell(&bytes, key).map_err(|error| self.untold(&error))?;
        let given = self.give(told).await.map_err(|error| self.away(&error))?;
        let (status, row) = match given {
            Given::Kept(row) => (StatusCode::CREATED, row),
            Given::Known(row) => (StatusCode::OK, row),
            Given::Clash => return Err(self.clash()),
            Given::Unknown => return Err(self.unknown("decision")),
        };
        if status == StatusCode::CREATED {
            self.count(&row);
        }
        let mut response = shown(status, &row);
        if let Ok(place) = HeaderValue::from_str(&format!("{PLACE}/{}", row.feedback.id)) {
            response.headers_mut().insert(LOCATION, place);
        }
        Ok(response)
    }

    async fn tell(&self, id: &str) -> Result<HttpResponse<GateBody>, Refusal> {
        let wanted = id.to_owned();
        let found = self.shelf.store.read(move |c| FeedbackRow::find(c, &wanted)).await;
        let found = found.map_err(|error| self.away(&error))?;
        let own = found.filter(|row| row.feedback.caller == self.identity.caller);
        own.map(|row| shown(StatusCode::OK, &row)).ok_or_else(|| self.unknown("feedback"))
    }

    /// Keeps what was told. A decision of a moment ago may still be on its way here from another gate.
    async fn give(&self, told: Told) -> Result<Given, StoreError> {
        let at = self.shelf.store.now();
        let decided = told.feedback.decision.parse().ok().and_then(time_of);
        let is_fresh = decided.is_some_and(|decided| (at - decided).abs() < FRESH);
        let began = Instant::now();
        loop {
            let given = self.give_once(told.clone(), at).await?;
            if given != Given::Unknown || !is_fresh || began.elapsed() >= GRACE {
                return Ok(given);
            }
            sleep(LOOK).await;
        }
    }

    async fn give_once(&self, told: Told, at: i64) -> Result<Given, StoreError> {
        let expires = at.saturating_add(self.shelf.retain);
        let (id, caller) = (Uuid::now_v7().to_string(), self.identity.caller.clone());
        let feedback = Feedback { id, at, caller, expires, ..told.feedback };
        let item = told.review.map(|(queue, source)| Item {
            id: Uuid::now_v7().to_string(),
            at,
            queue: queue.to_owned(),
            source: source.to_owned(),
            decision: feedback.decision.clone(),
            share: 1.0,
            wanted: 1,
            expires,
            ..Item::default()
        });
        let act = Act {
            id: Uuid::now_v7().to_string(),
            at,
            ts: Timestamp::from_millisecond(at).unwrap_or_default().to_string(),
            actor: format!("client:{}", feedback.caller),
            act: "feedback".to_owned(),
            object: feedback.id.clone(),
            detail: json!({
                "decision": feedback.decision,
                "kind": feedback.kind,
                "label": feedback.label,
                "category": feedback.category,
                "comment": feedback.comment,
            }),
        };
        let signer = self.shelf.store.signer().cloned();
        let keep = move |c: &mut dyn crate::store::Connection| {
            feedback.give(c, item.as_ref(), (&act, signer.as_deref()))
        };
        self.shelf.store.write(keep).await
    }

    fn count(&self, row: &FeedbackRow) {
        let Feedback { kind, label, thumb, rating, .. } = &row.feedback;
        let metrics = &self.gateway.telemetry().metrics;
        let label = label.as_deref().or(thumb.as_deref()).unwrap_or("none");
        metrics.told(kind, label);
        let told = match kind.as_str() {
            "appeal" => Some(NoticeKind::FeedbackAppeal),
            _ => row.item.is_some().then_some(NoticeKind::FeedbackReport),
        };
        if let Some(told) = told {
            let Feedback { id, decision, category, .. } = &row.feedback;
            self.gateway.telemetry().notices.tell(told, || {
                json!({
                    "feedback": id,
                    "decision": decision,
                    "item": row.item,
                    "kind": kind,
                    "label": label,
                    "category": category,
                    "route": row.route,
                    "policy": row.policy,
                })
            });
        }
        if let Some((rating, answer)) = rating.and_then(|rating| Some((rating, answer(rating)?))) {
            metrics.rated(&row.route, rating.scale, answer);
        }
    }

    fn untold(&self, error: &TellError) -> Refusal {
        self.gateway.telemetry().metrics.rejected(error.code());
        let status = match error {
            TellError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            TellError::Malformed(_) | TellError::Wrong { .. } => StatusCode::BAD_REQUEST,
        };
        reply::error(self.voice, status, error.code(), &error.to_string(), error.member())
    }

    fn unknown(&self, what: &str) -> Refusal {
        let code = format!("unknown_{what}");
        self.gateway.telemetry().metrics.rejected(&code);
        let message = format!(
            "there is no such {what} of yours; it is known to the key that asked, for as long as the gate keeps it"
        );
        refused(self.voice, StatusCode::NOT_FOUND, &code, &message)
    }

    fn clash(&self) -> Refusal {
        self.gateway.telemetry().metrics.rejected("idempotency_clash");
        let message = "this `Idempotency-Key` was used for other feedback; take a new one";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        refused(self.voice, status, "idempotency_clash", message)
    }

    fn too_many(&self, wait: Duration) -> Refusal {
        self.gateway.telemetry().metrics.rejected("too_much_feedback");
        let message =
            "this caller has given more feedback than `limits.feedback` allows in a minute";
        let status = StatusCode::TOO_MANY_REQUESTS;
        let mut response = refused(self.voice, status, "too_much_feedback", message);
        let seconds = wait.as_secs().saturating_add(1);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        response
    }

    /// Nothing was kept; the same may be sent again.
    fn away(&self, error: &StoreError) -> Refusal {
        if !error.is_passing() {
            tracing::error!(%error, "feedback cannot be kept");
        }
        self.gateway.telemetry().metrics.rejected("store_unavailable");
        let message = "feedback cannot be kept now; try again";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let mut response = refused(self.voice, status, "store_unavailable", message);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        response
    }
}

impl Gateway {
    fn admits_opinion(&self, caller: &str, most: u32) -> Result<(), Duration> {
        self.opinions.admit(caller, most, Instant::now())
    }
}

/// What an answer counts as for the net promoter score.
fn answer(rating: Rating) -> Option<&'static str> {
    let scale = if rating.scale == 5 { Scale::OneToFive } else { Scale::ZeroToTen };
    let standing = scale.standing(u8::try_from(rating.value).ok()?).ok()?;
    Some(match standing {
        Standing::Promoter => "promoter",
        Standing::Passive => "passive",
        Standing::Detractor => "detractor",
    })
}

/// When a version 7 UUID was made, in milliseconds since 1970.
fn time_of(id: Uuid) -> Option<i64> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    i64::try_from(seconds.saturating_mul(1000) + u64::from(nanos / 1_000_000)).ok()
}

/// What its author may know of it.
fn shown(status: StatusCode, row: &FeedbackRow) -> HttpResponse<GateBody> {
    let (state, outcome) = match &row.review {
        None => ("received", None),
        Some((state, outcome)) if state == "settled" => ("settled", outcome.as_deref()),
        Some(_) => ("in_review", None),
    };
    let at = Timestamp::from_millisecond(row.feedback.at).unwrap_or_default();
    let body = json!({
        "id": row.feedback.id,
        "object": "feedback",
        "decision_id": row.feedback.decision,
        "kind": row.feedback.kind,
        "created_at": at.to_string(),
        "status": state,
        "outcome": outcome,
    });
    reply::ours(status, JSON, body.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_gives_so_many_opinions_a_minute_and_others_are_not_counted_with_it() {
        let (opinions, now) = (Opinions::default(), Instant::now());
        assert!((0..3).all(|_| opinions.admit("a", 3, now).is_ok()));
        assert_eq!(opinions.admit("a", 3, now), Err(MINUTE));
        assert!(opinions.admit("b", 3, now).is_ok());
        assert!(opinions.admit("a", 3, now + MINUTE).is_ok());
    }

    #[test]
    fn more_callers_than_are_counted_are_turned_away_until_others_have_gone() {
        let (opinions, now) = (Opinions::default(), Instant::now());
        for caller in 0..MOST_CALLERS {
            assert!(opinions.admit(&caller.to_string(), 1, now).is_ok());
        }
        assert!(opinions.admit("late", 1, now).is_err());
        assert!(opinions.admit("late", 1, now + MINUTE).is_ok());
    }

    #[test]
    fn a_decision_tells_when_it_was_made() {
        let id = Uuid::parse_str("0190a0a0-0000-7000-8000-000000000000").unwrap();
        assert_eq!(time_of(id), Some(0x0190_a0a0_0000));
        assert_eq!(time_of(Uuid::nil()), None);
    }

    #[test]
    fn only_its_own_paths_are_those_of_feedback() {
        assert!(is_place("/v1/feedback") && is_place("/v1/feedback/x"));
        assert!(!is_place("/v1/feedbacks") && !is_place("/v1/feed"));
    }
}
