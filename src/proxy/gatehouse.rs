//! The strict gate in front of routing: a request that two servers could read differently is refused.

use std::net::Ipv6Addr;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Version};

use super::listener::Doubt;
use crate::wire::multipart;

/// Query parameters that may be passed on.
const QUERY: [&str; 6] = ["alt", "$alt", "%24alt", "api-version", "beta", KEY];

/// The query parameter in which Google's clients may send their key. It is passed on as a header.
pub(super) const KEY: &str = "key";

/// Why a request is refused at the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    /// A stable name for clients and metrics.
    pub(super) code: &'static str,
    /// What is wrong, and the smallest fix.
    pub(super) message: &'static str,
    /// The methods that would be let in, where it is for the method.
    pub(super) allow: Option<&'static str>,
}

pub(super) const fn refused(
    status: StatusCode,
    code: &'static str,
    message: &'static str,
) -> Refused {
    Refused { status, code, message, allow: None }
}

/// Looks at a request's head. `Ok` is a request that can be read in one way only.
pub(super) fn check(parts: &Parts) -> Result<(), Refused> {
    if let Some(doubt) = parts.extensions.get::<Doubt>() {
        return Err(doubtful(*doubt));
    }
    check_method(&parts.method)?;
    check_path(parts.uri.path())?;
    check_query(parts.uri.query())?;
    check_host(parts)?;
    check_framing(&parts.headers)?;
    check_credentials(parts)
}

/// A request whose bytes two servers read differently.
pub(super) const fn doubtful(doubt: Doubt) -> Refused {
    let (code, message) = match doubt {
        Doubt::BareLineFeed => ("bare_line_feed", "end every line with CR LF"),
        Doubt::Fragment => ("invalid_target", "leave `#` and what follows it out of the target"),
        Doubt::Length => ("invalid_content_length", LENGTH),
        Doubt::Coding => ("invalid_transfer_encoding", CODING),
    };
    refused(StatusCode::BAD_REQUEST, code, message)
}

const LENGTH: &str = "send one plain `content-length`, and none beside `transfer-encoding`";
const CODING: &str = "send one `transfer-encoding: chunked`, or none";

/// What `curl -d` and hand-written clients say of JSON where a server does not look at it.
const SAID_OF_JSON: [&str; 3] =
    ["application/json", "text/plain", "application/x-www-form-urlencoded"];

/// Whether the body may be read as JSON: the route decides what a body is, and the header must agree; where clients of
/// its dialect send none or another one, those too.
pub(super) fn check_json(headers: &HeaderMap, lenient: bool) -> Result<(), Refused> {
    let wrong = refused(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "send the body as `content-type: application/json` in UTF-8",
    );
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let one = match (types.next(), types.next()) {
        (Some(one), None) => one,
        (None, _) if lenient => return Ok(()),
        (None | Some(_), _) => return Err(wrong),
    };
    let value = one.to_str().map_err(|_| wrong)?.to_ascii_lowercase();
    let mut parts = value.split(';').map(str::trim);
    let [json, ..] = SAID_OF_JSON;
    let known = |sort: &str| sort == json || (lenient && SAID_OF_JSON.contains(&sort));
    if !parts.next().is_some_and(known) {
        return Err(wrong);
    }
    let utf8 = |part: &str| matches!(part, "" | "charset=utf-8" | "charset=\"utf-8\"");
    if parts.all(utf8) { Ok(()) } else { Err(wrong) }
}

/// The boundary of a form, where the header says it in one way only.
pub(super) fn boundary(headers: &HeaderMap) -> Result<String, Refused> {
    let wrong = refused(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "send the body as `content-type: multipart/form-data; boundary=…` with a boundary of letters, digits and `-`",
    );
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(one), None) = (types.next(), types.next()) else { return Err(wrong) };
    let boundary = one.to_str().ok().and_then(multipart::boundary);
    boundary.map(str::to_owned).ok_or(wrong)
}

fn check_method(method: &Method) -> Result<(), Refused> {
    if [Method::GET, Method::POST].contains(method) {
        return Ok(());
    }
    Err(use_other("use POST or GET", "POST, GET"))
}

/// The method is not one that is let in here.
pub(super) const fn use_other(message: &'static str, methods: &'static str) -> Refused {
    let refused = refused(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message);
    Refused { allow: Some(methods), ..refused }
}

/// What stands before the ids of Bedrock's models, in which clients escape the colon: the one escape of a path.
const BEFORE_MODEL: &str = "/model/";

/// A model's name as it is, out of a path.
pub(super) fn plain_model(path: &str) -> String {
    path.replace("%3A", ":").replace("%3a", ":")
}

fn check_path(path: &str) -> Result<(), Refused> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._~/-:@".contains(&b);
    let model = path.contains(BEFORE_MODEL).then(|| plain_model(path));
    let path = model.as_deref().unwrap_or(path);
    let odd = !path.starts_with('/')
        || path.contains("//")
        || (path.len() > 1 && path.ends_with('/'))
        || path.split('/').any(|segment| segment == "." || segment == "..")
        || !path.bytes().all(plain);
    if odd {
        let message = "there is no such path: one has no `//`, no `.` or `..`, no escapes and no \
            `/` at its end";
        return Err(refused(StatusCode::NOT_FOUND, "unknown_path", message));
    }
    Ok(())
}

/// Each parameter is known, stands once, and says something that needs no decoding.
fn check_query(query: Option<&str>) -> Result<(), Refused> {
    let mut seen: Vec<&str> = Vec::new();
    for pair in query.into_iter().flat_map(|query| query.split('&')) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let bad = |code, message| Err(refused(StatusCode::BAD_REQUEST, code, message));
        if !QUERY.contains(&name) {
            let message = "this query parameter is not passed on; leave it out";
            return bad("unknown_query_parameter", message);
        }
        let name = name.strip_prefix("%24").or_else(|| name.strip_prefix('$')).unwrap_or(name);
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._~-".contains(&b);
        if seen.contains(&name) || !value.bytes().all(plain) {
            let message =
                "send each query parameter once, in letters, digits and `.`, `_`, `~`, `-`";
            return bad("invalid_query_parameter", message);
        }
        seen.push(name);
    }
    Ok(())
}

fn check_host(parts: &Parts) -> Result<(), Refused> {
    let wrong = refused(StatusCode::BAD_REQUEST, "invalid_host", "send exactly one valid Host");
    let mut hosts = parts.headers.get_all(HOST).iter();
    let first = hosts.next();
    if hosts.next().is_some() {
        return Err(wrong);
    }
    let authority = parts.uri.authority();
    if !matches!(parts.uri.scheme_str(), None | Some("http" | "https")) {
        let message = "send the path alone, or an address that begins with `http`";
        return Err(refused(StatusCode::BAD_REQUEST, "invalid_target", message));
    }
    if authority.is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(wrong);
    }
    match (first.map(|host| host.to_str()), authority) {
        (Some(Ok(host)), None) if is_host(host) => Ok(()),
        (Some(Ok(host)), Some(authority))
            if is_host(host) && host.eq_ignore_ascii_case(authority.as_str()) =>
        {
            Ok(())
        }
        (None, Some(authority))
            if parts.version == Version::HTTP_2 && is_host(authority.as_str()) =>
        {
            Ok(())
        }
        _ => Err(wrong),
    }
}

/// Whether this is a name or an address, with or without a port.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if address.parse::<Ipv6Addr>().is_ok() => ("x", port),
            Some(_) | None => return false,
        },
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let digits = port.strip_prefix(':');
    let is_port = port.is_empty()
        || digits.is_some_and(|port| {
            port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok()
        });
    // A full stop behind a name is part of it.
    is_port && name.strip_suffix('.').unwrap_or(name).split('.').all(is_label)
}

fn check_framing(headers: &HeaderMap) -> Result<(), Refused> {
    let bad = |code, message| Err(refused(StatusCode::BAD_REQUEST, code, message));
    if headers.contains_key(UPGRADE) {
        let message = "upgrades are not screened, so they are not served";
        return Err(refused(StatusCode::NOT_IMPLEMENTED, "upgrade_not_supported", message));
    }
    let expected = headers.get(EXPECT);
    if expected.is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
        let message = "only `100-continue` can be expected";
        return Err(refused(StatusCode::EXPECTATION_FAILED, "unknown_expectation", message));
    }
    let codings: Vec<_> = headers.get_all(TRANSFER_ENCODING).iter().collect();
    let chunked = codings.iter().all(|value| value.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if codings.len() > 1 || !chunked {
        return bad("invalid_transfer_encoding", CODING);
    }
    let lengths: Vec<_> = headers.get_all(CONTENT_LENGTH).iter().collect();
    let plain = |value: &[u8]| {
        value.iter().all(u8::is_ascii_digit) && (value == b"0" || !value.starts_with(b"0"))
    };
    let odd = lengths.len() > 1 || lengths.iter().any(|value| !plain(value.as_bytes()));
    if odd || (!lengths.is_empty() && !codings.is_empty()) {
        return bad("invalid_content_length", LENGTH);
    }
    Ok(())
}

/// One identity: of two credentials one server looks at this one, and another at that one.
fn check_credentials(parts: &Parts) -> Result<(), Refused> {
    let headers = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];
    let sent = headers.iter().map(|name| parts.headers.get_all(*name).iter().count());
    let query = parts.uri.query().unwrap_or_default().split('&');
    let in_query = query.filter(|pair| pair.split('=').next() == Some(KEY)).count();
    if sent.sum::<usize>() + in_query > 1 {
        let message = "send one credential, in one place";
        return Err(refused(StatusCode::BAD_REQUEST, "ambiguous_credentials", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn code(build: impl FnOnce(http::request::Builder) -> http::request::Builder) -> &'static str {
        let builder = build(Request::builder().method("POST").uri("/v1/chat/completions"));
        let (parts, ()) = builder.body(()).unwrap().into_parts();
        check(&parts).map_or_else(|refused| refused.code, |()| "ok")
    }

    #[test]
    fn a_plain_request_passes() {
        assert_eq!(
            code(|b| b.header("host", "localhost:8080").header("content-length", "2")),
            "ok"
        );
    }

    #[test]
    fn what_two_servers_read_differently_is_refused() {
        let host = |b: http::request::Builder| b.header("host", "a");
        assert_eq!(code(|b| b), "invalid_host");
        assert_eq!(code(|b| host(host(b))), "invalid_host");
        assert_eq!(code(|b| host(b).uri("http://other/v1/x")), "invalid_host");
        assert_eq!(code(|b| host(b).header("upgrade", "websocket")), "upgrade_not_supported");
        assert_eq!(
            code(|b| host(b).header("transfer-encoding", "gzip, chunked")),
            "invalid_transfer_encoding"
        );
        assert_eq!(code(|b| host(b).header("content-length", "01")), "invalid_content_length");
        assert_eq!(code(|b| host(b).header("expect", "x")), "unknown_expectation");
        assert_eq!(
            code(|b| host(b).header("authorization", "a").header("x-api-key", "b")),
            "ambiguous_credentials"
        );
        assert_eq!(code(|b| host(b).method("DELETE")), "method_not_allowed");
        for path in ["//v1/x", "/v1/x/", "/v1/%63", "/v1/../x", "/v1;a/x", "/v1/./x"] {
            assert_eq!(code(|b| host(b).uri(path)), "unknown_path", "{path}");
        }
        assert_eq!(code(|b| host(b).uri("/model/a.b-v1%3A0/converse")), "ok");
        for path in ["/v1/a%3Ab", "/model/%2e%2e/x", "/model/a%3a%2f", "/model/a%253A0"] {
            assert_eq!(code(|b| host(b).uri(path)), "unknown_path", "{path}");
        }
    }

    #[test]
    fn a_query_says_each_thing_once_and_plainly() {
        let host = |b: http::request::Builder| b.header("host", "a");
        assert_eq!(code(|b| host(b).uri("/v1/x?user=1")), "unknown_query_parameter");
        for query in ["alt=sse&alt=json", "alt=sse&$alt=json", "alt=%73se", "key=a+b"] {
            let uri = format!("/v1/x?{query}");
            assert_eq!(code(|b| host(b).uri(uri)), "invalid_query_parameter", "{query}");
        }
        assert_eq!(
            code(|b| host(b).uri("/v1/x?key=a").header("x-goog-api-key", "b")),
            "ambiguous_credentials"
        );
        assert_eq!(code(|b| b.uri("ftp://a/v1/x").header("host", "a")), "invalid_target");
    }

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
        for host in
            ["localhost", "a.b-c.example", "a.", "127.0.0.1:80", "[::1]", "[::1]:8080", "a_b"]
        {
            assert!(is_host(host), "{host}");
        }
        for host in [
            "", ".", "..", "a..b", "a:", "a:b", "a:+1", "a:65536", "a:80:80", "::1", "[::1", "[a]",
            "[]", "a/b", "a@b", "a,b", "a b", "a?b", "a%00", "\u{e9}",
        ] {
            assert!(!is_host(host), "{host}");
        }
    }

    #[test]
    fn a_body_is_json_only_when_its_header_says_so_once() {
        let headers = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_TYPE, http::HeaderValue::from_static(value));
            }
            (check_json(&headers, false).is_ok(), check_json(&headers, true).is_ok())
        };
        for sort in ["application/json", "APPLICATION/JSON; charset=UTF-8"] {
            assert_eq!(headers(&[sort]), (true, true), "{sort}");
        }
        for sort in ["text/plain", "application/x-www-form-urlencoded"] {
            assert_eq!(headers(&[sort]), (false, true), "{sort}");
        }
        assert_eq!(headers(&[]), (false, true));
        for types in [
            &["application/json", "application/json"][..],
            &["application/json; charset=utf-16"],
            &["text/plain; charset=utf-16"],
            &["multipart/form-data; boundary=x"],
            &["application/jsonp"],
        ] {
            assert_eq!(headers(types), (false, false), "{types:?}");
        }
    }
}
