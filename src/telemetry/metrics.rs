//! The metrics, declared once: name, help, labels and buckets.

use prometheus::{
    Encoder as _, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

use crate::domain::{Action, Mode, Phase};

/// Decisions and overhead: 50 µs to 250 ms.
const SHORT: [f64; 12] =
    [5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25];
/// Upstreams: the ladder of OpenTelemetry, 10 ms to 82 s.
const LONG: [f64; 14] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// Score totals.
const SCORES: [f64; 10] = [0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 32.0];
/// Held bytes.
const HELD: [f64; 13] =
    [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0];
/// Reasons for text that was not screened.
const UNMODERATED: [&str; 7] =
    ["image", "audio", "file", "unknown", "undecodable", "disabled", "internal_error"];

/// All metrics of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    http_requests: IntCounterVec,
    http_in_flight: IntGaugeVec,
    http_connections: IntGaugeVec,
    http_duration: HistogramVec,
    http_rejected: IntCounterVec,
    decisions: IntCounterVec,
    rule_matches: IntCounterVec,
    decision_score: HistogramVec,
    moderation_duration: HistogramVec,
    overhead: HistogramVec,
    moderated_bytes: IntCounterVec,
    unmoderated: IntCounterVec,
    unknown_leaves: IntCounterVec,
    redactions: IntCounterVec,
    stream_held: IntGauge,
    stream_hold: Histogram,
    stream_cut: IntCounterVec,
    stream_saved_tokens: IntCounterVec,
    upstream_requests: IntCounterVec,
    upstream_duration: HistogramVec,
    upstream_first_chunk: HistogramVec,
    reloads: IntCounterVec,
    reload_ok: IntGauge,
    reload_time: Gauge,
    policy_info: GaugeVec,
    policy_rules: IntGaugeVec,
    records_lost: IntCounterVec,
    config_warnings: IntGauge,
    panics: IntCounterVec,
    cache: IntCounterVec,
    turns_left_out: IntCounterVec,
}

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

struct Declare<'r>(&'r Registry);

impl Declare<'_> {
    fn counter(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        let metric = IntCounterVec::new(Opts::new(name, help), labels);
        self.keep(metric)
    }

    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.keep(IntGauge::with_opts(Opts::new(name, help)))
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.keep(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    fn histograms(&self, name: &str, help: &str, labels: &[&str], buckets: &[f64]) -> HistogramVec {
        let opts = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.keep(HistogramVec::new(opts, labels))
    }

    fn keep<M>(&self, metric: prometheus::Result<M>) -> M
    where
        M: prometheus::core::Collector + Clone + 'static,
    {
        // Names and labels stand in this file and are unique; the test below makes them all.
        let metric = metric.expect("metrics are declared with valid names");
        self.0.register(Box::new(metric.clone())).expect("metrics are declared once");
        metric
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Declares every metric.
    #[expect(clippy::too_many_lines, reason = "a table: one metric after the other")]
    pub fn new() -> Self {
        let registry = Registry::new();
        let declare = Declare(&registry);
        let build = declare.gauges(
            "tidegate_build_info",
            "Build of the running binary; always 1.",
            &["version"],
        );
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        let metrics = Self {
            http_requests: declare.counter(
                "tidegate_http_requests_total",
                "HTTP requests answered, by final status code.",
                &["route", "code", "dialect", "stream"],
            ),
            http_in_flight: declare.gauges(
                "tidegate_http_requests_in_flight",
                "HTTP requests being handled now, open streams included.",
                &["route"],
            ),
            http_connections: declare.gauges(
                "tidegate_http_connections",
                "Open connections of clients.",
                &["listener"],
            ),
            http_duration: declare.histograms(
                "tidegate_http_request_duration_seconds",
                "Time from the first request byte to the last response byte.",
                &["route", "stream"],
                &LONG,
            ),
            http_rejected: declare.counter(
                "tidegate_http_rejected_total",
                "Requests refused before a policy was asked, by why.",
                &["reason"],
            ),
            decisions: declare.counter(
                "tidegate_decisions_total",
                "Moderation decisions, one per screened unit of text; category is that of the deciding rule, or none.",
                &["phase", "action", "mode", "category"],
            ),
            rule_matches: declare.counter(
                "tidegate_rule_matches_total",
                "Matches per rule, shadow rules included; a rule is counted once per decision.",
                &["policy", "rule", "mode"],
            ),
            decision_score: declare.histograms(
                "tidegate_decision_score",
                "Score total of each decision.",
                &["phase"],
                &SCORES,
            ),
            moderation_duration: declare.histograms(
                "tidegate_moderation_duration_seconds",
                "Time this process spent deciding, waiting for remote classifiers excluded unless stage is total.",
                &["phase", "stage"],
                &SHORT,
            ),
            overhead: declare.histograms(
                "tidegate_overhead_duration_seconds",
                "Latency added to the exchange: total time less upstream time.",
                &["route", "stream"],
                &SHORT,
            ),
            moderated_bytes: declare.counter(
                "tidegate_moderated_bytes_total",
                "UTF-8 bytes of text that were screened.",
                &["phase"],
            ),
            unmoderated: declare.counter(
                "tidegate_unmoderated_total",
                "Units that could not be screened, by why.",
                &["phase", "reason"],
            ),
            unknown_leaves: declare.counter(
                "tidegate_unknown_text_leaves_total",
                "JSON strings at a path that no table of the dialect names; they were screened all the same.",
                &["dialect", "phase"],
            ),
            redactions: declare.counter(
                "tidegate_redactions_total",
                "Spans replaced in traffic.",
                &["phase", "detector"],
            ),
            stream_held: declare.gauge(
                "tidegate_stream_held_bytes",
                "Bytes of completion text kept back from clients now.",
            ),
            stream_hold: declare.keep(Histogram::with_opts(
                HistogramOpts::new(
                    "tidegate_stream_hold_bytes",
                    "Bytes of completion text that were kept back when a piece was released.",
                )
                .buckets(HELD.to_vec()),
            )),
            stream_cut: declare.counter(
                "tidegate_stream_cut_total",
                "Streams cut by a decision, by whether any text had been released.",
                &["action", "text_already_sent"],
            ),
            stream_saved_tokens: declare.counter(
                "tidegate_stream_cancelled_total",
                "Streams whose upstream was cancelled because a decision cut them.",
                &["upstream"],
            ),
            upstream_requests: declare.counter(
                "tidegate_upstream_requests_total",
                "Requests to the upstream, by how they ended.",
                &["upstream", "outcome"],
            ),
            upstream_duration: declare.histograms(
                "tidegate_upstream_request_duration_seconds",
                "Time from sending a request upstream to the last byte of its response.",
                &["upstream"],
                &LONG,
            ),
            upstream_first_chunk: declare.histograms(
                "tidegate_upstream_time_to_first_chunk_seconds",
                "Time from sending a request upstream to the first chunk of a streamed response.",
                &["upstream"],
                &LONG,
            ),
            reloads: declare.counter(
                "tidegate_policy_reloads_total",
                "Policy reload attempts: ok, invalid, tests_failed, failed.",
                &["outcome"],
            ),
            reload_ok: declare.gauge(
                "tidegate_policy_last_reload_successful",
                "1 if the last reload attempt was applied; on 0 the policy before it is still in force.",
            ),
            reload_time: declare.keep(Gauge::with_opts(Opts::new(
                "tidegate_policy_last_reload_success_timestamp_seconds",
                "Unix time of the last reload that was applied.",
            ))),
            policy_info: declare.keep(GaugeVec::new(
                Opts::new(
                    "tidegate_policy_info",
                    "The policy in force; revision is a hash of its files; always 1.",
                ),
                &["policy", "revision"],
            )),
            policy_rules: declare.gauges(
                "tidegate_policy_rules",
                "Rules in force.",
                &["policy", "mode"],
            ),
            records_lost: declare.counter(
                "tidegate_audit_events_dropped_total",
                "Decision records that could not be written; alert on any.",
                &["sink"],
            ),
            panics: declare.counter(
                "tidegate_panics_total",
                "Mistakes of ours that were contained; alert on any.",
                &["part"],
            ),
            turns_left_out: declare.counter(
                "tidegate_turns_left_out_total",
                "Turns of conversations that were left out because they were blocked before.",
                &["dialect"],
            ),
            cache: declare.counter(
                "tidegate_cache_requests_total",
                "Reads of a cache: hit, miss.",
                &["cache", "outcome"],
            ),
            config_warnings: declare.gauge(
                "tidegate_config_warnings",
                "Warnings of the running configuration (`tidegate check` lists them).",
            ),
            registry,
        };
        metrics.create_known();
        metrics
    }

    /// A rule of a policy has this category, so a decision may.
    pub fn know_category(&self, category: &str) {
        for phase in Phase::ALL {
            for mode in [Mode::Enforce, Mode::Shadow] {
                for action in Action::ALL {
                    let labels = [phase.as_str(), action.as_str(), mode.as_str(), category];
                    self.decisions.with_label_values(&labels).inc_by(0);
                }
            }
        }
    }

    /// A dialect is spoken.
    pub fn know_dialect(&self, dialect: &str) {
        for phase in Phase::ALL {
            self.unknown_leaves.with_label_values(&[dialect, phase.as_str()]).inc_by(0);
        }
    }

    /// Every series that can be known exists from the start, so that rates work from the first event.
    fn create_known(&self) {
        self.know_category("none");
        for phase in Phase::ALL {
            let phase = phase.as_str();
            for reason in UNMODERATED {
                self.unmoderated.with_label_values(&[phase, reason]).inc_by(0);
            }
            self.moderated_bytes.with_label_values(&[phase]).inc_by(0);
        }
        for outcome in ["ok", "invalid", "tests_failed", "failed"] {
            self.reloads.with_label_values(&[outcome]).inc_by(0);
        }
        for part in ["exchange", "screening"] {
            self.panics.with_label_values(&[part]).inc_by(0);
        }
        for outcome in ["hit", "miss"] {
            self.cache.with_label_values(&["verdicts", outcome]).inc_by(0);
        }
        for sink in ["stdout", "file"] {
            self.records_lost.with_label_values(&[sink]).inc_by(0);
        }
        for action in [Action::Respond, Action::Block] {
            for sent in ["true", "false"] {
                self.stream_cut.with_label_values(&[action.as_str(), sent]).inc_by(0);
            }
        }
        #[cfg(target_os = "linux")]
        {
            let process = prometheus::process_collector::ProcessCollector::for_self();
            // A second registry in one process (tests) has its own collector, so this cannot clash.
            self.registry.register(Box::new(process)).unwrap_or_default();
        }
    }

    /// The text that Prometheus reads.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text).unwrap_or_default();
        String::from_utf8(text).unwrap_or_default()
    }

    /// A request was refused before any policy was asked.
    pub fn rejected(&self, reason: &str) {
        self.http_rejected.with_label_values(&[reason]).inc();
    }

    /// A request of a route begins (`1`) or has ended (`-1`).
    pub fn in_flight(&self, route: &str, change: i64) {
        self.http_in_flight.with_label_values(&[route]).add(change);
    }

    /// A connection of a listener opens (`1`) or has closed (`-1`).
    pub fn connections(&self, listener: &str, change: i64) {
        self.http_connections.with_label_values(&[listener]).add(change);
    }

    /// A panic was contained in a part: `exchange`, `screening`.
    pub fn panicked(&self, part: &str) {
        self.panics.with_label_values(&[part]).inc();
    }

    /// A cache was read.
    pub fn cache_read(&self, cache: &str, hit: bool) {
        let outcome = if hit { "hit" } else { "miss" };
        self.cache.with_label_values(&[cache, outcome]).inc();
    }

    /// Turns were left out of a request.
    pub fn left_out(&self, dialect: &str, turns: usize) {
        self.turns_left_out.with_label_values(&[dialect]).inc_by(turns as u64);
    }

    /// A request has been answered, to the last byte.
    pub fn answered(&self, route: &str, (code, dialect): (u16, &str), stream: bool, seconds: f64) {
        let stream = if stream { "true" } else { "false" };
        self.http_requests.with_label_values(&[route, &code.to_string(), dialect, stream]).inc();
        self.http_duration.with_label_values(&[route, stream]).observe(seconds);
    }

    /// What an exchange took beside the upstream.
    pub fn overhead(&self, route: &str, stream: bool, seconds: f64) {
        let stream = if stream { "true" } else { "false" };
        self.overhead.with_label_values(&[route, stream]).observe(seconds);
    }

    /// A unit of text was decided.
    pub fn decided(&self, phase: Phase, (action, mode, category): (&str, Mode, &str), score: f64) {
        let labels = [phase.as_str(), action, mode.as_str(), category];
        self.decisions.with_label_values(&labels).inc();
        self.decision_score.with_label_values(&[phase.as_str()]).observe(score);
    }

    /// Text was screened.
    pub fn screened(&self, phase: Phase, bytes: usize, seconds: f64) {
        self.moderated_bytes.with_label_values(&[phase.as_str()]).inc_by(bytes as u64);
        self.moderation_duration.with_label_values(&[phase.as_str(), "total"]).observe(seconds);
    }

    /// A rule fired.
    pub fn rule_matched(&self, policy: &str, rule: &str, mode: Mode) {
        self.rule_matches.with_label_values(&[policy, rule, mode.as_str()]).inc();
    }

    /// A span was replaced.
    pub fn redacted(&self, phase: Phase, detector: &str) {
        self.redactions.with_label_values(&[phase.as_str(), detector]).inc();
    }

    /// Something passed that was not screened, or could not be.
    pub fn unmoderated(&self, phase: Phase, reason: &str) {
        self.unmoderated.with_label_values(&[phase.as_str(), reason]).inc();
    }

    /// Strings at unknown places were screened.
    pub fn unknown_leaves(&self, dialect: &str, phase: Phase, count: usize) {
        if count > 0 {
            self.unknown_leaves.with_label_values(&[dialect, phase.as_str()]).inc_by(count as u64);
        }
    }

    /// More or less text is held now.
    pub fn held(&self, change: i64) {
        self.stream_held.add(change);
    }

    /// A piece went out after so many bytes were held.
    pub fn released(&self, held: usize) {
        #[expect(clippy::cast_precision_loss, reason = "held bytes are far below 2^52")]
        self.stream_hold.observe(held as f64);
    }

    /// A stream was cut.
    pub fn stream_cut(&self, cut: StreamCut, upstream: &str) {
        let sent = if cut.text_sent { "true" } else { "false" };
        self.stream_cut.with_label_values(&[cut.action.as_str(), sent]).inc();
        self.stream_saved_tokens.with_label_values(&[upstream]).inc();
    }

    /// The first chunk of a streamed answer has come.
    pub fn first_chunk(&self, upstream: &str, seconds: f64) {
        self.upstream_first_chunk.with_label_values(&[upstream]).observe(seconds);
    }

    /// A call of an upstream is over.
    pub fn upstream(&self, call: &UpstreamCall<'_>) {
        self.upstream_requests.with_label_values(&[call.upstream, call.outcome]).inc();
        self.upstream_duration.with_label_values(&[call.upstream]).observe(call.seconds);
    }

    /// A reload was tried.
    pub fn reloaded(&self, outcome: &str, unix_seconds: f64) {
        self.reloads.with_label_values(&[outcome]).inc();
        self.reload_ok.set(i64::from(outcome == "ok"));
        if outcome == "ok" {
            self.reload_time.set(unix_seconds);
        }
    }

    /// The configuration has so many warnings.
    pub fn warnings(&self, count: usize) {
        self.config_warnings.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// These policies are in force now: name, revision, enforced rules, shadow rules.
    pub fn policies(&self, policies: &[(&str, &str, usize, usize)]) {
        self.policy_info.reset();
        self.policy_rules.reset();
        for (name, revision, enforced, shadow) in policies {
            self.policy_info.with_label_values(&[name, revision]).set(1.0);
            for (mode, count) in [(Mode::Enforce, enforced), (Mode::Shadow, shadow)] {
                let count = i64::try_from(*count).unwrap_or(i64::MAX);
                self.policy_rules.with_label_values(&[name, mode.as_str()]).set(count);
            }
        }
    }

    /// A rule of a policy exists.
    pub fn know_rule(&self, policy: &str, rule: &str, mode: Mode) {
        self.rule_matches.with_label_values(&[policy, rule, mode.as_str()]).inc_by(0);
    }

    /// A record could not be written.
    pub fn record_lost(&self, sink: &str) {
        self.records_lost.with_label_values(&[sink]).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_series_stand_at_zero_from_the_start() {
        let metrics = Metrics::new();
        metrics.know_category("hate");
        metrics.know_dialect("openai.chat");
        let text = metrics.render();
        for category in ["none", "hate"] {
            assert!(text.contains(&format!(
                "tidegate_decisions_total{{action=\"block\",category=\"{category}\",mode=\"enforce\",phase=\"prompt\"}} 0"
            )));
        }
        assert!(text.contains(
            "tidegate_unknown_text_leaves_total{dialect=\"openai.chat\",phase=\"completion\"} 0"
        ));
        assert!(text.contains("tidegate_build_info{version="));
        assert!(text.contains("tidegate_audit_events_dropped_total{sink=\"file\"} 0"));
    }
}
