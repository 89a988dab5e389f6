//! The steps of a decision in words, and in the form that programs read.

use serde_json::{Value, json};

use super::{Found, RuleEnd, RuleStep, Shown, Trace, ViewStep};
use crate::domain::Span;
use crate::policy::{Policy, Threshold};

/// The longest piece of a text that is quoted, in characters.
const QUOTED: usize = 40;

/// A piece of a text, shortened, with nothing in it that cannot be seen.
pub fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(QUOTED).map(visible).collect();
    if text.chars().nth(QUOTED).is_some() {
        shown.push('…');
    }
    shown
}

/// What cannot be seen is drawn as a box.
pub fn visible(c: char) -> char {
    if c.is_control() || (!c.is_ascii() && crate::text::is_attached(c)) { '▯' } else { c }
}

/// How it ended for a rule, in words.
pub fn end_of(end: &RuleEnd) -> String {
    match end {
        RuleEnd::Fired => "fired".to_owned(),
        RuleEnd::NotReached => "met, and the text stops before it".to_owned(),
        RuleEnd::Elsewhere => "does not read such texts (`on`, `authors`)".to_owned(),
        RuleEnd::BelowLevel => "off: its level is above the sensitivity".to_owned(),
        RuleEnd::Suppressed => "off: suppressed".to_owned(),
        RuleEnd::NothingFound => "found nothing".to_owned(),
        RuleEnd::Excused(excuses) => {
            let excuses: Vec<String> =
                excuses.iter().map(|text| format!("\"{}\"", quoted(text))).collect();
            format!("excused by {}", excuses.join(", "))
        }
        RuleEnd::Unmet(what) => format!("not met, {what}"),
    }
}

/// Whether a total comes to a threshold.
pub fn is_reached(threshold: &Threshold, total: f64) -> bool {
    total >= threshold.score
}

/// The steps of a decision about a text that came to a total of scores. Spans are told as `place` counts them.
pub fn trace_as(
    (policy, text): (&Policy, &str),
    (trace, total): (&Trace, f64),
    place: &dyn Fn(Span) -> [usize; 2],
) -> Value {
    let thresholds = policy.thresholds.iter().map(|threshold| {
        json!({
            "score": threshold.score,
            "action": threshold.action.as_str(),
            "reached": is_reached(threshold, total),
        })
    });
    let steps = trace.rules.iter().map(|step| rule(text, step, place));
    json!({
        "sensitivity": policy.sensitivity.as_str(),
        "views": trace.views.iter().map(view).collect::<Vec<_>>(),
        "rules": steps.collect::<Vec<_>>(),
        "score": total,
        "thresholds": thresholds.collect::<Vec<_>>(),
    })
}

fn view(step: &ViewStep) -> Value {
    let name = step.path.to_string();
    match &step.shown {
        Shown::Off => json!({ "name": name, "shows": "off" }),
        Shown::Same => json!({ "name": name, "shows": "same" }),
        Shown::Text(text) => json!({ "name": name, "shows": "text", "text": text }),
    }
}

fn rule(text: &str, step: &RuleStep, place: &dyn Fn(Span) -> [usize; 2]) -> Value {
    let end = match &step.end {
        RuleEnd::Fired => "fired",
        RuleEnd::NotReached => "not_reached",
        RuleEnd::Elsewhere => "elsewhere",
        RuleEnd::BelowLevel => "below_level",
        RuleEnd::Suppressed => "suppressed",
        RuleEnd::NothingFound => "nothing_found",
        RuleEnd::Excused(_) => "excused",
        RuleEnd::Unmet(_) => "unmet",
    };
    let found = |found: &Found| {
        json!({
            "span": place(found.span),
            "text": text.get(found.span.range()),
            "view": found.view.to_string(),
            "matched": found.matched,
        })
    };
    json!({
        "rule": &*step.id,
        "end": end,
        "why": end_of(&step.end),
        "found": step.found.iter().map(found).collect::<Vec<_>>(),
    })
}
