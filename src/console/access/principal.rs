//! Whoever asks.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use uuid::Uuid;

use super::{Permission, Role};
use crate::console::answer::ApiError;
use crate::people::acts::Reviewer;
use crate::store::{Connection, SessionRow, Store, StoreError, TokenRow, UserRow};

/// Whoever asks, and what they may do.
#[derive(Clone, Debug)]
pub(in crate::console) struct Principal {
    /// The user; whose token it is, where a program asks.
    pub(in crate::console) user: UserRow,
    /// The role.
    pub(in crate::console) role: Role,
    permissions: Vec<Permission>,
    /// The session, where a browser asks.
    pub(in crate::console) session: Option<SessionRow>,
    /// The id of the token, where a program asks.
    pub(in crate::console) token: Option<String>,
}

impl Principal {
    /// Somebody at a browser.
    pub(in crate::console) fn of_session(session: SessionRow) -> Option<Self> {
        let role = Role::of(&session.user.role)?;
        let permissions = role.permissions().to_vec();
        let user = session.user.clone();
        Some(Self { user, role, permissions, session: Some(session), token: None })
    }

    /// A program: it may do what its token says, and never more than its owner may now.
    pub(super) fn of_token(token: TokenRow) -> Option<Self> {
        let role = Role::of(&token.user.role)?;
        let scopes: Vec<Permission> = token.scopes.split(' ').filter_map(Permission::of).collect();
        let permissions =
            role.permissions().iter().copied().filter(|one| scopes.contains(one)).collect();
        Some(Self { user: token.user, role, permissions, session: None, token: Some(token.id) })
    }

    /// Whether they may do this.
    pub(in crate::console) fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// Everything that they may do.
    pub(in crate::console) fn permissions(&self) -> &[Permission] {
        &self.permissions
    }

    /// Whether they may still do this, in the transaction that does it: while a request waited, its session may have
    /// ended, or its user lost the right.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub(in crate::console) fn still_may(
        &self,
        connection: &mut dyn Connection,
        permission: Option<Permission>,
    ) -> Result<bool, StoreError> {
        let now = match (&self.session, &self.token) {
            (Some(session), _) => SessionRow::find(connection, &session.hash)?
                .filter(|session| !session.user.disabled)
                .and_then(Self::of_session),
            (None, Some(id)) => TokenRow::with_id(connection, id)?
                .filter(|token| token.revoked.is_none() && !token.user.disabled)
                .and_then(Self::of_token),
            (None, None) => None,
        };
        Ok(now.is_some_and(|now| permission.is_none_or(|permission| now.may(permission))))
    }

    /// They as the one who acts in the store, now.
    pub(in crate::console) fn acting<'s>(&self, store: &'s Store) -> Reviewer<'s> {
        Reviewer {
            name: self.user.name.clone(),
            now: store.now(),
            signer: store.signer().map(AsRef::as_ref),
            id: new_id,
        }
    }
}

/// An id that sorts by time.
pub(in crate::console) fn new_id() -> String {
    Uuid::now_v7().to_string()
}

impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = ApiError;

    /// The guard has put it there; without the guard nobody is signed in.
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(not_signed_in)
    }
}

/// What made it right to do something is not so any more.
pub(super) fn changed_meanwhile() -> ApiError {
    ApiError::conflict("conflict", "it was changed meanwhile; look again")
}

/// Nobody is signed in.
pub(super) fn not_signed_in() -> ApiError {
    let message = "sign in at `/console/`, or send an API token as `Authorization: Bearer …`";
    ApiError::new(StatusCode::UNAUTHORIZED, "not_signed_in", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_may_do_what_it_says_and_never_more_than_its_owner_may_now() {
        let token = |role: &str, scopes: &str| TokenRow {
            user: UserRow { role: role.to_owned(), ..UserRow::default() },
            scopes: scopes.to_owned(),
            ..TokenRow::default()
        };
        let program = Principal::of_token(token("reviewer", "see export manage")).unwrap();
        assert_eq!(program.permissions(), [Permission::See]);
        assert!(Principal::of_token(token("gone", "see")).is_none());
    }
}
