//! `tidegate mock-upstream` with a file of answers, over a real socket.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::{folder, tidegate};

/// How long a read may take before the test fails; nothing waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running mock; it ends with the test.
struct Mock {
    process: Child,
    address: String,
}

impl Drop for Mock {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().unwrap_or_default();
        self.process.wait().map(drop).unwrap_or_default();
    }
}

fn start(folder: &Path) -> Mock {
    let mut process = Command::new(assert_cmd::cargo::cargo_bin!("tidegate"))
        .args(["mock-upstream", "--listen", "127.0.0.1:0", "--rate", "0", "--script", "a.jsonl"])
        .current_dir(folder)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{error}"));
    let mut line = String::new();
    let stderr = process.stderr.take().unwrap_or_else(|| panic!("no standard error"));
    BufReader::new(stderr).read_line(&mut line).unwrap_or_else(|error| panic!("{error}"));
    let address = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
    Mock { process, address }
}

impl Mock {
    /// Everything that comes back, up to the end of the connection.
    fn ask(&self, prompt: &str, stream: bool) -> String {
        let messages = serde_json::json!([{ "role": "user", "content": prompt }]);
        let body = serde_json::json!({ "model": "m", "stream": stream, "messages": messages });
        let body = body.to_string();
        let mut socket =
            TcpStream::connect(&self.address).unwrap_or_else(|error| panic!("{error}"));
        socket.set_read_timeout(Some(PATIENCE)).unwrap_or_else(|error| panic!("{error}"));
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: mock\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
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
    let mock = start(folder.path());
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
