//! SQLite: one file, its journal written ahead.

use std::fs::{OpenOptions, Permissions, set_permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{ErrorCode, OpenFlags, ToSql};

use super::{Connection, Row, StoreError, Value};

/// How long a statement waits for another process that has the file.
const PATIENCE: Duration = Duration::from_secs(5);
/// Statements that are kept ready.
const READY: usize = 64;
/// Nobody but the owner reads what people said.
const MODE: u32 = 0o600;

#[derive(Debug)]
pub(super) struct Sqlite {
    connection: rusqlite::Connection,
    reads_only: bool,
}

impl Sqlite {
    /// Opens the file, and makes it where there is none. Every commit is on the disk before it is told of.
    pub(super) fn open(path: &Path, reads_only: bool) -> Result<Self, StoreError> {
        let away = |error: &dyn std::fmt::Display| {
            StoreError::Away(format!("`{}` cannot be opened: {error}", path.display()))
        };
        // SQLite gives its journal the mode of the file. A file that is there is not opened here: closing it would give up
        // the locks that this process has on it.
        let made = OpenOptions::new().create_new(true).write(true).mode(MODE).open(path);
        if let Err(error) = made
            && error.kind() != ErrorKind::AlreadyExists
        {
            return Err(away(&error));
        }
        set_permissions(path, Permissions::from_mode(MODE)).map_err(|error| away(&error))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = rusqlite::Connection::open_with_flags(path, flags);
        let connection = opened.map_err(|error| away(&error))?;
        let ready = || {
            connection.busy_timeout(PATIENCE)?;
            connection.set_prepared_statement_cache_capacity(READY);
            connection.execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
                 PRAGMA secure_delete = ON;",
            )?;
            connection.pragma_update(None, "query_only", reads_only)
        };
        ready().map_err(|error| refused(&error))?;
        Ok(Self { connection, reads_only })
    }
}

impl Connection for Sqlite {
    fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let run = || {
            let mut statement = self.connection.prepare_cached(&own(sql))?;
            statement.execute(rusqlite::params_from_iter(values))
        };
        run().map(|rows| rows as u64).map_err(|error| refused(&error))
    }

    fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let read = || {
            let mut statement = self.connection.prepare_cached(&own(sql))?;
            let columns = statement.column_count();
            let mut found = statement.query(rusqlite::params_from_iter(values))?;
            let mut rows = Vec::new();
            while let Some(row) = found.next()? {
                let value = |column| row.get_ref(column).map(value);
                rows.push(Row((0..columns).map(value).collect::<Result<_, _>>()?));
            }
            Ok(rows)
        };
        read().map_err(|error: rusqlite::Error| refused(&error))
    }

    fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(|error| refused(&error))
    }

    /// A command may write beside the gate: whoever is to write waits here and not in the middle.
    fn begin(&mut self) -> Result<(), StoreError> {
        self.script(if self.reads_only { "BEGIN" } else { "BEGIN IMMEDIATE" })
    }

    /// Only one transaction writes at a time.
    fn serialise(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn is_broken(&self) -> bool {
        false
    }
}

/// Values are named `?1` here.
fn own(sql: &str) -> String {
    sql.replace('$', "?")
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Value::Text(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// No message of a database names a value, since values are never part of a statement.
fn refused(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => StoreError::Conflict(error.to_string()),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => StoreError::Schema(format!(
            "the file of the store is no sound SQLite database ({error}): put back a copy, or begin with a new file"
        )),
        _ => StoreError::Away(error.to_string()),
    }
}
