//! Clients that read streams, and look at when each chunk was sent.

use std::net::SocketAddr;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::load::request;
use super::model::{MARK, TOKENS, WAITING, now};

/// How late chunks were, in seconds.
#[derive(Debug, Default)]
pub(crate) struct Delays {
    pub(crate) first_of_each: Vec<f64>,
    pub(crate) all: Vec<f64>,
}

/// Reads so many streams at once to their ends.
pub(crate) fn run(
    address: SocketAddr,
    streams: usize,
    tokens: &'static str,
) -> anyhow::Result<Delays> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for nth in 0..streams {
            tasks.spawn(async move {
                // Not all in the same moment: a service is asked at any time.
                tokio::time::sleep(super::model::PACE.mul_f64(nth as f64 / streams as f64)).await;
                read(address, tokens).await
            });
        }
        let mut delays = Delays::default();
        while let Some(done) = tasks.join_next().await {
            let of_one = done??;
            anyhow::ensure!(of_one.len() == TOKENS, "{} chunks of {TOKENS}", of_one.len());
            delays.first_of_each.extend(of_one.first());
            delays.all.extend(of_one);
        }
        Ok(delays)
    })
}

async fn read(address: SocketAddr, tokens: &str) -> anyhow::Result<Vec<f64>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    stream.write_all(&request(tokens, true)).await?;
    let (mut delays, mut buffer) = (Vec::new(), Vec::with_capacity(16 << 10));
    loop {
        let read = stream.read_buf(&mut buffer).await?;
        anyhow::ensure!(read > 0, "the connection was closed");
        let arrived = now();
        let mut seen = 0;
        while let Some((sent, end)) = next_mark(buffer.get(seen..).unwrap_or_default()) {
            delays.push((arrived - sent) as f64 / 1e9);
            seen += end;
        }
        if buffer.windows(12).any(|window| window == b"data: [DONE]") {
            return Ok(delays);
        }
        buffer.drain(..seen);
    }
}

/// The first moment that a chunk in these bytes was sent, and where it ends in them.
fn next_mark(bytes: &[u8]) -> Option<(u128, usize)> {
    let at = bytes.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    let rest = bytes.get(at..)?;
    let length = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let sent = std::str::from_utf8(rest.get(..length)?).ok()?.parse().ok()?;
    Some((sent, at + length))
}

/// Streams that are open and wait for more.
#[derive(Debug)]
pub(crate) struct Open {
    _streams: Vec<std::net::TcpStream>,
}

/// Opens so many streams, each of which has said something.
pub(crate) fn open(address: SocketAddr, streams: usize) -> anyhow::Result<Open> {
    use std::io::{Read as _, Write as _};
    let mut opened = Vec::with_capacity(streams);
    for _ in 0..streams {
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.write_all(&request(WAITING, true))?;
        opened.push(stream);
    }
    for stream in &mut opened {
        stream.set_read_timeout(Some(std::time::Duration::from_secs(20)))?;
        let mut buffer = [0; 64];
        let read = stream.read(&mut buffer).context("an open stream says nothing")?;
        anyhow::ensure!(buffer.starts_with(b"HTTP/1.1 200"), "{:?}", buffer.get(..read));
    }
    Ok(Open { _streams: opened })
}
