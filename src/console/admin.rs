//! Metrics, health, and which hosts the listener answers to.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::{RawQuery, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use sha2::{Digest as _, Sha256};

use super::AdminState;
use crate::classify::{State as ClassifierState, Tested};
use crate::proxy::Doubt;
use crate::telemetry::RecordsState;

/// Metrics and health.
pub(super) fn routes(state: &Arc<AdminState>) -> Router<Arc<AdminState>> {
    let guarded = Router::new()
        .route("/metrics", get(metrics))
        .route_layer(from_fn_with_state(Arc::clone(state), check_token));
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        // It listens once a policy is in force.
        .route("/startupz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/healthz", get(ready))
        .merge(guarded)
}

async fn metrics(State(state): State<Arc<AdminState>>) -> Response {
    let format = "text/plain; version=0.0.4; charset=utf-8";
    ([(CONTENT_TYPE, format)], state.telemetry.metrics.render()).into_response()
}

/// Whether requests may come; with `?verbose`, also how classifiers and decision records stand, which has no say in that.
async fn ready(State(state): State<Arc<AdminState>>, RawQuery(query): RawQuery) -> Response {
    let is_ready = state.ready.load(Ordering::Relaxed);
    let mut text = if is_ready { "ready\n" } else { "draining\n" }.to_owned();
    if query.is_some_and(|query| query.split('&').any(|part| part == "verbose")) {
        for (name, one) in state.gateway.live().classifiers.states() {
            text.push_str(&line(&name, &one));
        }
        text.push_str(
            &state.telemetry.records.state().map(|state| records(&state)).unwrap_or_default(),
        );
    }
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, text).into_response()
}

/// How the decision records stand, in a line.
fn records(state: &RecordsState) -> String {
    let RecordsState { sink, failing, waiting, lost } = state;
    let how =
        failing.as_ref().map_or_else(|| "written".to_owned(), |why| format!("not written ({why})"));
    format!("records {sink}: {how}, {waiting} waiting, {lost} lost\n")
}

/// How a classifier stands, in a line.
fn line(name: &str, state: &ClassifierState) -> String {
    let tested = match &state.tested {
        None => "no self-test".to_owned(),
        Some(Tested::Pending) => "self-test not run yet".to_owned(),
        Some(Tested::Passed) => "self-test passed".to_owned(),
        Some(Tested::Failed(how)) => format!("self-test failed ({how})"),
    };
    let ClassifierState { circuit, in_flight, waiting, cached, .. } = state;
    let circuit = circuit.as_str();
    format!(
        "classifier {name}: circuit {circuit}, {tested}, {in_flight} calls, {waiting} waiting, {cached} kept\n"
    )
}

/// A page of another site cannot read us through the browser of somebody who may.
pub(super) async fn check_host(
    State(state): State<Arc<AdminState>>,
    request: Request,
    next: Next,
) -> Response {
    if request.extensions().get::<Doubt>().is_some() {
        return (StatusCode::BAD_REQUEST, "this request can be read in two ways\n").into_response();
    }
    let headers = request.headers();
    // There is an authority over HTTP/2, and in a target that is a whole address.
    let host = only(headers, &HOST, request.uri().authority().map(Authority::as_str));
    let is_known = |host: &str| state.hosts.iter().any(|known| known.eq_ignore_ascii_case(host));
    let origin = only(headers, &ORIGIN, None);
    let foreign = headers.contains_key(ORIGIN)
        && !origin
            .and_then(|origin| origin.split_once("://"))
            .is_some_and(|(_, host)| is_known(name_of(host)));
    if !host.is_some_and(|host| is_known(name_of(host))) || foreign {
        return (StatusCode::FORBIDDEN, "this host is not in `admin.hosts`\n").into_response();
    }
    next.run(request).await
}

/// What a header says that stands once, or nowhere if something else says it; all have to agree.
fn only<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
    besides: Option<&'h str>,
) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter().map(|value| value.to_str().ok());
    match (values.next(), besides) {
        (Some(value), None) if values.next().is_none() => value,
        (Some(value), Some(besides)) if values.next().is_none() => {
            value.filter(|value| *value == besides)
        }
        (None, besides) => besides,
        (Some(_), _) => None,
    }
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    let port = |(_, port): &(&str, &str)| port.bytes().all(|b| b.is_ascii_digit());
    host.rsplit_once(':').filter(port).map_or(host, |(name, _)| name)
}

async fn check_token(
    State(state): State<Arc<AdminState>>,
    request: Request,
    next: Next,
) -> Response {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let sent = header.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    // Digests are compared, so that the time it takes tells nothing of the token.
    let digest = Sha256::digest(sent);
    let known = state.tokens.iter().any(|token| Sha256::digest(token.expose()) == digest);
    if state.tokens.is_empty() || known {
        return next.run(request).await;
    }
    (StatusCode::UNAUTHORIZED, "send a bearer token of `admin.auth.tokens`\n").into_response()
}
