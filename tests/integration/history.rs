//! Conversations whose earlier turns come again.

use serde_json::json;

use crate::gate::Setup;
use crate::wire::ask;

fn conversation(turns: &[&str]) -> String {
    let messages: Vec<_> =
        turns.iter().map(|text| json!({"role": "user", "content": text})).collect();
    json!({"model": "demo", "messages": messages}).to_string()
}

#[tokio::test]
async fn a_clean_turn_that_comes_again_is_not_screened_again_and_others_are() {
    let gate = Setup::demo().start().await;
    let long = |word: &str| format!("{word} {}", "and so on ".repeat(40));
    let (first, second, bad) = (long("one"), long("two"), long("grenade"));
    assert_eq!(ask(gate.data, &conversation(&[&first])).await.status, 200);
    assert_eq!(ask(gate.data, &conversation(&[&first, &second])).await.status, 200);
    gate.counts(&[
        "tidegate_cache_requests_total{cache=\"verdicts\",outcome=\"hit\"} 1",
        "tidegate_cache_requests_total{cache=\"verdicts\",outcome=\"miss\"} 2",
    ])
    .await;
    for _ in 0..2 {
        assert_eq!(ask(gate.data, &conversation(&[&first, &bad])).await.status, 400);
    }
    gate.counts(&[
        "tidegate_cache_requests_total{cache=\"verdicts\",outcome=\"hit\"} 3",
        "tidegate_cache_requests_total{cache=\"verdicts\",outcome=\"miss\"} 4",
        "tidegate_rule_matches_total{mode=\"enforce\",policy=\"test\",rule=\"weapons\"} 2",
    ])
    .await;
}

#[tokio::test]
async fn a_policy_that_rescans_screens_every_turn_each_time() {
    let gate = Setup::demo().policy("history: rescan\n").start().await;
    let text = "and so on ".repeat(40);
    for _ in 0..2 {
        assert_eq!(ask(gate.data, &conversation(&[&text])).await.status, 200);
    }
    gate.counts(&[
        "tidegate_cache_requests_total{cache=\"verdicts\",outcome=\"hit\"} 0",
        "tidegate_cache_requests_total{cache=\"verdicts\",outcome=\"miss\"} 0",
    ])
    .await;
}
