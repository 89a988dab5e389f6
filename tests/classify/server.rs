//! A server on loopback that does with each request what a test says.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Value,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// What is done with a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// 200 and JSON.
    Json(Value),
    /// 200 and any bytes.
    Bytes(Vec<u8>),
    /// These bytes as they are, head and all, and then the connection is closed.
    Raw(Vec<u8>),
    /// These bytes one by one, for ever so long.
    Drip(Vec<u8>),
    /// Nothing at all.
    Silence,
}

type Script = dyn Fn(usize, &Asked) -> Act + Send + Sync;

/// A running server. Its tasks end with the runtime of the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    script: Box<Script>,
    asked: Mutex<Vec<Asked>>,
    connections: AtomicUsize,
    open: AtomicUsize,
}

impl Server {
    /// Does what `script` says with the number of a request and the request.
    pub(crate) async fn start(
        script: impl Fn(usize, &Asked) -> Act + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            script: Box::new(script),
            asked: Mutex::default(),
            connections: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
        });
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                shared.connections.fetch_add(1, Ordering::SeqCst);
                shared.open.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    // A client that goes away ends the connection, and that is all.
                    drop(serve(stream, &shared).await);
                    shared.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { address, shared }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().expect("nobody panicked").clone()
    }

    /// Connections that were made at all.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Connections that are open now.
    pub(crate) fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    while let Some(asked) = request(&mut stream, &mut buffer).await? {
        let number = {
            let mut all = shared.asked.lock().expect("nobody panicked");
            all.push(asked.clone());
            all.len() - 1
        };
        match (shared.script)(number, &asked) {
            Act::Json(value) => stream.write_all(&ok(value.to_string().as_bytes())).await?,
            Act::Bytes(bytes) => stream.write_all(&ok(&bytes)).await?,
            Act::Raw(bytes) => {
                stream.write_all(&bytes).await?;
                return Ok(());
            }
            Act::Drip(bytes) => {
                for byte in bytes {
                    stream.write_all(&[byte]).await?;
                    sleep(Duration::from_millis(20)).await;
                }
            }
            // Until the client goes away.
            Act::Silence => {
                stream.read_u8().await?;
            }
        }
    }
    Ok(())
}

/// A whole answer of 200.
pub(crate) fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A request with its whole body; nothing where the client is gone.
async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<Option<Asked>> {
    loop {
        if let Some((asked, length)) = whole(buffer) {
            buffer.drain(..length);
            return Ok(Some(asked));
        }
        let mut more = vec![0; 16 << 10];
        let read = stream.read(&mut more).await?;
        if read == 0 {
            return Ok(None);
        }
        buffer.extend_from_slice(&more[..read]);
    }
}

fn whole(buffer: &[u8]) -> Option<(Asked, usize)> {
    let end = buffer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&buffer[..end]).expect("heads are ASCII");
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize =
        headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
    let body: &[u8] = buffer.get(end..end + length)?;
    let body = serde_json::from_slice(body).expect("every question is JSON");
    Some((Asked { path, headers, body }, end + length))
}
