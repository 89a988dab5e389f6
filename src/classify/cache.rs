//! Answers that are kept, by a hash of the text and of the classifier that gave them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::verdict::{Question, Scores};

/// A question to one revision of a classifier, as a SHA-256 hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    /// Everything that an answer hangs on goes in, each part with its length.
    pub(super) fn of(revision: &[u8; 32], question: &Question<'_>) -> Self {
        let Question { text, phase, author, prompt } = question;
        let mut hash = Sha256::new();
        hash.update(revision);
        hash.update([u8::from(prompt.is_some())]);
        for part in [phase.as_str(), author.as_str(), prompt.unwrap_or_default(), text] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

/// Answers, at most so many and for so long. The oldest one makes room.
#[derive(Debug)]
pub(super) struct Cache {
    most: usize,
    keep: Duration,
    answers: HashMap<Key, (Arc<Scores>, Instant)>,
    /// All keys, the oldest first; as every answer is kept for the same time, also the first to end.
    order: VecDeque<(Key, Instant)>,
}

impl Cache {
    /// `most` answers, each for `keep`.
    pub(super) fn new(most: usize, keep: Duration) -> Self {
        Self { most, keep, answers: HashMap::new(), order: VecDeque::new() }
    }

    pub(super) fn get(&self, key: &Key, now: Instant) -> Option<Arc<Scores>> {
        let (scores, until) = self.answers.get(key)?;
        (now < *until).then(|| Arc::clone(scores))
    }

    pub(super) fn add(&mut self, key: Key, scores: Arc<Scores>, now: Instant) {
        let until = now + self.keep;
        let before = self.answers.insert(key, (scores, until));
        if before.is_none_or(|(_, other)| other != until) {
            self.order.push_back((key, until));
        }
        while self.order.len() > self.most
            || self.order.front().is_some_and(|(_, until)| *until <= now)
        {
            let Some((key, until)) = self.order.pop_front() else { break };
            // A key that was added again lives on under its younger entry.
            if self.answers.get(&key).is_some_and(|(_, other)| *other == until) {
                self.answers.remove(&key);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.answers.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Author, Phase};

    const fn question(text: &str) -> Question<'_> {
        Question { text, phase: Phase::Prompt, author: Author::User, prompt: None }
    }

    fn key(n: u32) -> Key {
        Key::of(&[0; 32], &question(&n.to_string()))
    }

    #[test]
    fn whatever_an_answer_hangs_on_makes_another_key() {
        let asked = question("ab");
        let known = Key::of(&[0; 32], &asked);
        assert_eq!(known, Key::of(&[0; 32], &question("ab")));
        for (revision, other) in [
            ([1; 32], asked),
            ([0; 32], question("abc")),
            ([0; 32], Question { phase: Phase::Completion, ..asked }),
            ([0; 32], Question { author: Author::Tool, ..asked }),
            ([0; 32], Question { prompt: Some(""), ..asked }),
            ([0; 32], Question { prompt: Some("a"), text: "b", ..asked }),
        ] {
            assert_ne!(known, Key::of(&revision, &other));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_kept_for_its_time_and_the_oldest_makes_room() {
        let mut cache = Cache::new(3, Duration::from_secs(60));
        let begin = Instant::now();
        for n in 0..5 {
            cache.add(key(n), Arc::default(), begin + Duration::from_secs(n.into()));
        }
        assert_eq!((cache.len(), cache.order.len()), (3, 3));
        let now = begin + Duration::from_secs(5);
        assert!(cache.get(&key(1), now).is_none() && cache.get(&key(2), now).is_some());
        assert!(cache.get(&key(2), begin + Duration::from_secs(62)).is_none());
        for _ in 0..10 {
            cache.add(key(9), Arc::default(), now);
        }
        assert!(cache.get(&key(9), now).is_some());
        assert!(cache.len() <= 3 && cache.order.len() <= 3);
    }
}
