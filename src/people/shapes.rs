//! Items, judgements, decisions and feedback as JSON, as commands print them and programs read them.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::texts::passages;
use crate::store::{FeedbackRow, ItemRow, JudgementRow, KeptDecision};

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

/// A decision, with the texts that are kept of it.
pub fn decision(kept: &KeptDecision) -> Value {
    let record: Value = serde_json::from_str(&kept.record).unwrap_or_default();
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
        "rule": kept.rule,
        "category": kept.category,
        "score": kept.score,
        "model": kept.model,
        "passages": passages(kept),
        "record": record,
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
