//! The command line as people use it: what it says, where it says it, and how it exits.
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod attacks;
mod audit;
mod check;
mod codes;
#[expect(clippy::indexing_slicing, reason = "a wrong key fails the test")]
mod dashboard;
mod diff;
mod eval;
mod explain;
mod init;
mod managed;
mod monitoring;
mod other;
mod parquet;
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
mod review;
mod running;
mod scan;
mod secrets;
mod suites;
mod train;
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
mod user;

use std::path::Path;

use assert_cmd::Command;

/// What a run came to.
struct Outcome {
    code: i32,
    out: String,
    err: String,
}

/// Runs the binary in a folder, with nothing of this machine's settings.
fn tidegate(folder: &Path, arguments: &[&str]) -> Outcome {
    fed(folder, arguments, "")
}

/// The same with a text on standard input.
fn fed(folder: &Path, arguments: &[&str], input: &str) -> Outcome {
    run(folder, arguments, input, &[])
}

/// The same with variables of the environment.
fn run(
    folder: &Path,
    arguments: &[&str],
    input: &str,
    environment: &[(String, String)],
) -> Outcome {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("tidegate"));
    command.env_clear().current_dir(folder).args(arguments).write_stdin(input);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    let output = command.output().unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
    let text = |bytes: Vec<u8>| {
        String::from_utf8(bytes).unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
    };
    Outcome {
        code: output.status.code().unwrap_or_else(|| panic!("{arguments:?}: ended by a signal")),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    for (name, content) in files {
        let path = folder.path().join(name);
        let parent = path.parent().unwrap_or_else(|| folder.path());
        std::fs::create_dir_all(parent).unwrap_or_else(|error| panic!("{name}: {error}"));
        std::fs::write(&path, content).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    folder
}

/// The root of the project.
fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

impl Outcome {
    /// Everything, for a snapshot.
    fn drawn(&self) -> String {
        let Self { code, out, err } = self;
        format!("exit {code}\n--- out ---\n{out}--- err ---\n{err}")
    }
}
