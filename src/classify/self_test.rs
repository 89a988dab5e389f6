//! Known samples, asked at the start and in intervals: a classifier that does not tell them apart is not believed.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use super::calls::{Calls, NoAnswer};
use super::verdict::Question;
use crate::config::policy_file::SelfTest;
use crate::domain::{Author, Phase};

/// How soon a classifier that has not passed is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// How a self-test stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tested {
    /// Not run yet.
    Pending,
    /// Every sample got what it should.
    Passed,
    /// One did not; in words, for the operator.
    Failed(String),
}

/// The self-test of a classifier.
#[derive(Debug)]
pub(super) struct Trial {
    written: SelfTest,
    tested: watch::Sender<Tested>,
}

/// What a sample brought.
enum Sample {
    Right,
    /// It was judged wrongly, or the answer cannot be read.
    Wrong(String),
    /// Nothing came back, which the circuit breaker looks after.
    Unanswered(String),
}

impl Trial {
    pub(super) fn new(written: SelfTest) -> Self {
        Self { written, tested: watch::channel(Tested::Pending).0 }
    }

    /// Whether it has passed; waits for the first run.
    pub(super) async fn has_passed(&self, until: Instant) -> bool {
        let mut tested = self.tested.subscribe();
        let known = tested.wait_for(|tested| *tested != Tested::Pending);
        matches!(timeout_at(until, known).await, Ok(Ok(tested)) if *tested == Tested::Passed)
    }

    pub(super) fn state(&self) -> Tested {
        self.tested.borrow().clone()
    }

    /// Runs it for ever, at the start and in intervals.
    pub(super) async fn keep_running(&self, calls: &Calls) {
        loop {
            self.run(calls).await;
            let passed = self.state() == Tested::Passed;
            let every = self.written.every.duration();
            sleep(if passed { every } else { every.min(ASK_AGAIN) }).await;
        }
    }

    /// Asks about every sample once.
    pub(super) async fn run(&self, calls: &Calls) {
        let SelfTest { good, bad, .. } = &self.written;
        let good = good.iter().enumerate().map(|(n, text)| (format!("good[{n}]"), text, false));
        let bad = bad.iter().enumerate().map(|(n, text)| (format!("bad[{n}]"), text, true));
        let mut tested = Tested::Passed;
        for (name, text, is_bad) in good.chain(bad) {
            match self.sample(calls, text, is_bad).await {
                Sample::Right => {}
                // An outage shows nothing new about one that passed before.
                Sample::Unanswered(_) if self.state() == Tested::Passed => {}
                Sample::Wrong(how) | Sample::Unanswered(how) => {
                    tested = Tested::Failed(format!("self_test.{name}: {how}"));
                    break;
                }
            }
        }
        self.become_(calls, tested);
    }

    async fn sample(&self, calls: &Calls, text: &str, is_bad: bool) -> Sample {
        let question = Question { text, phase: Phase::Prompt, author: Author::User, prompt: None };
        match calls.ask(&[question], Instant::now() + calls.timeout).await {
            Ok(answers) => {
                let highest = answers.iter().map(super::Scores::highest).fold(0.0, f64::max);
                if (highest >= self.written.at_least) == is_bad {
                    return Sample::Right;
                }
                let at_least = self.written.at_least;
                Sample::Wrong(format!(
                    "the highest score is {highest}, and `at_least` is {at_least}"
                ))
            }
            // The samples are the operator's own, so what the answer says may be shown.
            Err(NoAnswer::Unreadable(problem)) => Sample::Wrong(problem.to_string()),
            Err(NoAnswer::Failed(failed)) => Sample::Unanswered(format!("{failed:?}")),
        }
    }

    fn become_(&self, calls: &Calls, tested: Tested) {
        let name = &*calls.name;
        self.tested.send_if_modified(|before| {
            if *before == tested {
                return false;
            }
            match &tested {
                Tested::Failed(why) => {
                    tracing::error!(classifier = name, why, "the classifier fails its self-test");
                }
                Tested::Passed => {
                    tracing::info!(classifier = name, "the classifier passes its self-test");
                }
                Tested::Pending => {}
            }
            *before = tested;
            true
        });
    }
}
