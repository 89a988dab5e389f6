//! Whole files through the loader.

mod codes;
mod fixtures;
mod layers;
mod packs;
mod places;
mod robustness;

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::*;
use crate::config::problems::Problems;
use crate::config::render::{Format, render};

/// A configuration root of files that a test wrote.
struct Folder {
    root: TempDir,
}

impl Folder {
    fn of(files: &[(&str, &str)]) -> Self {
        let folder = Self { root: TempDir::new().unwrap() };
        for (path, text) in files {
            folder.write(path, text.as_bytes());
        }
        folder
    }

    /// A root with one policy, `p.yaml`.
    fn policy(text: &str) -> Self {
        Self::of(&[("p.yaml", text)])
    }

    /// A policy whose rules are `rules`, in a root with the word list `l.txt`.
    fn rules(rules: &str) -> Self {
        Self::of(&[("p.yaml", &policy_of(rules)), ("l.txt", "idiot\n")])
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let full = self.path(path);
        std::fs::create_dir_all(full.parent().unwrap()).unwrap();
        std::fs::write(full, bytes).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn load(&self) -> (Option<LoadedPolicy>, Problems) {
        load_policy(self.root.path(), &self.path("p.yaml"))
    }

    fn problems(&self) -> Problems {
        self.load().1
    }

    /// The policy, which has to be without errors.
    fn sound(&self) -> LoadedPolicy {
        let (policy, problems) = self.load();
        assert!(!problems.has_errors(), "{}", render(&problems, Format::Full, false));
        policy.unwrap()
    }

    fn server(&self, text: &str) -> (Option<LoadedServer>, Problems) {
        self.write("tidegate.yaml", text.as_bytes());
        load_server(Some(&self.path("tidegate.yaml")), &[], &[])
    }
}

fn policy_of(rules: &str) -> String {
    format!("version: 1\nname: p\nrules:\n{rules}")
}

/// The problems as `TG003 name:line:column`.
fn list(problems: &Problems) -> Vec<String> {
    let place = |problem: &crate::config::problems::Problem| {
        let at = &problem.primary().unwrap().at;
        let position = at.position();
        format!("{} {}:{}:{}", problem.code, at.source.name(), position.line, position.column)
    };
    problems.iter().map(place).collect()
}

fn full(problems: &Problems) -> String {
    render(problems, Format::Full, false)
}

fn fixture(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config").join(folder)
}
