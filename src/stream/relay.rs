//! A whole streamed answer: its events wait in order until the text they carry is decided.
//!
//! Events keep their order and their bytes. An event goes out when every text in it may; only an
//! event that overlaps a replaced span is spliced. When an answer is stopped, what is decided of it
//! goes out, then the dialect's ending, and nothing of it after that. How texts are screened is in
//! `intake`, how events go out in `release`, how streams end in `ending`.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use bytes::BytesMut;

use super::channel::{ChannelReport, Gate};
use super::clean::CleanTexts;
use super::intake::Stopped;
use super::kept::Kept;
use super::place::Place;
use super::report::{Finale, RelaySettings, Report};
use super::tokens::TokenGate;
use super::tool_call::ToolCall;
use crate::config::dialect_file::Framing;
use crate::engine::{Judgements, Scratch, Stop};
use crate::wire::body::{Channel, Event, EventKind, Fragment, Part};
use crate::wire::dialect::{AnswerMeta, Memory};
use crate::wire::frame::{FrameWriter, Framer};
use crate::wire::sse::Frame;

/// The most events that may wait for a decision. A stream that has more is not one of text.
pub const MOST_WAITING: usize = 20_000;
/// The most bytes of events that may wait: what a tool call may come to.
pub const MOST_WAITING_BYTES: usize = 8 << 20;
/// The most answers of one stream: eight times what may be asked for with one prompt.
pub const MOST_UNITS: usize = 1024;

/// One streamed answer on its way to the client. A copy goes its own way: a piece can be tried on it.
#[derive(Clone, Debug)]
pub struct Relay {
    pub(super) settings: RelaySettings,
    pub(super) framer: Option<Framer>,
    pub(super) writer: FrameWriter,
    pub(super) queue: VecDeque<Waiting>,
    pub(super) queued_bytes: usize,
    pub(super) gates: Vec<Gate>,
    pub(super) token_gates: Vec<TokenGate>,
    pub(super) tools: BTreeMap<Channel, ToolCall>,
    pub(super) units: BTreeMap<u64, Unit>,
    pub(super) others: Vec<ChannelReport>,
    /// What the texts that came whole came to, by answer.
    pub(super) judged: Judgements,
    pub(super) meta: Option<AnswerMeta>,
    /// What the client has had, where the dialect's ending repeats it.
    pub(super) memory: Memory,
    /// Texts that came whole, or have ended, and in which nothing was found.
    pub(super) clean: CleanTexts,
    /// Parts that are open at the client, by their first number, and the number of the next one.
    pub(super) open_parts: Vec<u64>,
    pub(super) next_part: u64,
    pub(super) finale: Finale,
    pub(super) stop: Option<Stop>,
    pub(super) text_sent: bool,
    pub(super) edited: bool,
    /// The upstream has sent an error of its own.
    errored: bool,
    pub(super) bytes: usize,
    held_most: usize,
    unknown_leaves: usize,
    reframed: usize,
    pub(super) redactions: BTreeMap<Arc<str>, u64>,
    /// Texts for the report.
    pub(super) kept: Kept,
}

#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "five facts that hold independently")]
pub(super) struct Unit {
    /// The client has had a chunk of it.
    pub(super) started: bool,
    /// The upstream has finished it.
    pub(super) finished: bool,
    /// We have stopped it, and the ending is sent.
    pub(super) stopped: bool,
    /// The client has had text of it.
    pub(super) shown: bool,
    /// Its text was changed, so copies of it go.
    pub(super) edited: bool,
}

/// An event that waits.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) event: Arc<Event>,
    pub(super) texts: Vec<Text>,
    pub(super) tokens: Vec<TokenRun>,
    /// A text in it that came whole stops its answer, so it never goes out as it is.
    pub(super) withheld: bool,
}

/// Where the text of a fragment stands in its channel.
#[derive(Clone, Debug)]
pub(super) enum Text {
    /// In a channel that is screened while it grows.
    Gate { fragment: usize, gate: usize, place: Place },
    /// In a tool call.
    Tool { fragment: usize, channel: Channel, place: Place },
    /// Nowhere: it came whole and is decided.
    Whole { fragment: usize, cuts: Vec<(Range<usize>, String)> },
}

/// Where the tokens of an event stand in their list.
#[derive(Clone, Copy, Debug)]
pub(super) struct TokenRun {
    pub(super) unit: Option<u64>,
    /// Their gate, and where they end in it; `None` where they must go.
    pub(super) place: Option<(usize, usize)>,
}

impl Relay {
    /// A relay for one stream.
    pub fn new(settings: RelaySettings) -> Self {
        Self {
            framer: Some(settings.dialect.framer(settings.event_limit)),
            writer: FrameWriter::new(settings.dialect.framing()),
            memory: settings.dialect.memory(),
            settings,
            queue: VecDeque::new(),
            queued_bytes: 0,
            gates: Vec::new(),
            token_gates: Vec::new(),
            tools: BTreeMap::new(),
            units: BTreeMap::new(),
            others: Vec::new(),
            judged: Judgements::new(),
            meta: None,
            clean: CleanTexts::default(),
            open_parts: Vec::new(),
            next_part: 0,
            finale: Finale::Open,
            stop: None,
            text_sent: false,
            edited: false,
            errored: false,
            bytes: 0,
            held_most: 0,
            unknown_leaves: 0,
            reframed: 0,
            redactions: BTreeMap::new(),
            kept: Kept::default(),
        }
    }

    /// How the stream stands.
    pub fn finale(&self) -> &Finale {
        &self.finale
    }

    /// How many answers were asked for.
    pub fn units_asked(&self) -> u64 {
        self.settings.units
    }

    /// Whether the client has had any text.
    pub fn text_sent(&self) -> bool {
        self.text_sent
    }

    /// What the texts of each answer have come to so far, under the key `None` those that stand beside the answers.
    pub fn judged(&self) -> Judgements {
        let mut judged = self.judged.clone();
        for gate in &self.gates {
            if let Some(verdict) = gate.verdict() {
                let known = judged.entry(gate.channel.unit).or_default();
                known.note(&self.settings.policy, verdict);
            }
        }
        judged
    }

    /// Bytes of text that are held now.
    pub fn held(&self) -> usize {
        let tools: usize = self.tools.values().map(|call| call.arguments.len()).sum();
        self.gates.iter().map(Gate::held).sum::<usize>() + tools
    }

    /// Bytes of text that have come so far.
    pub const fn received(&self) -> usize {
        self.bytes
    }

    /// Bytes of the upstream that are kept now, in whatever form: an unfinished event, events that
    /// wait, and text that is held.
    pub fn buffered(&self) -> usize {
        let tokens: usize = self.token_gates.iter().map(TokenGate::held).sum();
        let unread = self.framer.as_ref().map_or(0, Framer::buffered);
        unread + self.queued_bytes + self.held() + tokens
    }

    /// Bytes of the upstream have come; what may go out is added to `out`.
    pub fn push(&mut self, bytes: &[u8], scratch: &mut Scratch, out: &mut BytesMut) {
        if self.finale != Finale::Open {
            return;
        }
        let Some(framer) = &mut self.framer else { return };
        let too_large = framer.push(bytes).is_err();
        while let Some(frame) = self.framer.as_mut().and_then(Framer::next_frame) {
            match self.settings.dialect.read_event(&frame) {
                Ok(event) => self.take_within_limits(event, scratch, out),
                Err(_) => self.fail("unreadable_event", out),
            }
            if self.finale != Finale::Open {
                return;
            }
        }
        if too_large {
            self.fail("event_too_large", out);
        }
    }

    /// Looks whether classifiers have answered that texts did not wait for.
    pub fn look_again(&mut self, scratch: &mut Scratch, out: &mut BytesMut) {
        if self.finale != Finale::Open {
            return;
        }
        let gates = self.gates.iter_mut();
        let stops: Vec<Stopped> =
            gates.filter_map(|gate| Some((gate.channel.unit, gate.look_again(scratch)?))).collect();
        for gate in &mut self.token_gates {
            gate.look_again(scratch);
        }
        for (unit, stop) in stops {
            self.stop_text(unit, stop, (&mut *scratch, &mut *out));
            if self.finale != Finale::Open {
                return;
            }
        }
        self.drain(out);
    }

    /// The upstream has closed the stream.
    pub fn finish(&mut self, scratch: &mut Scratch, out: &mut BytesMut) {
        self.take_rest(scratch, out);
        if self.finale != Finale::Open {
            return;
        }
        if self.settings.dialect.ends_with_stream() {
            self.close_finished(scratch, out);
            if self.finale != Finale::Open {
                return;
            }
        }
        let complete =
            !self.units.is_empty() && self.units.values().all(|c| c.finished || c.stopped);
        if complete && !self.errored {
            self.drain(out);
            self.end(Finale::Ended);
        } else {
            self.abort("upstream_ended_early", scratch, out);
        }
    }

    /// The upstream failed in mid-stream. Text that has come goes out if it is clean; a tool call
    /// that is not whole does not.
    pub fn abort(&mut self, reason: &'static str, scratch: &mut Scratch, out: &mut BytesMut) {
        if self.finale != Finale::Open {
            return;
        }
        self.framer = None;
        self.close_texts(scratch, out);
        if self.finale != Finale::Open {
            return;
        }
        if self.errored {
            // The client has been told by the upstream itself.
            self.end(Finale::Failed { reason: "upstream_error" });
        } else {
            self.fail(reason, out);
        }
    }

    /// What happened.
    pub fn report(self) -> Report {
        let mut channels: Vec<ChannelReport> = self.gates.into_iter().map(Gate::report).collect();
        channels.extend(self.others);
        channels.extend(self.token_gates.into_iter().filter_map(TokenGate::report));
        Report {
            channels,
            bytes: self.bytes,
            held_most: self.held_most,
            stop: self.stop,
            text_sent: self.text_sent,
            unknown_leaves: self.unknown_leaves,
            reframed: self.reframed,
            edited: self.edited,
            redactions: self.redactions,
            texts: self.kept.texts(),
        }
    }

    /// An event whose blank line never came. Some clients read it and some do not, so it is passed on
    /// with a blank line; one that is cut in the middle is no event.
    fn take_rest(&mut self, scratch: &mut Scratch, out: &mut BytesMut) {
        let open = self.finale == Finale::Open;
        let rest = self.framer.take().filter(|_| open).and_then(Framer::finish);
        let reframed = self.settings.dialect.framing() == Framing::Sse;
        let frame = rest.map(|frame| Frame { ambiguous: frame.ambiguous || reframed, ..frame });
        let event = frame.and_then(|frame| self.settings.dialect.read_event(&frame).ok());
        if let Some(event) = event {
            self.take_within_limits(event, scratch, out);
        }
    }

    fn take_within_limits(&mut self, event: Event, scratch: &mut Scratch, out: &mut BytesMut) {
        self.take(event, scratch, out);
        if self.queue.len() > MOST_WAITING || self.queued_bytes > MOST_WAITING_BYTES {
            self.fail("too_much_waiting", out);
        }
    }

    fn take(&mut self, event: Event, scratch: &mut Scratch, out: &mut BytesMut) {
        if self.meta.is_none() {
            self.meta = self.settings.dialect.meta_of(&event);
        }
        self.unknown_leaves += event.unknown_leaves;
        self.reframed += usize::from(event.reframed);
        for &unit in &event.units {
            self.units.entry(unit).or_default();
        }
        if self.units.len() > MOST_UNITS {
            return self.fail("too_many_answers", out);
        }
        if self.speaks_after_its_end(&event) {
            return self.fail("text_after_end", out);
        }
        let (kind, mut finished) = (event.kind, event.finished.clone());
        if event.finished_all {
            let known = self.units.keys().copied();
            finished.extend(known.chain(0..self.settings.units.min(MOST_UNITS as u64)));
        }
        let mut closed = closing(&event);
        let mut stops = Vec::new();
        // What an event repeats of the texts that end with it is known to be clean, if they are.
        if !event.fragments.iter().any(is_piece) {
            stops = self.close_parts(closed.take(), scratch);
        }
        let (waiting, found) = self.screen(event, scratch);
        stops.extend(found);
        if kind == EventKind::Error && !stops.is_empty() {
            // What the upstream says of its failure may not be said; that it failed may.
            self.close_texts(scratch, out);
            return self.fail("upstream_error", out);
        }
        self.held_most = self.held_most.max(self.held());
        self.queued_bytes += waiting.event.raw.len();
        self.queue.push_back(waiting);
        stops.extend(self.close_parts(closed, scratch));
        for unit in finished {
            self.units.entry(unit).or_default().finished = true;
            if !self.settings.dialect.ends_with_stream() {
                stops.extend(self.close_unit(unit, scratch).map(|stop| (Some(unit), stop)));
            }
        }
        if kind == EventKind::Done {
            let open: Vec<u64> = self.units.keys().copied().collect();
            for unit in open {
                stops.extend(self.close_unit(unit, scratch).map(|stop| (Some(unit), stop)));
            }
        }
        for (unit, stop) in stops {
            self.stop_text(unit, stop, (&mut *scratch, &mut *out));
            if self.finale != Finale::Open {
                return;
            }
        }
        if kind == EventKind::Error {
            self.errored = true;
            self.close_texts(scratch, out);
        } else {
            self.drain(out);
        }
        if kind == EventKind::Done && self.finale == Finale::Open {
            let failed = Finale::Failed { reason: "upstream_error" };
            self.end(if self.errored { failed } else { Finale::Ended });
        }
    }

    fn close_parts(&mut self, closed: Option<Closed>, scratch: &mut Scratch) -> Vec<Stopped> {
        let Some(Closed { units, keys, only }) = closed else { return Vec::new() };
        let close = |unit: u64| {
            let stop = self.close_part(unit, (&keys, only.as_deref()), scratch)?;
            Some((Some(unit), stop))
        };
        units.into_iter().filter_map(close).collect()
    }

    /// The stream is over, and with it the texts of answers that were said to be over before.
    fn close_finished(&mut self, scratch: &mut Scratch, out: &mut BytesMut) {
        let finished = self.units.iter().filter(|(_, unit)| unit.finished);
        let finished: Vec<u64> = finished.map(|(&unit, _)| unit).collect();
        for unit in finished {
            if let Some(stop) = self.close_unit(unit, scratch) {
                self.stop_text(Some(unit), stop, (&mut *scratch, &mut *out));
            }
            if self.finale != Finale::Open {
                return;
            }
        }
    }

    /// Whether nothing more can come of an answer.
    pub(super) fn is_over(&self, unit: &Unit) -> bool {
        unit.finished && !self.settings.dialect.ends_with_stream()
    }

    /// Whether an event has more text for an answer that has ended: what was decided as the end of
    /// a text would be put together with it.
    fn speaks_after_its_end(&self, event: &Event) -> bool {
        let ended = |unit: u64| {
            self.units.get(&unit).is_some_and(|c| (self.is_over(c) || self.errored) && !c.stopped)
        };
        event.fragments.iter().any(|fragment| {
            is_piece(fragment)
                && !fragment.text.is_empty()
                && fragment.channel.unit.is_some_and(ended)
        })
    }
}

/// A part whose texts have ended.
struct Closed {
    units: Vec<u64>,
    keys: Vec<u64>,
    /// Its only channel that has.
    only: Option<Arc<str>>,
}

fn closing(event: &Event) -> Option<Closed> {
    let keys = event.closes.clone()?;
    Some(Closed { units: event.units.clone(), keys, only: event.closes_only.clone() })
}

/// Whether a text is a piece of one that comes in pieces.
fn is_piece(fragment: &Fragment) -> bool {
    !matches!(fragment.channel.part, Part::Other(_))
}
