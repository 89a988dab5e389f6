//! Workers that take texts from the desk, ask about them, and bring the answers back.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::task::TaskTracker;

use super::breaker::{Breaker, Circuit, Ticket, Went};
use super::carrier::{Carrier, Failed};
use super::contract::{Contract, Unreadable};
use super::desk::{Desk, Job, locked};
use super::verdict::{Question, Reason, Scores};
use crate::telemetry::Metrics;

/// How long a worker waits for more texts where a contract takes several.
const LINGER: Duration = Duration::from_millis(1);

/// What a call needs.
#[derive(Debug)]
pub(super) struct Calls {
    pub(super) name: Arc<str>,
    pub(super) contract: Box<dyn Contract>,
    pub(super) carrier: Box<dyn Carrier>,
    pub(super) desk: Arc<Desk>,
    pub(super) batch: usize,
    /// The most time of a call.
    pub(super) timeout: Duration,
    pub(super) metrics: Arc<Metrics>,
    /// The beginning of the breaker's time.
    pub(super) began: Instant,
    pub(super) breaker: Mutex<Breaker>,
    pub(super) tasks: TaskTracker,
}

/// Why a call brought no answers.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// Nothing came back.
    Failed(Failed),
    /// What came back is no answer.
    Unreadable(Unreadable),
}

impl NoAnswer {
    /// The reason that those who wait are told.
    pub(super) const fn reason(&self) -> Reason {
        match self {
            Self::Failed(Failed::Timeout) => Reason::Timeout,
            Self::Failed(_) => Reason::Error,
            Self::Unreadable(_) => Reason::Unreadable,
        }
    }

    /// Whether the texts may be to blame, so that fewer of them could be answered.
    const fn is_about_the_texts(&self) -> bool {
        match self {
            Self::Failed(failed) => failed.is_about_the_text(),
            Self::Unreadable(_) => true,
        }
    }
}

/// A worker's place, which is given back however the worker ends, be it before it began.
struct Place {
    desk: Arc<Desk>,
    given_back: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.given_back {
            self.desk.lose_worker();
        }
    }
}

impl Calls {
    /// Sends a worker.
    pub(super) fn send_worker(self: &Arc<Self>) {
        // It ends with its last text, so nobody has to wait for it.
        let place = Place { desk: Arc::clone(&self.desk), given_back: false };
        drop(self.tasks.spawn(Arc::clone(self).work(place)));
    }

    /// Whether nothing is asked now.
    pub(super) fn is_refusing(&self) -> bool {
        locked(&self.breaker).refuses(self.began.elapsed())
    }

    pub(super) fn circuit(&self) -> Circuit {
        locked(&self.breaker).circuit()
    }

    /// Asks about these texts, within the time. A second try is made at most once, where nothing came of the first
    /// or the server says when to come again.
    pub(super) async fn ask(
        &self,
        questions: &[Question<'_>],
        until: Instant,
    ) -> Result<Vec<Scores>, NoAnswer> {
        let body = self.contract.body(questions);
        let answer = match self.post(body.clone(), until).await {
            Ok(answer) => answer,
            Err(failed) => {
                let again = failed.retry_after().map(|wait| Instant::now() + wait);
                let Some(again) = again.filter(|again| *again < until) else {
                    return Err(NoAnswer::Failed(failed));
                };
                tokio::time::sleep_until(again).await;
                self.post(body, until).await.map_err(NoAnswer::Failed)?
            }
        };
        self.contract.read(questions, &answer).map_err(NoAnswer::Unreadable)
    }

    async fn post(&self, body: Vec<u8>, until: Instant) -> Result<bytes::Bytes, Failed> {
        timeout_at(until, self.carrier.post(body)).await.unwrap_or(Err(Failed::Timeout))
    }

    async fn work(self: Arc<Self>, mut place: Place) {
        if self.batch > 1 {
            sleep(LINGER).await;
        }
        while let Some(jobs) = self.desk.take(Instant::now()) {
            self.serve(jobs).await;
        }
        place.given_back = true;
    }

    /// One call for these texts.
    async fn serve(self: &Arc<Self>, jobs: Vec<Job>) {
        let Some(ticket) = self.admit() else {
            for job in jobs {
                job.settle(Err(Reason::Rejected));
            }
            return;
        };
        let began = Instant::now();
        let until = jobs.iter().map(Job::until).max().unwrap_or(began).min(began + self.timeout);
        let questions: Vec<Question<'_>> = jobs.iter().map(|job| job.question.question()).collect();
        let answers = self.ask(&questions, until).await;
        drop(questions);
        self.record(ticket, &answers, until - began);
        match answers {
            Ok(answers) => {
                for (job, scores) in jobs.into_iter().zip(answers) {
                    job.settle(Ok(Arc::new(scores)));
                }
            }
            // One of them may have spoilt the answer for all.
            Err(problem) if jobs.len() > 1 && problem.is_about_the_texts() => {
                for _ in 0..self.desk.put_back(jobs) {
                    self.send_worker();
                }
            }
            Err(problem) => {
                self.tell_of(&problem);
                let reason = problem.reason();
                for job in jobs {
                    job.settle(Err(reason));
                }
            }
        }
    }

    fn admit(&self) -> Option<Ticket> {
        self.with_breaker(Breaker::admit)
    }

    /// What the call says about the server. A text can be to blame for what cannot be read, and a short time for
    /// what came too late.
    fn record(&self, ticket: Ticket, answers: &Result<Vec<Scores>, NoAnswer>, given: Duration) {
        let went = match answers {
            Ok(_) => Went::Well,
            Err(problem) if problem.is_about_the_texts() => Went::Well,
            Err(NoAnswer::Failed(Failed::Timeout)) if given * 2 < self.timeout => Went::Untold,
            Err(_) => Went::Badly,
        };
        self.with_breaker(|breaker, now| breaker.record(ticket, went, now));
    }

    fn with_breaker<T>(&self, work: impl FnOnce(&mut Breaker, Duration) -> T) -> T {
        let mut breaker = locked(&self.breaker);
        let before = breaker.circuit();
        let done = work(&mut breaker, self.began.elapsed());
        let after = breaker.circuit();
        if before != after {
            self.metrics.classifier_circuit(&self.name, after.as_str());
            tracing::warn!(classifier = &*self.name, circuit = after.as_str(), "circuit changed");
        }
        done
    }

    /// Nothing of an answer or a text is told.
    fn tell_of(&self, problem: &NoAnswer) {
        let (what, status) = match problem {
            NoAnswer::Unreadable(problem) => (problem.code(), 0),
            NoAnswer::Failed(Failed::Status(status, _)) => ("status", status.as_u16()),
            NoAnswer::Failed(Failed::Timeout) => ("timeout", 0),
            NoAnswer::Failed(Failed::Unreached) => ("unreached", 0),
            NoAnswer::Failed(Failed::BrokenOff) => ("broken_off", 0),
            NoAnswer::Failed(Failed::Encoded) => ("encoded", 0),
            NoAnswer::Failed(Failed::TooLarge) => ("too_large", 0),
        };
        tracing::debug!(classifier = &*self.name, what, status, "no answer of a classifier");
    }
}
