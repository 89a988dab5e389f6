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

use super::attempts::Who;
use super::passwords::{hashed, is_right};
use super::principal::{changed_meanwhile, not_signed_in};
use super::{Principal, digest_of, new_secret};
use crate::console::AdminState;
use crate::console::answer::{Answer, ApiError, Sent, answered, done, found};
use crate::domain::Secret;
use crate::people::review::MOST_NAME;
use crate::people::shapes::time;
use crate::proxy::Peer;
use crate::store::{Connection, SessionRow, Store, StoreError, UserChange, UserRow};

/// The cookie, where the browser can be sure that it comes over TLS.
const SAFE_COOKIE: &str = "__Host-tidegate";
/// The one for connections on this machine, which not every browser takes for safe.
const LOCAL_COOKIE: &str = "tidegate";
/// How long a password that was given counts for what asks for it again, in milliseconds.
pub(in crate::console) const CONFIRMED: i64 = 15 * 60 * 1000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct SignIn {
    name: String,
    password: Secret,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct Confirm {
    password: Secret,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct NewPassword {
    old: Secret,
    new: Secret,
}

/// `POST /api/session`.
pub(in crate::console) async fn sign_in(
    State(state): State<Arc<AdminState>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Sent(SignIn { name, password }): Sent<SignIn>,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    if name.chars().count() > MOST_NAME {
        return Err(wrong_password(&state));
    }
    let wanted = name.clone();
    let user = store.read(move |c| UserRow::named(c, &wanted)).await?;
    let who = Who::AtTheDoor(&name, peer.map(|Extension(Peer(address))| address));
    attempt(&state, who)?;
    let hash = user.as_ref().and_then(|user| user.password.clone());
    let right = is_right(&state.access.hashing, password, hash).await;
    let right = right.inspect_err(|_| state.access.attempts.forgive(who))?;
    // Whether it is the name or the password that is wrong, and whether the user may not sign in, is not told.
    let user = user.filter(|user| right && !user.disabled);
    let user = user.ok_or_else(|| wrong_password(&state))?;
    state.access.attempts.was_right(who);
    let confirmed = Some(store.now());
    begin(&state, &store, (user, confirmed), &headers).await
}

fn wrong_password(state: &AdminState) -> ApiError {
    state.telemetry.metrics.console_refused("wrong_password");
    let message = "the name or the password is wrong";
    ApiError::new(StatusCode::UNAUTHORIZED, "wrong_password", message)
}

fn attempt(state: &AdminState, who: Who<'_>) -> Answer<()> {
    state.access.attempts.take(who, Instant::now()).map_err(|wait| {
        state.telemetry.metrics.console_refused("too_many");
        ApiError::too_many("too many wrong passwords; wait a while", wait.as_secs() + 1)
    })
}

/// Begins a session of this user, who has just shown who they are, and when, if that was with a password. A user who
/// was changed since is not the one who did.
pub(in crate::console) async fn begin(
    state: &AdminState,
    store: &Store,
    (user, confirmed): (UserRow, Option<i64>),
    headers: &HeaderMap,
) -> Answer {
    let (secret, csrf) = (new_secret()?, new_secret()?);
    let now = store.now();
    let ends = now.saturating_add(state.access.absolute);
    let hash = digest_of(&secret);
    let session = SessionRow { hash, user, csrf, at: now, seen: now, ends, confirmed };
    let principal = Principal::of_session(session.clone()).ok_or_else(not_signed_in)?;
    let begun = principal
        .act(store, move |c, by| {
            c.serialise()?;
            let was = &session.user;
            let same = |is: &UserRow| {
                !is.disabled && (&is.password, &is.role) == (&was.password, &was.role)
            };
            if !UserRow::find(c, &was.id)?.is_some_and(|is| same(&is)) {
                return Ok(false);
            }
            session.insert(c)?;
            by.note(c, ("sign_in", &session.user.id), json!({}))?;
            Ok(true)
        })
        .await?;
    if !begun {
        return Err(wrong_password(state));
    }
    let mut response = answered(StatusCode::CREATED, &shown(state, &principal));
    let age = state.access.absolute / 1000;
    put_cookie(&mut response, headers, &secret, age);
    Ok(response)
}

/// The host that was asked.
pub(in crate::console) fn host_of(headers: &HeaderMap) -> &str {
    headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
}

/// Whether a value of `Host` names this machine, where a browser comes without TLS.
pub(in crate::console) fn is_local(host: &str) -> bool {
    let local = ["127.0.0.1", "localhost", "[::1]"];
    local.iter().any(|name| host == *name || host.starts_with(&format!("{name}:")))
}

/// What the cookie is called for the host that was asked.
pub(super) fn cookie_name(headers: &HeaderMap) -> &'static str {
    if is_local(host_of(headers)) { LOCAL_COOKIE } else { SAFE_COOKIE }
}

/// Gives the browser its cookie; with an age of 0, takes it.
fn put_cookie(response: &mut Response, headers: &HeaderMap, secret: &str, age: i64) {
    let name = cookie_name(headers);
    let secure = if name == LOCAL_COOKIE { "" } else { "; Secure" };
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
    mut principal: Principal,
    Sent(Confirm { password }): Sent<Confirm>,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    check(&state, &principal, password).await?;
    let now = store.now();
    let (who, hash) = (principal.clone(), own_hash(&principal)?);
    let stands = store
        .write(move |c| {
            let stands = has_still(c, &who)?;
            if stands {
                SessionRow::touch(c, &hash, (now, true))?;
            }
            Ok(stands)
        })
        .await?;
    if !stands {
        return Err(changed_meanwhile());
    }
    if let Some(session) = &mut principal.session {
        session.confirmed = Some(now);
    }
    Ok(found(&shown(&state, &principal)))
}

fn own_hash(principal: &Principal) -> Answer<String> {
    let session = principal.session.as_ref().ok_or_else(not_signed_in)?;
    Ok(session.hash.clone())
}

/// Whether the session stands and the password is still the one that was looked at.
fn has_still(connection: &mut dyn Connection, principal: &Principal) -> Result<bool, StoreError> {
    connection.serialise()?;
    let Some(session) = &principal.session else { return Ok(false) };
    let now = SessionRow::find(connection, &session.hash)?;
    let same = |now: &SessionRow| !now.user.disabled && now.user.password == session.user.password;
    Ok(now.is_some_and(|now| same(&now)))
}

/// Whether it is this person's password; wrong ones are counted apart from those at the door.
async fn check(state: &AdminState, principal: &Principal, password: Secret) -> Answer<()> {
    let who = Who::SignedIn(&principal.user.id);
    attempt(state, who)?;
    let hash = principal.user.password.clone();
    let right = is_right(&state.access.hashing, password, hash).await;
    if !right.inspect_err(|_| state.access.attempts.forgive(who))? {
        state.telemetry.metrics.console_refused("wrong_password");
        let message = "the password is wrong";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "wrong_password", message));
    }
    state.access.attempts.was_right(who);
    Ok(())
}

/// `DELETE /api/session`.
pub(in crate::console) async fn sign_out(
    State(state): State<Arc<AdminState>>,
    headers: HeaderMap,
    principal: Principal,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let (hash, id) = (own_hash(&principal)?, principal.user.id.clone());
    principal
        .act(&store, move |c, by| {
            SessionRow::end(c, &hash)?;
            by.note(c, ("sign_out", &id), json!({}))
        })
        .await?;
    let mut response = done();
    put_cookie(&mut response, &headers, "", 0);
    Ok(response)
}

/// `PUT /api/password`: changes one's own; all other sessions end.
pub(in crate::console) async fn password(
    State(state): State<Arc<AdminState>>,
    principal: Principal,
    Sent(NewPassword { old, new }): Sent<NewPassword>,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    if old == new {
        let message = "the new password is the old one";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(ApiError::new(status, "weak_password", message));
    }
    check(&state, &principal, old).await?;
    let name = principal.user.name.clone();
    let hash = hashed(&state.access.hashing, (new, name)).await?;
    let change = UserChange { password: Some((hash, false)), ..UserChange::default() };
    let (own, who) = (own_hash(&principal)?, principal.clone());
    let stands = principal
        .act(&store, move |c, by| {
            if !has_still(c, &who)? {
                return Ok(false);
            }
            UserRow::change(c, &who.user.id, &change, Some(&own))?;
            by.note(c, ("password", &who.user.id), json!({}))?;
            Ok(true)
        })
        .await?;
    if stands { Ok(done()) } else { Err(changed_meanwhile()) }
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
