//! The pages of the console, as they were built (`console/`), in the binary.

use std::io::Write as _;
use std::sync::OnceLock;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::audit::digest;

/// A file of the console.
struct Asset {
    path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
    /// The same by gzip, made when somebody asks for it first.
    packed: OnceLock<Vec<u8>>,
}

/// All of them.
static ASSETS: [Asset; 4] = [
    Asset {
        path: "/console/",
        kind: "text/html; charset=utf-8",
        bytes: include_bytes!("../../console/dist/index.html"),
        packed: OnceLock::new(),
    },
    Asset {
        path: "/console/app.js",
        kind: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../console/dist/app.js"),
        packed: OnceLock::new(),
    },
    Asset {
        path: "/console/app.css",
        kind: "text/css; charset=utf-8",
        bytes: include_bytes!("../../console/dist/app.css"),
        packed: OnceLock::new(),
    },
    Asset {
        path: "/console/icon.svg",
        kind: "image/svg+xml",
        bytes: include_bytes!("../../console/dist/icon.svg"),
        packed: OnceLock::new(),
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
    fn answer(&'static self, headers: &HeaderMap) -> Response {
        let tag = format!("\"{}\"", digest(self.bytes));
        let known = headers.get_all(IF_NONE_MATCH).iter();
        let is_known =
            known.filter_map(|known| known.to_str().ok()).any(|known| known.contains(&tag));
        // A weak tag is the same for both codings.
        let tag = HeaderValue::from_str(&format!("W/{tag}"));
        let tag = tag.unwrap_or(HeaderValue::from_static("\"\""));
        // A browser asks each time, and is told that nothing has changed.
        let cache = HeaderValue::from_static("no-cache");
        let mut response =
            if is_known { StatusCode::NOT_MODIFIED.into_response() } else { self.body(headers) };
        response.headers_mut().extend([(ETAG, tag), (CACHE_CONTROL, cache)]);
        response
    }

    fn body(&'static self, headers: &HeaderMap) -> Response {
        let kind = (CONTENT_TYPE, HeaderValue::from_static(self.kind));
        let vary = (VARY, HeaderValue::from_static("accept-encoding"));
        let taken = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
        let mut taken = taken.flat_map(|line| line.split(','));
        if !taken.any(|coding| coding.trim().eq_ignore_ascii_case("gzip")) {
            return ([kind, vary], Body::from(self.bytes)).into_response();
        }
        let packed = self.packed.get_or_init(|| packed(self.bytes).unwrap_or_default());
        let coding = (CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        ([kind, vary, coding], Body::from(&**packed)).into_response()
    }
}

fn packed(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(bytes)?;
    packer.finish()
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

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    /// The most bytes of all pages together, as a browser gets them.
    const BUDGET: usize = 60_000;

    #[test]
    fn the_whole_console_is_small_and_comes_out_of_its_packing_as_it_was() {
        let mut whole = 0;
        for asset in &ASSETS {
            let packed = packed(asset.bytes).unwrap();
            whole += packed.len();
            let mut back = Vec::new();
            flate2::read::GzDecoder::new(&*packed).read_to_end(&mut back).unwrap();
            assert_eq!(back, asset.bytes, "{}", asset.path);
        }
        assert!(whole > 0 && whole <= BUDGET, "{whole} bytes");
    }

    #[test]
    fn a_page_holds_nothing_that_the_policy_would_not_let_run() {
        let page = std::str::from_utf8(ASSETS[0].bytes).unwrap();
        for inline in ["<style", "style=", "onclick", "onload", "http:", "https:"] {
            assert!(!page.contains(inline), "{inline}");
        }
        assert_eq!(
            page.matches("<script").count(),
            page.matches("<script src=").count()
                + page.matches("<script type=\"module\" src=").count()
                + page.matches("<script defer src=").count()
        );
    }
}
