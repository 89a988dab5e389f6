//! Thresholds and their changes as JSON, as commands print them and programs read them.

use serde_json::{Value, json};

use crate::people::shapes::time;
use crate::store::{AdaptationRow, Connection, StoreError, ThresholdRow};

/// The most changes that are shown.
const MOST_CHANGES: i64 = 50;

/// Where all thresholds stand that may move, and their last changes, the newest first: `{"rows": […], "changes": […]}`.
/// Of a rule under several settings the latest counts.
///
/// # Errors
/// When the database cannot be reached.
pub fn list(connection: &mut dyn Connection) -> Result<Value, StoreError> {
    let mut rows = ThresholdRow::list(connection)?;
    rows.dedup_by(|next, first| (&next.policy, &next.rule) == (&first.policy, &first.rule));
    let changes = AdaptationRow::last(connection, MOST_CHANGES)?;
    let rows: Vec<Value> = rows.iter().map(row).collect();
    let changes: Vec<Value> = changes.iter().map(change).collect();
    Ok(json!({ "rows": rows, "changes": changes }))
}

/// Where a threshold stands. In shadow, `threshold` is where it would.
pub fn row(row: &ThresholdRow) -> Value {
    json!({
        "policy": row.policy,
        "rule": row.rule,
        "category": row.category,
        "threshold": row.threshold,
        "written": row.written,
        "low": row.low,
        "high": row.high,
        "target": row.target,
        "target_is": row.target_is,
        "state": row.state,
        "changed_at": row.moved.map(time),
        "looked_at": row.looked.map(time),
        "reason": row.reason,
        "evidence": parsed(&row.evidence),
    })
}

/// A change.
pub fn change(row: &AdaptationRow) -> Value {
    json!({
        "at": time(row.at),
        "policy": row.policy,
        "rule": row.rule,
        "change": row.act,
        "by": row.actor,
        "from": row.from,
        "to": row.to,
        "shadow": row.shadow,
        "evidence": parsed(&row.evidence),
    })
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_default()
}
