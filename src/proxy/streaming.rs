//! The way back of a streamed answer: the upstream's bytes through the gate, piece by piece.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::stream::unfold;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use tokio::time::{Instant, timeout_at};

use super::GateBody;
use super::account::{Account, Unit};
use super::prompt::with_scratch;
use crate::domain::{Action, Phase, Verdict};
use crate::policy::Policy;
use crate::stream::{Finale, Relay, RelaySettings, Report};
use crate::telemetry::{StreamCut, UpstreamCall};
use crate::upstream::{AnswerBody, UpstreamError};
use crate::wire::openai::keep_alive;

/// A stream on its way, until its last byte or until the client goes away.
#[derive(Debug)]
pub(super) struct Stream {
    /// One relay for each policy; the bytes go through all of them.
    relays: Vec<(Arc<Policy>, Relay)>,
    body: Option<AnswerBody>,
    account: Account,
    keep_alive: Duration,
    /// When the upstream was asked.
    asked: Instant,
    first_chunk: Option<Instant>,
    /// Time spent screening.
    screening: Duration,
    held: usize,
    upstream_outcome: &'static str,
    ended: bool,
    /// Decided bytes that were waited for while the head was held.
    ready: Option<Bytes>,
}

impl Stream {
    pub(super) fn new(
        account: Account,
        relays: Vec<RelaySettings>,
        body: AnswerBody,
        (keep_alive, asked): (Duration, Instant),
    ) -> Self {
        let relay = |settings: RelaySettings| (Arc::clone(&settings.policy), Relay::new(settings));
        Self {
            relays: relays.into_iter().map(relay).collect(),
            body: Some(body),
            account,
            keep_alive,
            asked,
            first_chunk: None,
            screening: Duration::ZERO,
            held: 0,
            upstream_outcome: "cancelled",
            ended: false,
            ready: None,
        }
    }

    /// Waits for the first decided bytes, but no longer than `hold`. The result is the stop, when the
    /// stream was stopped before the client had any text.
    pub(super) async fn hold_head(&mut self, hold: Duration) -> Option<(Action, Option<usize>)> {
        let until = Instant::now() + hold;
        // The role chunk that opens a stream carries no text; what follows decides how it begins.
        let mut out = BytesMut::new();
        while !self.ended && !self.has_text(&out) {
            match timeout_at(until, self.step()).await {
                Ok(piece) => out.extend_from_slice(&piece),
                Err(_) => break,
            }
        }
        let stop = self.early_stop();
        self.ready = Some(out.freeze()).filter(|bytes| !bytes.is_empty());
        stop
    }

    /// The response's body.
    pub(super) fn into_body(self) -> GateBody {
        let pieces = unfold(self, |mut stream| async move {
            let piece = stream.next_piece().await?;
            Some((Ok(Frame::data(piece)), stream))
        });
        StreamBody::new(pieces).boxed_unsync()
    }

    fn has_text(&self, out: &BytesMut) -> bool {
        !out.is_empty() && self.relays.last().is_some_and(|(_, relay)| relay.text_sent())
    }

    fn early_stop(&self) -> Option<(Action, Option<usize>)> {
        self.relays.iter().find_map(|(_, relay)| match relay.finale() {
            Finale::Cut { stop } if !relay.text_sent() => Some((stop.action, stop.rule)),
            Finale::Cut { .. } | Finale::Open | Finale::Ended | Finale::Failed { .. } => None,
        })
    }

    async fn next_piece(&mut self) -> Option<Bytes> {
        if let Some(ready) = self.ready.take() {
            return Some(ready);
        }
        let silent_until = Instant::now() + self.keep_alive;
        while !self.ended {
            match timeout_at(silent_until, self.step()).await {
                Ok(piece) if !piece.is_empty() => return Some(piece),
                Ok(_) => {}
                Err(_) => return Some(Bytes::from_static(keep_alive())),
            }
        }
        None
    }

    /// Takes one piece of the upstream through the gate. Cancelling it loses nothing: what comes
    /// from the upstream is handled in the same poll.
    async fn step(&mut self) -> Bytes {
        let Some(body) = &mut self.body else {
            self.ended = true;
            return Bytes::new();
        };
        let piece = body.next().await;
        let now = Instant::now();
        if self.first_chunk.is_none() {
            self.first_chunk = Some(now);
            let seconds = (now - self.asked).as_secs_f64();
            self.account.telemetry.metrics.first_chunk(&self.account.route.upstream.name, seconds);
        }
        let out = with_scratch(|scratch| {
            let mut bytes = BytesMut::new();
            if let Some(Ok(piece)) = &piece {
                bytes.extend_from_slice(piece);
            }
            let failed = matches!(piece, Some(Err(_)));
            for (_, relay) in &mut self.relays {
                let mut out = BytesMut::new();
                relay.push(&bytes, scratch, &mut out);
                match &piece {
                    Some(Ok(_)) => {}
                    Some(Err(_)) if failed => relay.abort("upstream_failed", scratch, &mut out),
                    Some(Err(_)) | None => relay.finish(scratch, &mut out),
                }
                bytes = out;
            }
            bytes.freeze()
        });
        self.screening += now.elapsed();
        self.note_held(out.len());
        let over = self.relays.iter().any(|(_, relay)| *relay.finale() != Finale::Open);
        match piece {
            Some(Ok(_)) if over => {
                let ended = self.relays.iter().all(|(_, r)| *r.finale() == Finale::Ended);
                self.upstream_outcome = if ended { "ok" } else { "cancelled" };
                self.end();
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                self.upstream_outcome = UpstreamError::outcome(error);
                self.end();
            }
            None => {
                self.upstream_outcome = "ok";
                self.end();
            }
        }
        out
    }

    fn note_held(&mut self, sent: usize) {
        let held: usize = self.relays.iter().map(|(_, relay)| relay.held()).sum();
        let change = i64::try_from(held).unwrap_or(0) - i64::try_from(self.held).unwrap_or(0);
        let metrics = &self.account.telemetry.metrics;
        metrics.held(change);
        if sent > 0 {
            metrics.released(self.held);
        }
        self.held = held;
    }

    /// Lets go of the upstream: what it would still say is not wanted.
    fn end(&mut self) {
        self.body = None;
        self.ended = true;
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let account = &self.account;
        let metrics = &account.telemetry.metrics;
        metrics.held(-i64::try_from(self.held).unwrap_or(0));
        let total = account.started.elapsed().as_secs_f64();
        metrics.upstream(&UpstreamCall {
            upstream: &account.route.upstream.name,
            outcome: self.upstream_outcome,
            seconds: self.asked.elapsed().as_secs_f64(),
        });
        metrics.answered(&account.route.id, (200, account.dialect.name()), true, total);
        metrics.overhead(&account.route.id, true, self.screening.as_secs_f64());
        metrics.in_flight(&account.route.id, -1);
        let seconds = self.screening.as_secs_f64();
        for (policy, relay) in self.relays.drain(..) {
            let outcome = match relay.finale() {
                Finale::Open => "client_gone",
                Finale::Ended => "complete",
                Finale::Cut { .. } => "cut",
                Finale::Failed { .. } => "failed",
            };
            record(account, &policy, relay.report(), (outcome, seconds));
        }
    }
}

fn record(
    account: &Account,
    policy: &Arc<Policy>,
    report: Report,
    (outcome, seconds): (&'static str, f64),
) {
    let metrics = &account.telemetry.metrics;
    metrics.unknown_leaves(account.dialect.name(), Phase::Completion, report.unknown_leaves);
    if let Some(stop) = report.stop {
        let cut = StreamCut { action: stop.action, text_sent: report.text_sent };
        metrics.stream_cut(cut, &account.route.upstream.name);
    }
    for (label, count) in &report.redactions {
        for _ in 0..*count {
            metrics.redacted(Phase::Completion, label);
        }
    }
    let stop = report.stop;
    let mut verdicts: Vec<(String, &'static str, Verdict)> = report
        .channels
        .into_iter()
        .map(|channel| (channel.channel.to_string(), "assistant", channel.verdict))
        .collect();
    // A stop that no text of a channel brought about (a text that cannot be changed) counts too.
    if let (Some(stop), Some((_, _, first))) = (stop, verdicts.first_mut())
        && first.action < stop.action
    {
        first.action = first.action.max(stop.action);
    }
    account.decide(&Unit {
        phase: Phase::Completion,
        policy,
        verdicts,
        bytes: report.bytes,
        held_most: report.held_most,
        seconds,
        outcome,
    });
}
