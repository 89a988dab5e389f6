//! One classifier, as others use it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use super::breaker::{Breaker, Circuit};
use super::cache::{Cache, Key};
use super::calls::Calls;
use super::carrier::{Carrier, Endpoint, HttpCarrier};
use super::desk::{Desk, HandedIn, Limits, Outcome};
use super::in_process::{InProcess, Pool};
use super::mistakes::Mistake;
use super::self_test::{Tested, Trial};
use super::setup::{Plan, local_plan, plan};
use super::verdict::{Question, Reason, Scores, Verdict};
use super::window::{Window, windows};
use crate::config::policy_file::{Classifier as Written, ClassifierKind};
use crate::detect::onnx::Onnx;
use crate::telemetry::Metrics;

/// The most windows of one text. A longer one is not judged in part.
const MOST_WINDOWS: usize = 256;
/// Windows of a text, and texts of a list, that wait at the same time.
const ABREAST: usize = 16;

/// A classifier, remote or a transformer in process: asked within a time, and never clean where it gave no clear answer.
///
/// It has to be made and used inside a tokio runtime. Dropping it lets the calls on their way come to their end.
#[derive(Debug)]
pub struct Classifier {
    pub(super) calls: Arc<Calls>,
    window: Window,
    revision: [u8; 32],
    trial: Option<Trial>,
    /// What is said of a text without a character.
    nothing: Arc<Scores>,
}

/// How a classifier stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Its circuit.
    pub circuit: Circuit,
    /// Its self-test; `None` where it has none.
    pub tested: Option<Tested>,
    /// Calls on their way.
    pub in_flight: usize,
    /// Texts that wait for a call.
    pub waiting: usize,
    /// Answers that are kept.
    pub cached: usize,
}

impl Classifier {
    /// Makes a remote classifier ready; nothing is asked yet.
    ///
    /// # Errors
    /// Every mistake in what is written, or what is wrong with the endpoint.
    pub fn new(
        name: &str,
        written: &Written,
        endpoint: Endpoint,
        metrics: Arc<Metrics>,
    ) -> Result<Self, Vec<Mistake>> {
        if written.kind == ClassifierKind::Onnx {
            return Err(vec![Mistake::new("kind", "`onnx` runs in process")]);
        }
        let plan = plan(written)?;
        let revision = revision(written, &endpoint.base.to_string());
        let carrier = HttpCarrier::new(&*plan.contract, endpoint, plan.timeout)
            .map_err(|mistake| vec![mistake])?;
        Ok(Self::with(name, plan, Box::new(carrier), (revision, metrics)))
    }

    /// Makes a classifier ready that is a transformer in process. All of them share one bounded pool of threads.
    ///
    /// # Errors
    /// Every mistake in what is written.
    pub fn in_process(
        name: &str,
        written: &Written,
        model: Arc<Onnx>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, Vec<Mistake>> {
        Self::in_pool(name, written, model, (Pool::shared(), metrics))
    }

    pub(super) fn in_pool(
        name: &str,
        written: &Written,
        model: Arc<Onnx>,
        (pool, metrics): (&Pool, Arc<Metrics>),
    ) -> Result<Self, Vec<Mistake>> {
        let plan = local_plan(written, &model, pool.size())?;
        // The files are in it by their hashes.
        let revision = revision(written, "");
        let carrier = InProcess::new(model, pool.clone());
        Ok(Self::with(name, plan, Box::new(carrier), (revision, metrics)))
    }

    pub(super) fn with(
        name: &str,
        plan: Plan,
        carrier: Box<dyn Carrier>,
        (revision, metrics): ([u8; 32], Arc<Metrics>),
    ) -> Self {
        metrics.know_classifier(name);
        metrics.classifier_circuit(name, Circuit::Closed.as_str());
        let limits = Limits { waiting: plan.waiting, workers: plan.in_flight, batch: plan.batch };
        let cache = plan.cached.map(|(most, keep)| Cache::new(most, keep));
        let mut nothing = Scores::default();
        for category in plan.labels.categories() {
            nothing.raise(category, 0.0);
        }
        let calls = Calls {
            name: Arc::from(name),
            contract: plan.contract,
            carrier,
            desk: Arc::new(Desk::new(limits, cache)),
            batch: plan.batch,
            timeout: plan.timeout,
            metrics,
            began: Instant::now(),
            breaker: Mutex::new(Breaker::default()),
            tasks: TaskTracker::new(),
        };
        Self {
            calls: Arc::new(calls),
            window: plan.window,
            revision,
            trial: plan.self_test.map(Trial::new),
            nothing: Arc::new(nothing),
        }
    }

    /// Asks about one text: within its own `timeout`, and before `deadline` where there is one. Waiting for a call
    /// counts. A long text is asked window by window, and the highest score of all counts.
    pub async fn ask(&self, question: Question<'_>, deadline: Option<Instant>) -> Verdict {
        let began = Instant::now();
        let own = began + self.calls.timeout;
        let verdict =
            self.judge(question, deadline.map_or(own, |deadline| own.min(deadline))).await;
        let (outcome, took) = match &verdict {
            Verdict::Scores { cached: true, .. } => ("cached", None),
            Verdict::Scores { cached: false, .. } => ("ok", Some(began.elapsed())),
            Verdict::Unavailable { reason, .. } => (reason.as_str(), Some(began.elapsed())),
        };
        let took = took.as_ref().map(Duration::as_secs_f64);
        self.calls.metrics.classified(&self.calls.name, outcome, took);
        verdict
    }

    /// Asks about several texts, some of them at the same time; the verdicts are in the order of the texts.
    pub async fn ask_all(
        &self,
        questions: &[Question<'_>],
        deadline: Option<Instant>,
    ) -> Vec<Verdict> {
        let asked: Vec<_> =
            questions.iter().map(|question| self.ask(*question, deadline)).collect();
        stream::iter(asked).buffered(ABREAST).collect().await
    }

    /// Runs the self-test at once and then in its intervals, for ever; without one it returns at once. Until the
    /// first run has passed, every question is unavailable.
    pub async fn keep_tested(&self) {
        if let Some(trial) = &self.trial {
            trial.keep_running(&self.calls).await;
        }
    }

    /// How it stands now.
    pub fn state(&self) -> State {
        let (in_flight, waiting, cached) = self.calls.desk.counts();
        let tested = self.trial.as_ref().map(Trial::state);
        State { circuit: self.calls.circuit(), tested, in_flight, waiting, cached }
    }

    /// A short hash of all that its answers hang on, in hexadecimal digits.
    pub fn revision(&self) -> String {
        let [a, b, c, d, ..] = self.revision;
        format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
    }

    async fn judge(&self, question: Question<'_>, until: Instant) -> Verdict {
        if let Some(trial) = &self.trial
            && !trial.has_passed(until).await
        {
            return unavailable(Reason::SelfTest);
        }
        let cut = windows(question.text, self.window);
        if cut.is_empty() {
            return Verdict::Scores { scores: Arc::clone(&self.nothing), cached: false };
        }
        if cut.len() > MOST_WINDOWS {
            return unavailable(Reason::TooLong);
        }
        let asked: Vec<_> = cut
            .into_iter()
            .map(|range| {
                let text = question.text.get(range.clone()).unwrap_or_default();
                let part = Question { text, ..question };
                async move { (range.start, self.ask_window(part, until).await) }
            })
            .collect();
        gather(stream::iter(asked).buffered(ABREAST).collect().await)
    }

    /// One window; whether the answer was kept from before is the second part.
    async fn ask_window(&self, part: Question<'_>, until: Instant) -> (Outcome, bool) {
        let key = Key::of(&self.revision, &part);
        loop {
            let now = Instant::now();
            let (outcome, first, worker) =
                match self.calls.desk.hand_in(key, &part, (now, until), self.calls.is_refusing()) {
                    HandedIn::Known(scores) => return (Ok(scores), true),
                    HandedIn::Refused => return (Err(Reason::Rejected), false),
                    HandedIn::Waiting { outcome, first, worker } => (outcome, first, worker),
                };
            if worker {
                self.calls.send_worker();
            }
            let mut outcome = outcome;
            let told = match timeout_at(until, outcome.wait_for(Option::is_some)).await {
                Err(_) => Err(Reason::Timeout),
                Ok(told) => told.ok().and_then(|told| told.clone()).unwrap_or(Err(Reason::Error)),
            };
            // Somebody else's time may have run out, and ours has not.
            if told == Err(Reason::Timeout) && !first && Instant::now() < until {
                continue;
            }
            return (told, false);
        }
    }
}

const fn unavailable(reason: Reason) -> Verdict {
    Verdict::Unavailable { reason, seen: None }
}

/// What the windows say together. One that was not answered leaves the text unavailable.
fn gather(parts: Vec<(usize, (Outcome, bool))>) -> Verdict {
    let mut whole = Scores::default();
    let (mut cached, mut any, mut missing) = (true, false, None);
    for (at, (outcome, was_kept)) in parts {
        cached &= was_kept;
        match outcome {
            Ok(scores) => {
                any = true;
                whole.merge(&scores, at);
            }
            Err(reason) => missing = missing.or(Some(reason)),
        }
    }
    let scores = Arc::new(whole);
    match missing {
        None => Verdict::Scores { scores, cached },
        Some(reason) => Verdict::Unavailable { reason, seen: any.then_some(scores) },
    }
}

/// A hash of all that answers hang on.
fn revision(written: &Written, place: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(serde_json::to_vec(written).unwrap_or_default());
    hash.update(place);
    hash.finalize().into()
}
