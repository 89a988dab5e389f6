//! An explanation for programs, `tidegate.explain/v1`.

use serde_json::{Value, json};

use super::Explained;
use crate::domain::{Action, Finding, Outcome, Span};
use crate::engine::{mend, trace_as};

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
        let place = |span: Span| [span.start, span.end];
        let steps = (&explained.trace, explained.total());
        object.insert(
            "trace".to_owned(),
            trace_as((explained.policy, explained.text), steps, &place),
        );
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
