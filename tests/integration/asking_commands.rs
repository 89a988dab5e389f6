//! Commands that ask the classifiers of a policy: the binary against a server.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::classifier_server::{Act, Asked, Server};

const ROWS: &str = r#"{"text":"good morning","labels":[]}
{"text":"you zorp","labels":["hate"]}
{"text":"早上好","labels":[]}
{"text":"这是脏话","labels":["hate"]}
"#;

/// A classifier that finds hate in what has `zorp` or `脏话` in it, and says nothing that can be read of what has `broken` in it.
async fn judge() -> Server {
    Server::start(|_, asked: &Asked| {
        let text = asked.body["text"].as_str().unwrap_or_default();
        if text.contains("broken") {
            return Act::Json(json!("broken"));
        }
        let score = if text.contains("zorp") || text.contains("脏话") { 0.9 } else { 0.1 };
        Act::Json(json!({ "scores": { "hate": score } }))
    })
    .await
}

fn folder(server: &Server, settings: &str, rows: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = format!(
        "version: 1
name: p
classifiers:
  judge:
    kind: http
    endpoint: judge
    request: {{ body: '{{\"text\": \"{{{{text}}}}\"}}' }}
    answer: {{ labels: /scores }}
    labels: {{ hate: hate }}
    timeout: 10s
{settings}rules:
  - {{ id: judged, category: hate, classifier: {{ judge: {{ at_least: 0.5 }} }}, action: block }}
"
    );
    let file = format!(
        "version: 1
upstreams: {{ u: {{ builtin: demo }} }}
endpoints: {{ judge: {{ url: 'http://{}' }}, other: {{ url: 'http://127.0.0.1:9', key: {{ env: NOT_HERE }} }} }}
routes: [{{ id: r, match: {{ path: '/v1/*' }}, upstream: u, policy: p }}]
",
        server.address
    );
    std::fs::write(folder.path().join("p.yaml"), policy).expect("a file");
    std::fs::write(folder.path().join("tidegate.yaml"), file).expect("a file");
    std::fs::write(folder.path().join("rows.jsonl"), rows).expect("a file");
    folder
}

/// Runs the binary there.
async fn tidegate(folder: &Path, arguments: &'static [&'static str]) -> Output {
    let folder = folder.to_owned();
    let run = move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.env_clear().current_dir(folder).args(arguments).output().expect("the binary")
    };
    tokio::task::spawn_blocking(run).await.expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn a_scan_asks_the_classifiers_of_its_policy() {
    let server = judge().await;
    let folder = folder(&server, "", ROWS);
    let command = &["scan", "rows.jsonl", "-p", "p.yaml", "--manifest", "manifest.json"];
    let done = tidegate(folder.path(), command).await;
    assert!(done.status.success(), "{}", text(&done.stderr));
    let lines: Vec<&str> = ROWS.split_inclusive('\n').collect();
    assert_eq!(text(&done.stdout), [lines[0], lines[2]].concat());
    assert_eq!(server.asked().len(), 4);
    let manifest = std::fs::read_to_string(folder.path().join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    let named = manifest["classifiers"][0].as_str().unwrap();
    assert!(named.starts_with("judge@"), "{named}");
    assert_eq!(manifest["counts"]["unanswered"], 0);
}

#[tokio::test]
async fn a_row_about_which_a_classifier_says_nothing_never_passes_a_scan() {
    for on_error in ["block", "skip", "review"] {
        let server = judge().await;
        let rows = "{\"text\":\"fine\"}\n{\"text\":\"broken\"}\n";
        let folder = folder(&server, &format!("    on_error: {on_error}\n"), rows);
        let done = tidegate(folder.path(), &["scan", "rows.jsonl", "-p", "p.yaml"]).await;
        assert!(done.status.success(), "{}", text(&done.stderr));
        assert_eq!(text(&done.stdout), "{\"text\":\"fine\"}\n", "{on_error}");
        let told = text(&done.stderr);
        assert!(told.contains("about 1 rows a classifier gave no answer"), "{on_error}: {told}");
    }
}

#[tokio::test]
async fn a_classifier_that_fails_its_self_test_is_told_before_the_first_row() {
    let server = judge().await;
    let folder =
        folder(&server, "    self_test: { good: [you zorp], bad: [hello], at_least: 0.5 }\n", ROWS);
    let done = tidegate(folder.path(), &["scan", "rows.jsonl", "-p", "p.yaml"]).await;
    assert_eq!((done.status.code(), text(&done.stdout).as_str()), (Some(2), ""));
    let told = text(&done.stderr);
    assert!(told.contains("TG054") && told.contains("`judge` fails its self-test"), "{told}");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn without_a_server_file_nobody_knows_where_a_classifier_is() {
    let server = judge().await;
    let folder = folder(&server, "", ROWS);
    std::fs::remove_file(folder.path().join("tidegate.yaml")).unwrap();
    let done = tidegate(folder.path(), &["scan", "rows.jsonl", "-p", "p.yaml"]).await;
    let told = text(&done.stderr);
    assert_eq!(done.status.code(), Some(2), "{told}");
    assert!(told.contains("TG024") && told.contains("--config FILE"), "{told}");
}

#[tokio::test]
async fn eval_measures_a_policy_with_what_its_classifiers_say() {
    let server = judge().await;
    let folder = folder(&server, "", ROWS);
    let command = &["eval", "rows.jsonl", "-p", "p.yaml", "--format", "json", "--bootstrap", "0"];
    let done = tidegate(folder.path(), command).await;
    assert!(done.status.success(), "{}", text(&done.stderr));
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    let all = &report["judges"][0]["slices"][0];
    let counts = ["true_positives", "false_positives", "false_negatives", "true_negatives"];
    assert_eq!(counts.map(|name| all["confusion"][name].as_u64()), [2, 0, 0, 2].map(Some), "{all}");
}
