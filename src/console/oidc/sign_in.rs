//! Sending people to the other system, and taking them in when they come back.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{COOKIE, HOST, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use tracing::warn;

use super::Provider;
use super::id_token::Claims;
use super::pending::Sent;
use crate::console::access::{Principal, begin, digest_of, is_local, new_id, new_secret};
use crate::console::answer::{Answer, ApiError, Asked};
use crate::console::{AdminState, Role, user_name};
use crate::store::{SessionRow, Store, UserChange, UserRow};

/// The cookie of somebody who is away. It comes back with them from another site, so it is not as strict as that of a
/// session.
const COOKIE_NAME: &str = "tidegate-oidc";
/// How long it is kept, in seconds.
const COOKIE_AGE: u32 = 600;
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
    let (ticket, nonce, verifier) = (new_secret()?, new_secret()?, new_secret()?);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    let sent = Sent { nonce, verifier };
    let door = provider.door(&ticket, (&sent, &challenge), again).await.map_err(|why| {
        warn!(%why, "nobody can be sent to the identity provider");
        let message = "the identity provider cannot be reached now; the gate's log says why";
        ApiError::new(StatusCode::BAD_GATEWAY, "provider_away", message)
    })?;
    provider.pending.leave(digest_of(&ticket), sent, Instant::now());
    let mut response = redirect(&door);
    put_cookie(&mut response, &headers, &ticket, COOKIE_AGE);
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
    let left = cookie(headers).ok_or("expired")?;
    if left != back.state {
        return Err("expired");
    }
    let sent = provider.pending.back(&digest_of(&left), Instant::now()).ok_or("expired")?;
    if back.code.is_empty() {
        return Err("declined");
    }
    let claims = provider.who(&back.code, &sent).await.map_err(|why| {
        warn!(%why, "somebody could not be signed in by the identity provider");
        "provider"
    })?;
    let role = role(provider, &claims).ok_or("no_role")?;
    let subject = format!("{} {}", provider.settings.issuer, claims.sub);
    let user = known(&store, (subject, name(&claims)), role).await.map_err(|_| "store")?;
    let user = user.ok_or("refused")?;
    let begun = begin(state, &store, user, headers).await.map_err(|_| "store")?;
    let mut response = redirect("/console/");
    for cookie in begun.headers().get_all(SET_COOKIE) {
        response.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    Ok(response)
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
    let said = ["preferred_username", "email", "name"];
    let mut said = said.iter().filter_map(|claim| claims.more.get(*claim)?.as_str());
    let short = |name: &str| name.chars().take(MOST_NAME).collect::<String>();
    let name = said.find_map(|name| user_name(&short(name)).ok());
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
    let (at, signing) = (store.now(), store.clone());
    let role = role.as_str().to_owned();
    let found = store
        .write(move |c| {
            c.serialise()?;
            if let Some(mut user) = UserRow::known_as(c, &subject)? {
                if user.role != role && !user.disabled {
                    let change = UserChange { role: Some(role.clone()), ..UserChange::default() };
                    UserRow::change(c, &user.id, &change, None)?;
                    let was = std::mem::replace(&mut user.role, role);
                    note(
                        c,
                        &signing,
                        &user,
                        ("change_user", json!({ "role": user.role, "was": was })),
                    )?;
                }
                return Ok((!user.disabled).then_some(user));
            }
            let mut user = UserRow {
                id: new_id(),
                name,
                role,
                subject: Some(subject),
                at,
                ..UserRow::default()
            };
            // A name is taken by whoever had it first.
            if !user.insert(c)? {
                let more = user.subject.as_deref().map(start).unwrap_or_default();
                user.name = format!("{} {more}", user.name);
                if !user.insert(c)? {
                    return Ok(None);
                }
            }
            note(
                c,
                &signing,
                &user,
                ("add_user", json!({ "name": user.name, "role": user.role })),
            )?;
            Ok(Some(user))
        })
        .await?;
    Ok(found)
}

fn note(
    connection: &mut dyn crate::store::Connection,
    signing: &Store,
    user: &UserRow,
    (act, detail): (&str, Value),
) -> Result<(), crate::store::StoreError> {
    let session = SessionRow { user: user.clone(), ..SessionRow::default() };
    let Some(acting) = Principal::of_session(session) else { return Ok(()) };
    acting.acting(signing).note(connection, (act, &user.id), detail)
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs =
        lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value);
    let value = values.next()?.to_owned();
    (values.next().is_none() && !value.is_empty()).then_some(value)
}

fn put_cookie(response: &mut Response, headers: &HeaderMap, value: &str, age: u32) {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let secure = if is_local(host) { "" } else { "; Secure" };
    let cookie = format!(
        "{COOKIE_NAME}={value}; Path=/api/oidc/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"
    );
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

    fn claims(more: Value) -> Claims {
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
        let role = |groups: Value| role(&provider(), &claims(json!({ "groups": groups })));
        assert_eq!(role(json!(["mods", "ops", "x"])), Some(Role::Admin));
        assert_eq!(role(json!("mods")), Some(Role::Reviewer));
        assert_eq!(role(json!(["admin", 1, null])), None);
        assert_eq!(role(json!({ "ops": true })), None);
    }

    #[test]
    fn somebody_is_called_as_the_other_system_says_where_that_can_be_a_name() {
        let called = |more: Value| name(&claims(more));
        assert_eq!(called(json!({ "preferred_username": "ann", "email": "a@e" })), "ann");
        assert_eq!(called(json!({ "preferred_username": "client:x", "email": "a@e" })), "a@e");
        assert_eq!(called(json!({ "name": "\u{1b}[2J" })), format!("user-{}", start("s")));
        assert_eq!(called(json!({ "name": "长".repeat(300) })).chars().count(), 64);
    }
}
