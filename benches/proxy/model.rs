//! The model: as little work as possible, on a thread of its own.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::dialects::APIS;

/// The pause between two tokens.
pub(crate) const PACE: Duration = Duration::from_millis(20);
/// Tokens of one stream.
pub(crate) const TOKENS: usize = 40;
/// What a client puts into its prompt to get tokens with a blank before, or behind each.
pub(crate) const LEADING: &str = "leading";
pub(crate) const TRAILING: &str = "trailing";
/// What a client puts into its prompt to get a stream that says one word and then waits.
pub(crate) const WAITING: &str = "waiting";

/// What stands before the number of nanoseconds at which a chunk was sent, by [`now`].
pub(crate) const MARK: &[u8] = b"\"system_fingerprint\":\"t";

/// Nanoseconds since the program asked first.
pub(crate) fn now() -> u128 {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    START.elapsed().as_nanos()
}

/// Starts the model.
pub(crate) fn start() -> io::Result<SocketAddr> {
    now();
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::spawn(move || {
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                // A client that goes away in mid-answer is no fault.
                tokio::spawn(async move { serve(stream).await.unwrap_or_default() });
            }
            #[expect(unreachable_code, reason = "says what the block is")]
            io::Result::Ok(())
        })
    });
    Ok(address)
}

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    let text: String = super::common::english().chars().take(800).collect();
    let answers = APIS.map(|api| (format!("POST {} ", api.path), api.answer(&text)));
    let mut buffer = Vec::with_capacity(16 << 10);
    loop {
        let length = loop {
            if let Some(length) = super::load::message_length(&buffer) {
                break length;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let request: Vec<u8> = buffer.drain(..length).collect();
        let asks = |what: &str| request.windows(what.len()).any(|window| window == what.as_bytes());
        if !asks("\"stream\":true") {
            let answer = answers.iter().find(|(start, _)| request.starts_with(start.as_bytes()));
            stream.write_all(answer.map_or(b"", |(_, answer)| answer)).await?;
            continue;
        }
        let style = [LEADING, TRAILING, WAITING].into_iter().find(|style| asks(style));
        speak(&mut stream, style.unwrap_or(LEADING)).await?;
    }
}

/// A stream; each chunk says when it was sent.
async fn speak(stream: &mut TcpStream, style: &str) -> io::Result<()> {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let text = super::common::english();
    for word in text.split(' ').take(TOKENS) {
        if style != WAITING {
            tokio::time::sleep(PACE).await;
        }
        let token = if style == LEADING { format!(" {word}") } else { format!("{word} ") };
        let token = serde_json::Value::from(token);
        let event = format!(
            "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",{}{}\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":{token}}},\"finish_reason\":null}}]}}\n\n",
            String::from_utf8_lossy(MARK),
            now(),
        );
        stream.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).await?;
        if style == WAITING {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    }
    let end = "data: [DONE]\n\n";
    stream.write_all(format!("{:x}\r\n{end}\r\n0\r\n\r\n", end.len()).as_bytes()).await
}
