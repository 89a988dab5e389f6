//! What the metrics say of people's work, looked up in the store now and then.

use std::time::Duration;

use serde_json::json;
use tracing::debug;
use uuid::Uuid;

use crate::domain::NoticeKind;
use crate::store::{ItemRow, ItemState, Said, Store, StoreError};
use crate::telemetry::{Metrics, Telemetry};

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(10);

/// Looks as long as the gate runs.
pub(super) async fn watch_people(store: Store, telemetry: Telemetry) {
    let Telemetry { metrics, notices, .. } = telemetry;
    let (mut was_up, mut told_lost) = (true, 0);
    // Judgements of before the start were counted by others.
    let mut after = Uuid::now_v7().to_string();
    let mut look = tokio::time::interval(LOOK);
    loop {
        look.tick().await;
        match state(&store, after.clone(), &metrics).await {
            Ok(last) => after = last,
            Err(error) => debug!(%error, "the store cannot say how the review queues stand"),
        }
        let lost = store.state().lost;
        metrics.records_lost("store", lost.saturating_sub(told_lost));
        told_lost = lost;
        let is_up = store.state().away.is_none();
        metrics.store_is_up(is_up);
        if is_up != was_up {
            let kind = if is_up { NoticeKind::StoreBack } else { NoticeKind::StoreAway };
            notices.tell(kind, || json!({ "engine": store.state().engine }));
            was_up = is_up;
        }
    }
}

async fn state(store: &Store, after: String, metrics: &Metrics) -> Result<String, StoreError> {
    let read = move |c: &mut dyn crate::store::Connection| {
        Ok((ItemRow::sizes(c)?, ItemRow::rules_waiting(c)?, Said::since(c, &after)?))
    };
    let (sizes, waiting, (said, last)) = store.read(read).await?;
    for queue in Metrics::QUEUES {
        let of = |state: ItemState| {
            let mut sizes = sizes.iter().filter(|size| size.queue == queue);
            sizes.find(|size| size.state == state)
        };
        for state in ItemState::ALL {
            metrics.queued(queue, state.as_str(), of(state).map_or(0, |size| size.items));
        }
        let unsettled = ItemState::ALL.into_iter().filter(|state| *state != ItemState::Settled);
        let oldest = unsettled.filter_map(of).map(|size| size.oldest).min();
        let age = oldest.map_or(0, |oldest| (store.now() - oldest) / 1000);
        metrics.oldest_queued(queue, age.max(0));
    }
    for (queue, policy, rule) in waiting {
        metrics.reviewable(&queue, (&policy, &rule));
    }
    for Said { queue, policy, rule, judgement, times } in said {
        let times = u64::try_from(times).unwrap_or_default();
        metrics.reviewed(&queue, (&policy, &rule), &judgement, times);
    }
    Ok(last)
}
