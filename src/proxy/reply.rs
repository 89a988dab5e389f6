//! Answers that the gate makes itself: faults, refusals, answers in the model's place. Causes become
//! responses here and nowhere else.

use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};

use super::GateBody;
use super::account::Identity;
use super::gatehouse::Refused;
use crate::stream::CLASSIFIER_UNAVAILABLE;
use crate::upstream::UpstreamError;
use crate::wire::body::BodyProblem;
use crate::wire::dialect::{Calls, Dialect};

/// The code of answers to what could not be screened because of us.
pub(super) const MODERATION_UNAVAILABLE: &str = "moderation_unavailable";

/// What the client reads then.
pub(super) const NOT_SCREENED: &str =
    "the text could not be screened because something broke in the gate";

/// The dialect in which somebody is answered, and what answers repeat of their request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Voice<'v> {
    pub(super) dialect: &'v Dialect,
    pub(super) calls: &'v Calls,
}

impl Deref for Voice<'_> {
    type Target = Dialect;

    fn deref(&self) -> &Dialect {
        self.dialect
    }
}

impl<'v> From<&'v Dialect> for Voice<'v> {
    fn from(dialect: &'v Dialect) -> Self {
        static NONE: Calls = Calls::NONE;
        Self { dialect, calls: &NONE }
    }
}

impl<'v> From<&'v Arc<Dialect>> for Voice<'v> {
    fn from(dialect: &'v Arc<Dialect>) -> Self {
        Self::from(&**dialect)
    }
}

/// A body that is there.
pub(super) fn full(bytes: Bytes) -> GateBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// An answer of ours: JSON, never cached, never retried unless the status asks for it.
pub(super) fn ours(
    status: StatusCode,
    content_type: &'static str,
    body: Bytes,
) -> Response<GateBody> {
    let is_empty = body.is_empty();
    let mut response = Response::new(full(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if !is_empty {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !status.is_server_error() && status != StatusCode::REQUEST_TIMEOUT {
        headers.insert("x-should-retry", HeaderValue::from_static("false"));
    }
    response
}

/// An error in the dialect's shape.
pub(super) fn error<'v>(
    voice: impl Into<Voice<'v>>,
    status: StatusCode,
    code: &str,
    message: &str,
    param: Option<&str>,
) -> Response<GateBody> {
    let Voice { dialect, calls } = voice.into();
    let body = dialect.error_body((status.as_u16(), code), (message, param), calls);
    ours(status, "application/json", body)
}

/// A request that the gate does not let in.
pub(super) fn refused<'v>(voice: impl Into<Voice<'v>>, refused: &Refused) -> Response<GateBody> {
    let mut response = error(voice, refused.status, refused.code, refused.message, None);
    if let Some(methods) = refused.allow {
        response.headers_mut().insert(http::header::ALLOW, HeaderValue::from_static(methods));
    }
    response
}

/// A body that cannot be taken.
pub(super) fn bad_body<'v>(
    voice: impl Into<Voice<'v>>,
    problem: &BodyProblem,
) -> Response<GateBody> {
    let status = match problem.code() {
        "too_many_messages" | "too_many_texts" | "too_many_values" => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    };
    error(voice, status, problem.code(), &problem.to_string(), problem.param())
}

/// An upstream that gave no answer.
pub(super) fn upstream_failed<'v>(
    voice: impl Into<Voice<'v>>,
    failure: &UpstreamError,
) -> Response<GateBody> {
    let (status, code) = match failure {
        UpstreamError::Timeout(_) => (StatusCode::GATEWAY_TIMEOUT, "upstream_timeout"),
        UpstreamError::Connect(_) => (StatusCode::BAD_GATEWAY, "upstream_unreachable"),
        UpstreamError::Broken(_) | UpstreamError::TooLarge(_) => {
            (StatusCode::BAD_GATEWAY, "upstream_error")
        }
    };
    error(voice, status, code, &failure.to_string(), None)
}

/// A stream that failed before the client had any of it.
pub(super) fn stream_failed<'v>(voice: impl Into<Voice<'v>>, reason: &str) -> Response<GateBody> {
    let (status, code, message) = match reason {
        "upstream_timeout" => (StatusCode::GATEWAY_TIMEOUT, reason, "the upstream took too long"),
        "upstream_failed" | "upstream_ended_early" => (
            StatusCode::BAD_GATEWAY,
            "upstream_error",
            "the upstream broke off before it had said anything",
        ),
        CLASSIFIER_UNAVAILABLE => return unavailable(voice),
        _ => return upstream_garbage(voice, "an event of its stream cannot be read"),
    };
    error(voice, status, code, message, None)
}

/// An upstream whose answer cannot be screened.
pub(super) fn upstream_garbage<'v>(voice: impl Into<Voice<'v>>, what: &str) -> Response<GateBody> {
    let message = format!("the upstream's answer cannot be screened: {what}");
    error(voice, StatusCode::BAD_GATEWAY, "upstream_unreadable", &message, None)
}

/// An upstream's error without the upstream's words.
pub(super) fn upstream_said_no<'v>(
    voice: impl Into<Voice<'v>>,
    status: StatusCode,
) -> Response<GateBody> {
    let message = format!("the upstream answered with status {}", status.as_u16());
    let mut response = error(voice, status, "upstream_error", &message, None);
    // Whether to try again is the upstream's say, by its status.
    response.headers_mut().remove("x-should-retry");
    response
}

/// Too many requests at once.
pub(super) fn overloaded<'v>(voice: impl Into<Voice<'v>>) -> Response<GateBody> {
    let message = "the gate is handling as many requests as it may; try again";
    let mut response = error(voice, StatusCode::SERVICE_UNAVAILABLE, "overloaded", message, None);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Something broke in us.
pub(super) fn internal_error<'v>(voice: impl Into<Voice<'v>>) -> Response<GateBody> {
    let message = "something broke in the gate; this request was not completed";
    error(voice, StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message, None)
}

/// The screening broke, and what was not screened does not pass.
pub(super) fn not_screened<'v>(voice: impl Into<Voice<'v>>) -> Response<GateBody> {
    error(voice, StatusCode::SERVICE_UNAVAILABLE, MODERATION_UNAVAILABLE, NOT_SCREENED, None)
}

/// A classifier that the text needs has not answered, and what it does not judge does not pass.
pub(super) fn unavailable<'v>(voice: impl Into<Voice<'v>>) -> Response<GateBody> {
    let message =
        "what this text needs (a classifier, a place for its record) did not answer; try again";
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut response = error(voice, status, MODERATION_UNAVAILABLE, message, None);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Every decision has to be on record, and none can be.
pub(super) fn not_recorded<'v>(voice: impl Into<Voice<'v>>) -> Response<GateBody> {
    let message = "decisions cannot be recorded now, and have to be; try again";
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut response = error(voice, status, MODERATION_UNAVAILABLE, message, None);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// Names the exchange in the headers of an answer.
pub(super) fn identify(headers: &mut HeaderMap, identity: &Identity, decision: &str, action: &str) {
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("x-tidegate-decision", decision);
    set("x-tidegate-action", action);
    if !headers.contains_key("x-request-id")
        && let Ok(value) = HeaderValue::from_str(&identity.request_id)
    {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
}
