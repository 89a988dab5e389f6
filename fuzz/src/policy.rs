//! Files of operators: no file breaks the loader or the compiler, and every mistake has a place.

use std::path::Path;
use std::sync::LazyLock;

use tempfile::TempDir;
use tidegate::config::{Format, Problems, load_policy, load_server, load_tests, render};
use tidegate::policy::compile;

use super::pieces::Choices;

/// A policy whose only word list is what is fuzzed.
const WITH_LIST: &str = "\
version: 1
name: p
lexicons: { l: { file: words.txt } }
rules: [{ id: a, lexicon: l, action: block }]
";

static FOLDER: LazyLock<TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("there is room for a folder"));

/// Checks one file, as a policy, a word list, a server file or a file of tests.
pub fn check(input: &[u8]) {
    let (mut choices, file) = Choices::of(input);
    let root = FOLDER.path();
    let policy = root.join("p.yaml");
    let readable = std::str::from_utf8(file).is_ok();
    match choices.below(4) {
        0 => {
            write(&policy, file);
            check_policy(root, &policy, readable);
        }
        1 => {
            write(&policy, WITH_LIST.as_bytes());
            write(&root.join("words.txt"), file);
            check_policy(root, &policy, readable);
        }
        2 => {
            let server = root.join("tidegate.yaml");
            write(&server, file);
            let (loaded, problems) = load_server(Some(&server), &[], &[]);
            assert!(loaded.is_some() || problems.has_errors());
            check_problems(&problems, readable);
        }
        _ => {
            let tests = root.join("p.test.yaml");
            write(&tests, file);
            let (loaded, problems) = load_tests(root, &tests);
            assert!(loaded.is_some() || problems.has_errors());
            check_problems(&problems, readable);
        }
    }
}

fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).expect("the folder can be written");
}

fn check_policy(root: &Path, path: &Path, readable: bool) {
    let (written, problems) = load_policy(root, path);
    assert!(written.is_some() || problems.has_errors());
    check_problems(&problems, readable);
    if let Some(written) = written.filter(|_| !problems.has_errors()) {
        let (compiled, problems) = compile(&written);
        assert!(compiled.is_some() || problems.has_errors());
        check_problems(&problems, readable);
    }
}

/// Each problem has a place that exists, and can be shown in every form.
fn check_problems(problems: &Problems, readable: bool) {
    for problem in problems {
        assert!(!readable || !problem.labels.is_empty(), "{}: no place", problem.message);
        for label in &problem.labels {
            let text = label.at.source.text();
            assert!(
                text.get(label.at.span.range()).is_some(),
                "{}: no such place",
                problem.message
            );
        }
    }
    for (_, format) in Format::ALL {
        let shown = render(problems, format, false);
        assert!(problems.iter().next().is_none() || !shown.is_empty());
    }
}
