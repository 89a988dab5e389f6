//! The metrics, declared once: name, labels, buckets, help. `docs/metrics.md` is written from this table (`make docs`).

use prometheus::{
    CounterVec, Gauge, GaugeVec, Histogram, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec,
    Registry,
};

use super::declare::{Kind, MetricDefinition, keep, metrics};

/// Decisions and overhead: 50 µs to 250 ms.
const SHORT: [f64; 12] =
    [5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25];
/// Held time: 50 µs to 2.5 s.
const HELD_FOR: [f64; 15] =
    [5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1.0, 2.5];
/// Upstreams: the ladder of OpenTelemetry, 10 ms to 82 s.
const LONG: [f64; 14] =
    [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
/// Score totals.
const SCORES: [f64; 10] = [0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 32.0];
/// Held bytes.
const HELD: [f64; 13] =
    [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0];

metrics! {
    /// The metrics by the names that events use.
    struct Table;

    build: IntGaugeVec = "tidegate_build_info", ["version", "revision", "rustc"];
        "Build of the running binary; always 1.";
    http_requests: IntCounterVec = "tidegate_http_requests_total", ["route", "code", "dialect", "stream"];
        "HTTP requests answered, by final status code.";
    http_in_flight: IntGaugeVec = "tidegate_http_requests_in_flight", ["route"];
        "HTTP requests being handled now, open streams included.";
    http_connections: IntGaugeVec = "tidegate_http_connections", ["listener"];
        "Open connections of clients.";
    http_duration: HistogramVec = "tidegate_http_request_duration_seconds", ["route", "stream"], LONG;
        "Time from the head of a request to the last response byte.";
    http_rejected: IntCounterVec = "tidegate_http_rejected_total", ["reason"];
        "Requests refused before a policy was asked, by why.";
    console_refused: IntCounterVec = "tidegate_console_refused_total", ["reason"];
        "Requests to the console and its interface that were refused, by why: wrong_password, too_many, not_signed_in, forbidden, csrf, confirm_password, ….";
    decisions: IntCounterVec = "tidegate_decisions_total", ["phase", "action", "mode", "category"];
        "Moderation decisions, one per screened unit of text; action is also unscannable (the text) or unavailable (we), category that of the deciding rule, or none.";
    rule_matches: IntCounterVec = "tidegate_rule_matches_total", ["policy", "rule", "mode"];
        "Matches per rule, shadow rules included; a rule is counted once per decision, and beyond metrics.max_rules as other.";
    rehearsals: IntCounterVec = "tidegate_shadow_policy_decisions_total", ["route", "policy", "phase", "change"];
        "Units about which a route's shadow_policy decided too, by how that differs from what was done: newly_blocked, no_longer_blocked, stricter, milder, other_rules, none; skipped where it did not decide.";
    decision_score: HistogramVec = "tidegate_decision_score", ["phase"], SCORES;
        "Score total of each decision.";
    moderation_duration: HistogramVec = "tidegate_moderation_duration_seconds", ["phase", "stage"], SHORT;
        "Time this process spent deciding, waiting for remote classifiers excluded; the one stage is total.";
    overhead: HistogramVec = "tidegate_overhead_duration_seconds", ["route", "stream"], SHORT;
        "Latency added to the exchange: total time less upstream time, of which reading a slow client's body is a part; of a stream the time of screening.";
    moderated_bytes: IntCounterVec = "tidegate_moderated_bytes_total", ["phase"];
        "UTF-8 bytes of text that were screened.";
    unmoderated: IntCounterVec = "tidegate_unmoderated_total", ["phase", "reason"];
        "Units that were not or could not be screened, by why.";
    unknown_leaves: IntCounterVec = "tidegate_unknown_text_leaves_total", ["dialect", "phase"];
        "JSON strings at a path that no table of the dialect names; they were screened all the same.";
    redactions: IntCounterVec = "tidegate_redactions_total", ["phase", "detector"];
        "Spans replaced in traffic, by the name in the placeholder.";
    stream_held: IntGauge = "tidegate_stream_held_bytes", [];
        "Bytes of completion text kept back from clients now.";
    stream_hold: Histogram = "tidegate_stream_hold_bytes", [], HELD;
        "Bytes of completion text that were kept back when a piece was released.";
    stream_hold_time: Histogram = "tidegate_stream_hold_seconds", [], HELD_FOR;
        "How long the oldest text of a released piece was kept back; 0 where nothing was.";
    stream_cut: IntCounterVec = "tidegate_stream_cut_total", ["action", "text_already_sent"];
        "Streams cut by a decision, by whether any text had been released.";
    stream_cancelled: IntCounterVec = "tidegate_stream_cancelled_total", ["upstream"];
        "Streams whose upstream was cancelled because a decision cut them.";
    stream_reframed: IntCounterVec = "tidegate_stream_reframed_total", ["dialect"];
        "Events of streams that parsers could have read differently (bare CR, a byte order mark or NUL, two data lines, no blank line at the end), and that were framed anew or left out.";
    upstream_requests: IntCounterVec = "tidegate_upstream_requests_total", ["upstream", "outcome"];
        "Requests to the upstream: ok, http_4xx, http_5xx, timeout, connect_error, protocol_error, cancelled.";
    upstream_duration: HistogramVec = "tidegate_upstream_request_duration_seconds", ["upstream"], LONG;
        "Time from sending a request upstream to the last byte of its response.";
    upstream_first_chunk: HistogramVec = "tidegate_upstream_time_to_first_chunk_seconds", ["upstream"], LONG;
        "Time from sending a request upstream to the first chunk of a streamed response.";
    classifier_requests: IntCounterVec = "tidegate_classifier_requests_total", ["classifier", "outcome"];
        "Texts that a classifier was to judge: ok, cached, or why it was not judged: timeout, error, rejected (circuit open, or too many wait), unreadable (the answer is none), self_test, too_long.";
    classifier_duration: HistogramVec = "tidegate_classifier_duration_seconds", ["classifier"], LONG;
        "Time until a classifier's answer about a text, queueing included, or until it was given up; kept answers are not counted.";
    classifier_circuit: IntGaugeVec = "tidegate_classifier_circuit_state", ["classifier", "state"];
        "1 for the current state of a classifier's circuit breaker: closed, open, half_open.";
    classifier_texts: IntCounterVec = "tidegate_classifier_texts_total", ["classifier", "sent"];
        "Texts, or parts of one, that rules would have a classifier judge: asked, or spared by run_if.";
    classifier_agreement: IntCounterVec = "tidegate_classifier_agreement_total", ["classifier", "found_by"];
        "Texts, or parts of one, that a classifier judged, by who found something in them: both, rules (those without it), classifier, neither.";
    fallbacks: IntCounterVec = "tidegate_fallbacks_total", ["classifier", "fallback"];
        "Decisions taken without a classifier's answer, by what was done instead: block, review, skip.";
    reloads: IntCounterVec = "tidegate_policy_reloads_total", ["outcome"];
        "Policy reload attempts: ok, invalid, tests_failed, failed (the reload broke in itself).";
    reload_ok: IntGauge = "tidegate_policy_last_reload_successful", [];
        "1 if the last reload attempt was applied; on 0 the policy before it is still in force.";
    reload_time: Gauge = "tidegate_policy_last_reload_success_timestamp_seconds", [];
        "Unix time of the last reload that was applied.";
    policy_info: IntGaugeVec = "tidegate_policy_info", ["policy", "revision"];
        "The policy in force; revision is a hash of its files; always 1.";
    policy_rules: IntGaugeVec = "tidegate_policy_rules", ["policy", "mode"];
        "Rules in force.";
    records_lost: IntCounterVec = "tidegate_audit_events_dropped_total", ["sink"];
        "Decision records that could not be written; alert on any.";
    records_up: IntGaugeVec = "tidegate_audit_sink_up", ["sink"];
        "1 while decision records are written, 0 while their target takes none.";
    records_head: IntGauge = "tidegate_audit_chain_seq", [];
        "Number of the last line that was written of the chain of decision records.";
    feedback: IntCounterVec = "tidegate_feedback_total", ["source", "label"];
        "Feedback received, by what it was (thumbs, rating, label, report, appeal) and its label: false_positive, false_negative, correct, up, down, none.";
    ratings: IntCounterVec = "tidegate_feedback_ratings_total", ["route", "scale", "answer"];
        "Ratings received, by scale (5: from 1 on; 10: from 0 on) and what they count as for the net promoter score: promoter, passive, detractor.";
    review_items: IntGaugeVec = "tidegate_review_items", ["queue", "state"];
        "Items of the review queues: open, second (another opinion is wanted), disagreement, settled; gates that share a store all show it.";
    review_age: IntGaugeVec = "tidegate_review_oldest_item_age_seconds", ["queue"];
        "Age of the oldest item of a review queue that is not settled; 0 where there is none.";
    review_verdicts: IntCounterVec = "tidegate_review_decisions_total", ["queue", "rule", "verdict"];
        "What people said of items since the gate has started: upheld, overturned, unsure; gates that share a store all count it.";
    adapt_threshold: GaugeVec = "tidegate_adapt_threshold", ["policy", "rule", "state"];
        "Thresholds that may move with what people judge: written (in the policy), in_force, and shadow, where it would stand if it moved (adapt.mode).";
    adapt_changes: IntCounterVec = "tidegate_adapt_changes_total", ["policy", "rule", "direction", "mode"];
        "Changes of such thresholds since the gate has started, by direction (up, down, reset by people, file for what is written anew) and mode (on, shadow); gates that share a store all count it.";
    store_up: IntGaugeVec = "tidegate_store_up", [];
        "1 while the store can be reached, 0 while it cannot; where there is no store there is no such series.";
    webhooks: IntCounterVec = "tidegate_webhook_messages_total", ["webhook", "outcome"];
        "Messages to webhooks: sent, failed (tried again and again, or refused), dropped (too many waited).";
    spans: IntCounterVec = "tidegate_trace_spans_total", ["outcome"];
        "Spans of traces: sent, failed (the collector did not take them), dropped (too many waited).";
    panics: IntCounterVec = "tidegate_panics_total", ["part"];
        "Mistakes of ours that were contained; alert on any.";
    cache: IntCounterVec = "tidegate_cache_requests_total", ["cache", "outcome"];
        "Reads of a cache: hit, miss; verdicts knows texts of prompts that were found clean.";
    turns_left_out: IntCounterVec = "tidegate_turns_left_out_total", ["dialect"];
        "Turns of conversations that were left out because they were blocked before (history: drop_blocked).";
    config_warnings: IntGauge = "tidegate_config_warnings", [];
        "Warnings of the running configuration (tidegate check lists them).";
    runtime_tasks: IntGaugeVec = "tokio_alive_tasks", ["runtime"];
        "Tasks of a runtime that have not ended; there is one runtime for each core, and main.";
    runtime_queue: IntGaugeVec = "tokio_queued_tasks", ["runtime"];
        "Tasks that other threads have handed to a runtime and that it has not taken up.";
    runtime_busy: CounterVec = "tokio_busy_seconds_total", ["runtime"];
        "Time that a runtime's thread was at work; its rate is the share of one core.";
    runtime_parks: IntCounterVec = "tokio_parks_total", ["runtime"];
        "Times that a runtime's thread had nothing to do and slept.";
}
