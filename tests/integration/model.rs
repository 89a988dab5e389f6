//! The upstream's side: a server that does by hand what a test wants.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// A model server.
#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

/// A connection whose request has been read.
pub(crate) struct Connection(TcpStream);

impl Model {
    /// Answers each connection's one request with `act`.
    pub(crate) async fn start<F, A>(act: F) -> Self
    where
        F: Fn(Connection) -> A + Send + Sync + 'static,
        A: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (model, act) = (Self { address, asked: Arc::clone(&asked) }, Arc::new(act));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (asked, act) = (Arc::clone(&asked), Arc::clone(&act));
                tokio::spawn(async move {
                    let Some(one) = read_request(&mut stream).await else { return };
                    asked.lock().expect("nobody panicked").push(one);
                    act(Connection(stream)).await;
                });
            }
        });
        model
    }

    /// Answers every request with these bytes and closes.
    pub(crate) async fn says(answer: impl Into<Vec<u8>>) -> Self {
        let answer = Arc::new(answer.into());
        Self::start(move |mut connection| {
            let answer = Arc::clone(&answer);
            async move { connection.send(&answer).await }
        })
        .await
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("nobody panicked").clone()
    }
}

impl Connection {
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        // The gate may have gone; the test looks at that from the other side.
        self.0.write_all(bytes).await.unwrap_or_default();
    }

    /// Sends, and says whether the gate still takes it.
    pub(crate) async fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).await.is_ok()
    }

    /// Waits until the gate closes the connection.
    pub(crate) async fn closed(&mut self) {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).await.unwrap_or_default();
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        let mut piece = vec![0; 64 << 10];
        let length = stream.read(&mut piece).await.ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&piece[..length]);
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let mut lengths = head.lines().filter_map(|line| line.strip_prefix("content-length: "));
        let length: usize = lengths.next().map_or(Some(0), |length| length.parse().ok())?;
        if bytes.len() >= end + 4 + length {
            let body = bytes[end + 4..end + 4 + length].to_vec();
            return Some(Asked { head, body });
        }
    }
}

/// A whole answer over HTTP/1.1.
pub(crate) fn whole(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// The head of a stream that ends with the connection.
pub(crate) const STREAM: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// A chat completion that says something.
pub(crate) fn completion(text: &str) -> String {
    serde_json::json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{ "index": 0, "finish_reason": "stop",
            "message": { "role": "assistant", "content": text } }],
    })
    .to_string()
}

/// A chunk of a stream.
pub(crate) fn chunk(text: &str) -> String {
    let choice = serde_json::json!({ "index": 0, "delta": { "content": text } });
    event(&choice)
}

/// The chunks that end a stream.
pub(crate) fn end() -> String {
    let choice = serde_json::json!({ "index": 0, "delta": {}, "finish_reason": "stop" });
    format!("{}data: [DONE]\n\n", event(&choice))
}

fn event(choice: &serde_json::Value) -> String {
    let chunk = serde_json::json!({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [choice],
    });
    format!("data: {chunk}\n\n")
}
