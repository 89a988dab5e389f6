//! The results of tests: for people, as JSON, as annotations of a code host.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{FormatArg, Run, TestArgs, output};
use crate::app::{BudgetReport, TestReport};
use crate::policy::Policy;
use crate::telemetry::Clock;

/// The most misses of one test that are shown.
const MOST_MISSES: usize = 6;

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Passed,
    Failed,
    /// Marked as a known gap, and failing.
    KnownGap,
    /// Marked as a known gap, and passing.
    Closed,
}

/// How a test ended.
pub(super) const fn end_of(test: &TestReport) -> End {
    match (test.result.misses.is_empty(), test.todo) {
        (true, false) => End::Passed,
        (true, true) => End::Closed,
        (false, true) => End::KnownGap,
        (false, false) => End::Failed,
    }
}

/// Failures of all runs.
pub(super) fn failures(runs: &[Run]) -> usize {
    runs.iter().map(|run| run.report.failures()).sum()
}

/// Prints the results.
pub(super) fn print(runs: &[Run], args: &TestArgs) -> anyhow::Result<()> {
    match args.format {
        FormatArg::Json => return output::say(&format!("{}\n", as_json(runs, args.coverage))),
        FormatArg::Github => output::say(&annotations(runs))?,
        FormatArg::Full | FormatArg::Short | FormatArg::Sarif => {}
    }
    for run in runs {
        output::say(&text(run))?;
        if args.coverage {
            for rule in uncovered(run) {
                let trial = if is_on_trial(run, rule) { ", which is on trial" } else { "" };
                let name = &run.policy.name;
                output::say(&format!("no test fires rule `{rule}` of {name}{trial}\n"))?;
            }
        }
    }
    let tests = || runs.iter().flat_map(|run| &run.report.tests);
    let budgets = runs.iter().flat_map(|run| &run.report.budgets);
    let passed = tests().filter(|test| test.result.misses.is_empty()).count()
        + budgets.filter(|budget| budget.misses.is_empty()).count();
    let gaps = tests().filter(|test| end_of(test) == End::KnownGap).count();
    let gaps = match gaps {
        0 => String::new(),
        1 => ", 1 known gap".to_owned(),
        many => format!(", {many} known gaps"),
    };
    output::say(&format!("{passed} passed, {} failed{gaps}\n", failures(runs)))
}

fn text(run: &Run) -> String {
    let shown = run.path.display();
    let mut lines = Vec::new();
    for test in &run.report.tests {
        match end_of(test) {
            End::Passed => {}
            End::Closed => {
                lines.push(format!("{shown}: `{}` passes now; its `todo` can go", test.name));
            }
            End::KnownGap => lines.push(format!("known gap: {}", test.name)),
            End::Failed => {
                lines.push(format!("FAILED {shown}: {}", test.name));
                for (what, text) in misses(test) {
                    lines.push(format!("    {what}\n        in: {text}"));
                }
            }
        }
    }
    for budget in &run.report.budgets {
        let verdict = if budget.misses.is_empty() { "budget ok" } else { "FAILED budget" };
        let policy = &run.policy.name;
        lines.push(format!("{verdict} of {policy}: {} ({})", budget.name, budget.measured));
        lines.extend(budget.misses.iter().map(|miss| format!("    {miss}")));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// What went wrong in a test and where, each once: splits of one text mostly go wrong alike.
pub(super) fn misses(test: &TestReport) -> Vec<(&str, &str)> {
    let mut shown = BTreeSet::new();
    let misses = test.result.misses.iter().map(|miss| (miss.what.as_str(), miss.text.as_str()));
    misses.filter(|miss| shown.insert(*miss)).take(MOST_MISSES).collect()
}

/// Rules that are on for some request and that no test fires.
fn uncovered(run: &Run) -> Vec<&str> {
    let tests = run.report.tests.iter();
    let fired: BTreeSet<&str> = tests.flat_map(|test| &test.result.fired).map(|id| &**id).collect();
    let today = Clock::default().today();
    let variants = run.policy.variants.iter().map(|variant| &*variant.policy);
    let policies: Vec<&Policy> = std::iter::once(&*run.policy).chain(variants).collect();
    let rules = run.policy.rules.iter().enumerate();
    rules
        .filter(|(_, rule)| !fired.contains(&*rule.id))
        .filter(|(index, _)| policies.iter().any(|policy| policy.is_on(*index, today)))
        .map(|(_, rule)| &*rule.id)
        .collect()
}

/// Whether a rule is only watched, so that tests need not know of it.
fn is_on_trial(run: &Run, id: &str) -> bool {
    let (policy, today) = (&run.policy, Clock::default().today());
    let mut rules = policy.rules.iter().filter(|rule| &*rule.id == id);
    rules.any(|rule| policy.is_on_trial(policy.mode_of(rule, today)))
}

fn annotations(runs: &[Run]) -> String {
    let mut lines = Vec::new();
    for run in runs {
        for ((number, _), test) in run.tests.iter().zip(&run.report.tests) {
            if end_of(test) == End::Failed {
                let line = run.written.at(&format!("tests[{number}].name")).position().line;
                let what: Vec<&str> = misses(test).into_iter().map(|(what, _)| what).collect();
                lines.push(format!(
                    "::error file={},line={line},title={}::{}\n",
                    property(&run.path.display().to_string()),
                    property(&test.name),
                    message(&what.join("; "))
                ));
            }
        }
    }
    lines.concat()
}

/// Text as the value of a workflow command.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

/// All results as one document, `tidegate.test/v1`.
fn as_json(runs: &[Run], coverage: bool) -> Value {
    let files: Vec<Value> = runs
        .iter()
        .map(|run| {
            let mut file = json!({
                "path": run.path.display().to_string(),
                "policy": &*run.policy.name,
                "revision": &*run.policy.revision,
                "tests": run.report.tests.iter().map(test_as_json).collect::<Vec<_>>(),
                "budgets": run.report.budgets.iter().map(budget_as_json).collect::<Vec<_>>(),
            });
            if coverage && let Some(object) = file.as_object_mut() {
                object.insert("uncovered".to_owned(), json!(uncovered(run)));
            }
            file
        })
        .collect();
    json!({ "schema": "tidegate.test/v1", "failed": failures(runs), "files": files })
}

fn test_as_json(test: &TestReport) -> Value {
    let end = match end_of(test) {
        End::Passed => "passed",
        End::Failed => "failed",
        End::KnownGap => "known_gap",
        End::Closed => "closed_gap",
    };
    let misses: Vec<Value> = misses(test)
        .into_iter()
        .map(|(what, text)| json!({ "what": what, "text": text }))
        .collect();
    json!({ "name": test.name, "end": end, "misses": misses })
}

fn budget_as_json(budget: &BudgetReport) -> Value {
    let end = if budget.misses.is_empty() { "passed" } else { "failed" };
    json!({ "name": budget.name, "end": end, "measured": budget.measured, "misses": budget.misses })
}
