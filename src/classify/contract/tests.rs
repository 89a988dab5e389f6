//! Every contract: what it asks, what it reads, and what it does not take for an answer.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Contract, Question, Scores, Unreadable};
use crate::classify::setup::plan;
use crate::config::policy_file::Classifier;
use crate::domain::{Author, Phase};

fn contract(mut written: Value) -> Box<dyn Contract> {
    written["endpoint"] = json!("e");
    let written: Classifier = serde_json::from_value(written).unwrap();
    plan(&written).unwrap_or_else(|mistakes| panic!("{mistakes:?}")).contract
}

const fn ask(text: &str) -> Question<'_> {
    Question { text, phase: Phase::Prompt, author: Author::User, prompt: None }
}

const fn completion(text: &str) -> Question<'_> {
    Question { text, phase: Phase::Completion, author: Author::Assistant, prompt: Some("why?") }
}

fn body(contract: &dyn Contract, questions: &[Question<'_>]) -> Value {
    serde_json::from_slice(&contract.body(questions)).unwrap()
}

fn read(
    contract: &dyn Contract,
    question: Question<'_>,
    answer: &str,
) -> Result<Scores, Unreadable> {
    let mut all = contract.read(&[question], answer.as_bytes())?;
    assert_eq!(all.len(), 1);
    Ok(all.remove(0))
}

/// What was found, as `category=score`.
fn found(contract: &dyn Contract, question: Question<'_>, answer: &str) -> String {
    match read(contract, question, answer) {
        Err(problem) => format!("!{}", problem.code()),
        Ok(scores) => {
            let found = scores.iter().filter(|(_, score)| *score > 0.0);
            found.map(|(name, score)| format!("{name}={score:.2}")).collect::<Vec<_>>().join(" ")
        }
    }
}

fn each(contract: &dyn Contract, question: Question<'_>, cases: &[(&str, &str)]) {
    for (answer, expected) in cases {
        assert_eq!(found(contract, question, answer), *expected, "{answer}");
    }
}

fn chat(format: &str) -> Box<dyn Contract> {
    contract(json!({ "kind": "chat_guard", "format": format, "model": "m" }))
}

/// What a chat server says when its model writes this.
fn says(content: &str) -> String {
    json!({ "id": "1", "choices": [{
        "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": content },
    }] })
    .to_string()
}

fn each_said(contract: &dyn Contract, question: Question<'_>, cases: &[(&str, &str)]) {
    for (content, expected) in cases {
        assert_eq!(found(contract, question, &says(content)), *expected, "{content}");
    }
}

fn openai_answer(change: impl Fn(&mut Value)) -> String {
    let scores: serde_json::Map<_, _> = crate::domain::OPENAI_CATEGORIES
        .iter()
        .map(|name| ((*name).to_owned(), json!(0.0)))
        .collect();
    let mut answer = json!({ "results": [{ "flagged": false, "category_scores": scores }] });
    change(&mut answer);
    answer.to_string()
}

#[test]
fn openai_moderation_is_read_with_all_its_categories() {
    let openai = contract(json!({ "kind": "openai_moderation", "model": "omni" }));
    let sent = body(&*openai, &[ask("a"), ask("b")]);
    assert_eq!(sent, json!({ "model": "omni", "input": ["a", "b"] }));
    let set = |key: &'static str, value: Value| {
        openai_answer(move |answer| answer["results"][0]["category_scores"][key] = value.clone())
    };
    let gone = |key: &'static str| {
        openai_answer(move |answer| {
            answer["results"][0]["category_scores"].as_object_mut().unwrap().remove(key);
        })
    };
    let flag = |categories: Value| {
        openai_answer(move |answer| {
            answer["results"][0]["flagged"] = json!(true);
            answer["results"][0]["categories"] = categories.clone();
        })
    };
    each(
        &*openai,
        ask("x"),
        &[
            (&openai_answer(|_| ()), ""),
            (&set("hate", json!(0.91)), "hate=0.91"),
            (&set("illicit", Value::Null), ""),
            (&gone("illicit/violent"), ""),
            (&flag(json!({ "sexual": true, "hate": false, "illicit": null })), "sexual=0.50"),
            (&flag(json!({})), "!contradiction"),
            (&flag(json!({ "sexual": "yes" })), "!missing"),
            (&set("hate", json!(2.0)), "!score"),
            (&set("hate", json!(-0.1)), "!score"),
            (&set("hate", json!("0.1")), "!score"),
            (&set("hate", Value::Null), "!score"),
            (&set("graphic", json!(0.1)), "!unknown_label"),
            (&gone("hate"), "!missing_label"),
            (&openai_answer(|answer| answer["results"] = json!([])), "!count"),
            (r#"{"error":{"message":"no"}}"#, "!missing"),
            (r#"{"results":[{"flagged":false,"category_scores":{"hate":NaN}}]}"#, "!json"),
            (r#"{"results":[{"category_scores":{"hate":1,"hate":0}}]}"#, "!json"),
            (r#"{"results":[{"category_scores":{"hate":1e999}}]}"#, "!json"),
            (r#"{"results":[{"category_sc"#, "!json"),
            ("", "!empty"),
            ("  \n", "!empty"),
            ("null", "!missing"),
            ("everything is fine", "!json"),
        ],
    );
}

#[test]
fn another_server_of_openais_shape_has_a_map_of_its_own() {
    let written = json!({
        "kind": "openai_moderation",
        "labels": { "hate_and_discrimination": "hate", "law": "none" },
    });
    let openai = contract(written);
    let answer = |scores: Value| json!({ "results": [{ "category_scores": scores }] }).to_string();
    each(
        &*openai,
        ask("x"),
        &[
            (&answer(json!({ "hate_and_discrimination": 0.7, "law": 0.9 })), "hate=0.70"),
            (&answer(json!({ "hate_and_discrimination": 0.7 })), "!missing_label"),
            (&answer(json!({ "hate_and_discrimination": 0.7, "law": 3 })), "!score"),
        ],
    );
    let problem = read(&*openai, ask("x"), &answer(json!({ "odd": 1, "law": 0, "old": 1 })));
    assert_eq!(
        problem.unwrap_err().to_string(),
        "the answer says nothing about: `hate_and_discrimination`"
    );
}

#[test]
fn llama_guard_is_read_by_its_two_lines() {
    let guard = chat("llama_guard");
    each_said(
        &*guard,
        ask("x"),
        &[
            ("safe", ""),
            ("\n\nsafe\n", ""),
            ("unsafe\nS1,S10", "hate=1.00 violence=1.00"),
            ("unsafe\nS4", "sexual/minors=1.00"),
            ("unsafe", "unsafe=1.00"),
            ("safe\nS1", "!prose"),
            ("unsafe\nS99", "!unknown_label"),
            ("unsafe\nS1\nS2", "!prose"),
            ("The message is not unsafe.", "!prose"),
            ("safe.", "!prose"),
            ("unsafe S1", "!prose"),
            ("I think it is safe", "!prose"),
            ("", "!empty"),
        ],
    );
    let problem = read(&*guard, ask("x"), &says("unsafe\nS99,S1,S77")).unwrap_err();
    assert_eq!(problem.to_string(), "`labels` does not name: `S99`, `S77`");
}

#[test]
fn guards_are_asked_in_turns() {
    let guard = contract(json!({
        "kind": "chat_guard", "format": "llama_guard", "model": "m",
        "request": { "parameters": "{\"max_tokens\": 9, \"seed\": 7}" },
    }));
    let sent = body(&*guard, &[completion("because")]);
    assert_eq!(
        sent,
        json!({
            "temperature": 0, "max_tokens": 9, "seed": 7, "stream": false, "n": 1, "model": "m",
            "messages": [
                { "role": "user", "content": "why?" },
                { "role": "assistant", "content": "because" },
            ],
        })
    );
    let sent = body(&*guard, &[ask("hello")]);
    assert_eq!(sent["messages"], json!([{ "role": "user", "content": "hello" }]));
}

#[test]
fn what_a_chat_server_says_beside_its_format_is_no_answer() {
    let guard = chat("llama_guard");
    let choice = |choice: Value| json!({ "choices": [choice] }).to_string();
    let long = says(&"a".repeat(70_000));
    each(
        &*guard,
        ask("x"),
        &[
            (
                &choice(json!({ "message": { "content": "safe" }, "finish_reason": "length" })),
                "!cut_short",
            ),
            (
                &choice(
                    json!({ "message": { "content": "safe" }, "finish_reason": "content_filter" }),
                ),
                "!cut_short",
            ),
            (&choice(json!({ "message": { "content": "safe" }, "finish_reason": null })), ""),
            (&choice(json!({ "message": { "content": null } })), "!empty"),
            (&choice(json!({ "message": { "content": ["safe"] } })), "!missing"),
            (&choice(json!({ "message": {} })), "!missing"),
            (&choice(json!({ "text": "safe" })), "!missing"),
            (r#"{"choices":[]}"#, "!count"),
            (
                r#"{"choices":[{"message":{"content":"safe"}},{"message":{"content":"safe"}}]}"#,
                "!count",
            ),
            (r#"{"choices":[{"message":{"content":"unsafe","content":"safe"}}]}"#, "!json"),
            (r#"{"object":"error","message":"overloaded"}"#, "!missing"),
            ("safe", "!json"),
            (&long, "!too_long"),
        ],
    );
}

#[test]
fn qwen3guard_is_read_by_its_lines() {
    let guard = chat("qwen3guard");
    each_said(
        &*guard,
        ask("x"),
        &[
            ("Safety: Safe\nCategories: None", ""),
            ("Safety: Safe\nCategories: None\nRefusal: No", ""),
            ("Safety: Unsafe\nCategories: Violent, Jailbreak", "jailbreak=1.00 violence=1.00"),
            ("Safety: Controversial\nCategories: Politically Sensitive Topics", "politics=0.50"),
            ("Safety: Unsafe\nCategories: None", "unsafe=1.00"),
            ("Safety: Safe\nCategories: Violent", "!contradiction"),
            ("Safety: Safe", "!missing"),
            ("Categories: None", "!missing"),
            ("Safety: safe-ish\nCategories: None", "!prose"),
            ("Safety: Safe\nSafety: Unsafe\nCategories: None", "!contradiction"),
            ("Safety: Unsafe\nCategories: Rudeness", "!unknown_label"),
            ("Safety: Safe\nCategories: None\nRefusal: Perhaps", "!prose"),
            ("Sure!\nSafety: Safe\nCategories: None", "!prose"),
            ("Safety: Safe\nCategories: None\nNote: fine", "!prose"),
        ],
    );
}

#[test]
fn nemoguard_is_read_as_json_or_lines_about_the_half_that_was_asked() {
    let guard = chat("nemoguard");
    each_said(
        &*guard,
        ask("x"),
        &[
            (r#"{"User Safety": "safe"}"#, ""),
            (
                r#"{"User Safety":"unsafe","Safety Categories":"Violence, Threat"}"#,
                "harassment/threatening=1.00 violence=1.00",
            ),
            ("User Safety: unsafe\nSafety Categories: Malware", "malware=1.00"),
            ("User Safety: safe", ""),
            (r#"{"User Safety":"unsafe"}"#, "unsafe=1.00"),
            (r#"{"User Safety":"safe","Safety Categories":"Violence"}"#, "!contradiction"),
            (r#"{"User Safety":"unsafe","Safety Categories":"Rudeness"}"#, "!unknown_label"),
            (r#"{"Response Safety":"safe"}"#, "!missing"),
            (r#"{"User Safety":true}"#, "!missing"),
            (r#"{"User Safety":"fine"}"#, "!prose"),
            (r#"{"User Safety":"unsafe","User Safety":"safe"}"#, "!json"),
            (r#"{"User Safety":"safe"} and more"#, "!json"),
            ("it is safe", "!prose"),
        ],
    );
    each_said(
        &*guard,
        completion("x"),
        &[
            (
                r#"{"User Safety":"unsafe","Response Safety":"safe","Safety Categories":"Violence"}"#,
                "",
            ),
            (
                r#"{"User Safety":"safe","Response Safety":"unsafe","Safety Categories":"Violence"}"#,
                "violence=1.00",
            ),
            (r#"{"User Safety":"safe"}"#, "!missing"),
        ],
    );
    let sent = body(&*guard, &[ask("the {{phase}} text")]);
    let prompt = sent["messages"][0]["content"].as_str().unwrap();
    assert!(
        prompt.contains("last message: the {{phase}} text\n") && prompt.contains("is a prompt")
    );
}

#[test]
fn shieldgemma_is_read_by_its_probabilities() {
    let guard = contract(json!({
        "kind": "chat_guard", "format": "shieldgemma", "model": "m", "labels": { "yes": "hate" },
        "request": { "prompt": "Does this break the policy? {{text}} (must start with 'Yes' or 'No')" },
    }));
    assert_eq!(body(&*guard, &[ask("x")])["top_logprobs"], 20);
    let answer = |token: &str, top: Value| {
        json!({ "choices": [{
            "message": { "content": token }, "finish_reason": "length",
            "logprobs": { "content": [{ "token": token, "logprob": -0.1, "top_logprobs": top }] },
        }] })
        .to_string()
    };
    let top = |yes: f64, no: f64| json!([{ "token": "Yes", "logprob": yes.ln() }, { "token": " No", "logprob": no.ln() }]);
    let only = |token: &str| json!([{ "token": token, "logprob": -0.01 }, { "token": "x", "logprob": -6 }]);
    each(
        &*guard,
        ask("x"),
        &[
            (&answer("No", top(0.2, 0.6)), "hate=0.25"),
            (&answer("Yes", top(0.9, 0.1)), "hate=0.90"),
            (&answer("Yes", only("Yes")), "hate=1.00"),
            (&answer("Maybe", top(0.2, 0.6)), "!prose"),
            (&answer("No", json!([{ "token": "x", "logprob": -1 }])), "!missing"),
            (&answer("No", json!([{ "token": "No", "logprob": 2 }])), "!score"),
            (&answer("No", json!([{ "token": "No", "logprob": null }])), "!score"),
            (&answer("No", json!([])), "!missing"),
            (&says("No"), "!missing"),
        ],
    );
    // What is not listed is no safer than the least likely token that is.
    let scores = read(&*guard, ask("x"), &answer("No", only("No"))).unwrap();
    assert!(scores.of("hate") > 0.002 && scores.of("hate") < 0.003, "{scores:?}");
}

#[test]
fn wildguard_is_read_by_its_three_lines() {
    let guard = chat("wildguard");
    each_said(
        &*guard,
        ask("x"),
        &[
            ("Harmful request: no\nResponse refusal: n/a\nHarmful response: n/a", ""),
            ("Harmful request: yes\nResponse refusal: yes\nHarmful response: no", "unsafe=1.00"),
            ("Response refusal: yes\nHarmful response: no", "!missing"),
            ("Harmful request: n/a", "!prose"),
            ("Harmful request: not really", "!prose"),
            ("no", "!prose"),
        ],
    );
    each_said(
        &*guard,
        completion("x"),
        &[
            ("Harmful request: yes\nResponse refusal: yes\nHarmful response: no", ""),
            ("Harmful request: no\nResponse refusal: no\nHarmful response: yes", "unsafe=1.00"),
            ("Harmful request: no\nResponse refusal: no\nHarmful response: n/a", "!prose"),
            ("Harmful request: no\nResponse refusal: so so\nHarmful response: no", "!prose"),
        ],
    );
}

#[test]
fn granite_guardian_is_read_after_its_thinking() {
    let guard = contract(json!({
        "kind": "chat_guard", "format": "granite_guardian", "model": "m",
        "request": { "prompt": "harm" }, "labels": { "yes": "violence" },
    }));
    let sent = body(&*guard, &[ask("x")]);
    assert_eq!(sent["messages"][0], json!({ "role": "system", "content": "harm" }));
    each_said(
        &*guard,
        ask("x"),
        &[
            ("<score> no </score>", ""),
            ("<think>\nhm, <score> no </score>\n</think>\n<score> yes </score>", "violence=1.00"),
            ("<think></think><score>no</score>", ""),
            ("Yes", "violence=1.00"),
            ("No\n<confidence> High </confidence>", ""),
            ("<think>no end <score> no </score>", "!cut_short"),
            ("<score> no </score><score> yes </score>", "!prose"),
            ("<score> no", "!prose"),
            ("<score>  </score>", "!prose"),
            ("No, it is fine", "!prose"),
            ("no reason to worry", "!prose"),
        ],
    );
}

#[test]
fn a_written_policy_is_answered_with_one_object() {
    let guard = contract(json!({
        "kind": "chat_guard", "format": "policy_json", "model": "m",
        "request": { "prompt": "Policy H1: …" }, "labels": { "H1": "hate", "H2": "harassment", "unsafe": "unsafe" },
    }));
    each_said(
        &*guard,
        ask("x"),
        &[
            (r#"{"violation":0,"policy_category":null}"#, ""),
            (r#"{"violation":false,"policy_category":"none"}"#, ""),
            (r#"{"violation":1,"policy_category":"H1","confidence":"high"}"#, "hate=1.00"),
            (r#"{"violation":0.4,"policy_category":["H1","H2"]}"#, "harassment=0.40 hate=0.40"),
            (
                "It is an insult.\n```json\n{\"violation\":1,\"policy_category\":\"H1\"}\n```",
                "hate=1.00",
            ),
            ("<think>{\"violation\":0}</think>{\"violation\":true}", "unsafe=1.00"),
            (r#"{"violation":1, oh {"violation":0}"#, "!json"),
            (r#"{"violation":1,"policy_category":"H1"} {"violation":0}"#, "!json"),
            (r#"{"violation":2}"#, "!score"),
            (r#"{"violation":"no"}"#, "!score"),
            (r#"{"policy_category":"H1"}"#, "!missing"),
            (r#"{"violation":1,"policy_category":"H9"}"#, "!unknown_label"),
            (r#"{"violation":0,"policy_category":"H9"}"#, "!unknown_label"),
            (r#"{"violation":0,"policy_category":7}"#, "!missing"),
            ("no violation", "!prose"),
            (r#"{"violation":0"#, "!json"),
        ],
    );
}

#[test]
fn tei_is_read_with_every_label() {
    let tei = contract(json!({
        "kind": "tei_predict", "labels": { "toxic": "harassment", "neutral": "none" },
    }));
    let sent = body(&*tei, &[ask("a"), ask("b")]);
    assert_eq!(sent, json!({ "inputs": [["a"], ["b"]], "truncate": false, "raw_scores": false }));
    let label = |toxic: f64| json!([{ "label": "toxic", "score": toxic }, { "label": "neutral", "score": 1.0 - toxic }]);
    each(&*tei, ask("x"), &[
        (&json!([label(0.0)]).to_string(), ""),
        (&label(0.75).to_string(), "harassment=0.75"),
        (&json!([[{ "label": "neutral", "score": 1.0 }]]).to_string(), "!missing_label"),
        (&json!([[{ "label": "toxic", "score": 0.1 }, { "label": "toxic", "score": 0.9 }]]).to_string(), "!contradiction"),
        (&json!([[{ "label": "toxic", "score": 4.2 }, { "label": "neutral", "score": 0.9 }]]).to_string(), "!score"),
        (&json!([[{ "label": "toxic", "score": 0 }, { "label": "neutral", "score": 1 }, { "label": "LABEL_2", "score": 0 }]]).to_string(), "!unknown_label"),
        (&json!([label(0.1), label(0.1)]).to_string(), "!count"),
        ("[[]]", "!missing_label"),
        ("[]", "!count"),
        (r#"{"error":"busy","error_type":"Overloaded"}"#, "!missing"),
    ]);
    let two = [ask("a"), ask("b")];
    let both = tei.read(&two, json!([label(0.2), label(0.9)]).to_string().as_bytes()).unwrap();
    assert!(both[0].of("harassment") < 0.3 && both[1].of("harassment") > 0.8);
    assert!(tei.read(&two, label(0.2).to_string().as_bytes()).is_err(), "two labels of one text");
}

#[test]
fn vllm_is_read_by_index_and_its_own_label_agrees() {
    let vllm = contract(json!({
        "kind": "vllm_classify", "model": "m", "labels": { "bad": "hate", "good": "none" },
        "answer": { "classes": ["good", "bad"] },
    }));
    let one = |index: u32, label: &str, probs: Value| json!({ "index": index, "label": label, "probs": probs, "num_classes": 2 });
    let data = |items: &[Value]| json!({ "object": "list", "data": items }).to_string();
    each(
        &*vllm,
        ask("x"),
        &[
            (&data(&[one(0, "good", json!([1.0, 0.0]))]), ""),
            (&data(&[one(0, "bad", json!([0.1, 0.9]))]), "hate=0.90"),
            (&data(&[one(0, "bad", json!([0.9, 0.1]))]), "!contradiction"),
            (&data(&[one(0, "ugly", json!([0.9, 0.1]))]), "!unknown_label"),
            (&data(&[one(0, "good", json!([0.9]))]), "!count"),
            (&data(&[one(0, "good", json!([0.9, 2.0]))]), "!score"),
            (&data(&[one(1, "good", json!([0.9, 0.1]))]), "!contradiction"),
            (&data(&[]), "!count"),
        ],
    );
    let two = [ask("a"), ask("b")];
    let turned = data(&[one(1, "bad", json!([0.1, 0.9])), one(0, "good", json!([0.9, 0.1]))]);
    let both = vllm.read(&two, turned.as_bytes()).unwrap();
    assert!(both[0].of("hate") < 0.2 && both[1].of("hate") > 0.8, "by index");
    let twice = data(&[one(0, "bad", json!([0.1, 0.9])), one(0, "good", json!([0.9, 0.1]))]);
    assert_eq!(vllm.read(&two, twice.as_bytes()).unwrap_err().code(), "contradiction");
}

#[test]
fn kserve_is_read_row_by_row() {
    let kserve = contract(json!({
        "kind": "kserve_v2", "model": "tox", "labels": { "bad": "hate", "good": "none" },
        "request": { "input": "in" }, "answer": { "classes": ["good", "bad"], "output": "probs" },
    }));
    assert_eq!(kserve.path(), "/v2/models/tox/infer");
    let sent = body(&*kserve, &[ask("a"), ask("b")]);
    assert_eq!(
        sent["inputs"][0],
        json!({ "name": "in", "shape": [2, 1], "datatype": "BYTES", "data": ["a", "b"] })
    );
    let answer = |name: &str, shape: Value, data: Value| {
        let output = json!({ "name": name, "datatype": "FP32", "shape": shape, "data": data });
        json!({ "model_name": "tox", "outputs": [output] }).to_string()
    };
    each(
        &*kserve,
        ask("x"),
        &[
            (&answer("probs", json!([1, 2]), json!([1, 0])), ""),
            (&answer("probs", json!([2]), json!([0.1, 0.9])), "hate=0.90"),
            (&answer("logits", json!([1, 2]), json!([0.1, 0.9])), "!missing"),
            (&answer("probs", json!([2, 1]), json!([0.1, 0.9])), "!missing"),
            (&answer("probs", json!([1, 2]), json!([0.1])), "!count"),
            (&answer("probs", json!([1, 2]), json!([-3.2, 4.1])), "!score"),
            (&answer("probs", json!(["1", 2]), json!([0.1, 0.9])), "!missing"),
            (r#"{"outputs":[]}"#, "!missing"),
            (r#"{"error":"no such model"}"#, "!missing"),
        ],
    );
    let two = [ask("a"), ask("b")];
    let both = kserve
        .read(&two, answer("probs", json!([2, 2]), json!([1, 0, 0.2, 0.8])).as_bytes())
        .unwrap();
    assert!(both[0].highest() <= 0.0 && both[1].of("hate") > 0.7);
}

#[test]
fn azures_severities_are_sevenths() {
    let azure = contract(json!({ "kind": "azure_content_safety" }));
    let sent = body(&*azure, &[ask("x")]);
    assert_eq!(sent["categories"], json!(["Hate", "SelfHarm", "Sexual", "Violence"]));
    let answer = |hate: Value, blocklists: Value| {
        json!({ "blocklistsMatch": blocklists, "categoriesAnalysis": [
            { "category": "Hate", "severity": hate }, { "category": "SelfHarm", "severity": 0 },
            { "category": "Sexual", "severity": 0 }, { "category": "Violence", "severity": 0 },
        ] })
        .to_string()
    };
    let hit = json!([{ "blocklistName": "b", "blocklistItemId": "1", "blocklistItemText": "t" }]);
    each(
        &*azure,
        ask("x"),
        &[
            (&answer(json!(0), json!([])), ""),
            (&answer(json!(7), json!([])), "hate=1.00"),
            (&answer(json!(4), Value::Null), "hate=0.57"),
            (&answer(json!(0), hit), "blocklist=1.00"),
            (&answer(json!(8), json!([])), "!score"),
            (&answer(json!(1.5), json!([])), "!missing"),
            (&answer(json!(null), json!([])), "!missing"),
            (&answer(json!(0), json!("no")), "!missing"),
            (r#"{"categoriesAnalysis":[]}"#, "!missing_label"),
            (
                r#"{"categoriesAnalysis":[{"category":"Hate","severity":6},{"category":"Hate","severity":0}]}"#,
                "!contradiction",
            ),
            (r#"{"error":{"code":"InvalidRequestBody"}}"#, "!missing"),
        ],
    );
}

#[test]
fn presidios_offsets_count_code_points() {
    let presidio = contract(json!({ "kind": "presidio", "labels": { "PERSON": "pii" } }));
    let sent = body(&*presidio, &[ask("x")]);
    assert_eq!(
        sent,
        json!({ "text": "x", "language": "en", "entities": ["PERSON"], "score_threshold": 0.0 })
    );
    let text = "é😀 Ada, 阿达";
    let one = |start: i32, end: i32| {
        json!([{ "entity_type": "PERSON", "start": start, "end": end, "score": 0.85 }]).to_string()
    };
    let scores = read(&*presidio, ask(text), &one(3, 6)).unwrap();
    let span = &scores.spans()[0];
    assert_eq!((&text[span.span.range()], span.category.as_str()), ("Ada", "pii"));
    assert_eq!(
        &text[read(&*presidio, ask(text), &one(8, 10)).unwrap().spans()[0].span.range()],
        "阿达"
    );
    each(
        &*presidio,
        ask(text),
        &[
            ("[]", ""),
            (&one(8, 10), "pii=0.85"),
            (&one(8, 11), "!place"),
            (&one(5, 5), "!place"),
            (&one(6, 3), "!place"),
            (&one(-1, 3), "!missing"),
            (r#"[{"entity_type":"CAR","start":0,"end":1,"score":1}]"#, "!unknown_label"),
            (r#"[{"entity_type":"PERSON","start":0,"end":1,"score":1.5}]"#, "!score"),
            (r#"[{"entity_type":"PERSON","start":0,"end":1}]"#, "!missing"),
            (r#"{"error":"No matching recognizers"}"#, "!missing"),
        ],
    );
}

#[test]
fn fms_detections_have_to_stand_in_the_text() {
    let fms = contract(json!({
        "kind": "fms_detector", "model": "regex", "labels": { "pii": "pii", "EmailAddress": "email" },
    }));
    assert_eq!(fms.header(), Some(("detector-id", "regex")));
    assert_eq!(body(&*fms, &[ask("a")]), json!({ "contents": ["a"], "detector_params": {} }));
    let one = |start: u32, end: u32, text: Value, detection: &str| {
        json!([[{ "start": start, "end": end, "text": text, "detection": detection,
            "detection_type": "pii", "score": 0.8 }]])
        .to_string()
    };
    each(
        &*fms,
        ask("é a@b.c"),
        &[
            ("[[]]", ""),
            (&one(2, 7, json!("a@b.c"), "EmailAddress"), "email=0.80"),
            (&one(2, 7, Value::Null, "Phone"), "pii=0.80"),
            (&one(2, 7, json!("a@b"), "EmailAddress"), "!contradiction"),
            (&one(2, 8, json!("a@b.c"), "EmailAddress"), "!place"),
            (
                r#"[[{"start":0,"end":1,"detection":"x","detection_type":"y","score":1}]]"#,
                "!unknown_label",
            ),
            ("[]", "!count"),
            ("[[],[]]", "!count"),
            (r#"{"code":500,"message":"no"}"#, "!missing"),
        ],
    );
}

#[test]
fn litellm_says_an_action_and_a_block_stays_a_block() {
    let litellm = contract(json!({ "kind": "litellm_generic" }));
    let sent = body(&*litellm, &[completion("x")]);
    assert_eq!(sent, json!({ "texts": ["x"], "input_type": "response", "request_data": {} }));
    each(
        &*litellm,
        ask("x"),
        &[
            (r#"{"action":"NONE"}"#, ""),
            (r#"{"action":"NONE","texts":["x"],"blocked_reason":null}"#, ""),
            (r#"{"action":"BLOCKED","blocked_reason":"rude","unknown":{"more":1}}"#, "unsafe=1.00"),
            (r#"{"action":"GUARDRAIL_INTERVENED","texts":["[X]"]}"#, "unsafe=1.00"),
            (r#"{"action":"GUARDRAIL_INTERVENED"}"#, "!missing"),
            (r#"{"action":"GUARDRAIL_INTERVENED","texts":[]}"#, "!count"),
            (r#"{"action":"NONE","texts":["y"]}"#, "!contradiction"),
            (r#"{"action":"none"}"#, "!unknown_label"),
            (r#"{"blocked":true}"#, "!missing"),
            ("{}", "!missing"),
        ],
    );
}

#[test]
fn http_puts_the_text_into_a_body_and_points_at_the_answer() {
    let written = |answer: Value, labels: Value| {
        json!({ "kind": "http", "labels": labels, "answer": answer, "request": {
            "path": "/predict?v=1", "body": r#"{"text": "<{{text}}>", "n": 1, "phase": ["{{phase}}"]}"# } })
    };
    let lone = contract(written(json!({ "score": "/toxicity" }), json!({ "score": "harassment" })));
    assert_eq!(lone.path(), "/predict?v=1");
    let text = "\"}, {{text}} \u{2028}";
    let sent = body(&*lone, &[ask(text)]);
    assert_eq!(sent, json!({ "text": format!("<{text}>"), "n": 1, "phase": ["prompt"] }));
    each(
        &*lone,
        ask("x"),
        &[
            (r#"{"toxicity":0}"#, ""),
            (r#"{"toxicity":0.98,"time_ms":12}"#, "harassment=0.98"),
            (r#"{"toxicity":98}"#, "!score"),
            (r#"{"toxicity":"0.98"}"#, "!score"),
            (r#"{"toxic":0.98}"#, "!missing"),
        ],
    );
    let labels = json!({ "toxic": "harassment", "ok": "none" });
    let label = contract(written(json!({ "label": "/0/l", "score": "/0/s" }), labels.clone()));
    each(
        &*label,
        ask("x"),
        &[
            (r#"[{"l":"toxic","s":0.7}]"#, "harassment=0.70"),
            (r#"[{"l":"ok","s":0.7}]"#, ""),
            (r#"[{"l":"OK","s":0.7}]"#, "!unknown_label"),
            (r#"[{"l":"ok"}]"#, "!missing"),
            (r#"[{"l":null,"s":0.7}]"#, "!missing"),
        ],
    );
    let map = contract(written(json!({ "labels": "/r" }), labels));
    each(
        &*map,
        ask("x"),
        &[
            (r#"{"r":{"toxic":0.7,"ok":0.3}}"#, "harassment=0.70"),
            (
                r#"{"r":[{"label":"toxic","score":0.7},{"label":"ok","score":0}]}"#,
                "harassment=0.70",
            ),
            (r#"{"r":[{"label":"ok","score":0.7},{"label":"ok","score":0}]}"#, "!contradiction"),
            (r#"{"r":{"ok":0.3}}"#, "!missing_label"),
            (r#"{"r":{"toxic":0.7,"ok":0.3,"odd":0}}"#, "!unknown_label"),
            (r#"{"r":0.7}"#, "!missing"),
        ],
    );
}

/// One of each, with an answer that finds nothing.
fn all() -> Vec<(Box<dyn Contract>, String)> {
    let two = json!({ "bad": "hate", "good": "none" });
    let classes = json!({ "classes": ["good", "bad"] });
    let http = json!({ "kind": "http", "labels": { "score": "x" }, "answer": { "score": "" },
        "request": { "body": "[\"{{text}}\"]" } });
    let policy = json!({ "kind": "chat_guard", "format": "policy_json", "model": "m",
        "request": { "prompt": "p" }, "labels": { "H1": "hate" } });
    let granite = json!({ "kind": "chat_guard", "format": "granite_guardian", "model": "m",
        "request": { "prompt": "p" } });
    vec![
        (contract(json!({ "kind": "openai_moderation" })), openai_answer(|_| ())),
        (chat("llama_guard"), says("safe")),
        (chat("qwen3guard"), says("Safety: Safe\nCategories: None")),
        (chat("nemoguard"), says(r#"{"User Safety":"safe"}"#)),
        (chat("wildguard"), says("Harmful request: no")),
        (contract(granite), says("<score> no </score>")),
        (contract(policy), says(r#"{"violation":0}"#)),
        (
            contract(json!({ "kind": "tei_predict", "labels": two })),
            r#"[[{"label":"bad","score":0},{"label":"good","score":1}]]"#.to_owned(),
        ),
        (
            contract(
                json!({ "kind": "vllm_classify", "model": "m", "labels": two, "answer": classes }),
            ),
            r#"{"data":[{"index":0,"label":"good","probs":[1,0]}]}"#.to_owned(),
        ),
        (
            contract(
                json!({ "kind": "kserve_v2", "model": "m", "labels": two, "answer": classes }),
            ),
            r#"{"outputs":[{"name":"scores","shape":[1,2],"data":[1,0]}]}"#.to_owned(),
        ),
        (
            contract(json!({ "kind": "azure_content_safety", "labels": { "Hate": "hate" } })),
            r#"{"categoriesAnalysis":[{"category":"Hate","severity":0}]}"#.to_owned(),
        ),
        (contract(json!({ "kind": "litellm_generic" })), r#"{"action":"NONE"}"#.to_owned()),
        (contract(json!({ "kind": "presidio", "labels": { "PERSON": "pii" } })), "[]".to_owned()),
        (
            contract(json!({ "kind": "fms_detector", "labels": { "pii": "pii" } })),
            "[[]]".to_owned(),
        ),
        (contract(http), "0.0".to_owned()),
    ]
}

#[test]
fn an_answer_that_is_cut_off_anywhere_is_no_answer() {
    for (contract, answer) in all() {
        assert_eq!(found(&*contract, ask("x"), &answer), "", "{answer}");
        // A lone number is whole wherever it is cut.
        for end in (0..answer.len()).filter(|_| answer != "0.0") {
            assert!(read(&*contract, ask("x"), &answer[..end]).is_err(), "{}", &answer[..end]);
        }
    }
}

#[test]
fn an_answer_with_more_behind_it_is_no_answer() {
    for (contract, answer) in all() {
        for more in ["x", "{}", "\n[]", "0", "\0"] {
            let answer = format!("{answer}{more}");
            assert!(answer == "0.00" || read(&*contract, ask("x"), &answer).is_err(), "{answer}");
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_panic_and_none_at_random_are_ever_read_as_clean(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        for (contract, _) in all() {
            if let Ok(answers) = contract.read(&[ask("x")], &bytes) {
                // Nothing but a number, or empty lists, is so short an answer.
                let text = String::from_utf8_lossy(&bytes);
                let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
                prop_assert!(bare == "[]" || bare == "[[]]" || bare.parse::<f64>().is_ok(), "{text:?} {answers:?}");
            }
        }
    }

    #[test]
    fn whatever_a_guard_writes_beside_its_format_is_no_answer(
        words in "[a-zA-Z:,.{}\"<>/\n ]{0,60}",
        spliced in 0_usize..80,
    ) {
        for (contract, answer) in all().into_iter().filter(|(contract, _)| contract.path().ends_with("completions")) {
            let whole: Value = serde_json::from_str(&answer).unwrap();
            let content = whole["choices"][0]["message"]["content"].as_str().unwrap();
            let at = spliced.min(content.len());
            let changed = format!("{}{words}{}", &content[..at], &content[at..]);
            let same = |text: &str| text.split_whitespace().collect::<String>().to_ascii_lowercase();
            if let Ok(scores) = read(&*contract, ask("x"), &says(&changed)) {
                // Blanks may stand anywhere, and words before an object or after what is none of its keys.
                let harmless = same(&changed) == same(content) || changed.ends_with(content) || changed.contains("think");
                let is_object = content.starts_with('{');
                prop_assert!(harmless || is_object || scores.highest() > 0.0, "{changed:?}");
            }
        }
    }

    #[test]
    fn a_flipped_byte_never_turns_unsafe_into_safe_unseen(at in 0_usize..400, byte in any::<u8>()) {
        // One byte is not enough to write another well-formed verdict.
        let guard = chat("llama_guard");
        let mut answer = says("unsafe\nS1").into_bytes();
        if let Some(place) = answer.get_mut(at) {
            *place = byte;
        }
        if let Ok(answers) = guard.read(&[ask("x")], &answer) {
            prop_assert!(answers[0].highest() > 0.9);
        }
    }
}
