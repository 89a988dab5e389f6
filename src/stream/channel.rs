//! One text channel of a stream: what has come, what is decided, what is to be replaced.

use std::collections::VecDeque;
use std::ops::Range;

use crate::domain::{Action, EditClass, Outcome, Rewrite, Verdict};
use crate::engine::{Progress, Scratch, Screen, Stop};
use crate::wire::openai::Channel;

/// What was decided about one channel.
#[derive(Clone, Debug)]
pub struct ChannelReport {
    /// Which channel.
    pub channel: Channel,
    /// The verdict.
    pub verdict: Verdict,
}

/// A channel with its screen.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) channel: Channel,
    edit: EditClass,
    screen: Screen,
    received: usize,
    /// Everything before this byte of the channel may go out.
    released: usize,
    closed: bool,
    /// Replacements in decided text, until the events that carry them have gone.
    rewrites: VecDeque<Rewrite>,
}

impl Gate {
    pub(super) fn new(channel: Channel, edit: EditClass, screen: Screen) -> Self {
        Self {
            channel,
            edit,
            screen,
            received: 0,
            released: 0,
            closed: false,
            rewrites: VecDeque::new(),
        }
    }

    /// More text of the channel. The result is its place in the channel, and where the channel stops.
    pub(super) fn push(
        &mut self,
        text: &str,
        scratch: &mut Scratch,
    ) -> (Range<usize>, Option<Stop>) {
        let place = self.received..self.received + text.len();
        self.received = place.end;
        let progress = self.screen.push(text, scratch);
        (place, self.note(progress))
    }

    /// The channel has ended: what is held becomes decided.
    pub(super) fn close(&mut self, scratch: &mut Scratch) -> Option<Stop> {
        if std::mem::replace(&mut self.closed, true) {
            return None;
        }
        let progress = self.screen.push_last("", scratch);
        self.note(progress)
    }

    /// Everything before this byte may go out.
    pub(super) fn released(&self) -> usize {
        self.released
    }

    /// Bytes that have come and may not go out yet.
    pub(super) fn held(&self) -> usize {
        self.received - self.released
    }

    /// The changes of the text at `place`, which is decided.
    pub(super) fn cuts(&self, place: &Range<usize>) -> Vec<(Range<usize>, String)> {
        cuts(self.rewrites.iter(), place)
    }

    /// Forgets replacements that lie wholly before this byte.
    pub(super) fn forget_before(&mut self, at: usize) {
        while self.rewrites.front().is_some_and(|rewrite| rewrite.span.end <= at) {
            self.rewrites.pop_front();
        }
    }

    pub(super) fn report(self) -> ChannelReport {
        ChannelReport { channel: self.channel, verdict: self.screen.finish() }
    }

    fn note(&mut self, progress: Progress) -> Option<Stop> {
        self.released = progress.decided;
        let unchangeable = match self.edit {
            EditClass::Fixed | EditClass::Opaque => progress.rewrites.first(),
            EditClass::Plain | EditClass::JsonInString | EditClass::ObjectLeaf => None,
        };
        if let (None, Some(rewrite)) = (progress.stop, unchangeable) {
            // What must be replaced and cannot be is not let through.
            let at = rewrite.span.start;
            self.released = at;
            return Some(Stop {
                at,
                action: Action::Block,
                rule: None,
                outcome: Outcome::Screened,
            });
        }
        self.rewrites.extend(progress.rewrites);
        progress.stop
    }
}

/// The rewrites that touch the text at `place`, counted from its beginning. A replacement stands
/// where its span begins; the rest of the span is taken out.
pub(super) fn cuts<'r>(
    rewrites: impl IntoIterator<Item = &'r Rewrite>,
    place: &Range<usize>,
) -> Vec<(Range<usize>, String)> {
    let overlaps =
        |rewrite: &&Rewrite| rewrite.span.start < place.end && place.start < rewrite.span.end;
    let cut = |rewrite: &Rewrite| {
        let begins_here = rewrite.span.start >= place.start;
        let replacement = if begins_here { rewrite.replacement.clone() } else { String::new() };
        let start = rewrite.span.start.max(place.start) - place.start;
        let end = rewrite.span.end.min(place.end) - place.start;
        (start..end, replacement)
    };
    rewrites.into_iter().filter(overlaps).map(cut).collect()
}

/// A text with cuts applied.
pub(super) fn replace(text: &str, cuts: &[(Range<usize>, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (range, replacement) in cuts {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(replacement);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}
