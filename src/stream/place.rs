//! Where the text of a fragment stands in its channel, also where a character was cut into its
//! surrogate halves.
//!
//! Some backends send each half in an event of its own. The halves are joined before they are
//! screened; the events keep the bytes that came.

use std::ops::Range;

use crate::domain::Rewrite;
use crate::wire::body::Fragment;

/// Bytes of a character of two surrogate halves.
const PAIR: usize = 4;
/// Bytes of the `U+FFFD` as which a fragment's text has each half.
const HALF: usize = 3;
/// What is screened for a high half without its low half: of the same sort as `U+FFFD`, and as long
/// as the character would have been, so that places do not depend on what follows.
const UNPAIRED: char = '\u{1fbc4}';

/// Puts the texts of the fragments of one channel together.
#[derive(Clone, Debug, Default)]
pub(super) struct Joiner {
    received: usize,
    /// A high half that waits for its low half.
    half: Option<u16>,
}

impl Joiner {
    /// Bytes of the channel that have come, a half that waits counted as the character it begins.
    pub(super) fn received(&self) -> usize {
        self.received
    }

    /// The place behind everything that has come.
    pub(super) fn here(&self) -> Place {
        let range = self.received..self.received;
        Place { range, lead: false, trail: false, settled: self.settled() }
    }

    fn settled(&self) -> usize {
        self.received - self.half.map_or(0, |_| PAIR)
    }

    /// The next fragment: its place, and the text that can be screened now. A high half at its end
    /// is not in it yet.
    pub(super) fn join(&mut self, fragment: &Fragment) -> (Place, String) {
        let mut text = fragment.text.as_str();
        if text.is_empty() {
            return (self.here(), String::new());
        }
        let mut joined = String::with_capacity(text.len() + PAIR);
        let (mut start, mut lead) = (self.received, false);
        if let Some(high) = self.half.take() {
            let pair = fragment.leading_low_half.and_then(|low| pair(high, low));
            if pair.is_some() {
                (start, lead) = (self.received - PAIR, true);
                text = text.get(HALF..).unwrap_or_default();
            }
            joined.push(pair.unwrap_or(UNPAIRED));
        }
        self.half = fragment.trailing_high_half;
        let trail = self.half.is_some();
        if trail {
            text = text.get(..text.len().saturating_sub(HALF)).unwrap_or_default();
        }
        self.received += text.len() + usize::from(trail) * PAIR;
        joined.push_str(text);
        let range = start..self.received;
        (Place { range, lead, trail, settled: self.settled() }, joined)
    }

    /// The channel has ended: what a half that still waits is screened as.
    pub(super) fn rest(&mut self) -> Option<char> {
        self.half.take().map(|_| UNPAIRED)
    }
}

/// Where the text of a fragment stands in its channel. A character that was cut into its surrogate
/// halves belongs to both fragments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Bytes of the channel.
    pub(super) range: Range<usize>,
    /// It begins with the low half of a character that the fragment before began.
    lead: bool,
    /// It ends with a high half.
    trail: bool,
    /// The byte of the channel before which the fragments that follow have nothing.
    pub(super) settled: usize,
}

impl Place {
    /// The byte of the fragment's text that stands at this byte of the channel.
    fn local(&self, at: usize) -> usize {
        let end = self.range.end;
        let past_trail = usize::from(self.trail && at >= end) * (PAIR - HALF);
        let at = at.clamp(self.range.start, end) - self.range.start;
        let at = match (self.lead, at) {
            (false, at) => at,
            (true, 0..PAIR) => 0,
            (true, at) => at - (PAIR - HALF),
        };
        at.saturating_sub(past_trail)
    }

    /// The rewrites that touch the text, counted in the fragment's own bytes. A replacement stands
    /// where its span begins; the rest of the span is taken out.
    pub(super) fn cuts<'r>(
        &self,
        rewrites: impl IntoIterator<Item = &'r Rewrite>,
    ) -> Vec<(Range<usize>, String)> {
        let Range { start, end } = self.range;
        let cut = |rewrite: &Rewrite| {
            let first = start + usize::from(self.lead) * PAIR;
            let begins_here = rewrite.span.start >= first;
            let replacement = if begins_here { rewrite.replacement.clone() } else { String::new() };
            (self.local(rewrite.span.start)..self.local(rewrite.span.end), replacement)
        };
        let touching = |r: &&Rewrite| r.span.start < end && start < r.span.end;
        rewrites.into_iter().filter(touching).map(cut).collect()
    }

    /// The cuts of the text up to byte `end` of the channel, with everything after it taken out.
    pub(super) fn cuts_until<'r>(
        &self,
        end: usize,
        length: usize,
        rewrites: impl IntoIterator<Item = &'r Rewrite>,
    ) -> Vec<(Range<usize>, String)> {
        let local = self.local(end);
        let mut cuts = self.cuts(rewrites);
        cuts.retain(|(range, _)| range.start < local);
        cuts.push((local..length, String::new()));
        cuts
    }
}

/// The character of two surrogate halves.
fn pair(high: u16, low: u16) -> Option<char> {
    char::decode_utf16([high, low]).next()?.ok()
}
