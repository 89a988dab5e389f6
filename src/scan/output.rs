//! Where rows go: standard output, one file, or one file for each half. A file gets its name when it is whole; until then
//! it is called `*.part`. How far a run came is written down so that a kill loses nothing and repeats nothing.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::source::{Form, hex};
use super::summary::Summary;
use super::table::Header;

/// Bytes of a file that are hashed at once.
const PIECE: usize = 64 << 10;
/// The most bytes of a file that says how far a run came: counts by rule and some samples.
const LARGEST_JOURNAL: u64 = 16 << 20;

/// What standard output is called.
const STDOUT: &str = "standard output";

/// Where rows go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Standard output.
    Stdout,
    /// A file.
    File(PathBuf),
    /// A folder with `kept.*` and `dropped.*`.
    Split(PathBuf),
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// The file; `None` for standard output.
    pub path: Option<PathBuf>,
    /// Its bytes.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
    /// SHA-256 of it in hex, where it was asked for.
    pub sha256: Option<String>,
}

/// Why rows cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// Whoever read standard output has gone.
    #[error("nobody reads standard output any more")]
    Gone,
    /// A file cannot be written or read.
    #[error("`{path}`: {error}")]
    Unwritable {
        /// The file.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// What says how far a run came belongs to another run, or cannot be understood.
    #[error(
        "`{0}` is of a run with another policy, other options or other inputs; remove it to begin anew"
    )]
    OtherRun(String),
}

/// How far a run came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Progress {
    /// What the run is: policy, options and inputs.
    pub run: String,
    /// The input that it is in.
    pub source: usize,
    /// How far it is in it, in unpacked bytes.
    pub bytes: u64,
    /// The same in lines.
    pub lines: u64,
    /// How much of each output is done.
    pub outputs: Vec<Done>,
    /// Counts up to there.
    pub summary: Summary,
}

/// How much of an output is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Done {
    pub bytes: u64,
    pub rows: u64,
}

/// The outputs of a run.
pub(super) struct Outputs {
    form: Form,
    each: Vec<Output>,
    journal: Option<PathBuf>,
}

/// One output.
pub(super) struct Output {
    sink: Sink,
    done: Done,
}

enum Sink {
    Stdout { writer: BufWriter<io::Stdout>, hash: Option<Sha256> },
    File { writer: BufWriter<File>, part: PathBuf, path: PathBuf },
}

// === impl Target ===

impl Target {
    /// The files that are written.
    pub fn paths(&self, form: Form) -> Vec<PathBuf> {
        match self {
            Self::Stdout => Vec::new(),
            Self::File(path) => vec![path.clone()],
            Self::Split(folder) => ["kept", "dropped"]
                .map(|name| folder.join(format!("{name}.{}", form.ending())))
                .to_vec(),
        }
    }

    /// The file that says how far a run came; standard output has none.
    pub fn journal(&self) -> Option<PathBuf> {
        match self {
            Self::Stdout => None,
            Self::File(path) => Some(with_ending(path, ".progress")),
            Self::Split(folder) => Some(folder.join("scan.progress")),
        }
    }
}

// === impl Progress ===

impl Progress {
    /// What was written down; `None` where nothing is.
    pub(super) fn read(path: &Path, run: &str) -> Result<Option<Self>, OutputError> {
        let mut text = String::new();
        let read =
            File::open(path).and_then(|file| file.take(LARGEST_JOURNAL).read_to_string(&mut text));
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|error| unwritable(path, error))?,
        };
        let progress: Option<Self> = serde_json::from_str(&text).ok();
        let other = || OutputError::OtherRun(path.display().to_string());
        progress.filter(|progress| progress.run == run).ok_or_else(other).map(Some)
    }

    /// Writes it down in one step.
    fn write(&self, path: &Path) -> Result<(), OutputError> {
        let new = with_ending(path, ".new");
        let text = serde_json::to_vec(self).map_err(io::Error::other);
        let written = text.and_then(|text| {
            let mut file = File::create(&new)?;
            file.write_all(&text)?;
            file.sync_data()?;
            fs::rename(&new, path)
        });
        written.map_err(|error| unwritable(path, error))?;
        sync_folder(path)
    }
}

// === impl Outputs ===

impl Outputs {
    /// Opens the outputs, anew or behind what was done.
    pub(super) fn open(
        target: &Target,
        form: Form,
        hash: bool,
        resume: bool,
        done: &[Done],
    ) -> Result<Self, OutputError> {
        if let Target::Split(folder) = target {
            fs::create_dir_all(folder).map_err(|error| unwritable(folder, error))?;
        }
        let mut outputs = Vec::new();
        for (index, path) in target.paths(form).into_iter().enumerate() {
            let part = with_ending(&path, ".part");
            let done = done.get(index).copied().unwrap_or_default();
            let file = open_part(&part, done.bytes).map_err(|error| unwritable(&part, error))?;
            let sink = Sink::File { writer: BufWriter::new(file), part, path };
            outputs.push(Output { sink, done });
        }
        if outputs.is_empty() {
            let writer = BufWriter::new(io::stdout());
            let sink = Sink::Stdout { writer, hash: hash.then(Sha256::new) };
            outputs.push(Output { sink, done: Done::default() });
        }
        Ok(Self { form, each: outputs, journal: target.journal().filter(|_| resume) })
    }

    /// Writes what stands before the rows, once.
    pub(super) fn begin(&mut self, header: Option<&Header>) -> Result<(), OutputError> {
        for output in &mut self.each {
            if output.done.bytes > 0 {
                continue;
            }
            if let Some(header) = header {
                output.write(&header.bytes)?;
                output.write(if header.ending.is_empty() { b"\n" } else { header.ending })?;
            } else if self.form == Form::JsonArray {
                output.write(b"[")?;
            }
        }
        Ok(())
    }

    /// Writes a row into one of the outputs.
    pub(super) fn row(
        &mut self,
        output: usize,
        row: &[u8],
        ending: &[u8],
    ) -> Result<(), OutputError> {
        let Some(output) = self.each.get_mut(output) else { return Ok(()) };
        if self.form == Form::JsonArray {
            output.write(if output.done.rows == 0 { b"\n" } else { b",\n" })?;
            output.write(row)?;
        } else {
            output.write(row)?;
            output.write(if ending.is_empty() { b"\n" } else { ending })?;
        }
        output.done.rows += 1;
        Ok(())
    }

    /// Hands on what was written. With a journal and `save` it lies on the disk before the journal says so.
    pub(super) fn settle(
        &mut self,
        save: bool,
        progress: impl FnOnce(Vec<Done>) -> Progress,
    ) -> Result<(), OutputError> {
        let journal = self.journal.as_ref().filter(|_| save);
        for output in &mut self.each {
            output.flush(journal.is_some())?;
        }
        let Some(journal) = journal else { return Ok(()) };
        progress(self.each.iter().map(|output| output.done).collect()).write(journal)
    }

    /// Ends the outputs and gives the files their names.
    pub(super) fn finish(mut self, hash: bool) -> Result<Vec<OutputFile>, OutputError> {
        for output in &mut self.each {
            if self.form == Form::JsonArray {
                output.write(b"\n]\n")?;
            }
            output.flush(self.journal.is_some())?;
        }
        // First, so that no later run goes on behind an end; killed after this, it is begun anew.
        if let Some(journal) = &self.journal {
            match fs::remove_file(journal) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(unwritable(journal, error));
                }
                _ => sync_folder(journal)?,
            }
        }
        self.each.into_iter().map(|output| output.close(hash)).collect()
    }

    /// Gives up: removes what no later run goes on with.
    pub(super) fn give_up(self) -> Result<(), OutputError> {
        if self.journal.is_some() {
            return Ok(());
        }
        let parts: Vec<PathBuf> = self.each.iter().filter_map(Output::part).collect();
        remove_parts(&parts)
    }

    /// The outputs, each by itself.
    pub(super) fn apart(self) -> Vec<Output> {
        self.each
    }
}

// === impl Output ===

impl Output {
    /// The name that people see.
    pub(super) fn name(&self) -> String {
        match &self.sink {
            Sink::Stdout { .. } => STDOUT.to_owned(),
            Sink::File { path, .. } => path.display().to_string(),
        }
    }

    /// The file that is not whole yet.
    pub(super) fn part(&self) -> Option<PathBuf> {
        match &self.sink {
            Sink::Stdout { .. } => None,
            Sink::File { part, .. } => Some(part.clone()),
        }
    }

    /// Ends it, with so many rows in it, and gives it its name.
    pub(super) fn finish(mut self, rows: u64, hash: bool) -> Result<OutputFile, OutputError> {
        self.done.rows = rows;
        self.flush(false)?;
        self.close(hash)
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), OutputError> {
        self.done.bytes += bytes.len() as u64;
        match &mut self.sink {
            Sink::Stdout { writer, hash } => {
                if let Some(hash) = hash {
                    hash.update(bytes);
                }
                writer.write_all(bytes).map_err(stdout)
            }
            Sink::File { writer, part, .. } => {
                writer.write_all(bytes).map_err(|error| unwritable(part, error))
            }
        }
    }

    pub(super) fn flush(&mut self, sync: bool) -> Result<(), OutputError> {
        match &mut self.sink {
            Sink::Stdout { writer, .. } => writer.flush().map_err(stdout),
            Sink::File { writer, part, .. } => {
                let flushed = writer.flush();
                let synced =
                    flushed.and_then(|()| if sync { writer.get_ref().sync_data() } else { Ok(()) });
                synced.map_err(|error| unwritable(part, error))
            }
        }
    }

    fn close(self, hash: bool) -> Result<OutputFile, OutputError> {
        let Done { bytes, rows } = self.done;
        match self.sink {
            Sink::Stdout { hash, .. } => {
                let sha256 = hash.map(|hash| hex(&hash.finalize()));
                Ok(OutputFile { path: None, bytes, rows, sha256 })
            }
            Sink::File { part, path, .. } => {
                let synced =
                    OpenOptions::new().write(true).open(&part).and_then(|file| file.sync_all());
                synced
                    .and_then(|()| fs::rename(&part, &path))
                    .map_err(|error| unwritable(&path, error))?;
                sync_folder(&path)?;
                let sha256 = hash.then(|| hash_of(&path)).transpose();
                let sha256 = sha256.map_err(|error| unwritable(&path, error))?;
                Ok(OutputFile { path: Some(path), bytes, rows, sha256 })
            }
        }
    }
}

/// Removes files that will not be whole.
pub(super) fn remove_parts(parts: &[PathBuf]) -> Result<(), OutputError> {
    for part in parts {
        fs::remove_file(part).map_err(|error| unwritable(part, error))?;
    }
    Ok(())
}

/// SHA-256 of a file, in hex.
pub(super) fn hash_of(path: &Path) -> io::Result<String> {
    let (mut file, mut hash, mut piece) = (File::open(path)?, Sha256::new(), vec![0; PIECE]);
    loop {
        let count = file.read(&mut piece)?;
        if count == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(piece.get(..count).unwrap_or_default());
    }
}

/// Opens a file that is not whole yet, behind so many bytes; what follows them was never acknowledged.
fn open_part(part: &Path, done: u64) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(part)?;
    if file.metadata()?.len() < done {
        return Err(io::Error::other(
            "shorter than what was done; remove the .progress file to begin anew",
        ));
    }
    file.set_len(done)?;
    file.seek(SeekFrom::Start(done))?;
    Ok(file)
}

/// A new name in a folder is there after a power cut only when the folder was written too.
fn sync_folder(path: &Path) -> Result<(), OutputError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    // Where folders cannot be opened, as on Windows, there is nothing to do.
    let Ok(opened) = File::open(folder) else { return Ok(()) };
    opened.sync_all().map_err(|error| unwritable(folder, error))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn stdout(error: io::Error) -> OutputError {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return OutputError::Gone;
    }
    OutputError::Unwritable { path: STDOUT.to_owned(), error }
}

fn unwritable(path: &Path, error: io::Error) -> OutputError {
    OutputError::Unwritable { path: path.display().to_string(), error }
}
