//! How streams end: a choice that stops, all of them, and a stream that cannot go on.

use bytes::BytesMut;

use super::channel::Gate;
use super::relay::{MOST_CHOICES, Relay, Text};
use super::report::Finale;
use super::tokens::TokenGate;
use crate::domain::Action;
use crate::engine::{Scratch, Stop};
use crate::policy::{OnBlock, UNAVAILABLE_MESSAGE};
use crate::wire::openai::{
    Channel, Ending, POLICY_VIOLATION, StreamMeta, done, error_event, stop_choice, usage_and_done,
};

impl Relay {
    pub(super) fn meta(&self) -> StreamMeta {
        self.meta.clone().unwrap_or_else(|| self.settings.meta.clone())
    }

    /// A text stops its choice, or where it stands beside the choices, all of them.
    pub(super) fn stop_text(&mut self, choice: Option<u64>, stop: Stop, out: &mut BytesMut) {
        let stopped = |choice: u64| self.choices.get(&choice).is_some_and(|c| c.stopped);
        if choice.is_some_and(stopped) {
            return;
        }
        self.stop.get_or_insert(stop);
        let targets = match choice {
            Some(choice) => vec![choice],
            None => self.open_choices(),
        };
        for &choice in &targets {
            self.release_until(choice, out);
        }
        let policy = &self.settings.policy;
        let replies = stop.action == Action::Respond;
        let on_block = if replies { OnBlock::Replace } else { policy.stream.on_block };
        if on_block == OnBlock::Error && stop.action == Action::Block {
            let text = policy.message(stop.rule, self.settings.language.as_deref());
            out.extend_from_slice(&error_event("invalid_request_error", POLICY_VIOLATION, text));
            out.extend_from_slice(done());
            self.cut(stop);
            return;
        }
        for &choice in &targets {
            self.end_choice(choice, (stop, on_block), out);
        }
        let ended = self.choices.values().filter(|c| c.finished || c.stopped).count() as u64;
        let all = self.settings.choices.max(self.choices.len() as u64);
        if choice.is_none() || ended >= all {
            self.drain_finished(out);
            let include_usage = self.settings.include_usage;
            let meta = self.meta();
            out.extend_from_slice(&usage_and_done(self.settings.dialect, &meta, include_usage));
            self.cut(stop);
        } else {
            self.drain(out);
        }
    }

    /// The choices that have not ended; before any has come, those that were asked for.
    fn open_choices(&self) -> Vec<u64> {
        if self.choices.is_empty() {
            return (0..self.settings.choices.min(MOST_CHOICES as u64)).collect();
        }
        let open = self.choices.iter().filter(|(_, c)| !c.finished && !c.stopped);
        open.map(|(&choice, _)| choice).collect()
    }

    fn end_choice(&mut self, choice: u64, (stop, on_block): (Stop, OnBlock), out: &mut BytesMut) {
        let text = self.settings.policy.message(stop.rule, self.settings.language.as_deref());
        let started = self.choices.get(&choice).is_some_and(|choice| choice.started);
        let message = (on_block == OnBlock::Replace).then_some(text);
        let ending = Ending { choice, message, shape: self.settings.shape, started };
        out.extend_from_slice(&stop_choice(self.settings.dialect, &self.meta(), &ending));
        let state = self.choices.entry(choice).or_default();
        (state.stopped, state.started) = (true, true);
        let of_it = |channel: &Channel| channel.choice == Some(choice);
        self.tools.retain(|channel, _| !of_it(channel));
        self.gates.iter_mut().filter(|gate| of_it(&gate.channel)).for_each(Gate::let_go);
        self.token_gates.iter_mut().filter(|g| of_it(&g.channel)).for_each(TokenGate::let_go);
    }

    /// Every text has ended where it stands: what is decided of it goes out, and tool calls that
    /// are not whole go with what stands behind them.
    pub(super) fn close_texts(&mut self, scratch: &mut Scratch, out: &mut BytesMut) {
        let choices: Vec<u64> = self.choices.keys().copied().collect();
        for choice in choices {
            if let Some(stop) = self.close_gates(choice, scratch) {
                self.stop_text(Some(choice), stop, out);
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
        let (code, message) = if ours {
            ("moderation_unavailable", UNAVAILABLE_MESSAGE)
        } else {
            ("upstream_error", "The model's answer ended before it was complete.")
        };
        out.extend_from_slice(&error_event("server_error", code, message));
        if ours {
            out.extend_from_slice(done());
        }
        self.end(Finale::Failed { reason });
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
