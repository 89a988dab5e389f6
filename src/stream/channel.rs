//! One text channel of a stream: what has come, what is decided, what is to be replaced.

use std::collections::VecDeque;

use super::clean::Mark;
use super::place::{Joiner, Place};
use crate::domain::{Action, EditClass, Outcome, Rewrite, Verdict};
use crate::engine::{Progress, Scratch, Screen, Stop};
use crate::wire::body::{Channel, Fragment};

/// The most findings that a channel keeps once its text has ended; records show fewer.
const MOST_FINDINGS: usize = 256;

/// What was decided about one channel.
#[derive(Clone, Debug)]
pub struct ChannelReport {
    /// Which channel.
    pub channel: Channel,
    /// The verdict.
    pub verdict: Verdict,
}

/// A channel with its screen.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    pub(super) channel: Channel,
    edit: EditClass,
    state: State,
    joiner: Joiner,
    /// Everything before this byte of the channel may go out.
    released: usize,
    /// Replacements in decided text, until the events that carry them have gone.
    rewrites: VecDeque<Rewrite>,
    /// What the text is known by, until something was to be replaced in it.
    mark: Option<Mark>,
    /// Whether the text stops its answer: nothing behind that place is decided any more.
    stopped: bool,
}

#[derive(Clone, Debug)]
enum State {
    Open(Box<Screen>),
    Closed(Verdict),
}

impl Gate {
    pub(super) fn new(channel: Channel, edit: EditClass, (screen, mark): (Screen, Mark)) -> Self {
        Self {
            channel,
            edit,
            mark: Some(mark),
            state: State::Open(Box::new(screen)),
            joiner: Joiner::default(),
            released: 0,
            rewrites: VecDeque::new(),
            stopped: false,
        }
    }

    /// More text of the channel. The result is its place in the channel, and where the channel stops.
    pub(super) fn push(
        &mut self,
        fragment: &Fragment,
        scratch: &mut Scratch,
    ) -> (Place, Option<Stop>) {
        let (place, text) = self.joiner.join(fragment);
        if text.is_empty() || self.stopped {
            return (place, None);
        }
        let State::Open(screen) = &mut self.state else { return (place, None) };
        if let Some(mark) = &mut self.mark {
            mark.push(&text);
        }
        let progress = screen.push(&text, scratch);
        (place, self.note(progress))
    }

    /// Looks whether classifiers have answered that the text did not wait for; where the channel stops.
    pub(super) fn look_again(&mut self, scratch: &mut Scratch) -> Option<Stop> {
        let State::Open(screen) = &mut self.state else { return None };
        if self.stopped {
            return None;
        }
        let progress = screen.look_again(scratch);
        self.note(progress)
    }

    /// Whether the channel has ended.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed(_))
    }

    /// What a text that has ended is known by, if nothing was found in it.
    pub(super) fn clean_mark(&self) -> Option<&Mark> {
        let State::Closed(verdict) = &self.state else { return None };
        self.mark.as_ref().filter(|_| verdict.is_clean())
    }

    /// The channel has ended: what is held becomes decided.
    pub(super) fn close(&mut self, scratch: &mut Scratch) -> Option<Stop> {
        if self.stopped {
            self.end();
        }
        let State::Open(screen) = &mut self.state else { return None };
        let rest = self.joiner.rest().map_or(String::new(), String::from);
        if !rest.is_empty() {
            self.mark = None;
        }
        let progress = screen.push_last(&rest, scratch);
        let stop = self.note(progress);
        self.end();
        stop
    }

    /// Nothing more of the channel goes out, so no text of it is kept.
    pub(super) fn let_go(&mut self) {
        self.end();
        self.released = self.joiner.received();
        self.rewrites.clear();
    }

    fn end(&mut self) {
        let closed = State::Closed(Verdict::default());
        match std::mem::replace(&mut self.state, closed) {
            State::Open(screen) => {
                let mut verdict = screen.finish();
                verdict.findings.truncate(MOST_FINDINGS);
                verdict.findings.shrink_to_fit();
                self.state = State::Closed(verdict);
            }
            closed @ State::Closed(_) => self.state = closed,
        }
    }

    /// Everything before this byte may go out.
    pub(super) fn released(&self) -> usize {
        self.released
    }

    /// Bytes that have come and may not go out yet.
    pub(super) fn held(&self) -> usize {
        self.joiner.received() - self.released
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

    /// The verdict so far, if there was any text.
    pub(super) fn verdict(&self) -> Option<&Verdict> {
        let verdict = match &self.state {
            State::Open(screen) => screen.verdict(),
            State::Closed(verdict) => verdict,
        };
        (self.joiner.received() > 0).then_some(verdict)
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
        if !progress.rewrites.is_empty() || progress.stop.is_some() {
            self.mark = None;
        }
        let unchangeable = match self.edit {
            EditClass::Fixed | EditClass::Opaque => progress.rewrites.first(),
            EditClass::Plain | EditClass::JsonInString | EditClass::ObjectLeaf => None,
        };
        let stop = progress.stop;
        self.stopped = stop.is_some();
        if let Some(rewrite) = unchangeable
            && stop.is_none_or(|stop| rewrite.span.start < stop.at)
        {
            // What must be replaced and cannot be is not let through.
            let at = rewrite.span.start;
            (self.released, self.stopped) = (at, true);
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
