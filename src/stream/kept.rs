//! The texts of a stream as they came, as far as records keep them.

use std::collections::BTreeMap;

use super::place::Joiner;
use super::report::KeptPiece;
use crate::domain::{Author, EditClass};
use crate::text::floor_char;
use crate::wire::body::{Channel, Fragment, Part};

/// The most texts that are kept.
const MOST_TEXTS: usize = 256;

/// Beginnings of texts, by their channels.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    texts: BTreeMap<Channel, Text>,
    bytes: usize,
}

/// The beginning of a text.
#[derive(Clone, Debug)]
struct Text {
    author: Author,
    kept: String,
    /// Its whole length so far.
    bytes: usize,
    /// Puts halves of characters together, so that it is the text that was screened.
    joiner: Joiner,
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
        let new = || Text {
            author: fragment.author,
            kept: String::new(),
            bytes: 0,
            joiner: Joiner::default(),
        };
        let text = self.texts.entry(fragment.channel.clone()).or_insert_with(new);
        let (_, joined) = text.joiner.join(fragment);
        self.bytes += text.push(&joined, most.saturating_sub(self.bytes));
    }

    pub(super) fn texts(self) -> Vec<KeptPiece> {
        let piece = |(channel, mut text): (Channel, Text)| {
            if let Some(rest) = text.joiner.rest() {
                text.push(rest.encode_utf8(&mut [0; 4]), rest.len_utf8());
            }
            let Text { author, kept, bytes, .. } = text;
            KeptPiece { channel, author, text: kept, bytes }
        };
        self.texts.into_iter().map(piece).collect()
    }
}

impl Text {
    /// More has come, of which so many bytes may be kept; how many are.
    fn push(&mut self, more: &str, room: usize) -> usize {
        // What is left out stays left out: a text is not to be read across a gap.
        let room = if self.kept.len() == self.bytes { room } else { 0 };
        let piece = more.get(..floor_char(more, room)).unwrap_or_default();
        self.kept.push_str(piece);
        self.bytes += more.len();
        piece.len()
    }
}
