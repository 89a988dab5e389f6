//! The way in of the relay: each text of an event into the channel it belongs to.

use std::sync::Arc;

use super::channel::{ChannelReport, Gate};
use super::relay::{Relay, Text, TokenRun, Waiting};
use super::tokens::TokenGate;
use super::tool_call::{ToolCall, Whole};
use crate::domain::{Action, Author, EditClass, Outcome, Rewrite, Verdict};
use crate::engine::{Scratch, Screen, Stop, Subject, screen_by_rules};
use crate::wire::body::{Channel, Event, Fragment, Part, Tokens};

/// The most channels of one stream: texts, token lists and tool calls.
pub const MOST_CHANNELS: usize = 1024;

/// The most verdicts on texts that came whole which a report keeps; of more, the strictest.
const MOST_OTHERS: usize = 256;

/// What originals that go back into an answer are labelled: they are no redactions.
const RESTORED: &str = "restored";

/// A text has no channel: there are as many as there may be, or its own has ended.
#[derive(Clone, Copy, Debug)]
struct NoRoom;

/// What stops an answer, or with `None` all of them.
pub(super) type Stopped = (Option<u64>, Stop);

impl Relay {
    /// Screens the texts of an event.
    pub(super) fn screen(
        &mut self,
        mut event: Event,
        scratch: &mut Scratch,
    ) -> (Waiting, Vec<Stopped>) {
        let tokens = std::mem::take(&mut event.tokens);
        let event = Arc::new(event);
        let texts = Vec::with_capacity(event.fragments.len());
        let mut waiting = Waiting { texts, tokens: Vec::new(), event, withheld: false };
        let mut stops = Vec::new();
        for index in 0..waiting.event.fragments.len() {
            stops.extend(self.screen_fragment(&mut waiting, index, scratch));
        }
        for tokens in tokens {
            waiting.tokens.push(self.screen_tokens(tokens, scratch));
        }
        (waiting, stops)
    }

    fn screen_fragment(
        &mut self,
        waiting: &mut Waiting,
        index: usize,
        scratch: &mut Scratch,
    ) -> Option<Stopped> {
        let fragment = waiting.event.fragments.get(index)?;
        let channel = fragment.channel.clone();
        let unit = channel.unit;
        let state = unit.and_then(|unit| self.units.get(&unit));
        if state.is_some_and(|unit| unit.stopped) {
            return None;
        }
        self.bytes += fragment.text.len();
        self.kept.add(fragment, self.settings.kept_bytes);
        if matches!(channel.part, Part::Other(_)) {
            let (text, stop) = self.screen_whole(index, fragment, scratch);
            waiting.texts.push(text);
            waiting.withheld |= stop.is_some();
            return stop.map(|stop| (unit, stop));
        }
        if fragment.text.is_empty() && state.is_some_and(|unit| self.is_over(unit)) {
            return None;
        }
        // What only says that an event is part of a call is not read.
        let has_own_text =
            !matches!(channel.part, Part::CallArgs(_)) && fragment.edit != EditClass::Opaque;
        let held = self.hold_with_call(waiting, (index, &channel));
        let screened = match held {
            Ok(()) if has_own_text => self.screen_piece(waiting, (index, &channel), scratch),
            Ok(()) => Ok(None),
            Err(full) => Err(full),
        };
        screened
            .unwrap_or_else(|NoRoom| {
                // What cannot be screened is not passed.
                waiting.withheld = true;
                let outcome = Outcome::Unscannable;
                Some(Stop { at: 0, action: Action::Block, rule: None, outcome })
            })
            .map(|stop| (unit, stop))
    }

    /// Puts a piece of a tool call to its call, whose name and arguments wait until it is whole: a
    /// call that is stopped leaves no trace.
    fn hold_with_call(
        &mut self,
        waiting: &mut Waiting,
        (index, channel): (usize, &Channel),
    ) -> Result<(), NoRoom> {
        let (Part::CallArgs(key) | Part::CallName(key)) = &channel.part else { return Ok(()) };
        let call = Channel { unit: channel.unit, part: Part::CallArgs(key.clone()) };
        if !self.tools.contains_key(&call) && !self.has_room() {
            return Err(NoRoom);
        }
        let state = self.tools.entry(call.clone()).or_default();
        let arguments = waiting.event.fragments.get(index).filter(|_| call == *channel);
        let place = match arguments {
            Some(piece) => state.push(piece),
            None => state.joiner.here(),
        };
        waiting.texts.push(Text::Tool { fragment: index, channel: call, place });
        Ok(())
    }

    /// Screens a piece of a text that comes in pieces.
    fn screen_piece(
        &mut self,
        waiting: &mut Waiting,
        (index, channel): (usize, &Channel),
        scratch: &mut Scratch,
    ) -> Result<Option<Stop>, NoRoom> {
        let Some(fragment) = waiting.event.fragments.get(index) else { return Ok(None) };
        let known = self.gates.iter().position(|gate| gate.channel == *channel);
        if known.is_none() {
            if !self.has_room() {
                return Err(NoRoom);
            }
            let screen = self.new_screen(self.settings.restorer.clone());
            let mark = self.clean.mark((fragment.author, false));
            self.gates.push(Gate::new(channel.clone(), fragment.edit, (screen, mark)));
        }
        let at = known.unwrap_or(self.gates.len() - 1);
        let Some(gate) = self.gates.get_mut(at) else { return Err(NoRoom) };
        if gate.is_closed() && !fragment.text.is_empty() {
            return Err(NoRoom);
        }
        let known = gate.rewrites().count();
        let (place, stop) = gate.push(fragment, scratch);
        let new: Vec<Arc<str>> =
            gate.rewrites().skip(known).map(|rewrite| Arc::clone(&rewrite.label)).collect();
        self.count(new);
        waiting.texts.push(Text::Gate { fragment: index, gate: at, place });
        Ok(stop)
    }

    fn has_room(&self) -> bool {
        self.gates.len() + self.token_gates.len() + self.tools.len() < MOST_CHANNELS
    }

    fn new_screen(&self, restorer: Option<Arc<crate::engine::Restorer>>) -> Screen {
        Screen::new(Arc::clone(&self.settings.policy), self.settings.subject, restorer)
    }

    /// Screens a text that came whole.
    fn screen_whole(
        &mut self,
        index: usize,
        fragment: &Fragment,
        scratch: &mut Scratch,
    ) -> (Text, Option<Stop>) {
        let sort = (fragment.author, fragment.edit == EditClass::JsonInString);
        let mark = self.clean.mark_of(&fragment.text, sort);
        if self.clean.knows(&mark) {
            return (Text::Whole { fragment: index, cuts: Vec::new() }, None);
        }
        let subject = Subject { author: fragment.author, streamed: false, ..self.settings.subject };
        let whole = Whole {
            policy: &self.settings.policy,
            subject,
            restorer: self.settings.restorer.as_deref(),
        };
        let screened = whole.screen(&fragment.text, fragment.edit, scratch);
        if screened.is_clean() {
            self.clean.add(&mark);
        }
        self.count(screened.verdicts.iter().flat_map(labels).collect());
        for verdict in screened.verdicts {
            self.note((&fragment.channel, fragment.author), verdict);
        }
        let cut = |rewrite: Rewrite| (rewrite.span.range(), rewrite.replacement);
        let cuts = match screened.stopped {
            None => screened.rewrites.into_iter().map(cut).collect(),
            Some(_) => Vec::new(),
        };
        (Text::Whole { fragment: index, cuts }, screened.stopped)
    }

    /// Screens the token texts of one list.
    fn screen_tokens(&mut self, tokens: Tokens, scratch: &mut Scratch) -> TokenRun {
        let Tokens { unit, list, keys, bytes, alone } = tokens;
        let gone = TokenRun { unit, place: None };
        let state = unit.and_then(|unit| self.units.get(&unit));
        if state.is_some_and(|state| state.stopped || self.is_over(state)) {
            return gone;
        }
        let channel = Channel { unit, part: Part::Logprob(list) };
        let same = |gate: &TokenGate| gate.channel == channel && gate.keys == keys;
        let known = self.token_gates.iter().position(same);
        if known.is_none() {
            if !self.has_room() {
                return gone;
            }
            let screen = self.new_screen(None);
            self.token_gates.push(TokenGate::new(channel, keys, screen));
        }
        let at = known.unwrap_or(self.token_gates.len() - 1);
        let end = self.token_gates.get_mut(at).map(|gate| gate.push(&bytes, scratch));
        let subject = Subject { streamed: false, ..self.settings.subject };
        for text in alone {
            let verdict = screen_by_rules(&self.settings.policy, subject, &text, scratch);
            if verdict.action > Action::Tag {
                return gone;
            }
        }
        TokenRun { unit, place: end.map(|end| (at, end)) }
    }

    /// The texts of an answer have ended, its tool calls too. The result is where it stops after all.
    pub(super) fn close_unit(&mut self, unit: u64, scratch: &mut Scratch) -> Option<Stop> {
        self.close_part(unit, (&[], None), scratch)
    }

    /// The texts of a part of an answer have ended, its tool calls too: of all that `keys` number, or begin to, and
    /// that are called so.
    pub(super) fn close_part(
        &mut self,
        unit: u64,
        (keys, only): (&[u64], Option<&str>),
        scratch: &mut Scratch,
    ) -> Option<Stop> {
        if self.units.get(&unit).is_some_and(|unit| unit.stopped) {
            return None;
        }
        let stop = self.close_gates(unit, (keys, only), scratch);
        let Self { tools, settings, clean, .. } = self;
        let subject = Subject { streamed: false, ..settings.subject };
        let (policy, restorer) = (&settings.policy, settings.restorer.as_deref());
        let whole = Whole { policy, subject, restorer };
        let mut found: Vec<(Channel, Verdict)> = Vec::new();
        let mut stopped = None;
        let is_open = |(key, call): &(&Channel, &mut ToolCall)| {
            key.unit == Some(unit) && is_of(key, keys, only) && !call.screened
        };
        for (channel, call) in tools.iter_mut().filter(is_open) {
            let (screened, mark) = call.close(whole, clean, scratch);
            if screened.is_clean() {
                clean.add(&mark);
            }
            found.extend(screened.verdicts.into_iter().map(|verdict| (channel.clone(), verdict)));
            stopped = stopped.or(screened.stopped);
        }
        for (channel, verdict) in found {
            self.count(labels(&verdict).collect());
            self.note((&channel, Author::Assistant), verdict);
        }
        stop.or(stopped)
    }

    /// The same without the tool calls.
    pub(super) fn close_gates(
        &mut self,
        unit: u64,
        (keys, only): (&[u64], Option<&str>),
        scratch: &mut Scratch,
    ) -> Option<Stop> {
        let mut stop = None;
        let mut new: Vec<Arc<str>> = Vec::new();
        let ends = |channel: &Channel| channel.unit == Some(unit) && is_of(channel, keys, only);
        let open = self.gates.iter_mut().filter(|gate| !gate.is_closed());
        for gate in open.filter(|gate| ends(&gate.channel)) {
            let known = gate.rewrites().count();
            let closed = gate.close(scratch);
            if let Some(mark) = gate.clean_mark() {
                self.clean.add(mark);
            }
            new.extend(gate.rewrites().skip(known).map(|rewrite| Arc::clone(&rewrite.label)));
            stop = stop.or(closed);
        }
        self.count(new);
        let ends =
            |gate: &TokenGate| gate.channel.unit == Some(unit) && gate.keys.starts_with(keys);
        for gate in self.token_gates.iter_mut().filter(|gate| ends(gate)) {
            gate.close(scratch);
        }
        stop
    }

    fn count(&mut self, labels: Vec<Arc<str>>) {
        for label in labels.into_iter().filter(|label| &**label != RESTORED) {
            *self.redactions.entry(label).or_default() += 1;
        }
    }

    /// Keeps a verdict on a text that came whole, if it says anything.
    fn note(&mut self, (channel, author): (&Channel, Author), verdict: Verdict) {
        let quiet = verdict.rules.is_empty() && verdict.outcome == Outcome::Screened;
        // What an answer repeats of the request is no text of the model's.
        let judged = !matches!(author, Author::System | Author::User);
        if judged && !(quiet && verdict.scores.is_empty()) {
            let judged = self.judged.entry(channel.unit).or_default();
            judged.note(&self.settings.policy, &verdict);
        }
        if quiet {
            return;
        }
        // Rewrites are counted; what they said is not kept.
        let verdict = Verdict { rewrites: Vec::new(), ..verdict };
        let report = ChannelReport { channel: channel.clone(), verdict };
        if self.others.len() < MOST_OTHERS {
            self.others.push(report);
            return;
        }
        let action = |report: &ChannelReport| report.verdict.action;
        let mildest = self.others.iter_mut().min_by_key(|known| action(known));
        if let Some(mildest) = mildest.filter(|known| action(known) < action(&report)) {
            *mildest = report;
        }
    }
}

/// Whether a channel is one of a part's.
fn is_of(channel: &Channel, keys: &[u64], only: Option<&str>) -> bool {
    let named = only.is_none_or(|only| channel.part.name().is_none_or(|name| name == only));
    named && channel.part.keys().starts_with(keys)
}

fn labels(verdict: &Verdict) -> impl Iterator<Item = Arc<str>> + '_ {
    verdict.rewrites.iter().map(|rewrite| Arc::clone(&rewrite.label))
}
