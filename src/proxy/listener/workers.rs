//! One thread for each core, each with a runtime of its own. A connection stays on the thread that it
//! was given to, with everything that is done for it: what follows one step of an exchange is woken on
//! the same core, whose caches hold it, and no thread is asked whether it has time (ADR 013).

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{JoinHandle, available_parallelism};

use tokio::runtime::{Builder, Handle, RuntimeMetrics};
use tokio_util::sync::CancellationToken;

/// Threads that serve connections. Dropping it ends them, and what still runs there.
#[derive(Debug)]
pub struct Workers {
    workers: Vec<Worker>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Worker {
    handle: Handle,
    /// Connections that it has now.
    open: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

/// A place on one thread; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    open: Arc<AtomicUsize>,
    pub(super) handle: Handle,
}

/// The threads as somebody else sees them.
#[derive(Clone, Debug)]
pub struct Pulse(Vec<Handle>);

impl Workers {
    /// Starts one thread for each core that this process may use.
    ///
    /// # Errors
    /// When the system gives no thread, or what a runtime needs.
    pub fn start() -> io::Result<Self> {
        let count = available_parallelism().map_or(1, NonZeroUsize::get);
        let mut started =
            Self { workers: Vec::with_capacity(count), stop: CancellationToken::new() };
        for number in 0..count {
            started.workers.push(Worker::start(number, started.stop.clone())?);
        }
        Ok(started)
    }

    /// What the runtimes say of themselves, by the names of their threads.
    pub fn runtimes(&self) -> impl Iterator<Item = (String, RuntimeMetrics)> {
        let named = |(number, worker): (usize, &Worker)| (name(number), worker.handle.metrics());
        self.workers.iter().enumerate().map(named)
    }

    /// What tells whether the threads turn; it keeps none of them from ending.
    pub fn pulse(&self) -> Pulse {
        Pulse(self.workers.iter().map(|worker| worker.handle.clone()).collect())
    }

    /// A place on the thread that has the fewest connections; `None` where there is no thread.
    pub(super) fn place(&self) -> Option<Place> {
        let idlest =
            self.workers.iter().min_by_key(|worker| worker.open.load(Ordering::Relaxed))?;
        idlest.open.fetch_add(1, Ordering::Relaxed);
        Some(Place { open: Arc::clone(&idlest.open), handle: idlest.handle.clone() })
    }
}

impl Pulse {
    /// Returns once every thread has taken up a task that it was given now, or has ended.
    pub async fn beat(&self) {
        for thread in &self.0 {
            // An error is a thread that has ended: what drains is not stuck.
            drop(thread.spawn(async {}).await);
        }
    }
}

impl Worker {
    fn start(number: usize, stop: CancellationToken) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let thread = std::thread::Builder::new()
            .name(name(number))
            .spawn(move || runtime.block_on(stop.cancelled()))?;
        Ok(Self { handle, open: Arc::new(AtomicUsize::new(0)), thread: Some(thread) })
    }
}

/// The name of a thread.
fn name(number: usize) -> String {
    format!("worker-{number}")
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop.cancel();
        for worker in &mut self.workers {
            // A thread that panicked has nothing left to wait for.
            worker.thread.take().map(JoinHandle::join).transpose().unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_go_to_the_thread_that_has_the_fewest() {
        let stop = CancellationToken::new();
        let started = [0, 1].map(|number| Worker::start(number, stop.clone()).unwrap());
        let workers = Workers { workers: started.into(), stop };
        let places: Vec<Place> = (0..4).map(|_| workers.place().unwrap()).collect();
        let open = || workers.workers.iter().map(|worker| worker.open.load(Ordering::Relaxed));
        assert_eq!(open().collect::<Vec<_>>(), [2, 2]);
        drop(places.into_iter().step_by(2).collect::<Vec<_>>());
        assert_eq!(open().sum::<usize>(), 0);
        let held: Vec<Place> = (0..3).map(|_| workers.place().unwrap()).collect();
        assert_eq!(open().collect::<Vec<_>>(), [2, 1]);
        drop(held);
    }

    #[tokio::test]
    async fn the_pulse_waits_for_a_thread_that_is_stuck_and_for_none_that_has_ended() {
        let workers = Workers::start().unwrap();
        let pulse = workers.pulse();
        pulse.beat().await;
        let (let_go, stuck) = std::sync::mpsc::channel::<()>();
        let place = workers.place().unwrap();
        drop(place.handle.spawn(async move { stuck.recv() }));
        let short = std::time::Duration::from_millis(50);
        assert!(tokio::time::timeout(short, pulse.beat()).await.is_err());
        let_go.send(()).unwrap();
        pulse.beat().await;
        drop(workers);
        pulse.beat().await;
    }

    #[test]
    fn what_still_runs_ends_with_the_threads() {
        let workers = Workers::start().unwrap();
        let place = workers.place().unwrap();
        let (held, running) = (Arc::new(()), Arc::new(()));
        let kept = Arc::clone(&running);
        drop(place.handle.spawn(async move {
            std::future::pending::<()>().await;
            drop(kept);
        }));
        drop((workers, held));
        assert_eq!(Arc::strong_count(&running), 1);
    }
}
