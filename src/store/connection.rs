//! What SQLite and PostgreSQL have in common: statements with numbered values, rows of four kinds of values.

use super::StoreError;

/// A value of a row, or of a statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A whole number; times are milliseconds since 1970.
    Int(i64),
    /// A number.
    Real(f64),
    /// A text.
    Text(String),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A row of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(pub Vec<Value>);

impl Row {
    fn unreadable(column: usize) -> StoreError {
        StoreError::Unreadable(format!("column {column} of a row"))
    }

    /// A text.
    ///
    /// # Errors
    /// When there is none in this column.
    pub fn text(&self, column: usize) -> Result<String, StoreError> {
        self.opt_text(column)?.ok_or_else(|| Self::unreadable(column))
    }

    /// A text or nothing.
    ///
    /// # Errors
    /// When there is something else in this column.
    pub fn opt_text(&self, column: usize) -> Result<Option<String>, StoreError> {
        match self.0.get(column) {
            Some(Value::Text(text)) => Ok(Some(text.clone())),
            Some(Value::Null) => Ok(None),
            Some(Value::Int(_) | Value::Real(_)) | None => Err(Self::unreadable(column)),
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// When there is none in this column.
    pub fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.opt_int(column)?.ok_or_else(|| Self::unreadable(column))
    }

    /// A whole number or nothing.
    ///
    /// # Errors
    /// When there is something else in this column.
    pub fn opt_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        match self.0.get(column) {
            Some(Value::Int(number)) => Ok(Some(*number)),
            Some(Value::Null) => Ok(None),
            Some(Value::Text(_) | Value::Real(_)) | None => Err(Self::unreadable(column)),
        }
    }

    /// A number.
    ///
    /// # Errors
    /// When there is none in this column.
    pub fn real(&self, column: usize) -> Result<f64, StoreError> {
        match self.0.get(column) {
            Some(Value::Real(number)) => Ok(*number),
            #[expect(clippy::cast_precision_loss, reason = "SQLite stores 1.0 as 1")]
            Some(Value::Int(number)) => Ok(*number as f64),
            Some(Value::Text(_) | Value::Null) | None => Err(Self::unreadable(column)),
        }
    }

    /// A truth value.
    ///
    /// # Errors
    /// When there is none in this column.
    pub fn flag(&self, column: usize) -> Result<bool, StoreError> {
        self.int(column).map(|number| number != 0)
    }
}

/// A connection to a database, in the middle of a transaction wherever a job sees it.
///
/// Statements are written once for both: values as `$1`, `$2`, …, each number first named in order; only types and
/// words that both know.
pub trait Connection: Send {
    /// Runs a statement; how many rows it changed.
    ///
    /// # Errors
    /// When the database cannot be reached, or refuses it.
    fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, StoreError>;

    /// Runs a statement that answers with rows.
    ///
    /// # Errors
    /// When the database cannot be reached, or refuses it.
    fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError>;

    /// Runs several statements without values, one after the other.
    ///
    /// # Errors
    /// When the database cannot be reached, or refuses one.
    fn script(&mut self, sql: &str) -> Result<(), StoreError>;

    /// Begins a transaction.
    ///
    /// # Errors
    /// When the database cannot be reached, or somebody else writes for too long.
    fn begin(&mut self) -> Result<(), StoreError> {
        self.script("BEGIN")
    }

    /// Waits until no other process is between this and the end of its transaction.
    ///
    /// # Errors
    /// When the database cannot be reached.
    fn serialise(&mut self) -> Result<(), StoreError>;

    /// Has nothing left in journals of what was taken out of the tables. Outside of a transaction.
    ///
    /// # Errors
    /// When the database cannot be reached.
    fn forget(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether it has broken for good, so that a new one is to be made.
    fn is_broken(&self) -> bool;
}

impl dyn Connection + '_ {
    /// The first row of an answer, if there is one.
    ///
    /// # Errors
    /// When the database cannot be reached, or refuses the statement.
    pub fn row(&mut self, sql: &str, values: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values)?.into_iter().next())
    }

    /// The one whole number that a statement answers with; 0 where it answers with nothing.
    ///
    /// # Errors
    /// When the database cannot be reached, or refuses the statement.
    pub fn number(&mut self, sql: &str, values: &[Value]) -> Result<i64, StoreError> {
        let row = self.row(sql, values)?;
        row.map_or(Ok(0), |row| Ok(row.opt_int(0)?.unwrap_or_default()))
    }
}
