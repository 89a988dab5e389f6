//! The first user: whoever holds the token that the gate printed at its start becomes the admin, once.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::passwords::hashed;
use super::users::check_name;
use super::{Role, act, digest_of, new_secret, sessions};
use crate::console::AdminState;
use crate::console::answer::{Answer, ApiError, Sent, found};
use crate::console::new_id;
use crate::domain::Secret;
use crate::store::{Connection, Store, StoreError, UserRow};

/// The digest of the token that makes the first admin; none where there is an admin already.
#[derive(Clone, Debug, Default)]
pub struct SetupToken(Option<String>);

impl SetupToken {
    /// A new token, and what is to be shown once to whoever starts the gate; neither where there is an admin already. A
    /// store that cannot be reached may have none.
    pub async fn for_store(store: &Store) -> (Self, Option<String>) {
        let admins = store.read(|c| admins(c)).await;
        if admins.is_ok_and(|admins| admins > 0) {
            return (Self(None), None);
        }
        match new_secret() {
            Ok(token) => (Self(Some(digest_of(&token))), Some(token)),
            Err(_) => (Self(None), None),
        }
    }

    fn is(&self, token: &str) -> bool {
        self.0.as_ref().is_some_and(|known| *known == digest_of(token))
    }
}

/// How many admins there are who may sign in.
fn admins(connection: &mut dyn Connection) -> Result<i64, StoreError> {
    UserRow::others(connection, "", Role::Admin.as_str())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct SetUp {
    token: String,
    name: String,
    password: Secret,
}

/// `GET /api/setup`.
pub(in crate::console) async fn needed(State(state): State<Arc<AdminState>>) -> Answer<Response> {
    let Some(store) = state.store() else {
        return Ok(found(&json!({ "needed": false, "oidc": false, "store": false })));
    };
    let admins = store.read(|c| admins(c)).await?;
    Ok(found(&json!({ "needed": admins == 0, "oidc": state.access.oidc.is_some(), "store": true })))
}

/// `POST /api/setup`.
pub(in crate::console) async fn set_up(
    State(state): State<Arc<AdminState>>,
    headers: HeaderMap,
    Sent(SetUp { token, name, password }): Sent<SetUp>,
) -> Answer {
    let store = state.store().ok_or_else(ApiError::no_store)?;
    if !state.access.setup.is(token.trim()) {
        let message = "the token is not the one that this gate printed when it started";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "wrong_token", message));
    }
    let name = check_name(&name)?;
    let hash = hashed(&state.access.hashing, (password, name.clone())).await?;
    let user = UserRow {
        id: new_id(),
        name,
        role: Role::Admin.as_str().to_owned(),
        password: Some(hash),
        at: store.now(),
        ..UserRow::default()
    };
    let first = user.clone();
    let made = act(&store, &user.name, move |c, by| {
        // Several gates may be asked at the same time.
        c.serialise()?;
        if admins(c)? > 0 || !first.insert(c)? {
            return Ok(false);
        }
        by.note(c, ("set_up", &first.id), json!({ "role": first.role }))?;
        Ok(true)
    })
    .await?;
    if !made {
        let message =
            "there is an admin already, or a user of this name; sign in, or ask for an account";
        return Err(ApiError::conflict("set_up", message));
    }
    let confirmed = Some(store.now());
    sessions::begin(&state, &store, (user, confirmed), &headers).await
}
