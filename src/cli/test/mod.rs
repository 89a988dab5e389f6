//! `tidegate test`: policy tests and budgets.

mod junit;
mod report;
mod update;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;

use super::{ConfigArg, FormatArg, output};
use crate::app::{SuiteReport, run_suite, suite_files};
use crate::config::test_file::{Budget, TestCase, TestDefaults};
use crate::config::{
    LoadedPolicy, LoadedTests, Problems, SourceSpan, configuration_root, load_policy, load_tests,
};
use crate::policy::{Policy, compile};
use crate::telemetry::Clock;

/// Flags of `test`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct TestArgs {
    /// Test files or policies; without any, all of the configuration are run.
    paths: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigArg,
    /// Only tests and budgets whose name matches this regex.
    #[arg(long, value_name = "REGEX", value_parser = regex::Regex::new)]
    filter: Option<regex::Regex>,
    /// List rules that no test fires.
    #[arg(long, conflicts_with = "filter")]
    coverage: bool,
    /// Stop at the first failure.
    #[arg(long)]
    fail_fast: bool,
    /// Rewrite the expectations of failed tests to what came, after showing the changes.
    #[arg(long)]
    update: bool,
    /// Do not ask before files are rewritten.
    #[arg(long, requires = "update")]
    yes: bool,
    /// Write a report for CI servers, in the XML of `JUnit`, to this file.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// The form of diagnostics and, for `json` and `github`, of the results.
    #[arg(long, value_enum, default_value_t)]
    format: FormatArg,
}

/// One file that was run.
struct Run {
    path: PathBuf,
    written: Written,
    policy: Arc<Policy>,
    /// The tests that were chosen, each with its number in the file.
    tests: Vec<(usize, TestCase)>,
    defaults: TestDefaults,
    report: SuiteReport,
}

/// Where tests are written.
enum Written {
    /// In a file of their own.
    Tests(Box<LoadedTests>),
    /// In the policy itself.
    Policy(Box<LoadedPolicy>),
}

impl Written {
    /// The place of a value such as `tests[0].expect`.
    fn at(&self, path: &str) -> SourceSpan {
        match self {
            Self::Tests(tests) => tests.document.at(path),
            Self::Policy(policy) => policy.at(path),
        }
    }
}

pub(super) fn run(args: &TestArgs) -> anyhow::Result<ExitCode> {
    let files = files(args)?;
    anyhow::ensure!(
        !files.is_empty(),
        "there are no tests; they stand in files called *.test.yaml in tests/ or policies/, or in a policy under `tests:`"
    );
    let mut runs = Vec::new();
    for path in &files {
        let Some(run) = run_file(args, path)? else { return Ok(ExitCode::from(2)) };
        let failed = run.report.failures() > 0;
        runs.push(run);
        if failed && args.fail_fast {
            break;
        }
    }
    let chosen: usize =
        runs.iter().map(|run| run.report.tests.len() + run.report.budgets.len()).sum();
    if let Some(filter) = args.filter.as_ref().filter(|_| chosen == 0) {
        anyhow::bail!("no test has a name that matches `{filter}`");
    }
    report::print(&runs, args)?;
    if let Some(path) = &args.junit {
        let report = junit::report(&runs);
        std::fs::write(path, report).with_context(|| format!("`{}`", path.display()))?;
    }
    let left = if args.update { update::update(&runs, args.yes)? } else { report::failures(&runs) };
    Ok(ExitCode::from(u8::from(left > 0)))
}

fn files(args: &TestArgs) -> anyhow::Result<Vec<PathBuf>> {
    if !args.paths.is_empty() {
        return Ok(args.paths.clone());
    }
    let config = args.config.path();
    if let Some(config) = config.as_ref().filter(|config| !config.is_file()) {
        anyhow::bail!("`{}` is not a file", config.display());
    }
    let root = configuration_root(config.as_deref(), None);
    let mut files = suite_files(&root);
    files.extend(policies_with_tests(&root));
    Ok(files)
}

/// The policies of a configuration that have tests or budgets of their own. One that cannot be read is run, so that what is
/// wrong with it is said.
fn policies_with_tests(root: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(root.join("policies")) else { return Vec::new() };
    let is_policy = |path: &PathBuf| {
        let name = path.to_string_lossy();
        path.is_file() && name.ends_with(".yaml") && !name.ends_with(".test.yaml")
    };
    let has_tests = |path: &PathBuf| {
        let Ok(text) = std::fs::read_to_string(path) else { return true };
        text.lines().any(|line| line.starts_with("tests:") || line.starts_with("budgets:"))
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut policies: Vec<PathBuf> = paths.filter(is_policy).filter(has_tests).collect();
    policies.sort();
    policies
}

/// Runs one file. `None` when it or its policy is not valid; the problems have been shown.
fn run_file(args: &TestArgs, path: &Path) -> anyhow::Result<Option<Run>> {
    anyhow::ensure!(path.is_file(), "`{}` is not a file", path.display());
    let root = configuration_root(None, Some(path));
    let is_suite = path.to_string_lossy().ends_with(".test.yaml");
    let (suite, mut problems) =
        if is_suite { load_tests(&root, path) } else { (None, Problems::new()) };
    let policy_path = suite.as_ref().map_or(path, |suite| &suite.policy);
    let loaded = if is_suite && suite.is_none() {
        None
    } else {
        let (loaded, found) = load_policy(&root, policy_path);
        problems.extend(found);
        loaded
    };
    let policy = loaded.as_ref().and_then(|loaded| {
        let (policy, found) = compile(loaded);
        problems.extend(found);
        policy
    });
    let (Some(loaded), Some(policy), false) = (loaded, policy, problems.has_errors()) else {
        problems.sort();
        show(&problems, args)?;
        return Ok(None);
    };
    let written = match suite {
        Some(suite) => Written::Tests(Box::new(suite)),
        None => Written::Policy(Box::new(loaded)),
    };
    let (tests, defaults, budgets) = contents(&written, &root);
    let chosen = |name: &str| args.filter.as_ref().is_none_or(|filter| filter.is_match(name));
    let tests: Vec<(usize, TestCase)> =
        tests.into_iter().enumerate().filter(|(_, test)| chosen(&test.name)).collect();
    let budgets: Vec<_> = budgets.into_iter().filter(|(budget, _)| chosen(&budget.name)).collect();
    let policy = Arc::new(policy);
    let cases: Vec<TestCase> = tests.iter().map(|(_, test)| test.clone()).collect();
    let today = Clock::default().today();
    let report = run_suite(&policy, (&cases, &defaults), &budgets, today, args.fail_fast);
    Ok(Some(Run { path: path.to_owned(), written, policy, tests, defaults, report }))
}

fn show(problems: &Problems, args: &TestArgs) -> anyhow::Result<()> {
    match args.format {
        FormatArg::Full | FormatArg::Short => output::problems(problems, args.format.into()),
        FormatArg::Json | FormatArg::Github | FormatArg::Sarif => {
            output::say(&crate::config::render(problems, args.format.into(), false))?;
        }
    }
    Ok(())
}

/// Tests, their defaults, and budgets with the paths of their corpora.
type Contents = (Vec<TestCase>, TestDefaults, Vec<(Budget, Option<PathBuf>)>);

/// What a file has to be run.
fn contents(written: &Written, root: &Path) -> Contents {
    match written {
        Written::Tests(suite) => {
            let budgets = suite.file.budgets.iter().cloned().zip(suite.corpora.iter().cloned());
            (suite.file.tests.clone(), suite.file.defaults.clone(), budgets.collect())
        }
        Written::Policy(loaded) => {
            let corpus = |one: &Budget| {
                (!one.corpus.starts_with("builtin:")).then(|| root.join(&one.corpus))
            };
            let budgets = loaded.file.budgets.iter().map(|one| (one.clone(), corpus(one)));
            (loaded.file.tests.clone(), TestDefaults::default(), budgets.collect())
        }
    }
}
