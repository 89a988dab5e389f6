//! An explanation for people.

use unicode_width::UnicodeWidthChar as _;

use super::Explained;
use crate::domain::{Action, Finding, Mode, Outcome, Phase};
use crate::engine::{
    Found, RuleEnd, RuleStep, Shown, ViewStep, end_of, is_reached, mend, quoted, visible,
};

/// The most rules that are named as not matched.
const MOST_NAMED: usize = 6;
/// The first column of a table.
const NARROWEST: usize = 16;
const WIDEST: usize = 48;
/// The most findings that a trace lists for one rule.
const MOST_TRACED: usize = 3;

/// The whole picture, line by line.
pub(super) fn draw(explained: &Explained<'_>, with_trace: bool) -> String {
    let mut lines = vec![headline(explained), String::new()];
    let indented = |line: String| if line.is_empty() { line } else { format!("  {line}") };
    let mut body = underlined(explained.text, &explained.verdict.findings);
    body.extend(table(explained));
    body.extend(classified(explained));
    if with_trace {
        body.extend(trace(explained));
    } else {
        body.extend(not_matched(explained));
    }
    body.push(String::new());
    body.extend(consequence(explained, with_trace));
    lines.extend(body.into_iter().map(indented));
    lines.iter().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

/// What was decided, or would have been, and by which policy.
fn headline(explained: &Explained<'_>) -> String {
    let Explained { policy, verdict, .. } = explained;
    let shadow = policy.mode == Mode::Shadow;
    let action = if shadow { verdict.shadow_action } else { verdict.action };
    let mut headline = action.as_str().to_uppercase();
    if action == Action::Review && !verdict.rewrites.is_empty() {
        headline.push_str(" + REDACT");
    }
    if verdict.outcome == Outcome::Unscannable {
        headline.push_str(" (unscannable)");
    }
    let mode = if shadow { " (shadow: recorded, nothing is touched)" } else { "" };
    format!("{headline}   policy {}@{}{mode}", policy.name, policy.revision)
}

/// Which classifiers would be asked about the text.
fn classified(explained: &Explained<'_>) -> Vec<String> {
    let said = explained.verdict.classified.iter().map(|one| {
        let name = &one.classifier;
        if one.asked > 0 {
            format!("`{name}` would be asked; nobody is asked here, so it is taken to find nothing")
        } else {
            format!("`{name}` would not be asked, by its `run_if`")
        }
    });
    said.collect()
}

fn table(explained: &Explained<'_>) -> Vec<String> {
    let findings = &explained.verdict.findings;
    if findings.is_empty() {
        return vec!["nothing matched".to_owned()];
    }
    let width = width(findings.iter().map(|finding| &*finding.rule_id));
    let mut lines = vec![format!("{:<width$}  action    why", "rule")];
    for finding in findings {
        let row = row(explained, finding, width);
        if !lines.contains(&row) {
            lines.push(row);
        }
    }
    lines
}

fn row(explained: &Explained<'_>, finding: &Finding, width: usize) -> String {
    let action = finding.action.map_or_else(|| format!("+{}", finding.score), |a| a.to_string());
    let raw = quoted(explained.text.get(finding.span.range()).unwrap_or_default());
    let why = seen(explained, (&raw, &finding.view.to_string()), &finding.matched);
    let watched = finding.mode == Mode::Shadow && explained.policy.mode == Mode::Enforce;
    let mode = if watched { " (shadow)" } else { "" };
    format!(
        "{:<width$}  {action:<9} {why}{mode}   {}",
        finding.rule_id,
        place(explained, &finding.rule_id)
    )
}

/// The file and the line of a rule.
fn place(explained: &Explained<'_>, id: &str) -> String {
    let rules = &explained.loaded.file.rules;
    let Some(number) = rules.iter().position(|rule| rule.id == id) else { return String::new() };
    let at = explained.loaded.at(&format!("rules[{number}].id"));
    format!("{}:{}", at.source.name(), at.position().line)
}

/// What a classifier says, where that is the match.
fn said(explained: &Explained<'_>, matched: &str) -> Option<String> {
    explained.verdict.scores.iter().find_map(|said| {
        let classifier = explained.policy.classifiers.get(said.classifier)?;
        let category = classifier.category(said.label)?;
        let (name, probability) = (&classifier.name, said.probability);
        (classifier.label(said.label) == matched).then(|| {
            format!("classifier `{name}`: {category} with a probability of {probability:.2}")
        })
    })
}

/// How a match was seen.
fn seen(explained: &Explained<'_>, (raw, view): (&str, &str), matched: &str) -> String {
    if let Some(said) = said(explained, matched) {
        return said;
    }
    match (view, crate::detect::entity::by_name(matched)) {
        ("raw", Some(entity)) => format!("detector {}: {}", entity.name, entity.summary),
        ("raw", None) => format!("regex `{matched}`"),
        ("fold", _) if raw.to_lowercase() == matched.to_lowercase() => {
            format!("term \"{matched}\"")
        }
        (view, _) => format!("term \"{matched}\"; \"{raw}\" → {view} → \"{matched}\""),
    }
}

fn not_matched(explained: &Explained<'_>) -> Vec<String> {
    let quiet = explained.trace.rules.iter().filter(|step| step.end != RuleEnd::Fired);
    let quiet: Vec<&str> = quiet.map(|step| &*step.id).collect();
    if quiet.is_empty() {
        return Vec::new();
    }
    let named: Vec<&str> = quiet.iter().copied().take(MOST_NAMED).collect();
    let more = quiet.len() - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    vec![format!("not matched: {}{more}   (--trace shows every step)", named.join(", "))]
}

/// Every step of the decision.
fn trace(explained: &Explained<'_>) -> Vec<String> {
    let policy = explained.policy;
    let (mode, sensitivity) = (policy.mode.as_str(), policy.sensitivity.as_str());
    let width = width(explained.trace.rules.iter().map(|step| &*step.id));
    let mut lines = vec![String::new(), format!("policy: mode {mode}, sensitivity {sensitivity}")];
    lines.push(String::new());
    lines.push(format!("{:<width$}  shows", "view"));
    lines.extend(explained.trace.views.iter().map(|step| view_row(step, width)));
    lines.push(String::new());
    lines.push(format!("{:<width$}  step", "rule"));
    lines.extend(explained.trace.rules.iter().map(|step| rule_row(explained, step, width)));
    lines.push(String::new());
    lines.extend(totals(explained));
    lines
}

/// The width of the first column of a table with these names.
fn width<'n>(names: impl Iterator<Item = &'n str>) -> usize {
    names.map(str::len).max().unwrap_or(0).clamp(NARROWEST, WIDEST)
}

fn view_row(step: &ViewStep, width: usize) -> String {
    let shown = match &step.shown {
        Shown::Off => "off in this policy".to_owned(),
        Shown::Same => "the same".to_owned(),
        Shown::Text(text) => format!("\"{}\"", quoted(text)),
    };
    format!("{:<width$}  {shown}", step.path.to_string())
}

fn rule_row(explained: &Explained<'_>, step: &RuleStep, width: usize) -> String {
    let shows = matches!(step.end, RuleEnd::Fired | RuleEnd::Excused(_) | RuleEnd::Unmet(_));
    let mut found: Vec<String> = Vec::new();
    for one in step.found.iter().map(|found| found_as(explained, found)).filter(|_| shows) {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    let more = found.len().saturating_sub(MOST_TRACED);
    found.truncate(MOST_TRACED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let found = if shows { format!(": {}{more}", found.join("; ")) } else { String::new() };
    format!("{:<width$}  {}{found}", step.id, end_of(&step.end))
}

fn found_as(explained: &Explained<'_>, found: &Found) -> String {
    let raw = quoted(explained.text.get(found.span.range()).unwrap_or_default());
    seen(explained, (&raw, &found.view.to_string()), &found.matched)
}

/// The score of each rule that has one, and what the total comes to.
fn totals(explained: &Explained<'_>) -> Vec<String> {
    let verdict = &explained.verdict;
    let scores = verdict.rules.iter().filter(|fired| fired.action.is_none());
    let scores: Vec<String> =
        scores.map(|fired| format!("{} +{}", fired.id, fired.score)).collect();
    let total = explained.total();
    let from = if scores.is_empty() { String::new() } else { format!(" ({})", scores.join(", ")) };
    let mut lines = vec![format!("score    {total}{from}")];
    lines.extend(explained.policy.thresholds.iter().map(|threshold| {
        let reached = if is_reached(threshold, total) { "reached" } else { "not reached" };
        format!("         from {} on: {} ({reached})", threshold.score, threshold.action)
    }));
    lines
}

/// What goes on, and why this of several actions.
fn consequence(explained: &Explained<'_>, traced: bool) -> Vec<String> {
    let Explained { policy, text, phase, verdict, language, .. } = explained;
    let mut lines = Vec::new();
    let total = explained.total();
    if total > 0.0 && !traced {
        lines.push(format!("score {total}"));
    }
    let stopped = verdict.action.stops();
    let message = policy.message(verdict.decided_by, *language);
    match phase {
        Phase::Prompt if stopped => {
            lines.push("sent upstream: nothing".to_owned());
            lines.push(format!("answered: {message}"));
        }
        Phase::Prompt => lines.push(format!("sent upstream: {}", mend(text, &verdict.rewrites))),
        Phase::Completion => {
            let stop = verdict.stop_at.unwrap_or(text.len());
            let part = text.get(..stop).unwrap_or_default();
            lines.push(format!("sent to the client: {}", mend(part, &verdict.rewrites)));
            if stopped {
                lines.push(format!("then: {message}"));
            }
        }
    }
    lines.extend(ranking(explained));
    lines
}

/// Which of several actions won.
fn ranking(explained: &Explained<'_>) -> Option<String> {
    let fired = explained.verdict.rules.iter().filter(|fired| fired.mode == Mode::Enforce);
    let mut actions: Vec<Action> = fired.filter_map(|fired| fired.action).collect();
    actions.sort_by(|a, b| b.cmp(a));
    actions.dedup();
    if actions.len() < 2 {
        return None;
    }
    let names: Vec<&str> = actions.iter().map(|action| action.as_str()).collect();
    let stops = actions.first().is_some_and(|action| action.stops());
    let rest = match (stops, explained.phase) {
        (false, _) => "all apply",
        (true, Phase::Completion) => "the others apply up to the cut",
        (true, Phase::Prompt) => "the others are recorded",
    };
    Some(format!("strictest action wins: {}  ({rest})", names.join(" > ")))
}

/// The text with a line of marks under each line that has matches, and the rules' names under those.
fn underlined(text: &str, findings: &[Finding]) -> Vec<String> {
    let mut drawn = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let range = at..at + line.len();
        at = range.end;
        let shown: String = line.trim_end_matches('\n').chars().map(visible).collect();
        drawn.push(shown);
        let here: Vec<&Finding> = findings
            .iter()
            .filter(|finding| finding.span.start < range.end && range.start < finding.span.end)
            .collect();
        if here.is_empty() {
            continue;
        }
        let mut marks = String::new();
        for (offset, c) in line.trim_end_matches('\n').char_indices() {
            let place = range.start + offset;
            let marked = here.iter().any(|finding| finding.span.range().contains(&place));
            let mark = if marked { '─' } else { ' ' };
            marks.extend(std::iter::repeat_n(mark, visible(c).width().unwrap_or(1)));
        }
        drawn.push(marks.trim_end().to_owned());
        let first = drawn.len();
        for finding in here {
            let before =
                line.get(..finding.span.start.saturating_sub(range.start)).unwrap_or_default();
            let column: usize = before.chars().map(|c| visible(c).width().unwrap_or(1)).sum();
            let name = format!("{}{}", " ".repeat(column), finding.rule_id);
            if !drawn.iter().skip(first).any(|known| *known == name) {
                drawn.push(name);
            }
        }
    }
    drawn.push(String::new());
    drawn
}
