//! Tells the binary what it was built from, where that can be told.
#![expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts through the environment"
)]

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=TIDEGATE_REVISION");
    if let Some(rustc) =
        std::env::var_os("RUSTC").and_then(|rustc| line(Command::new(rustc).arg("--version")))
    {
        println!("cargo::rustc-env=TIDEGATE_RUSTC={rustc}");
    }
    let named = std::env::var("TIDEGATE_REVISION").ok().filter(|revision| !revision.is_empty());
    // Builds for work on the code would begin anew with each commit.
    let is_release = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if let Some(revision) = named.or_else(|| if is_release { commit() } else { None }) {
        println!("cargo::rustc-env=TIDEGATE_REVISION={revision}");
    }
}

/// The commit that is checked out, if this is a checkout and git is there.
fn commit() -> Option<String> {
    for file in ["HEAD", "logs/HEAD"] {
        let path = line(Command::new("git").args(["rev-parse", "--git-path", file]))?;
        println!("cargo::rerun-if-changed={path}");
    }
    line(Command::new("git").args(["rev-parse", "--short=12", "HEAD"]))
}

/// The first line that a command prints, if it succeeds.
fn line(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(str::to_owned).filter(|line| !line.is_empty())
}
