//! What happens in the process, as the metrics count it.

use super::metrics::{CIRCUIT_STATES, FOUND_BY, Metrics, VERDICTS};
use crate::domain::{Action, Classified, Mode, Phase};

/// A stream that a decision cut.
#[derive(Clone, Copy, Debug)]
pub struct StreamCut {
    /// `respond` or `block`.
    pub action: Action,
    /// Whether the client had any text before.
    pub text_sent: bool,
}

/// One call of an upstream, when it is over.
#[derive(Clone, Copy, Debug)]
pub struct UpstreamCall<'n> {
    /// The upstream's name.
    pub upstream: &'n str,
    /// `ok`, `http_4xx`, `http_5xx`, `timeout`, `connect_error`, `protocol_error`, `cancelled`.
    pub outcome: &'static str,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl Metrics {
    /// A request was refused before any policy was asked.
    pub fn rejected(&self, reason: &str) {
        self.table.http_rejected.with_label_values(&[reason]).inc();
    }

    /// A request to the console or its interface was refused.
    pub fn console_refused(&self, reason: &str) {
        self.table.console_refused.with_label_values(&[reason]).inc();
    }

    /// A request of a route begins (`1`) or has ended (`-1`).
    pub fn in_flight(&self, route: &str, change: i64) {
        self.table.http_in_flight.with_label_values(&[route]).add(change);
    }

    /// A connection of a listener opens (`1`) or has closed (`-1`).
    pub fn connections(&self, listener: &str, change: i64) {
        self.table.http_connections.with_label_values(&[listener]).add(change);
    }

    /// A panic was contained in a part: `exchange`, `screening`.
    pub fn panicked(&self, part: &str) {
        self.table.panics.with_label_values(&[part]).inc();
    }

    /// A user said something of a decision.
    pub fn told(&self, source: &str, label: &str) {
        self.table.feedback.with_label_values(&[source, label]).inc();
    }

    /// A user gave an answer on a scale.
    pub fn rated(&self, route: &str, scale: i64, answer: &str) {
        self.table.ratings.with_label_values(&[route, &scale.to_string(), answer]).inc();
    }

    /// A review queue holds so many items in a state.
    pub fn queued(&self, queue: &str, state: &str, items: i64) {
        self.table.review_items.with_label_values(&[queue, state]).set(items);
    }

    /// The oldest item of a review queue that is not settled is so many seconds old.
    pub fn oldest_queued(&self, queue: &str, seconds: i64) {
        self.table.review_age.with_label_values(&[queue]).set(seconds);
    }

    /// The threshold of a rule, as it is written and as it is in force, and where it would stand if it moved.
    pub fn threshold(
        &self,
        (policy, rule): (&str, &str),
        [written, in_force]: [f64; 2],
        shadow: Option<f64>,
    ) {
        let series =
            |state: &str| self.table.adapt_threshold.with_label_values(&[policy, rule, state]);
        series("written").set(written);
        series("in_force").set(in_force);
        if let Some(shadow) = shadow {
            series("shadow").set(shadow);
        } else {
            // It may never have been in shadow.
            let gone = [policy, rule, "shadow"];
            self.table.adapt_threshold.remove_label_values(&gone).unwrap_or_default();
        }
        for (direction, mode) in ["up", "down", "reset", "file"]
            .iter()
            .flat_map(|d| ["on", "shadow"].map(|mode| (d, mode)))
        {
            self.table.adapt_changes.with_label_values(&[policy, rule, direction, mode]).inc_by(0);
        }
    }

    /// The threshold of a rule may move no more.
    pub fn no_threshold(&self, policy: &str, rule: &str) {
        for state in ["written", "in_force", "shadow"] {
            let gone = [policy, rule, state];
            self.table.adapt_threshold.remove_label_values(&gone).unwrap_or_default();
        }
    }

    /// The threshold of a rule was changed.
    pub fn adapted(&self, (policy, rule): (&str, &str), direction: &str, mode: &str) {
        self.table.adapt_changes.with_label_values(&[policy, rule, direction, mode]).inc();
    }

    /// People said this of so many items.
    pub fn reviewed(&self, queue: &str, (policy, rule): (&str, &str), verdict: &str, times: u64) {
        let rule = if rule.is_empty() { "none" } else { self.rule_label(policy, rule) };
        self.table.review_verdicts.with_label_values(&[queue, rule, verdict]).inc_by(times);
    }

    /// An item of a rule waits in a review queue, so people will say something of it: rates see the first time.
    pub fn reviewable(&self, queue: &str, rule: (&str, &str)) {
        for verdict in VERDICTS {
            self.reviewed(queue, rule, verdict, 0);
        }
    }

    /// A webhook is there.
    pub fn know_webhook(&self, webhook: &str) {
        for outcome in ["sent", "failed", "dropped"] {
            self.table.webhooks.with_label_values(&[webhook, outcome]).inc_by(0);
        }
    }

    /// What became of a message to a webhook.
    pub fn notified(&self, webhook: &str, outcome: &str) {
        self.table.webhooks.with_label_values(&[webhook, outcome]).inc();
    }

    /// Whether the store can be reached.
    pub fn store_is_up(&self, up: bool) {
        self.table.store_up.with_label_values::<&str>(&[]).set(i64::from(up));
    }

    /// A cache was read.
    pub fn cache_read(&self, cache: &str, hit: bool) {
        let outcome = if hit { "hit" } else { "miss" };
        self.table.cache.with_label_values(&[cache, outcome]).inc();
    }

    /// Turns were left out of a request.
    pub fn left_out(&self, dialect: &str, turns: usize) {
        self.table.turns_left_out.with_label_values(&[dialect]).inc_by(turns as u64);
    }

    /// Events of a stream were framed anew, because parsers could have read them differently.
    pub fn reframed(&self, dialect: &str, events: usize) {
        if events > 0 {
            self.table.stream_reframed.with_label_values(&[dialect]).inc_by(events as u64);
        }
    }

    /// A request has been answered, to the last byte.
    pub fn answered(&self, route: &str, (code, dialect): (u16, &str), stream: bool, seconds: f64) {
        let stream = if stream { "true" } else { "false" };
        self.table
            .http_requests
            .with_label_values(&[route, &code.to_string(), dialect, stream])
            .inc();
        self.table.http_duration.with_label_values(&[route, stream]).observe(seconds);
    }

    /// What an exchange took beside the upstream.
    pub fn overhead(&self, route: &str, stream: bool, seconds: f64) {
        let stream = if stream { "true" } else { "false" };
        self.table.overhead.with_label_values(&[route, stream]).observe(seconds);
    }

    /// A unit of text was decided.
    pub fn decided(&self, phase: Phase, (action, mode, category): (&str, Mode, &str), score: f64) {
        let labels = [phase.as_str(), action, mode.as_str(), category];
        self.table.decisions.with_label_values(&labels).inc();
        self.table.decision_score.with_label_values(&[phase.as_str()]).observe(score);
    }

    /// Text was screened.
    pub fn screened(&self, phase: Phase, bytes: usize, seconds: f64) {
        self.table.moderated_bytes.with_label_values(&[phase.as_str()]).inc_by(bytes as u64);
        self.table
            .moderation_duration
            .with_label_values(&[phase.as_str(), "total"])
            .observe(seconds);
    }

    /// A second policy of a route has decided beside the first: route and policy, and how that differs.
    pub fn rehearsed(&self, (route, policy): (&str, &str), phase: Phase, change: &str) {
        self.table.rehearsals.with_label_values(&[route, policy, phase.as_str(), change]).inc();
    }

    /// A rule fired.
    pub fn rule_matched(&self, policy: &str, rule: &str, mode: Mode) {
        let rule = self.rule_label(policy, rule);
        self.table.rule_matches.with_label_values(&[policy, rule, mode.as_str()]).inc();
    }

    /// A span was replaced.
    pub fn redacted(&self, phase: Phase, detector: &str) {
        self.table.redactions.with_label_values(&[phase.as_str(), detector]).inc();
    }

    /// Something passed that was not screened, or could not be.
    pub fn unmoderated(&self, phase: Phase, reason: &str) {
        self.table.unmoderated.with_label_values(&[phase.as_str(), reason]).inc();
    }

    /// Strings at unknown places were screened.
    pub fn unknown_leaves(&self, dialect: &str, phase: Phase, count: usize) {
        if count > 0 {
            self.table
                .unknown_leaves
                .with_label_values(&[dialect, phase.as_str()])
                .inc_by(count as u64);
        }
    }

    /// More or less text is held now.
    pub fn held(&self, change: i64) {
        self.table.stream_held.add(change);
    }

    /// A piece went out after so many bytes were held, the oldest of them for so many seconds.
    pub fn released(&self, held: usize, seconds: f64) {
        #[expect(clippy::cast_precision_loss, reason = "held bytes are far below 2^52")]
        self.table.stream_hold.observe(held as f64);
        self.table.stream_hold_time.observe(seconds);
    }

    /// A stream was cut.
    pub fn stream_cut(&self, cut: StreamCut, upstream: &str) {
        let sent = if cut.text_sent { "true" } else { "false" };
        self.table.stream_cut.with_label_values(&[cut.action.as_str(), sent]).inc();
        self.table.stream_cancelled.with_label_values(&[upstream]).inc();
    }

    /// The first chunk of a streamed answer has come.
    pub fn first_chunk(&self, upstream: &str, seconds: f64) {
        self.table.upstream_first_chunk.with_label_values(&[upstream]).observe(seconds);
    }

    /// A call of an upstream is over.
    pub fn upstream(&self, call: &UpstreamCall<'_>) {
        self.table.upstream_requests.with_label_values(&[call.upstream, call.outcome]).inc();
        self.table.upstream_duration.with_label_values(&[call.upstream]).observe(call.seconds);
    }

    /// A classifier was to judge a text: what came of it, and after how many seconds where it was asked.
    pub fn classified(&self, classifier: &str, outcome: &str, seconds: Option<f64>) {
        self.table.classifier_requests.with_label_values(&[classifier, outcome]).inc();
        if let Some(seconds) = seconds {
            self.table.classifier_duration.with_label_values(&[classifier]).observe(seconds);
        }
    }

    /// What a decision took from a classifier that had to be asked.
    pub fn consulted(&self, said: &Classified) {
        let name = &*said.classifier;
        for (sent, count) in [("asked", said.asked), ("spared", said.spared)] {
            self.table.classifier_texts.with_label_values(&[name, sent]).inc_by(u64::from(count));
        }
        for (found_by, count) in FOUND_BY.iter().zip(said.agreement) {
            self.table
                .classifier_agreement
                .with_label_values(&[name, found_by])
                .inc_by(u64::from(count));
        }
        if let Some(fallback) = said.fallback {
            self.table.fallbacks.with_label_values(&[name, fallback]).inc();
        }
    }

    /// The circuit of a classifier is in this state now: `closed`, `open`, `half_open`.
    pub fn classifier_circuit(&self, classifier: &str, state: &str) {
        for other in CIRCUIT_STATES {
            let is_now = i64::from(other == state);
            self.table.classifier_circuit.with_label_values(&[classifier, other]).set(is_now);
        }
    }

    /// A reload was tried.
    pub fn reloaded(&self, outcome: &str, unix_seconds: f64) {
        self.table.reloads.with_label_values(&[outcome]).inc();
        self.table.reload_ok.set(i64::from(outcome == "ok"));
        if outcome == "ok" {
            self.table.reload_time.set(unix_seconds);
        }
    }

    /// The configuration has so many warnings.
    pub fn warnings(&self, count: usize) {
        self.table.config_warnings.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// These policies are in force now: name, revision, enforced rules, shadow rules.
    pub fn policies(&self, policies: &[(&str, &str, usize, usize)]) {
        self.table.policy_info.reset();
        self.table.policy_rules.reset();
        for (name, revision, enforced, shadow) in policies {
            self.table.policy_info.with_label_values(&[name, revision]).set(1);
            for (mode, count) in [(Mode::Enforce, enforced), (Mode::Shadow, shadow)] {
                let count = i64::try_from(*count).unwrap_or(i64::MAX);
                self.table.policy_rules.with_label_values(&[name, mode.as_str()]).set(count);
            }
        }
    }

    /// What became of spans: `sent`, `failed`, `dropped`.
    pub fn spans(&self, outcome: &str, count: usize) {
        self.table.spans.with_label_values(&[outcome]).inc_by(count as u64);
    }

    /// Records could not be written and are gone.
    pub fn records_lost(&self, sink: &str, records: u64) {
        self.table.records_lost.with_label_values(&[sink]).inc_by(records);
    }

    /// Whether the target of records takes any.
    pub fn records_up(&self, sink: &str, up: bool) {
        self.table.records_up.with_label_values(&[sink]).set(up.into());
    }

    /// So many lines of the chain of records are written.
    pub fn records_head(&self, seq: u64) {
        self.table.records_head.set(i64::try_from(seq).unwrap_or(i64::MAX));
    }
}
