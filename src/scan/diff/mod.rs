//! Two policies over the same rows: what would change if one took the other's place.
//!
//! The rows are data as a scan reads them, or decision records that keep their texts. Nothing is written.

mod log;
mod side;
mod tally;

#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;

use jiff::Timestamp;
use jiff::civil::Date;

pub use crate::engine::Change;
pub use side::Side;
pub use tally::{Both, Difference, LeftOut, Moved};

use log::{Logged, logged};
use tally::Tally;

use super::fields::{Fields, Text};
use super::reader::{Reader, Record};
use super::row::take_apart;
use super::run::{
    BATCH_BYTES, BATCH_ROWS, BadRow, ScanError, Size, Watch, ahead, in_parallel, read_batch,
};
use super::source::{Form, Meter, Source};
use super::table::Header;
use crate::engine::Decided;

/// What is compared, on what, and how.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// The policy as it is.
    pub old: Side,
    /// The one that may take its place.
    pub new: Side,
    /// The day on which both judge.
    pub today: Date,
    /// The data.
    pub sources: &'a [Source],
    /// Where texts stand in a row. Decision records have places of their own.
    pub rows: Rows,
    /// Threads.
    pub jobs: NonZeroUsize,
    /// Whether the first bad row ends the run.
    pub strict: bool,
    /// The most rows of each kind of change that are shown.
    pub samples: usize,
    /// Whether the beginning of their texts is shown too.
    pub show_text: bool,
}

/// What rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Data with texts in these fields.
    Data(Fields),
    /// Decision records, from a moment on.
    Records {
        /// Those before it are left out.
        since: Option<Timestamp>,
    },
}

/// What became of one row.
enum Said {
    Decided { old: Decided, new: Decided, place: Option<String>, shown: Option<String> },
    WithoutText,
    TooOld,
    NoRecord,
}

/// Compares.
///
/// # Errors
/// When data cannot be read, or a row is bad and that is not to be.
pub fn compare(job: &Comparison<'_>, watch: &mut dyn Watch) -> Result<Difference, ScanError> {
    let mut tally = Tally::new(job);
    let mut before = 0;
    for source in job.sources {
        if source.form == Form::Parquet {
            return Err(ScanError::ParquetNotCompared(source.shown()));
        }
        let meter = Meter::new(false);
        let mut reader = Reader::open(source, &meter)?;
        let header = reader.header.clone();
        let (most, meter_there) = (Size { rows: BATCH_ROWS, bytes: BATCH_BYTES }, meter.clone());
        for batch in ahead(move || read_batch(&mut reader, most, false, &meter_there)) {
            let batch = batch?;
            let say = |record: &Record| say(job, source.form, header.as_ref(), record);
            for (record, said) in
                batch.records.iter().zip(in_parallel(&batch.records, job.jobs, say)?)
            {
                let place = || format!("{}:{}", source.shown(), record.line);
                match said {
                    Ok(said) => tally.count(said, place),
                    Err(what) => {
                        let bad = BadRow { place: place(), what };
                        if job.strict {
                            return Err(ScanError::BadRow(bad));
                        }
                        tally.note_bad();
                        watch.bad(&bad);
                    }
                }
            }
            if watch.done(before + batch.read).is_break() {
                return Err(ScanError::Interrupted);
            }
        }
        before += meter.bytes();
    }
    Ok(tally.finish())
}

fn say(
    job: &Comparison<'_>,
    form: Form,
    header: Option<&Header>,
    record: &Record,
) -> Result<Said, String> {
    let bytes = record.bytes.as_ref().map_err(Clone::clone)?;
    let fields = match &job.rows {
        Rows::Data(fields) => fields,
        Rows::Records { since } => {
            return Ok(match logged(bytes, *since)? {
                Logged::Texts { id, texts } => decide(job, Some(id), &texts),
                Logged::WithoutText => Said::WithoutText,
                Logged::TooOld => Said::TooOld,
                Logged::NoRecord => Said::NoRecord,
            });
        }
    };
    take_apart((fields, form), header, bytes, |_, texts| decide(job, None, texts))
}

fn decide(job: &Comparison<'_>, place: Option<String>, texts: &[Text<'_>]) -> Said {
    let (old, new) = (job.old.decide(texts, job.today), job.new.decide(texts, job.today));
    let changed = job.show_text && Change::between(&old, &new) != Change::None;
    Said::Decided { old, new, place, shown: changed.then(|| super::judge::shown(texts)) }
}
