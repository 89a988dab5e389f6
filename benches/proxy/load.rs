//! Clients that ask, read the answer, and ask again.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Stands in a request where the number of the request goes.
pub(crate) const COUNTER: &str = "0000000000";

static COUNT: AtomicU64 = AtomicU64::new(0);

/// What a run of some clients found: seconds of each request.
#[derive(Debug, Default)]
pub(crate) struct Load {
    pub(crate) latencies: Vec<f64>,
}

impl Load {
    /// Lets so many clients ask for so long; `request` has a [`COUNTER`] in it.
    pub(crate) fn run(
        address: SocketAddr,
        request: &[u8],
        clients: usize,
        span: Duration,
    ) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut tasks = JoinSet::new();
            let until = Instant::now() + span;
            for _ in 0..clients {
                tasks.spawn(ask_until(address, request.to_vec(), until));
            }
            let mut load = Self::default();
            while let Some(done) = tasks.join_next().await {
                load.latencies.extend(done??);
            }
            Ok(load)
        })
    }

    /// Seconds, of which so many in a hundred are not above.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        super::percentile(&self.latencies, percent)
    }
}

async fn ask_until(
    address: SocketAddr,
    mut request: Vec<u8>,
    until: Instant,
) -> anyhow::Result<Vec<f64>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let counter = request.windows(COUNTER.len()).position(|window| window == COUNTER.as_bytes());
    let counter = counter.ok_or_else(|| anyhow::anyhow!("the prompt is in the request"))?;
    let (mut latencies, mut buffer) = (Vec::new(), Vec::with_capacity(16 << 10));
    while Instant::now() < until {
        // No prompt comes twice, so that none is known to be clean.
        let digits = format!("{:0width$}", COUNT.fetch_add(1, Relaxed), width = COUNTER.len());
        request[counter..counter + COUNTER.len()].copy_from_slice(digits.as_bytes());
        let asked = Instant::now();
        stream.write_all(&request).await?;
        let length = loop {
            if let Some(length) = message_length(&buffer) {
                break length;
            }
            anyhow::ensure!(stream.read_buf(&mut buffer).await? > 0, "the connection was closed");
        };
        latencies.push(asked.elapsed().as_secs_f64());
        anyhow::ensure!(buffer.starts_with(b"HTTP/1.1 20"), "{}", String::from_utf8_lossy(&buffer));
        buffer.drain(..length);
    }
    Ok(latencies)
}

/// A prompt of a kilobyte.
pub(crate) fn prompt() -> String {
    super::common::english().chars().take(900).collect()
}

/// A request for a chat completion, with its head.
pub(crate) fn request(prompt: &str, stream: bool) -> Vec<u8> {
    let mut body = serde_json::json!({"model": "m", "messages": [
        {"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": prompt}]});
    if stream {
        body["stream"] = true.into();
    }
    post("/v1/chat/completions", &body.to_string())
}

/// A request with this body, with its head.
pub(crate) fn post(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\nauthorization: Bearer none\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The length of the message with a `content-length` that the bytes begin with, if it is all there.
pub(crate) fn message_length(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let fields = std::str::from_utf8(bytes.get(..head)?).ok()?;
    let length = fields.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let whole = head + length.unwrap_or(0);
    (bytes.len() >= whole).then_some(whole)
}
