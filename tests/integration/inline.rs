//! The `moderation` field of chat and Responses requests, honoured by the policy of the route.

use serde_json::{Value, json};

use crate::gate::Setup;
use crate::model::{Model, STREAM, chunk, completion, end, whole};
use crate::scene::Scene;
use crate::wire::post;

/// Rules that let pass what they find.
const CATEGORIES: &str = "  - { id: hate, words: [zorp, 脏词], category: hate, action: tag }
  - { id: watched, words: [blorp], category: sexual, action: block, mode: shadow }
  - { id: private, words: [quux], category: pii, action: tag }
";
const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const STREAMED: &str = include_str!("../dialects/openai.responses/stream.txt");
const WHOLE: &str = include_str!("../dialects/openai.responses/answer.json");

/// A model that says this, behind a gate with these rules.
async fn scene(answer: impl Into<Vec<u8>>) -> Scene {
    Scene::saying(CATEGORIES, answer).await
}

/// What is asked, with these modes.
fn asked(input: &str, output: &str) -> String {
    let policy = json!({"input": {"mode": input}, "output": {"mode": output}});
    json!({"model": "omni-moderation-latest", "policy": policy}).to_string()
}

/// A chat request with white space of its own, with and without the field.
fn chat(text: &str, stream: bool, moderation: &str) -> (String, String) {
    let before = format!("{{ \"model\":\"m\" ,\"stream\": {stream}");
    let after = format!(
        ",\n\"messages\":[{{\"role\":\"user\",\"content\":\"{text}\"}}], \"n\":1, \"top_p\":1.0e0}}"
    );
    (format!("{before}, \"moderation\" : {moderation}{after}"), format!("{before}{after}"))
}

fn response(text: &str, stream: bool, moderation: &str) -> (String, String) {
    let rest = format!("\"model\":\"m\",\"stream\":{stream},\"input\":\"{text}\"}}");
    (format!("{{\"moderation\":{moderation},{rest}"), format!("{{{rest}"))
}

/// The categories that apply in a result.
fn applying(result: &Value) -> Vec<String> {
    assert_eq!(
        (&result["type"], &result["model"]),
        (&json!("moderation_result"), &json!("omni-moderation-latest"))
    );
    let categories = result["categories"].as_object().expect("a map");
    let applying: Vec<String> = categories
        .iter()
        .filter(|(_, applies)| **applies == true)
        .map(|(name, _)| name.clone())
        .collect();
    assert_eq!(result["flagged"], !applying.is_empty());
    for map in ["category_scores", "category_applied_input_types"] {
        assert_eq!(result[map].as_object().map(serde_json::Map::len), Some(13), "{map}");
    }
    applying
}

/// The categories that apply in the results of one direction of a chat.
fn of_chat(direction: &Value) -> Vec<Vec<String>> {
    assert_eq!(direction["type"], "moderation_results");
    assert_eq!(direction["model"], "omni-moderation-latest");
    direction["results"].as_array().expect("a list").iter().map(applying).collect()
}

fn none() -> Vec<String> {
    Vec::new()
}

/// The data of the events of a stream.
fn events(text: &str) -> Vec<Value> {
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]")
        .map(|data| serde_json::from_str(data).expect("JSON"))
        .collect()
}

#[tokio::test]
async fn a_chat_says_what_was_found_and_nothing_else_of_it_changes() {
    let body = completion("sure, a blorp");
    let scene = scene(whole(&body)).await;
    for (text, found) in [("a zorp", "hate"), ("一个脏词", "hate"), ("hi", "")] {
        let (request, forwarded) = chat(text, false, &asked("score", "score"));
        let answer = scene.post(CHAT, &request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(scene.forwarded(), forwarded);
        let said = answer.text();
        let open = body.strip_suffix('}').unwrap();
        let moderation = said.strip_prefix(&format!("{open},\"moderation\":")).expect(&said);
        let moderation: Value =
            serde_json::from_str(moderation.strip_suffix('}').unwrap()).unwrap();
        let found: Vec<String> = found.split_terminator(' ').map(str::to_owned).collect();
        assert_eq!(of_chat(&moderation["input"]), [found], "{text}");
        assert_eq!(of_chat(&moderation["output"]), [["sexual"]]);
    }
    let (_, without) = chat("a zorp", false, "null");
    assert_eq!(scene.post(CHAT, &without).await.text(), body, "nobody asked");
    let (with_null, _) = chat("a zorp", false, "null");
    assert_eq!(scene.post(CHAT, &with_null).await.text(), body, "null asks for nothing");
    assert_eq!(scene.forwarded(), without);
}

#[tokio::test]
async fn scores_of_the_model_in_process_are_told_each_time_plain_and_streamed() {
    let rule = "  - { id: model, category: hate, action: tag, mode: shadow, \
                classifier: { guard: { at_least: 1.0 } } }";
    let lines = format!("{rule}\nclassifiers: {{ guard: {{ kind: builtin }} }}\n");
    let said = "They are vermin, all of them, and we should throw them out. 他们都是害虫。";
    let hate = |direction: &Value| direction["results"][0]["category_scores"]["hate"].clone();
    let scene = Scene::saying(&lines, whole(&completion(said))).await;
    // So long that a text in which nothing was found is known when it comes again.
    let long = said.repeat(5);
    let (request, _) = chat(&long, false, &asked("score", "score"));
    let first = scene.post(CHAT, &request).await.json()["moderation"].clone();
    for direction in ["input", "output"] {
        assert_eq!(of_chat(&first[direction]), [none()]);
        assert!(hate(&first[direction]).as_f64() > Some(0.3), "{first}");
    }
    assert_eq!(scene.post(CHAT, &request).await.json()["moderation"], first);
    let pieces: String = said.split_inclusive(' ').map(chunk).collect();
    scene.says(format!("{STREAM}{pieces}{}", end()));
    let (request, _) = chat(&long, true, &asked("score", "score"));
    let last = events(&scene.post(CHAT, &request).await.text()).pop().unwrap();
    assert_eq!(last["moderation"], first);
}

#[tokio::test]
async fn results_align_with_choices_and_a_flagged_one_gives_way_alone() {
    let choice = |index: u64, text: &str| {
        json!({"index": index, "finish_reason": "stop",
            "message": {"role": "assistant", "content": text}})
    };
    let choices = [choice(0, "fine"), choice(1, "a zorp"), choice(2, "脏词")];
    let body = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": choices});
    let scene = scene(whole(&body.to_string())).await;
    let (request, _) = chat("hi", false, &asked("score", "block"));
    let answer = scene.post(CHAT, &request.replace("\"n\":1", "\"n\":3")).await.json();
    let output = of_chat(&answer["moderation"]["output"]);
    assert_eq!(output, [none(), vec!["hate".to_owned()], vec!["hate".to_owned()]]);
    assert_eq!(answer["choices"][0], choices[0]);
    for at in [1, 2] {
        assert_eq!(answer["choices"][at]["finish_reason"], "content_filter");
        let said = answer["choices"][at]["message"]["content"].as_str().unwrap();
        assert!(!said.contains("zorp") && !said.contains("脏词"), "{said}");
    }
}

#[tokio::test]
async fn a_flagged_prompt_is_blocked_where_that_is_asked_for() {
    let scene = scene(whole(&completion("ok"))).await;
    for text in ["a zorp", "一个脏词", "a blorp"] {
        for stream in [false, true] {
            let (request, _) = chat(text, stream, &asked("block", "score"));
            scene.post(CHAT, &request).await.is_error(400, "content_policy_violation");
            let (request, _) = response(text, stream, &asked("block", "score"));
            scene.post(RESPONSES, &request).await.is_error(400, "content_policy_violation");
        }
    }
    assert_eq!(scene.asked(), 0, "nothing of it reached the model");
    // Neither a category that is not told, nor a policy that is asked only for scores.
    for (text, input) in [("a quux", "block"), ("a zorp", "score")] {
        let (request, _) = chat(text, false, &asked(input, "block"));
        assert_eq!(scene.post(CHAT, &request).await.status, 200, "{text}");
    }
    scene.gate.counts(&[
        "tidegate_decisions_total{action=\"block\",category=\"hate\",mode=\"enforce\",phase=\"prompt\"} 8",
        "tidegate_rule_matches_total{mode=\"enforce\",policy=\"test\",rule=\"watched\"} 4",
    ])
    .await;
}

#[tokio::test]
async fn what_the_policy_blocks_is_blocked_whatever_is_asked() {
    let scene = scene(whole(&completion("take a grenade"))).await;
    let (request, _) = chat("a grenade", false, &asked("score", "score"));
    scene.post(CHAT, &request).await.is_error(400, "content_policy_violation");
    let (request, _) = chat("a zorp", false, &asked("score", "score"));
    let answer = scene.post(CHAT, &request).await.json();
    assert_eq!(answer["choices"][0]["finish_reason"], "content_filter");
    // The rule has no category, so nothing is told of it.
    assert_eq!(of_chat(&answer["moderation"]["output"]), [none()]);
    assert_eq!(of_chat(&answer["moderation"]["input"]), [["hate"]]);
}

#[tokio::test]
async fn an_answer_in_the_models_place_says_what_was_found_too() {
    let style = "block_style: { prompt: content_filter }\n";
    let gate = Setup::demo().policy(&format!("{CATEGORIES}{style}")).start().await;
    let (request, _) = chat("a zorp", false, &asked("block", "block"));
    let answer = post(gate.data, CHAT, &request).await.json();
    assert_eq!(answer["choices"][0]["finish_reason"], "content_filter");
    assert_eq!(of_chat(&answer["moderation"]["input"]), [["hate"]]);
    let output = &answer["moderation"]["output"];
    assert_eq!(of_chat(output), [none()]);
    assert_eq!(output["results"][0]["category_applied_input_types"]["hate"], json!([]));
    let (request, _) = chat("脏词", true, &asked("block", "block"));
    let said = post(gate.data, CHAT, &request).await.text();
    let last = events(&said).pop().unwrap();
    assert_eq!(of_chat(&last["moderation"]["input"]), [["hate"]]);
    let (request, _) = response("a zorp", false, &asked("block", "block"));
    let answer = post(gate.data, RESPONSES, &request).await.json();
    assert_eq!(applying(&answer["moderation"]["input"]), ["hate"]);
    let (request, _) = response("a zorp", true, &asked("block", "block"));
    let last = events(&post(gate.data, RESPONSES, &request).await.text()).pop().unwrap();
    assert_eq!(applying(&last["response"]["moderation"]["input"]), ["hate"]);
}

#[tokio::test]
async fn a_streamed_chat_says_it_in_a_chunk_of_its_own_behind_all_others() {
    let usage = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\
                 \"model\":\"m\",\"choices\":[],\"usage\":{\"total_tokens\":1.0}}\n\n";
    let done = "data: [DONE]\n\n";
    let ends = end().replace(done, "");
    let before = format!("{}: ping\n\n{}{ends}{usage}", chunk("一只 blo"), chunk("rp, yes"));
    let scene = scene(format!("{STREAM}{before}{done}")).await;
    let (request, forwarded) = chat("a zorp", true, &asked("score", "score"));
    let answer = scene.post(CHAT, &request).await;
    let said = answer.text();
    let own = said.strip_prefix(&before).expect("all events as they were");
    let own = own.strip_suffix(done).expect("the end");
    let own: Value = serde_json::from_str(own.trim().strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(own["choices"], json!([]));
    assert_eq!(
        (&own["id"], &own["object"]),
        (&json!("chatcmpl-1"), &json!("chat.completion.chunk"))
    );
    assert_eq!(of_chat(&own["moderation"]["input"]), [["hate"]]);
    assert_eq!(of_chat(&own["moderation"]["output"]), [["sexual"]]);
    assert_eq!(scene.forwarded(), forwarded);
    let whole = format!("{before}{done}");
    assert_eq!(scene.post(CHAT, &forwarded).await.text(), whole, "nobody asked");
}

#[tokio::test]
async fn a_flagged_stream_is_cut_before_what_flags_it_where_that_is_asked_for() {
    for (pieces, flagged) in [
        (["all is fine, then a blo", "rp and more"], "sexual"),
        (["都好，然后是脏", "词，还有"], "hate"),
    ] {
        let body = format!("{STREAM}{}{}{}", chunk(pieces[0]), chunk(pieces[1]), end());
        let scene = scene(body).await;
        let (request, _) = chat("hi", true, &asked("score", "block"));
        let answer = scene.post(CHAT, &request).await;
        let said = answer.text();
        assert!(said.ends_with("data: [DONE]\n\n") && answer.whole, "{said}");
        assert!(!said.contains("blo") && !said.contains('脏'), "{said}");
        let events = events(&said);
        let finish = |event: &&Value| event["choices"][0]["finish_reason"] == "content_filter";
        assert!(events.iter().any(|event| finish(&event)), "{said}");
        let last = events.last().unwrap();
        assert_eq!(of_chat(&last["moderation"]["output"]), [[flagged]], "{said}");
        let (request, _) = chat("hi", true, &asked("block", "score"));
        assert!(scene.post(CHAT, &request).await.text().contains(&chunk(pieces[1])));
    }
}

#[tokio::test]
async fn responses_say_it_in_the_answer_plain_and_streamed() {
    let body = WHOLE.replace("{{text}}", "a blorp");
    let plain = scene(whole(&body)).await;
    let (request, forwarded) = response("一个脏词", false, &asked("score", "score"));
    let answer = plain.post(RESPONSES, &request).await;
    let said = answer.text();
    assert_eq!(plain.forwarded(), forwarded);
    let moderation = &answer.json()["moderation"];
    assert_eq!(applying(&moderation["input"]), ["hate"]);
    assert_eq!(applying(&moderation["output"]), ["sexual"]);
    let open = body.trim_end().strip_suffix('}').unwrap().trim_end();
    assert!(said.starts_with(open), "{said}");
    let (request, _) = response("hi", false, &asked("score", "block"));
    let answer = plain.post(RESPONSES, &request).await.json();
    assert_eq!(
        (&answer["status"], &answer["incomplete_details"]["reason"]),
        (&json!("incomplete"), &json!("content_filter"))
    );
    assert_eq!(applying(&answer["moderation"]["output"]), ["sexual"]);
    assert!(!answer["output"].to_string().contains("blorp"));

    let body = STREAMED.replace("{{piece}}", "a blorp").replace("{{text}}", "a blorp");
    let streamed = scene(format!("{STREAM}{body}")).await;
    let (request, forwarded) = response("a zorp", true, &asked("score", "score"));
    let said = streamed.post(RESPONSES, &request).await.text();
    let last = "event: response.completed";
    assert_eq!(said.split(last).next(), body.split(last).next(), "all before the last event");
    let completed = events(&said).pop().unwrap();
    assert_eq!(applying(&completed["response"]["moderation"]["input"]), ["hate"]);
    assert_eq!(applying(&completed["response"]["moderation"]["output"]), ["sexual"]);
    assert_eq!(streamed.post(RESPONSES, &forwarded).await.text(), body, "nobody asked");
    let (request, _) = response("hi", true, &asked("score", "block"));
    let said = streamed.post(RESPONSES, &request).await.text();
    let last = events(&said).pop().unwrap();
    assert_eq!(last["type"], "response.incomplete");
    assert_eq!(applying(&last["response"]["moderation"]["output"]), ["sexual"]);
    assert!(!said.contains("blorp"), "{said}");
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_with_its_place() {
    let scene = scene(whole(&completion("ok"))).await;
    let policy = |policy: &str| format!("{{\"model\":\"m\",\"policy\":{policy}}}");
    for (moderation, param) in [
        ("true".to_owned(), "moderation"),
        ("{}".to_owned(), "moderation.model"),
        (policy("\"block\""), "moderation.policy"),
        (policy("{\"output\":{\"mode\":\"deny\"}}"), "moderation.policy.output.mode"),
    ] {
        for (path, request) in [
            (CHAT, chat("hi", true, &moderation).0),
            (RESPONSES, response("hi", false, &moderation).0),
        ] {
            let answer = scene.post(path, &request).await;
            answer.is_error(400, "invalid_field");
            assert_eq!(answer.json()["error"]["param"], param);
        }
    }
    assert_eq!(scene.asked(), 0);
    assert!(scene.gate.rejected("invalid_field").await);
}

#[tokio::test]
async fn an_upstream_that_knows_the_field_gets_it_and_its_results_pass() {
    let results =
        "\"moderation\":{\"input\":{\"type\":\"error\",\"code\":\"x\",\"message\":\"y\"}}";
    let body = completion("a zorp").replacen('{', &format!("{{{results} ,"), 1);
    let model = Model::says(whole(&body)).await;
    let upstream = format!("{{ url: 'http://{}', moderation: upstream }}", model.address);
    let gate = Setup::new(&upstream).policy(CATEGORIES).start().await;
    for moderation in [asked("block", "block"), "{\"of\":\"tomorrow\"}".to_owned()] {
        let (request, _) = chat("a zorp", false, &moderation);
        let answer = post(gate.data, CHAT, &request).await;
        assert_eq!((answer.status, answer.text()), (200, body.clone()));
        assert_eq!(String::from_utf8(model.asked().pop().unwrap().body).unwrap(), request);
    }
}
