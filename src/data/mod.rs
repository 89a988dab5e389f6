//! Files with rows: those below a folder, and what the ending of a name says. It reads no rows.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

#[cfg(test)]
mod tests;

/// How deep folders are looked through.
pub const DEEPEST: usize = 8;
/// The most files of one run.
pub const MOST_FILES: usize = 10_000;

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

/// Why the files below a folder are not known.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// A folder cannot be read.
    #[error("`{}`: {error}", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// More files than are read in one run.
    #[error("there are more than {MOST_FILES} files")]
    TooManyFiles,
    /// Folders in folders, perhaps in a circle; what lies deeper must not be left out unsaid.
    #[error("`{}` lies more than {DEEPEST} folders deep; name it by itself", .0.display())]
    TooDeep(PathBuf),
}

/// Adds what is wanted of the files below a folder, in the order of their names.
///
/// # Errors
/// When a folder cannot be read or lies deeper than [`DEEPEST`], and when more than [`MOST_FILES`] are found.
pub fn walk<T>(
    folder: &Path,
    found: &mut Vec<T>,
    want: &impl Fn(&Path) -> Option<T>,
) -> Result<(), WalkError> {
    walk_down(folder, DEEPEST, found, want)
}

fn walk_down<T>(
    folder: &Path,
    depth: usize,
    found: &mut Vec<T>,
    want: &impl Fn(&Path) -> Option<T>,
) -> Result<(), WalkError> {
    let unreadable = |error| WalkError::Unreadable { path: folder.to_owned(), error };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        paths.push(entry.map_err(unreadable)?.path());
    }
    paths.sort();
    for path in paths {
        if path.is_dir() {
            let Some(depth) = depth.checked_sub(1) else { return Err(WalkError::TooDeep(path)) };
            walk_down(&path, depth, found, want)?;
        } else if path.is_file()
            && let Some(wanted) = want(&path)
        {
            if found.len() == MOST_FILES {
                return Err(WalkError::TooManyFiles);
            }
            found.push(wanted);
        }
    }
    Ok(())
}

/// The ending of a name in small letters, without that of a packing, and the packing.
pub fn ending(path: &Path) -> (Option<String>, Packing) {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let (name, packing) = if let Some(inner) = name.strip_suffix(".gz") {
        (inner, Packing::Gzip)
    } else if let Some(inner) = name.strip_suffix(".zst") {
        (inner, Packing::Zstd)
    } else {
        (name.as_str(), Packing::Plain)
    };
    (name.rsplit_once('.').map(|(_, ending)| ending.to_owned()), packing)
}
