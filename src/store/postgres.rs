//! PostgreSQL: a server that several gates share.

use std::time::Duration;

use bytes::BytesMut;
use postgres::error::SqlState;
use postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use postgres::{Client, Config, NoTls, Statement};
use std::collections::HashMap;
use std::error::Error;

use super::{Connection, Engine, Row, StoreError, Value};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a statement may take, and how long one that was sent may stay without a sign from the server.
const STATEMENT: Duration = Duration::from_secs(5);
/// How long nothing may come before it is asked whether the other side is there, and how often.
const ALIVE: Duration = Duration::from_secs(3);
const ALIVE_TRIES: u32 = 3;
/// The lock that a gate holds while it writes what others may write too. Any number does that all gates know.
const LOCK: i64 = 0x7469_6465;
/// The most statements that are kept ready.
const READY: usize = 128;

pub(super) struct Postgres {
    client: Client,
    reads_only: bool,
    ready: HashMap<String, Statement>,
    broken: bool,
}

impl Postgres {
    pub(super) fn connect(engine: &Engine, reads_only: bool) -> Result<Self, StoreError> {
        let Engine::Postgres { url, password, tls } = engine else {
            return Err(StoreError::Schema("this is no address of PostgreSQL".to_owned()));
        };
        let config = url.parse::<Config>();
        let mut config = config.map_err(|error| StoreError::Schema(describe(&error)))?;
        if let Some(password) = password {
            config.password(password.expose());
        }
        let reads = if reads_only { "on" } else { "off" };
        let (millis, alive) = (STATEMENT.as_millis(), ALIVE.as_secs());
        config
            .application_name("tidegate")
            .connect_timeout(CONNECT)
            .tcp_user_timeout(STATEMENT * 2)
            .keepalives_idle(ALIVE)
            .keepalives_interval(ALIVE)
            .keepalives_retries(ALIVE_TRIES)
            // A gate that stands still gives up its locks, and the server notices one that is gone.
            .options(&format!(
                "-c statement_timeout={millis} -c lock_timeout={millis} -c default_transaction_read_only={reads} \
                 -c idle_in_transaction_session_timeout={} -c tcp_keepalives_idle={alive} \
                 -c tcp_keepalives_interval={alive} -c tcp_keepalives_count={ALIVE_TRIES}",
                millis * 2
            ));
        let client = match tls {
            Some(tls) => {
                let tls = tokio_postgres_rustls::MakeRustlsConnect::new((**tls).clone());
                config.connect(tls)
            }
            None => config.connect(NoTls),
        };
        let client = client.map_err(|error| unconnected(&error))?;
        let mut connection = Self { client, reads_only, ready: HashMap::new(), broken: false };
        let encoding = connection.rows("SHOW server_encoding", &[])?;
        let encoding = encoding.first().map(|row| row.text(0)).transpose()?.unwrap_or_default();
        if encoding != "UTF8" {
            return Err(StoreError::Schema(format!(
                "the database is encoded as {encoding}, which cannot hold all texts: make it with `ENCODING 'UTF8'`"
            )));
        }
        Ok(connection)
    }

    fn statement(&mut self, sql: &str) -> Result<Statement, postgres::Error> {
        if let Some(ready) = self.ready.get(sql) {
            return Ok(ready.clone());
        }
        if self.ready.len() >= READY {
            self.ready.clear();
        }
        let statement = self.client.prepare(sql)?;
        self.ready.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn failed(&mut self, error: &postgres::Error) -> StoreError {
        let Some(code) = error.code() else {
            self.broken = true;
            return StoreError::Away(describe(error));
        };
        let conflict = [
            SqlState::UNIQUE_VIOLATION,
            SqlState::FOREIGN_KEY_VIOLATION,
            SqlState::NOT_NULL_VIOLATION,
            SqlState::CHECK_VIOLATION,
        ];
        // What another gate or the load is to blame for concerns this job alone.
        let passing = [
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::QUERY_CANCELED,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::T_R_SERIALIZATION_FAILURE,
        ];
        // Connection exceptions, resources, interventions of operators, a transaction that was given up.
        let class = code.code().get(..2).unwrap_or_default();
        if conflict.contains(code) {
            StoreError::Conflict(describe(error))
        } else if passing.contains(code) {
            StoreError::Away(describe(error))
        } else if ["08", "53", "57", "25"].contains(&class) {
            self.broken = true;
            StoreError::Away(describe(error))
        } else {
            StoreError::Refused(describe(error))
        }
    }
}

impl Connection for Postgres {
    /// Whoever reads sees all tables as they were at one time.
    fn begin(&mut self) -> Result<(), StoreError> {
        self.script(if self.reads_only { "BEGIN ISOLATION LEVEL REPEATABLE READ" } else { "BEGIN" })
    }

    fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError> {
        let run = self
            .statement(sql)
            .and_then(|statement| self.client.execute(&statement, &parameters(values)));
        run.map_err(|error| self.failed(&error))
    }

    fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let found = self
            .statement(sql)
            .and_then(|statement| self.client.query(&statement, &parameters(values)));
        let found = found.map_err(|error| self.failed(&error))?;
        found.iter().map(row).collect()
    }

    fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        let ran = self.client.batch_execute(sql);
        ran.map_err(|error| self.failed(&error))
    }

    fn serialise(&mut self) -> Result<(), StoreError> {
        self.rows("SELECT 1 FROM pg_advisory_xact_lock($1)", &[LOCK.into()]).map(drop)
    }

    fn is_broken(&self) -> bool {
        self.broken || self.client.is_closed()
    }
}

fn parameters(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn row(row: &postgres::Row) -> Result<Row, StoreError> {
    let value = |column: usize| {
        let kind = row.columns().get(column).map(postgres::Column::type_);
        let read = match kind {
            Some(&Type::INT8) => row.try_get::<_, Option<i64>>(column).map(Value::from),
            Some(&Type::INT4) => {
                row.try_get::<_, Option<i32>>(column).map(|n| n.map(i64::from).into())
            }
            Some(&Type::BOOL) => row.try_get::<_, Option<bool>>(column).map(Value::from),
            Some(&Type::FLOAT8) => row.try_get::<_, Option<f64>>(column).map(Value::from),
            _ => row.try_get::<_, Option<String>>(column).map(Value::from),
        };
        read.map_err(|error| StoreError::Unreadable(describe(&error)))
    };
    Ok(Row((0..row.len()).map(value).collect::<Result<_, _>>()?))
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            #[expect(clippy::cast_precision_loss, reason = "a column of numbers with fractions")]
            Self::Int(number) if *kind == Type::FLOAT8 => (*number as f64).to_sql(kind, out),
            Self::Int(number) => number.to_sql(kind, out),
            Self::Real(number) => number.to_sql(kind, out),
            // It is the one character that this server cannot hold.
            Self::Text(text) if text.contains('\0') => {
                text.replace('\0', "\u{fffd}").to_sql(kind, out)
            }
            Self::Text(text) => text.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [Type::INT8, Type::FLOAT8, Type::TEXT, Type::VARCHAR].contains(kind)
    }

    to_sql_checked!();
}

/// A server that refuses us by name is not away: no waiting mends a wrong password or a database that is not there.
fn unconnected(error: &postgres::Error) -> StoreError {
    let class = error.code().and_then(|code| code.code().get(..2));
    if class.is_some_and(|class| class == "28" || class == "3D") {
        return StoreError::Schema(format!("PostgreSQL refuses the gate: {}", describe(error)));
    }
    StoreError::Away(describe(error))
}

/// What a server or the way to it says, with the cause that stands behind it. It names no values.
fn describe(error: &postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(error), _) => error.message().to_owned(),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}
