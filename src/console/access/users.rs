//! Users, as admins see and change them.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;

use super::passwords::hashed;
use super::{Principal, Role};
use crate::console::AdminState;
use crate::console::answer::{Answer, ApiError, Sent, answered, done, found, page};
use crate::console::new_id;
use crate::people::review;
use crate::people::shapes::time;
use crate::store::{SessionRow, UserChange, UserRow};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct NewUser {
    name: String,
    role: String,
    password: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct Change {
    role: Option<String>,
    disabled: Option<bool>,
    password: Option<String>,
}

/// Why something is no name of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WrongName {
    /// It cannot be a name at all.
    #[error(transparent)]
    NoName(#[from] review::WrongOpinion),
    /// The ledger uses it: callers stand there as `client:…`, and the gate itself as `gate`.
    #[error("`name` is not `gate` and has no colon")]
    Taken,
}

/// A name that a user may have, as it is kept.
///
/// # Errors
/// When it is empty, too long, has control characters, or is one that the ledger uses itself.
pub fn user_name(name: &str) -> Result<String, WrongName> {
    review::name("name", name)?;
    let name = name.trim();
    if name.contains(':') || name.eq_ignore_ascii_case("gate") {
        return Err(WrongName::Taken);
    }
    Ok(name.to_owned())
}

pub(super) fn check_name(name: &str) -> Answer<String> {
    user_name(name).map_err(|wrong| ApiError::wrong(wrong.to_string()))
}

fn role(word: &str) -> Answer<Role> {
    let roles = Role::ALL.map(Role::as_str).join("`, `");
    Role::of(word).ok_or_else(|| ApiError::wrong(format!("`role` is one of `{roles}`")))
}

fn shown(user: &UserRow) -> Value {
    json!({
        "id": user.id,
        "name": user.name,
        "role": user.role,
        "disabled": user.disabled,
        "oidc": user.subject.is_some(),
        "must_change": user.must_change,
        "created_at": time(user.at),
        "seen_at": user.seen.map(time),
    })
}

/// `GET /api/users`.
pub(in crate::console) async fn users(State(state): State<Arc<AdminState>>) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let users = store.read(|c| UserRow::list(c)).await?;
    Ok(page(users.iter().map(shown).collect(), None))
}

/// `POST /api/users`.
pub(in crate::console) async fn add_user(
    State(state): State<Arc<AdminState>>,
    principal: Principal,
    Sent(new): Sent<NewUser>,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let name = check_name(&new.name)?;
    let role = role(&new.role)?.as_str().to_owned();
    let hash = hashed(&state.access.hashing, (new.password, name.clone())).await?;
    let user = UserRow {
        id: new_id(),
        name,
        role,
        password: Some(hash),
        at: store.now(),
        must_change: true,
        ..UserRow::default()
    };
    let (kept, signing) = (user.clone(), store.clone());
    let made = store
        .write(move |c| {
            if !kept.insert(c)? {
                return Ok(false);
            }
            let detail = json!({ "name": kept.name, "role": kept.role });
            principal.acting(&signing).note(c, ("add_user", &kept.id), detail)?;
            Ok(true)
        })
        .await?;
    if !made {
        let message = "there is a user of this name, or as many users as there may be";
        return Err(ApiError::conflict("user_exists", message));
    }
    Ok(answered(StatusCode::CREATED, &shown(&user)))
}

/// `PATCH /api/users/{id}`.
pub(in crate::console) async fn change_user(
    State(state): State<Arc<AdminState>>,
    Path(id): Path<String>,
    principal: Principal,
    Sent(change): Sent<Change>,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let role = change.role.as_deref().map(role).transpose()?;
    let wanted = id.clone();
    let user = store.read(move |c| UserRow::find(c, &wanted)).await?;
    let user = user.ok_or_else(|| ApiError::unknown("user"))?;
    if change.password.is_some() && user.subject.is_some() {
        return Err(ApiError::conflict("no_password", "another system signs this user in"));
    }
    let hash = match change.password {
        Some(new) => Some((hashed(&state.access.hashing, (new, user.name.clone())).await?, true)),
        None => None,
    };
    let detail = json!({
        "role": role.map(Role::as_str),
        "disabled": change.disabled,
        "password": hash.is_some(),
        "was": { "role": user.role, "disabled": user.disabled },
    });
    let role = role.map(|role| role.as_str().to_owned());
    let change = UserChange { role, disabled: change.disabled, password: hash };
    let signing = store.clone();
    let changed = store
        .write(move |c| {
            c.serialise()?;
            let admin = Role::Admin.as_str();
            let ends_as_admin = change.role.as_deref().unwrap_or(&user.role) == admin
                && !change.disabled.unwrap_or(user.disabled);
            if user.role == admin && !ends_as_admin && UserRow::others(c, &id, admin)? == 0 {
                return Ok(None);
            }
            let own = principal.session.as_ref().map(|session| session.hash.as_str());
            UserRow::change(c, &id, &change, own)?;
            principal.acting(&signing).note(c, ("change_user", &id), detail)?;
            Ok(Some(UserRow::find(c, &id)?))
        })
        .await?;
    let last =
        || ApiError::conflict("last_admin", "nobody else is an admin; make another one first");
    let user = changed.ok_or_else(last)?.ok_or_else(|| ApiError::unknown("user"))?;
    Ok(found(&shown(&user)))
}

/// `DELETE /api/users/{id}/sessions`: signs somebody out everywhere.
pub(in crate::console) async fn end_sessions(
    State(state): State<Arc<AdminState>>,
    Path(id): Path<String>,
    principal: Principal,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let signing = store.clone();
    let known = store
        .write(move |c| {
            if UserRow::find(c, &id)?.is_none() {
                return Ok(false);
            }
            SessionRow::end_all(c, &id, None)?;
            principal.acting(&signing).note(c, ("end_sessions", &id), json!({}))?;
            Ok(true)
        })
        .await?;
    if known { Ok(done()) } else { Err(ApiError::unknown("user")) }
}
