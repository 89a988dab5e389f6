//! Parquet: rows come from the leaves of the schema and go back into them. A row is judged as the JSON object that it would
//! be, and written as the levels and values that it had, so that every column stays as it was, whatever its type.

mod input;
mod output;
mod shape;
mod values;

#[cfg(test)]
mod tests;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::errors::ParquetError;
use parquet::schema::types::TypePtr;

use super::fields::Fields;
use super::judge::{Judged, Plan, Selection};
use super::output::{Output, OutputError, OutputFile, Outputs, hash_of, remove_parts};
use super::row::take_columns;
use super::run::{Job, ReadFile, ScanError, Tally, Watch, ahead, in_parallel};
use super::source::{Form, Source, SourceError};
use input::{Rows, Table};
use output::{Layout, Mended, TableWriter, parts};
use shape::Shape;

/// A run over Parquet files.
struct Run<'a, 't> {
    job: &'a Job<'a>,
    tally: &'t mut Tally<'a>,
    /// Once the first file was opened.
    begun: Option<Begun>,
    /// Until then.
    outputs: Vec<Output>,
}

struct Begun {
    columns: Vec<TypePtr>,
    shape: Shape,
    layout: Layout,
    writers: Vec<TableWriter>,
}

/// What is said of a row, and the texts that change in it.
type Said = Result<(Judged, Vec<Mended>), String>;

/// Scans Parquet files.
pub(super) fn run<'a>(
    job: &'a Job<'a>,
    tally: &mut Tally<'a>,
    watch: &mut dyn Watch,
) -> Result<(Vec<ReadFile>, Vec<OutputFile>), ScanError> {
    let outputs = Outputs::open(&job.target, Form::Parquet, job.hash, false, &[])?.apart();
    let parts = parts(&outputs);
    let mut run = Run { job, tally, begun: None, outputs };
    let all = || run.all(watch).and_then(|inputs| Ok((inputs, run.finish()?)));
    // The library that reads does not promise that no file makes it panic.
    let done = catch_unwind(AssertUnwindSafe(all)).unwrap_or(Err(ScanError::Broken));
    drop(run);
    if done.is_err() {
        remove_parts(&parts)?;
    }
    done
}

// === impl Run ===

impl Run<'_, '_> {
    fn all(&mut self, watch: &mut dyn Watch) -> Result<Vec<ReadFile>, ScanError> {
        let mut inputs = Vec::new();
        let mut before = 0;
        for source in self.job.sources {
            let (shown, bytes) = (source.shown(), source.size());
            let broken = |error| unreadable(&shown, error);
            let path = source.path.as_ref().ok_or(SourceError::ParquetStream)?;
            let mut table = Table::open(path).map_err(broken)?;
            if let Some((leaf, name)) = table.not_readable() {
                return Err(SourceError::Compression { shown, leaf, name }.into());
            }
            let mut begun = self.begin(&table, &shown)?;
            let (most, name) = (self.job.batch_rows, shown.clone());
            let next = move || table.next(most).map_err(|error| unreadable(&name, error));
            for rows in ahead(next) {
                let rows = rows?;
                self.batch(&mut begun, source, &rows, watch)?;
                #[expect(
                    clippy::cast_precision_loss,
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "how far a bar goes"
                )]
                let done = (bytes as f64 * rows.share) as u64;
                if watch.done(before + done).is_break() {
                    return Err(ScanError::Interrupted);
                }
            }
            self.begun = Some(begun);
            before += bytes;
            let hash = self.job.hash.then(|| hash_of(path)).transpose();
            let sha256 =
                hash.map_err(|error| SourceError::Unreadable { place: shown.clone(), error })?;
            inputs.push(ReadFile { shown, bytes, sha256 });
        }
        Ok(inputs)
    }

    /// Lays out the outputs by the first file; the others must have its columns.
    fn begin(&mut self, table: &Table, shown: &str) -> Result<Begun, ScanError> {
        let columns = table.schema().root_schema().get_fields();
        if let Some(begun) = self.begun.take() {
            if begun.columns != columns {
                return Err(ScanError::OtherColumns(shown.to_owned()));
            }
            return Ok(begun);
        }
        let fields: &Fields = self.job.plan.fields();
        let broken = |what| SourceError::Broken { place: shown.to_owned(), what };
        let shape = Shape::new(table.schema(), fields).map_err(broken)?;
        let annotate = self.job.plan.selection() == Selection::Annotate;
        let layout = Layout::new(table, annotate).map_err(|error| unreadable(shown, error))?;
        let outputs = std::mem::take(&mut self.outputs).into_iter();
        let writers: Result<Vec<_>, OutputError> =
            outputs.map(|output| TableWriter::new(output, &layout)).collect();
        Ok(Begun { columns: columns.to_vec(), shape, layout, writers: writers? })
    }

    fn batch(
        &mut self,
        begun: &mut Begun,
        source: &Source,
        rows: &Rows,
        watch: &mut dyn Watch,
    ) -> Result<(), ScanError> {
        let (plan, shape) = (self.job.plan, &begun.shape);
        let numbers: Vec<usize> = (0..rows.count).collect();
        let judge = |row: &usize| judge(plan, shape, rows, *row);
        let said: Vec<Said> = in_parallel(&numbers, self.job.jobs, judge)?;
        for (row, said) in said.into_iter().enumerate() {
            let (said, mended) = match said {
                Ok((judged, mended)) => (Ok(judged), mended),
                Err(what) => (Err(what), Vec::new()),
            };
            let line = rows.first + row as u64;
            let Some((output, judged)) = self.tally.settle(source, line, said, watch)? else {
                continue;
            };
            if let Some(writer) = begun.writers.get_mut(output) {
                let (layout, note) = (&begun.layout, judged.note.as_ref());
                writer.row(layout, &rows.columns, row, &mended, note)?;
            }
        }
        for writer in &mut begun.writers {
            writer.settle(&begun.layout)?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Vec<OutputFile>, ScanError> {
        let Some(Begun { layout, writers, .. }) = self.begun.take() else { return Ok(Vec::new()) };
        let files: Result<Vec<_>, OutputError> =
            writers.into_iter().map(|writer| writer.finish(&layout, self.job.hash)).collect();
        Ok(files?)
    }
}

fn judge(plan: &Plan, shape: &Shape, rows: &Rows, row: usize) -> Said {
    let assembled = shape.row(&rows.columns, row)?;
    let judged = take_columns(plan.fields(), &assembled.json, |parts, texts| {
        plan.judge(&assembled.json, parts, texts)
    })?;
    let stored = |(node, text): (usize, String)| {
        let at = assembled.texts.binary_search_by_key(&node, |stored| stored.node);
        let stored = at.ok().and_then(|at| assembled.texts.get(at));
        // A text that is not written back must not look as if it was.
        let stored = stored.ok_or_else(|| "a text of it has no place".to_owned())?;
        Ok((stored.leaf, stored.value, text))
    };
    let mended = judged.mended.iter().cloned().map(stored).collect::<Result<Vec<_>, String>>()?;
    Ok((judged, mended))
}

fn unreadable(shown: &str, error: ParquetError) -> SourceError {
    let place = shown.to_owned();
    match from_system(error) {
        Ok(error) => SourceError::Unreadable { place, error },
        Err(what) => SourceError::Broken { place, what },
    }
}

/// What the system said, or what is wrong with the file.
fn from_system(error: ParquetError) -> Result<io::Error, String> {
    let ParquetError::External(error) = error else { return Err(error.to_string()) };
    error.downcast::<io::Error>().map(|error| *error).map_err(|error| error.to_string())
}
