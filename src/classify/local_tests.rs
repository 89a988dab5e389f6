//! Transformers in process behind the same desk as remote classifiers, with the tiny models of `tests/onnx/tiny`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::in_process::Pool;
use super::{Classifier, Mistake, Question, Reason, Tested, Verdict, check};
use crate::config::policy_file::Classifier as Written;
use crate::detect::onnx::{Files, Onnx};
use crate::domain::{Author, Phase};
use crate::telemetry::Metrics;

const TOKENIZER: &[u8] = include_bytes!("../../tests/onnx/tiny/tokenizer.json");
const CLASSIFIER: &[u8] = include_bytes!("../../tests/onnx/tiny/classifier.onnx");
const NAN: &[u8] = include_bytes!("../../tests/onnx/tiny/nan.onnx");

fn file() -> Value {
    json!({ "file": "f", "sha256": "0" })
}

fn written(more: Value) -> Written {
    let mut all = json!({
        "kind": "onnx", "model": file(), "tokenizer": file(), "timeout": "20s",
        "labels": { "fine": "none", "hateful": "hate", "violent": "violence" },
        "answer": { "classes": ["fine", "hateful", "violent"], "activation": "sigmoid" },
    });
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    serde_json::from_value(all).unwrap()
}

fn model(bytes: &[u8], pool: &Pool, written: &Written) -> Arc<Onnx> {
    let files = Files { model: bytes, tokenizer: TOKENIZER, head: None };
    Arc::new(pool.load(files, super::models::reading(written)).unwrap())
}

fn classifier(bytes: &[u8], more: Value) -> Classifier {
    let (written, pool) = (written(more), Pool::new(2));
    let model = model(bytes, &pool, &written);
    let metrics = Arc::new(Metrics::new());
    Classifier::in_pool("tiny", &written, model, (&pool, metrics)).unwrap()
}

const fn question(text: &str) -> Question<'_> {
    Question { text, phase: Phase::Prompt, author: Author::User, prompt: None }
}

fn score(verdict: &Verdict, category: &str) -> f64 {
    match verdict {
        Verdict::Scores { scores, .. } => scores.of(category),
        Verdict::Unavailable { reason, .. } => panic!("{reason:?}"),
    }
}

fn reason(verdict: &Verdict) -> Reason {
    match verdict {
        Verdict::Scores { .. } => panic!("{verdict:?}"),
        Verdict::Unavailable { reason, .. } => *reason,
    }
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-4, "{found} instead of {expected}");
}

#[tokio::test]
async fn a_text_gets_the_scores_of_the_network_by_our_categories_and_then_from_the_cache() {
    let classifier = classifier(CLASSIFIER, json!({}));
    let verdict = classifier.ask(question("a bad day"), None).await;
    // sigmoid(2) and sigmoid(0.5)
    near(score(&verdict, "hate"), 0.880_797);
    near(score(&verdict, "violence"), 0.622_459);
    near(score(&verdict, "none"), 0.0);
    assert!(matches!(verdict, Verdict::Scores { cached: false, .. }));
    let again = classifier.ask(question("a bad day"), None).await;
    assert!(matches!(again, Verdict::Scores { cached: true, .. }));
    assert_eq!(classifier.state().cached, 1);
}

#[tokio::test]
async fn many_texts_at_once_are_all_answered_and_each_is_run_once() {
    let classifier = Arc::new(classifier(CLASSIFIER, json!({})));
    let texts: Vec<String> = (0..40).map(|n| format!("{}bad", "day ".repeat(n % 10))).collect();
    let verdicts = join_all(texts.iter().map(|text| classifier.ask(question(text), None))).await;
    for verdict in &verdicts {
        near(score(verdict, "hate"), 0.880_797);
    }
    assert_eq!(classifier.state().cached, 10);
    assert_eq!((classifier.state().waiting, classifier.state().in_flight), (0, 0));
}

#[tokio::test]
async fn a_long_text_is_asked_window_by_window() {
    let classifier = classifier(CLASSIFIER, json!({}));
    let calm: Vec<String> = (0..1_000).map(|n| format!("day {n}.")).collect();
    let text = format!("{} bad", calm.join(" "));
    near(score(&classifier.ask(question(&text), None).await, "hate"), 0.880_797);
    assert!(classifier.state().cached > 5);
}

#[tokio::test]
async fn numbers_that_are_none_are_unreadable_and_are_not_kept() {
    let classifier = classifier(NAN, json!({ "window": { "chars": 2000, "overlap": 0 } }));
    assert!(matches!(classifier.ask(question("good"), None).await, Verdict::Scores { .. }));
    let verdict = classifier.ask(question(&"vermin ".repeat(140)), None).await;
    assert_eq!(reason(&verdict), Reason::Unreadable);
    assert_eq!(classifier.state().cached, 1);
}

#[tokio::test]
async fn a_text_whose_time_is_over_before_a_slot_is_free_is_never_begun() {
    let (written, pool) = (written(json!({})), Pool::new(1));
    let model = model(CLASSIFIER, &pool, &written);
    let metrics = Arc::new(Metrics::new());
    let classifier = Classifier::in_pool("tiny", &written, model, (&pool, metrics)).unwrap();
    // Somebody else keeps the only slot.
    let slot = pool.hold().await;
    let began = Instant::now();
    let soon = Some(began + Duration::from_millis(50));
    assert_eq!(reason(&classifier.ask(question("bad"), soon).await), Reason::Timeout);
    assert!(began.elapsed() < Duration::from_secs(10));
    // The worker's time is over at the same moment; now it has seen that too.
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(slot);
    assert_eq!(pool.begun(), 0);
    near(score(&classifier.ask(question("bad"), None).await, "hate"), 0.880_797);
    assert_eq!(pool.begun(), 1);
}

#[tokio::test]
async fn its_self_test_has_to_pass_before_it_is_believed() {
    let test =
        |good: &str| json!({ "self_test": { "good": good, "bad": "vermin", "at_least": 0.6 } });
    let right = classifier(CLASSIFIER, test("a text of unknown words"));
    tokio::select! {
        () = right.keep_tested() => {}
        verdict = right.ask(question("bad"), None) => near(score(&verdict, "hate"), 0.880_797),
    }
    let wrong = classifier(CLASSIFIER, test("vermin as well"));
    tokio::select! {
        () = wrong.keep_tested() => {}
        verdict = wrong.ask(question("bad"), None) => {
            assert_eq!(reason(&verdict), Reason::SelfTest);
        }
    }
    assert!(matches!(wrong.state().tested, Some(Tested::Failed(_))));
}

fn mistakes(more: Value) -> Vec<String> {
    check(&written(more)).iter().map(Mistake::to_string).collect()
}

#[test]
fn what_a_transformer_needs_and_what_means_nothing_for_it_is_named() {
    assert_eq!(mistakes(json!({})), [""; 0]);
    let head = json!({ "head": file(), "answer": {}, "labels": {} });
    assert_eq!(mistakes(head), [""; 0]);
    let one = |more: Value, expected: &str| {
        let found = mistakes(more);
        assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
    };
    one(json!({ "tokenizer": null }), "`onnx` needs `tokenizer`");
    one(json!({ "model": "a-name" }), "a model in process is a file");
    one(json!({ "endpoint": "e" }), "`endpoint` means nothing for `onnx`");
    one(json!({ "request": { "path": "/p" } }), "`request.path` means nothing for `onnx`");
    let none = mistakes(json!({ "labels": {}, "answer": {} }));
    assert!(none.len() == 2 && none[0].contains("needs `labels`"), "{none:?}");
    assert!(none[1].contains("needs `answer.classes`"), "{none:?}");
    let sole = json!({ "labels": { "toxic": "hate" }, "answer": { "classes": ["toxic"] } });
    one(sole, "the softmax of one class is always 1");
    let both = json!({ "head": file(), "labels": {}, "answer": { "activation": "sigmoid" } });
    one(both, "means nothing beside `head`");
    let tei = json!({ "kind": "tei_predict", "endpoint": "e", "labels": { "a": "hate" },
        "tokenizer": file() });
    let found = check(&serde_json::from_value(tei).unwrap());
    assert_eq!(found[0].message, "`tokenizer` means nothing for `tei_predict`");
}
