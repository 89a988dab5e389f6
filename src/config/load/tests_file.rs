//! Files of policy tests.

use std::path::{Path, PathBuf};

use super::files::{Overlay, Shelf, Wanted, inside, shown_name};
use crate::config::checks;
use crate::config::codes::Code;
use crate::config::document::{self, Document};
use crate::config::problems::{Problem, Problems};
use crate::config::schema::SchemaOf;
use crate::config::source::SourceSpan;
use crate::config::test_file::TestFile;
use crate::config::yaml::FILE_LIMIT_BYTES;

/// The folder below the root where policies are looked for by their bare names.
const POLICIES: &str = "policies";

/// A file of tests with what it names.
#[derive(Clone, Debug)]
pub struct LoadedTests {
    /// The tests.
    pub file: TestFile,
    /// Their places.
    pub document: Document,
    /// Path of the policy under test.
    pub policy: PathBuf,
    /// Paths of the corpora of the budgets, in their order; none for a built-in corpus.
    pub corpora: Vec<Option<PathBuf>>,
    /// A short hash of the file.
    pub revision: String,
}

/// Reads a file of tests. The policy is looked for beside the file, then from the root, then in `policies/`. A value
/// comes back whenever one could be made, also beside errors.
pub fn load_tests(root: &Path, path: &Path) -> (Option<LoadedTests>, Problems) {
    load_tests_over(root, path, None)
}

/// The same, with a text in the place of the file's own.
pub fn load_tests_over(
    root: &Path,
    path: &Path,
    overlay: Option<&Overlay>,
) -> (Option<LoadedTests>, Problems) {
    let mut problems = Problems::new();
    let loaded = load(root, path, Shelf::with(overlay), &mut problems);
    problems.sort();
    (loaded, problems)
}

fn load(
    root: &Path,
    path: &Path,
    mut shelf: Shelf,
    problems: &mut Problems,
) -> Option<LoadedTests> {
    let shown = shown_name(root, path);
    let wanted = Wanted { path, shown: &shown, limit: FILE_LIMIT_BYTES, asked: None };
    let source = shelf.read(wanted, problems)?.source;
    let (file, document): (TestFile, _) = document::read(&source, SchemaOf::Test, problems)?;
    checks::tests(&file.tests, &file.defaults, &file.budgets, &document, problems);
    let at = document.at("policy");
    let policy = find_policy(root, path, &file.policy, &at, problems)?;
    let mut corpora = Vec::new();
    for (number, budget) in file.budgets.iter().enumerate() {
        if budget.corpus.starts_with("builtin:") {
            corpora.push(None);
            continue;
        }
        let at = document.at(&format!("budgets[{number}].corpus"));
        let corpus = inside(root, &budget.corpus, &at, problems);
        if corpus.as_ref().is_some_and(|path| !path.is_file()) {
            let problem = Problem::new(Code::TG022, format!("`{}` is not there", budget.corpus));
            problems.push(
                problem.at(at, "no such file").help("paths begin at the folder of tidegate.yaml"),
            );
        }
        corpora.push(corpus);
    }
    Some(LoadedTests { file, document, policy, corpora, revision: shelf.revision() })
}

fn find_policy(
    root: &Path,
    tests: &Path,
    written: &str,
    at: &SourceSpan,
    problems: &mut Problems,
) -> Option<PathBuf> {
    inside(root, written, at, problems)?;
    let beside = tests.parent().unwrap_or_else(|| Path::new(""));
    let places = [beside.join(written), root.join(written), root.join(POLICIES).join(written)];
    let found = places.into_iter().find(|place| place.is_file());
    if found.is_none() {
        let problem = Problem::new(Code::TG022, format!("there is no policy `{written}`"));
        let problem = problem.at(at.clone(), "no such file");
        problems.push(problem.help(
            "looked for beside this file, from the folder of tidegate.yaml, and in its policies/",
        ));
    }
    found
}
