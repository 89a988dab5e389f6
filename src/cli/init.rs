//! `tidegate init`: a server file, a policy in shadow mode, and a test, to begin with.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::output;

/// Flags of `init`.
#[derive(Debug, Args)]
pub(super) struct InitArgs {
    /// The folder to write to.
    #[arg(default_value = "config")]
    folder: PathBuf,
}

/// What is written: path below the folder, content.
const FILES: [(&str, &str); 3] = [
    ("tidegate.yaml", include_str!("init/tidegate.yaml")),
    ("policies/starter.yaml", include_str!("init/starter.yaml")),
    ("tests/starter.test.yaml", include_str!("init/starter.test.yaml")),
];

pub(super) fn run(args: &InitArgs) -> anyhow::Result<ExitCode> {
    let taken: Vec<PathBuf> = FILES
        .iter()
        .map(|(path, _)| args.folder.join(path))
        .filter(|path| path.try_exists().unwrap_or(true))
        .collect();
    if let Some(path) = taken.first() {
        output::complain(&format!(
            "error: `{}` is there already; nothing was written",
            path.display()
        ));
        return Ok(ExitCode::from(2));
    }
    for (path, content) in FILES {
        let path = args.folder.join(path);
        let folder = path.parent().unwrap_or(&args.folder);
        std::fs::create_dir_all(folder).with_context(|| format!("`{}`", folder.display()))?;
        std::fs::write(&path, content).with_context(|| format!("`{}`", path.display()))?;
        output::say(&format!("wrote {}\n", path.display()))?;
    }
    let folder = args.folder.display();
    output::say(&format!("next: tidegate serve --config {folder}/tidegate.yaml\n"))?;
    Ok(ExitCode::SUCCESS)
}
