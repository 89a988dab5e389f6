//! `tidegate test`: policy tests and budgets.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::{ConfigArg, FormatArg, output};
use crate::app::{SuiteReport, run_suite, suite_files};
use crate::config::test_file::{Budget, TestDefaults};
use crate::config::{configuration_root, load_policy, load_tests};
use crate::policy::{Policy, compile};
use crate::telemetry::Clock;

/// Flags of `test`.
#[derive(Debug, Args)]
pub(super) struct TestArgs {
    /// Test files or policies; without any, all of the configuration are run.
    paths: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigArg,
    /// Only tests whose name matches this regex.
    #[arg(long, value_name = "REGEX")]
    filter: Option<String>,
    /// List rules that no test fires.
    #[arg(long)]
    coverage: bool,
    /// Stop at the first file with a failure.
    #[arg(long)]
    fail_fast: bool,
    /// The form of diagnostics.
    #[arg(long, value_enum, default_value_t)]
    format: FormatArg,
}

pub(super) fn run(args: &TestArgs) -> anyhow::Result<ExitCode> {
    let filter = args.filter.as_deref().map(regex::Regex::new).transpose()?;
    let files = files(args);
    anyhow::ensure!(!files.is_empty(), "there are no test files; they are called *.test.yaml");
    let (mut passed, mut failed, mut gaps) = (0, 0, 0);
    for path in files {
        let Some((policy, report)) = run_file(args, &path, filter.as_ref())? else {
            return Ok(ExitCode::from(2));
        };
        print(&path, &report)?;
        let failures = report.failures();
        failed += failures;
        gaps += report.tests.iter().filter(|t| t.todo && !t.result.misses.is_empty()).count();
        passed += report.tests.iter().filter(|test| test.result.misses.is_empty()).count();
        passed += report.budgets.iter().filter(|budget| budget.misses.is_empty()).count();
        if args.coverage {
            coverage(&policy, &report)?;
        }
        if failures > 0 && args.fail_fast {
            break;
        }
    }
    let gaps = if gaps > 0 { format!(", {gaps} known gaps") } else { String::new() };
    output::say(&format!("{passed} passed, {failed} failed{gaps}\n"))?;
    Ok(ExitCode::from(u8::from(failed > 0)))
}

fn files(args: &TestArgs) -> Vec<PathBuf> {
    if !args.paths.is_empty() {
        return args.paths.clone();
    }
    suite_files(&configuration_root(args.config.path().as_deref(), None))
}

/// Runs one file. `None` when it or its policy is not valid; the problems have been shown.
fn run_file(
    args: &TestArgs,
    path: &PathBuf,
    filter: Option<&regex::Regex>,
) -> anyhow::Result<Option<(Arc<Policy>, SuiteReport)>> {
    anyhow::ensure!(path.is_file(), "`{}` is not a file", path.display());
    let root = configuration_root(None, Some(path));
    let is_suite = path.to_string_lossy().ends_with(".test.yaml");
    let (suite, mut problems) =
        if is_suite { load_tests(&root, path) } else { (None, crate::config::Problems::new()) };
    let policy_path = suite.as_ref().map_or(path, |suite| &suite.policy);
    let (loaded, found) = load_policy(&root, policy_path);
    problems.extend(found);
    let policy = loaded.as_ref().and_then(|loaded| {
        let (policy, found) = compile(loaded);
        problems.extend(found);
        policy
    });
    let (Some(loaded), Some(policy), false) = (loaded, policy, problems.has_errors()) else {
        output::problems(&problems, args.format.into());
        return Ok(None);
    };
    let (mut tests, defaults, budgets, corpora) = if let Some(suite) = suite {
        (suite.file.tests, suite.file.defaults, suite.file.budgets, suite.corpora)
    } else {
        let file = &loaded.file;
        let corpus =
            |one: &Budget| (!one.corpus.starts_with("builtin:")).then(|| root.join(&one.corpus));
        let corpora = file.budgets.iter().map(corpus).collect();
        (file.tests.clone(), TestDefaults::default(), file.budgets.clone(), corpora)
    };
    tests.retain(|test| filter.is_none_or(|filter| filter.is_match(&test.name)));
    let budgets: Vec<_> = budgets.into_iter().zip(corpora).collect();
    let policy = Arc::new(policy);
    let report = run_suite(&policy, (&tests, &defaults), &budgets, Clock::default().today());
    Ok(Some((policy, report)))
}

fn print(path: &std::path::Path, report: &SuiteReport) -> anyhow::Result<()> {
    for test in &report.tests {
        let missed = !test.result.misses.is_empty();
        match (missed, test.todo) {
            (false, false) => {}
            (false, true) => output::say(&format!(
                "{}: `{}` passes now; its `todo` can go\n",
                path.display(),
                test.name
            ))?,
            (true, true) => output::say(&format!("known gap: {}\n", test.name))?,
            (true, false) => {
                output::say(&format!("FAILED {}: {}\n", path.display(), test.name))?;
                let mut shown = BTreeSet::new();
                for miss in
                    test.result.misses.iter().filter(|m| shown.insert((&m.text, &m.what))).take(6)
                {
                    output::say(&format!("    {}\n        in: {}\n", miss.what, miss.text))?;
                }
            }
        }
    }
    for budget in &report.budgets {
        let verdict = if budget.misses.is_empty() { "budget ok" } else { "FAILED budget" };
        output::say(&format!("{verdict}: {} ({})\n", budget.name, budget.measured))?;
        for miss in &budget.misses {
            output::say(&format!("    {miss}\n"))?;
        }
    }
    Ok(())
}

fn coverage(policy: &Policy, report: &SuiteReport) -> anyhow::Result<()> {
    let fired: BTreeSet<&str> =
        report.tests.iter().flat_map(|test| &test.result.fired).map(|id| &**id).collect();
    for rule in policy.rules.iter().filter(|rule| !fired.contains(&*rule.id)) {
        output::say(&format!("no test fires rule `{}` of {}\n", rule.id, policy.name))?;
    }
    Ok(())
}
