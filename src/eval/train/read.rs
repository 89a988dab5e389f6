//! Labelled texts: JSON Lines, plain or compressed with gzip.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::{Deserialize, Deserializer};
use thiserror::Error;

/// A line of more bytes is a bad row.
const LINE_LIMIT_BYTES: u64 = 1 << 20;
/// More rows are not read into memory.
const ROW_LIMIT: usize = 4_000_000;
/// More files are not opened.
const FILE_LIMIT: usize = 10_000;
/// So many bad rows are told one by one; the others are counted.
pub(super) const BAD_ROWS_TOLD: usize = 50;
/// The most texts that one row stands for.
const MOST_WEIGHT: f64 = 1e6;

/// A labelled text.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Row {
    /// The text.
    pub text: String,
    /// Language tag, `xx` where nobody knows.
    #[serde(default = "unknown_language")]
    pub lang: String,
    /// Where it comes from.
    #[serde(default)]
    pub source: String,
    /// `prompt` or `completion`.
    #[serde(default)]
    pub role: String,
    /// Whether each category applies; absent and none where nobody has said.
    #[serde(deserialize_with = "labels")]
    pub labels: BTreeMap<String, Option<bool>>,
    /// How many texts like it there were, where only some of them were labelled.
    #[serde(default = "one")]
    pub weight: f64,
}

/// A row that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// Why texts could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// A file or folder cannot be read.
    #[error("cannot read {path}: {error}")]
    Io {
        /// The path.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// There is nothing to read.
    #[error("{path} has no file that ends in .jsonl or .jsonl.gz")]
    Nothing {
        /// The folder.
        path: PathBuf,
    },
    /// There is more than can be held.
    #[error("more than {most} {what}: train on a part of them")]
    TooMany {
        /// What.
        what: &'static str,
        /// The most.
        most: usize,
    },
    /// A row is bad, and none may be.
    #[error("{path}:{line}: {reason}", path = .0.path.display(), line = .0.line, reason = .0.reason)]
    Bad(BadRow),
}

/// Reads files and folders into rows.
#[derive(Debug, Default)]
pub struct Reader {
    /// Whether the first bad row is an error.
    pub strict: bool,
    /// The rows that could be used.
    pub rows: Vec<Row>,
    /// The first bad rows.
    pub bad: Vec<BadRow>,
    /// How many bad rows there are.
    pub bad_count: usize,
    /// How many lines were read; blank ones do not count.
    pub lines: u64,
}

impl Reader {
    /// Reads a file, or all `.jsonl` and `.jsonl.gz` files of a folder in the order of their names.
    ///
    /// # Errors
    ///
    /// What cannot be opened or read; a bad row only where [`Reader::strict`] says so.
    pub fn read(&mut self, path: &Path) -> Result<(), ReadError> {
        let failed = |error| ReadError::Io { path: path.to_owned(), error };
        if !std::fs::metadata(path).map_err(failed)?.is_dir() {
            return self.file(path);
        }
        let mut files = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            if is_data(&file) {
                files.push(file);
            }
            if files.len() > FILE_LIMIT {
                return Err(ReadError::TooMany { what: "files", most: FILE_LIMIT });
            }
        }
        if files.is_empty() {
            return Err(ReadError::Nothing { path: path.to_owned() });
        }
        files.sort_unstable();
        files.iter().try_for_each(|file| self.file(file))
    }

    fn file(&mut self, path: &Path) -> Result<(), ReadError> {
        let failed = |error| ReadError::Io { path: path.to_owned(), error };
        let file = File::open(path).map_err(failed)?;
        if path.extension().is_some_and(|ending| ending == "gz") {
            self.lines(BufReader::new(MultiGzDecoder::new(file)), path)
        } else {
            self.lines(BufReader::new(file), path)
        }
    }

    /// Reads lines of `path` from `input`.
    fn lines(&mut self, mut input: impl BufRead, path: &Path) -> Result<(), ReadError> {
        let mut bytes = Vec::new();
        for line in 1_u64.. {
            bytes.clear();
            let failed = |error| ReadError::Io { path: path.to_owned(), error };
            input.by_ref().take(LINE_LIMIT_BYTES).read_until(b'\n', &mut bytes).map_err(failed)?;
            let Some(&last) = bytes.last() else { break };
            let too_long = last != b'\n' && bytes.len() as u64 == LINE_LIMIT_BYTES;
            if too_long {
                skip_line(&mut input).map_err(failed)?;
            } else if bytes.trim_ascii().is_empty() {
                continue;
            }
            self.lines += 1;
            match if too_long {
                Err("the line is longer than 1 MiB".to_owned())
            } else {
                row(&bytes)
            } {
                Ok(row) if self.rows.len() < ROW_LIMIT => self.rows.push(row),
                Ok(_) => return Err(ReadError::TooMany { what: "rows", most: ROW_LIMIT }),
                Err(reason) => self.note(BadRow { path: path.to_owned(), line, reason })?,
            }
        }
        Ok(())
    }

    fn note(&mut self, bad: BadRow) -> Result<(), ReadError> {
        if self.strict {
            return Err(ReadError::Bad(bad));
        }
        self.bad_count += 1;
        if self.bad.len() < BAD_ROWS_TOLD {
            self.bad.push(bad);
        }
        Ok(())
    }
}

fn is_data(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    (name.ends_with(".jsonl") || name.ends_with(".jsonl.gz")) && path.is_file()
}

fn row(bytes: &[u8]) -> Result<Row, String> {
    let row: Row = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if row.text.trim().is_empty() {
        return Err("the text is empty".to_owned());
    }
    if !(row.weight > 0.0 && row.weight <= MOST_WEIGHT) {
        return Err(format!("`weight` is above 0 and at most {MOST_WEIGHT}"));
    }
    Ok(row)
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let (used, ended) = match memchr::memchr(b'\n', buffer) {
            Some(at) => (at + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(used);
        if ended {
            return Ok(());
        }
    }
}

const fn one() -> f64 {
    1.0
}

fn unknown_language() -> String {
    "xx".to_owned()
}

/// Labels as 0 and 1, false and true, or null.
fn labels<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Option<bool>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Word(bool),
        Number(f64),
    }
    let written = BTreeMap::<String, Option<Written>>::deserialize(from)?;
    let told = |(name, value): (String, Option<Written>)| match value {
        None => Ok((name, None)),
        Some(Written::Word(word)) => Ok((name, Some(word))),
        Some(Written::Number(number)) if number == 0.0 || (number - 1.0).abs() < f64::EPSILON => {
            Ok((name, Some(number > 0.5)))
        }
        Some(Written::Number(number)) => Err(serde::de::Error::custom(format!(
            "label `{name}` is {number}; 0, 1 and null are labels"
        ))),
    };
    written.into_iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, strict: bool) -> Result<Reader, ReadError> {
        let mut reader = Reader { strict, ..Reader::default() };
        reader.lines(text.as_bytes(), Path::new("data.jsonl")).map(|()| reader)
    }

    const GOOD: &str = r#"{"id":"1","text":"hi","lang":"en","source":"a","role":"prompt","labels":{"hate":1,"any":null,"x":false},"meta":3}"#;

    #[test]
    fn labels_are_yes_no_or_unknown() {
        let reader = read(GOOD, true).unwrap();
        let labels = &reader.rows[0].labels;
        assert_eq!((labels["hate"], labels["any"], labels["x"]), (Some(true), None, Some(false)));
    }

    #[test]
    fn a_row_stands_for_as_many_texts_as_it_says() {
        let weighing = |weight: &str| {
            let text = GOOD.replace("\"id\":\"1\"", &format!("\"weight\":{weight}"));
            read(&text, true).map(|reader| reader.rows[0].weight).map_err(|error| error.to_string())
        };
        assert_eq!((weighing("2.5"), read(GOOD, true).unwrap().rows[0].weight), (Ok(2.5), 1.0));
        for wrong in ["0", "-1", "1e300"] {
            assert!(
                weighing(wrong).is_err_and(|why| why.contains("`weight` is above 0")),
                "{wrong}"
            );
        }
    }

    #[test]
    fn bad_rows_are_counted_with_their_lines_and_none_is_lost() {
        let long = format!("{{\"text\":\"{}\",\"labels\":{{}}}}", "x".repeat(1 << 20));
        let text = [
            GOOD,
            "",
            "{",
            r#"{"text":" ","labels":{}}"#,
            &long,
            r#"{"text":"a","labels":{"hate":0.5}}"#,
            r#"{"text":"a"}"#,
            GOOD,
        ]
        .join("\n");
        let reader = read(&text, false).unwrap();
        assert_eq!((reader.rows.len(), reader.bad_count, reader.lines), (2, 5, 7));
        let lines: Vec<u64> = reader.bad.iter().map(|bad| bad.line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 7]);
        assert!(reader.bad[3].reason.contains("label `hate` is 0.5"), "{}", reader.bad[3].reason);
        assert!(reader.bad[4].reason.contains("labels"), "{}", reader.bad[4].reason);
    }

    #[test]
    fn a_strict_reader_stops_at_the_first_bad_row() {
        let error = read(&format!("{GOOD}\n[]\n"), true).unwrap_err().to_string();
        assert!(error.starts_with("data.jsonl:2: "), "{error}");
    }

    #[test]
    fn folders_are_read_in_the_order_of_names_compressed_or_not() {
        use std::io::Write as _;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("b.jsonl"), GOOD).unwrap();
        std::fs::write(folder.path().join("notes.txt"), "no data").unwrap();
        let file = File::create(folder.path().join("a.jsonl.gz")).unwrap();
        let mut gz = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        gz.write_all(GOOD.replace("hi", "first").as_bytes()).unwrap();
        gz.finish().unwrap();
        let mut reader = Reader::default();
        reader.read(folder.path()).unwrap();
        let texts: Vec<&str> = reader.rows.iter().map(|row| row.text.as_str()).collect();
        assert_eq!(texts, ["first", "hi"]);
        let empty = tempfile::tempdir().unwrap();
        assert!(matches!(Reader::default().read(empty.path()), Err(ReadError::Nothing { .. })));
        std::fs::write(empty.path().join("x.jsonl.gz"), "not gzip").unwrap();
        assert!(matches!(Reader::default().read(empty.path()), Err(ReadError::Io { .. })));
    }
}
