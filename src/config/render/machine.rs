//! The forms that programs read.

use serde_json::{Value as Json, json};

use super::{Paint, remark, summary};
use crate::config::codes;
use crate::config::problems::{Gravity, Label, Problem, Problems};
use crate::config::source::Position;

/// Name and version of the JSON form.
const JSON_SCHEMA: &str = "tidegate.problems/v1";

/// One line each: `path:line:column: error[TG003]: message: remark`.
pub(super) fn short(problems: &Problems, colour: bool) -> String {
    let paint = Paint { on: colour };
    let mut out: Vec<String> = problems.iter().map(|problem| one_line(problem, paint)).collect();
    out.push(summary(problems));
    out.push(String::new());
    out.join("\n")
}

fn one_line(problem: &Problem, paint: Paint) -> String {
    let place = problem.primary().map(|label| {
        let position = label.at.position();
        format!("{}:{}:{}: ", label.at.source.location(), position.line, position.column)
    });
    let remark = remark(problem).map(|remark| format!(": {remark}")).unwrap_or_default();
    let place = place.unwrap_or_default();
    format!("{place}{}: {}{remark}", paint.head(problem), problem.message)
}

/// One JSON document. Byte offsets count from 0, lines and columns from 1.
pub(super) fn json(problems: &Problems) -> String {
    let list: Vec<Json> = problems
        .iter()
        .map(|problem| {
            json!({
                "code": problem.code.to_string(),
                "severity": problem.gravity.as_str(),
                "title": problem.code.definition().title,
                "message": problem.message,
                "labels": problem.labels.iter().map(place).collect::<Vec<_>>(),
                "help": problem.help,
            })
        })
        .collect();
    lines(&json!({
        "schema": JSON_SCHEMA,
        "errors": problems.errors(),
        "warnings": problems.warnings(),
        "problems": list,
    }))
}

/// Workflow commands, which GitHub shows beside the lines of a change.
/// Source: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.
pub(super) fn github(problems: &Problems) -> String {
    problems.iter().map(workflow_command).collect()
}

fn workflow_command(problem: &Problem) -> String {
    let command = problem.gravity.as_str();
    let title = property(&format!("{}: {}", problem.code, problem.code.definition().title));
    let place = problem.primary().map(|label| {
        let (start, end) = ends(label);
        let file = property(label.at.source.location());
        let (line, column) = (start.line, start.column);
        format!(
            "file={file},line={line},col={column},endLine={},endColumn={},",
            end.line, end.column
        )
    });
    let parts = [Some(problem.message.as_str()), remark(problem), problem.help.as_deref()];
    let message = parts.into_iter().flatten().collect::<Vec<_>>().join("\n");
    format!("::{command} {}title={title}::{}\n", place.unwrap_or_default(), data(&message))
}

/// A SARIF log. Source: SARIF 2.1.0, sections 3.13 to 3.30.
pub(super) fn sarif(problems: &Problems) -> String {
    let mut used: Vec<_> = problems.iter().map(|problem| problem.code).collect();
    used.sort_unstable();
    used.dedup();
    let rules: Vec<Json> = codes::definitions()
        .filter(|definition| used.contains(&definition.code))
        .map(|definition| {
            json!({
                "id": definition.code.to_string(),
                "shortDescription": { "text": definition.title },
                "fullDescription": { "text": definition.explanation },
            })
        })
        .collect();
    lines(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "tidegate", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": problems.iter().map(result).collect::<Vec<_>>(),
        }],
    }))
}

fn result(problem: &Problem) -> Json {
    let level = match problem.gravity {
        Gravity::Error => "error",
        Gravity::Warning => "warning",
    };
    let locations: Vec<Json> = problem.primary().into_iter().map(location).collect();
    let text = match remark(problem) {
        Some(remark) => format!("{}: {remark}", problem.message),
        None => problem.message.clone(),
    };
    json!({
        "ruleId": problem.code.to_string(),
        "level": level,
        "message": { "text": text },
        "locations": locations,
    })
}

fn location(label: &Label) -> Json {
    let (start, end) = ends(label);
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": label.at.source.location() },
            "region": {
                "startLine": start.line,
                "startColumn": start.column,
                "endLine": end.line,
                "endColumn": end.column,
            },
        },
    })
}

fn place(label: &Label) -> Json {
    let (start, end) = ends(label);
    json!({
        "file": label.at.source.location(),
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "start": label.at.span.start,
        "end": label.at.span.end,
        "text": label.text,
    })
}

fn ends(label: &Label) -> (Position, Position) {
    (label.at.position(), label.at.source.position(label.at.span.end))
}

fn lines(document: &Json) -> String {
    let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
    text.push('\n');
    text
}

/// Text of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
