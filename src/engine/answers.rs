//! What classifiers said that have to be asked, and what they are still to be asked.
//!
//! Nothing here waits: a text that needs an answer which is not there is noted as wanted and does not pass. Whoever screens
//! asks, gives the answers, and screens again.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use crate::classify::Verdict as Answer;
use crate::domain::{Author, Phase};
use crate::policy::Remote;

/// The most questions that one screening may raise. Texts behind them stay without an answer.
pub const MOST_WANTED: usize = 2_048;
/// The most answers that are kept; the oldest makes room.
const MOST_KNOWN: usize = 2 * MOST_WANTED;

/// A text about which a classifier is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The classifier.
    pub remote: Arc<Remote>,
    /// Which way the text travels.
    pub phase: Phase,
    /// Who wrote it.
    pub author: Author,
    /// The text.
    pub text: Arc<str>,
}

impl PartialEq for Asked {
    fn eq(&self, other: &Self) -> bool {
        let key = |asked: &Self| (asked.phase, asked.author);
        self.remote.id == other.remote.id && key(self) == key(other) && self.text == other.text
    }
}

impl Eq for Asked {}

impl Hash for Asked {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.remote.id, self.phase, self.author, &self.text).hash(state);
    }
}

/// A question that was raised.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The question.
    pub asked: Asked,
    /// Whether the text waits for the answer. Otherwise it flows, and a bad answer ends it later.
    pub waits: bool,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The answer, which may be that there is none.
    pub answer: Answer,
    /// How long it took.
    pub took: Duration,
}

impl From<Answer> for Answered {
    fn from(answer: Answer) -> Self {
        Self { answer, took: Duration::ZERO }
    }
}

/// Answers, and the questions that came up without one.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    known: HashMap<Asked, Answered>,
    order: VecDeque<Asked>,
    wanted: Vec<Wanted>,
    /// Whether nothing of what is found takes effect while answers are missing that something waits for.
    trying: bool,
    /// Whether such an answer is missing.
    missing: bool,
    /// What each classifier says whatever it is asked, by its name, where nobody is asked in truth; one that is not named
    /// finds nothing.
    script: Option<Arc<BTreeMap<String, Answer>>>,
}

impl Answers {
    /// Answers without anybody being asked, for tests of policies: what is not named finds nothing.
    pub fn scripted(script: BTreeMap<String, Answer>) -> Self {
        Self { script: Some(Arc::new(script)), ..Self::default() }
    }

    /// The answer to a question, if it is there.
    pub(super) fn of(&self, asked: &Asked) -> Option<Answered> {
        if let Some(script) = &self.script {
            let nothing = || Answer::Scores { scores: Arc::default(), cached: false };
            return Some(script.get(&*asked.remote.name).cloned().unwrap_or_else(nothing).into());
        }
        self.known.get(asked).cloned()
    }

    /// Notes that an answer is wanted.
    pub(super) fn want(&mut self, asked: Asked, waits: bool) {
        self.missing |= waits;
        if let Some(known) = self.wanted.iter_mut().find(|known| known.asked == asked) {
            known.waits |= waits;
        } else if self.wanted.len() < MOST_WANTED {
            self.wanted.push(Wanted { asked, waits });
        }
    }

    /// Begins a try: whoever screens sees to it that nothing takes effect if [`Self::end_try`] says that an answer is
    /// missing. A text about which there is no answer in the end goes on as if nothing was found, so that one try brings up
    /// all questions. Outside of a try such a text has no answer.
    pub fn begin_try(&mut self) {
        (self.trying, self.missing) = (true, false);
    }

    /// Ends a try; the result is whether an answer is missing that something waits for, and the questions that came up.
    pub fn end_try(&mut self) -> (bool, Vec<Wanted>) {
        self.trying = false;
        (self.missing, std::mem::take(&mut self.wanted))
    }

    pub(super) const fn is_trying(&self) -> bool {
        self.trying
    }

    /// An answer has come.
    pub fn give(&mut self, asked: Asked, answered: Answered) {
        if self.known.insert(asked.clone(), answered).is_none() {
            self.order.push_back(asked);
        }
        while self.order.len() > MOST_KNOWN {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }
}

/// What screening works with: buffers, lent to one screen after the other, and the answers of classifiers.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) scan: crate::detect::Scratch,
    /// What classifiers said.
    pub answers: Answers,
}

impl Scratch {
    /// One with which every classifier that has to be asked finds nothing: for looking at rules alone.
    pub fn asking_nobody() -> Self {
        Self { answers: Answers::scripted(BTreeMap::new()), ..Self::default() }
    }
}
