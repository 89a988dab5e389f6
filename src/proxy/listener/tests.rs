//! The listener with real sockets. Times are short but never compared closely.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use hyper::body::Incoming;
use hyper::service::service_fn;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use http_body_util::{BodyExt as _, Either, Full, StreamBody};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use super::{ConnectionTimes, ListenerSettings, serve};
use crate::telemetry::Metrics;

const SHORT: Duration = Duration::from_millis(200);
const LONG: Duration = Duration::from_secs(20);
const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

type Frames = futures_util::stream::BoxStream<'static, Result<Frame<Bytes>, Infallible>>;
type Answer = Response<Either<Full<Bytes>, StreamBody<Frames>>>;

struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

fn settings() -> ListenerSettings {
    ListenerSettings {
        name: "data",
        connections: 10,
        times: ConnectionTimes { header: LONG, keep_alive: LONG, write_stall: LONG },
        grace: LONG,
        tls: None,
        workers: None,
        metrics: Arc::new(Metrics::new()),
        tells_peers: false,
    }
}

fn with_times(change: impl FnOnce(&mut ConnectionTimes)) -> ListenerSettings {
    let mut settings = settings();
    change(&mut settings.times);
    settings
}

/// `/` answers with the version; `/slow` takes a while; `/stream` sends eight pieces with pauses;
/// `/flood` sends without end.
async fn answer(request: Request<Incoming>) -> Result<Answer, Infallible> {
    let piece = || Ok(Frame::data(Bytes::from(vec![b'x'; 16 * 1024])));
    let stream: Frames = match request.uri().path() {
        "/stream" => Box::pin(futures_util::stream::unfold(0, move |sent| async move {
            sleep(SHORT / 2).await;
            (sent < 8).then(|| (Ok(Frame::data(Bytes::from_static(b"piece "))), sent + 1))
        })),
        "/flood" => Box::pin(futures_util::stream::repeat_with(piece)),
        path => {
            if path == "/slow" {
                sleep(SHORT * 3).await;
            }
            let version = Bytes::from(format!("{:?}", request.version()));
            return Ok(Response::new(Either::Left(Full::new(version))));
        }
    };
    Ok(Response::new(Either::Right(StreamBody::new(stream))))
}

impl Server {
    async fn start(settings: ListenerSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(serve(listener, settings, service_fn(answer), shutdown.clone()));
        tasks.close();
        Self { address, shutdown, tasks }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn stop(self) {
        self.shutdown.cancel();
        timeout(LONG, self.tasks.wait()).await.expect("the listener ends");
    }
}

/// Reads until the other side closes; how long that took.
async fn read_to_end(stream: &mut TcpStream) -> (String, Duration) {
    let start = Instant::now();
    let mut bytes = Vec::new();
    let read = timeout(LONG, stream.read_to_end(&mut bytes)).await.expect("the server closes");
    if let Err(error) = read {
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
    (String::from_utf8_lossy(&bytes).into_owned(), start.elapsed())
}

async fn read_some(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 4096];
    let length = timeout(LONG, stream.read(&mut bytes)).await.unwrap().unwrap();
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

#[tokio::test]
async fn an_unfinished_head_is_given_up_after_the_header_timeout() {
    let server = Server::start(with_times(|times| times.header = SHORT)).await;
    for beginning in [&b""[..], b"GET / HT", b"PRI * HTTP/2.0\r\n"] {
        let mut stream = server.connect().await;
        stream.write_all(beginning).await.unwrap();
        let (answer, took) = read_to_end(&mut stream).await;
        assert!(took >= SHORT / 2 && took < LONG / 2, "{took:?}");
        let settings_of_http_2 = answer.as_bytes().get(3) == Some(&4);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 400") || settings_of_http_2,
            "{answer}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn dripping_bytes_does_not_put_the_header_timeout_off() {
    let server = Server::start(with_times(|times| times.header = SHORT)).await;
    let mut stream = server.connect().await;
    let start = Instant::now();
    stream.write_all(b"GET / HTTP/1.1\r\nx: ").await.unwrap();
    while stream.write_all(b"a").await.is_ok() {
        sleep(SHORT / 10).await;
        assert!(start.elapsed() < LONG / 2, "the server closes");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_idle_connection_lives_as_long_as_keep_alive_says() {
    let settings = with_times(|times| {
        times.header = SHORT;
        times.keep_alive = SHORT * 5;
    });
    let server = Server::start(settings).await;
    let mut stream = server.connect().await;
    for _ in 0..2 {
        stream.write_all(GET).await.unwrap();
        assert!(read_some(&mut stream).await.contains("HTTP/1.1 200"));
        sleep(SHORT * 2).await;
    }
    let (_, took) = read_to_end(&mut stream).await;
    assert!(took >= SHORT && took < LONG / 2, "{took:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_long_answer_is_not_an_idle_connection() {
    let settings = with_times(|times| {
        times.header = SHORT;
        times.keep_alive = SHORT;
    });
    let server = Server::start(settings).await;
    for path in ["slow", "stream"] {
        let mut stream = server.connect().await;
        let request = format!("GET /{path} HTTP/1.1\r\nhost: a\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let (answer, _) = read_to_end(&mut stream).await;
        assert!(answer.ends_with("0\r\n\r\n") || answer.ends_with("HTTP/1.1"), "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_off() {
    let server = Server::start(with_times(|times| times.write_stall = SHORT)).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /flood HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    sleep(SHORT * 4).await;
    let mut bytes = Vec::new();
    let read = timeout(LONG, stream.read_to_end(&mut bytes)).await;
    assert!(read.is_ok(), "the server closes although the answer has no end");
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_stops_one_http_2_stream_is_cut_off() {
    let server = Server::start(with_times(|times| times.write_stall = SHORT)).await;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let request = |path| {
        let uri = format!("http://{}/{path}", server.address);
        Request::builder().uri(uri).body(Full::<Bytes>::default()).unwrap()
    };
    let mut answer = client.request(request("flood")).await.unwrap();
    sleep(SHORT * 4).await;
    let ended = timeout(LONG, async { while let Some(Ok(_)) = answer.body_mut().frame().await {} });
    assert!(ended.await.is_ok(), "the server closes although the answer has no end");
    drop((client, answer));
    server.stop().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let server = Server::start(ListenerSettings { connections: 1, ..settings() }).await;
    let mut first = server.connect().await;
    first.write_all(GET).await.unwrap();
    assert!(read_some(&mut first).await.contains("200"));
    let mut second = server.connect().await;
    second.write_all(GET).await.unwrap();
    assert!(timeout(SHORT, second.read_u8()).await.is_err(), "there is no room yet");
    drop(first);
    assert!(read_some(&mut second).await.contains("200"));
    drop(second);
    server.stop().await;
}

#[tokio::test]
async fn a_beginning_that_comes_byte_by_byte_is_understood() {
    let server = Server::start(settings()).await;
    let mut stream = server.connect().await;
    for byte in b"PUT / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n" {
        stream.write_all(&[*byte]).await.unwrap();
        sleep(Duration::from_millis(1)).await;
    }
    assert!(read_to_end(&mut stream).await.0.starts_with("HTTP/1.1 200"));
    server.stop().await;
}

#[tokio::test]
async fn http_2_is_spoken_by_prior_knowledge() {
    let server = Server::start(settings()).await;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http::<Full<Bytes>>();
    let uri = format!("http://{}/", server.address).parse().unwrap();
    let answer = client.get(uri).await.unwrap();
    assert_eq!(answer.version(), http::Version::HTTP_2);
    drop((client, answer));
    server.stop().await;
}

#[tokio::test]
async fn an_exchange_under_way_ends_before_the_listener_does() {
    let server = Server::start(settings()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /stream HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert!(read_some(&mut stream).await.contains("200"));
    let Server { address, shutdown, tasks } = server;
    shutdown.cancel();
    let (rest, _) = read_to_end(&mut stream).await;
    assert!(rest.ends_with("0\r\n\r\n"), "{rest}");
    timeout(LONG, tasks.wait()).await.expect("the listener ends");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_idle_connection_does_not_keep_the_listener_from_ending() {
    let server = Server::start(settings()).await;
    let mut stream = server.connect().await;
    stream.write_all(GET).await.unwrap();
    assert!(read_some(&mut stream).await.contains("200"));
    let silent = server.connect().await;
    let start = Instant::now();
    server.stop().await;
    assert!(start.elapsed() < LONG / 2);
    drop((stream, silent));
}

#[tokio::test]
async fn what_outlives_the_grace_is_cut_off() {
    let server = Server::start(ListenerSettings { grace: SHORT, ..settings() }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /flood HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert!(read_some(&mut stream).await.contains("200"));
    server.stop().await;
}

#[tokio::test]
async fn http_2_streams_that_outlive_the_grace_are_cut_off() {
    let server = Server::start(ListenerSettings { grace: SHORT, ..settings() }).await;
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let uri = format!("http://{}/flood", server.address);
    let request = Request::builder().uri(uri).body(Full::<Bytes>::default()).unwrap();
    let answer = client.request(request).await.unwrap();
    server.stop().await;
    drop((client, answer));
}
