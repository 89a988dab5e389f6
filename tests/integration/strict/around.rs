//! Ways around the gate: to its own listeners, to another server, to another policy.

use crate::gate::{Gate, Setup};
use crate::model::{Model, completion, whole};
use crate::wire::{Client, ask, ask_with, post, prompt};

/// What the admin listener says to a head with these lines.
async fn admin(gate: &Gate, target: &str, lines: &str) -> u16 {
    let mut client = Client::connect(gate.admin).await;
    client.send(format!("GET {target} HTTP/1.1\r\n{lines}\r\n").as_bytes()).await;
    client.answer().await.status
}

#[tokio::test]
async fn t90_the_admin_listener_answers_to_its_own_names_alone() {
    let gate = Setup::demo().start().await;
    for lines in [
        "host: localhost\r\n",
        "host: 127.0.0.1:9901\r\n",
        "host: LOCALHOST:1\r\n",
        "host: localhost\r\norigin: http://localhost:9901\r\n",
    ] {
        assert_eq!(admin(&gate, "/metrics", lines).await, 200, "{lines}");
    }
    for lines in [
        "",
        "host: evil.example\r\n",
        "host: localhost.evil.example\r\n",
        "host: evil.example:9901\r\n",
        "host: 127.0.0.1.evil\r\n",
        "host: localhost\r\nhost: evil.example\r\n",
        "host: evil.example\r\nhost: localhost\r\n",
        "host: \r\n",
        "host: localhost\r\norigin: https://evil.example\r\n",
        "host: localhost\r\norigin: null\r\n",
        "host: localhost\r\norigin: http://localhost\r\norigin: http://evil.example\r\n",
        "host: localhost@evil.example\r\n",
        "host: localhost:x@evil.example\r\n",
    ] {
        for path in ["/metrics", "/livez", "/readyz"] {
            assert_eq!(admin(&gate, path, lines).await, 403, "{path} {lines}");
        }
    }
    assert_eq!(admin(&gate, "http://evil.example/metrics", "host: localhost\r\n").await, 403);
    assert_eq!(admin(&gate, "http://localhost/metrics", "host: localhost\r\n").await, 200);
    assert_eq!(
        admin(&gate, "/metrics", "host: localhost\r\nx: y\n").await,
        400,
        "read in two ways"
    );
}

#[tokio::test]
async fn t90_no_upstream_leads_to_the_gates_own_listeners_by_whatever_name() {
    let free = || {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("an address").port()
    };
    // A name that the files cannot tell, and the addresses that they can.
    for (name, told) in [
        ("a.localhost", false),
        ("localhost", true),
        ("0.0.0.0", true),
        ("[::ffff:127.0.0.1]", true),
    ] {
        let (data, admin) = (free(), free());
        for port in [data, admin] {
            let setup = Setup::new(&format!("{{ url: 'http://{name}:{port}' }}")).walking();
            let setup = setup.with("listen", &format!("127.0.0.1:{data}"));
            let setup = setup.with("admin.listen", &format!("127.0.0.1:{admin}"));
            match setup.launch().await {
                Ok(gate) => {
                    assert!(!told, "{name}");
                    for path in ["/v1/chat/completions", "/v1/unknown"] {
                        let refused = post(gate.data, path, &prompt("hi")).await;
                        refused.is_error(502, "upstream_unreachable");
                    }
                }
                Err(problem) => assert!(told && problem.contains("TG065"), "{name}: {problem}"),
            }
        }
    }
}

#[tokio::test]
async fn fields_that_choose_another_server_or_key_are_refused() {
    let model = Model::says(whole(&completion("hello"))).await;
    let gate = Setup::upstream(model.address).any_path().start().await;
    let chat = prompt("hi");
    let open = |more: &str| chat.replacen('{', &format!("{{{more},"), 1);
    for more in [
        "\"api_base\":\"http://169.254.169.254\"",
        "\"base_url\":\"http://evil.example\"",
        "\"api_key\":\"sk-x\"",
        "\"organization\":\"x\"",
        "\"API_BASE\":\"http://evil.example\"",
        "\"api\\u005fbase\":\"http://evil.example\"",
        "\"api_base\":null",
        "\"extra_body\":{\"api_base\":\"x\"}",
        "\"litellm_params\":{\"base_url\":\"x\"}",
        "\"fallbacks\":[\"m\",{\"model\":\"m\",\"api_base\":\"x\"}]",
        "\"model_list\":[{\"litellm_params\":{\"api_base\":\"x\"}}]",
    ] {
        ask(gate.data, &open(more)).await.is_error(400, "forbidden_field");
    }
    assert!(model.asked().is_empty());
    // What a tool is told about addresses is no address of ours.
    let tool = "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{\"type\":\"object\",\"properties\":{\"base_url\":{\"type\":\"string\"}}}}}]";
    assert_eq!(ask(gate.data, &open(tool)).await.status, 200);
    gate.counts(&["tidegate_http_rejected_total{reason=\"forbidden_field\"} 11"]).await;
}

const SECOND: &str = "version: 1\nname: second\nmode: enforce\nrules:\n  - { id: fruit, words: [banana], action: block }\n";

#[tokio::test]
async fn a_policy_that_a_client_asks_for_comes_on_top_and_never_instead() {
    let model = Model::says(whole(&completion("hello"))).await;
    let setup = Setup::upstream(model.address).any_path().beside("second.yaml", SECOND);
    let gate = setup.start().await;
    let with = async |lines: &str, text: &str| ask_with(gate.data, lines, &prompt(text)).await;
    for lines in [
        "",
        "x-tidegate-policy: second\r\n",
        "x-tidegate-policy: test, second\r\n",
        "x-tidegate-policy: test\r\nx-tidegate-policy: second\r\n",
    ] {
        with(lines, "take a grenade").await.is_error(400, "content_policy_violation");
        let fruit = with(lines, "take a banana").await;
        assert_eq!(fruit.status, if lines.is_empty() { 200 } else { 400 }, "{lines}");
        assert_eq!(with(lines, "hi").await.status, 200, "{lines}");
    }
    for lines in [
        "x-tidegate-policy: none\r\n",
        "x-tidegate-policy:\r\n",
        "x-tidegate-policy: second, off\r\n",
        "x-tidegate-policy: SECOND\r\n",
        "x-tidegate-policy: \u{e9}\r\n",
    ] {
        with(lines, "hi").await.is_error(400, "unknown_policy");
    }
    let mut client = Client::connect(gate.data).await;
    let body =
        "{\"model\":\"m\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";
    let request = crate::wire::request_to("/v1/messages", "x-tidegate-policy: none\r\n", body);
    client.send(request.as_bytes()).await;
    let told = client.answer().await;
    assert_eq!(
        (told.status, told.json()["type"].as_str()),
        (400, Some("error")),
        "in the words of the dialect: {}",
        told.text()
    );
    // Neither do headers that other gateways know, or fields.
    for lines in [
        "x-tidegate-mode: shadow\r\n",
        "x-guardrails: off\r\n",
        "x-litellm-disable-guardrails: true\r\n",
        "x-tidegate-bypass: 1\r\n",
    ] {
        with(lines, "take a grenade").await.is_error(400, "content_policy_violation");
    }
    let fields = prompt("take a grenade").replacen(
        '{',
        "{\"guardrails\":[],\"disable_guardrails\":true,\"metadata\":{\"policy\":\"none\"},",
        1,
    );
    ask(gate.data, &fields).await.is_error(400, "content_policy_violation");
}
