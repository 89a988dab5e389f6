//! What a service manager such as systemd is told: that the service is ready, reloads, stops, and that its
//! threads turn.

use std::convert::Infallible;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::warn;

use crate::proxy::Pulse;

/// Signs of life in the time that the manager waits for one.
const SIGNS: u32 = 3;

/// The least time between two signs.
const LEAST: Duration = Duration::from_millis(10);

/// The manager that started the process, if there is one. Where the environment names none, nothing is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manager {
    /// Whether it is told anything: not where the service is a part of another process.
    pub(super) is_told: bool,
}

impl Manager {
    /// The policy is in force and the listeners are up.
    pub(super) fn ready(self, status: &str) {
        self.tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// Files are read anew; [`ready`](Self::ready) says when that is over, whatever came of it.
    pub(super) fn reloading(self) {
        // Managers compare it with the time of their own order.
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.tell(&[NotifyState::Reloading, now]),
            Err(error) => warn!(%error, "no clock to tell the service manager of a reload by"),
        }
    }

    /// No requests are taken any more, or soon none.
    pub(super) fn stopping(self) {
        self.tell(&[NotifyState::Stopping, NotifyState::Status("draining")]);
    }

    /// Gives a sign of life as often as is asked for, as long as the threads that serve answer too; never ends.
    pub(super) async fn keep_alive(self, pulse: Pulse) -> Infallible {
        let patience = sd_notify::watchdog_enabled().filter(|_| self.is_told);
        let Some(patience) = patience else { return std::future::pending().await };
        let every = (patience / SIGNS).max(LEAST);
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if timeout(every, pulse.beat()).await.is_ok() {
                self.tell(&[NotifyState::Watchdog]);
            } else {
                warn!("a thread that serves does not answer; the service manager is told nothing");
            }
        }
    }

    fn tell(self, states: &[NotifyState<'_>]) {
        if !self.is_told {
            return;
        }
        if let Err(error) = sd_notify::notify(states) {
            warn!(%error, "the service manager was not told");
        }
    }
}
