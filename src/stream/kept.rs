//! The texts of a stream as they came, as far as records keep them.

use std::collections::BTreeMap;

use super::report::KeptPiece;
use crate::domain::{Author, EditClass};
use crate::wire::body::{Channel, Fragment, Part};

/// The most texts that are kept.
const MOST_TEXTS: usize = 256;

/// Beginnings of texts, by their channels.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    texts: BTreeMap<Channel, (Author, String, usize)>,
    bytes: usize,
}

impl Kept {
    /// More of a text has come; of all texts together at most so many bytes are kept.
    pub(super) fn add(&mut self, fragment: &Fragment, most: usize) {
        let has_room = self.texts.len() < MOST_TEXTS || self.texts.contains_key(&fragment.channel);
        // Texts of which each event has its own say nothing that these do not.
        let is_piece = !matches!(fragment.channel.part, Part::Other(_) | Part::Logprob(_));
        if most == 0 || !is_piece || fragment.edit == EditClass::Opaque || !has_room {
            return;
        }
        let channel = fragment.channel.clone();
        let new = || (fragment.author, String::new(), 0);
        let (_, text, bytes) = self.texts.entry(channel).or_insert_with(new);
        // What is left out stays left out: a text is not to be read across a gap.
        let room = if text.len() == *bytes { most.saturating_sub(self.bytes) } else { 0 };
        *bytes += fragment.text.len();
        let mut ends = (0..=room.min(fragment.text.len())).rev();
        let piece = ends.find_map(|end| fragment.text.get(..end)).unwrap_or_default();
        text.push_str(piece);
        self.bytes += piece.len();
    }

    pub(super) fn texts(self) -> Vec<KeptPiece> {
        let piece = |(channel, (author, text, bytes))| KeptPiece { channel, author, text, bytes };
        self.texts.into_iter().map(piece).collect()
    }
}
