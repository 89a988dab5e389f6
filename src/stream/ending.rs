//! How streams end: an answer that stops, all of them, and a stream that cannot go on.

use bytes::BytesMut;

use super::channel::Gate;
use super::relay::{MOST_UNITS, Relay, Text};
use super::report::{CLASSIFIER_UNAVAILABLE, Finale};
use super::tokens::TokenGate;
use crate::domain::{Action, Outcome};
use crate::engine::{Scratch, Stop};
use crate::policy::{OnBlock, UNAVAILABLE_MESSAGE};
use crate::wire::body::{Channel, POLICY_VIOLATION};
use crate::wire::dialect::{AnswerMeta, Cut, Said};

impl Relay {
    pub(super) fn meta(&self) -> AnswerMeta {
        let own = &self.settings.meta;
        match &self.meta {
            Some(meta) => AnswerMeta { calls: own.calls.clone(), ..meta.clone() },
            None => own.clone(),
        }
    }

    /// A text stops its answer, or where it stands beside the answers, all of them.
    pub(super) fn stop_text(
        &mut self,
        unit: Option<u64>,
        stop: Stop,
        (scratch, out): (&mut Scratch, &mut BytesMut),
    ) {
        let stopped = |unit: u64| self.units.get(&unit).is_some_and(|c| c.stopped);
        if unit.is_some_and(stopped) {
            return;
        }
        self.stop.get_or_insert(stop);
        let targets = match unit {
            Some(unit) => vec![unit],
            None => self.open_units(),
        };
        for &unit in &targets {
            // Its other texts end here too: what of them could have become a match is decided, and goes first. Where
            // one of them stops as well, that changes nothing.
            self.close_gates(unit, (&[], None), scratch);
            self.release_until(unit, out);
        }
        if stop.outcome == Outcome::Unavailable {
            return self.fail(CLASSIFIER_UNAVAILABLE, out);
        }
        let policy = &self.settings.policy;
        let replies = stop.action == Action::Respond;
        let on_block = if replies { OnBlock::Replace } else { policy.stream.on_block };
        if on_block == OnBlock::Error && stop.action == Action::Block {
            let text = policy.message(stop.rule, self.settings.language.as_deref());
            let dialect = &self.settings.dialect;
            let calls = &self.settings.meta.calls;
            let what = ((400, POLICY_VIOLATION), text);
            let events = dialect.failure_after(&self.memory, calls, what);
            self.say_all(&events, out);
            self.writer.close(out);
            self.cut(stop);
            return;
        }
        for &unit in &targets {
            self.end_unit(unit, (stop, on_block), out);
        }
        let ended = self.units.values().filter(|c| self.is_over(c) || c.stopped).count() as u64;
        let all = self.settings.units.max(self.units.len() as u64);
        if unit.is_none() || ended >= all {
            self.drain_finished(out);
            let include_usage = self.settings.include_usage;
            let meta = self.meta();
            let events = self.settings.dialect.closing(&meta, include_usage);
            self.say_all(&events, out);
            self.writer.close(out);
            self.cut(stop);
        } else {
            self.drain(out);
        }
    }

    /// The answers that have not ended; before any has come, those that were asked for.
    fn open_units(&self) -> Vec<u64> {
        if self.units.is_empty() {
            return (0..self.settings.units.min(MOST_UNITS as u64)).collect();
        }
        let open = self.units.iter().filter(|(_, c)| !self.is_over(c) && !c.stopped);
        open.map(|(&unit, _)| unit).collect()
    }

    fn end_unit(&mut self, unit: u64, (stop, on_block): (Stop, OnBlock), out: &mut BytesMut) {
        let text = self.settings.policy.message(stop.rule, self.settings.language.as_deref());
        let message = (on_block == OnBlock::Replace).then(|| text.to_owned());
        self.open_unit(unit, out);
        let cut = Cut {
            unit,
            message: message.as_deref(),
            shape: self.settings.shape,
            category: self.settings.policy.category(stop.rule),
            shown: self.units.get(&unit).is_some_and(|unit| unit.shown),
            open: self.open_parts.last().copied(),
            next: self.next_part,
        };
        let meta = self.meta();
        let events = self.settings.dialect.ending_after(&mut self.memory, &meta, &cut);
        self.say_all(&events, out);
        let state = self.units.entry(unit).or_default();
        (state.stopped, state.started) = (true, true);
        let of_it = |channel: &Channel| channel.unit == Some(unit);
        self.tools.retain(|channel, _| !of_it(channel));
        self.gates.iter_mut().filter(|gate| of_it(&gate.channel)).for_each(Gate::let_go);
        self.token_gates.iter_mut().filter(|g| of_it(&g.channel)).for_each(TokenGate::let_go);
    }

    /// Every text has ended where it stands: what is decided of it goes out, and tool calls that
    /// are not whole go with what stands behind them.
    pub(super) fn close_texts(&mut self, scratch: &mut Scratch, out: &mut BytesMut) {
        let units: Vec<u64> = self.units.keys().copied().collect();
        for unit in units {
            if let Some(stop) = self.close_gates(unit, (&[], None), scratch) {
                self.stop_text(Some(unit), stop, (&mut *scratch, &mut *out));
                if self.finale != Finale::Open {
                    return;
                }
            }
        }
        let tools = std::mem::take(&mut self.tools);
        self.queue.retain(|waiting| {
            let is_open = |text: &Text| match text {
                Text::Tool { channel, .. } => tools.get(channel).is_some_and(|c| !c.screened),
                Text::Gate { .. } | Text::Whole { .. } => false,
            };
            !waiting.texts.iter().any(is_open)
        });
        self.queued_bytes = self.queue.iter().map(|waiting| waiting.event.raw.len()).sum();
        self.tools = tools.into_iter().filter(|(_, call)| call.screened).collect();
        self.drain(out);
    }

    /// The stream cannot go on: the client is told in the dialect's own way.
    pub(super) fn fail(&mut self, reason: &'static str, out: &mut BytesMut) {
        let ours = !reason.starts_with("upstream_");
        let (status, code, message) = match (ours, reason) {
            (true, _) => (503, "moderation_unavailable", UNAVAILABLE_MESSAGE),
            (false, "upstream_timeout") => (504, reason, "The model took too long to go on."),
            (false, _) => {
                (502, "upstream_error", "The model's answer ended before it was complete.")
            }
        };
        let dialect = &self.settings.dialect;
        let calls = &self.settings.meta.calls;
        let events = dialect.failure_after(&self.memory, calls, ((status, code), message));
        self.say_all(&events, out);
        self.writer.close(out);
        self.end(Finale::Failed { reason });
    }

    fn say_all(&mut self, events: &[Said], out: &mut BytesMut) {
        for said in events {
            self.writer.say(said, out);
        }
    }

    fn cut(&mut self, stop: Stop) {
        self.end(Finale::Cut { stop });
    }

    /// Nothing more goes out, so nothing is kept.
    pub(super) fn end(&mut self, finale: Finale) {
        self.finale = finale;
        self.framer = None;
        self.queue.clear();
        self.queued_bytes = 0;
        self.tools.clear();
        self.gates.iter_mut().for_each(Gate::let_go);
        self.token_gates.iter_mut().for_each(TokenGate::let_go);
    }
}
