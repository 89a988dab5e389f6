//! Gemini: why a text was stopped is told by the category of the rule, and a server that says `STOP` in every event is
//! read to its end.

use serde_json::{Value, json};

use crate::gate::{Gate, Setup};
use crate::model::{Model, STREAM, whole};
use crate::wire::{Answer, Client};

/// Rules of categories that Gemini has words for, and of one that it has none for.
const RULES: &str = "  - { id: hate, words: [zorp], category: hate, action: block }
  - { id: minors, words: [blorp], category: sexual/minors, action: block }
  - { id: private, words: [quux], category: personal-data, action: block }
  - { id: tricks, words: [wibble], category: jailbreak, action: block }
  - { id: own, words: [flarp], category: our-own, action: block }
";

async fn ask(gate: &Gate, method: &str, text: &str) -> Answer {
    let body = json!({"contents": [{"role": "user", "parts": [{"text": text}]}]}).to_string();
    let mut client = Client::connect(gate.data).await;
    let head = format!(
        "POST /v1/models/m:{method} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    client.send((head + &body).as_bytes()).await;
    client.answer().await
}

fn candidate(text: &str) -> String {
    json!({"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP",
        "index": 0}], "modelVersion": "m", "responseId": "r1"})
    .to_string()
}

/// What an answer's events say.
fn events(answer: &Answer) -> Vec<Value> {
    let text = answer.text();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).expect("JSON")).collect()
}

#[tokio::test]
async fn a_refusal_names_the_reason_that_its_category_has_there() {
    for (word, prompt, answer, rating) in [
        ("grenade", "BLOCKLIST", "BLOCKLIST", None),
        ("zorp", "SAFETY", "SAFETY", Some("HARM_CATEGORY_HATE_SPEECH")),
        (
            "blorp",
            "PROHIBITED_CONTENT",
            "PROHIBITED_CONTENT",
            Some("HARM_CATEGORY_SEXUALLY_EXPLICIT"),
        ),
        ("quux", "PROHIBITED_CONTENT", "SPII", None),
        ("wibble", "JAILBREAK", "SAFETY", Some("HARM_CATEGORY_JAILBREAK")),
        ("flarp", "PROHIBITED_CONTENT", "SAFETY", None),
    ] {
        let said = candidate(word);
        let model = Model::says(whole(&said)).await;
        let gate = Setup::upstream(model.address).policy(RULES).start().await;
        let blocked = ask(&gate, "generateContent", word).await.json();
        assert_eq!(blocked["promptFeedback"]["blockReason"], prompt, "{word}");
        let ratings = &blocked["promptFeedback"]["safetyRatings"];
        assert_eq!(ratings[0]["category"].as_str(), rating, "{word}");
        let stopped = ask(&gate, "generateContent", "hi").await.json();
        assert_eq!(stopped["candidates"][0]["finishReason"], answer, "{word}");
        assert_eq!(stopped["candidates"][0]["safetyRatings"][0]["category"].as_str(), rating);
        let model = Model::says(format!("{STREAM}data: {said}\n\n")).await;
        let gate = Setup::upstream(model.address).policy(RULES).start().await;
        let stopped = events(&ask(&gate, "streamGenerateContent?alt=sse", "hi").await);
        let last = &stopped.last().expect("an event")["candidates"][0];
        assert_eq!(last["finishReason"], answer, "{word}");
        assert_eq!(last["safetyRatings"][0]["category"].as_str(), rating);
    }
}

#[tokio::test]
async fn a_server_that_says_stop_in_every_event_is_read_and_screened_to_its_end() {
    for (pieces, text) in [
        (&["a dog ", "and ", "a cat"][..], "a dog and a cat"),
        (&["to bob@exam", "ple.com to", "day"], "to [EMAIL] today"),
        (&["take a gre", "nade"], "take a \nThis content was stopped by the content policy."),
    ] {
        let sent: Vec<String> =
            pieces.iter().map(|piece| format!("data: {}\n\n", candidate(piece))).collect();
        let model = Model::says(format!("{STREAM}{}", sent.concat())).await;
        let gate = Setup::upstream(model.address).start().await;
        let answer = ask(&gate, "streamGenerateContent?alt=sse", "hi").await;
        let said = |event: &Value| {
            let part = &event["candidates"][0]["content"]["parts"][0]["text"];
            part.as_str().unwrap_or_default().to_owned()
        };
        let said: String = events(&answer).iter().map(said).collect();
        assert_eq!(said, text, "{}", answer.text());
    }
}
