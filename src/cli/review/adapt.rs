//! `tidegate review adapt`: thresholds that move with judgements.

use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::super::desk::Desk;
use super::super::shown::{json_line, table, visible};
use super::{ConfigArg, Form, ReviewerArg, output};
use crate::people::thresholds;

/// Flags of `review adapt`.
#[derive(Debug, Args)]
pub(super) struct AdaptArgs {
    /// Put the threshold of this rule back to what is written; labels from before do not count any more.
    #[arg(long, value_name = "POLICY/RULE", value_parser = of_rule)]
    reset: Option<OfRule>,
    #[command(flatten)]
    reviewer: ReviewerArg,
    #[command(flatten)]
    config: ConfigArg,
    /// The form.
    #[arg(long, value_enum, default_value_t)]
    format: Form,
}

/// A rule of a policy.
#[derive(Clone, Debug)]
struct OfRule {
    policy: String,
    rule: String,
}

fn of_rule(written: &str) -> Result<OfRule, String> {
    let parts =
        written.split_once('/').filter(|(policy, rule)| !policy.is_empty() && !rule.is_empty());
    let (policy, rule) = parts.ok_or("a policy and a rule of it, such as default/insults")?;
    Ok(OfRule { policy: policy.to_owned(), rule: rule.to_owned() })
}

pub(super) fn run(args: &AdaptArgs) -> anyhow::Result<ExitCode> {
    let name = args.reset.as_ref().map(|_| args.reviewer.name()).transpose()?;
    let desk = Desk::open(&args.config)?;
    if let (Some(of), Some(name)) = (&args.reset, name) {
        return reset(&desk, (of, name), args.format);
    }
    let mut list = desk.read(|connection, _| thresholds::list(connection))?;
    output::say(&match args.format {
        Form::Json => {
            if let Some(members) = list.as_object_mut() {
                members.insert("schema".to_owned(), "tidegate.review-adapt/v1".into());
            }
            json_line(&list)
        }
        Form::Table => drawn(&list),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn reset(desk: &Desk, (of, name): (&OfRule, &str), form: Form) -> anyhow::Result<ExitCode> {
    let meant = of.clone();
    let row = desk.act(name, move |connection, by| {
        thresholds::reset(connection, (&meant.policy, &meant.rule), by)
    })?;
    let OfRule { policy, rule } = of;
    let Some(row) = row else {
        anyhow::bail!(
            "no threshold moves of a rule `{}` of a policy `{}`; `tidegate review adapt` lists those that do",
            visible(rule),
            visible(policy)
        );
    };
    output::say(&match form {
        Form::Json => json_line(&thresholds::row(&row)),
        Form::Table => format!("{}/{}: {} again\n", visible(policy), visible(rule), row.written),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn drawn(list: &Value) -> String {
    let members =
        |name: &str| list.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
    let headings = [
        "POLICY",
        "RULE",
        "STATE",
        "THRESHOLD",
        "WRITTEN",
        "BOUNDS",
        "TARGET",
        "LAST CHANGE",
        "REASON",
        "EVIDENCE",
    ];
    let rows: Vec<[String; 10]> = members("rows").iter().map(row_cells).collect();
    let mut drawn = table(headings, &rows);
    let changes: Vec<[String; 8]> = members("changes").iter().map(change_cells).collect();
    if !changes.is_empty() {
        let headings = ["AT", "POLICY", "RULE", "CHANGE", "FROM", "TO", "MODE", "BY"];
        drawn.push('\n');
        drawn.push_str(&table(headings, &changes));
    }
    drawn
}

fn text(value: &Value, name: &str) -> String {
    match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => {
            "-".to_owned()
        }
    }
}

fn row_cells(row: &Value) -> [String; 10] {
    let number = |name: &str| row.get(name).and_then(Value::as_f64).unwrap_or_default();
    let what = if text(row, "target_is") == "precision" { "precision" } else { "false positives" };
    [
        text(row, "policy"),
        text(row, "rule"),
        text(row, "state"),
        text(row, "threshold"),
        text(row, "written"),
        format!("{}–{}", number("low"), number("high")),
        format!("{} % {what}", percent(number("target"))),
        text(row, "changed_at"),
        text(row, "reason"),
        evidence(row.get("evidence").unwrap_or(&Value::Null)),
    ]
}

/// A share as percent, to two decimals where there are any.
fn percent(share: f64) -> f64 {
    (share * 10_000.0).round() / 100.0
}

/// What a look rests on, in a line.
fn evidence(of: &Value) -> String {
    let number = |name: &str| of.get(name).and_then(Value::as_f64);
    let Some(labels) = number("labels") else {
        let new = number("new_labels").map(|new| format!("{new} new labels"));
        return new.unwrap_or_else(|| "-".to_owned());
    };
    let people = number("reviewers").unwrap_or_default();
    let bound = |name: &str| of.pointer(&format!("/interval/{name}")).and_then(Value::as_f64);
    let rate = match (number("rate"), bound("low"), bound("high")) {
        (Some(rate), Some(low), Some(high)) => {
            format!("{} % ({}–{}), ", percent(rate), percent(low), percent(high))
        }
        (_, _, _) => String::new(),
    };
    format!("{rate}{labels} labels of {people}")
}

fn change_cells(change: &Value) -> [String; 8] {
    let is_shadow = change.get("shadow") == Some(&json!(true));
    [
        text(change, "at"),
        text(change, "policy"),
        text(change, "rule"),
        text(change, "change"),
        text(change, "from"),
        text(change, "to"),
        if is_shadow { "shadow" } else { "on" }.to_owned(),
        text(change, "by"),
    ]
}
