//! Parquet files with the schema of the input, row group by row group.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{SchemaDescriptor, Type, TypePtr};

use super::super::judge::{MEMBER, Note};
use super::super::output::{Output, OutputError, OutputFile};
use super::from_system;
use super::input::Table;
use super::values::{Column, Levels};

/// Bytes of values from which on a row group is written.
const GROUP_BYTES: usize = 64 << 20;
/// Rows from which on a row group is written.
const GROUP_ROWS: usize = 1 << 20;

/// What `annotate` adds.
const NOTE: &str = "message row { required group tidegate {
    required binary action (STRING);
    required group rules (LIST) { repeated group list { required binary element (STRING); } }
    required group categories (LIST) { repeated group list { required binary element (STRING); } }
    required group spans (LIST) { repeated group list { required group element (LIST) {
        repeated group list { required int64 element; } } } }
    required group fields (LIST) { repeated group list { required binary element (STRING); } }
    required boolean unscannable;
} }";

/// The columns of all outputs.
pub(super) struct Layout {
    schema: TypePtr,
    leaves: SchemaDescriptor,
    /// Leaves of the input that are written, in their order; those of the note follow.
    taken: Vec<usize>,
    properties: Arc<WriterProperties>,
}

/// One output.
pub(super) struct TableWriter {
    writer: SerializedFileWriter<Through>,
    /// What is shown of it in complaints.
    name: String,
    /// Rows that wait for their row group to be full.
    waiting: Vec<Column>,
    rows: u64,
}

/// A text of a row that is written in place of its own: leaf, value and text.
pub(super) type Mended = (usize, usize, String);

/// Lets the Parquet library write into an output.
struct Through(Output);

// === impl Layout ===

impl Layout {
    /// The columns of a table, with a note or without.
    pub(super) fn new(table: &Table, annotate: bool) -> Result<Self, ParquetError> {
        let schema = table.schema();
        let is_note = |leaf: &usize| annotate && schema.get_column_root(*leaf).name() == MEMBER;
        let taken: Vec<usize> = (0..schema.num_columns()).filter(|leaf| !is_note(leaf)).collect();
        let mut fields = schema.root_schema().get_fields().to_vec();
        if annotate {
            fields.retain(|field| field.name() != MEMBER);
            fields.extend_from_slice(parse_message_type(NOTE)?.get_fields());
        }
        let root = Type::group_type_builder(schema.name()).with_fields(fields).build()?;
        let root = Arc::new(root);
        let leaves = SchemaDescriptor::new(Arc::clone(&root));
        // What other programs noted of the columns does not fit any more when there is one more.
        let notes = table.notes().filter(|_| !annotate).cloned();
        let of_input = table.compressions();
        let mut properties = WriterProperties::builder()
            .set_created_by(format!("tidegate version {}", env!("CARGO_PKG_VERSION")))
            .set_key_value_metadata(notes)
            .set_compression(of_input.first().copied().unwrap_or(Compression::SNAPPY));
        for (leaf, taken) in leaves.columns().iter().zip(&taken) {
            if let Some(compression) = of_input.get(*taken) {
                properties = properties.set_column_compression(leaf.path().clone(), *compression);
            }
        }
        Ok(Self { schema: root, leaves, taken, properties: Arc::new(properties.build()) })
    }

    /// Columns without rows.
    fn empty(&self) -> Vec<Column> {
        self.leaves.columns().iter().map(|leaf| Column::new(leaf)).collect()
    }
}

// === impl TableWriter ===

impl TableWriter {
    /// Begins a file.
    pub(super) fn new(output: Output, layout: &Layout) -> Result<Self, OutputError> {
        let name = output.name();
        let (schema, properties) = (Arc::clone(&layout.schema), Arc::clone(&layout.properties));
        let writer = SerializedFileWriter::new(Through(output), schema, properties)
            .map_err(|error| unwritable(&name, error))?;
        Ok(Self { writer, name, waiting: layout.empty(), rows: 0 })
    }

    /// Adds a row.
    pub(super) fn row(
        &mut self,
        layout: &Layout,
        from: &[Column],
        row: usize,
        mended: &[Mended],
        note: Option<&Note>,
    ) -> Result<(), OutputError> {
        let mut waiting = self.waiting.iter_mut();
        for (leaf, column) in layout.taken.iter().zip(waiting.by_ref()) {
            let Some(from) = from.get(*leaf) else { continue };
            let own: Vec<(usize, &str)> = mended
                .iter()
                .filter(|(of, ..)| of == leaf)
                .map(|(_, value, text)| (*value, text.as_str()))
                .collect();
            column.append_row(from, row, &own).map_err(|error| unwritable(&self.name, error))?;
        }
        if let Some(note) = note {
            add_note(note, waiting);
        }
        self.rows += 1;
        Ok(())
    }

    /// Writes what waits when it is much.
    pub(super) fn settle(&mut self, layout: &Layout) -> Result<(), OutputError> {
        let rows = self.waiting.first().map_or(0, Column::rows);
        let bytes: usize = self.waiting.iter().map(Column::bytes).sum();
        if bytes >= GROUP_BYTES || rows >= GROUP_ROWS { self.write(layout) } else { Ok(()) }
    }

    fn write(&mut self, layout: &Layout) -> Result<(), OutputError> {
        let waiting = std::mem::replace(&mut self.waiting, layout.empty());
        if waiting.first().is_none_or(|column| column.rows() == 0) {
            return Ok(());
        }
        let written = write_group(&mut self.writer, waiting);
        written.map_err(|error| unwritable(&self.name, error))
    }

    /// Ends the file and gives it its name.
    pub(super) fn finish(mut self, layout: &Layout, hash: bool) -> Result<OutputFile, OutputError> {
        self.write(layout)?;
        let output = self.writer.into_inner().map_err(|error| unwritable(&self.name, error))?;
        output.0.finish(self.rows, hash)
    }
}

fn write_group(
    writer: &mut SerializedFileWriter<Through>,
    waiting: Vec<Column>,
) -> Result<(), ParquetError> {
    let mut group = writer.next_row_group()?;
    for column in waiting {
        let Some(mut leaf) = group.next_column()? else { break };
        column.write(leaf.untyped())?;
        leaf.close()?;
    }
    group.close()?;
    Ok(())
}

/// Adds what was found to the leaves of [`NOTE`], in their order.
fn add_note<'c>(note: &Note, mut leaves: impl Iterator<Item = &'c mut Column>) {
    let rules: Vec<&str> = note.rules.iter().map(AsRef::as_ref).collect();
    let categories: Vec<&str> = note.categories.iter().map(String::as_str).collect();
    let fields: Vec<&str> = note.fields.iter().map(String::as_str).collect();
    if let Some(column) = leaves.next() {
        one(column, |column| column.push_value(note.action.as_str().as_bytes()));
    }
    for texts in [&rules, &categories] {
        if let Some(column) = leaves.next() {
            list(column, texts, |column, text| column.push_value(text.as_bytes()));
        }
    }
    if let Some(column) = leaves.next() {
        spans(column, &note.spans);
    }
    if let Some(column) = leaves.next() {
        list(column, &fields, |column, text| column.push_value(text.as_bytes()));
    }
    if let Some(column) = leaves.next() {
        one(column, |column| column.push_flag(note.unscannable));
    }
}

fn one(column: &mut Column, push: impl FnOnce(&mut Column)) {
    let before = column.count();
    column.push_levels(Levels { defined: 0, repeated: 0 });
    push(column);
    column.end_row(before);
}

fn list<T>(column: &mut Column, all: &[T], push: impl Fn(&mut Column, &T)) {
    let before = column.count();
    if all.is_empty() {
        column.push_levels(Levels { defined: 0, repeated: 0 });
    }
    for (index, one) in all.iter().enumerate() {
        column.push_levels(Levels { defined: 1, repeated: i16::from(index > 0) });
        push(column, one);
    }
    column.end_row(before);
}

fn spans(column: &mut Column, spans: &[[usize; 2]]) {
    let before = column.count();
    if spans.is_empty() {
        column.push_levels(Levels { defined: 0, repeated: 0 });
    }
    for (index, span) in spans.iter().enumerate() {
        for (edge, at) in span.iter().enumerate() {
            let repeated = if edge > 0 { 2 } else { i16::from(index > 0) };
            column.push_levels(Levels { defined: 2, repeated });
            column.push_number(i64::try_from(*at).unwrap_or(i64::MAX));
        }
    }
    column.end_row(before);
}

// === impl Through ===

impl Write for Through {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(into_io)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush(false).map_err(into_io)
    }
}

fn into_io(error: OutputError) -> io::Error {
    match error {
        OutputError::Gone => io::ErrorKind::BrokenPipe.into(),
        OutputError::Unwritable { error, .. } => error,
        OutputError::OtherRun(_) => io::Error::other(error),
    }
}

fn unwritable(name: &str, error: ParquetError) -> OutputError {
    let error = from_system(error).unwrap_or_else(io::Error::other);
    if error.kind() == io::ErrorKind::BrokenPipe {
        return OutputError::Gone;
    }
    OutputError::Unwritable { path: name.to_owned(), error }
}

/// The files that are not whole yet.
pub(super) fn parts(outputs: &[Output]) -> Vec<PathBuf> {
    outputs.iter().filter_map(Output::part).collect()
}
