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
const UNMODERATED: [&str; 8] = [
    "image",
    "audio",
    "file",
    "unknown",
    "undecodable",
    "disabled",
    "internal_error",
    "classifier_unavailable",
];

/// What is done with a text about which a classifier gave no answer.
const FALLBACKS: [&str; 3] = ["block", "review", "skip"];
/// Who found something in a text that a classifier was asked about.
pub(super) const FOUND_BY: [&str; 4] = ["both", "rules", "classifier", "neither"];
/// What comes of a text that a classifier is to judge.
const CLASSIFIER_OUTCOMES: [&str; 8] =
    ["ok", "cached", "timeout", "error", "rejected", "unreadable", "self_test", "too_long"];
/// States of a circuit breaker.
pub(super) const CIRCUIT_STATES: [&str; 3] = ["closed", "open", "half_open"];

/// All metrics of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    pub(super) http_requests: IntCounterVec,
    pub(super) http_in_flight: IntGaugeVec,
    pub(super) http_connections: IntGaugeVec,
    pub(super) http_duration: HistogramVec,
    pub(super) http_rejected: IntCounterVec,
    pub(super) decisions: IntCounterVec,
    pub(super) rule_matches: IntCounterVec,
    pub(super) decision_score: HistogramVec,
    pub(super) moderation_duration: HistogramVec,
    pub(super) overhead: HistogramVec,
    pub(super) moderated_bytes: IntCounterVec,
    pub(super) unmoderated: IntCounterVec,
    pub(super) unknown_leaves: IntCounterVec,
    pub(super) redactions: IntCounterVec,
    pub(super) stream_held: IntGauge,
    pub(super) stream_hold: Histogram,
    pub(super) stream_cut: IntCounterVec,
    pub(super) stream_saved_tokens: IntCounterVec,
    pub(super) upstream_requests: IntCounterVec,
    pub(super) upstream_duration: HistogramVec,
    pub(super) upstream_first_chunk: HistogramVec,
    pub(super) reloads: IntCounterVec,
    pub(super) reload_ok: IntGauge,
    pub(super) reload_time: Gauge,
    pub(super) policy_info: GaugeVec,
    pub(super) policy_rules: IntGaugeVec,
    pub(super) records_lost: IntCounterVec,
    pub(super) records_up: IntGaugeVec,
    pub(super) records_head: IntGauge,
    pub(super) config_warnings: IntGauge,
    pub(super) panics: IntCounterVec,
    pub(super) cache: IntCounterVec,
    pub(super) turns_left_out: IntCounterVec,
    pub(super) stream_reframed: IntCounterVec,
    pub(super) classifier_requests: IntCounterVec,
    pub(super) classifier_duration: HistogramVec,
    pub(super) classifier_circuit: IntGaugeVec,
    pub(super) classifier_texts: IntCounterVec,
    pub(super) classifier_agreement: IntCounterVec,
    pub(super) fallbacks: IntCounterVec,
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
            records_up: declare.gauges(
                "tidegate_audit_sink_up",
                "1 while decision records are written, 0 while their target takes none.",
                &["sink"],
            ),
            records_head: declare.gauge(
                "tidegate_audit_chain_seq",
                "Number of the last line that was written of the chain of decision records.",
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
            stream_reframed: declare.counter(
                "tidegate_stream_reframed_total",
                "Events of streams that parsers could have read differently, and that were framed anew.",
                &["dialect"],
            ),
            classifier_requests: declare.counter(
                "tidegate_classifier_requests_total",
                "Texts that a classifier was to judge, by what came of it; anything but ok and cached left the text without its answer.",
                &["classifier", "outcome"],
            ),
            classifier_duration: declare.histograms(
                "tidegate_classifier_duration_seconds",
                "Time until a classifier's answer about a text, queueing included, or until it was given up.",
                &["classifier"],
                &LONG,
            ),
            classifier_circuit: declare.gauges(
                "tidegate_classifier_circuit_state",
                "1 for the current state of a classifier's circuit breaker.",
                &["classifier", "state"],
            ),
            classifier_texts: declare.counter(
                "tidegate_classifier_texts_total",
                "Texts, or parts of one, that rules would have a classifier judge: asked, or spared by run_if.",
                &["classifier", "sent"],
            ),
            classifier_agreement: declare.counter(
                "tidegate_classifier_agreement_total",
                "Texts, or parts of one, that a classifier judged, by who found something in them.",
                &["classifier", "found_by"],
            ),
            fallbacks: declare.counter(
                "tidegate_fallbacks_total",
                "Decisions taken without a classifier's answer, by what was done instead.",
                &["classifier", "fallback"],
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

    /// A rule of a policy exists.
    pub fn know_rule(&self, policy: &str, rule: &str, mode: Mode) {
        self.rule_matches.with_label_values(&[policy, rule, mode.as_str()]).inc_by(0);
    }

    /// A dialect is spoken.
    pub fn know_dialect(&self, dialect: &str) {
        for phase in Phase::ALL {
            self.unknown_leaves.with_label_values(&[dialect, phase.as_str()]).inc_by(0);
        }
    }

    /// A classifier is configured.
    pub fn know_classifier(&self, classifier: &str) {
        for outcome in CLASSIFIER_OUTCOMES {
            self.classifier_requests.with_label_values(&[classifier, outcome]).inc_by(0);
        }
        for sent in ["asked", "spared"] {
            self.classifier_texts.with_label_values(&[classifier, sent]).inc_by(0);
        }
        for found_by in FOUND_BY {
            self.classifier_agreement.with_label_values(&[classifier, found_by]).inc_by(0);
        }
        for fallback in FALLBACKS {
            self.fallbacks.with_label_values(&[classifier, fallback]).inc_by(0);
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
        for sink in ["stdout", "file", "http"] {
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
