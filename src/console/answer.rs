//! Requests read and answered as the API does it: JSON in, JSON out, and errors that say what, where and what to do.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::asked::MOST_TEXT;
use crate::store::StoreError;

/// The most bytes of a body.
const MOST_BODY: usize = 1 << 20;
/// The most rows of a page.
const MOST_ROWS: u32 = 200;
/// The rows of a page where nobody asks for more or less.
const ROWS: u32 = 50;

/// Why something is not done.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// After how many seconds it may be tried again.
    wait: Option<u64>,
    /// What else a program needs to know, as members beside the message.
    more: Option<Box<Value>>,
}

/// What handlers answer.
pub(super) type Answer<T = Response> = Result<T, ApiError>;

// === impl ApiError ===

impl ApiError {
    /// An error of this status, code and message.
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), wait: None, more: None }
    }

    /// Something of the request is wrong.
    pub(super) fn wrong(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid", message)
    }

    /// There is no such thing, or not for this person.
    pub(super) fn unknown(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no such {what}"))
    }

    /// It does not go together with what is there.
    pub(super) fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// It may be tried again after so many seconds.
    pub(super) fn too_many(message: impl Into<String>, wait: u64) -> Self {
        let error = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many", message);
        Self { wait: Some(wait), ..error }
    }

    /// There is too much to do now.
    pub(super) fn too_busy(message: &'static str) -> Self {
        Self { wait: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "too_busy", message) }
    }

    /// With more members beside the message.
    pub(super) fn with(self, more: Value) -> Self {
        Self { more: Some(Box::new(more)), ..self }
    }

    /// Why, in a word.
    pub(super) const fn code(&self) -> &'static str {
        self.code
    }

    /// There is no store to ask.
    pub(super) fn no_store() -> Self {
        let message = "this gate keeps nothing; name a store in the server file, such as `store: { url: sqlite:state.db }`";
        Self::new(StatusCode::NOT_FOUND, "no_store", message)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        if error.is_passing() {
            let message = "the store cannot be reached now; nothing was changed; try again";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return Self { wait: Some(1), ..Self::new(status, "store_unavailable", message) };
        }
        if matches!(error, StoreError::Conflict(_)) {
            return Self::conflict("conflict", "somebody changed it meanwhile; look again");
        }
        // What the database says of it may quote values.
        tracing::error!(%error, "the console cannot use the store");
        let message = "the store could not do that; the gate's log says why";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let (Value::Object(error), Some(Value::Object(more))) =
            (&mut error, self.more.map(|more| *more))
        {
            error.extend(more);
        }
        let mut response = answered(self.status, &json!({ "error": error }));
        if let Some(wait) = self.wait {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait));
        }
        response
    }
}

/// JSON with a status.
pub(super) fn answered(status: StatusCode, body: &impl Serialize) -> Response {
    let text = serde_json::to_string(body).unwrap_or_default();
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, Body::from(text)).into_response()
}

/// JSON, and all is well.
pub(super) fn found(body: &impl Serialize) -> Response {
    answered(StatusCode::OK, body)
}

/// Done, and there is nothing to say.
pub(super) fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// A page of rows, with what leads to the next one.
#[expect(clippy::needless_pass_by_value, reason = "who answers with rows needs them no more")]
pub(super) fn page(rows: Vec<Value>, next: Option<String>) -> Response {
    found(&json!({ "rows": rows, "next": next }))
}

// === what comes in ===

/// A JSON body that has the members of `T` and no others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
        if !kind.trim().eq_ignore_ascii_case("application/json") {
            let message = "send JSON, with `Content-Type: application/json`";
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(ApiError::new(status, "not_json", message));
        }
        let read = to_bytes(request.into_body(), MOST_BODY).await;
        let bytes = read.map_err(|_| {
            let message = format!("the body has more than {MOST_BODY} bytes, or broke off");
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
        })?;
        let read = serde_json::from_slice(&bytes);
        read.map(Self).map_err(|error| ApiError::wrong(format!("the body is wrong: {error}")))
    }
}

/// The parameters of a query: those of `T` and no others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let read = Query::<T>::try_from_uri(&parts.uri);
        let wrong = |error: axum::extract::rejection::QueryRejection| {
            ApiError::wrong(format!("the query is wrong: {}", error.body_text()))
        };
        read.map(|Query(asked)| Self(asked)).map_err(wrong)
    }
}

/// The name in the path: an id, or what a policy is called.
#[derive(Clone, Debug)]
pub(super) struct Named(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let wrong = |_| ApiError::wrong("the name in the path cannot be read");
        let Path(name) = Path::<String>::from_request_parts(parts, state).await.map_err(wrong)?;
        if name.contains('\0') || name.chars().count() > MOST_TEXT {
            let message =
                format!("a name in the path has at most {MOST_TEXT} characters, and no NUL");
            return Err(ApiError::wrong(message));
        }
        Ok(Self(name))
    }
}

/// How many rows a page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub(super) struct Limit(u32);

impl Default for Limit {
    fn default() -> Self {
        Self(ROWS)
    }
}

impl TryFrom<u32> for Limit {
    type Error = String;

    fn try_from(rows: u32) -> Result<Self, String> {
        let fits = (1..=MOST_ROWS).contains(&rows);
        fits.then_some(Self(rows)).ok_or_else(|| format!("`limit` is from 1 to {MOST_ROWS}"))
    }
}

impl Limit {
    /// As many rows.
    pub(super) const fn rows(self) -> i64 {
        self.0 as i64
    }

    /// Cuts rows, of which one more was asked for, to as many; what leads to the next page, if there is one.
    pub(super) fn cut<T>(self, rows: &mut Vec<T>, cursor: impl Fn(&T) -> String) -> Option<String> {
        let most = self.0 as usize;
        let more = rows.len() > most;
        rows.truncate(most);
        rows.last().filter(|_| more).map(cursor)
    }
}
