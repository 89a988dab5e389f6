//! What becomes of mistakes of ours: a panic ends the piece of work that it happened in, is counted,
//! and nothing else comes to harm.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::telemetry::Metrics;

/// Does a piece of screening; `None` is a panic in it, which has been counted.
///
/// What the work shares with others must be whole again after a panic: counters are atomic, and the
/// buffers of a thread are put back only when the work is done.
pub(super) fn screening<T>(metrics: &Metrics, work: impl FnOnce() -> T) -> Option<T> {
    part(metrics, "screening", || {
        #[cfg(test)]
        breaks::here();
        work()
    })
}

/// The same for another part of an exchange, by its name in the metrics.
pub(super) fn part<T>(
    metrics: &Metrics,
    name: &'static str,
    work: impl FnOnce() -> T,
) -> Option<T> {
    let done = catch_unwind(AssertUnwindSafe(work));
    done.map_err(|panic| {
        forget(panic);
        metrics.panicked(name);
    })
    .ok()
}

/// Lets go of what a panic carried: it may hold text of people, so nobody looks at it.
pub(super) fn forget(panic: Box<dyn Any + Send>) {
    // A payload whose own destructor panics would bring the process down.
    catch_unwind(AssertUnwindSafe(|| drop(panic))).unwrap_or_default();
}

/// Breaks the next piece of screening of this thread.
#[cfg(test)]
pub(super) mod breaks {
    use std::cell::Cell;

    thread_local! {
        static NEXT: Cell<bool> = const { Cell::new(false) };
    }

    pub(in crate::proxy) fn next() {
        NEXT.set(true);
    }

    pub(super) fn here() {
        assert!(!NEXT.replace(false), "broken on purpose");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_screening_is_counted_and_ends_there() {
        let metrics = Metrics::new();
        breaks::next();
        assert_eq!(screening(&metrics, || 1), None);
        assert_eq!(screening(&metrics, || 2), Some(2));
        assert!(metrics.render().contains("tidegate_panics_total{part=\"screening\"} 1"));
    }
}
