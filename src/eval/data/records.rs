//! Records of one source: JSON objects, whatever the form of the file.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use csv::{ByteRecord, ReaderBuilder};
use serde_json::{Map, Value};

use super::lines::{LONGEST_ROW, Line, next_line};
use super::sources::{DataError, Form};

/// A mark of byte order that some programs put before UTF-8.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// What stands in one place of the file: a record, or why there is none.
pub(super) type Record = Result<Map<String, Value>, String>;

/// The records of one source, with their line numbers.
pub(super) enum Records {
    Lines { input: Box<dyn BufRead>, line: u64 },
    Table { reader: Box<csv::Reader<Bounded>>, left: Rc<Cell<usize>>, header: Vec<String> },
}

// === impl Records ===

impl Records {
    /// The records of an input. The header of a table is read at once.
    pub(super) fn new(input: Box<dyn Read>, form: Form, shown: &str) -> Result<Self, DataError> {
        let delimiter = match form {
            Form::JsonLines => {
                return Ok(Self::Lines { input: Box::new(BufReader::new(input)), line: 0 });
            }
            Form::Csv => b',',
            Form::Tsv => b'\t',
        };
        let left = Rc::new(Cell::new(LONGEST_ROW));
        let bounded = Bounded { inner: input, left: Rc::clone(&left) };
        let mut reader =
            ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(bounded);
        let place = format!("{shown}:1");
        let names = reader.byte_headers().map_err(|error| broken(&place, error))?;
        let text = |name: &[u8]| String::from_utf8(name.strip_prefix(BOM).unwrap_or(name).to_vec());
        let header: Result<Vec<String>, _> = names.iter().map(text).collect();
        let header = header.map_err(|_| DataError::Broken {
            place,
            what: "the names of the columns are not UTF-8".to_owned(),
        })?;
        Ok(Self::Table { reader: Box::new(reader), left, header })
    }

    /// The next record with its line. `None` at the end.
    pub(super) fn next(&mut self, shown: &str) -> Result<Option<(u64, Record)>, DataError> {
        match self {
            Self::Lines { input, line } => next_object(input, line, shown),
            Self::Table { reader, left, header } => {
                left.set(LONGEST_ROW);
                let mut record = ByteRecord::new();
                let at = reader.position().line();
                let more = reader
                    .read_byte_record(&mut record)
                    .map_err(|error| broken(&format!("{shown}:{at}"), error))?;
                let at = record.position().map_or(at, csv::Position::line);
                Ok(more.then(|| (at, object(header, &record))))
            }
        }
    }
}

/// The next line that is not blank.
fn next_object(
    input: &mut Box<dyn BufRead>,
    number: &mut u64,
    shown: &str,
) -> Result<Option<(u64, Record)>, DataError> {
    loop {
        let place = || format!("{shown}:{}", *number + 1);
        let line =
            next_line(input).map_err(|error| DataError::Unreadable { place: place(), error })?;
        let Some(line) = line else { return Ok(None) };
        *number += 1;
        let Line::Whole(bytes) = line else {
            return Ok(Some((*number, Err(format!("longer than {LONGEST_ROW} bytes")))));
        };
        let bytes = if *number == 1 { bytes.strip_prefix(BOM).unwrap_or(&bytes) } else { &bytes };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let record = match serde_json::from_slice(bytes) {
            Ok(Value::Object(map)) => Ok(map),
            Ok(_) => Err("not a JSON object".to_owned()),
            Err(error) => Err(format!("not JSON: {}", without_line(&error))),
        };
        return Ok(Some((*number, record)));
    }
}

/// The message of a parser that has seen one line only, without its line number.
fn without_line(error: &serde_json::Error) -> String {
    error.to_string().replace("line 1 column", "column")
}

fn object(header: &[String], record: &ByteRecord) -> Record {
    if record.len() != header.len() {
        return Err(format!("{} values, and {} columns", record.len(), header.len()));
    }
    let mut map = Map::with_capacity(header.len());
    for (name, value) in header.iter().zip(record) {
        let text = std::str::from_utf8(value).map_err(|_| format!("`{name}` is not UTF-8"))?;
        let value = if text.is_empty() { Value::Null } else { Value::from(text) };
        map.insert(name.clone(), value);
    }
    Ok(map)
}

fn broken(place: &str, error: csv::Error) -> DataError {
    let (place, what) = (place.to_owned(), error.to_string());
    if let csv::ErrorKind::Io(error) = error.into_kind() {
        DataError::Unreadable { place, error }
    } else {
        DataError::Broken { place, what }
    }
}

/// Lets no record take more than its limit.
pub(super) struct Bounded {
    inner: Box<dyn Read>,
    left: Rc<Cell<usize>>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left.get() == 0 {
            let what = format!("a record longer than {LONGEST_ROW} bytes; is a quote not closed?");
            return Err(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        let count = self.inner.read(buffer)?;
        self.left.set(self.left.get().saturating_sub(count));
        Ok(count)
    }
}
