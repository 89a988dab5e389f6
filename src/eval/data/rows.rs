//! Rows of several sources, one after the other.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::fields::Fields;
use super::labels::Labels;
use super::records::Records;
use super::sources::{DataError, Source};
use crate::domain::Phase;

/// Where a row stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Scores by category.
pub type Scores = BTreeMap<String, f64>;

/// One labelled text.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What names it to people.
    pub id: Option<String>,
    /// The text.
    pub text: String,
    /// Which way it travels.
    pub phase: Phase,
    /// What people say of it.
    pub labels: Labels,
    /// Scores that it has from elsewhere.
    pub scores: Scores,
    /// The groups that it belongs to, for each field of [`Fields::groups`].
    pub groups: Vec<Vec<String>>,
    /// Where it stands.
    pub place: Place,
}

/// A row that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Where it stands.
    pub place: Place,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Reads rows. An error ends it: what follows in that file cannot be read.
pub struct Rows {
    fields: Fields,
    waiting: VecDeque<Source>,
    current: Option<(Arc<str>, Records)>,
    read: Arc<AtomicU64>,
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

// === impl Rows ===

impl Rows {
    /// The rows of sources.
    pub fn new(sources: Vec<Source>, fields: Fields) -> Self {
        let waiting = sources.into();
        Self { fields, waiting, current: None, read: Arc::default() }
    }

    /// How many bytes of the sources were read, packed ones as they lie on the disk.
    pub fn bytes_read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    fn advance(&mut self) -> Result<Option<Result<Row, BadRow>>, DataError> {
        loop {
            let (file, records) = if let Some(current) = &mut self.current {
                current
            } else {
                let Some(source) = self.waiting.pop_front() else { return Ok(None) };
                let shown = source.shown();
                let input = source.open(Arc::clone(&self.read))?;
                let records = Records::new(input, source.form, &shown)?;
                self.current.insert((Arc::from(shown), records))
            };
            let Some((line, record)) = records.next(file)? else {
                self.current = None;
                continue;
            };
            let place = Place { file: Arc::clone(file), line };
            let row = record.and_then(|record| self.fields.row(&record, place.clone()));
            return Ok(Some(row.map_err(|what| BadRow { place, what })));
        }
    }
}

impl Iterator for Rows {
    type Item = Result<Result<Row, BadRow>, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance().transpose();
        if matches!(next, Some(Err(_))) {
            self.current = None;
            self.waiting.clear();
        }
        next
    }
}
