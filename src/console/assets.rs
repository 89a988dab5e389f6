//! The pages of the console, as they were built (`console/`), in the binary.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;

use crate::audit::digest;

/// A file of the console.
struct Asset {
    path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

/// All of them.
const ASSETS: [Asset; 4] = [
    Asset {
        path: "/console/",
        kind: "text/html; charset=utf-8",
        bytes: include_bytes!("../../console/dist/index.html"),
    },
    Asset {
        path: "/console/app.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../console/dist/app.js"),
    },
    Asset {
        path: "/console/app.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../../console/dist/app.css"),
    },
    Asset {
        path: "/console/icon.svg",
        kind: "image/svg+xml",
        bytes: include_bytes!("../../console/dist/icon.svg"),
    },
];

/// What a page may do: run our script, and ask this listener; nothing of others, and nothing that stands in a page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// Headers of every answer of the console and its interface.
const HEADERS: [(&str, &str); 6] = [
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// The pages.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let mut routes = Router::new()
        .route("/", get(|| async { Redirect::temporary("/console/") }))
        .route("/console", get(|| async { Redirect::temporary("/console/") }));
    for asset in &ASSETS {
        routes = routes.route(
            asset.path,
            get(move |headers: HeaderMap| async move { asset.answer(&headers) }),
        );
    }
    routes
}

impl Asset {
    fn answer(&self, headers: &HeaderMap) -> Response {
        let tag = format!("\"{}\"", digest(self.bytes));
        let known =
            headers.get_all(IF_NONE_MATCH).iter().any(|known| known.as_bytes() == tag.as_bytes());
        let tag = HeaderValue::from_str(&tag).unwrap_or(HeaderValue::from_static("\"\""));
        // A browser asks each time, and is told that nothing has changed.
        let cache = HeaderValue::from_static("no-cache");
        if known {
            return (StatusCode::NOT_MODIFIED, [(ETAG, tag), (CACHE_CONTROL, cache)])
                .into_response();
        }
        let kind = HeaderValue::from_static(self.kind);
        let headers = [(CONTENT_TYPE, kind), (ETAG, tag), (CACHE_CONTROL, cache)];
        (headers, Body::from(self.bytes)).into_response()
    }
}

/// Puts the headers on an answer that every one has.
pub(super) async fn with_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        let name = HeaderName::from_static(name);
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
