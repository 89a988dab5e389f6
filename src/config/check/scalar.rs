//! Single values: words, numbers, `true` and `false`, and texts of a certain form.

use serde_json::{Number, Value as Json};

use super::expect::{closest, expected, kind_of, quoted, words};
use crate::config::codes::Code;
use crate::config::formats::{self, url_holds_secret};
use crate::config::problems::{Problem, Problems};
use crate::config::source::SourceSpan;
use crate::config::yaml::Style;

/// The value of a scalar where one of `branches` is asked for.
pub(super) fn read(
    text: &str,
    style: Style,
    at: SourceSpan,
    branches: &[&Json],
    problems: &mut Problems,
) -> Option<Json> {
    if branches.iter().any(|branch| words(branch).contains(&text)) {
        return Some(Json::from(text));
    }
    // Quotes say that a value is text; without them it is what the schema asks for.
    if style == Style::Plain
        && let Some((value, schema)) =
            branches.iter().find_map(|branch| Some((plain(text, branch)?, *branch)))
    {
        return in_range(value, schema, at, problems);
    }
    let mut refusal = None;
    for branch in
        branches.iter().filter(|branch| kind_of(branch) == "string" && words(branch).is_empty())
    {
        match check_form(text, branch, &at) {
            Ok(()) => return Some(Json::from(text)),
            Err(problem) => refusal = Some(*problem),
        }
    }
    problems.push(refusal.unwrap_or_else(|| not_allowed(text, at, branches)));
    None
}

/// The value of text without quotes under a schema that is not about text.
fn plain(text: &str, schema: &Json) -> Option<Json> {
    match kind_of(schema) {
        "boolean" => match text {
            "true" => Some(Json::Bool(true)),
            "false" => Some(Json::Bool(false)),
            _ => None,
        },
        "integer" => text.parse::<i64>().ok().map(Json::from),
        "number" => {
            let number: f64 = text.parse().ok()?;
            let is_number = text.bytes().all(|byte| {
                byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E')
            });
            Number::from_f64(number).filter(|_| is_number).map(Json::Number)
        }
        _ => (matches!(text, "null" | "~") && schema.get("const").is_some_and(Json::is_null))
            .then_some(Json::Null),
    }
}

fn in_range(value: Json, schema: &Json, at: SourceSpan, problems: &mut Problems) -> Option<Json> {
    let bound = |key: &str| schema.get(key).and_then(Json::as_f64);
    let Some(number) = value.as_f64() else { return Some(value) };
    let only = schema.get("const").and_then(Json::as_f64);
    if only.is_some_and(|only| only.total_cmp(&number).is_ne()) {
        let message = format!("version {value} is not known");
        problems.push(Problem::new(Code::TG001, message).at(at, "this release reads version 1"));
        return None;
    }
    let problem = match (bound("minimum"), bound("maximum")) {
        (Some(least), _) if number < least => format!("at least {least}"),
        (_, Some(most)) if number > most => format!("at most {most}"),
        _ => return Some(value),
    };
    problems.report(
        Code::TG002,
        format!("{value} is out of range"),
        at,
        &format!("{problem} is possible"),
    );
    None
}

fn check_form(text: &str, schema: &Json, at: &SourceSpan) -> Result<(), Box<Problem>> {
    let name = schema.get("format").and_then(Json::as_str);
    let Some(format) = name.and_then(formats::format) else { return Ok(()) };
    if format.name == "url" && url_holds_secret(text) {
        return Err(Box::new(super::written_secret(at.clone())));
    }
    (format.check)(text).map_err(|reason| {
        let message = format!("{} is not {}", quoted(text), format.noun);
        Box::new(Problem::new(format.code, message).at(at.clone(), reason))
    })
}

fn not_allowed(text: &str, at: SourceSpan, branches: &[&Json]) -> Problem {
    let all_words = branches.iter().flat_map(|branch| words(branch));
    let is_switch = branches.iter().any(|branch| kind_of(branch) == "boolean");
    let code =
        if branches.iter().any(|branch| branch.get("format").is_some_and(|name| name == "version"))
        {
            Code::TG001
        } else {
            Code::TG002
        };
    let problem = Problem::new(code, format!("{} is not allowed here", quoted(text)));
    let meant = match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "true" if is_switch => Some("true"),
        "no" | "off" | "false" if is_switch => Some("false"),
        _ => closest(text, all_words),
    };
    match meant {
        Some(word) => problem
            .at(at, format!("did you mean `{word}`?"))
            .help(format!("allowed: {}", expected(branches))),
        None => problem.at(at, format!("{} belongs here", expected(branches))),
    }
}
