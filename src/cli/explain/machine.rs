//! An explanation for programs, `tidegate.explain/v1`.

use serde_json::{Value, json};

use super::Explained;
use super::draw::{end_of, is_reached};
use crate::domain::{Action, Finding, Outcome};
use crate::engine::{Found, RuleEnd, RuleStep, Shown, ViewStep, mend};

/// One JSON document on one line.
pub(super) fn json(explained: &Explained<'_>, with_trace: bool) -> String {
    let Explained { policy, text, verdict, .. } = explained;
    let findings: Vec<Value> =
        verdict.findings.iter().map(|finding| finding_as(text, finding)).collect();
    let mut value = json!({
        "schema": "tidegate.explain/v1",
        "policy": &*policy.name,
        "revision": &*policy.revision,
        "mode": policy.mode.as_str(),
        "action": verdict.action.as_str(),
        "would_be": verdict.shadow_action.as_str(),
        "unscannable": verdict.outcome == Outcome::Unscannable,
        "score": verdict.score,
        "findings": findings,
        "output": mend(text, &verdict.rewrites),
    });
    if with_trace && let Some(object) = value.as_object_mut() {
        object.insert("trace".to_owned(), trace(explained));
    }
    format!("{value}\n")
}

fn finding_as(text: &str, finding: &Finding) -> Value {
    json!({
        "rule": &*finding.rule_id,
        "category": finding.category.as_ref().map(ToString::to_string),
        "action": finding.action.map(Action::as_str),
        "score": finding.score,
        "mode": finding.mode.as_str(),
        "span": [finding.span.start, finding.span.end],
        "text": text.get(finding.span.range()),
        "view": finding.view.to_string(),
        "matched": &*finding.matched,
    })
}

fn trace(explained: &Explained<'_>) -> Value {
    let total = explained.total();
    let thresholds = explained.policy.thresholds.iter().map(|threshold| {
        json!({
            "score": threshold.score,
            "action": threshold.action.as_str(),
            "reached": is_reached(threshold, total),
        })
    });
    let steps = explained.trace.rules.iter().map(|step| rule(explained.text, step));
    json!({
        "sensitivity": explained.policy.sensitivity.as_str(),
        "views": explained.trace.views.iter().map(view).collect::<Vec<_>>(),
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

fn rule(text: &str, step: &RuleStep) -> Value {
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
            "span": [found.span.start, found.span.end],
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
