//! The way back of a streamed answer: the upstream's bytes through the gate, piece by piece.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::stream::{FuturesUnordered, unfold};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use tokio::time::{Instant, timeout_at};

use super::account::{Account, Call, Unit};
use super::asker::{Asker, Asking};
use super::held_since::HeldSince;
use super::inline::Inline;
use super::kept::{Heard, Judged};
use super::relays::{Pushed, Relays};
use super::reply::{MODERATION_UNAVAILABLE, NOT_SCREENED};
use super::{GateBody, contain};
use crate::domain::{Action, Phase, Verdict};
use crate::engine::{Answered, Asked, Wanted};
use crate::policy::Policy;
use crate::stream::{ChannelReport, Finale, KeptPiece, RelaySettings, Report};
use crate::telemetry::StreamCut;
use crate::upstream::{AnswerBody, UpstreamError};
use crate::wire::dialect::{AnswerMeta, Calls, Dialect};
use crate::wire::frame::FrameWriter;

/// How often one piece waits for classifiers before it goes through with the answers that are there. What is asked hangs
/// on the text and never on answers, so that once is enough for each policy that reads it.
const MOST_WAITS: usize = 8;
/// The most questions on their way that nothing waits for.
const MOST_ASKED_BEHIND: usize = 64;

/// A stream on its way, until its last byte or until the client goes away.
pub(super) struct Stream {
    relays: Relays,
    /// What is answered.
    calls: Calls,
    body: Option<AnswerBody>,
    account: Account,
    keep_alive: Duration,
    call: Call,
    first_chunk: Option<Instant>,
    /// Time spent screening.
    screening: Duration,
    held: usize,
    held_since: HeldSince,
    ended: bool,
    /// Something has come out of the gate.
    sent: bool,
    /// Decided bytes that were waited for while the head was held.
    ready: Option<Bytes>,
    /// The screening panicked; the relays are gone, for nobody knows what they hold.
    broken: bool,
    /// The status of the response, for the metrics.
    status: u16,
    /// Asks classifiers.
    asker: Asker,
    /// A piece that waits for answers; `None` in it is the end of the upstream's answer.
    pending: Option<Piece>,
    /// The answers that it waits for.
    asking: Option<Asking>,
    /// How often it has waited.
    waited: usize,
    /// Answers that nothing waits for.
    behind: FuturesUnordered<Asking>,
    /// The questions of those.
    asked: HashSet<Asked>,
}

/// A piece of the upstream's answer, or its end.
type Piece = Option<Result<Bytes, UpstreamError>>;

/// What a stream goes on with.
enum Came {
    Piece(Piece),
    Answers(Vec<(Asked, Answered)>),
    Nothing,
}

impl Stream {
    pub(super) fn new(
        account: Account,
        relays: Vec<RelaySettings>,
        body: AnswerBody,
        (keep_alive, call): (Duration, Call),
    ) -> Self {
        let calls = relays.first().map(|settings| settings.meta.calls.clone());
        Self {
            relays: Relays::new(relays),
            calls: calls.unwrap_or_default(),
            body: Some(body),
            sent: false,
            account,
            keep_alive,
            call,
            first_chunk: None,
            screening: Duration::ZERO,
            held: 0,
            held_since: HeldSince::default(),
            ended: false,
            ready: None,
            broken: false,
            status: 200,
            asker: Asker { classifiers: Arc::default(), prompt: None },
            pending: None,
            asking: None,
            waited: 0,
            behind: FuturesUnordered::new(),
            asked: HashSet::new(),
        }
    }

    /// The same, asking classifiers.
    pub(super) fn asking(mut self, asker: Asker) -> Self {
        self.asker = asker;
        self
    }

    /// The same, saying what moderation came to. `meta` is what the stream is called where it does not say.
    pub(super) fn moderated(mut self, inline: Option<&Inline>, meta: AnswerMeta) -> Self {
        self.relays.say_moderation(inline, meta);
        self
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
        let stop = self.relays.early_stop();
        self.ready = Some(out.freeze()).filter(|bytes| !bytes.is_empty());
        stop
    }

    /// Another response than the stream takes its place, and the stream is dropped.
    pub(super) const fn gives_way(&mut self, status: u16) {
        self.status = status;
    }

    /// Whether the screening broke.
    pub(super) const fn is_broken(&self) -> bool {
        self.broken
    }

    /// The response's body.
    pub(super) fn into_body(self) -> GateBody {
        let pieces = unfold(self, |mut stream| async move {
            let piece = stream.next_piece().await?;
            Some((Ok(Frame::data(piece)), stream))
        });
        StreamBody::new(pieces).boxed_unsync()
    }

    /// Why the stream failed, when it did before the client had anything that a model said; what the upstream itself
    /// says of its failure is for the client to read.
    pub(super) fn early_failure(&self) -> Option<&'static str> {
        self.relays.early_failure()
    }

    fn has_text(&self, out: &BytesMut) -> bool {
        !out.is_empty() && self.relays.text_sent()
    }

    async fn next_piece(&mut self) -> Option<Bytes> {
        if let Some(ready) = self.ready.take() {
            return Some(ready);
        }
        let mut silent_until = Instant::now() + self.keep_alive;
        while !self.ended {
            match timeout_at(silent_until, self.step()).await {
                Ok(piece) if !piece.is_empty() => return Some(piece),
                Ok(_) => {}
                // Where a dialect has nothing that means nothing, silence is all there is.
                Err(_) if self.relays.dialect().keep_alive().is_empty() => {
                    silent_until = Instant::now() + self.keep_alive;
                }
                Err(_) => return Some(self.relays.dialect().keep_alive().clone()),
            }
        }
        None
    }

    /// Takes one piece of the upstream through the gate, or what classifiers said. Cancelling it loses nothing: what has
    /// come is kept until it is handled.
    async fn step(&mut self) -> Bytes {
        loop {
            if let Some(asking) = &mut self.asking {
                let answers = asking.await;
                self.asking = None;
                self.relays.give(answers);
            } else if self.pending.is_none() {
                match self.next().await {
                    Came::Piece(piece) => self.take_in(piece),
                    Came::Answers(answers) => return self.answered(answers),
                    Came::Nothing => {
                        self.ended = true;
                        return Bytes::new();
                    }
                }
            }
            let Some(piece) = self.pending.take() else { return Bytes::new() };
            if let Some(out) = self.push(piece) {
                return out;
            }
        }
    }

    async fn next(&mut self) -> Came {
        let Some(body) = &mut self.body else { return Came::Nothing };
        if self.behind.is_empty() {
            return Came::Piece(body.next().await);
        }
        tokio::select! {
            Some(answers) = self.behind.next() => Came::Answers(answers),
            piece = body.next() => Came::Piece(piece),
        }
    }

    /// A piece has come.
    fn take_in(&mut self, piece: Piece) {
        if self.first_chunk.is_none() {
            let now = Instant::now();
            self.first_chunk = Some(now);
            if let Some(traced) = &self.account.traced {
                traced.first_chunk();
            }
            let seconds = (now - self.call.asked()).as_secs_f64();
            self.account.telemetry.metrics.first_chunk(&self.account.route.upstream.name, seconds);
        }
        self.waited = 0;
        self.pending = Some(piece);
    }

    /// What comes out of a piece; `None` where classifiers are asked before.
    fn push(&mut self, piece: Piece) -> Option<Bytes> {
        let now = Instant::now();
        let metrics = Arc::clone(&self.account.telemetry.metrics);
        let insists = self.waited >= MOST_WAITS;
        let relays = &mut self.relays;
        let pushed = contain::screening(&metrics, || relays.push(piece.as_ref(), insists));
        self.screening += now.elapsed();
        let out = match pushed {
            None => return Some(self.break_off()),
            Some(Pushed::Wants(wanted)) => {
                self.asking = Some(self.asker.ask(wanted));
                self.waited += 1;
                self.pending = Some(piece);
                return None;
            }
            Some(Pushed::Out(out, wanted)) => {
                self.ask_behind(wanted);
                out
            }
        };
        self.sent |= !out.is_empty();
        self.note_held(out.len());
        let over = self.relays.are_over();
        match piece {
            Some(Ok(_)) if over => {
                self.call.ended(if self.relays.ended_well() { "ok" } else { "cancelled" });
                self.end();
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                self.call.failed(&error);
                self.end();
            }
            None => {
                self.call.ended("ok");
                self.end();
            }
        }
        Some(out)
    }

    /// Asks questions that nothing waits for, each once.
    fn ask_behind(&mut self, wanted: Vec<Wanted>) {
        let room = MOST_ASKED_BEHIND.saturating_sub(self.asked.len());
        let new = |one: &Wanted| !self.asked.contains(&one.asked);
        let wanted: Vec<Wanted> = wanted.into_iter().filter(new).take(room).collect();
        for one in wanted {
            self.asked.insert(one.asked.clone());
            self.behind.push(self.asker.ask(vec![one]));
        }
    }

    /// Answers have come that nothing waited for.
    fn answered(&mut self, answers: Vec<(Asked, Answered)>) -> Bytes {
        let now = Instant::now();
        for (asked, _) in &answers {
            self.asked.remove(asked);
        }
        self.relays.give(answers);
        let metrics = Arc::clone(&self.account.telemetry.metrics);
        let relays = &mut self.relays;
        let looked = contain::screening(&metrics, || relays.look_again());
        self.screening += now.elapsed();
        let Some((out, wanted)) = looked else { return self.break_off() };
        self.ask_behind(wanted);
        self.sent |= !out.is_empty();
        self.note_held(out.len());
        if self.relays.are_over() {
            self.call.ended("cancelled");
            self.end();
        }
        out
    }

    /// The screening broke in mid-stream. Whatever `fail.internal_error` says, the stream ends: what was
    /// held back is lost with the relays, so the rest would not make sense.
    fn break_off(&mut self) -> Bytes {
        for (policy, _) in self.relays.take() {
            self.account.not_screened(Phase::Completion, &policy, "failed");
        }
        self.broken = true;
        self.note_held(0);
        self.end();
        let why = (503, MODERATION_UNAVAILABLE);
        let mut writer = FrameWriter::resumed(self.relays.dialect().framing(), self.sent);
        let mut out = BytesMut::new();
        for said in self.relays.dialect().failure(&self.calls, why, NOT_SCREENED) {
            writer.say(&said, &mut out);
        }
        writer.close(&mut out);
        out.freeze()
    }

    fn note_held(&mut self, sent: usize) {
        let held = self.relays.held();
        let change = i64::try_from(held).unwrap_or(0) - i64::try_from(self.held).unwrap_or(0);
        let metrics = &self.account.telemetry.metrics;
        metrics.held(change);
        let time = self.held_since.note(self.relays.received(), held, Instant::now());
        if sent > 0 {
            metrics.released(self.held, time.as_secs_f64());
        }
        self.held = held;
    }

    /// Counts and records what became of the stream.
    fn settle(&mut self) {
        let account = &self.account;
        let metrics = &account.telemetry.metrics;
        metrics.held(-i64::try_from(self.held).unwrap_or(0));
        account.answered(self.status, true);
        metrics.overhead(&account.route.id, true, self.screening.as_secs_f64());
        let seconds = self.screening.as_secs_f64();
        for (policy, relay) in self.relays.take() {
            let outcome = match relay.finale() {
                Finale::Open => "client_gone",
                Finale::Ended => "complete",
                Finale::Cut { .. } => "cut",
                Finale::Failed { .. } => "failed",
            };
            record((account, self.relays.dialect()), &policy, relay.report(), (outcome, seconds));
        }
    }

    /// Lets go of the upstream: what it would still say is not wanted.
    fn end(&mut self) {
        self.body = None;
        self.ended = true;
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // What was sent was screened; a mistake in the bookkeeping is no reason to break it off.
        let metrics = Arc::clone(&self.account.telemetry.metrics);
        contain::part(&metrics, "exchange", || self.settle()).unwrap_or_default();
    }
}

fn record(
    (account, dialect): (&Account, &Dialect),
    policy: &Arc<Policy>,
    report: Report,
    (outcome, seconds): (&'static str, f64),
) {
    let metrics = &account.telemetry.metrics;
    metrics.unknown_leaves(&account.dialect, Phase::Completion, report.unknown_leaves);
    metrics.reframed(&account.dialect, report.reframed);
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
    let list = dialect.unit_list();
    let judged = |piece: &KeptPiece| judged(&report.channels, piece, outcome);
    let texts = report.texts.iter().map(|piece| Heard::piece(piece, list, judged(piece))).collect();
    let mut verdicts: Vec<(String, &'static str, Verdict)> = report
        .channels
        .into_iter()
        .map(|channel| (channel.channel.describe(list), "assistant", channel.verdict))
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
        texts,
    });
}

/// By which verdicts a text of a stream was judged. What had not ended was not judged to its end: some of it was held
/// back, or would have been screened when it is whole.
fn judged(channels: &[ChannelReport], piece: &KeptPiece, outcome: &str) -> Judged {
    let same = |channel: &ChannelReport| channel.channel == piece.channel;
    let mut known = channels.iter().enumerate().filter(|(_, channel)| same(channel));
    let (Some((index, first)), None) = (known.next(), known.next()) else {
        // The arguments of a call are several texts, of which each has its verdict.
        return if outcome == "complete" { Judged::Together } else { Judged::Not };
    };
    match outcome {
        "complete" if piece.channel.is_one_text() => Judged::Alone(index),
        "complete" => Judged::Together,
        "cut" if first.verdict.action.stops() && piece.channel.is_one_text() => {
            Judged::Alone(index)
        }
        _ => Judged::Not,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body_util::BodyExt as _;
    use serde_json::json;

    use super::super::rehearsal::Rehearsals;
    use super::*;
    use crate::domain::Author;
    use crate::engine::Subject;
    use crate::engine::testing::Sketch;
    use crate::proxy::account::{Identity, InFlight};
    use crate::proxy::contain::breaks;
    use crate::proxy::live::{NamedUpstream, PathMatch, Route, UnknownLeaf};
    use crate::telemetry::{Clock, Feed, Metrics, Notices, Records, Telemetry};
    use crate::upstream::demo::{Demo, DemoSettings};
    use crate::upstream::{Outgoing, Upstream};
    use crate::wire::dialect::Dialects;

    /// A stream of the demo model, and what it is counted by.
    async fn stream() -> (Stream, Arc<Metrics>) {
        let metrics = Arc::new(Metrics::new());
        let records = Records::none(Arc::clone(&metrics));
        let telemetry = Telemetry {
            metrics: Arc::clone(&metrics),
            records,
            notices: Notices::default(),
            feed: Feed::default(),
            spans: None,
            clock: Clock::default(),
        };
        let policy = Sketch::default().build();
        let served = Arc::new(NamedUpstream {
            name: Arc::from("demo"),
            upstream: Upstream::Demo(Demo::new(DemoSettings { rate: None })),
            moderates: false,
        });
        let route = Route {
            id: Arc::from("chat"),
            path: PathMatch::new("/*"),
            header: None,
            model: None,
            upstream: Arc::clone(&served),
            policy: Arc::clone(&policy),
            shadow: None,
            unknown_leaf: UnknownLeaf::Screen,
            walks: false,
            dialect: None,
        };
        let account = Account {
            telemetry: telemetry.clone(),
            identity: Identity::new(None, None, None),
            in_flight: InFlight::new(&metrics, &route.id),
            route,
            dialect: Arc::from("openai.chat"),
            api: None,
            model: "m".to_owned(),
            stream: true,
            started: Instant::now(),
            shelf: None,
            caller: String::new(),
            rehearsals: Rehearsals::new(&metrics),
            traced: None,
        };
        let body = json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": "Say hello"}]});
        let outgoing = Outgoing {
            method: http::Method::POST,
            path_and_query: "/v1/chat/completions".to_owned(),
            headers: http::HeaderMap::new(),
            body: Bytes::from(body.to_string()),
        };
        let answer = served.upstream.send(outgoing).await.unwrap();
        let subject = Subject {
            phase: Phase::Completion,
            author: Author::Assistant,
            today: telemetry.clock.today(),
            streamed: true,
        };
        let settings = RelaySettings::new(Dialects::fallback(), policy, subject);
        let times = (Duration::from_secs(60), Call::new(&account));
        (Stream::new(account, vec![settings], answer.body, times), metrics)
    }

    #[tokio::test]
    async fn a_stream_whose_screening_breaks_ends_with_an_error_event() {
        let (mut stream, metrics) = stream().await;
        let first = stream.next_piece().await.unwrap();
        assert!(first.starts_with(b"data: {"));
        breaks::next();
        let whole = stream.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(whole.to_vec()).unwrap();
        assert!(text.starts_with("data: {\"error\":") && text.contains(MODERATION_UNAVAILABLE));
        assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
        assert_eq!(text.matches("data:").count(), 2, "only the end follows the error: {text}");
        let metrics = metrics.render();
        for line in [
            "tidegate_panics_total{part=\"screening\"} 1",
            "tidegate_unmoderated_total{phase=\"completion\",reason=\"internal_error\"} 1",
            "tidegate_http_requests_in_flight{route=\"chat\"} 0",
        ] {
            assert!(metrics.contains(line), "{line}\n{metrics}");
        }
    }

    #[tokio::test]
    async fn a_stream_that_breaks_before_its_head_is_sent_can_still_be_another_answer() {
        let (mut stream, _) = stream().await;
        breaks::next();
        assert_eq!(stream.hold_head(Duration::from_secs(60)).await, None);
        assert!(stream.is_broken());
    }
}
