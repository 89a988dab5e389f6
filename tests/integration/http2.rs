//! HTTP/2 in the clear, and clients that abuse it.

use bytes::Bytes;
use h2::client::{SendRequest, handshake};
use h2::{Reason, SendStream};
use http::{Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::gate::{Gate, PATIENCE, Setup};
use crate::wire::{ask, prompt};

async fn connect(gate: &Gate) -> SendRequest<Bytes> {
    let socket = TcpStream::connect(gate.data).await.expect("a connection");
    let (client, connection) = handshake(socket).await.expect("HTTP/2 is spoken");
    tokio::spawn(connection);
    client.ready().await.expect("a stream is free")
}

fn head() -> Request<()> {
    Request::post("http://x/v1/chat/completions")
        .header("content-type", "application/json")
        .body(())
        .expect("a request")
}

fn send(
    client: &mut SendRequest<Bytes>,
    request: Request<()>,
) -> (impl Future<Output = Result<Response<h2::RecvStream>, h2::Error>> + use<>, SendStream<Bytes>)
{
    client.send_request(request, false).expect("a stream")
}

#[tokio::test]
async fn prompts_are_screened_over_http_2_and_streams_are_limited() {
    let gate = Setup::demo().start().await;
    let mut client = connect(&gate).await;
    for (text, status) in [("hello", 200), ("a grenade", 400)] {
        let (answer, mut body) = send(&mut client, head());
        body.send_data(Bytes::from(prompt(text)), true).expect("the body is taken");
        let answer = timeout(PATIENCE, answer).await.expect("in time").expect("an answer");
        assert_eq!(answer.status(), status, "{text}");
    }
    assert_eq!(client.current_max_send_streams(), 100);
}

/// A frame (RFC 9113, section 4.1).
fn frame(sort: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
    [&length[1..], &[sort, flags], &stream.to_be_bytes(), payload].concat()
}

#[tokio::test]
async fn a_client_that_resets_its_streams_at_once_loses_its_connection() {
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    const GOAWAY: u8 = 7;
    const END_HEADERS: u8 = 4;
    let gate = Setup::demo().start().await;
    let mut socket = TcpStream::connect(gate.data).await.expect("a connection");
    // POST, http, and literals for :path and :authority by their places in the static table of HPACK.
    let head = [&[0x83, 0x86, 0x04, 20][..], b"/v1/chat/completions", &[0x01, 1], b"x"].concat();
    let cancel = u32::from(Reason::CANCEL).to_be_bytes();
    let mut bytes = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(SETTINGS, 0, 0, &[])[..]].concat();
    for stream in (1..400).step_by(2) {
        bytes.extend(frame(HEADERS, END_HEADERS, stream, &head));
        bytes.extend(frame(RST_STREAM, 0, stream, &cancel));
    }
    socket.write_all(&bytes).await.expect("the gate reads");
    let mut said = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut said)).await.expect("the connection ends").ok();
    let calm = u32::from(Reason::ENHANCE_YOUR_CALM).to_be_bytes();
    let mut frames = said.as_slice();
    let mut told = false;
    while let Some((head, rest)) = frames.split_at_checked(9) {
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        told |= head[3] == GOAWAY && rest.get(4..8) == Some(&calm);
        frames = rest.get(length..).unwrap_or_default();
    }
    assert!(told, "it is told to be calm: {said:?}");
    assert_eq!(ask(gate.data, &prompt("hi")).await.status, 200, "others are served");
}

#[tokio::test]
async fn a_head_larger_than_the_limit_is_refused_over_http_2() {
    let gate = Setup::demo().start().await;
    let mut client = connect(&gate).await;
    let mut large = head();
    for line in 0..10 {
        let name = format!("x-long-{line}").parse::<http::HeaderName>().expect("a name");
        large.headers_mut().insert(name, "a".repeat(4 << 10).parse().expect("a value"));
    }
    let (answer, _body) = send(&mut client, large);
    let answer = timeout(PATIENCE, answer).await.expect("in time");
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status() == 431));
    let (answer, mut body) = send(&mut client, head());
    body.send_data(Bytes::from(prompt("hi")), true).expect("the body is taken");
    let answer = timeout(PATIENCE, answer).await.expect("in time").expect("an answer");
    assert_eq!(answer.status(), 200, "the connection goes on");
}

#[tokio::test]
async fn t90_the_admin_listener_answers_over_http_2_to_its_own_names_alone() {
    let gate = Setup::demo().start().await;
    for (host, status) in [("localhost", 200), ("127.0.0.1:9901", 200), ("evil.example", 403)] {
        let socket = TcpStream::connect(gate.admin).await.expect("a connection");
        let (client, connection) = handshake(socket).await.expect("HTTP/2 is spoken");
        tokio::spawn(connection);
        let mut client: SendRequest<Bytes> = client.ready().await.expect("a stream is free");
        let asked = Request::get(format!("http://{host}/readyz")).body(()).expect("a request");
        let (answer, _body) = client.send_request(asked, true).expect("a stream");
        let answer = timeout(PATIENCE, answer).await.expect("in time").expect("an answer");
        assert_eq!(answer.status(), status, "{host}");
    }
}
