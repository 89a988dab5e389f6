//! Where files lie, and what may be read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::config::codes::Code;
use crate::config::problems::{Problem, Problems};
use crate::config::source::{Source, SourceSpan};

/// The name of the server file, which marks a configuration root.
const SERVER_FILE: &str = "tidegate.yaml";

/// How many parent folders are searched for the configuration root.
const PARENTS: usize = 32;

/// Hexadecimal digits of a revision.
const REVISION_DIGITS: usize = 12;

/// The configuration root: the folder of the server file; without one, the nearest folder above the policy that
/// holds `tidegate.yaml`, else the policy's own folder.
pub fn configuration_root(server_file: Option<&Path>, policy: Option<&Path>) -> PathBuf {
    let folder = |file: &Path| match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    if let Some(file) = server_file {
        return folder(file);
    }
    let Some(policy) = policy else { return PathBuf::from(".") };
    let own = folder(policy);
    let full = own.canonicalize().unwrap_or_else(|_| own.clone());
    let marked = full.ancestors().take(PARENTS).find(|above| above.join(SERVER_FILE).is_file());
    match marked {
        Some(root) if root != full => root.to_owned(),
        _ => own,
    }
}

/// A text that stands in the place of a file's own, such as a draft of it. The file need not be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// The file.
    pub path: PathBuf,
    /// What is read instead.
    pub text: String,
    /// The only other files that may be read, by the names that people see, where not everybody who may write the text may
    /// know what lies beside it.
    pub known: Option<BTreeSet<String>>,
}

/// What was read in one run, for the revision and for the folders to watch.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    /// What is read in the place of a file.
    overlay: Option<Overlay>,
    /// Hash of each file by its shown name.
    read: BTreeMap<String, [u8; 32]>,
    folders: Vec<PathBuf>,
}

/// What was read of one file.
pub(super) struct Contents {
    pub(super) source: Arc<Source>,
    /// Hash of the bytes of the file, in hexadecimal digits.
    pub(super) sha256: String,
}

/// A file that somebody wants to be read.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) path: &'a Path,
    /// The name that people see.
    pub(super) shown: &'a str,
    /// The most bytes it may have.
    pub(super) limit: usize,
    /// The place that names it. A file named on the command line has none.
    pub(super) asked: Option<&'a SourceSpan>,
}

// === impl Shelf ===

impl Shelf {
    /// One on which a text stands in the place of a file.
    pub(super) fn with(overlay: Option<&Overlay>) -> Self {
        Self { overlay: overlay.cloned(), ..Self::default() }
    }

    /// What is read in the place of a file, if anything is.
    fn laid_over(&self, path: &Path) -> Option<Vec<u8>> {
        let overlay = self.overlay.as_ref()?;
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let is_meant = path == overlay.path || real(path) == real(&overlay.path);
        is_meant.then(|| overlay.text.clone().into_bytes())
    }

    /// Reads a file; mistakes go to `problems`. Its hash comes in hexadecimal digits.
    pub(super) fn read_bytes(
        &mut self,
        wanted: Wanted<'_>,
        problems: &mut Problems,
    ) -> Option<(Vec<u8>, String)> {
        let Wanted { path, shown, limit, .. } = wanted;
        let laid = self.laid_over(path);
        let known = self.overlay.as_ref().and_then(|overlay| overlay.known.as_ref());
        let read = match (laid, known) {
            (Some(bytes), _) => Ok(bytes),
            (None, Some(known)) if !known.contains(shown) => Err(Unread::Unknown),
            (None, _) => read_bytes(path, limit),
        };
        let bytes = match read.and_then(|bytes| within(bytes, limit)) {
            Ok(bytes) => bytes,
            Err(unread) => {
                problems.push(unread.problem(wanted));
                return None;
            }
        };
        let hash = Sha256::digest(&bytes);
        self.read.insert(shown.to_owned(), hash.into());
        self.watch(path);
        Some((bytes, hexadecimal(&hash)))
    }

    /// Reads a file as UTF-8 text; mistakes go to `problems`.
    pub(super) fn read(&mut self, wanted: Wanted<'_>, problems: &mut Problems) -> Option<Contents> {
        let Wanted { path, shown, .. } = wanted;
        let (bytes, sha256) = self.read_bytes(wanted, problems)?;
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                problems.push(not_utf8(wanted, &error));
                return None;
            }
        };
        Some(Contents { source: Source::of_file(shown, path.display().to_string(), text), sha256 })
    }

    /// Notes the folder of a file, so that a change in it is seen.
    pub(super) fn watch(&mut self, path: &Path) {
        let folder = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or_else(|| Path::new("."));
        if !self.folders.iter().any(|known| known == folder) {
            self.folders.push(folder.to_owned());
        }
    }

    /// A short hash of everything that was read: the same files give the same revision, in any order.
    pub(super) fn revision(&self) -> String {
        let mut hasher = Sha256::new();
        for (name, hash) in &self.read {
            hasher.update((name.len() as u64).to_le_bytes());
            hasher.update(name.as_bytes());
            hasher.update(hash);
        }
        let mut digits = hexadecimal(&hasher.finalize());
        digits.truncate(REVISION_DIGITS);
        digits
    }

    /// The names that people see of what was read.
    pub(super) fn names(&self) -> Vec<String> {
        self.read.keys().cloned().collect()
    }

    /// The folders that hold what was read.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        self.folders.clone()
    }
}

/// The file that a policy means by `written`, if it may be read: relative to the root and inside it, links included.
pub(super) fn inside(
    root: &Path,
    written: &str,
    at: &SourceSpan,
    problems: &mut Problems,
) -> Option<PathBuf> {
    let mut leaves = |label: &str| {
        let problem =
            Problem::new(Code::TG021, format!("`{written}` leaves the configuration root"));
        problems
            .push(problem.at(at.clone(), label).help("paths begin at the folder of tidegate.yaml"));
        None
    };
    let path = Path::new(written);
    if path.components().any(|part| matches!(part, Component::RootDir | Component::Prefix(_))) {
        return leaves("absolute paths are not read");
    }
    if path.components().any(|part| part == Component::ParentDir) {
        return leaves("`..` is not followed");
    }
    let full = root.join(path);
    match (root.canonicalize(), full.canonicalize()) {
        (Ok(root), Ok(real)) if !real.starts_with(&root) => {
            leaves("this is a link that leads out of it")
        }
        // What is not there is for the reading to say.
        _ => Some(full),
    }
}

/// The name that people see for a file: its path from the root, where it lies inside.
pub(super) fn shown_name(root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).ok().filter(|rest| !rest.as_os_str().is_empty());
    let both = (root.canonicalize().ok(), path.canonicalize().ok());
    let real = match &both {
        (Some(root), Some(path)) => path.strip_prefix(root).ok(),
        _ => None,
    };
    inside.or(real).unwrap_or(path).display().to_string()
}

/// The policy files of a folder by name, without packs in folders below and without hidden files.
pub(super) fn policy_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        if is_yaml && !name.starts_with('.') && !name.contains(".test.") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Why a file was not read.
enum Unread {
    NotPlain,
    TooLarge,
    /// It is none that a draft may name.
    Unknown,
    Failed(std::io::ErrorKind),
}

// === impl Unread ===

impl Unread {
    fn problem(&self, wanted: Wanted<'_>) -> Problem {
        let Wanted { path, shown, limit, asked } = wanted;
        let (code, message, label) = match self {
            Self::NotPlain => (
                Code::TG022,
                format!("`{shown}` is not a plain file"),
                "folders and devices are not read".to_owned(),
            ),
            Self::Unknown => (
                Code::TG022,
                format!("`{shown}` is read by no policy in force"),
                "a draft names only files that are".to_owned(),
            ),
            Self::TooLarge => (
                Code::TG026,
                format!("`{shown}` is larger than {} MiB", limit >> 20),
                "too large to be read".to_owned(),
            ),
            Self::Failed(std::io::ErrorKind::NotFound) => {
                (Code::TG022, format!("`{shown}` is not there"), "no such file".to_owned())
            }
            Self::Failed(kind) => {
                (Code::TG022, format!("`{shown}` cannot be read: {kind}"), "this file".to_owned())
            }
        };
        let problem = Problem::new(code, message);
        if let Some(at) = asked {
            return problem
                .at(at.clone(), label)
                .help("paths begin at the folder of tidegate.yaml");
        }
        // There is nothing to draw; a place in an empty text still names the file to programs.
        let source = Source::of_file(shown, path.display().to_string(), "");
        problem.at(SourceSpan::new(&source, 0, 0), "")
    }
}

fn read_bytes(path: &Path, limit: usize) -> Result<Vec<u8>, Unread> {
    let failed = |error: std::io::Error| Unread::Failed(error.kind());
    // A pipe or a device could keep us for ever; links are followed, a ConfigMap is made of them.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(Unread::NotPlain);
    }
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn within(bytes: Vec<u8>, limit: usize) -> Result<Vec<u8>, Unread> {
    if bytes.len() > limit { Err(Unread::TooLarge) } else { Ok(bytes) }
}

fn not_utf8(wanted: Wanted<'_>, error: &std::string::FromUtf8Error) -> Problem {
    let good = error.utf8_error().valid_up_to();
    // The replacement characters come behind the place, so that it keeps its offset.
    let text = String::from_utf8_lossy(error.as_bytes());
    let source = Source::of_file(wanted.shown, wanted.path.display().to_string(), text.as_ref());
    let line = source.position(good).line;
    let problem = Problem::new(Code::TG070, format!("line {line} is not UTF-8"));
    let at = SourceSpan::new(&source, good, good + '\u{fffd}'.len_utf8());
    problem.at(at, "the first byte that is not").help("save the file as UTF-8")
}

/// SHA-256 in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
