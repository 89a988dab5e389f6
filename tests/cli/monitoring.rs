//! What stands beside the metrics: their table in the documents, the dashboard, the alerts and their runbooks.

use crate::{project, tidegate};

fn read(path: &str) -> String {
    let path = project().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_table_of_metrics_in_the_documents_is_that_of_the_code() {
    let table = tidegate(project(), &["list", "metrics", "--format", "markdown"]).out;
    assert!(table.lines().count() > 40, "{table}");
    assert!(read("docs/metrics.md").contains(&table), "run `make docs`");
}

/// The alerts of the rules, with the line that names the runbook.
fn alerts() -> Vec<(String, String)> {
    let rules = read("config/prometheus/rules.yml");
    let mut alerts = Vec::new();
    for one in rules.split("- alert: ").skip(1) {
        let name = one.lines().next().unwrap_or_default().trim().to_owned();
        let runbook = one.lines().find_map(|line| line.trim().strip_prefix("runbook_url: "));
        alerts.push((name, runbook.unwrap_or_default().to_owned()));
    }
    alerts
}

#[test]
fn every_alert_has_a_runbook_and_every_runbook_an_alert() {
    let alerts = alerts();
    assert!(alerts.len() >= 9, "{alerts:?}");
    for (name, runbook) in &alerts {
        assert_eq!(*runbook, format!("docs/runbooks/{name}.md"));
        let page = read(runbook);
        assert!(page.starts_with(&format!("# {name}\n")), "{runbook}");
        for part in ["## What it means", "## How to see it", "## What to do", "## When it is over"]
        {
            assert!(page.contains(&format!("\n{part}\n")), "{runbook} lacks `{part}`");
        }
    }
    let folder = std::fs::read_dir(project().join("docs/runbooks")).expect("runbooks");
    for page in folder {
        let name = page.expect("a page").file_name().to_string_lossy().into_owned();
        let known = alerts.iter().any(|(alert, _)| format!("{alert}.md") == name);
        assert!(known, "docs/runbooks/{name} belongs to no alert");
    }
}

#[test]
fn every_alert_is_tried_by_a_test() {
    let tests = read("config/prometheus/rules.test.yml");
    for (name, runbook) in alerts() {
        // One that shows what is told, and not only when nothing is.
        assert!(tests.contains(&format!("alertname: {name}\n        exp_alerts:\n")), "{name}");
        assert!(tests.contains(&format!("runbook_url: {runbook}\n")), "{name}");
    }
}

#[test]
fn commands_of_runbooks_name_metrics_and_subcommands_that_exist() {
    let listed = tidegate(project(), &["list", "metrics"]).out;
    let names: Vec<&str> = listed.split_whitespace().collect();
    let help = tidegate(project(), &["--help"]).out;
    for (_, runbook) in alerts() {
        let page = read(&runbook);
        for word in page.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':') {
            let base = ["_bucket", "_count", "_sum"].iter().find_map(|end| word.strip_suffix(end));
            // A beginning stands before alternatives of a regex.
            let known = if word.ends_with('_') {
                names.iter().any(|name| name.starts_with(word))
            } else {
                names.contains(&base.unwrap_or(word))
            };
            assert!(known || !word.starts_with("tidegate_"), "{runbook}: {word}");
        }
        for command in page.lines().filter_map(|line| line.strip_prefix("tidegate ")) {
            let name = command.split(' ').next().unwrap_or_default();
            assert!(help.contains(&format!("\n  {name} ")), "{runbook}: {command}");
        }
    }
}
