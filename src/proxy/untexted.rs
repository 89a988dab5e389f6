//! Endpoints that carry no text of people or models, such as the list of models: they pass.

use bytes::Bytes;
use http::request::Parts;
use http::{Response as HttpResponse, StatusCode};

use super::exchange::{JSON, path_and_query, with_key};
use super::live::{Asked, Live};
use super::way_back::{REPEATS_KEY, unreadable};
use super::{GateBody, reply};
use crate::upstream::{Outgoing, UpstreamError, forward_request_headers};
use crate::wire::dialect::Dialect;

/// Asks the upstream of the route.
pub(super) async fn pass(live: &Live, parts: &Parts, voice: &Dialect) -> HttpResponse<GateBody> {
    let (path, headers) = (parts.uri.path(), &parts.headers);
    let asked = Asked { path, headers, model: "", language: None };
    let Some((route, _)) = live.route(asked) else {
        let message = "there is no such path";
        return reply::error(voice, StatusCode::NOT_FOUND, "unknown_path", message, None);
    };
    let upstream = &route.upstream.upstream;
    let (path_and_query, key) = path_and_query(parts);
    let headers = forward_request_headers(&with_key(headers, key.as_deref()), upstream.key());
    let outgoing =
        Outgoing { method: parts.method.clone(), path_and_query, headers, body: Bytes::new() };
    match upstream.send(outgoing).await {
        Ok(answer) if answer.status.is_success() => {
            if let Some(what) = unreadable(answer.status, &answer.headers) {
                return reply::upstream_garbage(voice, what);
            }
            match answer.body.collect(live.limits.body).await {
                Ok(body) if upstream.key().is_some_and(|key| key.is_in(&body)) => {
                    reply::upstream_garbage(voice, REPEATS_KEY)
                }
                Ok(body) => reply::ours(StatusCode::OK, JSON, body),
                Err(error) => failed(voice, &route.upstream.name, &error),
            }
        }
        // A redirect is not followed, and its status alone would have the client look for where to go.
        Ok(answer) => match unreadable(answer.status, &answer.headers) {
            Some(what) => reply::upstream_garbage(voice, what),
            None => reply::upstream_said_no(voice, answer.status),
        },
        Err(error) => failed(voice, &route.upstream.name, &error),
    }
}

fn failed(voice: &Dialect, upstream: &str, error: &UpstreamError) -> HttpResponse<GateBody> {
    tracing::warn!(upstream, %error, cause = error.cause(), "what was asked for cannot be had");
    reply::upstream_failed(voice, error)
}
