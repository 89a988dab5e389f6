//! How long text of a stream has been held: when which byte came.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The most arrivals that are told apart; of later ones the earliest counts, so that a time is never too short.
const MOST_ARRIVALS: usize = 1024;

/// When the text came that is held.
#[derive(Debug, Default)]
pub(super) struct HeldSince {
    /// Bytes of text by the end of each arrival, oldest first.
    arrivals: VecDeque<(usize, Instant)>,
}

impl HeldSince {
    /// So many bytes of text have come by now, and so many of these are held. The result is how long the oldest
    /// text has been held that was, before this.
    pub(super) fn note(&mut self, received: usize, held: usize, now: Instant) -> Duration {
        let oldest = self.arrivals.front().map(|(_, came)| now - *came);
        let known = self.arrivals.back().map_or(0, |(end, _)| *end);
        if received > known {
            let is_full = self.arrivals.len() >= MOST_ARRIVALS;
            match self.arrivals.back_mut().filter(|_| is_full) {
                Some((end, _)) => *end = received,
                None => self.arrivals.push_back((received, now)),
            }
        }
        let gone = received.saturating_sub(held);
        while self.arrivals.front().is_some_and(|(end, _)| *end <= gone) {
            self.arrivals.pop_front();
        }
        oldest.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_was_held_as_long_as_its_oldest_byte() {
        let mut held = HeldSince::default();
        let began = Instant::now();
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        let mut note =
            |received, is_held, seconds| held.note(received, is_held, at(seconds)).as_secs();
        assert_eq!(note(5, 0, 0), 0, "nothing was held");
        assert_eq!(note(10, 3, 1), 0, "what is held came now");
        assert_eq!(note(14, 7, 2), 1, "the three bytes that came at 1");
        assert_eq!(note(20, 4, 4), 3);
        assert_eq!(note(21, 1, 9), 5, "of those four, which came at 4");
        assert_eq!(note(21, 0, 10), 1, "the one that came at 9");
        assert_eq!(note(21, 0, 99), 0);
    }

    #[test]
    fn many_arrivals_are_told_apart_up_to_a_limit() {
        let mut held = HeldSince::default();
        let began = Instant::now();
        for byte in 0..=2 * MOST_ARRIVALS {
            held.note(byte, byte, began + Duration::from_millis(byte as u64));
        }
        assert_eq!(held.arrivals.len(), MOST_ARRIVALS);
        held.note(2 * MOST_ARRIVALS, 0, began);
        assert!(held.arrivals.is_empty());
    }
}
