//! Texts that were screened before and had nothing in them, so that the earlier turns of a conversation,
//! which come again with every request, cost little more than reading them.
//!
//! A text is known by a keyed hash of what its verdict hangs on: the text, who wrote it, the day, and
//! the policy as the request gets it. Only texts in which nothing at all was found are remembered, so
//! no text passes that was not screened, and a rule that would fire still does.

use std::hash::{Hash, Hasher};

use super::remembered::{Key, Remembered};
use crate::domain::Verdict;
use crate::engine::{Joint, Meeting, Subject};
use crate::policy::Policy;

/// Shorter texts, in bytes, are screened as fast as they are looked up.
const SHORTEST: usize = 256;
/// What is remembered. It belongs to a configuration and goes with it.
#[derive(Debug, Default)]
pub struct CleanTexts(Remembered);

impl CleanTexts {
    /// The key of a text; `None` where it is to be screened each time.
    pub(super) fn key(&self, policy: &Policy, subject: Subject, text: &str) -> Option<Key> {
        self.key_of(policy, subject, (&text, text.len()))
    }

    /// The key of texts that are read as one. No text has it too: what ends each of them is in none.
    pub(super) fn key_of_joint(
        &self,
        policy: &Policy,
        subject: Subject,
        (joint, meeting): (&Joint<'_>, Meeting),
    ) -> Option<Key> {
        let what = (meeting == Meeting::Together, joint.key());
        self.key_of(policy, subject, (&what, joint.len()))
    }

    fn key_of(
        &self,
        policy: &Policy,
        subject: Subject,
        (what, bytes): (&impl Hash, usize),
    ) -> Option<Key> {
        if policy.rescan || bytes < SHORTEST {
            return None;
        }
        Some(self.0.key(|mut hasher: &mut dyn Hasher| {
            policy.hash_variant(&mut hasher);
            (subject.phase, subject.author, subject.today, subject.streamed).hash(&mut hasher);
            what.hash(&mut hasher);
        }))
    }

    /// Whether the text was found clean before.
    pub(super) fn knows(&self, key: Key) -> bool {
        self.0.knows(key)
    }

    /// Remembers a text, if nothing was found in it.
    pub(super) fn learn(&self, key: Key, verdict: &Verdict) {
        if verdict.is_clean() && verdict.classified.is_empty() {
            self.0.add(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::civil::date;

    use super::*;
    use crate::domain::{Author, Phase};
    use crate::engine::testing::Sketch;
    use crate::engine::{Piece, joints};
    use crate::proxy::remembered::MOST_TEXTS;

    fn subject() -> Subject {
        Subject {
            phase: Phase::Prompt,
            author: Author::User,
            today: date(2026, 11, 1),
            streamed: false,
        }
    }

    fn policy() -> Arc<Policy> {
        let mut sketch = Sketch::default();
        sketch.block("slurs", &["blorp"]);
        sketch.build()
    }

    #[test]
    fn only_a_text_in_which_nothing_was_found_is_remembered() {
        let (texts, policy) = (CleanTexts::default(), policy());
        let key = texts.key(&policy, subject(), &"fine ".repeat(100)).unwrap();
        assert!(!texts.knows(key));
        texts.learn(key, &Verdict { score: 0.5, ..Verdict::default() });
        assert!(!texts.knows(key));
        texts.learn(key, &Verdict::default());
        assert!(texts.knows(key));
    }

    #[test]
    fn whatever_a_verdict_hangs_on_makes_another_key() {
        let (texts, policy) = (CleanTexts::default(), policy());
        let text = "fine ".repeat(100);
        let known = texts.key(&policy, subject(), &text);
        let suppressed = crate::policy::Suppressed { rule: 0, until: None };
        let milder = Policy { suppressed: vec![suppressed], ..Policy::clone(&policy) };
        let other = self::policy();
        for key in [
            texts.key(&policy, subject(), &format!("{text}.")),
            texts.key(&policy, Subject { author: Author::Tool, ..subject() }, &text),
            texts.key(&policy, Subject { phase: Phase::Completion, ..subject() }, &text),
            texts.key(&policy, Subject { today: date(2026, 11, 2), ..subject() }, &text),
            texts.key(&milder, subject(), &text),
            texts.key(&other, subject(), &text),
            CleanTexts::default().key(&policy, subject(), &text),
        ] {
            assert!(key.is_some() && key != known);
        }
        assert_eq!(texts.key(&policy, subject(), &text), known);
    }

    #[test]
    fn texts_that_are_read_as_one_have_another_key_than_the_same_text_and_than_other_borders() {
        let (texts, policy) = (CleanTexts::default(), policy());
        let whole = "fine ".repeat(100);
        let mut keys = vec![texts.key(&policy, subject(), &whole)];
        for at in [100, 200] {
            let (one, two) = whole.split_at(at);
            let pieces = [Piece { text: one, unit: 0 }, Piece { text: two, unit: 1 }];
            for meeting in [Meeting::Crossing, Meeting::Together] {
                let joints = joints(&pieces);
                keys.push(texts.key_of_joint(&policy, subject(), (&joints[0], meeting)));
            }
        }
        for (at, key) in keys.iter().enumerate() {
            assert!(key.is_some() && !keys[..at].contains(key));
        }
    }

    #[test]
    fn texts_of_a_policy_that_rescans_and_short_ones_have_no_key() {
        let (texts, policy) = (CleanTexts::default(), policy());
        assert!(texts.key(&policy, subject(), "fine").is_none());
        let rescanning = Policy { rescan: true, ..Policy::clone(&policy) };
        assert!(texts.key(&rescanning, subject(), &"fine ".repeat(100)).is_none());
    }

    #[test]
    fn no_more_texts_are_remembered_than_the_limit_says() {
        let texts = CleanTexts::default();
        for key in 0..(MOST_TEXTS as u128 * 3) {
            texts.learn(Key(key), &Verdict::default());
        }
        let held = texts.0.len();
        assert!(held <= 2 * MOST_TEXTS, "{held}");
        assert!(texts.knows(Key(MOST_TEXTS as u128 * 3 - 1)) && !texts.knows(Key(0)));
    }
}
