//! Where rows come from.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use crate::data::{Packing, WalkError, ending, walk};

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One JSON object a line.
    JsonLines,
    /// A line of names, then values with commas between them.
    Csv,
    /// The same with tabs.
    Tsv,
}

/// One file, or standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path; `None` for standard input.
    pub path: Option<PathBuf>,
    /// How its rows are written.
    pub form: Form,
    /// Whether it is packed with gzip.
    pub gzip: bool,
}

/// Why data could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A file or folder cannot be opened or read.
    #[error("{place}: {error}")]
    Unreadable {
        /// The file, with the line where there is one.
        place: String,
        /// What the system says.
        error: io::Error,
    },
    /// The ending of a file does not say how its rows are written.
    #[error("`{0}`: rows of which form? Name it with `--input jsonl` or `--input csv`")]
    UnknownForm(String),
    /// A folder holds nothing to read.
    #[error(
        "`{0}` holds no data; files are called *.jsonl, *.ndjson, *.csv or *.tsv, with or without .gz"
    )]
    EmptyFolder(String),
    /// The files of a folder are not known.
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// The records of a file cannot be told apart.
    #[error("{place}: {what}")]
    Broken {
        /// The file and the line.
        place: String,
        /// What is wrong and how to mend it.
        what: String,
    },
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

    /// Opens it; `read` counts the bytes that were taken from it.
    pub(super) fn open(&self, read: Arc<AtomicU64>) -> Result<Box<dyn Read>, DataError> {
        let raw: Box<dyn Read> = match &self.path {
            Some(path) => Box::new(File::open(path).map_err(|error| unreadable(path, error))?),
            None => Box::new(io::stdin()),
        };
        let counted = Counted { inner: raw, read };
        Ok(if self.gzip { Box::new(MultiGzDecoder::new(counted)) } else { Box::new(counted) })
    }
}

/// The files that paths name, `-` being standard input; of folders all that can be read, in the order of their names.
///
/// # Errors
/// When a path is not there, a folder holds no data, or an ending says nothing and `form` neither.
pub fn sources(paths: &[PathBuf], form: Option<Form>) -> Result<Vec<Source>, DataError> {
    let mut found = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            found.push(Source { path: None, form: form.unwrap_or(Form::JsonLines), gzip: false });
            continue;
        }
        let about = fs::metadata(path).map_err(|error| unreadable(path, error))?;
        if about.is_dir() {
            let before = found.len();
            walk(path, &mut found, &source)?;
            if found.len() == before {
                return Err(DataError::EmptyFolder(path.display().to_string()));
            }
            continue;
        }
        let (by_name, gzip) = by_name(path);
        let form =
            form.or(by_name).ok_or_else(|| DataError::UnknownForm(path.display().to_string()))?;
        found.push(Source { path: Some(path.clone()), form, gzip });
    }
    Ok(found)
}

fn source(path: &Path) -> Option<Source> {
    let (form, gzip) = by_name(path);
    Some(Source { path: Some(path.to_owned()), form: form?, gzip })
}

/// The form that the ending of a name says, and whether it says gzip.
fn by_name(path: &Path) -> (Option<Form>, bool) {
    let (ending, packing) = ending(path);
    let form = match (ending.as_deref(), packing) {
        // Zstandard is not read here.
        (_, Packing::Zstd) => None,
        (Some("jsonl" | "ndjson"), _) => Some(Form::JsonLines),
        (Some("csv"), _) => Some(Form::Csv),
        (Some("tsv"), _) => Some(Form::Tsv),
        _ => None,
    };
    (form, packing == Packing::Gzip)
}

fn unreadable(path: &Path, error: io::Error) -> DataError {
    DataError::Unreadable { place: format!("`{}`", path.display()), error }
}

/// Counts what is read.
struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
