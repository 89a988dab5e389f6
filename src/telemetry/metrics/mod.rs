//! The metrics of the process, and the series that can be known before anything happens.

mod declare;
mod rules;
mod runtimes;
mod table;

use prometheus::{Encoder as _, Registry, TextEncoder};
use tokio::runtime::RuntimeMetrics;

use self::rules::NamedRules;
use self::runtimes::Runtimes;
use crate::domain::{Action, Mode, Phase};

pub use declare::MetricDefinition;
pub use table::METRICS;
use table::Table;

/// Reasons for text that was not screened.
const UNMODERATED: [&str; 9] = [
    "image",
    "audio",
    "file",
    "stored",
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

/// How calls of upstreams end.
const UPSTREAM_OUTCOMES: [&str; 7] =
    ["ok", "http_4xx", "http_5xx", "timeout", "connect_error", "protocol_error", "cancelled"];
/// How what a shadow policy decides differs.
const CHANGES: [&str; 7] =
    ["newly_blocked", "no_longer_blocked", "stricter", "milder", "other_rules", "none", "skipped"];
/// What a label says that is yes or no.
const YES_OR_NO: [&str; 2] = ["true", "false"];
/// What users say most often, and of what kind it is.
const FEEDBACK: [(&str, &str); 11] = [
    ("thumbs", "up"),
    ("thumbs", "down"),
    ("rating", "none"),
    ("label", "false_positive"),
    ("label", "false_negative"),
    ("label", "correct"),
    ("report", "none"),
    ("report", "false_positive"),
    ("report", "false_negative"),
    ("appeal", "none"),
    ("appeal", "false_positive"),
];
/// Why the console refuses requests most of the time.
const CONSOLE_REFUSED: [&str; 4] = ["wrong_password", "too_many", "forbidden", "csrf"];
/// The scales that users rate on, by their highest number.
const SCALES: [&str; 2] = ["5", "10"];
/// What a rating counts as.
const ANSWERS: [&str; 3] = ["promoter", "passive", "detractor"];
/// The modes of rules and policies.
const MODES: [Mode; 2] = [Mode::Enforce, Mode::Shadow];
/// What is decided of a unit besides the actions.
const OUTCOMES: [&str; 2] = ["unscannable", "unavailable"];

/// All metrics of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    pub(super) table: Table,
    rules: NamedRules,
    runtimes: Runtimes,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// What people say of items.
pub(super) const VERDICTS: [&str; 3] = ["upheld", "overturned", "unsure"];

impl Metrics {
    /// The review queues.
    pub const QUEUES: [&str; 4] = ["verdicts", "samples", "reports", "appeals"];

    /// Declares every metric.
    pub fn new() -> Self {
        let registry = Registry::new();
        let table = Table::declared(&registry);
        let metrics =
            Self { registry, table, rules: NamedRules::default(), runtimes: Runtimes::default() };
        metrics.create_known();
        metrics
    }

    /// A rule of a policy has this category, so a decision may.
    pub fn know_category(&self, category: &str) {
        for phase in Phase::ALL {
            for mode in MODES {
                for action in Action::ALL {
                    let labels = [phase.as_str(), action.as_str(), mode.as_str(), category];
                    self.table.decisions.with_label_values(&labels).inc_by(0);
                }
            }
        }
    }

    /// These rules are in force, by policy, id and mode. The first `most` are told apart, all others are `other`; those
    /// that are gone lose their series.
    pub fn know_rules(&self, rules: &[(&str, &str, Mode)], most: usize) {
        self.rules.set(&self.table, rules, most);
    }

    /// The label of a rule: its id, or `other`.
    pub(super) fn rule_label<'r>(&self, policy: &str, rule: &'r str) -> &'r str {
        self.rules.label(policy, rule)
    }

    /// A rule replaces what goes by this name.
    pub fn know_redaction(&self, phase: Phase, detector: &str) {
        self.table.redactions.with_label_values(&[phase.as_str(), detector]).inc_by(0);
    }

    /// A route is served.
    pub fn know_route(&self, route: &str) {
        self.table.http_in_flight.with_label_values(&[route]).add(0);
        for stream in YES_OR_NO {
            drop(self.table.http_duration.with_label_values(&[route, stream]));
            drop(self.table.overhead.with_label_values(&[route, stream]));
        }
        for (scale, answer) in SCALES.iter().flat_map(|s| ANSWERS.map(|answer| (s, answer))) {
            self.table.ratings.with_label_values(&[route, scale, answer]).inc_by(0);
        }
    }

    /// A route has a second policy.
    pub fn know_shadow_policy(&self, route: &str, policy: &str) {
        for phase in [Phase::Prompt, Phase::Completion] {
            for change in CHANGES {
                let labels = [route, policy, phase.as_str(), change];
                self.table.rehearsals.with_label_values(&labels).inc_by(0);
            }
        }
    }

    /// An upstream is configured.
    pub fn know_upstream(&self, upstream: &str) {
        for outcome in UPSTREAM_OUTCOMES {
            self.table.upstream_requests.with_label_values(&[upstream, outcome]).inc_by(0);
        }
        drop(self.table.upstream_duration.with_label_values(&[upstream]));
        drop(self.table.upstream_first_chunk.with_label_values(&[upstream]));
        self.table.stream_cancelled.with_label_values(&[upstream]).inc_by(0);
    }

    /// A runtime works for this process.
    pub fn know_runtime(&self, name: &str, runtime: RuntimeMetrics) {
        self.runtimes.add(name, runtime);
    }

    /// A dialect is spoken.
    pub fn know_dialect(&self, dialect: &str) {
        self.table.turns_left_out.with_label_values(&[dialect]).inc_by(0);
        self.table.stream_reframed.with_label_values(&[dialect]).inc_by(0);
        for phase in Phase::ALL {
            self.table.unknown_leaves.with_label_values(&[dialect, phase.as_str()]).inc_by(0);
        }
    }

    /// A classifier is configured.
    pub fn know_classifier(&self, classifier: &str) {
        drop(self.table.classifier_duration.with_label_values(&[classifier]));
        for outcome in CLASSIFIER_OUTCOMES {
            self.table.classifier_requests.with_label_values(&[classifier, outcome]).inc_by(0);
        }
        for sent in ["asked", "spared"] {
            self.table.classifier_texts.with_label_values(&[classifier, sent]).inc_by(0);
        }
        for found_by in FOUND_BY {
            self.table.classifier_agreement.with_label_values(&[classifier, found_by]).inc_by(0);
        }
        for fallback in FALLBACKS {
            self.table.fallbacks.with_label_values(&[classifier, fallback]).inc_by(0);
        }
    }

    /// What people say and do.
    fn know_people(&self) {
        for (source, label) in FEEDBACK {
            self.table.feedback.with_label_values(&[source, label]).inc_by(0);
        }
        for (queue, verdict) in
            Self::QUEUES.iter().flat_map(|q| VERDICTS.map(|verdict| (q, verdict)))
        {
            self.table.review_verdicts.with_label_values(&[queue, "none", verdict]).inc_by(0);
        }
        for queue in Self::QUEUES {
            for state in ["open", "second", "disagreement", "settled"] {
                self.table.review_items.with_label_values(&[queue, state]).set(0);
            }
            self.table.review_age.with_label_values(&[queue]).set(0);
        }
    }

    /// Every series that can be known exists from the start, so that rates work from the first event.
    fn create_known(&self) {
        let build = [
            env!("CARGO_PKG_VERSION"),
            option_env!("TIDEGATE_REVISION").unwrap_or("unknown"),
            option_env!("TIDEGATE_RUSTC").unwrap_or("unknown"),
        ];
        self.table.build.with_label_values(&build).set(1);
        self.know_category("none");
        self.know_people();
        for listener in ["data", "admin"] {
            self.table.http_connections.with_label_values(&[listener]).add(0);
        }
        self.table.http_rejected.with_label_values(&["overloaded"]).inc_by(0);
        for reason in CONSOLE_REFUSED {
            self.table.console_refused.with_label_values(&[reason]).inc_by(0);
        }
        for phase in Phase::ALL {
            let phase = phase.as_str();
            for reason in UNMODERATED {
                self.table.unmoderated.with_label_values(&[phase, reason]).inc_by(0);
            }
            self.table.moderated_bytes.with_label_values(&[phase]).inc_by(0);
            drop(self.table.decision_score.with_label_values(&[phase]));
            drop(self.table.moderation_duration.with_label_values(&[phase, "total"]));
            for (outcome, mode) in OUTCOMES.iter().flat_map(|one| MODES.map(|mode| (one, mode))) {
                let labels = [phase, outcome, mode.as_str(), "none"];
                self.table.decisions.with_label_values(&labels).inc_by(0);
            }
        }
        for outcome in ["ok", "invalid", "tests_failed", "failed"] {
            self.table.reloads.with_label_values(&[outcome]).inc_by(0);
        }
        for part in ["exchange", "screening"] {
            self.table.panics.with_label_values(&[part]).inc_by(0);
        }
        for outcome in ["hit", "miss"] {
            self.table.cache.with_label_values(&["verdicts", outcome]).inc_by(0);
        }
        for outcome in ["sent", "failed", "dropped"] {
            self.table.spans.with_label_values(&[outcome]).inc_by(0);
        }
        for sink in ["stdout", "file", "http"] {
            self.table.records_lost.with_label_values(&[sink]).inc_by(0);
        }
        for action in [Action::Respond, Action::Block] {
            for sent in YES_OR_NO {
                self.table.stream_cut.with_label_values(&[action.as_str(), sent]).inc_by(0);
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
        self.runtimes.read_into(&self.table);
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
        assert!(text.contains("tidegate_build_info{"));
        assert!(text.contains("tidegate_audit_events_dropped_total{sink=\"file\"} 0"));
    }

    #[test]
    fn a_rule_that_people_are_to_judge_has_its_verdicts_at_zero() {
        let metrics = Metrics::new();
        metrics.know_rules(&[("p", "a", Mode::Enforce)], 9);
        metrics.reviewable("verdicts", ("p", "a"));
        metrics.reviewable("verdicts", ("p", "gone"));
        let text = metrics.render();
        for (rule, verdict) in ["a", "other"].iter().flat_map(|rule| VERDICTS.map(|v| (rule, v))) {
            let labels = format!("queue=\"verdicts\",rule=\"{rule}\",verdict=\"{verdict}\"");
            let line = format!("tidegate_review_decisions_total{{{labels}}} 0\n");
            assert!(text.contains(&line), "{line}");
        }
        assert!(!text.contains("gone"), "{text}");
    }

    #[test]
    fn only_a_gate_with_a_store_says_whether_it_is_up() {
        let metrics = Metrics::new();
        assert!(!metrics.render().contains("tidegate_store_up"));
        metrics.store_is_up(false);
        assert!(metrics.render().contains("\ntidegate_store_up 0\n"));
    }

    #[test]
    fn rules_beyond_the_limit_are_other_and_rules_that_are_gone_lose_their_series() {
        let metrics = Metrics::new();
        let rules =
            [("p", "a", Mode::Enforce), ("p", "b", Mode::Shadow), ("q", "a", Mode::Enforce)];
        metrics.know_rules(&rules, 2);
        for (policy, rule, mode) in rules {
            metrics.rule_matched(policy, rule, mode);
        }
        let series = || -> Vec<String> {
            let text = metrics.render();
            let lines =
                text.lines().filter_map(|line| line.strip_prefix("tidegate_rule_matches_total"));
            lines.map(str::to_owned).collect()
        };
        assert_eq!(
            series(),
            [
                "{mode=\"enforce\",policy=\"p\",rule=\"a\"} 1",
                "{mode=\"enforce\",policy=\"q\",rule=\"other\"} 1",
                "{mode=\"shadow\",policy=\"p\",rule=\"b\"} 1",
            ]
        );
        metrics.know_rules(&[("p", "a", Mode::Enforce), ("p", "c", Mode::Enforce)], 9);
        // A stream that began under the policy before may still count a rule that is gone.
        metrics.rule_matched("p", "b", Mode::Shadow);
        assert_eq!(
            series(),
            [
                "{mode=\"enforce\",policy=\"p\",rule=\"a\"} 1",
                "{mode=\"enforce\",policy=\"p\",rule=\"c\"} 0",
                "{mode=\"enforce\",policy=\"q\",rule=\"other\"} 1",
                "{mode=\"shadow\",policy=\"p\",rule=\"other\"} 1",
            ]
        );
    }

    #[test]
    fn every_metric_is_named_by_its_unit_and_says_what_it_is() {
        for metric in METRICS {
            let MetricDefinition { name, kind, labels, buckets, help } = metric;
            assert!(name.starts_with("tidegate_") || name.starts_with("tokio_"), "{name}");
            assert_eq!(name.ends_with("_total"), *kind == "counter", "{name}");
            assert!(help.ends_with('.') && !help.contains('|'), "{name}");
            assert!(buckets.is_sorted() && (*kind == "histogram") != buckets.is_empty(), "{name}");
            let personal = ["user", "key", "ip", "model", "path", "text", "le"];
            assert!(!labels.iter().any(|label| personal.contains(label)), "{name}");
        }
    }

    #[tokio::test]
    async fn runtimes_say_how_busy_they_are() {
        let metrics = Metrics::new();
        metrics.know_runtime("main", tokio::runtime::Handle::current().metrics());
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(std::future::pending::<()>());
        let (first, second) = (metrics.render(), metrics.render());
        tasks.abort_all();
        assert!(first.contains("tokio_alive_tasks{runtime=\"main\"} 1"), "{first}");
        let busy = |text: &str| -> f64 {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix("tokio_busy_seconds_total{runtime=\"main\"} "));
            line.unwrap().parse().unwrap()
        };
        assert!(busy(&second) >= busy(&first));
    }
}
