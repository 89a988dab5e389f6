//! The strict gate in front of routing: a request that two servers could read differently is refused.

use crate::wire::multipart;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Version};

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
    check_method(&parts.method)?;
    check_path(parts.uri.path())?;
    check_query(parts.uri.query())?;
    check_host(parts)?;
    check_framing(&parts.headers)
}

/// Whether the body may be read as JSON: the route decides what a body is, and the header must agree.
pub(super) fn check_json(headers: &HeaderMap) -> Result<(), Refused> {
    let wrong = refused(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "send the body as `content-type: application/json` in UTF-8",
    );
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(one), None) = (types.next(), types.next()) else { return Err(wrong) };
    let value = one.to_str().map_err(|_| wrong)?.to_ascii_lowercase();
    let mut parts = value.split(';').map(str::trim);
    if parts.next() != Some("application/json") {
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

fn check_path(path: &str) -> Result<(), Refused> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._~/-:@".contains(&b);
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

fn check_query(query: Option<&str>) -> Result<(), Refused> {
    let known = |pair: &str| QUERY.contains(&pair.split('=').next().unwrap_or_default());
    if query.is_none_or(|query| query.split('&').all(known)) {
        return Ok(());
    }
    let message = "this query parameter is not passed on; leave it out";
    Err(refused(StatusCode::BAD_REQUEST, "unknown_query_parameter", message))
}

fn check_host(parts: &Parts) -> Result<(), Refused> {
    let wrong = refused(StatusCode::BAD_REQUEST, "invalid_host", "send exactly one valid Host");
    let mut hosts = parts.headers.get_all(HOST).iter();
    let first = hosts.next();
    if hosts.next().is_some() {
        return Err(wrong);
    }
    let authority = parts.uri.authority();
    if authority.is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(wrong);
    }
    match (first.map(|host| host.to_str()), authority) {
        (Some(Ok(host)), None) if is_host(host) => Ok(()),
        (Some(Ok(host)), Some(authority)) if host.eq_ignore_ascii_case(authority.as_str()) => {
            Ok(())
        }
        (None, Some(_)) if parts.version == Version::HTTP_2 => Ok(()),
        _ => Err(wrong),
    }
}

fn is_host(host: &str) -> bool {
    !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b))
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
        return bad("invalid_transfer_encoding", "send one `transfer-encoding: chunked`, or none");
    }
    let lengths: Vec<_> = headers.get_all(CONTENT_LENGTH).iter().collect();
    let plain = |value: &[u8]| {
        value.iter().all(u8::is_ascii_digit) && (value == b"0" || !value.starts_with(b"0"))
    };
    let odd = lengths.len() > 1 || lengths.iter().any(|value| !plain(value.as_bytes()));
    if odd || (!lengths.is_empty() && !codings.is_empty()) {
        return bad("invalid_content_length", "send one plain `content-length`");
    }
    let credentials = ["authorization", "x-api-key", "api-key", "x-goog-api-key"];
    let sent = credentials.iter().map(|name| headers.get_all(*name).iter().count());
    if sent.sum::<usize>() > 1 {
        return bad("ambiguous_credentials", "send one credential, in one header");
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
        assert_eq!(code(|b| host(b).uri("/v1/x?user=1")), "unknown_query_parameter");
    }

    #[test]
    fn a_body_is_json_only_when_its_header_says_so_once() {
        let headers = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_TYPE, http::HeaderValue::from_static(value));
            }
            check_json(&headers).is_ok()
        };
        assert!(headers(&["application/json"]) && headers(&["APPLICATION/JSON; charset=UTF-8"]));
        assert!(!headers(&[]) && !headers(&["text/plain"]));
        assert!(!headers(&["application/json", "application/json"]));
        assert!(!headers(&["application/json; charset=utf-16"]));
    }
}
