//! A timer for limits that are set often and hardly ever reached.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

/// A deadline that costs next to nothing to set, to move and to clear.
///
/// The runtime's timer under it is left where it is when the deadline moves later; when that timer
/// rings too early, it is set anew. A connection that sets a deadline with each request thus touches
/// the runtime's timers only once in a while.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    deadline: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    /// Whether a deadline is set.
    pub(super) const fn is_set(&self) -> bool {
        self.deadline.is_some()
    }

    /// Sets or moves the deadline. Takes effect at the next [`poll`](Self::poll).
    pub(super) const fn set(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    /// Takes the deadline away.
    pub(super) const fn clear(&mut self) {
        self.deadline = None;
    }

    /// Ready once when the deadline has passed, which clears it; pending for ever where none is set.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.deadline else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() > deadline {
            timer.as_mut().reset(deadline);
        }
        loop {
            ready!(timer.as_mut().poll(cx));
            if timer.deadline() >= deadline {
                self.deadline = None;
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_alarm_that_is_put_off_rings_at_its_last_deadline() {
        let start = Instant::now();
        let mut alarm = Alarm::default();
        alarm.set(start + Duration::from_secs(1));
        assert!(poll_fn(|cx| Poll::Ready(alarm.poll(cx).is_pending())).await);
        alarm.set(start + Duration::from_secs(5));
        poll_fn(|cx| alarm.poll(cx)).await;
        assert_eq!(start.elapsed().as_secs(), 5);
        assert!(!alarm.is_set());
    }

    #[tokio::test(start_paused = true)]
    async fn an_alarm_can_be_brought_forward() {
        let start = Instant::now();
        let mut alarm = Alarm::default();
        alarm.set(start + Duration::from_secs(60));
        assert!(poll_fn(|cx| Poll::Ready(alarm.poll(cx).is_pending())).await);
        alarm.set(start + Duration::from_secs(2));
        poll_fn(|cx| alarm.poll(cx)).await;
        assert_eq!(start.elapsed().as_secs(), 2);
    }

    #[tokio::test]
    async fn an_alarm_rings_by_the_real_clock_and_can_be_used_again() {
        let mut alarm = Alarm::default();
        for _ in 0..2 {
            alarm.set(Instant::now() + Duration::from_millis(20));
            let rings = tokio::time::timeout(Duration::from_secs(9), poll_fn(|cx| alarm.poll(cx)));
            assert!(rings.await.is_ok());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_cleared_alarm_never_rings() {
        let mut alarm = Alarm::default();
        alarm.set(Instant::now() + Duration::from_secs(1));
        alarm.clear();
        let rings = tokio::time::timeout(Duration::from_secs(9), poll_fn(|cx| alarm.poll(cx)));
        assert!(rings.await.is_err());
    }
}
