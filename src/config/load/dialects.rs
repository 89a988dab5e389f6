//! Dialect files.

use std::path::Path;

use super::files::{Shelf, Wanted, policy_files, shown_name};
use crate::config::dialect_file::DialectFile;
use crate::config::document::{self, Document};
use crate::config::problems::Problems;
use crate::config::schema::SchemaOf;
use crate::config::source::Source;
use crate::config::yaml::FILE_LIMIT_BYTES;

/// The folder of dialect files below the configuration root.
const FOLDER: &str = "dialects";

/// The most dialect files that are read.
const DIALECT_LIMIT: usize = 100;

/// A dialect file that was read.
#[derive(Clone, Debug)]
pub struct LoadedDialect {
    /// What it says.
    pub file: DialectFile,
    /// The places of what it says.
    pub document: Document,
    /// Hash of the file, in hexadecimal digits.
    pub sha256: String,
}

/// Reads the dialect files of the folder `dialects` below the root, in the order of their names. No folder, no
/// dialects. Mistakes in paths and templates are found when they are compiled.
pub fn load_dialects(root: &Path) -> (Vec<LoadedDialect>, Problems) {
    let mut problems = Problems::new();
    let files = policy_files(&root.join(FOLDER)).unwrap_or_default();
    let mut dialects = Vec::new();
    for path in files.iter().take(DIALECT_LIMIT) {
        let shown = shown_name(root, path);
        let wanted = Wanted { path, shown: &shown, limit: FILE_LIMIT_BYTES, asked: None };
        let Some(contents) = Shelf::default().read(wanted, &mut problems) else { continue };
        let read = document::read(&contents.source, SchemaOf::Dialect, &mut problems);
        let sha256 = contents.sha256;
        dialects.extend(read.map(|(file, document)| LoadedDialect { file, document, sha256 }));
    }
    problems.sort();
    (dialects, problems)
}

/// Reads the text of one dialect file.
pub fn read_dialect_text(name: &str, text: &str) -> (Option<DialectFile>, Problems) {
    let mut problems = Problems::new();
    let read = document::read(&Source::new(name, text), SchemaOf::Dialect, &mut problems);
    (read.map(|(file, _)| file), problems)
}
