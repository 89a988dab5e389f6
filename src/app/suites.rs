//! Policy tests and budgets: found, read, run.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;

use crate::config::test_file::{Budget, TestCase, TestDefaults};
use crate::config::units::Share;
use crate::engine::{Scratch, TrialResult, is_flagged, run_test};
use crate::policy::Policy;

/// The most bytes of a corpus.
const LARGEST_CORPUS: u64 = 256 << 20;

/// The folder of test files below a configuration root.
pub(super) const TESTS: &str = "tests";

/// How the tests of one policy went.
#[derive(Debug, Default)]
pub struct SuiteReport {
    /// Each test.
    pub tests: Vec<TestReport>,
    /// Each budget.
    pub budgets: Vec<BudgetReport>,
}

/// One test.
#[derive(Debug)]
pub struct TestReport {
    /// Its name.
    pub name: String,
    /// Whether it is marked as a known gap.
    pub todo: bool,
    /// How it went.
    pub result: TrialResult,
}

/// One budget.
#[derive(Debug)]
pub struct BudgetReport {
    /// Its name.
    pub name: String,
    /// The bars that were missed, with what was measured.
    pub misses: Vec<String>,
    /// What was measured.
    pub measured: String,
}

impl SuiteReport {
    /// Tests that failed without being known gaps, and budgets that were missed.
    pub fn failures(&self) -> usize {
        let tests = self.tests.iter().filter(|test| !test.todo && !test.result.misses.is_empty());
        tests.count() + self.budgets.iter().filter(|budget| !budget.misses.is_empty()).count()
    }
}

/// The test files below a configuration root: `tests/*.test.yaml`, and those beside the policies.
pub fn suite_files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in [TESTS, "policies"] {
        let Ok(entries) = std::fs::read_dir(root.join(folder)) else { continue };
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        files.extend(paths.filter(|path| path.to_string_lossy().ends_with(".test.yaml")));
    }
    files.sort();
    files
}

/// Runs tests and budgets against a policy, to the first failure if `fail_fast`. The path of each
/// budget's corpus stands beside it; `None` is the built-in one.
pub fn run_suite(
    policy: &Arc<Policy>,
    (tests, defaults): (&[TestCase], &TestDefaults),
    budgets: &[(Budget, Option<PathBuf>)],
    today: Date,
    fail_fast: bool,
) -> SuiteReport {
    let mut scratch = Scratch::asking_nobody();
    let mut report = SuiteReport::default();
    for test in tests {
        let result = run_test(policy, test, defaults, today, &mut scratch);
        report.tests.push(TestReport { name: test.name.clone(), todo: test.todo, result });
        if fail_fast && report.failures() > 0 {
            return report;
        }
    }
    for (budget, corpus) in budgets {
        report.budgets.push(run_budget(policy, budget, corpus.as_deref(), today, &mut scratch));
        if fail_fast && report.failures() > 0 {
            break;
        }
    }
    report
}

fn run_budget(
    policy: &Arc<Policy>,
    budget: &Budget,
    corpus: Option<&Path>,
    today: Date,
    scratch: &mut Scratch,
) -> BudgetReport {
    let name = budget.name.clone();
    let rows = match corpus.map(read_corpus) {
        None => crate::policy::everyday().map(|text| (text.to_owned(), false)).collect(),
        Some(Ok(rows)) => rows,
        Some(Err(problem)) => {
            return BudgetReport { name, misses: vec![problem], measured: String::new() };
        }
    };
    let (mut flagged, mut hits, mut harmful) = (0_u32, 0_u32, 0_u32);
    for (text, label) in &rows {
        let is = is_flagged(policy, text, today, scratch);
        flagged += u32::from(is);
        harmful += u32::from(*label);
        hits += u32::from(is && *label);
    }
    let share =
        |part: u32, whole: u32| if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) };
    let total = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let benign = total.saturating_sub(harmful);
    let false_alarms = share(flagged - hits, benign);
    let (recall, precision) = (share(hits, harmful), share(hits, flagged));
    let percent = |share: f64| format!("{:.2}%", share * 100.0);
    let mut misses = Vec::new();
    let bars = &budget.expect;
    if let Some(most) = bars.flagged_at_most.map(Share::fraction).filter(|&m| false_alarms > m) {
        misses.push(format!(
            "flagged {} of benign lines, at most {}",
            percent(false_alarms),
            percent(most)
        ));
    }
    if let Some(least) = bars.recall_at_least.map(Share::fraction).filter(|&l| recall < l) {
        misses.push(format!("recall {}, at least {}", percent(recall), percent(least)));
    }
    if let Some(least) = bars.precision_at_least.map(Share::fraction).filter(|&l| precision < l) {
        misses.push(format!("precision {}, at least {}", percent(precision), percent(least)));
    }
    let flagged = percent(false_alarms);
    let measured = if harmful == 0 {
        format!("{total} lines, none of them harmful; flagged {flagged}")
    } else {
        let (recall, precision) = (percent(recall), percent(precision));
        format!(
            "{total} lines, {harmful} harmful; flagged {flagged} of benign, recall {recall}, precision {precision}"
        )
    };
    BudgetReport { name, misses, measured }
}

/// Rows of JSON Lines with `text` and `label` (`true`, 1, `harmful` count as harmful).
fn read_corpus(path: &Path) -> Result<Vec<(String, bool)>, String> {
    let shown = path.display();
    let size = std::fs::metadata(path).map_err(|error| format!("{shown}: {error}"))?.len();
    if size > LARGEST_CORPUS {
        return Err(format!("{shown} is larger than {LARGEST_CORPUS} bytes"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("{shown}: {error}"))?;
    let mut rows = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let row: serde_json::Value = serde_json::from_str(line)
            .map_err(|error| format!("{shown}:{}: {error}", number + 1))?;
        let Some(text) = row.get("text").and_then(serde_json::Value::as_str) else {
            return Err(format!("{shown}:{}: `text` is missing", number + 1));
        };
        let label = row.get("label").unwrap_or(&serde_json::Value::Null);
        let harmful =
            *label == true || *label == 1 || matches!(label.as_str(), Some("harmful" | "unsafe"));
        rows.push((text.to_owned(), harmful));
    }
    Ok(rows)
}
