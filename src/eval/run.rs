//! Judges rows on several threads, in the order of the data.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::data::{BadRow, DataError, Row, Rows};
use super::judge::{Judge, Prediction, Question};
use super::table::{Table, TooMuch};

/// The most rows that are in memory with their texts.
const MOST_WAITING: usize = 4_096;
/// Bytes of texts from which on no more are read before these are judged.
const MOST_WAITING_BYTES: usize = 16 << 20;

/// Why rows could not be judged.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A row cannot be used, and was not to be passed over.
    #[error("{0} (and `--strict` passes over nothing)")]
    BadRow(BadRow),
    /// There is more than can be held.
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
    /// A thread ended before its work was done.
    #[error("judging a text failed; this is a mistake in Tidegate")]
    Broken,
}

/// How a run goes.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions {
    /// Threads.
    pub jobs: NonZeroUsize,
    /// Whether the first bad row ends the run.
    pub strict: bool,
}

/// Reads rows, has them judged and puts what is said into the table. `progress` is told how many bytes of the data
/// were read.
///
/// # Errors
/// When the data cannot be read or are too much, or when a row is bad and that is not to be.
pub fn run(
    rows: &mut Rows,
    judges: &[&dyn Judge],
    table: &mut Table,
    options: RunOptions,
    progress: &mut dyn FnMut(u64),
) -> Result<(), RunError> {
    loop {
        let chunk = next_chunk(rows, table, options.strict)?;
        if chunk.is_empty() {
            return Ok(());
        }
        let asked: Vec<Question<'_>> = chunk
            .iter()
            .map(|row| Question { text: &row.text, phase: row.phase, scores: &row.scores })
            .collect();
        let said = judge_all(&asked, judges, options.jobs)?;
        for (row, predictions) in chunk.iter().zip(&said) {
            table.add(row, predictions)?;
        }
        progress(rows.bytes_read());
    }
}

fn next_chunk(rows: &mut Rows, table: &mut Table, strict: bool) -> Result<Vec<Row>, RunError> {
    let (mut chunk, mut bytes) = (Vec::new(), 0);
    while chunk.len() < MOST_WAITING && bytes < MOST_WAITING_BYTES {
        match rows.next() {
            None => break,
            Some(Err(error)) => return Err(error.into()),
            Some(Ok(Err(bad))) if strict => return Err(RunError::BadRow(bad)),
            Some(Ok(Err(bad))) => table.note_bad(bad),
            Some(Ok(Ok(row))) => {
                bytes += row.text.len();
                chunk.push(row);
            }
        }
    }
    Ok(chunk)
}

/// What each judge says of each text, in the order of the texts.
///
/// # Errors
/// When a thread ended before its work was done.
pub fn judge_all(
    asked: &[Question<'_>],
    judges: &[&dyn Judge],
    jobs: NonZeroUsize,
) -> Result<Vec<Vec<Prediction>>, RunError> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(question) = asked.get(place) else { return done };
            done.push((place, judges.iter().map(|judge| judge.judge(*question)).collect()));
        }
    };
    let jobs = jobs.get().min(asked.len());
    // All are waited for, also when one broke down.
    let parts: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let parts: Result<Vec<_>, _> = parts.into_iter().collect();
    let parts = parts.map_err(|_| RunError::Broken)?;
    let mut done: Vec<(usize, Vec<Prediction>)> = parts.into_iter().flatten().collect();
    done.sort_unstable_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, predictions)| predictions).collect())
}
