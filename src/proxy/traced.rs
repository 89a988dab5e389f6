//! The spans of one exchange: the request itself, what was screened, who was asked, and the call of the upstream.
//!
//! Names and attributes are those of the OpenTelemetry conventions for generative models as of autumn 2026, where these have
//! any, and `tidegate.*`. No text of people is among them.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use tokio::time::Instant;
use uuid::Uuid;

use super::account::{Account, Identity, Unit};
use crate::domain::{Classified, DecisionId, Phase};
use crate::telemetry::{Attribute, Span, SpanKind, Spans, Telemetry, TraceContext};

/// The most rules that a span names.
const MOST_RULES: usize = 32;

/// What an exchange that is traced leaves behind. The span of the whole request ends when the last who has a part in it lets
/// go of this.
#[derive(Debug)]
pub(super) struct Traced {
    spans: Spans,
    context: TraceContext,
    /// The id of the span of the upstream's call, which the upstream is told.
    call: u64,
    /// When it began, by both clocks.
    began: (Instant, Timestamp),
    attributes: Vec<(&'static str, Attribute)>,
    /// The status of the answer; 0 while there is none.
    status: AtomicU16,
    first_chunk: OnceLock<Instant>,
}

/// What came of a unit, in words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) decision: DecisionId,
    /// The action, `unscannable` or `unavailable`.
    pub(super) action: &'static str,
    pub(super) enforced: bool,
}

impl Traced {
    /// Begins to trace an exchange, if it is to be.
    pub(super) fn new(account: &Account, method: &Method) -> Option<Arc<Self>> {
        let (telemetry, identity) = (&account.telemetry, &account.identity);
        let mut traced = Self::begun(telemetry, identity, (account.started, method))?;
        traced.attributes.extend([
            ("http.route", (*account.route.id).into()),
            ("tidegate.route", (*account.route.id).into()),
            ("tidegate.dialect", (*account.dialect).into()),
            ("tidegate.stream", Attribute::Bool(account.stream)),
        ]);
        if !account.model.is_empty() {
            traced.attributes.push(("gen_ai.request.model", account.model.as_str().into()));
        }
        Some(Arc::new(traced))
    }

    /// What is known of every request.
    fn begun(
        telemetry: &Telemetry,
        identity: &Identity,
        (started, method): (Instant, &Method),
    ) -> Option<Self> {
        let context = identity.trace;
        let spans = telemetry.spans.as_ref().filter(|_| context.is_sampled())?.clone();
        let since = telemetry.clock.now() - started.elapsed();
        let attributes = vec![
            ("http.request.method", word_of(method).into()),
            ("tidegate.request_id", identity.request_id.as_str().into()),
        ];
        Some(Self {
            spans,
            context,
            call: drawn(),
            began: (started, since),
            attributes,
            status: AtomicU16::new(0),
            first_chunk: OnceLock::new(),
        })
    }

    /// What the upstream is told of the trace: that its work is a part of our call.
    pub(super) fn for_upstream(&self) -> TraceContext {
        self.context.with_span(self.call)
    }

    /// The request has been answered.
    pub(super) fn answered(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    /// The first piece of a streamed answer is there.
    pub(super) fn first_chunk(&self) {
        self.first_chunk.get_or_init(Instant::now);
    }

    /// The call of the upstream is over.
    pub(super) fn called(&self, upstream: &str, asked: Instant, outcome: &'static str) {
        let model = self.attributes.iter().find(|(name, _)| *name == "gen_ai.request.model");
        let name = match model {
            Some((_, Attribute::Text(model))) => format!("chat {model}"),
            _ => "chat".to_owned(),
        };
        let attributes = vec![
            ("gen_ai.operation.name", "chat".into()),
            ("tidegate.upstream", upstream.into()),
            ("tidegate.outcome", outcome.into()),
        ];
        let failed = !matches!(outcome, "ok" | "cancelled");
        let attributes = attributes.into_iter().chain(model.cloned()).collect();
        let id = self.call;
        self.push(Span { id, attributes, failed, ..self.part(name, SpanKind::Client, asked) });
    }

    /// A unit was decided.
    pub(super) fn decided(&self, unit: &Unit<'_>, word: Word) {
        let began = self.first_chunk.get().filter(|_| unit.phase == Phase::Completion).copied();
        let phase = unit.phase.as_str();
        let verdicts = || unit.verdicts.iter().map(|(_, _, verdict)| verdict);
        // Classifiers are asked before a text is screened with what they said.
        let asked =
            verdicts().flat_map(|verdict| &verdict.classified).map(|said| said.took_us).max();
        let asked = Duration::from_micros(asked.unwrap_or_default()).as_secs_f64();
        let began = began.unwrap_or_else(|| before(Instant::now(), unit.seconds + asked));
        let mut rules: Vec<String> =
            verdicts().flat_map(|verdict| &verdict.rules).map(|one| one.id.to_string()).collect();
        rules.sort();
        rules.dedup();
        rules.truncate(MOST_RULES);
        let id = drawn();
        let attributes = vec![
            ("gen_ai.operation.name", "apply_guardrail".into()),
            ("gen_ai.guardrail.component.name", phase.into()),
            ("gen_ai.guardrail.policy.id", (*unit.policy.name).into()),
            ("gen_ai.guardrail.policy.version", (*unit.policy.revision).into()),
            ("gen_ai.guardrail.result.type", word.action.into()),
            ("tidegate.decision_id", word.decision.to_string().as_str().into()),
            ("tidegate.enforced", Attribute::Bool(word.enforced)),
            ("tidegate.rules", Attribute::Texts(rules)),
            ("tidegate.bytes", Attribute::from(unit.bytes as u64)),
            ("tidegate.screening_seconds", Attribute::Double(unit.seconds)),
            ("tidegate.outcome", unit.outcome.into()),
        ];
        let name = format!("apply_guardrail {phase}");
        self.push(Span { id, attributes, ..self.part(name, SpanKind::Internal, began) });
        for said in verdicts().flat_map(|verdict| &verdict.classified) {
            self.asked(id, said);
        }
    }

    /// A classifier was asked about texts of a unit: the longest of its answers.
    fn asked(&self, parent: u64, said: &Classified) {
        if said.asked == 0 {
            return;
        }
        let took = Duration::from_micros(said.took_us).as_secs_f64();
        let mut attributes = vec![
            ("tidegate.classifier", (*said.classifier).into()),
            ("tidegate.texts", Attribute::from(u64::from(said.asked))),
            ("tidegate.cached", Attribute::Bool(said.cached)),
        ];
        if let Some((label, score)) = &said.highest {
            attributes.push(("tidegate.label", label.as_str().into()));
            attributes.push(("tidegate.score", Attribute::Double(*score)));
        }
        if let Some(why) = said.unavailable {
            attributes.push(("error.type", why.into()));
        }
        let name = format!("classify {}", said.classifier);
        let failed = said.unavailable.is_some();
        let span = self.part(name, SpanKind::Client, before(Instant::now(), took));
        self.push(Span { parent: Some(parent), attributes, failed, ..span });
    }

    /// A part of the request that ends now.
    fn part(&self, name: String, kind: SpanKind, began: Instant) -> Span {
        Span {
            trace: self.context.trace(),
            id: drawn(),
            parent: Some(self.context.span()),
            name,
            kind,
            began: self.at(began),
            ended: self.at(Instant::now()),
            attributes: Vec::new(),
            failed: false,
        }
    }

    fn push(&self, span: Span) {
        self.spans.push(span);
    }

    /// A moment as the collector wants it. Spans of one exchange hang on one reading of the time of day, so that none ends
    /// before it begins when somebody sets that.
    fn at(&self, moment: Instant) -> u64 {
        let (began, since) = self.began;
        let at = since + moment.saturating_duration_since(began);
        u64::try_from(at.as_nanosecond()).unwrap_or_default()
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        let status = *self.status.get_mut();
        let mut attributes = std::mem::take(&mut self.attributes);
        if status > 0 {
            attributes.push(("http.response.status_code", Attribute::from(u64::from(status))));
        }
        let span = self.part("tidegate.request".to_owned(), SpanKind::Server, self.began.0);
        let (id, parent) = (self.context.span(), self.context.parent());
        self.push(Span { id, parent, attributes, failed: status >= 500, ..span });
    }
}

/// The span of a request that has met no policy, where it is traced: how it was answered, and why it was refused, if it was.
pub(super) fn unmet(
    telemetry: &Telemetry,
    identity: &Identity,
    asked: (Instant, &Method),
    (status, reason): (u16, Option<&'static str>),
) {
    let Some(mut traced) = Traced::begun(telemetry, identity, asked) else { return };
    traced.attributes.extend(reason.map(|reason| ("error.type", reason.into())));
    traced.answered(status);
}

/// A method as the conventions want it: any other is a text that a client chose.
const fn word_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => "_OTHER",
    }
}

/// A new id of a span.
fn drawn() -> u64 {
    Uuid::now_v7().as_u64_pair().1 | 1
}

fn before(moment: Instant, seconds: f64) -> Instant {
    let span = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    moment.checked_sub(span).unwrap_or(moment)
}
