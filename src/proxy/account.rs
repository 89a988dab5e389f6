//! What an exchange leaves behind: metrics, and one decision record for each unit that was screened,
//! also when the client went away.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use super::kept::Heard;
use super::live::{NamedUpstream, Route};
use super::rehearsal::Rehearsals;
use super::shelf::Shelf;
use super::traced::{Traced, Word};
use crate::domain::{Action, DecisionId, KeptText, Mode, NoticeKind, Outcome, Phase, Verdict};
use crate::policy::{Policy, Reveal};
use crate::telemetry::{
    ClassifierRecord, DecisionRecord, Metrics, RuleRecord, Spans, Telemetry, TraceContext,
    UpstreamCall,
};
use crate::upstream::UpstreamError;
use crate::wire::dialect::Dialect;

/// The most rules that an answer's headers name.
const MOST_TOLD: usize = 32;

/// The identity of one exchange.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) request_id: String,
    pub(super) trace: TraceContext,
    pub(super) prompt_decision: DecisionId,
    pub(super) completion_decision: DecisionId,
    /// Whoever asks, as the store knows them.
    pub(super) caller: String,
}

impl Identity {
    /// Draws the ids of an exchange; the caller's request id is kept if it is a plain one.
    pub(super) fn new(
        request_id: Option<&str>,
        traceparent: Option<&str>,
        spans: Option<&Spans>,
    ) -> Self {
        const LONGEST_REQUEST_ID: usize = 128;
        let drawn = Uuid::now_v7();
        let plain = |id: &&str| {
            (1..=LONGEST_REQUEST_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
        };
        Self {
            request_id: request_id
                .filter(plain)
                .map_or_else(|| format!("req_{}", drawn.simple()), str::to_owned),
            trace: TraceContext::continued(traceparent, Uuid::now_v7().as_u128().rotate_left(64))
                .kept_if(|| {
                    spans.is_some_and(|spans| spans.keeps(share_of(DecisionId::new(drawn))))
                }),
            prompt_decision: DecisionId::new(drawn),
            completion_decision: DecisionId::new(Uuid::now_v7()),
            caller: String::new(),
        }
    }
}

/// What all records of an exchange share.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) telemetry: Telemetry,
    pub(super) identity: Identity,
    pub(super) route: Route,
    /// The name of the wire format.
    pub(super) dialect: Arc<str>,
    /// Its tables; a path that no dialect knows has none.
    pub(super) api: Option<Arc<Dialect>>,
    pub(super) model: String,
    pub(super) stream: bool,
    pub(super) started: Instant,
    /// Keeps decisions for people to speak of.
    pub(super) shelf: Option<Arc<Shelf>>,
    /// Whoever asks, as the store knows them.
    pub(super) caller: String,
    /// Has the second policy of a route decide.
    pub(super) rehearsals: Arc<Rehearsals>,
    /// Its spans, if it is traced.
    pub(super) traced: Option<Arc<Traced>>,
    /// Held as long as the exchange goes on, by whoever carries it on.
    #[expect(dead_code, reason = "it counts by being there")]
    pub(super) in_flight: Arc<InFlight>,
}

/// An exchange counts as being in flight until this is dropped, however it ends.
#[derive(Debug)]
pub(super) struct InFlight {
    metrics: Arc<Metrics>,
    route: Arc<str>,
}

impl InFlight {
    pub(super) fn new(metrics: &Arc<Metrics>, route: &Arc<str>) -> Arc<Self> {
        metrics.in_flight(route, 1);
        Arc::new(Self { metrics: Arc::clone(metrics), route: Arc::clone(route) })
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.metrics.in_flight(&self.route, -1);
    }
}

/// A call of the upstream. It is counted once: by how it ended, or as cancelled where it is dropped
/// before, because the client has left or a decision has cut the answer.
#[derive(Debug)]
pub(super) struct Call {
    metrics: Arc<Metrics>,
    upstream: Arc<NamedUpstream>,
    request_id: String,
    asked: Instant,
    traced: Option<Arc<Traced>>,
    trace: TraceContext,
    open: bool,
}

impl Call {
    pub(super) fn new(account: &Account) -> Self {
        let (metrics, upstream) = (&account.telemetry.metrics, &account.route.upstream);
        let (metrics, upstream) = (Arc::clone(metrics), Arc::clone(upstream));
        let request_id = account.identity.request_id.clone();
        let (traced, trace) = (account.traced.clone(), account.identity.trace);
        Self { metrics, upstream, request_id, asked: Instant::now(), traced, trace, open: true }
    }

    /// When the upstream was asked.
    pub(super) const fn asked(&self) -> Instant {
        self.asked
    }

    /// Logs why the upstream failed, and counts the call.
    pub(super) fn failed(&mut self, error: &UpstreamError) {
        let (upstream, request_id) = (&*self.upstream.name, &*self.request_id);
        let trace_id = self.trace.trace_id();
        tracing::warn!(upstream, request_id, trace_id, %error, cause = error.cause(), "the upstream failed");
        self.ended(error.outcome());
    }

    /// Logs what makes the answer unreadable, and counts the call.
    pub(super) fn unreadable(&mut self, what: &str) {
        let (upstream, request_id) = (&*self.upstream.name, &*self.request_id);
        let trace_id = self.trace.trace_id();
        tracing::warn!(
            upstream,
            request_id,
            trace_id,
            what,
            "the upstream's answer cannot be screened"
        );
        self.ended("protocol_error");
    }

    /// Counts the call, unless that has been done.
    pub(super) fn ended(&mut self, outcome: &'static str) {
        if std::mem::replace(&mut self.open, false) {
            self.metrics.upstream(&UpstreamCall {
                upstream: &self.upstream.name,
                outcome,
                seconds: self.asked.elapsed().as_secs_f64(),
            });
            if let Some(traced) = &self.traced {
                traced.called(&self.upstream.name, self.asked, outcome);
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.ended("cancelled");
    }
}

/// One screened unit: all passages of a prompt, or of a completion, under one policy.
#[derive(Debug)]
pub(super) struct Unit<'u> {
    pub(super) phase: Phase,
    pub(super) policy: &'u Arc<Policy>,
    /// The verdicts of its passages, with where each sits and who wrote it.
    pub(super) verdicts: Vec<(String, &'static str, Verdict)>,
    pub(super) bytes: usize,
    pub(super) held_most: usize,
    pub(super) seconds: f64,
    pub(super) outcome: &'static str,
    /// Its texts, where records keep anything of them.
    pub(super) texts: Vec<Heard<'u>>,
}

/// A number from 0 to 1 that an exchange has drawn, for what is kept of a part of them.
fn share_of(drawn: DecisionId) -> f64 {
    f64::from(drawn.low_bits()) / f64::from(u16::MAX)
}

/// What came of a unit.
#[derive(Debug)]
pub(super) struct Decided {
    pub(super) action: Action,
    pub(super) told: Told,
    /// Whether it is on record, where every decision has to be; it takes no effect otherwise.
    pub(super) recorded: bool,
}

/// What the policies say about themselves to the client; nothing unless `reveal` asks for it, because
/// whoever tries to get around rules goes by what they see of them.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Names and revisions of policies.
    policies: Vec<String>,
    /// Ids of rules that fired.
    rules: Vec<Arc<str>>,
}

impl Told {
    /// The rule that stopped a text.
    pub(super) fn of_rule(policy: &Policy, rule: Option<usize>) -> Self {
        let rule = rule.filter(|_| policy.reveal.rules).and_then(|rule| policy.rules.get(rule));
        Self { rules: rule.iter().map(|rule| Arc::clone(&rule.id)).collect(), ..Self::default() }
    }

    pub(super) fn add(&mut self, more: Self) {
        let new = |policy: &String| !self.policies.contains(policy);
        let policies: Vec<String> = more.policies.into_iter().filter(new).collect();
        self.policies.extend(policies);
        for rule in more.rules {
            if !self.rules.contains(&rule) {
                self.rules.push(rule);
            }
        }
    }

    /// Writes it into the headers of an answer.
    pub(super) fn write(&self, headers: &mut HeaderMap) {
        let rules: Vec<&str> = self.rules.iter().take(MOST_TOLD).map(|rule| &**rule).collect();
        for (name, value) in
            [("x-tidegate-policy", self.policies.join(",")), ("x-tidegate-rules", rules.join(","))]
        {
            if let Ok(value) = HeaderValue::from_str(&value)
                && !value.is_empty()
            {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

fn told(unit: &Unit<'_>) -> Told {
    let Reveal { policy, rules, .. } = unit.policy.reveal;
    let mut told = Told::default();
    if policy {
        told.policies.push(format!("{}@{}", unit.policy.name, unit.policy.revision));
    }
    if rules && unit.policy.mode == Mode::Enforce {
        let fired = unit.verdicts.iter().flat_map(|(_, _, verdict)| &verdict.rules);
        let fired = fired.filter(|fired| fired.mode == Mode::Enforce);
        let rules = fired.map(|fired| Arc::clone(&fired.id)).collect();
        told.add(Told { rules, ..Told::default() });
    }
    told
}

impl Account {
    /// The same, traced if it is to be, as a request with this method.
    pub(super) fn traced_as(self, method: &http::Method) -> Self {
        Self { traced: Traced::new(&self, method), ..self }
    }

    /// The trace that the upstream is told of: that its work is a part of our call, or, where we send no spans, of the caller's.
    pub(super) fn trace_for_upstream(&self) -> TraceContext {
        let own = self.identity.trace;
        match (&self.traced, own.parent()) {
            (Some(traced), _) => traced.for_upstream(),
            (None, Some(parent)) => own.with_span(parent),
            (None, None) => own,
        }
    }

    /// The exchange has been answered, to the last byte.
    pub(super) fn answered(&self, status: u16, stream: bool) {
        let seconds = self.started.elapsed().as_secs_f64();
        let of = (status, &*self.dialect);
        self.telemetry.metrics.answered(&self.route.id, of, stream, seconds);
        if let Some(traced) = &self.traced {
            traced.answered(status);
        }
    }

    /// Counts and records a unit; the result is what was decided, and what the client may be told.
    pub(super) fn decide(&self, unit: &Unit<'_>) -> Decided {
        let strictest = |get: fn(&Verdict) -> Action| {
            unit.verdicts.iter().map(|(_, _, verdict)| get(verdict)).max().unwrap_or_default()
        };
        let action = strictest(|verdict| verdict.action);
        let would_be = strictest(|verdict| verdict.shadow_action).max(action);
        let unscannable = unit.verdicts.iter().any(|(_, _, v)| v.outcome == Outcome::Unscannable);
        let deciding =
            unit.verdicts.iter().find(|(_, _, v)| v.action == action && action > Action::Allow);
        let deciding =
            deciding.or_else(|| unit.verdicts.iter().find(|(_, _, v)| v.shadow_action == would_be));
        let category = deciding
            .and_then(|(_, _, v)| {
                v.rules.iter().find(|r| Some(r.rule) == v.decided_by).or_else(|| v.rules.first())
            })
            .and_then(|rule| rule.category.as_ref())
            .map_or("none", |category| category.as_str());
        let unavailable = unit.verdicts.iter().any(|(_, _, v)| v.outcome == Outcome::Unavailable);
        let word = match (unscannable, unavailable) {
            (true, _) => "unscannable",
            (false, true) => "unavailable",
            (false, false) => would_be.as_str(),
        };
        let score = unit.verdicts.iter().map(|(_, _, v)| v.score).fold(0.0, f64::max);
        let metrics = &self.telemetry.metrics;
        let mode = match would_be > action {
            true => Mode::Shadow,
            // What a request asks to be blocked is, under a policy that is only watched too.
            false if action.stops() => Mode::Enforce,
            false => unit.policy.mode,
        };
        metrics.decided(unit.phase, (word, mode, category), score);
        metrics.screened(unit.phase, unit.bytes, unit.seconds);
        let rules = merged_rules(unit);
        for rule in &rules {
            let mode = if rule.mode == "shadow" { Mode::Shadow } else { Mode::Enforce };
            metrics.rule_matched(&unit.policy.name, &rule.id, mode);
        }
        for rewrite in unit.verdicts.iter().flat_map(|(_, _, v)| &v.rewrites) {
            metrics.redacted(unit.phase, &rewrite.label);
        }
        if unscannable {
            metrics.unmoderated(unit.phase, "undecodable");
        }
        for said in unit.verdicts.iter().flat_map(|(_, _, v)| &v.classified) {
            metrics.consulted(said);
            if said.unavailable.is_some() {
                metrics.unmoderated(unit.phase, "classifier_unavailable");
            }
        }
        let told = told(unit);
        if let Some(traced) = &self.traced {
            let decision = self.decision(unit.phase);
            traced.decided(unit, Word { decision, action: word, enforced: action > Action::Allow });
        }
        self.rehearsals.submit(self, unit);
        self.tell_outside(unit, action, (rules.first(), category));
        let draw = share_of(self.identity.prompt_decision);
        let place = deciding.map(|d| (d.0.clone(), d.1));
        let is_logged = self.telemetry.records.keeps(word, draw);
        let mut recorded = true;
        if is_logged || self.shelf.is_some() || self.telemetry.feed.is_watched() {
            let record = self.record(unit, rules, (word, would_be, action), place);
            self.telemetry.feed.tell(&record, self.telemetry.clock);
            let kept = self.shelf.as_ref().map(|shelf| shelf.keep(self, unit, (&record, would_be)));
            let records = &self.telemetry.records;
            let log = |record| records.write(self.with_texts(unit, record, records.text()).1);
            // Each takes it, whatever becomes of the other.
            let logged = !is_logged || log(record);
            recorded = kept.unwrap_or(true) && logged;
        }
        Decided { action, told, recorded }
    }

    /// Tells those outside who asked for it.
    fn tell_outside(
        &self,
        unit: &Unit<'_>,
        action: Action,
        (rule, category): (Option<&RuleRecord>, &str),
    ) {
        let kind = match action {
            Action::Respond | Action::Block => Some(NoticeKind::DecisionStopped),
            Action::Review => Some(NoticeKind::DecisionReview),
            Action::Allow | Action::Tag | Action::Redact => None,
        };
        if let Some(kind) = kind {
            self.telemetry.notices.tell(kind, || {
                json!({
                    "decision": self.decision(unit.phase).to_string(),
                    "phase": unit.phase.as_str(),
                    "action": action.as_str(),
                    "route": self.route.id,
                    "policy": unit.policy.name,
                    "rule": rule.map(|rule| &*rule.id),
                    "category": category,
                })
            });
        }
    }

    /// Counts and records a unit that could not be screened because something broke in us. It is no
    /// verdict: nothing is known of the text.
    pub(super) fn not_screened(&self, phase: Phase, policy: &Arc<Policy>, outcome: &'static str) {
        self.telemetry.metrics.unmoderated(phase, "internal_error");
        let verdict = Verdict { outcome: Outcome::Unavailable, ..Verdict::default() };
        self.decide(&Unit {
            phase,
            policy,
            verdicts: vec![(String::new(), "", verdict)],
            bytes: 0,
            held_most: 0,
            seconds: 0.0,
            outcome,
            texts: Vec::new(),
        });
    }

    pub(super) fn decision(&self, phase: Phase) -> DecisionId {
        match phase {
            Phase::Prompt => self.identity.prompt_decision,
            Phase::Completion => self.identity.completion_decision,
        }
    }

    /// Counts strings that no row of the dialect names.
    pub(super) fn count_unknown(&self, phase: Phase, leaves: usize) {
        self.telemetry.metrics.unknown_leaves(&self.dialect, phase, leaves);
    }

    /// The record of a unit, without texts, and not yet to be shown: its place has the keys that clients chose.
    fn record(
        &self,
        unit: &Unit<'_>,
        rules: Vec<RuleRecord>,
        (word, would_be, action): (&'static str, Action, Action),
        place: Option<(String, &'static str)>,
    ) -> DecisionRecord {
        let (passage, author) = place.unzip();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "microseconds of one decision"
        )]
        let overhead_us = (unit.seconds * 1e6) as u64;
        DecisionRecord {
            schema: "tidegate.decision/v1",
            ts: self.telemetry.clock.now().to_string(),
            decision_id: self.decision(unit.phase).to_string(),
            trace_id: self.identity.trace.trace_id(),
            request_id: self.identity.request_id.clone(),
            route: Arc::clone(&self.route.id),
            dialect: Arc::clone(&self.dialect),
            model: self.model.clone(),
            phase: unit.phase.as_str(),
            passage: passage.filter(|_| would_be > Action::Allow),
            author: author.filter(|_| would_be > Action::Allow),
            stream: self.stream,
            policy: Arc::clone(&unit.policy.name),
            policy_revision: Arc::clone(&unit.policy.revision),
            thresholds: unit.policy.moved.iter().cloned().collect(),
            mode: unit.policy.mode.as_str(),
            action: word,
            would_be: would_be.as_str(),
            enforced: action > Action::Allow,
            score: unit.verdicts.iter().map(|(_, _, v)| v.score).fold(0.0, f64::max),
            rules,
            classifiers: merged_classifiers(unit),
            bytes: unit.bytes,
            held_bytes_max: unit.held_most,
            overhead_us,
            outcome: unit.outcome,
            text: KeptText::Omitted.as_str(),
            passages: Vec::new(),
            passages_left_out: 0,
        }
    }
}

/// Each classifier once, with what it said of all texts together.
fn merged_classifiers(unit: &Unit<'_>) -> Vec<ClassifierRecord> {
    let mut records: Vec<ClassifierRecord> = Vec::new();
    for said in unit.verdicts.iter().flat_map(|(_, _, verdict)| &verdict.classified) {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of one answer")]
        let ms = said.took_us as f64 / 1e3;
        let (label, score) = said.highest.clone().unzip();
        let new = ClassifierRecord {
            name: Arc::clone(&said.classifier),
            asked: said.asked,
            spared: said.spared,
            unavailable: said.unavailable,
            label: label.map(|category| category.as_str().to_owned()),
            score,
            ms,
            cached: said.cached && said.asked > 0,
        };
        let Some(known) = records.iter_mut().find(|known| known.name == new.name) else {
            records.push(new);
            continue;
        };
        known.asked += new.asked;
        known.spared += new.spared;
        known.unavailable = known.unavailable.or(new.unavailable);
        known.ms = known.ms.max(new.ms);
        known.cached &= new.cached;
        if new.score > known.score {
            (known.label, known.score) = (new.label, new.score);
        }
    }
    records
}

/// Each rule once, with all its spans.
fn merged_rules(unit: &Unit<'_>) -> Vec<RuleRecord> {
    const MOST_SPANS: usize = 64;
    let mut records: Vec<(usize, RuleRecord)> = Vec::new();
    for (_, _, verdict) in &unit.verdicts {
        for fired in &verdict.rules {
            let findings = verdict.findings.iter().filter(|finding| finding.rule == fired.rule);
            let position = records.iter().position(|(index, _)| *index == fired.rule);
            let position = position.unwrap_or_else(|| {
                records.push((
                    fired.rule,
                    RuleRecord {
                        id: Arc::clone(&fired.id),
                        category: fired.category.as_ref().map(|c| c.as_str().to_owned()),
                        action: fired.action.map(Action::as_str),
                        score: fired.score,
                        mode: fired.mode.as_str(),
                        spans: Vec::new(),
                        via: Vec::new(),
                    },
                ));
                records.len() - 1
            });
            let Some((_, record)) = records.get_mut(position) else { continue };
            for finding in findings {
                if record.spans.len() < MOST_SPANS {
                    record.spans.push([finding.span.start, finding.span.end]);
                }
                let via = finding.view.to_string();
                if !record.via.contains(&via) {
                    record.via.push(via);
                }
            }
        }
    }
    records.sort_by_key(|(index, _)| *index);
    records.into_iter().map(|(_, record)| record).collect()
}
