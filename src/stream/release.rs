//! The way out of the relay: events whose texts are decided, in order, and what is decided of a text
//! that stops.

use std::sync::Arc;

use bytes::BytesMut;

use super::channel::Gate;
use super::relay::{Relay, Text, TokenRun, Waiting};
use super::tokens::Fate;
use crate::domain::TextKind;
use crate::wire::body::{Channel, Event, EventKind, Fragment, FragmentEdit, Part, Strip};
use crate::wire::json::splice_token;

impl Relay {
    /// Lets go of every event whose texts are decided, in order.
    pub(super) fn drain(&mut self, out: &mut BytesMut) {
        let mut released = false;
        loop {
            let together = self.free_together();
            if together == 0 {
                break;
            }
            released = true;
            for _ in 0..together {
                if let Some(waiting) = self.queue.pop_front() {
                    self.queued_bytes -= waiting.event.raw.len();
                    self.release(&waiting, out);
                }
            }
        }
        if released {
            // Calls that are gone need no room.
            let Self { queue, tools, .. } = self;
            let waits =
                |channel: &Channel| queue.iter().any(|event| calls(event).any(|c| c == channel));
            tools.retain(|channel, call| !call.screened || waits(channel));
        }
    }

    /// How many events at the front go out now, and together: the events of a call go in one burst, with whatever
    /// stands between them, so that a stop cannot cut a call that has begun.
    fn free_together(&self) -> usize {
        let (mut end, mut at) = (self.queue.len().min(1), 0);
        let mut begun: Vec<&Channel> = Vec::new();
        while let Some(waiting) = self.queue.get(at).filter(|_| at < end) {
            if !self.is_free(waiting) {
                return 0;
            }
            for call in calls(waiting) {
                if !begun.contains(&call) {
                    begun.push(call);
                    let last = self.queue.iter().rposition(|later| calls(later).any(|c| c == call));
                    end = end.max(last.map_or(end, |last| last + 1));
                }
            }
            at += 1;
        }
        end
    }

    /// Whether nothing of an event has to wait.
    fn is_free(&self, waiting: &Waiting) -> bool {
        !waiting.withheld
            && waiting.texts.iter().all(|text| self.may_go(text))
            && waiting.tokens.iter().all(|run| self.fate(run) != Fate::Wait)
    }

    fn may_go(&self, text: &Text) -> bool {
        match text {
            Text::Gate { gate, place, .. } => {
                self.gates.get(*gate).is_none_or(|gate| place.range.end <= gate.released())
            }
            Text::Tool { channel, .. } => {
                self.tools.get(channel).is_none_or(|call| call.screened && !call.rejected)
            }
            Text::Whole { .. } => true,
        }
    }

    fn fate(&self, run: &TokenRun) -> Fate {
        // The tokens of an answer that is stopped go with it.
        let unit = run.unit.and_then(|unit| self.units.get(&unit));
        let gate = run.place.and_then(|(gate, end)| Some((self.token_gates.get(gate)?, end)));
        match gate {
            Some((gate, end)) if unit.is_none_or(|unit| !unit.stopped) => gate.fate(end),
            Some(_) | None => Fate::Drop,
        }
    }

    /// Sends one event that may go out as a whole.
    fn release(&mut self, waiting: &Waiting, out: &mut BytesMut) {
        let event = &waiting.event;
        let stopped = |unit: &&u64| self.units.get(unit).is_some_and(|c| c.stopped);
        let gone: Vec<u64> = event.units.iter().filter(stopped).copied().collect();
        let edits: Vec<FragmentEdit> =
            waiting.texts.iter().filter_map(|text| self.edit_of(text)).collect();
        for &unit in &event.units {
            self.units.entry(unit).or_default().started = true;
        }
        for text in waiting.texts.iter().filter(|text| is_shown(waiting, text)) {
            let unit = waiting.event.fragments.get(text.fragment()).and_then(|f| f.channel.unit);
            self.note_shown(unit);
        }
        self.edited |= !edits.is_empty();
        for edit in &edits {
            let fragment = event.fragments.get(edit.fragment);
            if let Some(unit) = fragment.and_then(|fragment| fragment.channel.unit) {
                self.units.entry(unit).or_default().edited = true;
            }
        }
        let edited: Vec<u64> =
            self.units.iter().filter(|(_, c)| c.edited).map(|(&index, _)| index).collect();
        let dropped = waiting.tokens.iter().filter(|run| self.fate(run) == Fate::Drop);
        let dropped: Vec<Option<u64>> = dropped.map(|run| run.unit).collect();
        let tokens: Vec<u64> = dropped.iter().copied().flatten().collect();
        let prompt_tokens = dropped.contains(&None);
        let strip = Strip { edited: &edited, tokens: &tokens, prompt_tokens };
        let dialect = &self.settings.dialect;
        let bytes = if gone.is_empty() {
            Some(dialect.render(event, &edits, &strip))
        } else {
            dialect.render_without(event, &gone, (&edits, &strip))
        };
        if let Some(bytes) = bytes {
            self.pass(event, &bytes, out);
        }
        self.note_parts(event);
        for text in &waiting.texts {
            if let Text::Gate { gate, place, .. } = text
                && let Some(gate) = self.gates.get_mut(*gate)
            {
                gate.forget_before(place.settled);
            }
        }
    }

    /// Passes the bytes of an event on, changed or not.
    fn pass(&mut self, event: &Event, bytes: &[u8], out: &mut BytesMut) {
        self.writer.pass(bytes, out);
        if self.memory.is_kept() && event.data().is_some() {
            // Whatever was changed stands inside the data.
            let behind = event.raw.len() - event.data.end;
            let data = bytes.get(event.data.start..bytes.len().saturating_sub(behind));
            self.memory.sent(data.unwrap_or_default());
        }
    }

    /// Keeps in mind which parts the client has open.
    fn note_parts(&mut self, event: &Event) {
        if let Some(&part) = event.opens.as_ref().and_then(|keys| keys.first()) {
            self.open_parts.push(part);
            self.next_part = self.next_part.max(part.saturating_add(1));
        }
        if let Some(&part) = event.closes.as_ref().and_then(|keys| keys.first()) {
            self.open_parts.retain(|&open| open != part);
        }
    }

    /// The client has text of an answer.
    fn note_shown(&mut self, unit: Option<u64>) {
        self.text_sent = true;
        if let Some(unit) = unit {
            self.units.entry(unit).or_default().shown = true;
        }
    }

    /// Sends what has to stand before anything of our own of an answer.
    pub(super) fn open_unit(&mut self, unit: u64, out: &mut BytesMut) {
        let state = self.units.entry(unit).or_default();
        if !std::mem::replace(&mut state.started, true) {
            let meta = self.meta();
            for said in self.settings.dialect.opening_after(&mut self.memory, &meta, unit) {
                self.writer.say(&said, out);
            }
        }
    }

    fn edit_of(&self, text: &Text) -> Option<FragmentEdit> {
        let (fragment, cuts) = match text {
            Text::Gate { fragment, gate, place } => {
                (*fragment, place.cuts(self.gates.get(*gate)?.rewrites()))
            }
            Text::Tool { fragment, channel, place } => {
                (*fragment, place.cuts(&self.tools.get(channel)?.edits))
            }
            Text::Whole { fragment, cuts } => (*fragment, cuts.clone()),
        };
        (!cuts.is_empty()).then_some(FragmentEdit { fragment, cuts })
    }

    /// Sends what is decided of an answer that stops, from the events that wait. Events of other
    /// answers that stand before it keep their place.
    pub(super) fn release_until(&mut self, unit: u64, out: &mut BytesMut) {
        self.drain(out);
        let mut queue = std::mem::take(&mut self.queue);
        // What waits to be opened at the client has no place for its text.
        let opening = |waiting: &Waiting| self.memory.opened_by(waiting.event.data()?);
        let unopened: Vec<Vec<u64>> = queue.iter().filter_map(opening).collect();
        for waiting in &mut queue {
            for text in &waiting.texts {
                let fragment = waiting.event.fragments.get(text.fragment());
                let keys = fragment.map_or(&[][..], |fragment| fragment.channel.part.keys());
                if !unopened.iter().any(|part| keys.starts_with(part)) {
                    self.send_decided(waiting, text, unit, out);
                }
            }
            let Waiting { event, texts, .. } = waiting;
            let of_it = |text: &Text| {
                let fragment = event.fragments.get(text.fragment());
                fragment.is_some_and(|fragment| fragment.channel.unit == Some(unit))
            };
            texts.retain(|text| !of_it(text));
            // Only its own texts can have withheld an event that speaks of it.
            waiting.withheld &= !waiting.event.units.contains(&unit);
        }
        self.queue = queue;
    }

    /// Sends the decided part of a text of this answer as a chunk of our own.
    fn send_decided(&mut self, waiting: &Waiting, text: &Text, unit: u64, out: &mut BytesMut) {
        let Text::Gate { fragment: index, gate, place } = text else { return };
        // Calls wait until they are whole, and what no row names does not go without its event.
        let is_text = |gate: &&Gate| matches!(gate.channel.part, Part::Text(_));
        let Some(gate) = self.gates.get(*gate).filter(is_text) else {
            return;
        };
        if gate.channel.unit != Some(unit) {
            return;
        }
        let end = gate.released().min(place.range.end);
        let Some(fragment) = waiting.event.fragments.get(*index) else { return };
        if end <= place.range.start {
            return;
        }
        let token = waiting.event.raw.get(fragment.token.clone()).unwrap_or_default();
        let cuts = place.cuts_until(end, fragment.text.len(), gate.rewrites());
        let part = splice_token(token, &cuts);
        if part == b"\"\"" {
            return;
        }
        let shows = shows(fragment);
        // The rest of the event goes with it, if it may.
        let rest = || waiting.texts.iter().filter(|other| other.fragment() != *index);
        let whole = !waiting.withheld && rest().all(|other| self.may_go(other));
        let mut edits: Vec<FragmentEdit> = rest().filter_map(|other| self.edit_of(other)).collect();
        edits.push(FragmentEdit { fragment: *index, cuts });
        edits.sort_by_key(|edit| edit.fragment);
        // A part that the client has not seen begin has no place for its text.
        let first = gate.channel.part.keys().first();
        let is_open = first.is_none_or(|part| self.open_parts.contains(part));
        let dialect = Arc::clone(&self.settings.dialect);
        if dialect.has_parts() && !is_open {
            return;
        }
        if let Some(chunk) = dialect.piece_of(&self.meta(), &gate.channel, &part) {
            self.open_unit(unit, out);
            self.writer.say(&chunk, out);
        } else if let Some(bytes) =
            whole.then(|| dialect.render_piece(&waiting.event, &edits, unit)).flatten()
        {
            self.pass(&waiting.event, &bytes, out);
            self.units.entry(unit).or_default().started = true;
        } else {
            return;
        }
        if shows {
            self.note_shown(Some(unit));
        }
    }

    /// At the very end every other answer is finished and decided.
    pub(super) fn drain_finished(&mut self, out: &mut BytesMut) {
        // The end of the stream is ours to write.
        self.queue.retain(|waiting| waiting.event.kind != EventKind::Done && !waiting.withheld);
        self.drain(out);
        self.queue.clear();
        self.queued_bytes = 0;
    }
}

impl Text {
    fn fragment(&self) -> usize {
        match self {
            Self::Gate { fragment, .. }
            | Self::Tool { fragment, .. }
            | Self::Whole { fragment, .. } => *fragment,
        }
    }
}

/// The calls that an event is part of.
fn calls(waiting: &Waiting) -> impl Iterator<Item = &Channel> {
    waiting.texts.iter().filter_map(|text| match text {
        Text::Tool { channel, .. } => Some(channel),
        Text::Gate { .. } | Text::Whole { .. } => None,
    })
}

/// Whether a client shows a text: then the answer has begun for whoever reads it.
fn is_shown(waiting: &Waiting, text: &Text) -> bool {
    let fragment = waiting.event.fragments.get(text.fragment());
    fragment.is_some_and(|fragment| !fragment.text.is_empty() && shows(fragment))
}

fn shows(fragment: &Fragment) -> bool {
    match fragment.channel.part {
        Part::Text(_) | Part::CallName(_) | Part::CallArgs(_) => true,
        Part::Other(_) => matches!(
            fragment.kind,
            TextKind::Text | TextKind::Refusal | TextKind::Reasoning | TextKind::ToolArgs
        ),
        Part::Field(_) | Part::Logprob(_) => false,
    }
}
