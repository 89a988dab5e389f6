//! The relays of a stream, one for each policy: its bytes go through all of them, one behind the other.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::asker::with_answers;
use super::inline::Inline;
use crate::domain::{Action, Phase};
use crate::engine::{Answered, Answers, Asked, Judgements, Wanted};
use crate::policy::Policy;
use crate::stream::{Finale, MOST_UNITS, Moderated, Relay, RelaySettings};
use crate::upstream::UpstreamError;
use crate::wire::dialect::{AnswerMeta, Dialect, Dialects};

/// A relay, and the policy that it screens under.
type Screened = (Arc<Policy>, Relay);

/// The relays, and what they say at the end.
#[derive(Clone, Debug)]
pub(super) struct Relays {
    all: Vec<Screened>,
    dialect: Arc<Dialect>,
    /// Says what moderation came to, where that was asked for.
    results: Option<Results>,
    /// Whether a policy asks classifiers about answers.
    asks: bool,
    /// What classifiers said.
    answers: Answers,
}

/// What came of a piece.
#[derive(Debug)]
pub(super) enum Pushed {
    /// This comes out. These questions came up, and nothing waits for their answers.
    Out(Bytes, Vec<Wanted>),
    /// The piece has not gone in: these questions are to be answered before.
    Wants(Vec<Wanted>),
}

/// What is to be said of moderation at the end.
#[derive(Clone, Debug)]
struct Results {
    inline: Inline,
    /// How many answers were asked for.
    units: u64,
    end: Moderated,
}

impl Relays {
    /// One for each of these, in their order.
    pub(super) fn new(relays: Vec<RelaySettings>) -> Self {
        let dialect = relays.first().map(|settings| Arc::clone(&settings.dialect));
        let asks = relays.iter().any(|settings| settings.policy.asks_on(Phase::Completion));
        let relay = |settings: RelaySettings| (Arc::clone(&settings.policy), Relay::new(settings));
        Self {
            all: relays.into_iter().map(relay).collect(),
            dialect: dialect.unwrap_or_else(Dialects::fallback),
            results: None,
            asks,
            answers: Answers::default(),
        }
    }

    /// Has them say what moderation came to. `meta` is what the stream is called where it does not say.
    pub(super) fn say_moderation(&mut self, inline: Option<&Inline>, meta: AnswerMeta) {
        let units = self.all.first().map_or(1, |(_, relay)| relay.units_asked());
        self.results = inline.map(|inline| {
            let end = Moderated::new(&self.dialect, meta);
            Results { inline: inline.clone(), units, end }
        });
    }

    /// The dialect of the stream.
    pub(super) fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// A piece of the upstream's answer, its failure, or its end goes through all of them, if no answer of a classifier
    /// is missing that it has to wait for; with `insists` also then, and what is not judged does not come out.
    pub(super) fn push(
        &mut self,
        piece: Option<&Result<Bytes, UpstreamError>>,
        insists: bool,
    ) -> Pushed {
        let ended = !matches!(piece, Some(Ok(_)));
        let mut answers = std::mem::take(&mut self.answers);
        if !self.asks {
            let out = self.push_through(piece, &mut answers);
            return Pushed::Out(self.with_results(out, ended), Vec::new());
        }
        // It goes into a copy: where an answer is missing, nothing has happened.
        let mut tried = self.clone();
        if !insists {
            answers.begin_try();
        }
        let out = tried.push_through(piece, &mut answers);
        let (missing, wanted) = answers.end_try();
        if missing && !insists {
            self.answers = answers;
            return Pushed::Wants(wanted.into_iter().filter(|one| one.waits).collect());
        }
        tried.answers = answers;
        *self = tried;
        Pushed::Out(self.with_results(out, ended), wanted)
    }

    /// Answers that something waits for.
    pub(super) fn give(&mut self, answers: Vec<(Asked, Answered)>) {
        for (asked, answered) in answers {
            self.answers.give(asked, answered);
        }
    }

    /// Answers have come that nothing waited for: what comes out, and what is wanted still.
    pub(super) fn look_again(&mut self) -> (Bytes, Vec<Wanted>) {
        let mut answers = std::mem::take(&mut self.answers);
        let out = with_answers(&mut answers, |scratch| {
            let mut bytes = BytesMut::new();
            for (_, relay) in &mut self.all {
                let mut out = BytesMut::new();
                relay.push(&bytes, scratch, &mut out);
                relay.look_again(scratch, &mut out);
                bytes = out;
            }
            bytes.freeze()
        });
        let (_, wanted) = answers.end_try();
        self.answers = answers;
        (self.with_results(out, false), wanted)
    }

    fn with_results(&mut self, out: Bytes, ended: bool) -> Bytes {
        let ended = ended || self.are_over();
        match &mut self.results {
            Some(results) => results.put_into(&out, (&self.dialect, &self.all, ended)),
            None => out,
        }
    }

    fn push_through(
        &mut self,
        piece: Option<&Result<Bytes, UpstreamError>>,
        answers: &mut Answers,
    ) -> Bytes {
        with_answers(answers, |scratch| {
            let mut bytes = BytesMut::new();
            if let Some(Ok(piece)) = piece {
                bytes.extend_from_slice(piece);
            }
            for (_, relay) in &mut self.all {
                let mut out = BytesMut::new();
                relay.push(&bytes, scratch, &mut out);
                match piece {
                    Some(Ok(_)) => {}
                    Some(Err(UpstreamError::Timeout(_))) => {
                        relay.abort("upstream_timeout", scratch, &mut out);
                    }
                    Some(Err(_)) => relay.abort("upstream_failed", scratch, &mut out),
                    None => relay.finish(scratch, &mut out),
                }
                bytes = out;
            }
            bytes.freeze()
        })
    }

    /// Whether nothing more can come out of one of them.
    pub(super) fn are_over(&self) -> bool {
        self.all.iter().any(|(_, relay)| *relay.finale() != Finale::Open)
    }

    /// Whether the stream came to its own end in all of them.
    pub(super) fn ended_well(&self) -> bool {
        self.all.iter().all(|(_, relay)| *relay.finale() == Finale::Ended)
    }

    /// Whether the client has had text.
    pub(super) fn text_sent(&self) -> bool {
        self.all.last().is_some_and(|(_, relay)| relay.text_sent())
    }

    /// Bytes of text that they hold.
    pub(super) fn held(&self) -> usize {
        self.all.iter().map(|(_, relay)| relay.held()).sum()
    }

    /// Bytes of text that have come.
    pub(super) fn received(&self) -> usize {
        self.all.first().map_or(0, |(_, relay)| relay.received())
    }

    /// The action and the rule of a stop that came before any text.
    pub(super) fn early_stop(&self) -> Option<(Action, Option<usize>)> {
        self.all.iter().find_map(|(_, relay)| match relay.finale() {
            Finale::Cut { stop } if !relay.text_sent() => Some((stop.action, stop.rule)),
            Finale::Cut { .. } | Finale::Open | Finale::Ended | Finale::Failed { .. } => None,
        })
    }

    /// Why the stream failed, when it did before any text; not where the upstream itself said so.
    pub(super) fn early_failure(&self) -> Option<&'static str> {
        self.all.iter().find_map(|(_, relay)| match relay.finale() {
            Finale::Failed { reason } if !relay.text_sent() && *reason != "upstream_error" => {
                Some(*reason)
            }
            Finale::Open | Finale::Ended | Finale::Cut { .. } | Finale::Failed { .. } => None,
        })
    }

    /// Takes them out, each with its policy: nothing goes through any more.
    pub(super) fn take(&mut self) -> Vec<Screened> {
        std::mem::take(&mut self.all)
    }
}

impl Results {
    /// What came out of the relays, with the results in it where they are due.
    fn put_into(
        &mut self,
        bytes: &[u8],
        (dialect, relays, ended): (&Dialect, &[Screened], bool),
    ) -> Bytes {
        let results = || {
            let mut judged = Judgements::new();
            for (_, relay) in relays {
                for (unit, judgement) in relay.judged() {
                    judged.entry(unit).or_default().merge(&judgement);
                }
            }
            let seen = judged.last_key_value().and_then(|(unit, _)| *unit);
            let units = self.units.max(seen.map_or(0, |last| last.saturating_add(1)));
            let units: Vec<u64> = (0..units.min(MOST_UNITS as u64)).collect();
            self.inline.results(dialect, (&judged, &units))
        };
        let mut out = BytesMut::with_capacity(bytes.len());
        self.end.push(bytes, &results, &mut out);
        if ended {
            let failed = |relay: &Relay| matches!(relay.finale(), Finale::Failed { .. });
            let complete = !relays.iter().any(|(_, relay)| failed(relay));
            self.end.finish(complete, &results, &mut out);
        }
        out.freeze()
    }
}
