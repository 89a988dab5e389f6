//! A whole streamed answer: its events wait in order until the text they carry is decided.
//!
//! Events keep their order and their bytes. An event goes out when every text in it may; only an
//! event that overlaps a replaced span is spliced. When a choice is stopped, what is decided of it
//! goes out, then the dialect's ending, and nothing of it after that.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use bytes::BytesMut;

use super::channel::{ChannelReport, Gate};
use super::report::{Finale, RelaySettings, Report};
use super::tool_call::screen_arguments;
use crate::domain::{Action, EditClass, Outcome, Rewrite, Verdict};
use crate::engine::{Scratch, Screen, Stop, Subject, screen_passage};
use crate::policy::OnBlock;
use crate::wire::openai::{
    Channel, Ending, Event, EventKind, FragmentEdit, Part, StreamMeta, error_event, read_event,
    stop_choice, text_chunk, usage_and_done,
};
use crate::wire::sse::Framer;

/// The most events that may wait for a decision. A stream that has more is not one of text.
const MOST_WAITING: usize = 20_000;
/// The most bytes of events that may wait: what a tool call may come to.
const MOST_WAITING_BYTES: usize = 8 << 20;
/// The most text channels of one stream.
const MOST_CHANNELS: usize = 1024;

/// One streamed answer on its way to the client.
#[derive(Debug)]
pub struct Relay {
    settings: RelaySettings,
    framer: Option<Framer>,
    queue: VecDeque<Waiting>,
    queued_bytes: usize,
    gates: Vec<Gate>,
    tools: BTreeMap<Channel, ToolCall>,
    choices: BTreeMap<u64, Choice>,
    others: Vec<ChannelReport>,
    meta: Option<StreamMeta>,
    finale: Finale,
    stop: Option<Stop>,
    text_sent: bool,
    edited: bool,
    bytes: usize,
    held_most: usize,
    unknown_leaves: usize,
}

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four facts that hold independently")]
struct Choice {
    /// The client has had a chunk of it.
    started: bool,
    /// The upstream has finished it.
    finished: bool,
    /// We have stopped it, and the ending is sent.
    stopped: bool,
    /// Its text was changed, so copies of it go.
    edited: bool,
}

#[derive(Debug, Default)]
struct ToolCall {
    arguments: String,
    edits: Vec<Rewrite>,
    /// Whether the arguments are JSON; those of custom tools are plain text.
    json: bool,
    screened: bool,
    /// It stops its choice, and leaves no trace.
    rejected: bool,
}

#[derive(Debug)]
struct Waiting {
    event: Event,
    texts: Vec<Text>,
    /// A text in it that came whole stops its choice, so it never goes out as it is.
    withheld: bool,
}

/// Where the text of a fragment stands in its channel.
#[derive(Clone, Debug)]
enum Text {
    Gate { fragment: usize, gate: usize, place: Range<usize> },
    Tool { fragment: usize, channel: Channel, place: Range<usize> },
}

impl Relay {
    /// A relay for one stream.
    pub fn new(settings: RelaySettings) -> Self {
        Self {
            framer: Some(Framer::new(settings.event_limit)),
            settings,
            queue: VecDeque::new(),
            queued_bytes: 0,
            gates: Vec::new(),
            tools: BTreeMap::new(),
            choices: BTreeMap::new(),
            others: Vec::new(),
            meta: None,
            finale: Finale::Open,
            stop: None,
            text_sent: false,
            edited: false,
            bytes: 0,
            held_most: 0,
            unknown_leaves: 0,
        }
    }

    /// How the stream stands.
    pub fn finale(&self) -> &Finale {
        &self.finale
    }

    /// Whether the client has had any text.
    pub fn text_sent(&self) -> bool {
        self.text_sent
    }

    /// Bytes of text that are held now.
    pub fn held(&self) -> usize {
        let tools: usize =
            self.tools.values().filter(|t| !t.screened).map(|t| t.arguments.len()).sum();
        self.gates.iter().map(Gate::held).sum::<usize>() + tools
    }

    /// Bytes of the upstream have come; what may go out is added to `out`.
    pub fn push(&mut self, bytes: &[u8], scratch: &mut Scratch, out: &mut BytesMut) {
        if self.finale != Finale::Open {
            return;
        }
        let Some(framer) = &mut self.framer else { return };
        let too_large = framer.push(bytes).is_err();
        while let Some(frame) = self.framer.as_mut().and_then(Framer::next_frame) {
            match read_event(self.settings.dialect, &frame) {
                Ok(event) => self.take(event, scratch, out),
                Err(_) => self.fail("unreadable_event", out),
            }
            if self.finale != Finale::Open {
                return;
            }
        }
        if too_large || self.queue.len() > MOST_WAITING || self.queued_bytes > MOST_WAITING_BYTES {
            self.fail("event_too_large", out);
        }
    }

    /// The upstream has closed the stream.
    pub fn finish(&mut self, scratch: &mut Scratch, out: &mut BytesMut) {
        if self.finale != Finale::Open {
            return;
        }
        // An event without its blank line is dropped by clients; its text must be screened before
        // anybody reads it, and nobody does.
        self.framer = None;
        let complete =
            !self.choices.is_empty() && self.choices.values().all(|c| c.finished || c.stopped);
        self.close_all(scratch, out);
        if self.finale != Finale::Open {
            return;
        }
        if complete { self.finale = Finale::Ended } else { self.fail("upstream_ended_early", out) }
    }

    /// The upstream failed in mid-stream.
    pub fn abort(&mut self, reason: &'static str, scratch: &mut Scratch, out: &mut BytesMut) {
        if self.finale == Finale::Open {
            self.framer = None;
            self.close_all(scratch, out);
            if self.finale == Finale::Open {
                self.fail(reason, out);
            }
        }
    }

    /// What happened.
    pub fn report(self) -> Report {
        let mut channels: Vec<ChannelReport> = self.gates.into_iter().map(Gate::report).collect();
        channels.extend(self.others);
        Report {
            channels,
            bytes: self.bytes,
            held_most: self.held_most,
            stop: self.stop,
            text_sent: self.text_sent,
            unknown_leaves: self.unknown_leaves,
            edited: self.edited,
        }
    }

    fn take(&mut self, event: Event, scratch: &mut Scratch, out: &mut BytesMut) {
        if self.meta.is_none() {
            self.meta = StreamMeta::of(&event);
        }
        self.unknown_leaves += event.unknown_leaves;
        for &choice in &event.choices {
            self.choices.entry(choice).or_default();
        }
        let texts = Vec::with_capacity(event.fragments.len());
        let mut waiting = Waiting { texts, event, withheld: false };
        let mut stops = Vec::new();
        for index in 0..waiting.event.fragments.len() {
            if let Some((choice, stop)) = self.screen(&mut waiting, index, scratch) {
                stops.push((choice, stop));
            }
        }
        self.held_most = self.held_most.max(self.held());
        let finished = waiting.event.finished.clone();
        let done = waiting.event.kind == EventKind::Done;
        self.queued_bytes += waiting.event.raw.len();
        self.queue.push_back(waiting);
        for choice in finished {
            self.choices.entry(choice).or_default().finished = true;
            stops.extend(self.close_choice(choice, scratch).map(|stop| (choice, stop)));
        }
        if done {
            let open: Vec<u64> = self.choices.keys().copied().collect();
            for choice in open {
                stops.extend(self.close_choice(choice, scratch).map(|stop| (choice, stop)));
            }
        }
        for (choice, stop) in stops {
            self.stop_choice(choice, stop, out);
            if self.finale != Finale::Open {
                return;
            }
        }
        self.drain(out);
        if done && self.finale == Finale::Open {
            self.finale = Finale::Ended;
        }
    }

    /// Screens one fragment; the result is the choice it stops.
    fn screen(
        &mut self,
        waiting: &mut Waiting,
        index: usize,
        scratch: &mut Scratch,
    ) -> Option<(u64, Stop)> {
        let fragment = waiting.event.fragments.get(index)?;
        let channel = fragment.channel.clone();
        let choice = channel.choice;
        if self.choices.get(&choice).is_some_and(|choice| choice.stopped) {
            return None;
        }
        self.bytes += fragment.text.len();
        match &channel.part {
            Part::Logprob => None,
            Part::ToolArgs(_) => {
                let call = self.tools.entry(channel.clone()).or_default();
                call.json |= fragment.edit == EditClass::JsonInString;
                let start = call.arguments.len();
                call.arguments.push_str(&fragment.text);
                let place = start..call.arguments.len();
                waiting.texts.push(Text::Tool { fragment: index, channel, place });
                None
            }
            Part::Other(_) => {
                let subject = Subject { author: fragment.author, ..self.settings.subject };
                let verdict =
                    screen_passage(&self.settings.policy, subject, &fragment.text, scratch);
                let stop = stop_of(&verdict, fragment.edit);
                waiting.withheld |= stop.is_some();
                self.others.push(ChannelReport { channel, verdict });
                stop.map(|stop| (choice, stop))
            }
            Part::Content
            | Part::Refusal
            | Part::Reasoning(_)
            | Part::Transcript
            | Part::ToolName(_) => {
                if let Part::ToolName(call) = channel.part {
                    // The name waits with its call: a call that is stopped leaves no trace.
                    let channel = Channel { choice, part: Part::ToolArgs(call) };
                    let end = self.tools.entry(channel.clone()).or_default().arguments.len();
                    waiting.texts.push(Text::Tool { fragment: index, channel, place: end..end });
                }
                let (edit, text) = (fragment.edit, fragment.text.clone());
                let Some(gate) = self.gate(channel, edit) else {
                    // More channels than any answer has: what cannot be screened is not passed.
                    waiting.withheld = true;
                    let outcome = Outcome::Unscannable;
                    return Some((
                        choice,
                        Stop { at: 0, action: Action::Block, rule: None, outcome },
                    ));
                };
                let (place, stop) = self.gates.get_mut(gate)?.push(&text, scratch);
                waiting.texts.push(Text::Gate { fragment: index, gate, place });
                stop.map(|stop| (choice, stop))
            }
        }
    }

    fn gate(&mut self, channel: Channel, edit: EditClass) -> Option<usize> {
        if let Some(known) = self.gates.iter().position(|gate| gate.channel == channel) {
            return Some(known);
        }
        if self.gates.len() >= MOST_CHANNELS {
            return None;
        }
        let policy = Arc::clone(&self.settings.policy);
        let screen = Screen::new(policy, self.settings.subject, self.settings.restorer.clone());
        self.gates.push(Gate::new(channel, edit, screen));
        Some(self.gates.len() - 1)
    }

    /// The texts of a choice have ended. The result is where it stops after all.
    fn close_choice(&mut self, choice: u64, scratch: &mut Scratch) -> Option<Stop> {
        if self.choices.get(&choice).is_some_and(|choice| choice.stopped) {
            return None;
        }
        let mut stop = None;
        for gate in self.gates.iter_mut().filter(|gate| gate.channel.choice == choice) {
            let closed = gate.close(scratch);
            stop = stop.or(closed);
        }
        let Self { tools, settings, others, .. } = self;
        let open = tools.iter_mut().filter(|(key, call)| key.choice == choice && !call.screened);
        for (channel, call) in open {
            call.screened = true;
            let screened = screen_arguments(
                &settings.policy,
                settings.subject,
                (&call.arguments, call.json),
                settings.restorer.as_deref(),
                scratch,
            );
            call.edits = screened.rewrites;
            for verdict in screened.verdicts {
                others.push(ChannelReport { channel: channel.clone(), verdict });
            }
            call.rejected = screened.stopped.is_some();
            let stopped = screened.stopped.and_then(|v| stop_of(&v, EditClass::Fixed));
            stop = stop.or(stopped);
        }
        stop
    }

    fn close_all(&mut self, scratch: &mut Scratch, out: &mut BytesMut) {
        let choices: Vec<u64> = self.choices.keys().copied().collect();
        for choice in choices {
            if let Some(stop) = self.close_choice(choice, scratch) {
                self.stop_choice(choice, stop, out);
                if self.finale != Finale::Open {
                    return;
                }
            }
        }
        self.drain(out);
    }

    /// Lets go of every event whose texts are decided, in order.
    fn drain(&mut self, out: &mut BytesMut) {
        while let Some(waiting) = self.queue.front() {
            if waiting.withheld || !waiting.texts.iter().all(|text| self.may_go(text)) {
                return;
            }
            if let Some(waiting) = self.queue.pop_front() {
                self.queued_bytes -= waiting.event.raw.len();
                self.release(&waiting, out);
            }
        }
    }

    fn may_go(&self, text: &Text) -> bool {
        match text {
            Text::Gate { gate, place, .. } => {
                self.gates.get(*gate).is_none_or(|gate| place.end <= gate.released())
            }
            Text::Tool { channel, .. } => {
                self.tools.get(channel).is_none_or(|call| call.screened && !call.rejected)
            }
        }
    }

    /// Sends one event that may go out as a whole.
    fn release(&mut self, waiting: &Waiting, out: &mut BytesMut) {
        let event = &waiting.event;
        let gone: Vec<u64> = self.stopped_choices(event);
        if !gone.is_empty() {
            if let Some(bytes) = event.without_choices(&gone) {
                out.extend_from_slice(&bytes);
            }
            return;
        }
        let edits: Vec<FragmentEdit> =
            waiting.texts.iter().filter_map(|text| self.edit_of(text)).collect();
        for &choice in &event.choices {
            self.choices.entry(choice).or_default().started = true;
        }
        self.text_sent |= waiting.texts.iter().any(|text| !text.place().is_empty());
        if edits.is_empty() {
            let edited: Vec<u64> =
                self.choices.iter().filter(|(_, c)| c.edited).map(|(&index, _)| index).collect();
            out.extend_from_slice(&event.strip_copies(&edited));
            return;
        }
        self.edited = true;
        for edit in &edits {
            if let Some(fragment) = event.fragments.get(edit.fragment) {
                self.choices.entry(fragment.channel.choice).or_default().edited = true;
            }
        }
        out.extend_from_slice(&event.splice(&edits));
        for text in &waiting.texts {
            if let Text::Gate { gate, place, .. } = text
                && let Some(gate) = self.gates.get_mut(*gate)
            {
                gate.forget_before(place.end);
            }
        }
    }

    fn edit_of(&self, text: &Text) -> Option<FragmentEdit> {
        let (fragment, cuts) = match text {
            Text::Gate { fragment, gate, place } => (*fragment, self.gates.get(*gate)?.cuts(place)),
            Text::Tool { fragment, channel, place } => {
                (*fragment, super::channel::cuts(&self.tools.get(channel)?.edits, place))
            }
        };
        (!cuts.is_empty()).then_some(FragmentEdit { fragment, cuts })
    }

    fn stopped_choices(&self, event: &Event) -> Vec<u64> {
        let stopped = |choice: &&u64| self.choices.get(choice).is_some_and(|c| c.stopped);
        event.choices.iter().filter(stopped).copied().collect()
    }

    /// Ends one choice: what is decided of it goes out, then the dialect's ending.
    fn stop_choice(&mut self, choice: u64, stop: Stop, out: &mut BytesMut) {
        if self.choices.get(&choice).is_some_and(|choice| choice.stopped) {
            return;
        }
        self.stop.get_or_insert(stop);
        self.release_until(choice, out);
        let meta = self.meta.clone().unwrap_or_else(|| self.settings.meta.clone());
        let policy = &self.settings.policy;
        let text = policy.message(stop.rule, self.settings.language.as_deref()).to_owned();
        let started = self.choices.get(&choice).is_some_and(|choice| choice.started);
        let on_block =
            if stop.action == Action::Respond { OnBlock::Replace } else { policy.stream.on_block };
        if on_block == OnBlock::Error && stop.action == Action::Block {
            let code = crate::wire::openai::POLICY_VIOLATION;
            out.extend_from_slice(&error_event("invalid_request_error", code, &text));
            self.finale = Finale::Cut { stop };
            return;
        }
        let message = (on_block == OnBlock::Replace).then_some(&*text);
        let ending = Ending { choice, message, shape: self.settings.shape, started };
        out.extend_from_slice(&stop_choice(self.settings.dialect, &meta, &ending));
        let state = self.choices.entry(choice).or_default();
        (state.stopped, state.started) = (true, true);
        let ended = self.choices.values().filter(|c| c.finished || c.stopped).count() as u64;
        if ended >= self.settings.choices.max(self.choices.len() as u64) {
            self.drain_finished(out);
            let include_usage = self.settings.include_usage;
            out.extend_from_slice(&usage_and_done(self.settings.dialect, &meta, include_usage));
            self.finale = Finale::Cut { stop };
        } else {
            self.drain(out);
        }
    }

    /// Sends what is decided of a choice that stops, from the events that wait. Events of other
    /// choices that stand before it keep their place.
    fn release_until(&mut self, choice: u64, out: &mut BytesMut) {
        self.drain(out);
        let mut queue = std::mem::take(&mut self.queue);
        let meta = self.meta.clone().unwrap_or_else(|| self.settings.meta.clone());
        for waiting in &mut queue {
            for text in &waiting.texts {
                let Text::Gate { fragment, gate, place } = text else { continue };
                let Some(state) = self.gates.get(*gate).filter(|g| g.channel.choice == choice)
                else {
                    continue;
                };
                let end = state.released().min(place.end);
                if end <= place.start {
                    continue;
                }
                let whole = waiting.event.fragments.get(*fragment).map_or("", |f| &f.text);
                let part = whole.get(..end - place.start).unwrap_or_default();
                let decided = super::channel::replace(part, &state.cuts(&(place.start..end)));
                let started = self.choices.get(&choice).is_some_and(|choice| choice.started);
                let chunk =
                    text_chunk(self.settings.dialect, &meta, &state.channel, (&decided, started));
                if let Some(chunk) = chunk.filter(|_| !decided.is_empty()) {
                    out.extend_from_slice(&chunk);
                    self.choices.entry(choice).or_default().started = true;
                    self.text_sent = true;
                }
            }
            waiting.texts.retain(|text| self.choice_of(text) != Some(choice));
            waiting.withheld &= !waiting.event.choices.contains(&choice);
        }
        self.queue = queue;
    }

    fn choice_of(&self, text: &Text) -> Option<u64> {
        match text {
            Text::Gate { gate, .. } => self.gates.get(*gate).map(|gate| gate.channel.choice),
            Text::Tool { channel, .. } => Some(channel.choice),
        }
    }

    /// At the very end every other choice is finished and decided.
    fn drain_finished(&mut self, out: &mut BytesMut) {
        // The end of the stream is ours to write.
        self.queue.retain(|waiting| waiting.event.kind != EventKind::Done);
        self.drain(out);
        self.queue.clear();
        self.queued_bytes = 0;
    }

    /// The stream cannot go on: the client is told in the dialect's own way.
    fn fail(&mut self, reason: &'static str, out: &mut BytesMut) {
        self.queue.clear();
        let (code, message) = match reason {
            "unreadable_event" | "event_too_large" => {
                ("moderation_unavailable", crate::policy::UNAVAILABLE_MESSAGE)
            }
            _ => ("upstream_error", "The model's answer ended before it was complete."),
        };
        out.extend_from_slice(&error_event("server_error", code, message));
        self.finale = Finale::Failed { reason };
    }
}

impl Text {
    fn place(&self) -> &Range<usize> {
        match self {
            Self::Gate { place, .. } | Self::Tool { place, .. } => place,
        }
    }
}

/// Whether a verdict on a text that came whole stops its choice.
fn stop_of(verdict: &Verdict, edit: EditClass) -> Option<Stop> {
    let fixed = edit != EditClass::Plain && !verdict.rewrites.is_empty();
    if !verdict.action.stops() && !fixed {
        return None;
    }
    Some(Stop {
        at: 0,
        action: if verdict.action.stops() { verdict.action } else { Action::Block },
        rule: verdict.decided_by.or_else(|| verdict.findings.first().map(|finding| finding.rule)),
        outcome: verdict.outcome,
    })
}
