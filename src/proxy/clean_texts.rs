//! Texts that were screened before and had nothing in them, so that the earlier turns of a conversation,
//! which come again with every request, cost little more than reading them.
//!
//! A text is known by a keyed hash of what its verdict hangs on: the text, who wrote it, the day, and
//! the policy as the request gets it. Only texts in which nothing at all was found are remembered, so
//! no text passes that was not screened, and a rule that would fire still does.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash, Hasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use crate::domain::Verdict;
use crate::engine::{Joint, Meeting, Subject};
use crate::policy::Policy;

/// Shorter texts, in bytes, are screened as fast as they are looked up.
const SHORTEST: usize = 256;
/// The most texts that are remembered in each of two generations; when the younger one is full, the
/// older one is forgotten. With their tables that is at most some 4 MiB.
const MOST_TEXTS: usize = 64 << 10;
/// Tables, so that threads seldom wait for one another.
const SHARDS: usize = 16;

/// What is remembered. It belongs to a configuration and goes with it.
#[derive(Debug)]
pub struct CleanTexts {
    /// Drawn at random, so that nobody can make two texts with the same hashes.
    keys: [RandomState; 2],
    shards: [Mutex<Generations>; SHARDS],
}

#[derive(Debug, Default)]
struct Generations {
    young: HashSet<u128>,
    old: HashSet<u128>,
}

/// A text under a policy, as it is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(u128);

impl Default for CleanTexts {
    fn default() -> Self {
        Self {
            keys: [RandomState::new(), RandomState::new()],
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }
}

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
        let hash = |key: &RandomState| {
            let mut hasher = key.build_hasher();
            policy.hash_variant(&mut hasher);
            (subject.phase, subject.author, subject.today, subject.streamed).hash(&mut hasher);
            what.hash(&mut hasher);
            u128::from(hasher.finish())
        };
        let [low, high] = &self.keys;
        Some(Key(hash(high) << 64 | hash(low)))
    }

    /// Whether the text was found clean before.
    pub(super) fn knows(&self, key: Key) -> bool {
        self.with_shard(key, |generations| {
            if generations.young.contains(&key.0) {
                return true;
            }
            let known = generations.old.remove(&key.0);
            if known {
                generations.add(key.0);
            }
            known
        })
        .unwrap_or_default()
    }

    /// Remembers a text, if nothing was found in it.
    pub(super) fn learn(&self, key: Key, verdict: &Verdict) {
        if *verdict == Verdict::default() {
            self.with_shard(key, |generations| generations.add(key.0));
        }
    }

    fn with_shard<T>(&self, key: Key, work: impl FnOnce(&mut Generations) -> T) -> Option<T> {
        let shard = usize::try_from(key.0 % SHARDS as u128).unwrap_or_default();
        let shard = self.shards.get(shard)?;
        // What a table holds is true whoever panicked while it was locked.
        Some(work(&mut shard.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Generations {
    fn add(&mut self, key: u128) {
        if self.young.len() >= MOST_TEXTS / SHARDS {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key);
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
        let held: usize = texts
            .shards
            .iter()
            .map(|shard| shard.lock().unwrap())
            .map(|generations| generations.young.len() + generations.old.len())
            .sum();
        assert!(held <= 2 * MOST_TEXTS, "{held}");
        assert!(texts.knows(Key(MOST_TEXTS as u128 * 3 - 1)) && !texts.knows(Key(0)));
    }
}
