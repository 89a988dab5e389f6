//! `POST /v1/moderations`, which the gate answers itself.

use serde_json::{Value, json};
use tidegate::detect::linear::{Context, Model as LinearModel};

use crate::gate::{Gate, Setup};
use crate::model::Model;
use crate::wire::{Answer, Client};

/// Categories for the rules of the policy under test, and a score.
const CATEGORIES: &str = "  - { id: hate, words: [zorp], category: hate, action: block }
  - { id: watched, words: [blorp], category: sexual, action: block, mode: shadow }
  - { id: private, words: [quux], category: pii, action: redact }
  - { id: gore, words: [guts], category: violence/graphic, score: 1 }
  - { id: blood, words: [blood], category: violence/graphic, score: 4 }
thresholds: [{ score: 4, action: review }]
";

async fn moderate(gate: &Gate, lines: &str, body: &Value) -> Answer {
    let body = body.to_string();
    let mut client = Client::connect(gate.data).await;
    let head = format!(
        "POST /v1/moderations HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n{lines}\r\n",
        body.len()
    );
    client.send(format!("{head}{body}").as_bytes()).await;
    client.answer().await
}

/// The categories that apply, for each result.
fn applying(answer: &Answer) -> Vec<Vec<String>> {
    let body = answer.json();
    let applying = |result: &Value| {
        let categories = result["categories"].as_object().expect("a map");
        let applying = categories.iter().filter(|(_, applies)| **applies == true);
        let applying: Vec<String> = applying.map(|(name, _)| name.clone()).collect();
        assert_eq!(result["flagged"], !applying.is_empty());
        applying
    };
    body["results"].as_array().expect("a list").iter().map(applying).collect()
}

#[tokio::test]
async fn each_text_has_a_result_and_no_model_is_asked() {
    let model = Model::says("").await;
    let gate = Setup::upstream(model.address).policy(CATEGORIES).start().await;
    let answer = moderate(&gate, "", &json!({"input": "a zorp"})).await;
    assert_eq!((answer.status, applying(&answer)), (200, vec![vec!["hate".to_owned()]]));
    let body = answer.json();
    let id = body["id"].as_str().unwrap().strip_prefix("modr-").unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    assert_eq!(body["model"], "omni-moderation-latest");
    assert_eq!(body["results"][0]["category_scores"]["hate"], 1.0);
    let input = json!(["fine", "blorp", "quux", "guts", "blood", ""]);
    let answer = moderate(&gate, "", &json!({"input": input})).await;
    let of = |name: &str| vec![name.to_owned()];
    let none = Vec::new;
    let graphic = "violence/graphic";
    assert_eq!(applying(&answer), [none(), of("sexual"), none(), none(), of(graphic), none()]);
    assert_eq!(answer.json()["results"][3]["category_scores"][graphic], 0.25);
    assert!(model.asked().is_empty());
}

#[tokio::test]
async fn a_category_scores_what_the_model_in_process_says_though_no_rule_fires() {
    let model = LinearModel::builtin();
    let texts =
        ["All of them are vermin, throw them out.", "他们都是害虫，应该滚出去。", "Nice day."];
    for (least, fires) in [("1.0", false), ("0.0", true)] {
        let rule = "id: model, category: hate, action: tag, mode: shadow";
        let asks = format!("classifier: {{ guard: {{ at_least: {least}, labels: [hate] }} }}");
        let guard = "classifiers: { guard: { kind: builtin } }\n";
        let gate = Setup::demo().policy(&format!("  - {{ {rule}, {asks} }}\n{guard}"));
        let gate = gate.start().await;
        let answer = moderate(&gate, "", &json!({ "input": texts })).await;
        let found = if fires { vec!["hate".to_owned()] } else { Vec::new() };
        assert_eq!(applying(&answer), vec![found; texts.len()]);
        for (at, text) in texts.iter().enumerate() {
            let scores = model.score(text, &Context::default());
            let result = &answer.json()["results"][at]["category_scores"];
            for (label, score) in model.labels().iter().zip(scores.all()) {
                let told = label.name != "jailbreak";
                let score = told.then(|| json!(f64::from(score.probability)));
                assert_eq!(result.get(&label.name), score.as_ref(), "{text}");
            }
            assert!((result["hate"].as_f64() > Some(0.3)) == (at < 2), "{result}");
        }
    }
}

#[tokio::test]
async fn parts_are_one_text_and_images_are_not_taken_for_clean() {
    let gate = Setup::demo().policy(CATEGORIES).start().await;
    let text = |text: &str| json!({"type": "text", "text": text});
    let image = json!({"type": "image_url", "image_url": {"url": "https://x.org/a.png"}});
    let answer = moderate(&gate, "", &json!({"input": [text("a zo"), text("rp")]})).await;
    assert_eq!(applying(&answer), [["hate"]]);
    let body = json!({"input": [text("a"), image]});
    moderate(&gate, "", &body).await.is_error(400, "content_not_screenable");
    let body = json!({"input": [image, image]});
    moderate(&gate, "", &body).await.is_error(400, "too_many_images");
    let body = json!({"model": "omni-moderation-latest"});
    let answer = moderate(&gate, "", &body).await;
    assert_eq!(answer.json()["error"]["param"], "input");
    answer.is_error(400, "missing_required_parameter");
    let gate = Setup::demo().policy("nontext: { image: allow }\n").start().await;
    let answer = moderate(&gate, "", &json!({"input": [text("a"), image]})).await;
    assert_eq!(applying(&answer), [Vec::<String>::new()]);
}

#[tokio::test]
async fn categories_of_an_operators_own_are_told_where_the_policy_says_so() {
    let lines = format!("{CATEGORIES}reveal: {{ categories: true }}\n");
    let gate = Setup::demo().policy(&lines).start().await;
    let answer = moderate(&gate, "", &json!({"input": "quux"})).await;
    assert_eq!(applying(&answer), [["pii"]]);
}

#[tokio::test]
async fn a_judgement_leaves_a_record_and_counts_like_any_other_decision() {
    let gate = Setup::demo().policy(CATEGORIES).start().await;
    let input = json!({"input": ["fine", "a zorp"]});
    let answer = moderate(&gate, "x-request-id: one\r\n", &input).await;
    assert_eq!(answer.header("x-tidegate-action"), Some("block"));
    moderate(&gate, "x-request-id: two\r\n", &json!({"input": "fine"})).await;
    let records = gate.records("one", "two").await;
    let text = |key: &str| records[0][key].as_str().unwrap_or_default().to_owned();
    let said = ["dialect", "phase", "passage", "action"].map(text);
    assert_eq!(said, ["openai.moderations", "prompt", "input[1]", "block"]);
    gate.counts(&["tidegate_rule_matches_total{mode=\"enforce\",policy=\"test\",rule=\"hate\"} 1"])
        .await;
}
