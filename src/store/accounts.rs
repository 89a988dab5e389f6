//! Who may use the console: users, their sessions, and tokens of programs. Passwords come hashed, what opens a session
//! and tokens come as digests; the store never sees what they are.

use std::fmt;

use super::{Connection, Row, StoreError, Value};

/// The most users.
pub const MOST_USERS: i64 = 1000;
/// The most sessions that one user has at a time; the oldest ends when another begins.
pub const MOST_SESSIONS: i64 = 20;
/// The most tokens that one user has, those that were revoked or have expired included.
pub const MOST_TOKENS: i64 = 100;

/// Somebody who may use the console.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct UserRow {
    /// The id.
    pub id: String,
    /// The name; no two differ only in case.
    pub name: String,
    /// The role, a word.
    pub role: String,
    /// The hash of the password; none where another system signs the user in.
    pub password: Option<String>,
    /// Who that is for the other system: issuer and subject.
    pub subject: Option<String>,
    /// When the user was made, in milliseconds since 1970.
    pub at: i64,
    /// When the user signed in last.
    pub seen: Option<i64>,
    /// Whether the user may not sign in.
    pub disabled: bool,
    /// Whether the password has to be changed first.
    pub must_change: bool,
}

/// Somebody's stay at the console.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SessionRow {
    /// The digest of what the browser has.
    pub hash: String,
    /// Whose it is.
    pub user: UserRow,
    /// What changes have to bring along.
    pub csrf: String,
    /// When it began, in milliseconds since 1970.
    pub at: i64,
    /// When it was used last.
    pub seen: i64,
    /// When it ends.
    pub ends: i64,
    /// When the password was given last.
    pub confirmed: Option<i64>,
}

/// What a program uses the console's interface with.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TokenRow {
    /// The id.
    pub id: String,
    /// The digest of the token.
    pub hash: String,
    /// What its owner calls it.
    pub name: String,
    /// Whose it is.
    pub user: UserRow,
    /// What it may do, words with blanks between them.
    pub scopes: String,
    /// When it was made, in milliseconds since 1970.
    pub at: i64,
    /// When it expires.
    pub expires: Option<i64>,
    /// When it was used last.
    pub used: Option<i64>,
    /// When it was revoked.
    pub revoked: Option<i64>,
}

/// What is changed of a user.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct UserChange {
    /// Another role.
    pub role: Option<String>,
    /// Whether the user may sign in.
    pub disabled: Option<bool>,
    /// The hash of another password, and whether it has to be changed first.
    pub password: Option<(String, bool)>,
}

// Hashes, digests and what changes have to bring along do not show.

impl fmt::Debug for UserRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("UserRow");
        shown.field("id", &self.id).field("name", &self.name).field("role", &self.role);
        shown.field("disabled", &self.disabled).finish_non_exhaustive()
    }
}

impl fmt::Debug for SessionRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("SessionRow");
        shown.field("user", &self.user).field("ends", &self.ends).finish_non_exhaustive()
    }
}

impl fmt::Debug for TokenRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("TokenRow");
        shown.field("id", &self.id).field("name", &self.name).field("user", &self.user);
        shown.field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

impl fmt::Debug for UserChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("UserChange");
        shown.field("role", &self.role).field("disabled", &self.disabled).finish_non_exhaustive()
    }
}

const USER: &str =
    "u.id, u.name, u.role, u.password, u.subject, u.at, u.seen, u.disabled, u.must_change";

/// Two names are one where they differ only in case.
fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

fn user(row: &Row, from: usize) -> Result<UserRow, StoreError> {
    Ok(UserRow {
        id: row.text(from)?,
        name: row.text(from + 1)?,
        role: row.text(from + 2)?,
        password: row.opt_text(from + 3)?,
        subject: row.opt_text(from + 4)?,
        at: row.int(from + 5)?,
        seen: row.opt_int(from + 6)?,
        disabled: row.flag(from + 7)?,
        must_change: row.flag(from + 8)?,
    })
}

// === impl UserRow ===

impl UserRow {
    /// Keeps a new user; `false` where there is one of this name or subject, or as many as there may be.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn insert(&self, connection: &mut dyn Connection) -> Result<bool, StoreError> {
        if Self::count(connection)? >= MOST_USERS {
            return Ok(false);
        }
        let values: [Value; 9] = [
            (&self.id).into(),
            (&self.name).into(),
            folded(&self.name).into(),
            (&self.role).into(),
            self.password.as_deref().into(),
            self.subject.as_deref().into(),
            self.at.into(),
            self.disabled.into(),
            self.must_change.into(),
        ];
        let kept = connection.run(
            "INSERT INTO users (id, name, folded, role, password, subject, at, disabled, must_change) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
            &values,
        )?;
        Ok(kept > 0)
    }

    /// How many there are.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn count(connection: &mut dyn Connection) -> Result<i64, StoreError> {
        connection.number("SELECT count(*) FROM users", &[])
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn list(connection: &mut dyn Connection) -> Result<Vec<Self>, StoreError> {
        let sql = format!("SELECT {USER} FROM users u ORDER BY u.folded");
        connection.rows(&sql, &[])?.iter().map(|row| user(row, 0)).collect()
    }

    /// The one with this id.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn find(connection: &mut dyn Connection, id: &str) -> Result<Option<Self>, StoreError> {
        Self::one(connection, "u.id", id)
    }

    /// The one with this name, however it is written.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn named(connection: &mut dyn Connection, name: &str) -> Result<Option<Self>, StoreError> {
        Self::one(connection, "u.folded", &folded(name))
    }

    /// The one whom another system knows so.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn known_as(
        connection: &mut dyn Connection,
        subject: &str,
    ) -> Result<Option<Self>, StoreError> {
        Self::one(connection, "u.subject", subject)
    }

    fn one(
        connection: &mut dyn Connection,
        column: &str,
        value: &str,
    ) -> Result<Option<Self>, StoreError> {
        let sql = format!("SELECT {USER} FROM users u WHERE {column} = $1");
        connection.row(&sql, &[value.into()])?.map(|row| user(&row, 0)).transpose()
    }

    /// Changes the user with this id. Whoever loses a role, a password or the right to sign in has no session any more,
    /// but for the one that is spared.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn change(
        connection: &mut dyn Connection,
        id: &str,
        change: &UserChange,
        spared: Option<&str>,
    ) -> Result<(), StoreError> {
        let (password, must_change) = change.password.clone().unzip();
        connection.run(
            "UPDATE users SET role = COALESCE(CAST($1 AS TEXT), role), \
             disabled = COALESCE(CAST($2 AS BIGINT), disabled), \
             password = COALESCE(CAST($3 AS TEXT), password), \
             must_change = COALESCE(CAST($4 AS BIGINT), must_change) WHERE id = $5",
            &[
                change.role.as_deref().into(),
                change.disabled.map(i64::from).into(),
                password.into(),
                must_change.map(i64::from).into(),
                id.into(),
            ],
        )?;
        SessionRow::end_all(connection, id, spared)
    }

    /// How many who may sign in have this role, besides the one with this id.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn others(
        connection: &mut dyn Connection,
        id: &str,
        role: &str,
    ) -> Result<i64, StoreError> {
        let sql = "SELECT count(*) FROM users WHERE role = $1 AND disabled = 0 AND id <> $2";
        connection.number(sql, &[role.into(), id.into()])
    }
}

// === impl SessionRow ===

impl SessionRow {
    /// Begins it; those that have ended are forgotten, and of too many of one user the oldest.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn insert(&self, connection: &mut dyn Connection) -> Result<(), StoreError> {
        connection.run("DELETE FROM sessions WHERE ends <= $1", &[self.at.into()])?;
        connection.run(
            "DELETE FROM sessions WHERE user_id = $1 AND hash NOT IN \
             (SELECT hash FROM sessions WHERE user_id = $1 ORDER BY at DESC LIMIT $2)",
            &[(&self.user.id).into(), (MOST_SESSIONS - 1).into()],
        )?;
        connection.run(
            "INSERT INTO sessions (hash, user_id, csrf, at, seen, ends, confirmed) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                (&self.hash).into(),
                (&self.user.id).into(),
                (&self.csrf).into(),
                self.at.into(),
                self.seen.into(),
                self.ends.into(),
                self.confirmed.into(),
            ],
        )?;
        let seen = "UPDATE users SET seen = $1 WHERE id = $2";
        connection.run(seen, &[self.at.into(), (&self.user.id).into()])?;
        Ok(())
    }

    /// The one with this digest, with its user.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn find(connection: &mut dyn Connection, hash: &str) -> Result<Option<Self>, StoreError> {
        let sql = format!(
            "SELECT s.hash, s.csrf, s.at, s.seen, s.ends, s.confirmed, {USER} \
             FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.hash = $1"
        );
        let session = |row: Row| {
            Ok(Self {
                hash: row.text(0)?,
                csrf: row.text(1)?,
                at: row.int(2)?,
                seen: row.int(3)?,
                ends: row.int(4)?,
                confirmed: row.opt_int(5)?,
                user: user(&row, 6)?,
            })
        };
        connection.row(&sql, &[hash.into()])?.map(session).transpose()
    }

    /// It was used at this time, in milliseconds since 1970; `confirmed` where the password was given then.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn touch(
        connection: &mut dyn Connection,
        hash: &str,
        (seen, confirmed): (i64, bool),
    ) -> Result<(), StoreError> {
        connection.run(
            "UPDATE sessions SET seen = $1, confirmed = COALESCE(CAST($2 AS BIGINT), confirmed) WHERE hash = $3",
            &[seen.into(), confirmed.then_some(seen).into(), hash.into()],
        )?;
        Ok(())
    }

    /// Ends it; whether there was one.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn end(connection: &mut dyn Connection, hash: &str) -> Result<bool, StoreError> {
        Ok(connection.run("DELETE FROM sessions WHERE hash = $1", &[hash.into()])? > 0)
    }

    /// Ends all of a user, but for the one that is spared.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn end_all(
        connection: &mut dyn Connection,
        user: &str,
        spared: Option<&str>,
    ) -> Result<(), StoreError> {
        connection.run(
            "DELETE FROM sessions WHERE user_id = $1 AND (CAST($2 AS TEXT) IS NULL OR hash <> $2)",
            &[user.into(), spared.into()],
        )?;
        Ok(())
    }
}

// === impl TokenRow ===

impl TokenRow {
    /// Keeps a new token; `false` where its owner has as many as one may have.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn insert(&self, connection: &mut dyn Connection) -> Result<bool, StoreError> {
        let had = "SELECT count(*) FROM tokens WHERE user_id = $1";
        if connection.number(had, &[(&self.user.id).into()])? >= MOST_TOKENS {
            return Ok(false);
        }
        connection.run(
            "INSERT INTO tokens (id, hash, name, user_id, scopes, at, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &[
                (&self.id).into(),
                (&self.hash).into(),
                (&self.name).into(),
                (&self.user.id).into(),
                (&self.scopes).into(),
                self.at.into(),
                self.expires.into(),
            ],
        )?;
        Ok(true)
    }

    /// The one with this digest, with its owner.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn find(connection: &mut dyn Connection, hash: &str) -> Result<Option<Self>, StoreError> {
        Ok(Self::some(connection, "t.hash = $1", &[hash.into()])?.pop())
    }

    /// The one with this id, with its owner.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn with_id(connection: &mut dyn Connection, id: &str) -> Result<Option<Self>, StoreError> {
        Ok(Self::some(connection, "t.id = $1", &[id.into()])?.pop())
    }

    /// Those of a user, or of all, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn list(
        connection: &mut dyn Connection,
        user: Option<&str>,
    ) -> Result<Vec<Self>, StoreError> {
        Self::some(connection, "(CAST($1 AS TEXT) IS NULL OR t.user_id = $1)", &[user.into()])
    }

    fn some(
        connection: &mut dyn Connection,
        which: &str,
        values: &[Value],
    ) -> Result<Vec<Self>, StoreError> {
        let sql = format!(
            "SELECT t.id, t.hash, t.name, t.scopes, t.at, t.expires, t.used, t.revoked, {USER} \
             FROM tokens t JOIN users u ON u.id = t.user_id WHERE {which} ORDER BY t.id"
        );
        let token = |row: &Row| {
            Ok(Self {
                id: row.text(0)?,
                hash: row.text(1)?,
                name: row.text(2)?,
                scopes: row.text(3)?,
                at: row.int(4)?,
                expires: row.opt_int(5)?,
                used: row.opt_int(6)?,
                revoked: row.opt_int(7)?,
                user: user(row, 8)?,
            })
        };
        connection.rows(&sql, values)?.iter().map(token).collect()
    }

    /// It was used at this time, in milliseconds since 1970.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn touch(connection: &mut dyn Connection, id: &str, used: i64) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET used = $1 WHERE id = $2";
        connection.run(sql, &[used.into(), id.into()])?;
        Ok(())
    }

    /// Revokes all of a user.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn revoke_all(
        connection: &mut dyn Connection,
        user: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET revoked = $1 WHERE user_id = $2 AND revoked IS NULL";
        connection.run(sql, &[at.into(), user.into()])?;
        Ok(())
    }

    /// Revokes it; whether it was not before.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub fn revoke(connection: &mut dyn Connection, id: &str, at: i64) -> Result<bool, StoreError> {
        let sql = "UPDATE tokens SET revoked = $1 WHERE id = $2 AND revoked IS NULL";
        Ok(connection.run(sql, &[at.into(), id.into()])? > 0)
    }
}
