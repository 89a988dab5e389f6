//! What the runtimes say of themselves, read when somebody asks for the metrics.

use std::sync::{Mutex, PoisonError};

use tokio::runtime::RuntimeMetrics;

use super::Table;

/// The runtimes that are watched, by their names.
#[derive(Debug, Default)]
pub(super) struct Runtimes(Mutex<Vec<(String, RuntimeMetrics)>>);

impl Runtimes {
    pub(super) fn add(&self, name: &str, runtime: RuntimeMetrics) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((name.to_owned(), runtime));
    }

    /// Brings the metrics up to what the runtimes say now.
    pub(super) fn read_into(&self, table: &Table) {
        // The lock also keeps two readers from adding the same time twice.
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, runtime) in &*all {
            let name = &[name.as_str()];
            let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
            let (tasks, queued) = (runtime.num_alive_tasks(), runtime.global_queue_depth());
            table.runtime_tasks.with_label_values(name).set(whole(tasks));
            table.runtime_queue.with_label_values(name).set(whole(queued));
            let workers = 0..runtime.num_workers();
            let busy = workers.clone().map(|worker| runtime.worker_total_busy_duration(worker));
            let busy = busy.sum::<std::time::Duration>().as_secs_f64();
            let counter = table.runtime_busy.with_label_values(name);
            counter.inc_by((busy - counter.get()).max(0.0));
            let parks = workers.map(|worker| runtime.worker_park_count(worker)).sum::<u64>();
            let counter = table.runtime_parks.with_label_values(name);
            counter.inc_by(parks.saturating_sub(counter.get()));
        }
    }
}
