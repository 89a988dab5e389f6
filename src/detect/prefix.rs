//! Answers one question fast: is this text the beginning of a term?

/// A sorted set of terms, in one buffer.
#[derive(Debug, Default)]
pub(super) struct PrefixIndex {
    bytes: Vec<u8>,
    /// End of each term in `bytes`, in sorted order; a term begins where the one before it ends.
    ends: Vec<u32>,
    longest: usize,
}

impl PrefixIndex {
    /// Builds the index; the terms may come in any order and more than once.
    pub(super) fn new(mut terms: Vec<&str>) -> Self {
        terms.sort_unstable();
        terms.dedup();
        let mut index = Self::default();
        for term in terms {
            index.bytes.extend_from_slice(term.as_bytes());
            // A lexicon is limited to far less than 4 GiB when it is read.
            index.ends.push(u32::try_from(index.bytes.len()).unwrap_or(u32::MAX));
            index.longest = index.longest.max(term.len());
        }
        index
    }

    /// Length of the longest term in bytes.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// Bytes that the index takes.
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    /// Whether some term begins with `start` (or is equal to it).
    pub(super) fn has(&self, start: &str) -> bool {
        if start.len() > self.longest {
            return false;
        }
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.term(middle) < start.as_bytes() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        self.term(low).starts_with(start.as_bytes()) && low < self.ends.len()
    }

    fn term(&self, index: usize) -> &[u8] {
        let begin = index.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |&e| e);
        let end = self.ends.get(index).copied().unwrap_or(begin);
        self.bytes.get(begin as usize..end as usize).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_prefix_is_found_exactly_when_a_term_starts_with_it(
            terms in prop::collection::vec("[ab]{1,5}", 0..12),
            start in "[ab]{1,4}",
        ) {
            let index = PrefixIndex::new(terms.iter().map(String::as_str).collect());
            prop_assert_eq!(index.has(&start), terms.iter().any(|term| term.starts_with(&start)));
        }
    }
}
