//! Reads rows, has them judged on several threads, and writes them in the order in which they came.

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};

use super::columns;
use super::fields::Text;
use super::judge::{Judged, Plan, Selection};
use super::output::{Done, OutputError, OutputFile, Outputs, Progress, Target, hash_of};
use super::reader::{Offset, Reader, Record};
use super::row::{Parts, take_apart};
use super::source::{Form, Meter, Source, SourceError, hex};
use super::summary::{Sample, Summary};
use super::table::Header;

/// The most rows that are in memory.
pub const BATCH_ROWS: usize = 16_384;
/// Bytes of rows from which on no more are read before these are judged and written.
pub const BATCH_BYTES: usize = 16 << 20;
/// The same for each thread that judges: little enough for memory to be used again while caches hold it.
const THREAD_BYTES: usize = 2 << 20;

/// A row that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The file and the line.
    pub place: String,
    /// What is wrong with it.
    pub what: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// Why a scan did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The data cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The rows cannot be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A row cannot be used, and was not to be passed over.
    #[error("{0} (and `--strict` passes over nothing)")]
    BadRow(BadRow),
    /// Columns are no lines.
    #[error("`{0}` is Parquet, which is not compared; `tidegate scan` reads it")]
    ParquetNotCompared(String),
    /// Tables with other columns cannot become one.
    #[error("`{0}` has other columns than the file before it; scan them one after the other")]
    OtherColumns(String),
    /// Notes are members of JSON objects, or a column.
    #[error(
        "`annotate` adds to JSON rows and to Parquet, and `{0}` has none; use `--mode split`, or export it as JSONL"
    )]
    NoPlaceForNotes(String),
    /// What cannot be read twice cannot be gone on with.
    #[error("`--resume` needs files in and out, not standard streams")]
    NotResumable,
    /// A Parquet file is written with its end.
    #[error(
        "`--resume` does not go on with Parquet, whose file is none before its end; leave it out"
    )]
    ParquetNotResumable,
    /// Whoever watched it said so.
    #[error("interrupted")]
    Interrupted,
    /// A thread ended before its work was done.
    #[error("reading or judging a row failed; this is a mistake in Tidegate")]
    Broken,
}

/// What is to be done.
#[derive(Debug)]
pub struct Job<'a> {
    /// How rows are judged, and which are written.
    pub plan: &'a Plan,
    /// Where they come from; all of one form.
    pub sources: &'a [Source],
    /// Where they go.
    pub target: Target,
    /// Threads. The output does not depend on it.
    pub jobs: NonZeroUsize,
    /// Whether the first bad row ends the run.
    pub strict: bool,
    /// How many rows the summary shows.
    pub samples: usize,
    /// Whether inputs and outputs are hashed.
    pub hash: bool,
    /// Whether to write down how far the run is, and to go on where one stopped.
    pub resume: bool,
    /// The most rows of a batch, [`BATCH_ROWS`].
    pub batch_rows: usize,
}

/// An input that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadFile {
    /// The name that people see.
    pub shown: String,
    /// Its bytes, as they lie on the disk.
    pub bytes: u64,
    /// SHA-256 of them in hex, where it was asked for.
    pub sha256: Option<String>,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// In counts.
    pub summary: Summary,
    /// What was read.
    pub inputs: Vec<ReadFile>,
    /// What was written.
    pub outputs: Vec<OutputFile>,
    /// Whether it went on where another run stopped.
    pub resumed: bool,
}

/// Sees a run go by.
pub trait Watch {
    /// A row cannot be used.
    fn bad(&mut self, row: &BadRow);

    /// So many bytes of all inputs are done, in input as in output. A break ends the run.
    fn done(&mut self, bytes: u64) -> ControlFlow<()>;
}

/// Counts rows.
pub(super) struct Tally<'a> {
    job: &'a Job<'a>,
    summary: Summary,
}

/// Things that a thread takes ahead.
pub(super) struct Ahead<T>(Receiver<Result<Option<T>, SourceError>>);

/// Some rows that were read.
pub(super) struct Batch {
    pub(super) records: Vec<Record>,
    /// Where the last of them ends.
    at: Offset,
    bytes: usize,
    /// How much of the file was read by then.
    pub(super) read: u64,
}

/// A run that is under way.
struct Run<'a> {
    job: &'a Job<'a>,
    id: String,
    outputs: Outputs,
    tally: Tally<'a>,
    unsaved: Size,
}

/// Rows and their bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Size {
    pub(super) rows: usize,
    pub(super) bytes: usize,
}

/// Scans.
///
/// # Errors
/// When data cannot be read or written, and as [`ScanError`] says. Files that were begun are removed then, or with
/// [`Job::resume`] left for the next run.
pub fn run(job: &Job<'_>, watch: &mut dyn Watch) -> Result<Outcome, ScanError> {
    let form = job.sources.first().map_or(Form::JsonLines, |source| source.form);
    if let Some(source) = job.sources.first()
        && job.plan.selection() == Selection::Annotate
        && !form.takes_notes()
    {
        return Err(ScanError::NoPlaceForNotes(source.shown()));
    }
    if form == Form::Parquet {
        if job.resume {
            return Err(ScanError::ParquetNotResumable);
        }
        let mut tally = Tally { job, summary: Summary::default() };
        let (inputs, outputs) = columns::run(job, &mut tally, watch)?;
        return Ok(Outcome { summary: tally.summary, inputs, outputs, resumed: false });
    }
    let id = identity(job);
    let mut from = Progress::default();
    if job.resume {
        let streams = job.sources.iter().any(|source| source.path.is_none());
        let journal = job.target.journal().filter(|_| !streams).ok_or(ScanError::NotResumable)?;
        from = Progress::read(&journal, &id)?.unwrap_or_default();
    }
    let resumed = !from.run.is_empty();
    let outputs = Outputs::open(&job.target, form, job.hash, job.resume, &from.outputs)?;
    let summary = std::mem::take(&mut from.summary);
    let mut run = Run { job, id, outputs, tally: Tally { job, summary }, unsaved: Size::default() };
    match run.all(&from, watch) {
        Ok(inputs) => {
            let outputs = run.outputs.finish(job.hash)?;
            Ok(Outcome { summary: run.tally.summary, inputs, outputs, resumed })
        }
        Err(error) => {
            run.outputs.give_up()?;
            Err(error)
        }
    }
}

// === impl Run ===

impl Run<'_> {
    fn all(&mut self, from: &Progress, watch: &mut dyn Watch) -> Result<Vec<ReadFile>, ScanError> {
        let mut inputs = Vec::new();
        let mut header: Option<Header> = None;
        let mut before = 0;
        for (index, source) in self.job.sources.iter().enumerate() {
            let shown = source.shown();
            if index < from.source {
                inputs.push(self.read_before(source)?);
                before += source.size();
                continue;
            }
            let meter = Meter::new(self.job.hash);
            let mut reader = Reader::open(source, &meter)?;
            match (&header, &reader.header) {
                (Some(first), Some(own)) if first.names != own.names => {
                    return Err(ScanError::OtherColumns(shown));
                }
                (None, Some(own)) => header = Some(own.clone()),
                _ => {}
            }
            self.outputs.begin(reader.header.as_ref())?;
            if index == from.source {
                reader.skip_to(Offset { bytes: from.bytes, lines: from.lines })?;
            }
            let (names, most) = (reader.header.clone(), self.most());
            let (waits, meter_there) = (source.path.is_none(), meter.clone());
            let batches = ahead(move || read_batch(&mut reader, most, waits, &meter_there));
            for batch in batches {
                let batch = batch?;
                self.batch(index, source, &batch, names.as_ref(), watch)?;
                if watch.done(before + batch.read).is_break() {
                    return Err(ScanError::Interrupted);
                }
            }
            before += meter.bytes();
            inputs.push(ReadFile { shown, bytes: meter.bytes(), sha256: meter.sha256() });
        }
        Ok(inputs)
    }

    /// What is read before it is judged.
    fn most(&self) -> Size {
        let bytes = THREAD_BYTES.saturating_mul(self.job.jobs.get()).min(BATCH_BYTES);
        Size { rows: self.job.batch_rows, bytes }
    }

    /// An input that an earlier run has read to its end.
    fn read_before(&self, source: &Source) -> Result<ReadFile, ScanError> {
        let shown = source.shown();
        let hashed = source.path.as_ref().filter(|_| self.job.hash).map(|path| hash_of(path));
        let sha256 = hashed.transpose();
        let unreadable = |error| SourceError::Unreadable { place: shown.clone(), error };
        let sha256 = sha256.map_err(unreadable)?;
        Ok(ReadFile { bytes: source.size(), shown, sha256 })
    }

    /// Judges and writes some rows.
    fn batch(
        &mut self,
        index: usize,
        source: &Source,
        batch: &Batch,
        header: Option<&Header>,
        watch: &mut dyn Watch,
    ) -> Result<(), ScanError> {
        let plan = self.job.plan;
        let judge = |record: &Record| judge(plan, source.form, record, header);
        let judged = in_parallel(&batch.records, self.job.jobs, judge)?;
        for (record, said) in batch.records.iter().zip(judged) {
            let Some((output, judged)) = self.tally.settle(source, record.line, said, watch)?
            else {
                continue;
            };
            let Some(row) = judged.changed.as_ref().or_else(|| record.bytes.as_ref().ok()) else {
                continue;
            };
            self.outputs.row(output, row, record.ending)?;
        }
        let Size { rows, bytes } = self.unsaved;
        let unsaved = Size { rows: rows + batch.records.len(), bytes: bytes + batch.bytes };
        // What lies on the disk is waited for, so not for every few rows.
        let save = unsaved.rows >= self.job.batch_rows || unsaved.bytes >= BATCH_BYTES;
        self.unsaved = if save { Size::default() } else { unsaved };
        let summary = &self.tally.summary;
        let (Offset { bytes, lines }, id) = (batch.at, &self.id);
        self.outputs.settle(save, |outputs: Vec<Done>| Progress {
            run: id.clone(),
            source: index,
            bytes,
            lines,
            outputs,
            summary: summary.clone(),
        })?;
        Ok(())
    }
}

// === impl Tally ===

impl Tally<'_> {
    /// Counts a row; where it goes, if anywhere.
    pub(super) fn settle(
        &mut self,
        source: &Source,
        line: u64,
        said: Result<Judged, String>,
        watch: &mut dyn Watch,
    ) -> Result<Option<(usize, Judged)>, ScanError> {
        let place = || format!("{}:{line}", source.shown());
        let judged = match said {
            Ok(judged) => judged,
            Err(what) => {
                let bad = BadRow { place: place(), what };
                if self.job.strict {
                    return Err(ScanError::BadRow(bad));
                }
                self.summary.bad += 1;
                watch.bad(&bad);
                return Ok(None);
            }
        };
        self.count(&judged, place);
        let output = match self.job.plan.selection() {
            Selection::Annotate => Some(0),
            Selection::Keep | Selection::Redact => judged.passes.then_some(0),
            Selection::Drop => (!judged.passes).then_some(0),
            Selection::Split => Some(usize::from(!judged.passes)),
        };
        Ok(output.map(|output| (output, judged)))
    }

    fn count(&mut self, judged: &Judged, place: impl Fn() -> String) {
        let summary = &mut self.summary;
        let redacted = self.job.plan.selection() == Selection::Redact && judged.is_changed();
        summary.rows += 1;
        summary.kept += u64::from(judged.passes);
        summary.dropped += u64::from(!judged.passes);
        summary.redacted += u64::from(redacted);
        summary.unscannable += u64::from(judged.unscannable);
        summary.unanswered += u64::from(judged.unanswered);
        *summary.by_action.entry(judged.action.to_string()).or_default() += 1;
        for category in &judged.categories {
            *summary.by_category.entry(category.as_str().to_owned()).or_default() += 1;
        }
        for rule in &judged.rules {
            *summary.by_rule.entry(rule.to_string()).or_default() += 1;
        }
        if (redacted || !judged.passes) && summary.samples.len() < self.job.samples {
            summary.samples.push(Sample {
                place: place(),
                action: judged.action.to_string(),
                rules: judged.rules.iter().map(ToString::to_string).collect(),
                text: judged.shown.clone(),
            });
        }
    }
}

/// Takes one thing after the other on a thread of its own, one ahead of whoever asks. The thread ends with the last, with
/// an error, or when nobody asks any more; nobody waits for it, since standard input may never say another word.
pub(super) fn ahead<T: Send + 'static>(
    mut next: impl FnMut() -> Result<Option<T>, SourceError> + Send + 'static,
) -> Ahead<T> {
    // Nothing waits in the channel: one in hand here, and one there.
    let (sender, receiver) = sync_channel(0);
    thread::spawn(move || {
        loop {
            let taken = next();
            let last = !matches!(taken, Ok(Some(_)));
            if sender.send(taken).is_err() || last {
                break;
            }
        }
    });
    Ahead(receiver)
}

impl<T> Iterator for Ahead<T> {
    type Item = Result<T, ScanError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.0.recv() {
            Ok(taken) => taken.map_err(ScanError::from).transpose(),
            // A thread that broke down has not said that this is the end.
            Err(_) => Some(Err(ScanError::Broken)),
        }
    }
}

/// Reads some rows. `None` at the end.
pub(super) fn read_batch(
    reader: &mut Reader,
    most: Size,
    waits: bool,
    meter: &Meter,
) -> Result<Option<Batch>, SourceError> {
    let (mut records, mut bytes) = (Vec::new(), 0);
    while records.len() < most.rows && bytes < most.bytes {
        // Whoever writes a row into a pipe may wait for it to come out.
        if waits && !records.is_empty() && reader.may_wait() {
            break;
        }
        let Some(record) = reader.next()? else { break };
        bytes += record.bytes.as_ref().map_or(0, Vec::len);
        records.push(record);
    }
    let (at, read) = (reader.offset(), meter.bytes());
    Ok((!records.is_empty()).then_some(Batch { records, at, bytes, read }))
}

fn judge(
    plan: &Plan,
    form: Form,
    record: &Record,
    header: Option<&Header>,
) -> Result<Judged, String> {
    let bytes = record.bytes.as_ref().map_err(Clone::clone)?;
    let judge = |parts: &Parts<'_>, texts: &[Text<'_>]| plan.judge(bytes, parts, texts);
    take_apart((plan.fields(), form), header, bytes, judge)
}

/// What is said of each row, in their order.
pub(super) fn in_parallel<T: Sync, R: Send>(
    rows: &[T],
    jobs: NonZeroUsize,
    judge: impl Fn(&T) -> R + Sync,
) -> Result<Vec<R>, ScanError> {
    let jobs = jobs.get().min(rows.len());
    if jobs <= 1 {
        return Ok(rows.iter().map(judge).collect());
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(row) = rows.get(place) else { return done };
            done.push((place, judge(row)));
        }
    };
    // All are waited for, also when one broke down.
    let parts: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let mut done = Vec::with_capacity(rows.len());
    for part in parts {
        done.extend(part.map_err(|_| ScanError::Broken)?);
    }
    done.sort_unstable_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, judged)| judged).collect())
}

/// A hash of everything that the output depends on, so that no run goes on with the work of another.
fn identity(job: &Job<'_>) -> String {
    let plan = job.plan;
    let changed = |path: &PathBuf| {
        let about = std::fs::metadata(path).ok()?;
        let since = about.modified().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some((about.len(), since.as_nanos()))
    };
    let inputs: Vec<_> =
        job.sources.iter().map(|source| (source, source.path.as_ref().and_then(changed))).collect();
    let policy = plan.policy();
    let how = (plan.selection(), plan.at_least(), plan.fields(), &job.target);
    let all = format!("{} {} {how:?} {inputs:?}", env!("CARGO_PKG_VERSION"), policy.revision);
    hex(&Sha256::digest(all.as_bytes()))
}
