//! Stays at the console: signing in and out, and giving the password again.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::header::{HOST, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::passwords::{hashed, is_right};
use super::principal::not_signed_in;
use super::{Principal, digest_of, new_secret};
use crate::console::AdminState;
use crate::console::answer::{Answer, ApiError, Sent, answered, done, found};
use crate::people::shapes::time;
use crate::proxy::Peer;
use crate::store::{SessionRow, Store, UserChange, UserRow};

/// The cookie, where the browser can be sure that it comes over TLS or from this machine, and the one for plain
/// connections on this machine, which not every browser takes for safe.
pub(super) const COOKIES: [&str; 2] = ["__Host-tidegate", "tidegate"];
/// How long a password that was given counts for what asks for it again, in milliseconds.
pub(super) const CONFIRMED: i64 = 15 * 60 * 1000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct SignIn {
    name: String,
    password: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct Confirm {
    password: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct NewPassword {
    old: String,
    new: String,
}

/// `POST /api/session`.
pub(in crate::console) async fn sign_in(
    State(state): State<Arc<AdminState>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Sent(SignIn { name, password }): Sent<SignIn>,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let address = address(peer);
    attempt(&state, &name, &address)?;
    let wanted = name.clone();
    let user = store.read(move |c| UserRow::named(c, &wanted)).await?;
    let hash = user.as_ref().and_then(|user| user.password.clone());
    let right = is_right(&state.access.hashing, password, hash).await?;
    // Whether it is the name or the password that is wrong, and whether the user may not sign in, is not told.
    let Some(user) = user.filter(|user| right && !user.disabled) else {
        state.telemetry.metrics.console_refused("wrong_password");
        let message = "the name or the password is wrong";
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "wrong_password", message));
    };
    state.access.attempts.forgive(&name, &address);
    begin(&state, &store, user, &headers).await
}

fn address(peer: Option<Extension<Peer>>) -> String {
    peer.map_or_else(String::new, |Extension(Peer(address))| address.to_string())
}

fn attempt(state: &AdminState, name: &str, address: &str) -> Answer<()> {
    state.access.attempts.take(name, address, Instant::now()).map_err(|wait| {
        state.telemetry.metrics.console_refused("too_many");
        ApiError::too_many("too many wrong passwords; wait a while", wait.as_secs() + 1)
    })
}

/// Begins a session of this user, who has just shown who they are.
pub(in crate::console) async fn begin(
    state: &AdminState,
    store: &Store,
    user: UserRow,
    headers: &HeaderMap,
) -> Answer {
    let (secret, csrf) = (new_secret()?, new_secret()?);
    let now = store.now();
    let ends = now.saturating_add(state.access.absolute);
    let hash = digest_of(&secret);
    let session = SessionRow { hash, user, csrf, at: now, seen: now, ends, confirmed: Some(now) };
    let kept = session.clone();
    let acting = Principal::of_session(session.clone()).ok_or_else(not_signed_in)?;
    let signing = store.clone();
    store
        .write(move |c| {
            kept.insert(c)?;
            acting.acting(&signing).note(c, ("sign_in", &acting.user.id), json!({}))
        })
        .await?;
    let principal = Principal::of_session(session).ok_or_else(not_signed_in)?;
    let mut response = answered(StatusCode::CREATED, &shown(state, &principal));
    let age = state.access.absolute / 1000;
    put_cookie(&mut response, headers, &secret, age);
    Ok(response)
}

/// Whether a value of `Host` names this machine, where a browser comes without TLS.
pub(in crate::console) fn is_local(host: &str) -> bool {
    let local = ["127.0.0.1", "localhost", "[::1]"];
    local.iter().any(|name| host == *name || host.starts_with(&format!("{name}:")))
}

/// Gives the browser its cookie; with an age of 0, takes it.
fn put_cookie(response: &mut Response, headers: &HeaderMap, secret: &str, age: i64) {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let (name, secure) = if is_local(host) { (COOKIES[1], "") } else { (COOKIES[0], "; Secure") };
    let cookie =
        format!("{name}={secret}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// What a page needs to know of whoever is signed in.
fn shown(state: &AdminState, principal: &Principal) -> Value {
    let user = &principal.user;
    let session = principal.session.as_ref();
    let confirmed = session.and_then(|session| session.confirmed);
    json!({
        "user": { "id": user.id, "name": user.name, "role": principal.role.as_str() },
        "permissions": principal.permissions().iter().map(|one| one.as_str()).collect::<Vec<_>>(),
        "csrf": session.map(|session| &session.csrf),
        "idle_s": state.access.idle / 1000,
        "ends_at": session.map(|session| time(session.ends)),
        "confirmed_until": confirmed.map(|at| time(at + CONFIRMED)),
        "must_change": user.must_change,
        "has_password": user.password.is_some(),
    })
}

/// `GET /api/session`.
pub(in crate::console) async fn session(
    State(state): State<Arc<AdminState>>,
    principal: Principal,
) -> Response {
    found(&shown(&state, &principal))
}

/// `POST /api/session/confirm`.
pub(in crate::console) async fn confirm(
    State(state): State<Arc<AdminState>>,
    peer: Option<Extension<Peer>>,
    mut principal: Principal,
    Sent(Confirm { password }): Sent<Confirm>,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    check(&state, &principal, peer, password).await?;
    let now = store.now();
    let session = principal.session.as_mut().ok_or_else(not_signed_in)?;
    session.confirmed = Some(now);
    let hash = session.hash.clone();
    store.write(move |c| SessionRow::touch(c, &hash, (now, true))).await?;
    Ok(found(&shown(&state, &principal)))
}

/// Whether it is this person's password; wrong ones are counted like those at the door.
async fn check(
    state: &AdminState,
    principal: &Principal,
    peer: Option<Extension<Peer>>,
    password: String,
) -> Answer<()> {
    let address = address(peer);
    attempt(state, &principal.user.name, &address)?;
    let hash = principal.user.password.clone();
    if !is_right(&state.access.hashing, password, hash).await? {
        state.telemetry.metrics.console_refused("wrong_password");
        let message = "the password is wrong";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "wrong_password", message));
    }
    state.access.attempts.forgive(&principal.user.name, &address);
    Ok(())
}

/// `DELETE /api/session`.
pub(in crate::console) async fn sign_out(
    State(state): State<Arc<AdminState>>,
    headers: HeaderMap,
    principal: Principal,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let hash = principal.session.as_ref().map(|session| session.hash.clone());
    let hash = hash.ok_or_else(not_signed_in)?;
    let signing = store.clone();
    store
        .write(move |c| {
            SessionRow::end(c, &hash)?;
            principal.acting(&signing).note(c, ("sign_out", &principal.user.id), json!({}))
        })
        .await?;
    let mut response = done();
    put_cookie(&mut response, &headers, "", 0);
    Ok(response)
}

/// `PUT /api/password`: changes one's own; all other sessions end.
pub(in crate::console) async fn password(
    State(state): State<Arc<AdminState>>,
    peer: Option<Extension<Peer>>,
    principal: Principal,
    Sent(NewPassword { old, new }): Sent<NewPassword>,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    if old == new {
        let message = "the new password is the old one";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(ApiError::new(status, "weak_password", message));
    }
    check(&state, &principal, peer, old).await?;
    let name = principal.user.name.clone();
    let hash = hashed(&state.access.hashing, (new, name)).await?;
    let change = UserChange { password: Some((hash, false)), ..UserChange::default() };
    let signing = store.clone();
    store
        .write(move |c| {
            let spared = principal.session.as_ref().map(|session| session.hash.as_str());
            UserRow::change(c, &principal.user.id, &change, spared)?;
            principal.acting(&signing).note(c, ("password", &principal.user.id), json!({}))
        })
        .await?;
    Ok(done())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_this_machine_the_cookie_travels_over_tls_alone() {
        let cookie = |host: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static(host));
            let mut response = done();
            put_cookie(&mut response, &headers, "s", 60);
            response.headers()[SET_COOKIE].to_str().unwrap().to_owned()
        };
        let far = "__Host-tidegate=s; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure";
        assert_eq!(cookie("gate.example"), far);
        assert_eq!(cookie("localhost.evil.example:80"), far);
        let near = "tidegate=s; Path=/; Max-Age=60; HttpOnly; SameSite=Strict";
        assert_eq!(cookie("127.0.0.1:9901"), near);
    }
}
