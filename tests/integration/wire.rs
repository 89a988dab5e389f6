//! The client's side: HTTP/1.1 by hand, so that a test sees and sends every byte.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::gate::PATIENCE;

/// An answer, read to its end or to where it broke off.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// Whether it came to its end.
    pub(crate) whole: bool,
}

/// A prompt of one user message.
pub(crate) fn prompt(text: &str) -> String {
    serde_json::json!({ "model": "m", "messages": [{ "role": "user", "content": text }] })
        .to_string()
}

/// The same, asking for a stream.
pub(crate) fn streamed(text: &str) -> String {
    let messages = serde_json::json!([{ "role": "user", "content": text }]);
    serde_json::json!({ "model": "m", "stream": true, "messages": messages }).to_string()
}

/// A request for a chat with these header lines beside the necessary ones.
pub(crate) fn request(lines: &str, body: &str) -> String {
    request_to("/v1/chat/completions", lines, body)
}

/// The same to any path.
pub(crate) fn request_to(path: &str, lines: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{lines}\r\n{body}"
    )
}

/// Asks on a connection of its own.
pub(crate) async fn ask(address: SocketAddr, body: &str) -> Answer {
    ask_with(address, "", body).await
}

/// The same with header lines.
pub(crate) async fn ask_with(address: SocketAddr, lines: &str, body: &str) -> Answer {
    let mut client = Client::connect(address).await;
    client.send(request(lines, body).as_bytes()).await;
    client.answer().await
}

/// Posts JSON to a path, on a connection of its own.
pub(crate) async fn post(address: SocketAddr, path: &str, body: &str) -> Answer {
    let mut client = Client::connect(address).await;
    client.send(request_to(path, "", body).as_bytes()).await;
    client.answer().await
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    let mut client = Client::connect(address).await;
    client.send(format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes()).await;
    client.answer().await
}

/// A connection to the gate.
pub(crate) struct Client<T = TcpStream> {
    stream: T,
    /// What has come and was not looked at.
    rest: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.expect("the gate listens"))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Client<T> {
    pub(crate) const fn over(stream: T) -> Self {
        Self { stream, rest: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.expect("the gate takes it");
    }

    /// Sends, whether or not somebody still listens.
    pub(crate) async fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Reads until what has come contains `part`.
    pub(crate) async fn read_until(&mut self, part: &str) {
        while !contains(&self.rest, part) {
            let shown = String::from_utf8_lossy(&self.rest).into_owned();
            assert!(self.read_some().await, "the gate closed after {shown}");
        }
    }

    /// Waits until the gate closes; what it had still sent.
    pub(crate) async fn closed(&mut self) -> String {
        while self.read_some().await {}
        String::from_utf8_lossy(&self.rest).into_owned()
    }

    async fn read_some(&mut self) -> bool {
        let mut piece = vec![0; 64 << 10];
        let read = timeout(PATIENCE, self.stream.read(&mut piece)).await;
        // A reset is an end too.
        let length = read.expect("something comes").unwrap_or(0);
        self.rest.extend_from_slice(&piece[..length]);
        length > 0
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.rest.windows(2).position(|two| two == b"\r\n") {
                let line = self.rest.drain(..at + 2).collect::<Vec<_>>();
                return Some(String::from_utf8_lossy(&line[..at]).into_owned());
            }
            if !self.read_some().await {
                return None;
            }
        }
    }

    async fn exactly(&mut self, length: usize, into: &mut Vec<u8>) -> bool {
        while self.rest.len() < length && self.read_some().await {}
        let there = length.min(self.rest.len());
        into.extend(self.rest.drain(..there));
        there == length
    }

    /// Reads one answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        let mut head = String::new();
        loop {
            let line = self.line().await.expect("a head comes");
            if line.is_empty() {
                break;
            }
            head.push_str(&line.to_lowercase());
            head.push('\n');
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let length = header(&head, "content-length").and_then(|value| value.parse().ok());
        // An answer without a body says no length.
        let length = if status == Some(204) { Some(0) } else { length };
        let mut body = Vec::new();
        let whole = match length {
            Some(length) => self.exactly(length, &mut body).await,
            None => self.chunks(&mut body).await,
        };
        Answer { status: status.expect("a status"), head, body, whole }
    }

    async fn chunks(&mut self, body: &mut Vec<u8>) -> bool {
        loop {
            let Some(size) = self.line().await else { return false };
            let Ok(size) = usize::from_str_radix(&size, 16) else { return false };
            let (mut end, whole) = (Vec::new(), self.exactly(size, body).await);
            if !whole || !self.exactly(2, &mut end).await || size == 0 {
                return whole && size == 0;
            }
        }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// Checks that this is an error in the shape of OpenAI's.
    pub(crate) fn is_error(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.text());
        let error = &self.json()["error"];
        assert_eq!(error["code"], code, "{}", self.text());
        assert!(error["message"].is_string() && error["type"].is_string(), "{}", self.text());
    }

    /// Checks that this stream ends with an error event, which SDKs raise, and behind it the end of the
    /// stream.
    pub(crate) fn ends_with_error(&self, code: &str) {
        let text = self.text();
        assert_eq!(self.status, 200, "{text}");
        let text = text.strip_suffix("data: [DONE]\n\n").expect("the end of the stream");
        let last = text.trim_end().rsplit("\n\n").next().unwrap_or_default();
        let event: serde_json::Value =
            serde_json::from_str(last.trim_start_matches("data: ")).unwrap_or_default();
        assert_eq!(event["error"]["code"], code, "{text}");
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn contains(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}
