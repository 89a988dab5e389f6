//! Rows of CSV and TSV with the places of their values, so that one value can be changed and the others stay as they
//! are written; the `csv` library gives values without places.

use std::borrow::Cow;
use std::ops::Range;

/// The names of the columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The line as it is written.
    pub bytes: Vec<u8>,
    /// The end of the line.
    pub ending: &'static [u8],
    /// What separates values.
    pub delimiter: u8,
    /// The names.
    pub names: Vec<String>,
}

/// Finds values, byte by byte.
#[derive(Debug)]
pub(super) struct Splitter {
    delimiter: u8,
    state: State,
    start: usize,
    at: usize,
    cells: Vec<Range<usize>>,
    lone_return: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first byte of a value.
    Begin,
    Plain,
    Quoted,
    /// Behind a quote within quotes: the end, or the first of two.
    Quote,
}

// === impl Header ===

impl Header {
    pub(super) fn new(
        bytes: Vec<u8>,
        delimiter: u8,
        ending: &'static [u8],
    ) -> Result<Self, String> {
        let cells = cells(&bytes, delimiter)?;
        let name = |range: Range<usize>| {
            let name = value(bytes.get(range).unwrap_or_default());
            String::from_utf8(name.into_owned())
        };
        let names: Result<Vec<String>, _> = cells.into_iter().map(name).collect();
        let names = names.map_err(|_| "the names of the columns are not UTF-8".to_owned())?;
        let twice = names
            .iter()
            .enumerate()
            .find(|(at, name)| names.iter().take(*at).any(|one| one == *name));
        if let Some((_, name)) = twice {
            return Err(format!("the column `{name}` stands twice"));
        }
        Ok(Self { bytes, ending, delimiter, names })
    }

    /// Where the values of a row stand, one for each column.
    pub(super) fn split(&self, record: &[u8]) -> Result<Vec<Range<usize>>, String> {
        let cells = cells(record, self.delimiter)?;
        if cells.len() == self.names.len() {
            Ok(cells)
        } else {
            Err(format!("{} values, and {} columns", cells.len(), self.names.len()))
        }
    }
}

// === impl Splitter ===

impl Splitter {
    pub(super) fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            state: State::Begin,
            start: 0,
            at: 0,
            cells: Vec::new(),
            lone_return: false,
        }
    }

    /// Takes in more of the row.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let quoted = self.state == State::Quoted;
            if *byte == self.delimiter && !quoted {
                self.cells.push(self.start..self.at);
                self.start = self.at + 1;
                self.state = State::Begin;
            } else {
                self.lone_return |= *byte == b'\r' && !quoted;
                self.state = match (self.state, *byte) {
                    (State::Quoted, b'"') => State::Quote,
                    (State::Begin | State::Quote, b'"') | (State::Quoted, _) => State::Quoted,
                    (State::Begin | State::Plain | State::Quote, _) => State::Plain,
                };
            }
            self.at += 1;
        }
    }

    /// Whether a quote is open.
    pub(super) fn in_quotes(&self) -> bool {
        self.state == State::Quoted
    }

    fn finish(mut self) -> Result<Vec<Range<usize>>, String> {
        if self.in_quotes() {
            return Err("a quote is not closed".to_owned());
        }
        if self.lone_return {
            return Err(
                "a carriage return stands alone; some programs end the row there".to_owned()
            );
        }
        self.cells.push(self.start..self.at);
        Ok(self.cells)
    }
}

fn cells(record: &[u8], delimiter: u8) -> Result<Vec<Range<usize>>, String> {
    let mut splitter = Splitter::new(delimiter);
    splitter.push(record);
    splitter.finish()
}

/// What a value says.
pub(super) fn value(cell: &[u8]) -> Cow<'_, [u8]> {
    let Some(quoted) = cell.strip_prefix(b"\"") else { return Cow::Borrowed(cell) };
    let mut value = Vec::with_capacity(quoted.len());
    let (mut inside, mut bytes) = (true, quoted.iter().peekable());
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if inside && bytes.peek() == Some(&&b'"') => {
                bytes.next();
                value.push(b'"');
            }
            b'"' if inside => inside = false,
            _ => value.push(*byte),
        }
    }
    Cow::Owned(value)
}

/// A value as it is written; in quotes where it was, or where it must be.
pub(super) fn written(value: &str, was: &[u8], delimiter: u8) -> Vec<u8> {
    let special = |byte: u8| byte == delimiter || matches!(byte, b'"' | b'\r' | b'\n');
    if !was.starts_with(b"\"") && !value.bytes().any(special) {
        return value.as_bytes().to_vec();
    }
    format!("\"{}\"", value.replace('"', "\"\"")).into_bytes()
}
