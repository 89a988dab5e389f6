//! Sending people to the other system, and taking them in when they come back.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::warn;

use super::Provider;
use super::id_token::Claims;
use super::ticket::Ticket;
use crate::console::access::{CONFIRMED, act, begin, cookie, digest_of, host_of, is_local, new_id};
use crate::console::answer::{Answer, ApiError, Asked};
use crate::console::{AdminState, Role};
use crate::people::acts::Reviewer;
use crate::people::review::user_name;
use crate::store::{Connection, SessionRow, Store, StoreError, TokenRow, UserChange, UserRow};

/// The cookie of somebody who is away. It comes back with them from another site, so it is not as strict as that of a
/// session.
const SAFE_COOKIE: &str = "__Host-tidegate-oidc";
/// The one for connections on this machine.
const LOCAL_COOKIE: &str = "tidegate-oidc";
/// How long one may be away, in seconds.
const AWAY: u32 = 600;
/// The most characters of a name that the other system gives.
const MOST_NAME: usize = 64;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct Leave {
    /// Whether the password is asked for also where somebody is signed in there.
    #[serde(default)]
    again: bool,
}

/// What people bring back; more than this is theirs who send it.
#[derive(Debug, Deserialize)]
pub(in crate::console) struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
}

/// `GET /api/oidc/login`.
pub(in crate::console) async fn login(
    State(state): State<Arc<AdminState>>,
    headers: HeaderMap,
    Asked(Leave { again }): Asked<Leave>,
) -> Answer {
    let provider = provider(&state)?;
    let ticket = Ticket::new()?;
    let door = provider.door(&ticket, again).await.map_err(|why| {
        warn!(%why, "nobody can be sent to the identity provider");
        let message = "the identity provider cannot be reached now; the gate's log says why";
        ApiError::new(StatusCode::BAD_GATEWAY, "provider_away", message)
    })?;
    let mut response = redirect(&door);
    put_cookie(&mut response, &headers, &ticket.0, AWAY);
    Ok(response)
}

/// `GET /api/oidc/callback`. Whatever goes wrong is told by the page of the console, in a word.
pub(in crate::console) async fn callback(
    State(state): State<Arc<AdminState>>,
    headers: HeaderMap,
    Asked(back): Asked<Back>,
) -> Answer {
    let mut response = match take_in(&state, &headers, &back).await {
        Ok(response) => response,
        Err(why) => {
            state.telemetry.metrics.console_refused(why);
            redirect(&format!("/console/#/sign-in?error={why}"))
        }
    };
    put_cookie(&mut response, &headers, "", 0);
    Ok(response)
}

fn provider(state: &AdminState) -> Answer<&Provider> {
    let none = || {
        let message = "no other system signs people in here (`admin.auth.oidc` in the server file)";
        ApiError::new(StatusCode::NOT_FOUND, "no_oidc", message)
    };
    state.access.oidc.as_ref().ok_or_else(none)
}

async fn take_in(
    state: &AdminState,
    headers: &HeaderMap,
    back: &Back,
) -> Result<Response, &'static str> {
    let provider = provider(state).map_err(|_| "no_oidc")?;
    let store = state.store().ok_or("no_store")?;
    // The browser that comes back is the one that left.
    let ticket = cookie(headers, cookie_name(headers)).map(Ticket).ok_or("expired")?;
    if ticket.state() != back.state {
        return Err("expired");
    }
    if back.code.is_empty() {
        return Err("declined");
    }
    let claims = provider.who(&back.code, &ticket).await.map_err(|why| {
        warn!(%why, "somebody could not be signed in by the identity provider");
        "provider"
    })?;
    let subject = format!("{} {}", provider.settings.issuer, claims.sub);
    let Some(role) = role(provider, &claims) else {
        shut_out(&store, subject).await.map_err(|_| "store")?;
        return Err("no_role");
    };
    let user = known(&store, (subject, name(&claims)), role).await.map_err(|_| "store")?;
    let user = user.ok_or("refused")?;
    // What asks for the password again takes what they gave there a short while ago.
    let now = store.now();
    let given = claims.auth_time.map(|at| at.saturating_mul(1000).min(now));
    let given = given.filter(|at| now - at < CONFIRMED);
    let begun = begin(state, &store, (user, given), headers).await.map_err(|_| "store")?;
    let mut response = redirect("/console/");
    for cookie in begun.headers().get_all(SET_COOKIE) {
        response.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    Ok(response)
}

/// Somebody who is in no group any more has no session and no program any more either.
async fn shut_out(store: &Store, subject: String) -> Answer<()> {
    act(store, "", move |c, by| {
        let Some(user) = UserRow::known_as(c, &subject)? else { return Ok(()) };
        SessionRow::end_all(c, &user.id, None)?;
        TokenRow::revoke_all(c, &user.id, by.now)?;
        note(c, by, &user, ("end_sessions", json!({ "why": "no_role" })))
    })
    .await
}

/// The highest role that one of the groups gives.
fn role(provider: &Provider, claims: &Claims) -> Option<Role> {
    let said = claims.more.get(&provider.settings.claim)?;
    let groups: Vec<&str> = match said {
        Value::Array(groups) => groups.iter().filter_map(Value::as_str).collect(),
        Value::String(group) => vec![group],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    };
    let given = provider.settings.roles.iter();
    given.filter(|(group, _)| groups.contains(&group.as_str())).map(|(_, role)| *role).max()
}

/// What somebody is called, as the other system says; what cannot be a name here gives way to their subject there.
fn name(claims: &Claims) -> String {
    let is_theirs = claims.more.get("email_verified") == Some(&Value::Bool(true));
    let said = ["preferred_username", "email", "name"].into_iter();
    let said = said.filter(|claim| *claim != "email" || is_theirs);
    let mut said = said.filter_map(|claim| claims.more.get(claim)?.as_str());
    let short = |name: &str| name.chars().take(MOST_NAME).collect::<String>();
    let name = said.find_map(|name| user_name("name", &short(name)).ok());
    name.unwrap_or_else(|| format!("user-{}", start(&claims.sub)))
}

/// The beginning of the digest of a subject.
fn start(subject: &str) -> String {
    digest_of(subject).chars().take(8).collect()
}

/// The user of this subject, made where there is none, with the role that the other system gives now; none where the
/// user may not sign in.
async fn known(
    store: &Store,
    (subject, name): (String, String),
    role: Role,
) -> Answer<Option<UserRow>> {
    let role = role.as_str().to_owned();
    act(store, "", move |c, by| {
        c.serialise()?;
        if let Some(mut user) = UserRow::known_as(c, &subject)? {
            if user.role != role && !user.disabled {
                let change = UserChange { role: Some(role.clone()), ..UserChange::default() };
                UserRow::change(c, &user.id, &change, None)?;
                let was = std::mem::replace(&mut user.role, role);
                let detail = json!({ "role": user.role, "was": was });
                note(c, by, &user, ("change_user", detail))?;
            }
            return Ok((!user.disabled).then_some(user));
        }
        let (id, at, subject) = (new_id(), by.now, Some(subject));
        let mut user = UserRow { id, name, role, subject, at, ..UserRow::default() };
        // A name is taken by whoever had it first.
        if !user.insert(c)? {
            let more = user.subject.as_deref().map(start).unwrap_or_default();
            user.name = format!("{} {more}", user.name);
            if !user.insert(c)? {
                return Ok(None);
            }
        }
        let detail = json!({ "name": user.name, "role": user.role });
        note(c, by, &user, ("add_user", detail))?;
        Ok(Some(user))
    })
    .await
}

/// Writes an act in the name of the user who is found or made in the same transaction.
fn note(
    connection: &mut dyn Connection,
    by: &Reviewer<'_>,
    user: &UserRow,
    (act, detail): (&str, Value),
) -> Result<(), StoreError> {
    let by = Reviewer { name: user.name.clone(), ..by.clone() };
    by.note(connection, (act, &user.id), detail)
}

fn cookie_name(headers: &HeaderMap) -> &'static str {
    if is_local(host_of(headers)) { LOCAL_COOKIE } else { SAFE_COOKIE }
}

fn put_cookie(response: &mut Response, headers: &HeaderMap, value: &str, age: u32) {
    let name = cookie_name(headers);
    let secure = if name == LOCAL_COOKIE { "" } else { "; Secure" };
    let cookie = format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

fn redirect(place: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(place) = HeaderValue::from_str(place) {
        response.headers_mut().insert(LOCATION, place);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::OidcSettings;
    use crate::upstream::OwnAddresses;

    fn claims(more: &Value) -> Claims {
        let mut said = json!({ "sub": "s" });
        said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(said).unwrap()
    }

    fn provider() -> Provider {
        let settings = OidcSettings {
            issuer: "https://id".to_owned(),
            client_id: "us".to_owned(),
            client_secret: None,
            redirect: "https://gate/api/oidc/callback".to_owned(),
            scopes: Vec::new(),
            claim: "groups".to_owned(),
            roles: vec![("mods".to_owned(), Role::Reviewer), ("ops".to_owned(), Role::Admin)],
            authorities: None,
            own: OwnAddresses::default(),
        };
        Provider::new(settings).unwrap()
    }

    #[test]
    fn the_highest_role_of_the_groups_counts_and_none_without_one() {
        let role = |groups: Value| role(&provider(), &claims(&json!({ "groups": groups })));
        assert_eq!(role(json!(["mods", "ops", "x"])), Some(Role::Admin));
        assert_eq!(role(json!("mods")), Some(Role::Reviewer));
        assert_eq!(role(json!(["admin", 1, null])), None);
        assert_eq!(role(json!({ "ops": true })), None);
    }

    #[test]
    fn somebody_is_called_as_the_other_system_says_where_that_can_be_a_name() {
        let called = |more: Value| name(&claims(&more));
        assert_eq!(called(json!({ "preferred_username": "ann", "email": "a@e" })), "ann");
        assert_eq!(
            called(
                json!({ "preferred_username": "client:x", "email": "a@e", "email_verified": true })
            ),
            "a@e"
        );
        assert_eq!(called(json!({ "email": "a@e", "name": "ann" })), "ann");
        assert_eq!(called(json!({ "name": "\u{1b}[2J" })), format!("user-{}", start("s")));
        assert_eq!(called(json!({ "name": "长".repeat(300) })).chars().count(), 64);
    }
}
