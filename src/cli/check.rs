//! `tidegate check`: everything that is wrong with the configuration, at once, without a network.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{ConfigArg, FormatArg, environment, output};
use crate::app::load;
use crate::config::{Problems, configuration_root, load_policy, load_tests};
use crate::policy::compile;

/// Flags of `check`.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Policies or test files; without any, the whole configuration is checked.
    paths: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigArg,
    /// Warnings count as errors.
    #[arg(long)]
    deny_warnings: bool,
    /// Print each setting of the server file, and where it came from.
    #[arg(long)]
    show_effective: bool,
    /// The form of diagnostics.
    #[arg(long, value_enum, default_value_t)]
    format: FormatArg,
}

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let problems = if args.paths.is_empty() { whole(args)? } else { named(&args.paths)? };
    let failed = problems.has_errors() || (args.deny_warnings && problems.warnings() > 0);
    let format = args.format.into();
    match args.format {
        FormatArg::Full | FormatArg::Short => output::problems(&problems, format),
        FormatArg::Json | FormatArg::Github | FormatArg::Sarif => {
            output::say(&crate::config::render(&problems, format, false))?;
        }
    }
    if !failed && matches!(args.format, FormatArg::Full | FormatArg::Short) {
        output::say("ok\n")?;
    }
    Ok(ExitCode::from(u8::from(failed)))
}

fn whole(args: &CheckArgs) -> anyhow::Result<Problems> {
    let path = args.config.path();
    let (loaded, mut problems) = load(path.as_deref(), &environment(), &[], None);
    if let Some(loaded) = &loaded {
        for path in crate::app::suite_files(&loaded.server.root) {
            problems.extend(load_tests(&loaded.server.root, &path).1);
        }
        if args.show_effective {
            for setting in &loaded.server.settings {
                output::say(&format!(
                    "{} = {}  ({})\n",
                    setting.path, setting.value, setting.origin
                ))?;
            }
        }
    }
    problems.sort();
    Ok(problems)
}

fn named(paths: &[PathBuf]) -> anyhow::Result<Problems> {
    let mut problems = Problems::new();
    for path in paths {
        anyhow::ensure!(path.is_file(), "`{}` is not a file", path.display());
        let root = configuration_root(None, Some(path));
        problems.extend(file(&root, path));
    }
    problems.sort();
    Ok(problems)
}

fn file(root: &Path, path: &Path) -> Problems {
    if path.to_string_lossy().ends_with(".test.yaml") {
        return load_tests(root, path).1;
    }
    if path.file_name().is_some_and(|name| name == "tidegate.yaml") {
        return load(Some(path), &environment(), &[], None).1;
    }
    let (policy, mut problems) = load_policy(root, path);
    if let Some(policy) = policy {
        problems.extend(compile(&policy).1);
    }
    problems
}
