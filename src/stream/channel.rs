//! One text channel of a stream: what has come, what is decided, what is to be replaced.

use std::collections::VecDeque;
use std::ops::Range;

use crate::domain::{Action, EditClass, Outcome, Rewrite, Verdict};
use crate::engine::{Progress, Scratch, Screen, Stop};
use crate::wire::openai::{Channel, Fragment};

/// The most findings that a channel keeps once its text has ended; records show fewer.
const MOST_FINDINGS: usize = 256;

/// Bytes of a character of two surrogate halves.
const PAIR: usize = 4;
/// Bytes of the `U+FFFD` as which a fragment's text has each half.
const HALF: usize = 3;
/// What is screened for a high half without its low half: of the same sort as `U+FFFD`, and as long
/// as the character would have been, so that places do not depend on what follows.
const UNPAIRED: char = '\u{1fbc4}';

/// What was decided about one channel.
#[derive(Clone, Debug)]
pub struct ChannelReport {
    /// Which channel.
    pub channel: Channel,
    /// The verdict.
    pub verdict: Verdict,
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
}

impl Place {
    /// A place without halves.
    pub(super) fn plain(range: Range<usize>) -> Self {
        Self { range, lead: false, trail: false }
    }

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

/// A channel with its screen.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) channel: Channel,
    edit: EditClass,
    state: State,
    received: usize,
    /// Everything before this byte of the channel may go out.
    released: usize,
    /// A high half that waits for its low half; it is not screened yet.
    half: Option<u16>,
    /// Replacements in decided text, until the events that carry them have gone.
    rewrites: VecDeque<Rewrite>,
}

#[derive(Debug)]
enum State {
    Open(Box<Screen>),
    Closed(Verdict),
}

impl Gate {
    pub(super) fn new(channel: Channel, edit: EditClass, screen: Screen) -> Self {
        Self {
            channel,
            edit,
            state: State::Open(Box::new(screen)),
            received: 0,
            released: 0,
            half: None,
            rewrites: VecDeque::new(),
        }
    }

    /// More text of the channel. The result is its place in the channel, and where the channel stops.
    pub(super) fn push(
        &mut self,
        fragment: &Fragment,
        scratch: &mut Scratch,
    ) -> (Place, Option<Stop>) {
        let mut text = fragment.text.as_str();
        if text.is_empty() {
            return (Place::plain(self.received..self.received), None);
        }
        let mut whole = String::new();
        let (mut start, mut lead) = (self.received, false);
        if let Some(high) = self.half.take() {
            let pair = fragment.leading_low_half.and_then(|low| pair(high, low));
            if pair.is_some() {
                (start, lead) = (self.received - PAIR, true);
                text = text.get(HALF..).unwrap_or_default();
            }
            whole.push(pair.unwrap_or(UNPAIRED));
        }
        self.half = fragment.trailing_high_half;
        if self.half.is_some() {
            text = text.get(..text.len().saturating_sub(HALF)).unwrap_or_default();
        }
        let trail = self.half.is_some();
        self.received += text.len() + usize::from(trail) * PAIR;
        let place = Place { range: start..self.received, lead, trail };
        whole.push_str(text);
        let State::Open(screen) = &mut self.state else { return (place, None) };
        let progress = screen.push(&whole, scratch);
        (place, self.note(progress))
    }

    /// The channel has ended: what is held becomes decided.
    pub(super) fn close(&mut self, scratch: &mut Scratch) -> Option<Stop> {
        let State::Open(screen) = &mut self.state else { return None };
        let mut rest = [0; PAIR];
        let rest = self.half.take().map_or("", |_| UNPAIRED.encode_utf8(&mut rest));
        let progress = screen.push_last(rest, scratch);
        let stop = self.note(progress);
        let closed = State::Closed(Verdict::default());
        if let State::Open(screen) = std::mem::replace(&mut self.state, closed) {
            let mut verdict = screen.finish();
            verdict.findings.truncate(MOST_FINDINGS);
            verdict.findings.shrink_to_fit();
            self.state = State::Closed(verdict);
        }
        stop
    }

    /// Everything before this byte may go out.
    pub(super) fn released(&self) -> usize {
        self.released
    }

    /// Bytes that have come and may not go out yet.
    pub(super) fn held(&self) -> usize {
        self.received - self.released
    }

    /// The changes of decided text whose events have not gone.
    pub(super) fn rewrites(&self) -> impl Iterator<Item = &Rewrite> {
        self.rewrites.iter()
    }

    /// Forgets replacements that lie wholly before this byte.
    pub(super) fn forget_before(&mut self, at: usize) {
        while self.rewrites.front().is_some_and(|rewrite| rewrite.span.end <= at) {
            self.rewrites.pop_front();
        }
    }

    pub(super) fn report(self) -> ChannelReport {
        let verdict = match self.state {
            State::Open(screen) => screen.finish(),
            State::Closed(verdict) => verdict,
        };
        ChannelReport { channel: self.channel, verdict }
    }

    fn note(&mut self, progress: Progress) -> Option<Stop> {
        self.released = progress.decided;
        let unchangeable = match self.edit {
            EditClass::Fixed | EditClass::Opaque => progress.rewrites.first(),
            EditClass::Plain | EditClass::JsonInString | EditClass::ObjectLeaf => None,
        };
        let stop = progress.stop;
        if let Some(rewrite) = unchangeable
            && stop.is_none_or(|stop| rewrite.span.start < stop.at)
        {
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
        stop
    }
}

/// The character of two surrogate halves.
fn pair(high: u16, low: u16) -> Option<char> {
    char::decode_utf16([high, low]).next()?.ok()
}
