//! A circuit breaker: a server that fails is left alone for a while, then asked once to see whether it is back.
//!
//! Pure: the time is what the caller says, as a duration since some beginning.

use std::time::Duration;

/// Calls that are looked back on.
const LOOK_BACK: u32 = 20;
/// Failures among them that open the circuit, if they are also at least half.
const FAILURES: u32 = 5;
/// How long it stays open at first.
const FIRST_REST: Duration = Duration::from_secs(1);
/// How long at most, after doubling with each probe that failed.
const LONGEST_REST: Duration = Duration::from_secs(8);
/// How long a probe may be away before another one is let through.
const PROBE_PATIENCE: Duration = Duration::from_secs(30);

/// The state of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Circuit {
    /// Calls go through.
    Closed,
    /// No call goes through.
    Open,
    /// One call goes through, to see whether the server is back.
    HalfOpen,
}

/// What a call is let through with; it comes back with how the call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) struct Ticket(u64);

/// How a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    /// The server did its part.
    Well,
    /// It did not.
    Badly,
    /// That cannot be told.
    Untold,
}

/// The breaker of one server.
#[derive(Debug)]
pub(super) struct Breaker {
    state: State,
    /// Counts the changes of state: a ticket of an earlier state says nothing about this one.
    epoch: u64,
    /// How the last calls went, the last one lowest; a set bit is a failure.
    history: u32,
    /// How many of its bits are calls.
    calls: u32,
    rest: Duration,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed,
    Open { until: Duration },
    HalfOpen { probe_until: Duration },
}

// === impl Circuit ===

impl Circuit {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Closed, Self::Open, Self::HalfOpen];

    /// The word of metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

// === impl Breaker ===

impl Default for Breaker {
    fn default() -> Self {
        Self { state: State::Closed, epoch: 0, history: 0, calls: 0, rest: FIRST_REST }
    }
}

impl Breaker {
    /// Lets a call through, or not.
    pub(super) fn admit(&mut self, now: Duration) -> Option<Ticket> {
        if self.refuses(now) {
            return None;
        }
        if !matches!(self.state, State::Closed) {
            self.enter(State::HalfOpen { probe_until: now + PROBE_PATIENCE });
        }
        Some(Ticket(self.epoch))
    }

    /// Whether no call would be let through now.
    pub(super) fn refuses(&self, now: Duration) -> bool {
        match self.state {
            State::Closed => false,
            State::Open { until } => now < until,
            State::HalfOpen { probe_until } => now < probe_until,
        }
    }

    /// A call came back.
    pub(super) fn record(&mut self, ticket: Ticket, went: Went, now: Duration) {
        if ticket != Ticket(self.epoch) {
            return;
        }
        match (self.state, went) {
            (State::Closed, Went::Well | Went::Badly) => {
                self.history = (self.history << 1) | u32::from(went == Went::Badly);
                self.history &= (1 << LOOK_BACK) - 1;
                self.calls = (self.calls + 1).min(LOOK_BACK);
                let failures = self.history.count_ones();
                if failures >= FAILURES && failures * 2 >= self.calls {
                    self.enter(State::Open { until: now + self.rest });
                }
            }
            (State::HalfOpen { .. }, Went::Well) => {
                (self.history, self.calls, self.rest) = (0, 0, FIRST_REST);
                self.enter(State::Closed);
            }
            (State::HalfOpen { .. }, Went::Badly) => {
                self.rest = (self.rest * 2).min(LONGEST_REST);
                self.enter(State::Open { until: now + self.rest });
            }
            // The next call is the probe.
            (State::HalfOpen { .. }, Went::Untold) => self.enter(State::Open { until: now }),
            (State::Closed, Went::Untold) | (State::Open { .. }, _) => {}
        }
    }

    /// The state, as others see it.
    pub(super) const fn circuit(&self) -> Circuit {
        match self.state {
            State::Closed => Circuit::Closed,
            State::Open { .. } => Circuit::Open,
            State::HalfOpen { .. } => Circuit::HalfOpen,
        }
    }

    const fn enter(&mut self, state: State) {
        self.state = state;
        self.epoch += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn call(breaker: &mut Breaker, went: Went, now: Duration) -> bool {
        let Some(ticket) = breaker.admit(now) else { return false };
        breaker.record(ticket, went, now);
        true
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES {
            assert!(call(&mut breaker, Went::Badly, at(0)));
        }
        assert_eq!(breaker.circuit(), Circuit::Open);
        breaker
    }

    #[test]
    fn failures_in_a_row_open_it_and_one_good_probe_closes_it() {
        let mut breaker = opened();
        assert!(!call(&mut breaker, Went::Well, at(999)));
        assert!(call(&mut breaker, Went::Well, at(1_000)));
        assert_eq!(breaker.circuit(), Circuit::Closed);
        assert!(call(&mut breaker, Went::Badly, at(1_000)), "what was before is forgotten");
        assert_eq!(breaker.circuit(), Circuit::Closed);
    }

    #[test]
    fn a_few_failures_among_many_calls_leave_it_closed() {
        let mut breaker = Breaker::default();
        for n in 0..200 {
            let went = if n % 3 == 0 { Went::Badly } else { Went::Well };
            assert!(call(&mut breaker, went, at(0)), "{n}");
        }
    }

    #[test]
    fn every_other_call_failing_opens_it() {
        let mut breaker = Breaker::default();
        let mut calls = 0;
        while call(&mut breaker, if calls % 2 == 0 { Went::Badly } else { Went::Well }, at(0)) {
            calls += 1;
            assert!(calls < 20);
        }
        assert_eq!(breaker.circuit(), Circuit::Open);
    }

    #[test]
    fn only_one_probe_is_away_at_a_time_and_a_lost_one_is_replaced() {
        let mut breaker = opened();
        let lost = breaker.admit(at(1_000)).unwrap();
        assert_eq!(breaker.circuit(), Circuit::HalfOpen);
        assert!(breaker.admit(at(1_001)).is_none());
        let probe = breaker.admit(at(1_000) + PROBE_PATIENCE).unwrap();
        breaker.record(lost, Went::Well, at(40_000));
        assert_eq!(breaker.circuit(), Circuit::HalfOpen, "the lost one says nothing any more");
        breaker.record(probe, Went::Untold, at(40_000));
        assert!(breaker.admit(at(40_000)).is_some());
    }

    #[test]
    fn the_rest_doubles_up_to_its_limit() {
        let mut breaker = opened();
        let mut now = at(1_000);
        for rest in [2, 4, 8, 8] {
            assert!(call(&mut breaker, Went::Badly, now));
            assert!(breaker.refuses(now + at(rest * 1_000 - 1)), "{rest}");
            now += Duration::from_secs(rest);
            assert!(!breaker.refuses(now), "{rest}");
        }
    }

    #[test]
    fn a_call_of_before_the_circuit_opened_says_nothing() {
        let mut breaker = Breaker::default();
        let late = breaker.admit(at(0)).unwrap();
        for _ in 0..FAILURES {
            call(&mut breaker, Went::Badly, at(0));
        }
        breaker.record(late, Went::Well, at(10));
        assert_eq!(breaker.circuit(), Circuit::Open);
    }

    proptest! {
        #[test]
        fn whatever_happens_it_lets_a_call_through_within_the_longest_wait(
            steps in prop::collection::vec((0_u64..3_000, 0..4), 0..100),
        ) {
            let mut breaker = Breaker::default();
            let mut now = at(0);
            for (wait, what) in steps {
                now += at(wait);
                let Some(ticket) = breaker.admit(now) else { continue };
                match what {
                    0 => breaker.record(ticket, Went::Well, now),
                    1 => breaker.record(ticket, Went::Badly, now),
                    2 => breaker.record(ticket, Went::Untold, now),
                    _ => {}
                }
            }
            prop_assert!(!breaker.refuses(now + PROBE_PATIENCE.max(LONGEST_REST)));
        }
    }
}
