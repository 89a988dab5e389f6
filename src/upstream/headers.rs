//! Which headers pass between client and upstream.

use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, COOKIE, ETAG,
    EXPECT, FORWARDED, HOST, HeaderName, SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue};

use crate::domain::Secret;

/// Headers of one connection only (RFC 9110 §7.6.1), beside those that `Connection` lists.
const HOP_BY_HOP: [HeaderName; 5] = [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// Headers in which clients send their key.
const CREDENTIALS: [&str; 4] = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];

/// Headers that are never sent to an upstream.
fn stays_here(name: &HeaderName) -> bool {
    [HOST, CONTENT_LENGTH, CONTENT_ENCODING, ACCEPT_ENCODING, EXPECT, COOKIE, FORWARDED]
        .contains(name)
        || HOP_BY_HOP.contains(name)
        || name == "keep-alive"
        || name.as_str().starts_with("proxy-")
        || name.as_str().starts_with("x-forwarded-")
        || name.as_str().starts_with("x-tidegate-")
        || name == "x-real-ip"
}

/// Headers of an answer that are never sent to a client.
fn stays_back(name: &HeaderName) -> bool {
    [CONTENT_LENGTH, CONTENT_ENCODING, ETAG, SET_COOKIE, HOST].contains(name)
        || HOP_BY_HOP.contains(name)
        || CREDENTIALS.contains(&name.as_str())
        || name == "keep-alive"
        || name == "content-md5"
        || name == "digest"
        || name == "alt-svc"
        || name.as_str().starts_with("proxy-")
        || name.as_str().starts_with("x-tidegate-")
}

/// The client's headers for the upstream: everything that is not of the connection, with the
/// client's credential replaced where the upstream has a key of its own. The body may change, so its
/// length is left to the client library; it is never compressed on the way back.
pub fn forward_request_headers(client: &HeaderMap, key: Option<&Secret>) -> HeaderMap {
    let listed = listed_by_connection(client);
    let mut headers = HeaderMap::with_capacity(client.len() + 2);
    for (name, value) in client {
        let replaced = key.is_some() && CREDENTIALS.contains(&name.as_str());
        if !stays_here(name) && !listed.contains(name) && !replaced {
            headers.append(name.clone(), value.clone());
        }
    }
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if let Some(value) =
        key.and_then(|key| HeaderValue::from_str(&format!("Bearer {}", key.expose())).ok())
    {
        let mut value = value;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    headers
}

/// The upstream's headers for the client.
pub fn forward_response_headers(upstream: &HeaderMap) -> HeaderMap {
    let listed = listed_by_connection(upstream);
    let mut headers = HeaderMap::with_capacity(upstream.len() + 4);
    for (name, value) in upstream {
        if !stays_back(name) && !listed.contains(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

/// The headers that `Connection` names. It cannot take away what the exchange needs.
fn listed_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let kept = |name: &HeaderName| {
        CREDENTIALS.contains(&name.as_str())
            || *name == http::header::CONTENT_TYPE
            || name.as_str().starts_with("x-request-id")
            || name.as_str().starts_with("trace")
    };
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse::<HeaderName>().ok())
        .filter(|name| !kept(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn what_belongs_to_the_connection_or_to_us_stays_here() {
        let client = map(&[
            ("host", "gate"),
            ("connection", "x-secret-hop, authorization"),
            ("x-secret-hop", "1"),
            ("authorization", "Bearer client"),
            ("cookie", "a=b"),
            ("x-forwarded-for", "1.2.3.4"),
            ("openai-organization", "org"),
            ("x-stainless-lang", "python"),
            ("accept-encoding", "gzip"),
            ("x-tidegate-policy", "strict"),
            ("te", "trailers"),
            ("traceparent", "00-a-b-01"),
        ]);
        let sent = forward_request_headers(&client, None);
        assert_eq!(
            sent,
            map(&[
                ("authorization", "Bearer client"),
                ("openai-organization", "org"),
                ("x-stainless-lang", "python"),
                ("traceparent", "00-a-b-01"),
                ("accept-encoding", "identity"),
            ])
        );
    }

    #[test]
    fn a_configured_key_takes_the_place_of_every_credential_of_the_client() {
        let client = map(&[("x-api-key", "client"), ("api-key", "client")]);
        let sent = forward_request_headers(&client, Some(&Secret::new("ours")));
        assert_eq!(sent, map(&[("accept-encoding", "identity"), ("authorization", "Bearer ours")]));
    }

    #[test]
    fn keys_and_cookies_never_come_back() {
        let answer = map(&[
            ("set-cookie", "s"),
            ("authorization", "k"),
            ("x-api-key", "k"),
            ("content-length", "9"),
            ("x-request-id", "req_1"),
            ("x-ratelimit-remaining-requests", "9"),
            ("content-type", "application/json"),
        ]);
        assert_eq!(
            forward_response_headers(&answer),
            map(&[
                ("x-request-id", "req_1"),
                ("x-ratelimit-remaining-requests", "9"),
                ("content-type", "application/json"),
            ])
        );
    }
}
