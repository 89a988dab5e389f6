//! Series of the real service: what stands at 0 before anything happens, and what a stream adds.

use crate::gate::{Gate, Setup};
use crate::model::{Model, STREAM, chunk, end};
use crate::wire::{ask, prompt, streamed};

#[tokio::test]
async fn what_can_be_known_stands_at_zero_from_the_start() {
    let rules = "  - { id: iban, detect: [iban], action: redact, on: completion, category: fraud, mode: shadow }\n";
    let gate = Setup::demo().policy(rules).start().await;
    gate.counts(&[
        "tidegate_rule_matches_total{mode=\"enforce\",policy=\"test\",rule=\"weapons\"} 0",
        "tidegate_rule_matches_total{mode=\"shadow\",policy=\"test\",rule=\"iban\"} 0",
        "tidegate_decisions_total{action=\"block\",category=\"fraud\",mode=\"shadow\",phase=\"completion\"} 0",
        "tidegate_decisions_total{action=\"unavailable\",category=\"none\",mode=\"enforce\",phase=\"prompt\"} 0",
        "tidegate_redactions_total{detector=\"EMAIL\",phase=\"prompt\"} 0",
        "tidegate_redactions_total{detector=\"IBAN\",phase=\"completion\"} 0",
        "tidegate_unmoderated_total{phase=\"prompt\",reason=\"image\"} 0",
        "tidegate_http_requests_in_flight{route=\"chat\"} 0",
        "tidegate_http_request_duration_seconds_count{route=\"chat\",stream=\"true\"} 0",
        "tidegate_overhead_duration_seconds_count{route=\"chat\",stream=\"false\"} 0",
        "tidegate_decision_score_count{phase=\"prompt\"} 0",
        "tidegate_upstream_requests_total{outcome=\"timeout\",upstream=\"model\"} 0",
        "tidegate_stream_cancelled_total{upstream=\"model\"} 0",
        "tidegate_stream_reframed_total{dialect=\"openai.chat\"} 0",
        "tidegate_policy_reloads_total{outcome=\"invalid\"} 0",
        "tidegate_panics_total{part=\"screening\"} 0",
        "tidegate_feedback_total{label=\"false_positive\",source=\"label\"} 0",
        "tidegate_feedback_ratings_total{answer=\"promoter\",route=\"chat\",scale=\"10\"} 0",
        "tidegate_stream_hold_seconds_count 0",
    ])
    .await;
    let shown = gate.admin("/metrics").await.text();
    assert!(shown.contains("tokio_alive_tasks{runtime=\"worker-0\"}"), "{shown}");
    assert!(!shown.contains("detector=\"IBAN\",phase=\"prompt\""), "the rule reads answers only");
}

#[tokio::test]
async fn rules_beyond_the_limit_count_as_other() {
    let gate = Setup::demo().with("metrics.max_rules", "1").start().await;
    ask(gate.data, &prompt("a grenade for a@example.com")).await;
    gate.counts(&[
        "tidegate_rule_matches_total{mode=\"enforce\",policy=\"test\",rule=\"weapons\"} 1",
        "tidegate_rule_matches_total{mode=\"enforce\",policy=\"test\",rule=\"other\"} 1",
        "tidegate_config_warnings 1",
    ])
    .await;
}

#[tokio::test]
async fn text_that_is_held_counts_for_as_long_as_it_is() {
    let model = Model::start(|mut connection| async move {
        connection.send(STREAM.as_bytes()).await;
        connection.send(chunk("Well. ").as_bytes()).await;
        tokio::time::sleep(std::time::Duration::from_millis(120)).await;
        // `gren` could still become the word that is blocked.
        connection.send(chunk("a gren").as_bytes()).await;
        tokio::time::sleep(std::time::Duration::from_millis(120)).await;
        connection.send(chunk("ache, and more. ").as_bytes()).await;
        connection.send(end().as_bytes()).await;
    })
    .await;
    let gate: Gate = Setup::upstream(model.address).start().await;
    let answer = ask(gate.data, &streamed("hi")).await;
    assert!(answer.text().contains("ache"));
    let value = |text: &str, name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim().parse().unwrap_or_else(|_| panic!("{name} in {text}"))
    };
    gate.counts(&["tidegate_stream_held_bytes 0"]).await;
    let shown = gate.admin("/metrics").await.text();
    assert!(value(&shown, "tidegate_stream_hold_seconds_sum") >= 0.12, "{shown}");
    // What went out when it came counts as well.
    assert!(value(&shown, "tidegate_stream_hold_seconds_count") >= 2.0, "{shown}");
}
