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

/// How deep folders are looked through.
const DEEPEST: usize = 8;
/// The most files of one run.
const MOST_FILES: usize = 10_000;
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
}

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// With gzip, one member or several.
    Gzip,
    /// With Zstandard, one frame or several.
    Zstd,
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
        "`{0}`: rows of which form? Name it with `--input jsonl`, `json`, `csv`, `tsv` or `txt`"
    )]
    UnknownForm(String),
    /// A form that is known and not read.
    #[error(
        "`{0}`: Parquet is not read; export it as JSONL, which `tidegate scan` reads and writes"
    )]
    Parquet(String),
    /// A folder holds nothing to read.
    #[error(
        "`{0}` holds no data; files are called *.jsonl, *.ndjson, *.json, *.csv, *.tsv or *.txt, with or without .gz or .zst"
    )]
    EmptyFolder(String),
    /// More files than are read in one run.
    #[error("there are more than {MOST_FILES} files")]
    TooManyFiles,
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
        }
    }

    /// Whether rows are JSON objects.
    pub const fn is_json(self) -> bool {
        matches!(self, Self::JsonLines | Self::JsonArray)
    }

    /// What stands between the values of a table.
    pub(super) const fn delimiter(self) -> Option<u8> {
        match self {
            Self::Csv => Some(b','),
            Self::Tsv => Some(b'\t'),
            Self::JsonLines | Self::JsonArray | Self::Text => None,
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
    pub(super) fn open(&self, meter: &Meter) -> Result<BufReader<Box<dyn Read>>, SourceError> {
        let raw: Box<dyn Read> = match &self.path {
            Some(path) => Box::new(File::open(path).map_err(|error| unreadable(path, error))?),
            None => Box::new(io::stdin()),
        };
        let metered = Metered { inner: raw, meter: meter.clone() };
        let unpacked: Box<dyn Read> = match self.packing {
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
            folder(path, DEEPEST, &mut found)?;
            if found.len() == before {
                return Err(SourceError::EmptyFolder(path.display().to_string()));
            }
            continue;
        }
        let (by_name, packing) = by_name(path);
        let shown = || path.display().to_string();
        let form = match (form, by_name) {
            (Some(form), _) | (None, Named::Form(form)) => form,
            (None, Named::Parquet) => return Err(SourceError::Parquet(shown())),
            (None, Named::Unknown) => return Err(SourceError::UnknownForm(shown())),
        };
        found.push(Source { path: Some(path.clone()), form, packing });
    }
    if let Some(first) = found.first()
        && let Some(other) = found.iter().find(|other| other.form != first.form)
    {
        return Err(SourceError::Mixed(first.shown(), other.shown()));
    }
    Ok(found)
}

fn folder(path: &Path, depth: usize, found: &mut Vec<Source>) -> Result<(), SourceError> {
    let entries = fs::read_dir(path).map_err(|error| unreadable(path, error))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|error| unreadable(path, error))?.path());
    }
    paths.sort();
    for path in paths {
        if found.len() == MOST_FILES {
            return Err(SourceError::TooManyFiles);
        }
        if path.is_dir() && depth > 0 {
            folder(&path, depth - 1, found)?;
        } else if path.is_file() {
            match by_name(&path) {
                (Named::Form(form), packing) => {
                    found.push(Source { path: Some(path), form, packing });
                }
                (Named::Parquet, _) => {
                    return Err(SourceError::Parquet(path.display().to_string()));
                }
                (Named::Unknown, _) => {}
            }
        }
    }
    Ok(())
}

/// What an ending says.
enum Named {
    Form(Form),
    Parquet,
    Unknown,
}

fn by_name(path: &Path) -> (Named, Packing) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let (name, packing) = if let Some(inner) = name.strip_suffix(".gz") {
        (inner, Packing::Gzip)
    } else if let Some(inner) = name.strip_suffix(".zst") {
        (inner, Packing::Zstd)
    } else {
        (name.as_str(), Packing::Plain)
    };
    let named = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("jsonl" | "ndjson") => Named::Form(Form::JsonLines),
        Some("json") => Named::Form(Form::JsonArray),
        Some("csv") => Named::Form(Form::Csv),
        Some("tsv") => Named::Form(Form::Tsv),
        Some("txt") => Named::Form(Form::Text),
        Some("parquet") => Named::Parquet,
        _ => Named::Unknown,
    };
    (named, packing)
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
