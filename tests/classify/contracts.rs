//! Each contract before a server that speaks it: what is asked arrives as documented, what is good comes back good
//! and what is bad comes back bad.

use serde_json::{Value, json};
use tidegate::classify::{Reason, Verdict};
use tidegate::domain::OPENAI_CATEGORIES;

use crate::server::{Act, Asked, Server};
use crate::{ask, classifier, comes_to_rest, judged};

fn bad(text: &Value) -> bool {
    text.as_str().expect("a text").contains("bad")
}

fn each(texts: &Value, one: impl Fn(&Value) -> Value) -> Value {
    texts.as_array().expect("texts").iter().map(one).collect()
}

fn chat(content: &str) -> Value {
    json!({ "choices": [{ "finish_reason": "stop", "message": { "content": content } }] })
}

/// What the last turn of a chat says is bad.
fn last_is_bad(body: &Value) -> bool {
    let turns = body["messages"].as_array().expect("turns");
    bad(&turns.last().expect("a turn")["content"])
}

fn openai(asked: &Asked) -> Value {
    let one = |text: &Value| {
        let score = if bad(text) { 0.9 } else { 0.01 };
        let scores: Value = OPENAI_CATEGORIES
            .iter()
            .map(|name| ((*name).to_owned(), json!(score)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        json!({ "flagged": bad(text), "category_scores": scores })
    };
    json!({ "id": "m", "results": each(&asked.body["input"], one) })
}

fn tei(asked: &Asked) -> Value {
    assert_eq!(asked.body["truncate"], false, "no text is cut off unseen");
    each(&asked.body["inputs"], |input| {
        let score = if bad(&input[0]) { 0.9 } else { 0.01 };
        json!([{ "label": "toxic", "score": score }, { "label": "ok", "score": 1.0 - score }])
    })
}

fn vllm(asked: &Asked) -> Value {
    let texts = asked.body["input"].as_array().expect("texts");
    let one = |(index, text): (usize, &Value)| {
        let (label, probs) = if bad(text) { ("toxic", [0.1, 0.9]) } else { ("ok", [0.99, 0.01]) };
        json!({ "index": index, "label": label, "probs": probs, "num_classes": 2 })
    };
    // The order is not promised.
    json!({ "object": "list", "data": texts.iter().enumerate().rev().map(one).collect::<Vec<_>>() })
}

fn kserve(asked: &Asked) -> Value {
    let input = &asked.body["inputs"][0];
    let texts = input["data"].as_array().expect("texts");
    let data: Vec<f64> =
        texts.iter().flat_map(|text| if bad(text) { [0.1, 0.9] } else { [0.99, 0.01] }).collect();
    json!({ "model_name": "tox", "outputs": [
        { "name": "scores", "datatype": "FP32", "shape": [texts.len(), 2], "data": data },
    ] })
}

fn azure(asked: &Asked) -> Value {
    let severity = if bad(&asked.body["text"]) { 6 } else { 0 };
    let one = |category: &Value| json!({ "category": category, "severity": severity });
    json!({ "blocklistsMatch": [], "categoriesAnalysis": each(&asked.body["categories"], one) })
}

/// Offsets in code points, as Python counts.
fn code_points(text: &Value) -> Option<(usize, usize)> {
    let text = text.as_str().expect("a text");
    let start = text.split_once("bad")?.0.chars().count();
    Some((start, start + 3))
}

fn presidio(asked: &Asked) -> Value {
    let found = code_points(&asked.body["text"]);
    let one = |(start, end)| json!({ "entity_type": "PERSON", "start": start, "end": end, "score": 0.85 });
    found.map(one).into_iter().collect()
}

fn fms(asked: &Asked) -> Value {
    each(&asked.body["contents"], |text| {
        let one = |(start, end)| {
            json!({ "start": start, "end": end, "text": "bad", "detection": "Name",
                "detection_type": "pii", "score": 0.85 })
        };
        code_points(text).map(one).into_iter().collect()
    })
}

fn litellm(asked: &Asked) -> Value {
    if bad(&asked.body["texts"][0]) {
        json!({ "action": "BLOCKED", "blocked_reason": "rude" })
    } else {
        json!({ "action": "NONE" })
    }
}

fn shieldgemma(asked: &Asked) -> Value {
    let (token, yes, no) =
        if last_is_bad(&asked.body) { ("Yes", 0.9, 0.1) } else { ("No", 0.02, 0.98) };
    let top = |token: &str, share: f64| json!({ "token": token, "logprob": share.ln() });
    let first = json!({ "token": token, "top_logprobs": [top("Yes", yes), top("No", no)] });
    json!({ "choices": [{
        "finish_reason": "length", "message": { "content": token }, "logprobs": { "content": [first] },
    }] })
}

type Answers = fn(&Asked) -> Value;

#[expect(clippy::too_many_lines, reason = "a table: one contract after the other")]
/// Each contract: how it is written, the path that is asked, the header that has the key, and a server.
fn all() -> Vec<(Value, &'static str, &'static str, Answers)> {
    const CHAT: &str = "/base/v1/chat/completions";
    const BEARER: &str = "authorization";
    let guard = |format: &str| json!({ "kind": "chat_guard", "format": format, "model": "g" });
    let prompted = |format: &str, prompt: &str| {
        let mut written = guard(format);
        written["request"] = json!({ "prompt": prompt });
        written
    };
    let two = json!({ "toxic": "harassment", "ok": "none" });
    let classes = json!({ "classes": ["ok", "toxic"] });
    let mut policy = prompted("policy_json", "H1: no insults.");
    policy["labels"] = json!({ "H1": "harassment" });
    vec![
        (json!({ "kind": "openai_moderation" }), "/base/v1/moderations", BEARER, openai),
        (guard("llama_guard"), CHAT, BEARER, |asked| {
            chat(if last_is_bad(&asked.body) { "unsafe\nS10" } else { "safe" })
        }),
        (guard("qwen3guard"), CHAT, BEARER, |asked| {
            let (safety, what) =
                if last_is_bad(&asked.body) { ("Unsafe", "Violent") } else { ("Safe", "None") };
            chat(&format!("Safety: {safety}\nCategories: {what}"))
        }),
        (guard("nemoguard"), CHAT, BEARER, |asked| {
            chat(if last_is_bad(&asked.body) {
                r#"{"User Safety": "unsafe", "Safety Categories": "Harassment"}"#
            } else {
                r#"{"User Safety": "safe"}"#
            })
        }),
        (prompted("shieldgemma", "Insult? {{text}} ('Yes' or 'No')"), CHAT, BEARER, shieldgemma),
        (guard("wildguard"), CHAT, BEARER, |asked| {
            let word = if last_is_bad(&asked.body) { "yes" } else { "no" };
            chat(&format!("Harmful request: {word}\nResponse refusal: n/a\nHarmful response: n/a"))
        }),
        (prompted("granite_guardian", "harm"), CHAT, BEARER, |asked| {
            let word = if last_is_bad(&asked.body) { "yes" } else { "no" };
            chat(&format!("<think>\nhm\n</think>\n<score> {word} </score>"))
        }),
        (policy, CHAT, BEARER, |asked| {
            let violation = u8::from(last_is_bad(&asked.body));
            let category = if violation == 1 { json!("H1") } else { Value::Null };
            chat(&json!({ "violation": violation, "policy_category": category }).to_string())
        }),
        (json!({ "kind": "tei_predict", "labels": two }), "/base/predict", BEARER, tei),
        (
            json!({ "kind": "vllm_classify", "model": "g", "labels": two, "answer": classes }),
            "/base/classify",
            BEARER,
            vllm,
        ),
        (
            json!({ "kind": "kserve_v2", "model": "tox", "labels": two, "answer": classes }),
            "/base/v2/models/tox/infer",
            BEARER,
            kserve,
        ),
        (
            json!({ "kind": "azure_content_safety" }),
            "/base/contentsafety/text:analyze?api-version=2024-09-01",
            "ocp-apim-subscription-key",
            azure,
        ),
        (
            json!({ "kind": "presidio", "labels": { "PERSON": "pii" } }),
            "/base/analyze",
            BEARER,
            presidio,
        ),
        (
            json!({ "kind": "fms_detector", "model": "d1", "labels": { "pii": "pii" } }),
            "/base/api/v1/text/contents",
            BEARER,
            fms,
        ),
        (
            json!({ "kind": "litellm_generic" }),
            "/base/beta/litellm_basic_guardrail_api",
            "x-api-key",
            litellm,
        ),
        (
            json!({ "kind": "http", "labels": { "score": "harassment" },
                "request": { "path": "/predict", "body": r#"{"text": "{{text}}"}"# },
                "answer": { "score": "/toxicity" } }),
            "/base/predict",
            BEARER,
            |asked| json!({ "toxicity": if bad(&asked.body["text"]) { 0.98 } else { 0.0 } }),
        ),
    ]
}

#[tokio::test]
async fn each_contract_tells_good_from_bad() {
    for (mut written, path, key, answers) in all() {
        let name = format!("{} {}", written["kind"], written["format"]);
        written["timeout"] = json!("5s");
        let server = Server::start(move |_, asked| Act::Json(answers(asked))).await;
        let one = classifier(&server, written);
        let good = judged(&one, "é a kind word").await;
        assert!(good.is_ok_and(|score| score < 0.1), "{name}: {good:?}");
        let found = judged(&one, "é a bad word").await;
        assert!(found.is_ok_and(|score| score > 0.8), "{name}: {found:?}");
        // Many at once, so that contracts that take several get several.
        let texts: Vec<String> =
            (0..60).map(|n| format!("{} {n}", if n % 4 == 0 { "bad" } else { "kind" })).collect();
        let questions: Vec<_> = texts.iter().map(|text| ask(text)).collect();
        for (text, verdict) in texts.iter().zip(one.ask_all(&questions, None).await) {
            let Verdict::Scores { scores, .. } = verdict else { panic!("{name}: {verdict:?}") };
            assert_eq!(scores.highest() > 0.5, text.contains("bad"), "{name}: {text}");
        }
        for asked in server.asked() {
            assert_eq!(asked.path, path, "{name}");
            assert!(asked.header(key).is_some_and(|key| key.ends_with("k-123")), "{name}");
            assert_eq!(asked.header("x-team"), Some("safety"));
            assert_eq!(asked.header("content-type"), Some("application/json"));
            assert_eq!(asked.header("accept-encoding"), Some("identity"));
        }
        comes_to_rest(&one, &name).await;
        assert!(!format!("{one:?}").contains("k-123"), "{name}: a key shows");
    }
}

#[tokio::test]
async fn each_contract_refuses_an_answer_of_another() {
    let mut clean = Vec::new();
    for (written, _, _, answers) in all() {
        let server = Server::start(move |_, asked| Act::Json(answers(asked))).await;
        assert!(judged(&classifier(&server, written), "x").await.is_ok());
        clean.push(answers(&server.asked()[0]));
    }
    for (own, (written, ..)) in all().into_iter().enumerate() {
        for (other, answer) in clean.iter().enumerate().filter(|(other, _)| *other != own) {
            let told = answer.clone();
            let server = Server::start(move |_, _| Act::Json(told.clone())).await;
            let verdict = judged(&classifier(&server, written.clone()), "x").await;
            assert_eq!(verdict, Err(Reason::Unreadable), "{written} and number {other}: {answer}");
        }
    }
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let server = Server::start(|_, asked| Act::Json(tei(asked))).await;
    let labels = json!({ "toxic": "harassment", "ok": "none" });
    let one =
        classifier(&server, json!({ "kind": "tei_predict", "labels": labels, "timeout": "5s" }));
    for n in 0..20 {
        assert!(judged(&one, &n.to_string()).await.is_ok());
    }
    assert_eq!((server.asked().len(), server.connections()), (20, 1));
}
