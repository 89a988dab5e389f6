//! An index of spellings by how they begin: is there one that begins like the text here, and which of
//! them stand here?
//!
//! Nearly every place of a text is ruled out by one look into a filter of some bits for each spelling;
//! only the others are compared with the sorted spellings, byte by byte. That is why the cost of a scan
//! hardly depends on the number of terms (`docs/adr/011-terms-by-their-beginnings.md`).

/// White space in a row that stands for one blank of a spelling. More is no gap between two words of
/// one term.
const LONGEST_BLANK: usize = 8;
/// Bits of the filter for each key; with two bits set for each, about one of 200 other keys passes.
const FILTER_BITS: usize = 24;
/// Marks the slots of the hash table that are free.
const FREE: u32 = u32::MAX;

/// One spelling, before the index is built.
#[derive(Clone, Debug)]
pub(super) struct Spelling {
    pub(super) text: String,
    /// Length of the beginning by which it is found.
    pub(super) key: usize,
    /// What it stands for; several spellings with the same text and key are one.
    pub(super) value: u32,
}

impl Spelling {
    fn order(&self) -> (&[u8], &[u8]) {
        self.text.as_bytes().split_at_checked(self.key).unwrap_or_default()
    }
}

/// Sorted spellings, found by their keys.
#[derive(Debug, Default)]
pub(super) struct SpellingIndex {
    bytes: Vec<u8>,
    /// End of each spelling in `bytes`; it begins where the one before it ends.
    ends: Vec<u32>,
    /// Where the values of each spelling end in `values`.
    value_ends: Vec<u32>,
    values: Vec<u32>,
    /// Lengths of keys that begin with a byte, a bit each.
    lengths: Vec<u8>,
    filter: Vec<u64>,
    slots: Vec<Slot>,
    longest: usize,
    reach: usize,
    has_ascii: bool,
}

/// The spellings that share one key.
#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    key: u32,
    first: u32,
    end: u32,
    follow: Follow,
}

/// What stands behind the key in its spellings: a quick look at the text behind rules out nearly every
/// key that begins many spellings (`how to…`, `you are…`) without comparing them.
#[derive(Clone, Copy, Debug, Default)]
struct Follow {
    /// Some spelling is the key itself, so it does not matter what follows.
    anything: bool,
    /// A bit for each byte, modulo 64, that stands directly behind the key.
    direct: u64,
    /// The same for the first byte behind a blank.
    behind_blank: u64,
}

impl Follow {
    fn add(&mut self, rest: &[u8]) {
        match rest {
            [] => self.anything = true,
            [blank] if is_blank(*blank) => self.anything = true,
            [blank, next, ..] if is_blank(*blank) => self.behind_blank |= 1 << (next & 63),
            [next, ..] => self.direct |= 1 << (next & 63),
        }
    }

    /// Whether some spelling could stand where `rest` follows its key; where the text ends, it could.
    fn allows(self, rest: &[u8]) -> bool {
        let Some(&byte) = rest.first().filter(|_| !self.anything) else { return true };
        if !is_blank(byte) {
            return self.direct >> (byte & 63) & 1 != 0;
        }
        let next = rest.iter().take(LONGEST_BLANK + 1).find(|&&byte| !is_blank(byte));
        self.behind_blank != 0 && next.is_none_or(|&next| self.behind_blank >> (next & 63) & 1 != 0)
    }
}

/// What a comparison with the text came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// No further spelling can stand here.
    Settled,
    /// The text ended while a spelling was still in progress.
    Open,
}

impl SpellingIndex {
    pub(super) fn new(mut spellings: Vec<Spelling>) -> Self {
        spellings.sort_unstable_by(|a, b| a.order().cmp(&b.order()).then(a.value.cmp(&b.value)));
        let mut index = Self { lengths: vec![0; 256], ..Self::default() };
        let mut keys: Vec<(usize, u32)> = Vec::new();
        for (at, spelling) in spellings.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|before| spellings.get(before));
            let new = |other: &Spelling| other.order() != spelling.order();
            if before.is_none_or(new) {
                let new_key = before.is_none_or(|other| other.order().0 != spelling.order().0);
                if new_key {
                    keys.push((at, narrow(index.ends.len())));
                }
                index.bytes.extend_from_slice(spelling.text.as_bytes());
                index.ends.push(narrow(index.bytes.len()));
                index.value_ends.push(0);
                let blanks = spelling.text.bytes().filter(|&byte| is_blank(byte)).count();
                index.longest = index.longest.max(spelling.text.len());
                index.has_ascii |= spelling.text.is_ascii();
                index.reach = index.reach.max(spelling.text.len() + blanks * LONGEST_BLANK);
            }
            index.values.push(spelling.value);
            if let Some(end) = index.value_ends.last_mut() {
                *end = narrow(index.values.len());
            }
        }
        index.build_table(&spellings, &keys);
        index
    }

    fn build_table(&mut self, spellings: &[Spelling], keys: &[(usize, u32)]) {
        let words = (keys.len() * FILTER_BITS / 64 + 1).next_power_of_two();
        self.filter = vec![0; words];
        let free = Slot { hash: 0, key: 0, first: FREE, end: 0, follow: Follow::default() };
        self.slots = vec![free; (keys.len() * 2 + 1).next_power_of_two()];
        for (nth, &(at, first)) in keys.iter().enumerate() {
            let Some(spelling) = spellings.get(at) else { continue };
            let key = spelling.order().0;
            let end = keys.get(nth + 1).map_or_else(|| narrow(self.ends.len()), |next| next.1);
            if let Some(lengths) = key.first().and_then(|&b| self.lengths.get_mut(usize::from(b))) {
                *lengths |= 1 << (key.len().clamp(1, 8) - 1);
            }
            let hash = hash(key);
            let (word, bits) = filter_place(hash, words);
            if let Some(word) = self.filter.get_mut(word) {
                *word |= bits;
            }
            let mask = self.slots.len() - 1;
            let mut place = table_place(hash) & mask;
            while self.slots.get(place).is_some_and(|slot| slot.first != FREE) {
                place = (place + 1) & mask;
            }
            let mut follow = Follow::default();
            for nth in first..end {
                follow.add(self.spelling(nth as usize).get(key.len()..).unwrap_or_default());
            }
            if let Some(slot) = self.slots.get_mut(place) {
                *slot = Slot { hash: low(hash), key: narrow(key.len()), first, end, follow };
            }
        }
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether some spelling is ASCII, and so may stand in a text that is.
    pub(super) fn has_ascii(&self) -> bool {
        self.has_ascii
    }

    /// Length in bytes of the longest spelling.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// The longest stretch of text that a spelling can stand for, in bytes.
    pub(super) fn reach(&self) -> usize {
        self.reach
    }

    /// Bytes that the index takes.
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity()
            + (self.ends.capacity() + self.value_ends.capacity() + self.values.capacity()) * 4
            + self.filter.capacity() * 8
            + self.slots.capacity() * size_of::<Slot>()
    }

    /// The lengths of the keys that begin with this byte, the length of one in the lowest bit; the
    /// eighth bit stands for eight and more.
    #[inline]
    pub(super) fn key_lengths(&self, byte: u8) -> u8 {
        self.lengths.get(usize::from(byte)).copied().unwrap_or_default()
    }

    /// The spellings with the key `start..end` of a text, by number, if one of them may stand there.
    #[inline]
    pub(super) fn with_key(
        &self,
        text: &[u8],
        (start, end): (usize, usize),
    ) -> Option<(usize, usize)> {
        let key = text.get(start..end)?;
        let hash = hash(key);
        let (word, bits) = filter_place(hash, self.filter.len());
        if self.filter.get(word).is_none_or(|word| word & bits != bits) {
            return None;
        }
        let slot = self.look_up(key, hash)?;
        let rest = text.get(end..).unwrap_or_default();
        slot.follow.allows(rest).then_some((slot.first as usize, slot.end as usize))
    }

    #[inline(never)]
    fn look_up(&self, key: &[u8], hash: u64) -> Option<&Slot> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut place = table_place(hash) & mask;
        loop {
            let slot = self.slots.get(place).filter(|slot| slot.first != FREE)?;
            let same = slot.hash == low(hash) && slot.key as usize == key.len();
            if same && self.spelling(slot.first as usize).starts_with(key) {
                return Some(slot);
            }
            place = (place + 1) & mask;
        }
    }

    /// Whether some key begins with `start`.
    pub(super) fn has_key_with(&self, start: &[u8]) -> bool {
        let at = self.partition(|spelling| spelling < start);
        at < self.ends.len() && self.spelling(at).starts_with(start)
    }

    /// Compares the spellings `first..end`, whose key stands at `at` and ends before `next`, with the
    /// text. Tells each that stands there and where it ends.
    pub(super) fn compare(
        &self,
        text: &str,
        (mut first, mut end): (usize, usize),
        (mut depth, mut next): (usize, usize),
        found: &mut dyn FnMut(&[u32], usize),
    ) -> Reach {
        let bytes = text.as_bytes();
        while first < end {
            if self.spelling(first).len() == depth {
                found(self.values_of(first), next);
                first += 1;
                continue;
            }
            let Some(&byte) = bytes.get(next) else { return Reach::Open };
            let blank = is_blank(byte);
            let byte = if blank { b' ' } else { byte };
            let at_depth = |index: usize| self.spelling(index).get(depth).copied().unwrap_or(0);
            first += partition(end - first, |offset| at_depth(first + offset) < byte);
            end = first + partition(end - first, |offset| at_depth(first + offset) <= byte);
            depth += 1;
            next += 1;
            if blank && first < end {
                let rest = bytes.get(next..).unwrap_or_default();
                let more = rest.iter().take(LONGEST_BLANK).take_while(|&&b| is_blank(b)).count();
                next += more;
                if more == LONGEST_BLANK {
                    return Reach::Settled;
                }
            }
        }
        Reach::Settled
    }

    fn spelling(&self, index: usize) -> &[u8] {
        let begin = index.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |&e| e);
        let end = self.ends.get(index).copied().unwrap_or(begin);
        self.bytes.get(begin as usize..end as usize).unwrap_or_default()
    }

    fn values_of(&self, index: usize) -> &[u32] {
        let begin = index.checked_sub(1).and_then(|before| self.value_ends.get(before));
        let end = self.value_ends.get(index).copied().unwrap_or_default();
        self.values.get(begin.map_or(0, |&b| b as usize)..end as usize).unwrap_or_default()
    }

    fn partition(&self, before: impl Fn(&[u8]) -> bool) -> usize {
        partition(self.ends.len(), |index| before(self.spelling(index)))
    }
}

/// White space as `fold` leaves it.
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The first of `0..len` for which `before` does not hold.
fn partition(len: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, len);
    while low < high {
        let middle = low.midpoint(high);
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// A hash of some bytes: multiply and fold, eight bytes at a time. It need not withstand an attacker: a
/// collision costs a comparison.
#[inline]
pub(super) fn hash(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let len = bytes.len();
    let mut hash = (len as u64).wrapping_mul(FACTOR);
    let mut mix = |part: u64| {
        let product = u128::from(hash ^ part) * u128::from(FACTOR);
        #[expect(clippy::cast_possible_truncation, reason = "both halves are wanted")]
        let folded = product as u64 ^ (product >> 64) as u64;
        hash = folded;
    };
    match len {
        0 => {}
        1..=3 => {
            let part = |at: usize| u64::from(bytes.get(at).copied().unwrap_or_default());
            mix(part(0) | part(len / 2) << 8 | part(len - 1) << 16);
        }
        4..=8 => {
            let four =
                |part: Option<&[u8; 4]>| u64::from(part.map_or(0, |p| u32::from_le_bytes(*p)));
            mix(four(bytes.first_chunk()) | four(bytes.last_chunk()) << 32);
        }
        _ => {
            for part in bytes.as_chunks::<8>().0 {
                mix(u64::from_le_bytes(*part));
            }
            mix(bytes.last_chunk().map_or(0, |part| u64::from_le_bytes(*part)));
        }
    }
    hash
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
const fn low(hash: u64) -> u32 {
    hash as u32
}

/// The word of the filter that a hash belongs to, and its bits there. `words` is a power of two.
const fn filter_place(hash: u64, words: usize) -> (usize, u64) {
    let bits = 1_u64 << (hash & 63) | 1_u64 << (hash >> 6 & 63);
    ((hash >> 12) as usize & words.wrapping_sub(1), bits)
}

const fn table_place(hash: u64) -> usize {
    (hash >> 32) as usize
}

/// A lexicon is limited to far less than 4 GiB when it is read.
fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn index(spellings: &[(&str, usize)]) -> SpellingIndex {
        let made = spellings.iter().enumerate().map(|(value, &(text, key))| Spelling {
            text: text.to_owned(),
            key,
            value: u32::try_from(value).unwrap(),
        });
        SpellingIndex::new(made.collect())
    }

    /// The values found at the beginning of the text, with their ends.
    fn found(index: &SpellingIndex, text: &str, key: usize) -> (Vec<(u32, usize)>, Option<Reach>) {
        let mut all = Vec::new();
        let reach = index.with_key(text.as_bytes(), (0, key)).map(|range| {
            index.compare(text, range, (key, key), &mut |values, end| {
                all.extend(values.iter().map(|&value| (value, end)));
            })
        });
        (all, reach)
    }

    #[test]
    fn every_spelling_that_stands_there_is_told() {
        let index = index(&[("kill", 4), ("kill all", 4), ("kill0", 5), ("kill", 4), ("kin", 3)]);
        assert_eq!(
            found(&index, "kill all!", 4),
            (vec![(0, 4), (3, 4), (1, 8)], Some(Reach::Settled))
        );
        assert_eq!(found(&index, "kill a", 4), (vec![(0, 4), (3, 4)], Some(Reach::Open)));
        assert_eq!(found(&index, "kilo", 4), (vec![], None));
    }

    #[test]
    fn white_space_of_any_kind_and_length_is_one_blank() {
        let index = index(&[("a bc", 1)]);
        assert_eq!(found(&index, "a\n  bc", 1), (vec![(0, 6)], Some(Reach::Settled)));
        assert_eq!(found(&index, "a \t ", 1), (vec![], Some(Reach::Open)));
        let far = format!("a{}bc", " ".repeat(LONGEST_BLANK + 1));
        assert_eq!(found(&index, &far, 1), (vec![], Some(Reach::Settled)));
    }

    #[test]
    fn a_beginning_of_a_key_is_known() {
        let index = index(&[("idiot", 5), ("the idiot", 3)]);
        assert!(index.has_key_with(b"th") && index.has_key_with(b"idiot"));
        assert!(!index.has_key_with(b"idiots") && !index.has_key_with(b"x"));
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_the_text_begins_with(
            spellings in prop::collection::vec("[ab]{1,3}( [ab]{1,3})?", 0..20),
            text in "[ab ]{0,12}",
        ) {
            let key = |s: &str| s.find(' ').unwrap_or(s.len());
            let keyed: Vec<(&str, usize)> = spellings.iter().map(|s| (s.as_str(), key(s))).collect();
            let index = index(&keyed);
            let word = key(&text);
            if word > 0 {
                let (mut all, _) = found(&index, &text, word);
                all.sort_unstable();
                let once = text.split(' ').filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
                let expected: Vec<u32> = (0..).zip(&spellings)
                    .filter(|(_, s)| key(s) == word && once.starts_with(s.as_str()))
                    .map(|(value, _)| value)
                    .collect();
                let values: Vec<u32> = all.into_iter().map(|(value, _)| value).collect();
                prop_assert_eq!(values, expected);
            }
        }

        #[test]
        fn hashes_depend_on_every_byte(bytes in prop::collection::vec(any::<u8>(), 1..30), at in 0..30_usize) {
            let mut other = bytes.clone();
            let at = at % bytes.len();
            other[at] ^= 1;
            prop_assert_ne!(hash(&bytes), hash(&other));
        }
    }
}
