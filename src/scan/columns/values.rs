//! The values of one leaf of the schema for some rows, as Parquet stores them: the values that are there, and for each
//! place how much of its path is there (its *definition* level) and which list goes on (its *repetition* level).

use std::ops::Range;

use parquet::basic::Type as Physical;
use parquet::column::reader::ColumnReader;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::errors::{ParquetError, Result};
use parquet::schema::types::ColumnDescriptor;

/// Values of any type that Parquet stores.
#[derive(Debug)]
enum Values {
    Bool(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Int96(Vec<Int96>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Bytes(Vec<ByteArray>),
    Fixed(Vec<FixedLenByteArray>),
}

/// A leaf of the schema for some rows.
#[derive(Debug)]
pub(super) struct Column {
    /// The level of a value that is there.
    most_defined: i16,
    most_repeated: i16,
    /// None where everything is there.
    defined: Vec<i16>,
    /// None outside lists.
    repeated: Vec<i16>,
    values: Values,
    /// Where each row begins, and behind the last where they end.
    starts: Vec<Cursor>,
    bytes: usize,
}

/// A place in a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Places that may hold a value, before it.
    pub place: usize,
    /// Values before it.
    pub value: usize,
}

/// What a place says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Levels {
    pub defined: i16,
    pub repeated: i16,
}

// === impl Values ===

impl Values {
    fn new(kind: Physical) -> Self {
        match kind {
            Physical::BOOLEAN => Self::Bool(Vec::new()),
            Physical::INT32 => Self::Int32(Vec::new()),
            Physical::INT64 => Self::Int64(Vec::new()),
            Physical::INT96 => Self::Int96(Vec::new()),
            Physical::FLOAT => Self::Float(Vec::new()),
            Physical::DOUBLE => Self::Double(Vec::new()),
            Physical::BYTE_ARRAY => Self::Bytes(Vec::new()),
            Physical::FIXED_LEN_BYTE_ARRAY => Self::Fixed(Vec::new()),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Bool(values) => values.len(),
            Self::Int32(values) => values.len(),
            Self::Int64(values) => values.len(),
            Self::Int96(values) => values.len(),
            Self::Float(values) => values.len(),
            Self::Double(values) => values.len(),
            Self::Bytes(values) => values.len(),
            Self::Fixed(values) => values.len(),
        }
    }

    /// The memory of the values from this one on.
    fn bytes(&self, from: usize) -> usize {
        let of = |size: usize, count: usize| size * count.saturating_sub(from);
        match self {
            Self::Bool(values) => of(size_of::<bool>(), values.len()),
            Self::Int32(values) => of(size_of::<i32>(), values.len()),
            Self::Int64(values) => of(size_of::<i64>(), values.len()),
            Self::Int96(values) => of(size_of::<Int96>(), values.len()),
            Self::Float(values) => of(size_of::<f32>(), values.len()),
            Self::Double(values) => of(size_of::<f64>(), values.len()),
            Self::Bytes(values) => {
                let texts: usize = values.iter().skip(from).map(ByteArray::len).sum();
                texts + of(size_of::<ByteArray>(), values.len())
            }
            Self::Fixed(values) => {
                let texts: usize = values.iter().skip(from).map(|value| value.len()).sum();
                texts + of(size_of::<FixedLenByteArray>(), values.len())
            }
        }
    }

    /// Adds values of another of the same kind. Bytes are copied, so that no page stays for the sake of one of its values.
    fn append(&mut self, from: &Self, range: Range<usize>) -> Result<()> {
        match (self, from) {
            (Self::Bool(to), Self::Bool(from)) => to.extend_from_slice(part(from, range)?),
            (Self::Int32(to), Self::Int32(from)) => to.extend_from_slice(part(from, range)?),
            (Self::Int64(to), Self::Int64(from)) => to.extend_from_slice(part(from, range)?),
            (Self::Int96(to), Self::Int96(from)) => to.extend_from_slice(part(from, range)?),
            (Self::Float(to), Self::Float(from)) => to.extend_from_slice(part(from, range)?),
            (Self::Double(to), Self::Double(from)) => to.extend_from_slice(part(from, range)?),
            (Self::Bytes(to), Self::Bytes(from)) => {
                to.extend(part(from, range)?.iter().map(|value| ByteArray::from(value.data())));
            }
            (Self::Fixed(to), Self::Fixed(from)) => {
                to.extend(part(from, range)?.iter().map(|value| value.data().to_vec().into()));
            }
            _ => return Err(mismatch()),
        }
        Ok(())
    }
}

// === impl Column ===

impl Column {
    /// A leaf without rows.
    pub(super) fn new(leaf: &ColumnDescriptor) -> Self {
        Self {
            most_defined: leaf.max_def_level(),
            most_repeated: leaf.max_rep_level(),
            defined: Vec::new(),
            repeated: Vec::new(),
            values: Values::new(leaf.physical_type()),
            starts: vec![Cursor::default()],
            bytes: 0,
        }
    }

    /// How many rows there are.
    pub(super) fn rows(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Where a row begins, and where it ends.
    pub(super) fn row(&self, row: usize) -> Option<(Cursor, Cursor)> {
        Some((*self.starts.get(row)?, *self.starts.get(row + 1)?))
    }

    /// What a place says.
    pub(super) fn levels(&self, place: usize) -> Levels {
        Levels {
            defined: self.defined.get(place).copied().unwrap_or(self.most_defined),
            repeated: self.repeated.get(place).copied().unwrap_or(0),
        }
    }

    /// Whether a value is there.
    pub(super) fn is_there(&self, defined: i16) -> bool {
        defined == self.most_defined
    }

    /// The bytes of a value; `None` for one of another kind.
    pub(super) fn text(&self, value: usize) -> Option<&[u8]> {
        match &self.values {
            Values::Bytes(values) => values.get(value).map(ByteArray::data),
            Values::Bool(_)
            | Values::Int32(_)
            | Values::Int64(_)
            | Values::Int96(_)
            | Values::Float(_)
            | Values::Double(_)
            | Values::Fixed(_) => None,
        }
    }

    /// Reads so many rows more, or as many as there are.
    pub(super) fn read(&mut self, reader: &mut ColumnReader, rows: usize) -> Result<()> {
        let before = self.values.len();
        let levels = (Some(&mut self.defined), Some(&mut self.repeated));
        macro_rules! read {
            ($reader:ident, $values:ident) => {
                $reader.read_records(rows, levels.0, levels.1, $values)?
            };
        }
        match (reader, &mut self.values) {
            (ColumnReader::BoolColumnReader(one), Values::Bool(values)) => read!(one, values),
            (ColumnReader::Int32ColumnReader(one), Values::Int32(values)) => read!(one, values),
            (ColumnReader::Int64ColumnReader(one), Values::Int64(values)) => read!(one, values),
            (ColumnReader::Int96ColumnReader(one), Values::Int96(values)) => read!(one, values),
            (ColumnReader::FloatColumnReader(one), Values::Float(values)) => read!(one, values),
            (ColumnReader::DoubleColumnReader(one), Values::Double(values)) => read!(one, values),
            (ColumnReader::ByteArrayColumnReader(one), Values::Bytes(values)) => read!(one, values),
            (ColumnReader::FixedLenByteArrayColumnReader(one), Values::Fixed(values)) => {
                read!(one, values)
            }
            _ => return Err(mismatch()),
        };
        self.bytes += self.values.bytes(before);
        self.find_rows()
    }

    /// Finds where the rows begin that were not there before. A torn file may have levels that its schema has not.
    fn find_rows(&mut self) -> Result<()> {
        let places = self.places();
        let Some(mut at) = self.starts.pop() else { return Err(mismatch()) };
        let before = at.place;
        while at.place < places {
            let Levels { defined, repeated } = self.levels(at.place);
            let known = (0..=self.most_defined).contains(&defined)
                && (0..=self.most_repeated).contains(&repeated);
            if !known {
                return Err(mismatch());
            }
            if repeated == 0 {
                self.starts.push(at);
            }
            at.value += usize::from(self.is_there(defined));
            at.place += 1;
        }
        self.starts.push(at);
        self.bytes += (at.place - before) * (size_of::<Cursor>() + 2 * size_of::<i16>());
        if at.value == self.values.len() { Ok(()) } else { Err(mismatch()) }
    }

    fn places(&self) -> usize {
        let of_levels = self.defined.len().max(self.repeated.len());
        if self.most_defined > 0 || self.most_repeated > 0 { of_levels } else { self.values.len() }
    }

    /// Adds a row of another column of the same leaf, with these texts in the place of its own (by their values).
    pub(super) fn append_row(
        &mut self,
        from: &Self,
        row: usize,
        mended: &[(usize, &str)],
    ) -> Result<()> {
        let (start, end) = from.row(row).ok_or_else(mismatch)?;
        let before = self.values.len();
        if self.most_defined > 0 {
            self.defined.extend_from_slice(part(&from.defined, start.place..end.place)?);
        }
        if self.most_repeated > 0 {
            self.repeated.extend_from_slice(part(&from.repeated, start.place..end.place)?);
        }
        let mut at = start.value;
        for (value, text) in mended {
            self.values.append(&from.values, at..*value)?;
            self.push_value(text.as_bytes());
            at = value + 1;
        }
        self.values.append(&from.values, at..end.value)?;
        self.end_row(before);
        Ok(())
    }

    /// Adds a place of the row that is being built.
    pub(super) fn push_levels(&mut self, levels: Levels) {
        if self.most_defined > 0 {
            self.defined.push(levels.defined);
        }
        if self.most_repeated > 0 {
            self.repeated.push(levels.repeated);
        }
    }

    /// Adds a text; its place is added apart.
    pub(super) fn push_value(&mut self, text: &[u8]) {
        if let Values::Bytes(values) = &mut self.values {
            values.push(ByteArray::from(text));
        }
    }

    /// Adds a number; its place is added apart.
    pub(super) fn push_number(&mut self, number: i64) {
        if let Values::Int64(values) = &mut self.values {
            values.push(number);
        }
    }

    /// Adds a truth value; its place is added apart.
    pub(super) fn push_flag(&mut self, flag: bool) {
        if let Values::Bool(values) = &mut self.values {
            values.push(flag);
        }
    }

    /// Ends the row that is being built; `before` values were there when it began.
    pub(super) fn end_row(&mut self, before: usize) {
        self.bytes += self.values.bytes(before);
        let end = Cursor { place: self.places(), value: self.values.len() };
        let began = self.starts.last().copied().unwrap_or_default();
        self.bytes += (end.place - began.place) * 2 * size_of::<i16>() + size_of::<Cursor>();
        self.starts.push(end);
    }

    /// How many values there are.
    pub(super) fn count(&self) -> usize {
        self.values.len()
    }

    /// Writes all rows.
    pub(super) fn write(&self, writer: &mut ColumnWriter<'_>) -> Result<()> {
        let defined = (self.most_defined > 0).then_some(self.defined.as_slice());
        let repeated = (self.most_repeated > 0).then_some(self.repeated.as_slice());
        macro_rules! write {
            ($writer:ident, $values:ident) => {
                $writer.write_batch($values, defined, repeated)?
            };
        }
        let written = match (writer, &self.values) {
            (ColumnWriter::BoolColumnWriter(one), Values::Bool(values)) => write!(one, values),
            (ColumnWriter::Int32ColumnWriter(one), Values::Int32(values)) => write!(one, values),
            (ColumnWriter::Int64ColumnWriter(one), Values::Int64(values)) => write!(one, values),
            (ColumnWriter::Int96ColumnWriter(one), Values::Int96(values)) => write!(one, values),
            (ColumnWriter::FloatColumnWriter(one), Values::Float(values)) => write!(one, values),
            (ColumnWriter::DoubleColumnWriter(one), Values::Double(values)) => write!(one, values),
            (ColumnWriter::ByteArrayColumnWriter(one), Values::Bytes(values)) => {
                write!(one, values)
            }
            (ColumnWriter::FixedLenByteArrayColumnWriter(one), Values::Fixed(values)) => {
                write!(one, values)
            }
            _ => return Err(mismatch()),
        };
        if written == self.values.len() { Ok(()) } else { Err(mismatch()) }
    }
}

fn part<T>(all: &[T], range: Range<usize>) -> Result<&[T]> {
    all.get(range).ok_or_else(mismatch)
}

/// The file says of itself what does not fit together.
fn mismatch() -> ParquetError {
    ParquetError::General("the levels and values of a column do not fit together".to_owned())
}
