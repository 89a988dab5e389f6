//! Holds the source to the house rules: arrows point down, the pure part does no I/O, every room is in
//! the table and in the documents.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may stop at a file that is not there")]

use std::fs;
use std::path::{Path, PathBuf};

/// Modules with their layer; a module imports only from lower layers, and where it says so from its own.
const LAYERS: &[(&str, u8, &[&str])] = &[
    ("domain", 0, &[]),
    ("text", 1, &[]),
    ("wire", 1, &["config"]),
    ("config", 1, &[]),
    ("data", 1, &[]),
    ("audit", 1, &[]),
    ("telemetry", 1, &["audit"]),
    ("store", 1, &["audit"]),
    ("detect", 2, &[]),
    ("upstream", 2, &[]),
    ("policy", 3, &[]),
    ("classify", 3, &[]),
    ("engine", 4, &[]),
    ("eval", 5, &[]),
    ("scan", 5, &[]),
    ("stream", 5, &[]),
    ("people", 5, &[]),
    ("proxy", 6, &[]),
    ("console", 6, &["proxy"]),
    ("app", 7, &[]),
    ("cli", 8, &[]),
];

/// Modules that do no I/O, know no clock and are never `async`.
const PURE: &[&str] = &[
    "domain",
    "audit",
    "text",
    "wire",
    "detect",
    "policy",
    "engine",
    "stream",
    "people",
    "eval/metrics",
];

/// What a pure module may not name.
const FORBIDDEN: &[&str] = &[
    "tokio",
    "hyper::",
    "axum",
    "tower::",
    "prometheus",
    "std::fs",
    "std::net",
    "std::env",
    "Instant::now",
    "SystemTime::now",
    "async fn",
];

/// A file that is longer has become two things.
const LONGEST_FILE: usize = 560;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The lines of a file that are neither tests nor comments.
fn code(path: &Path) -> Vec<(usize, String)> {
    let is_test = path.file_name().is_some_and(|name| name == "tests.rs" || name == "testing.rs")
        || path.components().any(|part| part.as_os_str() == "tests");
    if is_test {
        return Vec::new();
    }
    let text = fs::read_to_string(path).unwrap();
    let production = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    production
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(number, line)| (number + 1, line.to_owned()))
        .collect()
}

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, ..)| *name == module).map(|(_, layer, _)| *layer)
}

#[test]
fn modules_import_only_from_below() {
    let mut wrong = Vec::new();
    for (module, own, also) in LAYERS {
        for path in sources(&root().join(module)) {
            for (number, line) in code(&path) {
                for part in line.split("crate::").skip(1) {
                    let name: String =
                        part.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
                    let Some(other) = layer(&name) else { continue };
                    if name != *module && other >= *own && !also.contains(&name.as_str()) {
                        wrong.push(format!("{}:{number}: {module} imports {name}", path.display()));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_pure_part_names_no_io_and_is_never_async() {
    let mut wrong = Vec::new();
    for module in PURE {
        for path in sources(&root().join(module)) {
            for (number, line) in code(&path) {
                for name in FORBIDDEN.iter().filter(|name| line.contains(**name)) {
                    wrong.push(format!("{}:{number}: names {name}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_room_is_in_the_table_and_in_the_documents() {
    let document = fs::read_to_string(root().join("../docs/architecture.md")).unwrap();
    for entry in fs::read_dir(root()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            assert!(layer(&name).is_some(), "src/{name} is not in LAYERS");
            assert!(document.contains(&format!("{name}/")), "docs/architecture.md lacks {name}/");
        }
    }
}

#[test]
fn every_module_says_first_what_it_is_for() {
    for path in sources(&root()).iter().filter(|path| path.ends_with("mod.rs")) {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.starts_with("//!"), "{} begins without a word about itself", path.display());
    }
}

#[test]
fn no_file_has_become_two_things() {
    let long = |path: &PathBuf| code(path).last().is_some_and(|(number, _)| *number > LONGEST_FILE);
    let files: Vec<PathBuf> = sources(&root()).into_iter().filter(long).collect();
    assert!(files.is_empty(), "over {LONGEST_FILE} lines: {files:?}");
}
