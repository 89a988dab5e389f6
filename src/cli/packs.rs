//! `tidegate list packs`: what policies of a configuration can include.

use std::path::{Path, PathBuf};

use super::{ConfigArg, environment};
use crate::config::{configuration_root, load_policy, load_server};

/// How deep below the policies folder packs are looked for.
const DEPTH: usize = 4;

/// The most files that are read.
const MOST_FILES: usize = 500;

/// Name, and path with description, of each pack: the files in folders below the policies folder.
pub(super) fn rows(config: &ConfigArg) -> Vec<(String, String)> {
    let path = config.path();
    let (server, _) = load_server(path.as_deref(), &environment(), &[]);
    let root = configuration_root(path.as_deref(), None);
    let folder = server.map(|server| server.file.policies).unwrap_or_default().dir;
    let mut files = Vec::new();
    for folder in folders(&root.join(folder)) {
        collect(&folder, DEPTH, &mut files);
    }
    files.sort();
    let packs = files.into_iter().take(MOST_FILES).filter_map(|path| {
        let pack = load_policy(&root, &path).0?.file;
        let shown = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
        let about = pack.description.map(|text| format!(": {}", text.trim())).unwrap_or_default();
        Some((pack.name, format!("{shown}{about}")))
    });
    packs.collect()
}

fn collect(folder: &Path, depth: usize, into: &mut Vec<PathBuf>) {
    let files = entries(folder).into_iter().filter(|path| path.is_file());
    into.extend(files.filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        (name.ends_with(".yaml") || name.ends_with(".yml")) && !name.contains(".test.")
    }));
    for inner in folders(folder).into_iter().filter(|_| depth > 0) {
        collect(&inner, depth - 1, into);
    }
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|path| path.is_dir()).collect()
}

/// What a folder holds that is not hidden: a mounted `ConfigMap` has a second copy of everything in a hidden one.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let hidden = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
    };
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| !hidden(path)).collect()
}
