//! The review queues: what waits, taking it, judging it, what came of it.

mod claims;
mod detail;
mod export;
mod items;
mod judgements;
mod severity;
mod stats;

pub(super) use items::row;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::AdminState;

/// The places of this room.
pub(super) fn routes() -> Router<Arc<AdminState>> {
    Router::new()
        .route("/api/review/queues", get(items::queues))
        .route("/api/review/items", get(items::list))
        .route("/api/review/claim", post(claims::next))
        .route("/api/review/items/{id}", get(detail::show))
        .route("/api/review/items/{id}/claim", post(claims::take).delete(claims::release))
        .route("/api/review/items/{id}/judgement", post(judgements::judge).delete(judgements::undo))
        .route("/api/review/stats", get(stats::stats))
        .route("/api/review/export", get(export::export))
}
