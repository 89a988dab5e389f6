//! HTTP/1 as bytes: what two servers could read differently is refused, the connection is closed, and what the
//! upstream is asked is what was screened. Names begin with the ids of `docs/security-tests.md`.

mod bodies;
mod heads;
mod raw;

use std::path::Path;

use crate::gate::{Gate, Setup};
use crate::model::{Asked, Model, completion, whole};
use crate::wire::{Answer, Client, prompt};

/// Where chats go.
const CHAT: &str = "/v1/chat/completions";

/// A request that a client may send behind another one. Nothing serves its path.
const SECOND: &[u8] = b"GET /v1/second HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A gate before a model that keeps what it is asked.
struct Door {
    gate: Gate,
    model: Model,
}

impl Door {
    async fn open() -> Self {
        Self::with(|setup| setup).await
    }

    async fn with(change: impl FnOnce(Setup) -> Setup) -> Self {
        let model = Model::says(whole(&completion("hello"))).await;
        let gate = change(Setup::upstream(model.address)).start().await;
        Self { gate, model }
    }

    /// Sends bytes, then the second request, and reads until the gate closes: nothing may be said to the second one.
    async fn refuses(&self, what: &str, bytes: &[u8], expected: &Expected) {
        let asked = self.model.asked().len();
        let mut client = Client::connect(self.gate.data).await;
        client.try_send(&[bytes, SECOND].concat()).await;
        let said = client.closed().await;
        assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{what}: one answer: {said}");
        let Expected::Refused(status, code) = expected else {
            panic!("{what} passes: {said}");
        };
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{what}: {status} in {said}");
        let shown = format!("\"code\":\"{code}\"");
        assert!(code.is_empty() || said.contains(&shown), "{what}: {code} in {said}");
        assert_eq!(self.model.asked().len(), asked, "{what}: the model is not asked");
    }

    /// Sends bytes, then the second request: both are answered, and the model was asked for the first one alone.
    async fn passes(&self, what: &str, bytes: &[u8]) -> (Answer, Asked) {
        let asked = self.model.asked().len();
        let mut client = Client::connect(self.gate.data).await;
        client.send(&[bytes, SECOND].concat()).await;
        let (first, second) = (client.answer().await, client.answer().await);
        assert_eq!((first.status, second.status), (200, 404), "{what}: {}", first.text());
        let all = self.model.asked();
        assert_eq!(all.len(), asked + 1, "{what}: the model is asked once");
        (first, all.last().expect("it was asked").clone())
    }
}

/// What becomes of a request.
enum Expected {
    Passes,
    /// With this status and code; without a code where the HTTP library refuses by itself.
    Refused(u16, &'static str),
}

/// A request line, header lines and a body, each line with its end.
fn request(line: &[u8], lines: &[&[u8]], body: &[u8]) -> Vec<u8> {
    let mut bytes = [line, b"\r\n"].concat();
    for line in lines {
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(b"\r\n");
    }
    [&bytes, &b"\r\n"[..], body].concat()
}

/// A chat about nothing.
fn body() -> Vec<u8> {
    prompt("hi").into_bytes()
}

/// How many decisions about prompts are on record.
fn prompts_on_record(gate: &Gate) -> usize {
    let path = gate.path("decisions.jsonl");
    let text = std::fs::read_to_string::<&Path>(&path).unwrap_or_default();
    text.lines().filter(|line| line.contains("\"phase\":\"prompt\"")).count()
}
