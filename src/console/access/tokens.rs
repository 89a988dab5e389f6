//! Tokens of programs.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::guard::TOKEN;
use super::principal::changed_meanwhile;
use super::{Permission, Principal, digest_of, new_secret};
use crate::console::AdminState;
use crate::console::answer::{Answer, ApiError, Named, Sent, answered, done, page};
use crate::console::new_id;
use crate::people::review;
use crate::people::shapes::time;
use crate::store::TokenRow;

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;
/// The most days that a token is good for.
const MOST_DAYS: i64 = 3650;
/// The days that one is good for where nothing is said.
const DAYS: i64 = 90;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct NewToken {
    name: String,
    scopes: Vec<String>,
    expires_days: Option<i64>,
}

fn shown(token: &TokenRow) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "owner": token.user.name,
        "scopes": token.scopes.split(' ').collect::<Vec<_>>(),
        "created_at": time(token.at),
        "expires_at": token.expires.map(time),
        "used_at": token.used.map(time),
        "revoked": token.revoked.is_some(),
    })
}

/// `GET /api/tokens`: one's own, or all for an admin.
pub(in crate::console) async fn tokens(
    State(state): State<Arc<AdminState>>,
    principal: Principal,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let own = (!principal.may(Permission::Manage)).then_some(principal.user.id);
    let tokens = store.read(move |c| TokenRow::list(c, own.as_deref())).await?;
    Ok(page(tokens.iter().map(shown).collect(), None))
}

/// `POST /api/tokens`: it is shown this once.
pub(in crate::console) async fn add_token(
    State(state): State<Arc<AdminState>>,
    principal: Principal,
    Sent(new): Sent<NewToken>,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let wrong = |error: review::WrongOpinion| ApiError::wrong(error.to_string());
    review::name("name", &new.name).map_err(wrong)?;
    let scopes = scopes(&principal, &new.scopes)?;
    let days = new.expires_days.unwrap_or(DAYS);
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(ApiError::wrong(format!("`expires_days` is from 1 to {MOST_DAYS}")));
    }
    let token = format!("{TOKEN}{}", new_secret()?);
    let now = store.now();
    let row = TokenRow {
        id: new_id(),
        hash: digest_of(&token),
        name: new.name.trim().to_owned(),
        user: principal.user.clone(),
        scopes,
        at: now,
        expires: Some(now.saturating_add(days * DAY)),
        ..TokenRow::default()
    };
    let (kept, who, idle) = (row.clone(), principal.clone(), state.access.idle);
    let made = principal
        .act(&store, move |c, by| {
            if who.again(c, (by.now, idle))?.is_none() {
                return Ok(None);
            }
            if !kept.insert(c)? {
                return Ok(Some(false));
            }
            let detail = json!({ "name": kept.name, "scopes": kept.scopes });
            by.note(c, ("add_token", &kept.id), detail)?;
            Ok(Some(true))
        })
        .await?;
    if !made.ok_or_else(changed_meanwhile)? {
        let message = "you have as many tokens as one may have";
        return Err(ApiError::conflict("enough_tokens", message));
    }
    let mut body = shown(&row);
    if let Value::Object(body) = &mut body {
        body.insert("token".to_owned(), json!(token));
    }
    Ok(answered(StatusCode::CREATED, &body))
}

/// What the token may do: some of what its owner may.
fn scopes(principal: &Principal, words: &[String]) -> Answer<String> {
    let mut scopes = Vec::new();
    for word in words {
        let scope = Permission::of(word).filter(|scope| principal.may(*scope));
        scopes.push(scope.ok_or_else(|| {
            let own: Vec<&str> = principal.permissions().iter().map(|one| one.as_str()).collect();
            let own = own.join("`, `");
            ApiError::wrong(format!("`scopes` are of what you may do: `{own}`"))
        })?);
    }
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(ApiError::wrong("`scopes` names at least one permission"));
    }
    Ok(scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "))
}

/// `DELETE /api/tokens/{id}`: one's own, or any for an admin. Somebody else's is as good as none.
pub(in crate::console) async fn revoke_token(
    State(state): State<Arc<AdminState>>,
    Named(id): Named,
    principal: Principal,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let who = principal.clone();
    let known = principal
        .act(&store, move |c, by| {
            let token = TokenRow::with_id(c, &id)?;
            let own = |token: &TokenRow| token.user.id == who.user.id;
            if !token.is_some_and(|token| own(&token) || who.may(Permission::Manage)) {
                return Ok(false);
            }
            if TokenRow::revoke(c, &id, by.now)? {
                by.note(c, ("revoke_token", &id), json!({}))?;
            }
            Ok(true)
        })
        .await?;
    if known { Ok(done()) } else { Err(ApiError::unknown("token")) }
}
