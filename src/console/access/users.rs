//! Users, as admins see and change them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::passwords::hashed;
use super::principal::changed_meanwhile;
use super::{Permission, Principal, Role};
use crate::console::AdminState;
use crate::console::answer::{Answer, ApiError, Named, Sent, answered, done, found, page};
use crate::console::new_id;
use crate::domain::Secret;
use crate::people::acts::Reviewer;
use crate::people::review;
use crate::people::shapes::time;
use crate::store::{Connection, SessionRow, StoreError, TokenRow, UserChange, UserRow};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct NewUser {
    name: String,
    role: String,
    password: Secret,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct Change {
    role: Option<String>,
    disabled: Option<bool>,
    password: Option<Secret>,
}

/// A name that a user may have, as it is kept.
pub(super) fn check_name(name: &str) -> Answer<String> {
    let name = review::user_name("name", name);
    name.map_err(|wrong| ApiError::wrong(wrong.to_string()))
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
    let (kept, who) = (user.clone(), principal.clone());
    let idle = state.access.idle;
    let made = principal
        .act(&store, move |c, by| {
            if !manages(c, &who, (by.now, idle))? {
                return Ok(None);
            }
            if !kept.insert(c)? {
                return Ok(Some(false));
            }
            let detail = json!({ "name": kept.name, "role": kept.role });
            by.note(c, ("add_user", &kept.id), detail)?;
            Ok(Some(true))
        })
        .await?;
    if !made.ok_or_else(changed_meanwhile)? {
        let message = "there is a user of this name, or as many users as there may be";
        return Err(ApiError::conflict("user_exists", message));
    }
    Ok(answered(StatusCode::CREATED, &shown(&user)))
}

/// What came of a change.
enum Changed {
    Done(UserRow),
    /// The actor may not any more.
    Stale,
    Unknown,
    /// Nobody would be an admin.
    LastAdmin,
}

/// `PATCH /api/users/{id}`.
pub(in crate::console) async fn change_user(
    State(state): State<Arc<AdminState>>,
    Named(id): Named,
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
        Some(new) => Some((hashed(&state.access.hashing, (new, user.name)).await?, true)),
        None => None,
    };
    let role = role.map(|role| role.as_str().to_owned());
    let change = UserChange { role, disabled: change.disabled, password: hash };
    let (who, idle) = (principal.clone(), state.access.idle);
    let changed = principal.act(&store, move |c, by| {
        c.serialise()?;
        if !manages(c, &who, (by.now, idle))? {
            return Ok(Changed::Stale);
        }
        apply(c, by, &who, (&id, &change))
    });
    match changed.await? {
        Changed::Done(user) => Ok(found(&shown(&user))),
        Changed::Stale => Err(changed_meanwhile()),
        Changed::Unknown => Err(ApiError::unknown("user")),
        Changed::LastAdmin => {
            let message = "nobody else is an admin; make another one first";
            Err(ApiError::conflict("last_admin", message))
        }
    }
}

/// Whether whoever asks still manages: while a password was hashed they may have become somebody else.
fn manages(
    connection: &mut dyn Connection,
    principal: &Principal,
    times: (i64, i64),
) -> Result<bool, StoreError> {
    let now = principal.again(connection, times)?;
    Ok(now.is_some_and(|now| now.may(Permission::Manage)))
}

/// Changes a user as they stand now.
fn apply(
    connection: &mut dyn Connection,
    by: &Reviewer<'_>,
    principal: &Principal,
    (id, change): (&str, &UserChange),
) -> Result<Changed, StoreError> {
    let Some(user) = UserRow::find(connection, id)? else { return Ok(Changed::Unknown) };
    let admin = Role::Admin.as_str();
    let ends_as_admin = change.role.as_deref().unwrap_or(&user.role) == admin
        && !change.disabled.unwrap_or(user.disabled);
    if user.role == admin && !ends_as_admin && UserRow::others(connection, id, admin)? == 0 {
        return Ok(Changed::LastAdmin);
    }
    let own = principal.session.as_ref().map(|session| session.hash.as_str());
    UserRow::change(connection, id, change, own)?;
    if change.password.is_some() {
        // Whoever had the old password may have made tokens.
        TokenRow::revoke_all(connection, id, by.now)?;
    }
    let detail = json!({
        "role": change.role,
        "disabled": change.disabled,
        "password": change.password.is_some(),
        "was": { "role": user.role, "disabled": user.disabled },
    });
    by.note(connection, ("change_user", id), detail)?;
    Ok(UserRow::find(connection, id)?.map_or(Changed::Unknown, Changed::Done))
}

/// `DELETE /api/users/{id}/sessions`: signs somebody out everywhere, and their programs.
pub(in crate::console) async fn end_sessions(
    State(state): State<Arc<AdminState>>,
    Named(id): Named,
    principal: Principal,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    let known = principal
        .act(&store, move |c, by| {
            if UserRow::find(c, &id)?.is_none() {
                return Ok(false);
            }
            SessionRow::end_all(c, &id, None)?;
            TokenRow::revoke_all(c, &id, by.now)?;
            by.note(c, ("end_sessions", &id), json!({}))?;
            Ok(true)
        })
        .await?;
    if known { Ok(done()) } else { Err(ApiError::unknown("user")) }
}
