//! Rows of one source as bytes, one at a time, none longer than its limit.

use std::io::{self, BufRead as _, BufReader, Read};

use super::array::{Array, Element};
use super::source::{Form, Meter, Source, SourceError};
use super::table::{Header, Splitter};

/// The most bytes of one row.
pub const LONGEST_ROW: usize = 4 << 20;
/// A mark of byte order that some programs put before UTF-8.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// What stands in one place of a source.
#[derive(Debug)]
pub(super) struct Record {
    /// The line that it begins in, from 1.
    pub line: u64,
    /// Its bytes without the end of the line; or why there are none.
    pub bytes: Result<Vec<u8>, String>,
    /// The end of its line as it came; empty where it has none.
    pub ending: &'static [u8],
}

/// How far a source was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Offset {
    /// Unpacked bytes.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
}

/// Reads the rows of a source.
pub(super) struct Reader {
    input: BufReader<Box<dyn Read + Send>>,
    shown: String,
    form: Form,
    at: Offset,
    /// Behind the last row: what stands behind it is read again by whoever goes on.
    behind_row: Offset,
    array: Array,
    /// The names of a table.
    pub header: Option<Header>,
}

/// One line.
enum Line {
    Whole(Vec<u8>, &'static [u8]),
    /// The rest of it was passed over.
    TooLong,
}

// === impl Reader ===

impl Reader {
    /// Opens a source. The header of a table is read at once.
    pub(super) fn open(source: &Source, meter: &Meter) -> Result<Self, SourceError> {
        let mut reader = Self {
            input: source.open(meter)?,
            shown: source.shown(),
            form: source.form,
            at: Offset::default(),
            behind_row: Offset::default(),
            array: Array::default(),
            header: None,
        };
        if let Some(delimiter) = source.form.delimiter()
            && let Some(record) = reader.next_table(delimiter)?
        {
            let header =
                record.bytes.and_then(|bytes| Header::new(bytes, delimiter, record.ending));
            reader.header = Some(header.map_err(|what| reader.broken(&what))?);
        }
        Ok(reader)
    }

    /// Passes over what was read before.
    pub(super) fn skip_to(&mut self, offset: Offset) -> Result<(), SourceError> {
        let Some(more) = offset.bytes.checked_sub(self.at.bytes) else { return Ok(()) };
        let mut rest = self.input.by_ref().take(more);
        let skipped = io::copy(&mut rest, &mut io::sink());
        if skipped.map_err(|error| self.unreadable(error))? < more {
            return Err(self.broken("shorter than when it was read before"));
        }
        self.at = offset;
        self.behind_row = offset;
        self.array.skip_first(more);
        Ok(())
    }

    /// Where the last row ends.
    pub(super) fn offset(&self) -> Offset {
        self.behind_row
    }

    /// Whether the next row has not arrived as a whole, so that asking for it may wait.
    pub(super) fn may_wait(&self) -> bool {
        match self.form {
            Form::JsonArray => self.input.buffer().is_empty(),
            Form::JsonLines | Form::Csv | Form::Tsv | Form::Text | Form::Parquet => {
                memchr::memchr(b'\n', self.input.buffer()).is_none()
            }
        }
    }

    /// The next row. `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Record>, SourceError> {
        let record = match (self.form, self.form.delimiter()) {
            (Form::JsonArray, _) => self.next_element(),
            (_, Some(delimiter)) => self.next_table(delimiter),
            _ => self.next_text(),
        }?;
        if record.is_some() {
            self.behind_row = self.at;
        }
        Ok(record)
    }

    fn next_text(&mut self) -> Result<Option<Record>, SourceError> {
        loop {
            let Some(line) = self.line()? else { return Ok(None) };
            let number = self.at.lines;
            let (bytes, ending) = match line {
                Line::TooLong => (Err(too_long()), &b""[..]),
                Line::Whole(bytes, _) if bytes.iter().all(u8::is_ascii_whitespace) => continue,
                Line::Whole(bytes, ending) => (Ok(bytes), ending),
            };
            return Ok(Some(Record { line: number, bytes, ending }));
        }
    }

    /// A row of a table may have line ends within quotes.
    fn next_table(&mut self, delimiter: u8) -> Result<Option<Record>, SourceError> {
        let mut splitter = Splitter::new(delimiter);
        let mut record: Option<Record> = None;
        while let Some(line) = self.line()? {
            let number = self.at.lines;
            let Line::Whole(bytes, ending) = line else {
                if record.is_some() {
                    return Err(self.broken(&format!("{}; is a quote not closed?", too_long())));
                }
                return Ok(Some(Record { line: number, bytes: Err(too_long()), ending: b"" }));
            };
            if record.is_none() && bytes.is_empty() {
                continue;
            }
            let so_far = record.get_or_insert_with(|| Record {
                line: number,
                bytes: Ok(Vec::new()),
                ending,
            });
            let Ok(whole) = &mut so_far.bytes else { break };
            splitter.push(&bytes);
            whole.extend_from_slice(&bytes);
            so_far.ending = ending;
            if !splitter.in_quotes() || ending.is_empty() {
                break;
            }
            splitter.push(ending);
            whole.extend_from_slice(ending);
            so_far.ending = b"";
            if whole.len() > LONGEST_ROW {
                return Err(self.broken(&format!("{}; is a quote not closed?", too_long())));
            }
        }
        Ok(record)
    }

    fn next_element(&mut self) -> Result<Option<Record>, SourceError> {
        let element = self.array.next(&mut self.input, &mut self.at);
        match element {
            Ok(None) => Ok(None),
            Ok(Some((line, Element::Whole(bytes)))) => {
                Ok(Some(Record { line, bytes: Ok(bytes), ending: b"" }))
            }
            Ok(Some((line, Element::TooLong))) => {
                Ok(Some(Record { line, bytes: Err(too_long()), ending: b"" }))
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                self.at.lines += 1;
                Err(self.broken(&error.to_string()))
            }
            Err(error) => Err(self.unreadable(error)),
        }
    }

    /// Reads up to the next line end. `None` at the end of the input.
    fn line(&mut self) -> Result<Option<Line>, SourceError> {
        let mut line = Vec::new();
        let most = LONGEST_ROW as u64 + 2;
        let read = self.input.by_ref().take(most).read_until(b'\n', &mut line);
        self.at.bytes += read.map_err(|error| self.unreadable(error))? as u64;
        if line.is_empty() {
            return Ok(None);
        }
        self.at.lines += 1;
        let mut ending: &'static [u8] = b"";
        if line.last() == Some(&b'\n') {
            line.pop();
            ending = b"\n";
            if line.last() == Some(&b'\r') {
                line.pop();
                ending = b"\r\n";
            }
        }
        if line.len() > LONGEST_ROW {
            if ending.is_empty() {
                self.skip_line()?;
            }
            return Ok(Some(Line::TooLong));
        }
        if self.at.lines == 1 && line.starts_with(BOM) {
            line.drain(..BOM.len());
        }
        Ok(Some(Line::Whole(line, ending)))
    }

    fn skip_line(&mut self) -> Result<(), SourceError> {
        loop {
            let skipped = self.input.fill_buf().map(|buffer| {
                let end = memchr::memchr(b'\n', buffer);
                end.map_or((buffer.len(), buffer.is_empty()), |end| (end + 1, true))
            });
            let (passed, done) = skipped.map_err(|error| self.unreadable(error))?;
            self.input.consume(passed);
            self.at.bytes += passed as u64;
            if done {
                return Ok(());
            }
        }
    }

    fn unreadable(&self, error: io::Error) -> SourceError {
        SourceError::Unreadable { place: format!("{}:{}", self.shown, self.at.lines + 1), error }
    }

    fn broken(&self, what: &str) -> SourceError {
        let place = format!("{}:{}", self.shown, self.at.lines.max(1));
        SourceError::Broken { place, what: what.to_owned() }
    }
}

/// What is wrong with a row that is longer than [`LONGEST_ROW`].
pub(super) fn too_long() -> String {
    format!("longer than {LONGEST_ROW} bytes")
}
