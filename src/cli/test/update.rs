//! Rewrites the expectations of failed tests to what came.
//!
//! Only values that a test writes are changed, in place, so that comments and order stay. What cannot be
//! changed so is named and left to a person.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use super::report::{End, end_of, failures};
use super::{Run, output};
use crate::app::TestReport;
use crate::config::flow;
use crate::config::test_file::{Expectation, TestCase};
use crate::domain::Span;
use crate::engine::{Scratch, run_test};
use crate::telemetry::Clock;

/// One value to be replaced.
#[derive(Debug)]
struct Edit {
    at: Span,
    text: String,
}

/// Shows what would change, and writes it if that is wanted. The result is how many failures are left.
pub(super) fn update(runs: &[Run], yes: bool) -> anyhow::Result<usize> {
    let mut left = failures(runs);
    let mut files = Vec::new();
    for run in runs {
        let mut edits = Vec::new();
        let failed = run.tests.iter().zip(&run.report.tests);
        for ((number, case), test) in failed.filter(|(_, test)| end_of(test) == End::Failed) {
            match edits_of(run, *number, case, test) {
                Ok(found) => {
                    edits.extend(found);
                    left -= 1;
                }
                Err(why) => output::complain(&format!("`{}` was left alone: {why}", test.name)),
            }
        }
        if !edits.is_empty() {
            edits.sort_by_key(|edit| edit.at);
            let source = run.written.at("tests").source;
            let after = edited(source.text(), &edits);
            output::say(&diff(&run.path, source.text(), &after))?;
            files.push((run, after));
        }
    }
    if files.is_empty() {
        output::complain("there is nothing to update");
        return Ok(left);
    }
    if !yes && !confirmed(files.len())? {
        output::complain("nothing was written");
        return Ok(failures(runs));
    }
    for (run, after) in &files {
        std::fs::write(&run.path, after).with_context(|| format!("`{}`", run.path.display()))?;
        output::complain(&format!("rewrote {}", run.path.display()));
    }
    Ok(left)
}

/// Asks on a terminal; elsewhere nobody can be asked.
fn confirmed(files: usize) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        output::complain("`--yes` writes this without asking");
        return Ok(false);
    }
    output::complain(&format!("write {files} file(s)? [y/N]"));
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// What to replace so that the test passes, or why that cannot be done.
fn edits_of(
    run: &Run,
    number: usize,
    case: &TestCase,
    test: &TestReport,
) -> Result<Vec<Edit>, String> {
    let mut came: Vec<(&'static str, &Value)> = Vec::new();
    for miss in &test.result.misses {
        match came.iter().find(|(key, _)| *key == miss.key) {
            Some((key, known)) if *known != &miss.came => {
                return Err(format!("its texts do not agree on `{key}`"));
            }
            Some(_) => {}
            None => came.push((miss.key, &miss.came)),
        }
    }
    let changed = with(&case.expect, &came).ok_or("what came cannot be written down")?;
    let changed = TestCase { expect: changed, ..case.clone() };
    let (today, mut scratch) = (Clock::default().today(), Scratch::asking_nobody());
    let again = run_test(&run.policy, &changed, &run.defaults, today, &mut scratch);
    if !again.misses.is_empty() {
        return Err("its texts do not agree".to_owned());
    }
    let edits = came.iter().map(|(key, value)| {
        let at = run.written.at(&format!("tests[{number}].expect.{key}"));
        let block = ["- ", "|", ">", "&"].iter().any(|mark| at.text().starts_with(mark));
        let text = written(value).filter(|_| !block);
        let text = text.ok_or_else(|| format!("its `{key}` is written over several lines"))?;
        Ok(Edit { at: at.span, text })
    });
    edits.collect()
}

/// An expectation with other values.
fn with(expect: &Expectation, came: &[(&'static str, &Value)]) -> Option<Expectation> {
    let mut value = serde_json::to_value(expect).ok()?;
    let object = value.as_object_mut()?;
    for (key, came) in came {
        object.insert((*key).to_owned(), (*came).clone());
    }
    serde_json::from_value(value).ok()
}

/// A value as YAML on one line.
fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(_) | Value::Number(_) => Some(flow(value)),
        Value::Array(items) => {
            items.iter().all(|item| written(item).is_some()).then(|| flow(value))
        }
        Value::Null | Value::Bool(_) | Value::Object(_) => None,
    }
}

/// The text with the edits, which are ordered and apart.
fn edited(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(text.get(at..edit.at.start).unwrap_or_default());
        out.push_str(&edit.text);
        at = edit.at.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// The lines that change. An edit never adds or takes away a line.
fn diff(path: &Path, before: &str, after: &str) -> String {
    let pairs = before.lines().zip(after.lines()).enumerate();
    let changes = pairs.filter(|(_, (before, after))| before != after);
    let changes = changes.map(|(number, (before, after))| {
        format!("@@ {}:{}\n-{before}\n+{after}\n", path.display(), number + 1)
    });
    changes.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_written_as_people_write_them() {
        for (value, text) in [
            (Value::from("block"), "block"),
            (Value::from("it's [EMAIL]"), "'it''s [EMAIL]'"),
            (Value::from("a\nb"), "\"a\\nb\""),
            (Value::from(""), "''"),
            (Value::from(3.0), "3"),
            (Value::from(2.5), "2.5"),
            (Value::from(vec!["pack.pii/email", "抱歉"]), "[pack.pii/email, '抱歉']"),
            (Value::from(Vec::<String>::new()), "[]"),
        ] {
            assert_eq!(written(&value).unwrap(), text);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_it_was(text in "[ -~\\n\\t'\"抱歉]{0,20}") {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("a.test.yaml");
            std::fs::write(root.path().join("p.yaml"), "version: 1\nname: p\nrules: []\n").unwrap();
            let yaml = format!(
                "version: 1\npolicy: p.yaml\ntests: [{{ name: n, text: t, expect: {{ output: {} }} }}]\n",
                flow(&Value::from(text.as_str()))
            );
            std::fs::write(&path, &yaml).unwrap();
            let (loaded, problems) = crate::config::load_tests(root.path(), &path);
            prop_assert!(!problems.has_errors(), "{yaml} {problems:?}");
            let test = &loaded.unwrap().file.tests[0];
            prop_assert_eq!(test.expect.output.as_deref(), Some(text.as_str()));
        }
    }
}
