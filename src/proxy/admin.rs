//! The admin listener's routes so far: metrics and health. It is never reachable through the data
//! listener.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use sha2::{Digest as _, Sha256};

use crate::domain::Secret;
use crate::telemetry::Telemetry;

/// What the admin listener shows.
#[derive(Debug)]
pub struct AdminState {
    /// Where the metrics come from.
    pub telemetry: Telemetry,
    /// Whether requests may come: policies are loaded, listeners are up, no drain has begun.
    pub ready: AtomicBool,
    /// Accepted values of `Host` and `Origin`, without ports.
    pub hosts: Vec<String>,
    /// Accepted bearer tokens; none means that none is asked for.
    pub tokens: Vec<Secret>,
}

/// The admin routes.
pub(super) fn admin_router(state: Arc<AdminState>) -> Router {
    let guarded = Router::new()
        .route("/metrics", get(metrics))
        .route_layer(from_fn_with_state(Arc::clone(&state), check_token));
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/healthz", get(ready))
        .merge(guarded)
        .layer(from_fn_with_state(Arc::clone(&state), check_host))
        .with_state(state)
}

async fn metrics(State(state): State<Arc<AdminState>>) -> Response {
    let format = "text/plain; version=0.0.4; charset=utf-8";
    ([(CONTENT_TYPE, format)], state.telemetry.metrics.render()).into_response()
}

async fn ready(State(state): State<Arc<AdminState>>) -> Response {
    if state.ready.load(Ordering::Relaxed) {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response()
}

/// A page of another site cannot read us through the browser of somebody who may.
async fn check_host(
    State(state): State<Arc<AdminState>>,
    request: Request,
    next: Next,
) -> Response {
    let accepted = |headers: &HeaderMap, name| {
        let value = headers.get(&name).and_then(|value| value.to_str().ok())?;
        let host = value.split("://").last().unwrap_or_default();
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        Some(state.hosts.iter().any(|known| known.eq_ignore_ascii_case(host)))
    };
    let headers = request.headers();
    if accepted(headers, HOST) != Some(true) || accepted(headers, ORIGIN) == Some(false) {
        return (StatusCode::FORBIDDEN, "this host is not in `admin.hosts`\n").into_response();
    }
    next.run(request).await
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
