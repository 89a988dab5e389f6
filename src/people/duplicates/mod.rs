//! Which texts are nearly the same, so that a reviewer decides them at once.
//!
//! Two keys. [`ExactKey`] is the same for texts that differ in case, width, blanks, invisible characters and digits
//! alone. A [`Sketch`] is a small `MinHash` (Broder, "On the resemblance and containment of documents", 1997) of which a
//! byte of each minimum is kept (Li and König, "b-Bit Minwise Hashing", 2010): the share of bytes that two sketches have
//! in common estimates the Jaccard similarity of the texts' character pieces.
//!
//! Why not a `SimHash` of 64 bits: what is moderated is short. One changed character in a Chinese sentence of 15 changes
//! two of its 14 pairs; that turns some 11 of 64 bits, with a spread of 3, while texts without any relation differ in 32
//! with a spread of 4. A sketch has the same change at 0.75 with a spread of 0.06, and strangers below 0.05.

use std::collections::HashMap;
use std::fmt;

use sha2::{Digest, Sha256};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::chance::spread;
use crate::text::{Class, class, normalise_term};

/// Characters that make a piece in scripts other than Han.
const LETTERS: usize = 4;
/// Characters that make a piece in Han, where a character says about as much as half a word.
const HAN: usize = 2;
/// Minima in a sketch.
const POSITIONS: usize = 60;
/// Minima that are looked up together.
const BAND: usize = 3;
/// The first number of the row that every minimum's own numbering of pieces comes from.
const SEED: u64 = 0x7469_6465_6761_7465;
/// The most characters of a folded text that a sketch is made of: its beginning.
pub const MOST_CHARACTERS: usize = 16_384;
/// The most texts that are grouped at once.
pub const MOST_TEXTS: usize = 10_000;
/// The most texts that one group has: as many as a reviewer can look over before deciding all at once.
pub const MOST_IN_GROUP: usize = 100;

/// Texts that are at most this far from each other are near-duplicates. Of the texts of 12 pieces and more in `config/eval`
/// and `tools/benign`, the tests find all within it after one character was changed, left out or put in, and of pairs of
/// different texts 13 in a million in English and none in Chinese.
pub const NEAR: f64 = 0.5;

/// The same for texts that are the same to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExactKey([u8; 32]);

/// A text's small likeness. Neither it nor an [`ExactKey`] is secret: who has a text can tell that it is the one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sketch([u8; POSITIONS]);

/// More texts than [`MOST_TEXTS`] were to be grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} texts are more than {MOST_TEXTS}")]
pub struct TooManyTexts(pub usize);

/// The spelling that both keys are made of: folded as the view `fold` has it (NFKC, lower case, no invisible characters),
/// every run of blanks one, none at the ends, and every digit a 0.
fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let normal = normalise_term(text);
    for word in normal.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.extend(
            word.chars().map(|c| {
                if c.general_category() == GeneralCategory::DecimalNumber { '0' } else { c }
            }),
        );
    }
    out
}

// === impl ExactKey ===

impl ExactKey {
    /// The key of a text: SHA-256 of its folded spelling.
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(folded(text).as_bytes()).into())
    }

    /// Its bytes, as a store keeps them.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ExactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

// === impl Sketch ===

impl fmt::Debug for Sketch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sketch(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

impl Sketch {
    /// The sketch of a text; `None` where it has neither letters nor digits, and so nothing to be like.
    pub fn of(text: &str) -> Option<Self> {
        let mut last = SEED;
        let numberings: [u64; POSITIONS] = std::array::from_fn(|_| {
            last = spread(last.wrapping_add(SEED));
            last
        });
        let mut minima = [u64::MAX; POSITIONS];
        let mut some = false;
        for_each_piece(&folded(text), |piece| {
            some = true;
            let hash = hash(piece);
            for (least, numbering) in minima.iter_mut().zip(numberings) {
                *least = (*least).min(spread(hash ^ numbering));
            }
        });
        some.then(|| Self(minima.map(|least| least.to_le_bytes()[0])))
    }

    /// A sketch that a store kept.
    pub const fn from_bytes(bytes: [u8; POSITIONS]) -> Self {
        Self(bytes)
    }

    /// Its bytes, as a store keeps them.
    pub const fn as_bytes(&self) -> &[u8; POSITIONS] {
        &self.0
    }

    /// How far two texts are from each other: 1 less the estimate of their Jaccard similarity, from 0 (the same pieces)
    /// to 1. The spread of the estimate is at most 0.065. One byte of 256 is the same by chance; that is taken off.
    pub fn distance(&self, other: &Self) -> f64 {
        let same = self.0.iter().zip(&other.0).filter(|(a, b)| a == b).count();
        let chance = 1.0 / 256.0;
        let similar = (ratio(same, POSITIONS) - chance) / (1.0 - chance);
        1.0 - similar.max(0.0)
    }

    /// Whether the texts are near-duplicates: at most [`NEAR`] apart.
    pub fn is_near(&self, other: &Self) -> bool {
        self.distance(other) <= NEAR
    }

    /// Keys to look up: near-duplicates have at least one in common, save about one pair of 14 that lies just at [`NEAR`]
    /// and one of 130 at 0.4.
    pub fn bands(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.chunks(BAND).enumerate().map(|(place, bytes)| {
            bytes.iter().fold(place as u64, |key, byte| (key << 8) | u64::from(*byte))
        })
    }
}

/// A part of a whole that is not 0.
#[expect(clippy::cast_precision_loss, reason = "a count of bytes of a sketch")]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// Hands on every piece of a folded text: Han in pairs, all else in fours, and what is shorter than that whole. What has
/// neither letters nor digits, such as a comma between Han, is no piece.
fn for_each_piece(text: &str, mut take: impl FnMut(&[char])) {
    let characters: Vec<char> = text.chars().take(MOST_CHARACTERS).collect();
    for run in characters.chunk_by(|a, b| (class(*a) == Class::Han) == (class(*b) == Class::Han)) {
        let is_han = run.first().is_some_and(|first| class(*first) == Class::Han);
        let length = if is_han { HAN } else { LETTERS };
        if run.iter().all(|c| class(*c) == Class::Gap) {
            continue;
        }
        for piece in run.windows(length.min(run.len())) {
            take(piece);
        }
    }
}

/// A number for a piece: FNV-1a over its characters, spread over all bits.
fn hash(piece: &[char]) -> u64 {
    spread(piece.iter().fold(0xcbf2_9ce4_8422_2325, |hash, c| {
        (hash ^ u64::from(u32::from(*c))).wrapping_mul(0x0000_0100_0000_01b3)
    }))
}

/// Groups of near-duplicates, each as places in `sketches`, in the order of their first members. Every member is near the
/// first of its group, not only near some other member, so that a group does not drift from what a reviewer sees of it. A
/// group that has [`MOST_IN_GROUP`] is full; what else is near it begins another.
pub fn group(sketches: &[Sketch]) -> Result<Vec<Vec<usize>>, TooManyTexts> {
    if sketches.len() > MOST_TEXTS {
        return Err(TooManyTexts(sketches.len()));
    }
    let mut groups: Vec<(Sketch, Vec<usize>)> = Vec::new();
    let mut by_band: HashMap<u64, Vec<usize>> = HashMap::new();
    for (place, sketch) in sketches.iter().enumerate() {
        let known = sketch.bands().filter_map(|band| by_band.get(&band)).flatten().copied();
        let nearest = known
            .filter_map(|number| {
                let (first, members) = groups.get(number)?;
                let open = members.len() < MOST_IN_GROUP && first.is_near(sketch);
                open.then(|| (first.distance(sketch), number))
            })
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let own = nearest.and_then(|(_, number)| groups.get_mut(number));
        if let Some((_, members)) = own {
            members.push(place);
        } else {
            for band in sketch.bands() {
                by_band.entry(band).or_default().push(groups.len());
            }
            groups.push((*sketch, vec![place]));
        }
    }
    Ok(groups.into_iter().map(|(_, members)| members).collect())
}

#[cfg(test)]
mod tests;
