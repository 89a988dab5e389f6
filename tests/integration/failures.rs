//! What an upstream can do wrong, and what the client reads then.

use crate::gate::Setup;
use crate::model::{Model, STREAM, chunk, completion, end, whole};
use crate::wire::{ask, prompt, streamed};

#[tokio::test]
async fn an_upstream_that_refuses_connections_is_a_502() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let gate = Setup::upstream(address).start().await;
    for body in [prompt("hi"), streamed("hi")] {
        ask(gate.data, &body).await.is_error(502, "upstream_unreachable");
    }
    gate.counts(&[
        "tidegate_upstream_requests_total{outcome=\"connect_error\",upstream=\"model\"} 2",
        "tidegate_http_requests_in_flight{route=\"chat\"} 0",
    ])
    .await;
}

#[tokio::test]
async fn an_upstream_that_closes_in_its_head_or_talks_nonsense_is_a_502() {
    let answers = ["", "HTTP/1.1 200 O", "HTTP/1.1 200 OK\r\ncontent-ty", "SSH-2.0-x\r\n\r\n"];
    for answer in answers {
        let model = Model::says(answer).await;
        let gate = Setup::upstream(model.address).start().await;
        for body in [prompt("hi"), streamed("hi")] {
            ask(gate.data, &body).await.is_error(502, "upstream_error");
        }
    }
}

#[tokio::test]
async fn an_upstream_that_closes_in_its_body_is_a_502() {
    let answer = whole(&completion("hello"));
    let model = Model::says(&answer[..answer.len() - 5]).await;
    let gate = Setup::upstream(model.address).start().await;
    ask(gate.data, &prompt("hi")).await.is_error(502, "upstream_error");
}

#[tokio::test]
async fn an_answer_that_cannot_be_screened_is_a_502() {
    let html = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 3\r\n\r\n<p>";
    let gzip = whole("{}").replace("content-type", "content-encoding: gzip\r\ncontent-type");
    let moved = "HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n".to_owned();
    let answers = [html.to_owned(), gzip, moved, whole("{\"choices\":[")];
    for answer in answers {
        let model = Model::says(answer.clone()).await;
        let gate = Setup::upstream(model.address).start().await;
        ask(gate.data, &prompt("hi")).await.is_error(502, "upstream_unreadable");
        assert_eq!(model.asked().len(), 1, "a redirect is not followed: {answer}");
    }
}

#[tokio::test]
async fn one_body_where_a_stream_was_asked_for_is_a_502_and_the_other_way_round() {
    let model = Model::says(whole(&completion("hello"))).await;
    let gate = Setup::upstream(model.address).start().await;
    ask(gate.data, &streamed("hi")).await.is_error(502, "upstream_unreadable");
    let model = Model::says(format!("{STREAM}{}{}", chunk("hello"), end())).await;
    let gate = Setup::upstream(model.address).start().await;
    ask(gate.data, &prompt("hi")).await.is_error(502, "upstream_unreadable");
}

#[tokio::test]
async fn a_stream_that_breaks_off_ends_with_an_error_event_after_what_was_said() {
    let said = chunk("hello there ");
    let broken = STREAM.replace("connection: close", "content-length: 9999");
    for answer in [format!("{broken}{said}"), format!("{STREAM}{said}")] {
        let model = Model::says(answer).await;
        let gate = Setup::upstream(model.address).start().await;
        let answer = ask(gate.data, &streamed("hi")).await;
        assert!(answer.text().starts_with(&said) && answer.whole, "{}", answer.text());
        answer.ends_with_error("upstream_error");
    }
}

#[tokio::test]
async fn garbage_in_a_stream_ends_it_with_an_error_event_and_does_not_pass() {
    let model = Model::says(format!("{STREAM}{}data: <garbage>\n\n", chunk("hello "))).await;
    let gate = Setup::upstream(model.address).start().await;
    let answer = ask(gate.data, &streamed("hi")).await;
    answer.ends_with_error("moderation_unavailable");
    assert!(!answer.text().contains("garbage"), "{}", answer.text());
}

#[tokio::test]
async fn an_upstreams_own_error_passes_unless_it_quotes_what_the_policy_stops() {
    let error = |text: &str| {
        let body = serde_json::json!({ "error": { "message": text, "type": "x", "code": "slow" } });
        whole(&body.to_string()).replace("200 OK", "429 Too Many Requests\r\nretry-after: 7")
    };
    let model = Model::says(error("slow down")).await;
    let gate = Setup::upstream(model.address).start().await;
    let answer = ask(gate.data, &prompt("hi")).await;
    answer.is_error(429, "slow");
    assert_eq!(answer.header("retry-after"), Some("7"));

    let model = Model::says(error("you wrote: ada@example.org")).await;
    let gate = Setup::upstream(model.address).start().await;
    let answer = ask(gate.data, &prompt("hi")).await;
    answer.is_error(429, "upstream_error");
    assert!(!answer.text().contains("ada@"), "{}", answer.text());
}

#[tokio::test]
async fn a_stream_that_fails_before_the_client_has_any_of_it_is_answered_with_an_error_status() {
    for (answer, code) in [
        (format!("{STREAM}data: <garbage>\n\n"), "upstream_unreadable"),
        (format!("{STREAM}<html>no stream</html>"), "upstream_error"),
        (STREAM.to_owned(), "upstream_error"),
        (STREAM.replace("connection: close", "content-length: 99"), "upstream_error"),
    ] {
        let model = Model::says(answer).await;
        let gate = Setup::upstream(model.address).start().await;
        ask(gate.data, &streamed("hi")).await.is_error(502, code);
    }
}

#[tokio::test]
async fn an_upstreams_error_event_that_may_not_be_said_stays_an_error_and_keeps_what_came_before() {
    let error = "data: {\"error\":{\"message\":\"take a grenade\",\"code\":\"x\"}}\n\n";
    let said = chunk("hello there ");
    let model = Model::says(format!("{STREAM}{said}{error}")).await;
    let gate = Setup::upstream(model.address).start().await;
    let answer = ask(gate.data, &streamed("hi")).await;
    answer.ends_with_error("upstream_error");
    assert!(answer.text().starts_with(&said), "{}", answer.text());
    assert!(!answer.text().contains("grenade") && !answer.text().contains("content_filter"));
}
