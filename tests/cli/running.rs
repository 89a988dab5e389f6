//! `tidegate mock-upstream` with a file of answers, and what `tidegate serve` logs, over real sockets.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use crate::{folder, tidegate};

/// How long a read may take before the test fails; nothing waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server; it ends with the test.
pub(crate) struct Server {
    pub(crate) process: Child,
    /// What it writes to standard error, a line at a time.
    log: BufReader<ChildStderr>,
    pub(crate) address: String,
    /// The warnings that it began with.
    pub(crate) warned: Vec<String>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().unwrap_or_default();
        self.process.wait().map(drop).unwrap_or_default();
    }
}

/// Starts a command; `address` finds the server's address in the first line that it logs and that is no warning.
pub(crate) fn start(
    folder: &Path,
    arguments: &[&str],
    address: impl Fn(&str) -> Option<String>,
) -> Server {
    let mut process = Command::new(assert_cmd::cargo::cargo_bin!("tidegate"))
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{error}"));
    let stderr = process.stderr.take().unwrap_or_else(|| panic!("no standard error"));
    let (log, address_of) = (BufReader::new(stderr), address);
    let mut server = Server { process, log, address: String::new(), warned: Vec::new() };
    let mut line = server.line();
    while line.contains("\"WARN\"") {
        // Such as about a machine that allows few open files.
        server.warned.push(line);
        line = server.line();
    }
    server.address = address_of(&line).unwrap_or_else(|| panic!("no address in {line}"));
    server
}

/// Where the gate says that it listens.
pub(crate) fn listening(line: &str) -> Option<String> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    line.get("listen")?.as_str().map(str::to_owned)
}

fn mock(folder: &Path) -> Server {
    let arguments =
        ["mock-upstream", "--listen", "127.0.0.1:0", "--rate", "0", "--script", "a.jsonl"];
    start(folder, &arguments, |line| line.trim().rsplit(' ').next().map(str::to_owned))
}

impl Server {
    /// The next line of the log.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.log.read_line(&mut line).unwrap_or_else(|error| panic!("{error}"));
        line
    }

    /// Everything that comes back, up to the end of the connection.
    pub(crate) fn ask(&self, prompt: &str, stream: bool) -> String {
        let messages = serde_json::json!([{ "role": "user", "content": prompt }]);
        let body = serde_json::json!({ "model": "m", "stream": stream, "messages": messages });
        let body = body.to_string();
        let mut socket =
            TcpStream::connect(&self.address).unwrap_or_else(|error| panic!("{error}"));
        socket.set_read_timeout(Some(PATIENCE)).unwrap_or_else(|error| panic!("{error}"));
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: mock\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        socket.write_all(head.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        socket.write_all(body.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        let mut answer = Vec::new();
        // A connection that breaks off is what some answers are.
        socket.read_to_end(&mut answer).map(drop).unwrap_or_default();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

#[test]
fn the_mock_answers_as_its_file_says() {
    let script = "# answers
{ \"when\": \"天气\", \"reply\": \"晴天\" }
{ \"when\": \"order\", \"tool\": { \"name\": \"order\", \"arguments\": { \"item\": \"tea\" } } }
{ \"when\": \"ping\", \"times\": 1, \"status\": 503 }
{ \"when\": \"ping\", \"reply\": \"one two three four\", \"cut\": 2 }
";
    let folder = folder(&[("a.jsonl", script)]);
    let mock = mock(folder.path());
    assert!(mock.ask("今天天气", false).contains("\"content\":\"晴天\""));
    let call = mock.ask("order", false);
    assert!(call.contains("\"name\":\"order\"") && call.contains("tool_calls"), "{call}");
    assert!(mock.ask("ping", false).starts_with("HTTP/1.1 503"));
    let cut = mock.ask("ping", true);
    assert!(cut.contains(" two") && !cut.contains(" three") && !cut.contains("[DONE]"), "{cut}");
    assert!(mock.ask("say: as told", false).contains("\"content\":\"as told\""));
}

#[test]
fn a_file_of_answers_with_mistakes_serves_nothing_and_names_them_all() {
    let script = "{ \"reply\": \"a\" }\n{ \"repl\": \"a\" }\n{ \"status\": 200 }\n";
    let folder = folder(&[("a.jsonl", script)]);
    let outcome = tidegate(folder.path(), &["mock-upstream", "--script", "a.jsonl"]);
    assert_eq!((outcome.code, outcome.out.as_str()), (2, ""));
    insta::assert_snapshot!(outcome.err);
}

#[test]
fn the_log_of_the_gate_says_why_an_upstream_failed_and_the_client_is_not_told() {
    // Port 9 on loopback: nobody listens there.
    let folder = folder(&[
        (
            "tidegate.yaml",
            "version: 1\nlisten: 127.0.0.1:0\nadmin: { listen: 127.0.0.1:0 }\n\
             upstreams: { model: { url: 'http://127.0.0.1:9' } }\n\
             routes: [{ id: all, match: { path: /v1/* }, upstream: model, policy: p }]\n\
             store: { url: none }\n",
        ),
        (
            "policies/p.yaml",
            "version: 1\nname: p\nrules: [{ id: r, words: [grenade], action: block }]\n",
        ),
    ]);
    let mut gate = start(folder.path(), &["serve", "--config", "tidegate.yaml"], listening);
    let answer = gate.ask("what a nice day", false);
    assert!(answer.starts_with("HTTP/1.1 502"), "{answer}");
    assert!(answer.contains("no connection to the upstream") && !answer.contains("refused"));
    let line = gate.line();
    let logged: serde_json::Value =
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
    assert_eq!((&logged["upstream"], &logged["level"]), (&"model".into(), &"WARN".into()));
    assert!(logged["cause"].as_str().is_some_and(|cause| cause.contains("refused")), "{line}");
    assert!(logged["request_id"].as_str().is_some_and(|id| answer.contains(id)), "{line}");
    assert!(!line.contains("nice day"));
}
