//! Which headers pass from one side to the other.
//!
//! Both directions go by lists of what may pass: a header that nobody thought of stays where it is.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use memchr::memmem;

use super::RemoteError;
use crate::domain::Secret;

/// The headers that carry a client's credential, in the order in which they are looked for.
const CREDENTIALS: [HeaderName; 4] = [
    header::AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
];

/// Request headers that model servers read, beside the credentials: those of the public SDKs and of
/// tracing.
const REQUEST_NAMES: [&str; 24] = [
    "accept",
    "content-type",
    "user-agent",
    "idempotency-key",
    "x-client-request-id",
    "x-request-id",
    "traceparent",
    "tracestate",
    "baggage",
    "openai-organization",
    "openai-project",
    "openai-beta",
    "azureml-model-deployment",
    "x-ms-client-request-id",
    "x-ms-useragent",
    "x-goog-api-client",
    "x-goog-user-project",
    "x-goog-request-params",
    "x-server-timeout",
    "x-client-name",
    "http-referer",
    "referer",
    "x-title",
    "last-event-id",
];

/// Beginnings of request headers that model servers read.
const REQUEST_PREFIXES: [&str; 5] =
    ["x-stainless-", "anthropic-", "x-fern-", "x-amz-", "x-amzn-bedrock-"];

/// Response headers that clients read.
const RESPONSE_NAMES: [&str; 21] = [
    "content-type",
    "content-language",
    "cache-control",
    "date",
    "vary",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "server-timing",
    "request-id",
    "x-request-id",
    "apim-request-id",
    "x-amzn-requestid",
    "x-generation-id",
    "x-ms-region",
    "mcp-session-id",
    "openai-processing-ms",
    "openai-version",
    "openai-organization",
    "openai-model",
    "openai-project",
];

/// Beginnings of response headers that clients read.
const RESPONSE_PREFIXES: [&str; 5] = [
    "x-ratelimit-",
    "anthropic-ratelimit-",
    "anthropic-organization-",
    "anthropic-workspace-",
    "access-control-",
];

/// The fewest bytes of a key that is looked for in what an upstream says: a shorter one may stand anywhere.
const SHORTEST_KEY: usize = 8;

/// The credential for an upstream, in the two forms in which headers carry it.
#[derive(Clone)]
pub struct UpstreamKey {
    bearer: HeaderValue,
    bare: HeaderValue,
}

impl UpstreamKey {
    /// # Errors
    /// When the key has characters that a header cannot carry.
    pub(super) fn new(key: &Secret) -> Result<Self, RemoteError> {
        let value = |text: &str| {
            let mut value = HeaderValue::from_str(text).map_err(|_| RemoteError::Key)?;
            value.set_sensitive(true);
            Ok(value)
        };
        Ok(Self { bearer: value(&format!("Bearer {}", key.expose()))?, bare: value(key.expose())? })
    }

    /// Whether a text of the upstream repeats the key. One of fewer than [`SHORTEST_KEY`] bytes is not looked for.
    pub fn is_in(&self, text: &[u8]) -> bool {
        let key = self.bare.as_bytes();
        key.len() >= SHORTEST_KEY && memmem::find(text, key).is_some()
    }

    /// Puts the key where the client had its own; in `Authorization` when it had none.
    fn insert(&self, client: &HeaderMap, headers: &mut HeaderMap) {
        let used = CREDENTIALS.into_iter().find(|name| client.contains_key(name));
        let name = used.unwrap_or(header::AUTHORIZATION);
        let value = if name == header::AUTHORIZATION { &self.bearer } else { &self.bare };
        headers.insert(name, value.clone());
    }
}

impl std::fmt::Debug for UpstreamKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UpstreamKey(…)")
    }
}

/// The headers to send upstream for a client's request.
///
/// What the client names in `Connection` stays behind; what is added here cannot be named away, and
/// neither can `Content-Type`, which belongs to the body. `Host` and the framing are left to the
/// connection. Compressed answers are not asked for, because they could not be screened as they come.
pub fn forward_request_headers(client: &HeaderMap, key: Option<&UpstreamKey>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(client.len() + 1);
    for (name, value) in client {
        let passes = if CREDENTIALS.contains(name) {
            key.is_none()
        } else {
            is_listed(name, &REQUEST_NAMES, &REQUEST_PREFIXES)
        };
        if passes && (name == header::CONTENT_TYPE || !is_hop_by_hop(client, name)) {
            headers.append(name.clone(), value.clone());
        }
    }
    if let Some(key) = key {
        key.insert(client, &mut headers);
    }
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers
}

/// Adds the headers that a dialect reads, and that are screened like the body.
pub fn forward_own_headers(
    client: &HeaderMap,
    headers: &mut HeaderMap,
    reads: impl Fn(&str) -> bool,
) {
    for (name, value) in client {
        if reads(name.as_str()) && !is_hop_by_hop(client, name) {
            headers.insert(name.clone(), value.clone());
        }
    }
}

/// The headers to send to the client for an upstream's answer. What describes the very bytes of the
/// body (`ETag`, digests, the length) stays behind, because the body may be another one, and so does what repeats
/// the upstream's key.
pub fn forward_response_headers(upstream: &HeaderMap, key: Option<&UpstreamKey>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(upstream.len());
    for (name, value) in upstream {
        let passes = is_listed(name, &RESPONSE_NAMES, &RESPONSE_PREFIXES)
            && !key.is_some_and(|key| key.is_in(value.as_bytes()));
        if passes && (name == header::CONTENT_TYPE || !is_hop_by_hop(upstream, name)) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

fn is_listed(name: &HeaderName, names: &[&str], prefixes: &[&str]) -> bool {
    let name = name.as_str();
    names.contains(&name) || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether `Connection` names the header (RFC 9110, section 7.6.1). Those that are hop-by-hop in any
/// case are on no list.
fn is_hop_by_hop(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .any(|option| option.trim_ascii().eq_ignore_ascii_case(name.as_str().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn key() -> UpstreamKey {
        UpstreamKey::new(&Secret::new("sk-up")).unwrap()
    }

    #[test]
    fn what_sdks_send_passes() {
        let client = map(&[
            ("authorization", "Bearer sk-client"),
            ("content-type", "application/json"),
            ("openai-beta", "assistants=v2"),
            ("x-stainless-retry-count", "1"),
            ("traceparent", "00-1-2-01"),
        ]);
        let sent = forward_request_headers(&client, None);
        for name in client.keys() {
            assert_eq!(sent.get(name), client.get(name), "{name}");
        }
        assert_eq!(sent.get("accept-encoding").unwrap(), "identity");
    }

    #[test]
    fn cookies_forwarding_and_framing_stay_behind() {
        let names = [
            "cookie",
            "forwarded",
            "x-forwarded-for",
            "x-real-ip",
            "proxy-authorization",
            "host",
            "content-length",
            "transfer-encoding",
            "te",
            "upgrade",
            "keep-alive",
            "expect",
            "origin",
            "x-http-method-override",
            "x-tidegate-policy",
        ];
        for name in names {
            let sent = forward_request_headers(&map(&[(name, "1")]), None);
            assert!(!sent.contains_key(name), "{name}");
        }
    }

    #[test]
    fn headers_named_in_connection_are_dropped_and_ours_survive() {
        let client = map(&[
            ("connection", "close, X-Request-Id"),
            ("connection", "authorization,content-type"),
            ("authorization", "Bearer sk-client"),
            ("x-request-id", "r1"),
            ("content-type", "application/json"),
        ]);
        let sent = forward_request_headers(&client, Some(&key()));
        assert!(!sent.contains_key("x-request-id") && !sent.contains_key("connection"));
        assert_eq!(sent.get("authorization").unwrap(), "Bearer sk-up");
        assert_eq!(sent.get("content-type").unwrap(), "application/json");
    }

    #[test]
    fn the_upstream_key_takes_the_form_of_the_clients() {
        for (name, value) in [("x-api-key", "sk-up"), ("api-key", "sk-up")] {
            let sent = forward_request_headers(&map(&[(name, "client")]), Some(&key()));
            assert_eq!(sent.get(name).unwrap(), value);
            assert!(!sent.contains_key("authorization"));
        }
        let sent = forward_request_headers(&HeaderMap::new(), Some(&key()));
        assert_eq!(sent.get("authorization").unwrap(), "Bearer sk-up");
        let both = map(&[("authorization", "Bearer a"), ("x-api-key", "b")]);
        let sent = forward_request_headers(&both, Some(&key()));
        assert_eq!((sent.len(), sent.get("authorization").unwrap()), (2, &key().bearer));
    }

    #[test]
    fn a_key_never_shows_in_debug_output() {
        let sent = forward_request_headers(&HeaderMap::new(), Some(&key()));
        assert!(!format!("{sent:?} {:?}", key()).contains("sk-up"));
    }

    #[test]
    fn what_sdks_read_comes_back() {
        let upstream = map(&[
            ("content-type", "text/event-stream; charset=utf-8"),
            ("x-request-id", "req_1"),
            ("x-ratelimit-remaining-tokens", "12"),
            ("retry-after-ms", "20"),
            ("access-control-allow-origin", "*"),
        ]);
        assert_eq!(forward_response_headers(&upstream, None), upstream);
    }

    #[test]
    fn a_header_that_repeats_the_upstreams_key_stays_behind() {
        let key = UpstreamKey::new(&Secret::new("sk-secret")).unwrap();
        let upstream = map(&[("openai-model", "for sk-secret"), ("openai-version", "1")]);
        let back = forward_response_headers(&upstream, Some(&key));
        assert_eq!(back, map(&[("openai-version", "1")]));
        assert!(!UpstreamKey::new(&Secret::new("1")).unwrap().is_in(b"1"));
    }

    #[test]
    fn cookies_credentials_and_connection_stay_behind() {
        let names = [
            "set-cookie",
            "authorization",
            "x-api-key",
            "x-goog-api-key",
            "www-authenticate",
            "content-length",
            "connection",
            "transfer-encoding",
            "trailer",
            "upgrade",
            "alt-svc",
            "strict-transport-security",
            "location",
            "etag",
            "content-encoding",
            "content-md5",
            "digest",
        ];
        for name in names {
            let back = forward_response_headers(&map(&[(name, "1")]), None);
            assert!(back.is_empty(), "{name}");
        }
        let hop = map(&[("connection", "x-request-id"), ("x-request-id", "r")]);
        assert!(forward_response_headers(&hop, None).is_empty());
    }
}
