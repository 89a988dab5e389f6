//! Holds every request to the table: who asks, whether they may, and whether a page of ours asks.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;

use super::principal::{is_valid, not_signed_in, stands};
use super::sessions::{CONFIRMED, cookie_name};
use super::table::{Place, place};
use super::{Needs, Permission, Principal, digest_of};
use crate::console::AdminState;
use crate::console::answer::{Answer, ApiError};
use crate::store::{SessionRow, Store, TokenRow};

/// The header in which a page of ours brings along what no other page knows.
const CSRF: &str = "x-csrf-token";
/// The code of what somebody may not do.
const FORBIDDEN: &str = "forbidden";
/// What tokens of programs begin with.
pub(super) const TOKEN: &str = "tgt_";
/// How often the use of a session or token is noted, in milliseconds.
const NOTED: i64 = 60_000;

/// Lets a request through, or answers in its place.
pub(in crate::console) async fn guard(
    State(state): State<Arc<AdminState>>,
    request: Request,
    next: Next,
) -> Answer {
    let held = hold(&state, request).await;
    let request = held.inspect_err(|why| state.telemetry.metrics.console_refused(why.code()))?;
    Ok(next.run(request).await)
}

/// The request with who asks, where they may.
async fn hold(state: &AdminState, mut request: Request) -> Answer<Request> {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let place = path.and_then(|path| place(request.method().as_str(), path));
    let Some(place) = place else {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        return Err(ApiError::new(status, "method_not_allowed", "this place has other methods"));
    };
    let is_change = !matches!(*request.method(), Method::GET | Method::HEAD);
    let headers = request.headers();
    // What a proxy in front asks for (`Basic …`) is not ours.
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.strip_prefix("Bearer "));
    if is_change && bearer.is_none() {
        same_origin(&request, state.access.tls)?;
    }
    if place.needs == Needs::Nothing {
        return Ok(request);
    }
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let principal = match bearer {
        Some(bearer) => of_token(&store, bearer).await?,
        None => of_session(state, &store, headers).await?,
    };
    if is_change && bearer.is_none() {
        check_csrf(&principal, headers)?;
    }
    if let Err(why) = admit(place, &principal, store.now()) {
        if why.code() == FORBIDDEN {
            state.access.refusals.note(&store, &principal, place).await?;
        }
        return Err(why);
    }
    request.extensions_mut().insert(principal);
    Ok(request)
}

/// Whether this principal may do what stands at this place.
fn admit(place: &Place, principal: &Principal, now: i64) -> Answer<()> {
    let forbidden = |message: String| ApiError::new(StatusCode::FORBIDDEN, FORBIDDEN, message);
    match place.needs {
        Needs::Nothing | Needs::SignedIn => {}
        Needs::Session if principal.session.is_some() => {}
        Needs::Session => {
            return Err(forbidden("a token may not do this; sign in at `/console/`".to_owned()));
        }
        Needs::Permission(permission) if principal.may(permission) => {}
        Needs::Permission(permission) => {
            let needed = permission.as_str();
            let message = format!("this asks for the permission `{needed}`, which you do not have");
            return Err(forbidden(message));
        }
    }
    let Some(session) = &principal.session else { return Ok(()) };
    if session.user.must_change && !place.early {
        let message = "change your password first";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "change_password", message));
    }
    let is_confirmed = session.confirmed.is_some_and(|at| now - at < CONFIRMED);
    if place.confirmed && !is_confirmed {
        let message = "give your password again (`POST /api/session/confirm`), then repeat this";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "confirm_password", message));
    }
    Ok(())
}

async fn of_token(store: &Store, bearer: &str) -> Answer<Principal> {
    let sent = Some(bearer).filter(|sent| sent.starts_with(TOKEN));
    let hash = digest_of(sent.ok_or_else(not_signed_in)?);
    let now = store.now();
    let token = store.read(move |c| TokenRow::find(c, &hash)).await?;
    let token = token.filter(|token| is_valid(token, now)).ok_or_else(not_signed_in)?;
    if token.used.is_none_or(|used| now - used >= NOTED) {
        let id = token.id.clone();
        store.write(move |c| TokenRow::touch(c, &id, now)).await?;
    }
    Principal::of_token(token).ok_or_else(not_signed_in)
}

async fn of_session(state: &AdminState, store: &Store, headers: &HeaderMap) -> Answer<Principal> {
    // Only the name that this host gives: what a neighbouring host planted is none.
    let hash = digest_of(&cookie(headers, cookie_name(headers)).ok_or_else(not_signed_in)?);
    let (now, idle) = (store.now(), state.access.idle);
    let session = store.read(move |c| SessionRow::find(c, &hash)).await?;
    let session = session.filter(|session| stands(session, (now, idle)));
    let session = session.ok_or_else(not_signed_in)?;
    // A short time without a request is known well enough too.
    if now - session.seen >= NOTED.min(idle / 4) {
        let hash = session.hash.clone();
        store.write(move |c| SessionRow::touch(c, &hash, (now, false))).await?;
    }
    Principal::of_session(session).ok_or_else(not_signed_in)
}

/// Whether somebody who was let in still may do something.
pub(in crate::console) async fn still_stands(
    state: &AdminState,
    principal: &Principal,
    permission: Permission,
) -> Answer<bool> {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let (who, times) = (principal.clone(), (store.now(), state.access.idle));
    let now = store.read(move |c| who.again(c, times)).await?;
    Ok(now.is_some_and(|now| now.may(permission)))
}

/// What the browser has of a session. Two of a name are none: somebody else may have set one.
pub(in crate::console) fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs =
        lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    let value = values.next().filter(|value| !value.is_empty())?;
    values.next().is_none().then(|| value.to_owned())
}

/// A change comes from a page of this very listener: browsers say so in a header that pages cannot write.
fn same_origin(request: &Request, tls: bool) -> Answer<()> {
    let headers = request.headers();
    let host = request.uri().authority().map(Authority::as_str);
    let host = host.or_else(|| headers.get(HOST)?.to_str().ok());
    let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
    let from = origin.and_then(|origin| origin.split_once("://"));
    let same = from.zip(host).is_some_and(|((scheme, from), host)| {
        // Behind something that ends TLS it is not known what the browser speaks.
        from.eq_ignore_ascii_case(host) && (!tls || scheme == "https")
    });
    if same && headers.get_all(ORIGIN).iter().count() == 1 {
        return Ok(());
    }
    Err(forged("a change by a browser comes from a page of this listener (`Origin`)"))
}

fn check_csrf(principal: &Principal, headers: &HeaderMap) -> Answer<()> {
    let sent = headers.get(CSRF).and_then(|sent| sent.to_str().ok()).unwrap_or_default();
    let expected = principal.session.as_ref().map(|session| session.csrf.as_str());
    // Digests are compared, so that the time it takes tells nothing of it.
    if expected.is_some_and(|expected| digest_of(expected) == digest_of(sent)) {
        return Ok(());
    }
    Err(forged(
        "a change by a browser brings `X-CSRF-Token` along, with what `GET /api/session` says",
    ))
}

fn forged(message: &str) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "csrf", message)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_session_is_known_by_one_cookie_and_not_by_two() {
        let of = |line: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_static(line));
            cookie(&headers, "tidegate")
        };
        assert_eq!(of("a=b; tidegate=x"), Some("x".to_owned()));
        for none in ["tidegate=x; tidegate=y", "atidegate=x", "__Host-tidegate=x", "tidegate="] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn a_change_comes_from_a_page_of_this_listener() {
        let asked = |origin: Option<&'static str>, tls: bool| {
            let mut request = Request::new(axum::body::Body::empty());
            request.headers_mut().insert(HOST, HeaderValue::from_static("localhost:9901"));
            if let Some(origin) = origin {
                request.headers_mut().insert(ORIGIN, HeaderValue::from_static(origin));
            }
            same_origin(&request, tls).is_ok()
        };
        assert!(asked(Some("http://localhost:9901"), false));
        assert!(asked(Some("https://localhost:9901"), true));
        assert!(!asked(Some("http://localhost:9901"), true));
        for origin in [None, Some("null"), Some("http://localhost"), Some("http://localhost:8080")]
        {
            assert!(!asked(origin, false), "{origin:?}");
        }
    }
}
