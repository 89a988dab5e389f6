//! Asks classifiers what screening wants to know, and gives the answers to it.
//!
//! Screening itself never waits. A text is looked at, the questions that came up are asked, and it is looked at again,
//! until every answer is there; that is done before anything is decided, counted or recorded.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};
use tokio::time::Instant;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::contain;
use super::prompt::with_scratch;
use crate::classify::{Classifier, Question, Reason, State, Verdict as Answer};
use crate::domain::Phase;
use crate::engine::{Answered, Answers, Asked, MOST_LOOKS, Scratch, Wanted};
use crate::policy::Policy;
use crate::telemetry::Metrics;

/// Questions of one exchange that are asked at a time.
const ABREAST: usize = 64;

/// The classifiers that are asked, by what tells them apart.
#[derive(Debug, Default)]
pub struct Classifiers(HashMap<Arc<str>, Arc<Running>>);

/// A classifier, tested again and again as long as it is there.
pub struct Running {
    /// The classifier.
    pub classifier: Arc<Classifier>,
    /// What else it hangs on beside what the policy says: its endpoint.
    pub endpoint: String,
    /// Ends with it.
    _tester: AbortOnDropHandle<()>,
}

/// Answers of a batch of questions.
pub type Asking = BoxFuture<'static, Vec<(Asked, Answered)>>;

/// Asks for one exchange.
#[derive(Clone, Debug)]
pub struct Asker {
    pub(super) classifiers: Arc<Classifiers>,
    /// What a completion answers, for classifiers that judge it beside that.
    pub(super) prompt: Option<Arc<str>>,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("classifier", &self.classifier).finish_non_exhaustive()
    }
}

impl Running {
    /// Takes a classifier into use: its self-test runs at once and then in its intervals. It has to be called inside a
    /// runtime of tokio.
    pub fn new(classifier: Classifier, endpoint: String) -> Self {
        let classifier = Arc::new(classifier);
        let tested = Arc::clone(&classifier);
        let tester = TaskTracker::new().spawn(async move { tested.keep_tested().await });
        Self { classifier, endpoint, _tester: AbortOnDropHandle::new(tester) }
    }
}

impl Classifiers {
    /// Adds one, under what tells it apart.
    pub fn add(&mut self, id: Arc<str>, running: Arc<Running>) {
        self.0.insert(id, running);
    }

    /// The one that is told apart so.
    pub fn get(&self, id: &str) -> Option<&Arc<Running>> {
        self.0.get(id)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How each of them stands, by its name and revision.
    pub fn states(&self) -> Vec<(String, State)> {
        let state = |(id, running): (&Arc<str>, &Arc<Running>)| {
            let name = id.rsplit_once('@').map_or(&**id, |(name, _)| name);
            let revision = running.classifier.revision();
            (format!("{name}@{revision}"), running.classifier.state())
        };
        let mut states: Vec<(String, State)> = self.0.iter().map(state).collect();
        states.sort_by(|one, other| one.0.cmp(&other.0));
        states
    }
}

impl Asker {
    /// Looks at texts as often as it takes to have every answer that a look wants. `look` decides nothing.
    pub(super) async fn look(
        &self,
        (policy, phase): (&Policy, Phase),
        (answers, metrics): (&mut Answers, &Metrics),
        mut look: impl FnMut(&mut Scratch),
    ) {
        if !policy.asks_on(phase) {
            return;
        }
        for _ in 0..MOST_LOOKS {
            // A look that breaks asks nothing, and breaks again where it counts.
            let looked = contain::screening(metrics, || {
                answers.begin_try();
                with_answers(answers, &mut look);
                answers.end_try()
            });
            let Some((true, wanted)) = looked else { return };
            for (asked, answered) in self.ask(wanted).await {
                answers.give(asked, answered);
            }
        }
    }

    /// Asks about texts that answer no prompt.
    pub const fn new(classifiers: Arc<Classifiers>) -> Self {
        Self { classifiers, prompt: None }
    }

    /// Asks these questions, some of them at the same time.
    pub fn ask(&self, wanted: Vec<Wanted>) -> Asking {
        let asker = self.clone();
        Box::pin(async move {
            let asked: Vec<_> =
                wanted.into_iter().map(|wanted| asker.clone().one(wanted.asked)).collect();
            stream::iter(asked).buffer_unordered(ABREAST).collect().await
        })
    }

    async fn one(self, asked: Asked) -> (Asked, Answered) {
        let began = Instant::now();
        let prompt = self.prompt.as_deref().filter(|_| asked.phase == Phase::Completion);
        let Asked { phase, author, .. } = asked;
        let question = Question { text: &asked.text, phase, author, prompt };
        let answer = match self.classifiers.get(&asked.remote.id) {
            Some(running) => running.classifier.ask(question, None).await,
            None => Answer::Unavailable { reason: Reason::Error, seen: None },
        };
        let answered = Answered { answer, took: began.elapsed() };
        (asked, answered)
    }
}

/// Lends the buffers of this thread, with these answers.
pub(super) fn with_answers<T>(answers: &mut Answers, work: impl FnOnce(&mut Scratch) -> T) -> T {
    with_scratch(|scratch| {
        std::mem::swap(&mut scratch.answers, answers);
        let done = work(scratch);
        std::mem::swap(&mut scratch.answers, answers);
        done
    })
}
