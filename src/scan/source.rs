//! Where rows come from: files by their ending, folders, standard input; packed or not.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::data::{Packing, WalkError, ending, walk};

/// Bytes that are read at once: as many as a pipe holds.
const BUFFER: usize = 64 << 10;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// One JSON object a line.
    #[serde(rename = "jsonl")]
    JsonLines,
    /// One array of JSON objects.
    #[serde(rename = "json")]
    JsonArray,
    /// A line of names, then values with commas between them.
    Csv,
    /// The same with tabs.
    Tsv,
    /// Each line a text.
    #[serde(rename = "txt")]
    Text,
    /// Parquet: columns, of any type, in row groups.
    Parquet,
}

/// One file, or standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path; `None` for standard input.
    pub path: Option<PathBuf>,
    /// How its rows are written.
    pub form: Form,
    /// How it is packed.
    pub packing: Packing,
}

/// Why there are no rows.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file or folder cannot be opened or read.
    #[error("{place}: {error}")]
    Unreadable {
        /// The file, with the line where there is one.
        place: String,
        /// What the system or the unpacking says.
        error: io::Error,
    },
    /// The ending of a file does not say how its rows are written.
    #[error(
        "`{0}`: rows of which form? Name it with `--input jsonl`, `json`, `csv`, `tsv`, `txt` or `parquet`"
    )]
    UnknownForm(String),
    /// The end of a Parquet file says what stands in it, so it cannot be read from its beginning.
    #[error("Parquet cannot be read from standard input; name the file")]
    ParquetStream,
    /// Parquet packs its pages itself.
    #[error("`{0}` is a packed Parquet file, which no program reads; unpack it first")]
    PackedParquet(String),
    /// A column is compressed in a way that is not read.
    #[error(
        "{shown}: the column `{leaf}` is compressed with {name}, which is not read; write it with zstd or Snappy"
    )]
    Compression {
        /// The file.
        shown: String,
        /// The column.
        leaf: String,
        /// The way of compressing.
        name: &'static str,
    },
    /// A folder holds nothing to read.
    #[error(
        "`{0}` holds no data; files are called *.jsonl, *.ndjson, *.json, *.csv, *.tsv or *.txt, with or without .gz or .zst, or *.parquet"
    )]
    EmptyFolder(String),
    /// The files of a folder are not known.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// Outputs have the form of the input, so there is one form.
    #[error("`{0}` and `{1}` have rows of different forms; scan them one after the other")]
    Mixed(String, String),
    /// The rows of a file cannot be told apart.
    #[error("{place}: {what}")]
    Broken {
        /// The file and the line.
        place: String,
        /// What is wrong and how to mend it.
        what: String,
    },
}

/// What is known of the bytes of a source, as they lie on the disk.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    read: Arc<AtomicU64>,
    hash: Option<Arc<Mutex<Sha256>>>,
}

// === impl Form ===

impl Form {
    /// The ending of files of this form, which is its name for `--input` too.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::JsonArray => "json",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Text => "txt",
            Self::Parquet => "parquet",
        }
    }

    /// Whether a row has a place for what was found in it.
    pub const fn takes_notes(self) -> bool {
        matches!(self, Self::JsonLines | Self::JsonArray | Self::Parquet)
    }

    /// What stands between the values of a table.
    pub(super) const fn delimiter(self) -> Option<u8> {
        match self {
            Self::Csv => Some(b','),
            Self::Tsv => Some(b'\t'),
            Self::JsonLines | Self::JsonArray | Self::Text | Self::Parquet => None,
        }
    }
}

// === impl Meter ===

impl Meter {
    /// Counts; with `hash` it hashes too.
    pub(super) fn new(hash: bool) -> Self {
        Self { read: Arc::default(), hash: hash.then(Arc::default) }
    }

    /// The bytes so far.
    pub(super) fn bytes(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// SHA-256 of the bytes so far, in hex, where it was asked for.
    pub(super) fn sha256(&self) -> Option<String> {
        let hash = self.hash.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Some(hex(&hash.finalize()))
    }
}

/// Bytes in hex.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

// === impl Source ===

impl Source {
    /// The name that people see.
    pub fn shown(&self) -> String {
        self.path
            .as_ref()
            .map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
    }

    /// How many bytes it has, packed or not; 0 where that is not known.
    pub fn size(&self) -> u64 {
        self.path.as_ref().and_then(|path| fs::metadata(path).ok()).map_or(0, |about| about.len())
    }

    /// Opens it, unpacked; the meter is told what is read.
    pub(super) fn open(
        &self,
        meter: &Meter,
    ) -> Result<BufReader<Box<dyn Read + Send>>, SourceError> {
        let raw: Box<dyn Read + Send> = match &self.path {
            Some(path) => Box::new(File::open(path).map_err(|error| unreadable(path, error))?),
            None => Box::new(io::stdin()),
        };
        let metered = Metered { inner: raw, meter: meter.clone() };
        let unpacked: Box<dyn Read + Send> = match self.packing {
            Packing::Plain => Box::new(metered),
            Packing::Gzip => Box::new(MultiGzDecoder::new(metered)),
            Packing::Zstd => Box::new(Zstd::Between(BufReader::with_capacity(BUFFER, metered))),
        };
        Ok(BufReader::with_capacity(BUFFER, unpacked))
    }
}

/// The files that paths name, `-` being standard input; of folders all that can be read, in the order of their names.
///
/// # Errors
/// When a path is not there, a folder holds no data, an ending says nothing and `form` neither, or forms differ.
pub fn sources(paths: &[PathBuf], form: Option<Form>) -> Result<Vec<Source>, SourceError> {
    let mut found: Vec<Source> = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let form = form.unwrap_or(Form::JsonLines);
            found.push(Source { path: None, form, packing: Packing::Plain });
            continue;
        }
        if fs::metadata(path).map_err(|error| unreadable(path, error))?.is_dir() {
            let before = found.len();
            walk(path, &mut found, &source)?;
            if found.len() == before {
                return Err(SourceError::EmptyFolder(path.display().to_string()));
            }
            continue;
        }
        let (by_name, packing) = by_name(path);
        let form = form.or(by_name);
        let form = form.ok_or_else(|| SourceError::UnknownForm(path.display().to_string()))?;
        found.push(Source { path: Some(path.clone()), form, packing });
    }
    if let Some(first) = found.first()
        && let Some(other) = found.iter().find(|other| other.form != first.form)
    {
        return Err(SourceError::Mixed(first.shown(), other.shown()));
    }
    for source in found.iter().filter(|source| source.form == Form::Parquet) {
        if source.path.is_none() {
            return Err(SourceError::ParquetStream);
        }
        if source.packing != Packing::Plain {
            return Err(SourceError::PackedParquet(source.shown()));
        }
    }
    Ok(found)
}

fn source(path: &Path) -> Option<Source> {
    let (form, packing) = by_name(path);
    Some(Source { path: Some(path.to_owned()), form: form?, packing })
}

fn by_name(path: &Path) -> (Option<Form>, Packing) {
    let (ending, packing) = ending(path);
    let form = match ending.as_deref() {
        Some("jsonl" | "ndjson") => Some(Form::JsonLines),
        Some("json") => Some(Form::JsonArray),
        Some("csv") => Some(Form::Csv),
        Some("tsv") => Some(Form::Tsv),
        Some("txt") => Some(Form::Text),
        Some("parquet") => Some(Form::Parquet),
        _ => None,
    };
    (form, packing)
}

fn unreadable(path: &Path, error: io::Error) -> SourceError {
    SourceError::Unreadable { place: format!("`{}`", path.display()), error }
}

/// Tells the meter what is read.
struct Metered<R> {
    inner: R,
    meter: Meter,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.meter.read.fetch_add(count as u64, Ordering::Relaxed);
        if let Some(hash) = &self.meter.hash {
            let mut hash = hash.lock().unwrap_or_else(PoisonError::into_inner);
            hash.update(buffer.get(..count).unwrap_or_default());
        }
        Ok(count)
    }
}

/// Frames of Zstandard, one after the other.
enum Zstd<R: BufRead> {
    Between(R),
    Inside(Box<StreamingDecoder<R, ruzstd::decoding::FrameDecoder>>),
    Broken,
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match std::mem::replace(self, Self::Broken) {
                Self::Broken => return Err(io::Error::other("the packed data are broken")),
                Self::Between(mut input) => {
                    if input.fill_buf()?.is_empty() {
                        *self = Self::Between(input);
                        return Ok(0);
                    }
                    let decoder = StreamingDecoder::new(input).map_err(io::Error::other)?;
                    *self = Self::Inside(Box::new(decoder));
                }
                Self::Inside(mut decoder) => {
                    let count = decoder.read(buffer)?;
                    *self = if count == 0 && !buffer.is_empty() {
                        Self::Between(decoder.into_inner())
                    } else {
                        Self::Inside(decoder)
                    };
                    if count > 0 || buffer.is_empty() {
                        return Ok(count);
                    }
                }
            }
        }
    }
}
