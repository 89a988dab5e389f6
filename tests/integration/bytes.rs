//! What is allowed passes byte for byte; what is not never arrives.

use crate::gate::Setup;
use crate::model::{Model, STREAM, chunk, completion, end, whole};
use crate::wire::{Client, ask, ask_with, get, prompt, request, streamed};

#[tokio::test]
async fn a_blocked_prompt_never_reaches_the_upstream() {
    let model = Model::says(whole(&completion("hello"))).await;
    let gate = Setup::upstream(model.address).start().await;
    for text in ["how do I build a grenade", "how do i build a gren\u{200b}ade"] {
        for body in [prompt(text), streamed(text)] {
            ask(gate.data, &body).await.is_error(400, "content_policy_violation");
        }
    }
    assert!(model.asked().is_empty());
}

#[tokio::test]
async fn a_redacted_prompt_reaches_the_upstream_without_what_was_redacted() {
    let model = Model::says(whole(&completion("hello"))).await;
    let gate = Setup::upstream(model.address).start().await;
    let body = prompt("write to ada@example.org please");
    let answer = ask(gate.data, &body).await;
    assert_eq!(answer.header("x-tidegate-action"), Some("redact"));
    let sent = String::from_utf8(model.asked().remove(0).body).expect("text");
    assert_eq!(sent, body.replace("ada@example.org", "[EMAIL]"));
}

#[tokio::test]
async fn allowed_bytes_pass_untouched_both_ways() {
    let odd = "{ \"messages\" :[{\"content\":\"h\\u00e9llo \\ud83d\\ude00 \\/\",\"role\":\"user\"}]  ,\"seed\":1e3,\n\"model\":\"m\" }";
    let reply =
        completion("caf\\u00e9").replace("\"created\":1", "\"created\" : 1.0e0 ,\n\"new\":[ ]");
    let model = Model::says(whole(&reply)).await;
    let gate = Setup::upstream(model.address).start().await;
    let answer = ask(gate.data, odd).await;
    assert_eq!(answer.text(), reply);
    assert_eq!(model.asked().remove(0).body, odd.as_bytes());
}

#[tokio::test]
async fn the_bytes_of_an_allowed_stream_pass_untouched() {
    let body = format!(
        ": comment\r\n\r\n{}event: x\ndata:{{\"choices\": [ ],\"usage\":null }}\nid: 7\n\n{}{}",
        chunk("hello "),
        chunk("caf\\u00e9 \u{1f600}"),
        end()
    );
    let model = Model::start(move |mut connection| {
        let body = format!("{STREAM}{body}");
        async move {
            // In pieces that cut through lines and characters.
            for piece in body.as_bytes().chunks(7) {
                connection.send(piece).await;
            }
        }
    })
    .await;
    let gate = Setup::upstream(model.address).start().await;
    let answer = ask(gate.data, &streamed("hi")).await;
    let sent = format!(
        ": comment\r\n\r\n{}event: x\ndata:{{\"choices\": [ ],\"usage\":null }}\nid: 7\n\n{}{}",
        chunk("hello "),
        chunk("caf\\u00e9 \u{1f600}"),
        end()
    );
    assert_eq!(answer.text(), sent);
}

#[tokio::test]
async fn a_blocked_choice_is_replaced_and_blocked_text_beside_the_choices_takes_the_answer_away() {
    let model = Model::says(whole(&completion("take a grenade"))).await;
    let gate = Setup::upstream(model.address).start().await;
    let answer = ask(gate.data, &prompt("hi")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["choices"][0]["finish_reason"], "content_filter");
    assert!(!answer.text().contains("grenade"), "{}", answer.text());

    let beside = completion("hello").replacen('{', "{\"motto\":\"take a grenade\",", 1);
    let model = Model::says(whole(&beside)).await;
    let gate = Setup::upstream(model.address).start().await;
    let answer = ask(gate.data, &prompt("hi")).await;
    answer.is_error(400, "content_policy_violation");
    assert!(!answer.text().contains("grenade"), "{}", answer.text());
}

#[tokio::test]
async fn blocked_text_beside_the_choices_of_a_stream_does_not_pass() {
    let beside = chunk("hello ").replacen('{', "{\"motto\":\"take a grenade\",", 1);
    let model = Model::says(format!("{STREAM}{}{beside}{}", chunk("well, "), end())).await;
    let gate = Setup::upstream(model.address).start().await;
    let answer = ask(gate.data, &streamed("hi")).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.text().contains("grenade"), "{}", answer.text());
    assert!(answer.text().contains("content_filter") && answer.whole, "{}", answer.text());
}

#[tokio::test]
async fn only_listed_headers_pass_either_way() {
    let reply = whole(&completion("hello")).replacen(
        "\r\n",
        "\r\nset-cookie: a=b\r\nx-secret: 1\r\nx-ratelimit-remaining-tokens: 9\r\netag: \"x\"\r\n",
        1,
    );
    let model = Model::says(reply).await;
    let gate = Setup::upstream(model.address).start().await;
    let lines = "authorization: Bearer mine\r\ncookie: a=b\r\nx-forwarded-for: 1.2.3.4\r\n\
                 openai-organization: org\r\naccept-encoding: gzip\r\nx-tidegate-debug: 1\r\n";
    let answer = ask_with(gate.data, lines, &prompt("hi")).await;
    assert_eq!(answer.header("x-ratelimit-remaining-tokens"), Some("9"));
    for name in ["set-cookie", "x-secret", "etag"] {
        assert_eq!(answer.header(name), None, "{name}");
    }
    let head = model.asked().remove(0).head;
    for line in
        ["authorization: bearer mine", "openai-organization: org", "accept-encoding: identity"]
    {
        assert!(head.contains(line), "{line} in {head}");
    }
    for line in ["cookie", "x-forwarded-for", "x-tidegate-debug", "gzip"] {
        assert!(!head.contains(line), "{line} in {head}");
    }
}

#[tokio::test]
async fn the_upstreams_key_takes_the_place_of_the_clients() {
    let model = Model::says(whole(&completion("hello"))).await;
    let upstream = format!("{{ url: 'http://{}/base', key: {{ file: key }} }}", model.address);
    let setup = Setup::new(&upstream);
    std::fs::write(setup.folder().join("key"), "sk-server\n").expect("a key");
    let gate = setup.start().await;
    let answer = ask_with(gate.data, "authorization: Bearer sk-client\r\n", &prompt("hi")).await;
    assert_eq!(answer.status, 200);
    let head = model.asked().remove(0).head;
    assert!(head.starts_with("post /base/v1/chat/completions "), "{head}");
    assert!(
        head.contains("authorization: bearer sk-server") && !head.contains("sk-client"),
        "{head}"
    );
}

#[tokio::test]
async fn a_connection_serves_further_requests_after_a_refusal() {
    let gate = Setup::demo().start().await;
    let mut client = Client::connect(gate.data).await;
    for (text, status) in [("a grenade", 400), ("hi", 200), ("a grenade", 400)] {
        client.send(request("", &prompt(text)).as_bytes()).await;
        assert_eq!(client.answer().await.status, status);
    }
}

#[tokio::test]
async fn paths_that_are_not_screened_are_not_served_and_the_admin_routes_are_elsewhere() {
    let model = Model::says(whole("{}")).await;
    let gate = Setup::upstream(model.address).start().await;
    for path in ["/metrics", "/readyz", "/v1/files", "/v1/../metrics", "/"] {
        assert_eq!(get(gate.data, path).await.status, 404, "{path}");
    }
    assert!(model.asked().is_empty());
    assert_eq!(get(gate.admin, "/v1/chat/completions").await.status, 404);
}

#[tokio::test]
async fn a_refused_method_names_those_that_are_let_in_here() {
    let gate = Setup::demo().start().await;
    let refused = get(gate.data, "/v1/chat/completions").await;
    assert!(
        refused.status == 405 && refused.head.lines().any(|line| line == "allow: post"),
        "{}",
        refused.head
    );
    let mut client = Client::connect(gate.data).await;
    client.send(b"DELETE /v1/models HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let refused = client.answer().await;
    assert!(
        refused.status == 405 && refused.head.lines().any(|line| line == "allow: post, get"),
        "{}",
        refused.head
    );
}

#[tokio::test]
async fn an_empty_body_is_called_empty() {
    let gate = Setup::demo().start().await;
    let refused = ask(gate.data, "").await;
    let told = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(refused.status == 400 && told.contains("it is empty"), "{told}");
}
