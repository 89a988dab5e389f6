//! What traces cost: the same requests with spans sent to a collector, of one trace in a hundred and of all, and without.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::load::message_length;
use super::ways::{Way, compare as compare_ways};

/// How long the last spans may take to be sent or given up.
const REST: Duration = Duration::from_secs(2);
/// What the collector says to every message.
const TAKEN: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// Requests a second of many clients, by what is traced, and what became of the spans.
pub(crate) fn compare(model: SocketAddr) -> anyhow::Result<()> {
    let collector = collector()?;
    let quiet = "log: { decisions: { to: none } }";
    let sampled = |share: &str| {
        format!("{quiet}\ntelemetry: {{ otlp: 'http://{collector}', sample: {share} }}")
    };
    let ways = [
        Way { name: "none", lines: quiet.to_owned() },
        Way { name: "1 % of traces", lines: sampled("1%") },
        Way { name: "all traces", lines: sampled("100%") },
    ];
    let gates = compare_ways(model, ("Traces", "traced"), &ways)?;
    std::thread::sleep(REST);
    println!("\n| traced | spans sent | dropped | failed |\n|---|---:|---:|---:|");
    for (way, gate) in ways.iter().zip(&gates).skip(1) {
        let count = |outcome: &str| {
            gate.metric(&format!("tidegate_trace_spans_total{{outcome=\"{outcome}\"}}"))
        };
        let (sent, dropped, failed) = (count("sent")?, count("dropped")?, count("failed")?);
        anyhow::ensure!(sent > 0.0, "no span has reached the collector: {}", way.name);
        println!("| {} | {sent:.0} | {dropped:.0} | {failed:.0} |", way.name);
    }
    Ok(())
}

/// Starts a collector that takes everything, on a thread of its own.
fn collector() -> io::Result<SocketAddr> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                // A gate that ends in mid-message is no fault.
                tokio::spawn(async move { take(stream).await.unwrap_or_default() });
            }
            #[expect(unreachable_code, reason = "says what the block is")]
            io::Result::Ok(())
        })
    });
    Ok(address)
}

async fn take(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = Vec::with_capacity(256 << 10);
    loop {
        while let Some(length) = message_length(&buffer) {
            buffer.drain(..length);
            stream.write_all(TAKEN).await?;
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
    }
}
