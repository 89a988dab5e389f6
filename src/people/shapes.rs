//! Items, judgements, decisions and feedback as JSON, as commands print them and programs read them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::figures::RouteSatisfaction;
use super::texts::passages;
use crate::domain::Action;
use crate::store::{FeedbackRow, ItemRow, JudgementRow, KeptDecision, QueueSize};

/// A time in milliseconds since 1970 as people and programs read it.
pub fn time(at: i64) -> String {
    Timestamp::from_millisecond(at).unwrap_or_default().to_string()
}

/// An item.
pub fn item(row: &ItemRow) -> Value {
    let item = &row.item;
    json!({
        "item": item.id,
        "at": time(item.at),
        "queue": item.queue,
        "source": item.source,
        "state": row.state.as_str(),
        "decision": item.decision,
        "policy": item.policy,
        "rule": item.rule,
        "category": item.category,
        "score": item.score,
        "share": item.share,
        "wanted": item.wanted,
        "claimed_by": row.claim.as_ref().map(|(who, _)| who),
        "claimed_until": row.claim.as_ref().map(|(_, until)| time(*until)),
        "outcome": row.outcome.as_ref().map(|(outcome, _)| outcome),
        "outcome_category": row.outcome.as_ref().and_then(|(_, category)| category.as_ref()),
        "settled_at": row.settled_at.map(time),
        "expires": time(item.expires),
    })
}

/// A judgement.
pub fn judgement(row: &JudgementRow) -> Value {
    json!({
        "at": time(row.at),
        "reviewer": row.reviewer,
        "judgement": row.judgement,
        "category": row.category,
        "note": row.note,
        "edited": row.edited,
    })
}

/// A decision, without its record and texts.
pub fn decision_row(kept: &KeptDecision) -> Value {
    json!({
        "decision": kept.id,
        "at": time(kept.at),
        "request": kept.request,
        "route": kept.route,
        "policy": kept.policy,
        "revision": kept.revision,
        "phase": kept.phase,
        "action": kept.action,
        "would_be": kept.would_be,
        "enforced": kept.enforced,
        "would_have": !kept.enforced && kept.would_be != Action::Allow.as_str(),
        "rule": kept.rule,
        "category": kept.category,
        "score": kept.score,
        "model": kept.model,
    })
}

/// A decision, with the texts that are kept of it.
pub fn decision(kept: &KeptDecision) -> Value {
    let record: Value = serde_json::from_str(&kept.record).unwrap_or_default();
    with(decision_row(kept), json!({ "passages": passages(kept), "record": record }))
}

/// An object with the members of another one.
pub fn with(mut value: Value, more: Value) -> Value {
    if let (Value::Object(value), Value::Object(more)) = (&mut value, more) {
        value.extend(more);
    }
    value
}

/// What the ratings of a route on a scale come to.
pub fn satisfaction(found: &RouteSatisfaction) -> Value {
    let RouteSatisfaction { route, scale, satisfaction: of } = found;
    json!({
        "route": route,
        "scale": scale,
        "answers": of.answers,
        "promoters": of.promoters,
        "passives": of.passives,
        "detractors": of.detractors,
        "score": of.score,
        "low": of.interval.low,
        "high": of.interval.high,
        "mean": of.mean,
    })
}

/// How much waits in the queues.
pub fn queue(size: &QueueSize) -> Value {
    json!({
        "queue": size.queue,
        "state": size.state.as_str(),
        "items": size.items,
        "oldest_at": time(size.oldest),
    })
}

/// What a user said.
pub fn feedback(row: &FeedbackRow) -> Value {
    let feedback = &row.feedback;
    let (state, outcome) = row.review.clone().unzip();
    json!({
        "feedback": feedback.id,
        "at": time(feedback.at),
        "decision": feedback.decision,
        "route": row.route,
        "policy": row.policy,
        "kind": feedback.kind,
        "label": feedback.label,
        "category": feedback.category,
        "thumbs": feedback.thumb,
        "rating": feedback.rating.map(|rating| rating.value),
        "scale": feedback.rating.map(|rating| rating.scale),
        "comment": feedback.comment,
        "item": row.item,
        "state": state,
        "outcome": outcome.flatten(),
    })
}
