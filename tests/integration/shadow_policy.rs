//! A second policy on a route: it decides about the same texts, is counted, and changes nothing.

use crate::gate::Setup;
use crate::model::Model;
use crate::wire::{ask, prompt, streamed};

/// Blocks `rocket` and lets `grenade` pass; addresses of mail are only tagged.
const NEXT: &str = "version: 1
name: next
rules:
  - { id: weapons, words: [rocket], action: block }
  - { id: mail, detect: [email], action: tag }
";

fn shadowed(setup: Setup, policy: &str) -> Setup {
    setup.beside("next.yaml", policy).shadowed_by("next")
}

fn count(phase: &str, change: &str, count: u32) -> String {
    format!(
        "tidegate_shadow_policy_decisions_total{{change=\"{change}\",phase=\"{phase}\",policy=\"next\",route=\"chat\"}} {count}"
    )
}

#[tokio::test]
async fn what_a_shadow_policy_would_decide_is_counted_and_changes_nothing() {
    let gate = shadowed(Setup::demo(), NEXT).start().await;
    let before = [count("prompt", "newly_blocked", 0), count("completion", "skipped", 0)];
    gate.counts(&before.each_ref().map(String::as_str)).await;
    for (text, status) in [
        ("a rocket", 200),
        ("a grenade", 400),
        ("mail bob@example.com", 200),
        ("good morning, 早上好", 200),
    ] {
        assert_eq!(ask(gate.data, &prompt(text)).await.status, status, "{text}");
    }
    assert_eq!(ask(gate.data, &streamed("tell me of a rocket")).await.status, 200);
    // The demo model says again what it is told, so answers have rockets too; the address comes redacted.
    let lines = [
        count("prompt", "newly_blocked", 2),
        count("prompt", "no_longer_blocked", 1),
        count("prompt", "milder", 1),
        count("prompt", "none", 1),
        count("completion", "newly_blocked", 2),
        count("completion", "none", 2),
        count("completion", "skipped", 0),
    ];
    gate.counts(&lines.each_ref().map(String::as_str)).await;
    // Rules of the second policy are in no other count.
    let shown = gate.admin("/metrics").await.text();
    let blocked = "tidegate_decisions_total{action=\"block\",category=\"none\",mode=\"enforce\",phase=\"prompt\"} 1";
    assert!(shown.lines().any(|line| line == blocked), "{shown}");
}

#[tokio::test]
async fn a_text_that_is_too_long_to_keep_is_counted_as_skipped() {
    let long = "tide ".repeat(40_000);
    let model = Model::says(crate::model::whole(&crate::model::completion(&long))).await;
    let gate = shadowed(Setup::upstream(model.address), NEXT).start().await;
    // Prompts and whole answers are there as they are; of a stream only so much is kept.
    assert_eq!(ask(gate.data, &prompt("tell me")).await.status, 200);
    let lines = [count("prompt", "none", 1), count("completion", "none", 1)];
    gate.counts(&lines.each_ref().map(String::as_str)).await;
    let streaming = Model::start(move |mut connection: crate::model::Connection| {
        let long = long.clone();
        async move {
            connection.send(crate::model::STREAM.as_bytes()).await;
            connection.send(crate::model::chunk(&long).as_bytes()).await;
            connection.send(crate::model::end().as_bytes()).await;
        }
    })
    .await;
    let gate = shadowed(Setup::upstream(streaming.address), NEXT).start().await;
    assert_eq!(ask(gate.data, &streamed("tell me")).await.status, 200);
    gate.counts(&[&count("completion", "skipped", 1)]).await;
}

#[tokio::test]
async fn a_shadow_policy_that_is_missing_or_asks_classifiers_is_refused_by_name() {
    let missing = Setup::demo().shadowed_by("nxt").beside("next.yaml", NEXT);
    let error = missing.launch().await.err().unwrap_or_default();
    assert!(error.contains("TG062") && error.contains("nxt"), "{error}");
    let asking = format!(
        "{NEXT}  - {{ id: asks, classifier: {{ guard: {{ at_least: 0.5 }} }}, action: block }}
classifiers:
  guard: {{ kind: http, endpoint: guard, request: {{ body: '{{\"text\": \"{{{{text}}}}\"}}' }}, answer: {{ score: /score }}, labels: {{ score: hate }} }}
"
    );
    let asking = shadowed(Setup::demo(), &asking)
        .lines("endpoints: { guard: { url: 'http://127.0.0.1:9' } }\n");
    let error = asking.launch().await.err().unwrap_or_default();
    assert!(
        error.contains("TG019") && error.contains("a shadow policy that asks classifiers"),
        "{error}"
    );
}
