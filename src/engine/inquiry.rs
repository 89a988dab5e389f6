//! A whole text with somebody who answers its questions, for those who can wait.

use std::fmt;
use std::sync::Arc;

use super::answers::{Answered, Answers, Asked, Scratch, Wanted};
use super::screen::{Subject, screen_passage};
use crate::domain::Verdict;
use crate::policy::Policy;

/// How often a text is looked at before it is decided with the answers that are there. What is asked hangs on the text
/// and never on answers, so the second look finds them all.
pub const MOST_LOOKS: usize = 3;

/// Somebody who knows what classifiers say. Several threads ask at once, and wait.
pub trait Inquire: fmt::Debug + Send + Sync {
    /// The answers to these questions. One that is missing counts as a classifier that did not answer.
    fn inquire(&self, wanted: Vec<Wanted>) -> Vec<(Asked, Answered)>;
}

/// Screens a whole text, and asks what its policy wants to know of classifiers. Without somebody to ask, a text that needs
/// an answer is `unavailable`.
pub fn screen_asking(
    (policy, subject): (&Arc<Policy>, Subject),
    text: &str,
    scratch: &mut Scratch,
    whom: Option<&dyn Inquire>,
) -> Verdict {
    let Some(whom) = whom.filter(|_| policy.asks_on(subject.phase)) else {
        return screen_passage(policy, subject, text, scratch);
    };
    scratch.answers = Answers::default();
    for _ in 0..MOST_LOOKS {
        scratch.answers.begin_try();
        let verdict = screen_passage(policy, subject, text, scratch);
        let (_, wanted) = scratch.answers.end_try();
        if wanted.is_empty() {
            return verdict;
        }
        for (asked, answered) in whom.inquire(wanted) {
            scratch.answers.give(asked, answered);
        }
    }
    screen_passage(policy, subject, text, scratch)
}
