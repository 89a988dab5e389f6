//! Texts that are known again by keyed hashes; none of them is kept.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hasher, RandomState};
use std::sync::{Mutex, PoisonError};

/// The most texts that are remembered in each of two generations; when the younger one is full, the
/// older one is forgotten. With their tables that is at most some 4 MiB.
pub(super) const MOST_TEXTS: usize = 64 << 10;
/// Tables, so that threads seldom wait for one another.
const SHARDS: usize = 16;

/// What is remembered.
#[derive(Debug)]
pub(super) struct Remembered {
    /// Drawn at random, so that nobody can make two texts with the same hashes.
    keys: [RandomState; 2],
    shards: [Mutex<Generations>; SHARDS],
}

#[derive(Debug, Default)]
struct Generations {
    young: HashSet<u128>,
    old: HashSet<u128>,
}

/// A text as it is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(pub(super) u128);

impl Default for Remembered {
    fn default() -> Self {
        Self {
            keys: [RandomState::new(), RandomState::new()],
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }
}

impl Remembered {
    /// The key of whatever `hash` hashes.
    pub(super) fn key(&self, hash: impl Fn(&mut dyn Hasher)) -> Key {
        let hash = |key: &RandomState| {
            let mut hasher = key.build_hasher();
            hash(&mut hasher);
            u128::from(hasher.finish())
        };
        let [low, high] = &self.keys;
        Key(hash(high) << 64 | hash(low))
    }

    /// Whether it was remembered, and not forgotten since.
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

    /// Remembers it.
    pub(super) fn add(&self, key: Key) {
        self.with_shard(key, |generations| generations.add(key.0));
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        let shards = self.shards.iter().map(|shard| shard.lock().unwrap());
        shards.map(|generations| generations.young.len() + generations.old.len()).sum()
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
