//! Whoever asks.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use uuid::Uuid;

use super::{Permission, Role};
use crate::console::answer::{Answer, ApiError};
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

    /// They as the store has them at this time, with sessions that end after so long without a request, both in
    /// milliseconds: a session may have ended meanwhile, or its user lost a right. `None` where nothing stands any more.
    /// Asking is no use of a session: it ends as if nobody had asked.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub(in crate::console) fn again(
        &self,
        connection: &mut dyn Connection,
        (now, idle): (i64, i64),
    ) -> Result<Option<Self>, StoreError> {
        Ok(match (&self.session, &self.token) {
            (Some(session), _) => SessionRow::find(connection, &session.hash)?
                .filter(|session| stands(session, (now, idle)) && !session.user.must_change)
                .and_then(Self::of_session),
            (None, Some(id)) => TokenRow::with_id(connection, id)?
                .filter(|token| is_valid(token, now))
                .and_then(Self::of_token),
            (None, None) => None,
        })
    }

    /// Does something in their name; see [`act`].
    pub(in crate::console) async fn act<T: Send + 'static>(
        &self,
        store: &Store,
        work: impl FnOnce(&mut dyn Connection, &Reviewer<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<T> {
        act(store, &self.user.name, work).await
    }
}

/// Does something in somebody's name: all of it, with its lines of the ledger, is one transaction.
pub(in crate::console) async fn act<T: Send + 'static>(
    store: &Store,
    name: &str,
    work: impl FnOnce(&mut dyn Connection, &Reviewer<'_>) -> Result<T, StoreError> + Send + 'static,
) -> Answer<T> {
    let (name, of) = (name.to_owned(), store.clone());
    let done = store.write(move |connection| {
        let signer = of.signer().map(AsRef::as_ref);
        work(connection, &Reviewer { name, now: of.now(), signer, id: new_id })
    });
    Ok(done.await?)
}

/// Whether a session has not ended at this time, where it ends after so long without a request; in milliseconds.
pub(super) fn stands(session: &SessionRow, (now, idle): (i64, i64)) -> bool {
    now < session.ends && now - session.seen < idle && !session.user.disabled
}

/// Whether a token opens anything at this time, in milliseconds since 1970.
pub(super) fn is_valid(token: &TokenRow, now: i64) -> bool {
    token.revoked.is_none()
        && token.expires.is_none_or(|expires| now < expires)
        && !token.user.disabled
        && !token.user.must_change
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
    fn a_session_stands_while_it_is_used_in_time_and_its_user_may_sign_in() {
        let session = SessionRow { seen: 100, ends: 1000, ..SessionRow::default() };
        assert!(stands(&session, (149, 50)) && stands(&session, (999, 900)));
        assert!(!stands(&session, (150, 50)) && !stands(&session, (1000, 5000)));
        let user = UserRow { disabled: true, ..UserRow::default() };
        assert!(!stands(&SessionRow { user, ..session }, (100, 50)));
        let token = TokenRow { expires: Some(10), ..TokenRow::default() };
        assert!(is_valid(&token, 9) && !is_valid(&token, 10));
        assert!(!is_valid(&TokenRow { revoked: Some(1), ..token.clone() }, 9));
        for user in [
            UserRow { disabled: true, ..UserRow::default() },
            UserRow { must_change: true, ..UserRow::default() },
        ] {
            assert!(!is_valid(&TokenRow { user, ..token.clone() }, 9));
        }
    }

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
