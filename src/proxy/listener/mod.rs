//! The door for connections: our own accept loop, so that heads, idleness, slow readers and the number
//! of connections have limits. It serves the data listener and the admin listener alike.
//!
//! HTTP/2 comes by ALPN over TLS and by prior knowledge in the clear. At most as many connections are
//! open as the settings say; further ones wait in the system's backlog until one of them ends.

mod alarm;
mod strict;
mod strict_io;
#[cfg(test)]
mod tests;
mod timed;
mod tls;
mod workers;

use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, Version};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use strict::Doubt;
pub use timed::ConnectionTimes;
pub use tls::{ServerTls, TlsError};
pub use workers::{Pulse, Workers};

use strict_io::StrictIo;
use timed::{Activity, Exchanging, Protocol, TimedIo};

use crate::telemetry::Metrics;

/// Header lines of a request; the SDKs send some twenty.
const MAX_HEADERS: usize = 100;

/// Bytes of the head of an HTTP/1 request, and of the buffer that bodies are read through.
const MAX_HEAD: usize = 64 * 1024;

/// Bytes of the headers of an HTTP/2 request, uncompressed.
const MAX_HEADER_LIST: u32 = 16 * 1024;

/// Exchanges at the same time on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;

/// Streams that the client reset and that were not taken up yet; more close the connection
/// (CVE-2023-44487, rapid reset).
const MAX_PENDING_RESETS: usize = 20;

/// Streams that we had to reset for the client's mistakes; more close the connection (CVE-2025-8671).
const MAX_LOCAL_RESETS: usize = 256;

/// Bytes of one request body, and of all on one HTTP/2 connection, that wait to be read.
const STREAM_WINDOW: u32 = 256 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// Bytes of one answer over HTTP/2 that wait to be sent.
const MAX_SEND_BUFFER: usize = 64 * 1024;

/// How often an HTTP/2 client is asked whether it still lives, and how long it may think about it.
const PING: Duration = Duration::from_secs(20);

/// How every HTTP/2 connection begins (RFC 9113, section 3.4), as far as no HTTP/1 request does.
const HTTP2_BEGINNING: &[u8] = b"PRI";

/// The pause before the first bytes are looked at again, when there are too few to tell.
const FEW_BYTES: Duration = Duration::from_millis(10);

/// After this time a connection takes no further requests, so that load spreads over new instances.
const CONNECTION_AGE: Duration = Duration::from_secs(60 * 60);

/// Why the library refuses heads by itself, in the words of metrics. Its answers have no body.
const MALFORMED_HEAD: &str = "malformed_head";
const HEAD_TOO_LARGE: &str = "head_too_large";

/// Says that a connection takes no further requests.
pub(super) const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// First and longest pause after an error of the listener, such as no file descriptor being left.
const FIRST_BACKOFF: Duration = Duration::from_millis(10);
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);

/// What a listener needs to know.
#[derive(Clone, Debug)]
pub struct ListenerSettings {
    /// `data` or `admin`: the label in metrics.
    pub name: &'static str,
    /// Connections at the same time; further ones wait in the backlog of the system.
    pub connections: usize,
    /// How long a connection may do nothing.
    pub times: ConnectionTimes,
    /// How long exchanges may go on after the shutdown began.
    pub grace: Duration,
    /// Certificate and key; `None` listens in the clear.
    pub tls: Option<Arc<ServerTls>>,
    /// The threads that serve the connections; `None` is the runtime that listens.
    pub workers: Option<Arc<Workers>>,
    /// Counts the connections.
    pub metrics: Arc<Metrics>,
    /// Whether requests come with their [`Peer`].
    pub tells_peers: bool,
}

/// The address that a request came from, without its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peer(pub IpAddr);

/// An open connection, as the metrics count it.
struct Counted {
    metrics: Arc<Metrics>,
    listener: &'static str,
}

impl Counted {
    fn new(settings: &ListenerSettings) -> Self {
        settings.metrics.connections(settings.name, 1);
        Self { metrics: Arc::clone(&settings.metrics), listener: settings.name }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.metrics.connections(self.listener, -1);
    }
}

/// Answers the connections of `listener` with `service` until `shutdown`. Then no connection is
/// accepted any more, exchanges under way may end within the grace, and what is left is cut off.
///
/// A service that fails closes its connection; errors that the client should see are answers.
pub(super) async fn serve<S, B>(
    listener: TcpListener,
    settings: ListenerSettings,
    service: S,
    shutdown: CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response<B>> + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (tasks, kill) = (TaskTracker::new(), CancellationToken::new());
    let door = Arc::new(Door {
        http1: http1_builder(),
        http2: http2_builder(TrackedExecutor { tasks: tasks.clone(), kill: kill.clone() }),
        tls: settings.tls.clone(),
        times: settings.times,
        service: Arc::new(service),
        metrics: Arc::clone(&settings.metrics),
        shutdown: shutdown.clone(),
        tells_peers: settings.tells_peers,
    });
    let free = Arc::new(Semaphore::new(settings.connections));
    let mut backoff = FIRST_BACKOFF;
    loop {
        let next = async {
            let permit = Arc::clone(&free).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let Some((permit, accepted)) = shutdown.run_until_cancelled(next).await else { break };
        match accepted {
            Ok((stream, _peer)) => {
                backoff = FIRST_BACKOFF;
                let place = settings.workers.as_ref().and_then(|workers| workers.place());
                let guards = (permit, Counted::new(&settings));
                let (door, kill) = (Arc::clone(&door), kill.clone());
                let home =
                    place.as_ref().map_or_else(Handle::current, |place| place.handle.clone());
                let stream = stream.into_std();
                let connection = async move {
                    match stream.and_then(TcpStream::from_std) {
                        Ok(stream) => drop(kill.run_until_cancelled(door.serve(stream)).await),
                        Err(error) => tracing::debug!(%error, "connection cannot be served"),
                    }
                    drop((guards, place));
                };
                tasks.spawn_on(connection, &home);
            }
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                shutdown.run_until_cancelled(sleep(backoff)).await;
                backoff = (backoff * 2).min(LONGEST_BACKOFF);
            }
        }
    }
    drop(listener);
    tasks.close();
    if timeout(settings.grace, tasks.wait()).await.is_err() {
        tracing::warn!(connections = tasks.len(), "connections are cut off");
        kill.cancel();
        tasks.wait().await;
    }
}

/// Everything that the connections of a listener share.
struct Door<S> {
    http1: http1::Builder,
    http2: http2::Builder<TrackedExecutor>,
    tls: Option<Arc<ServerTls>>,
    times: ConnectionTimes,
    service: Arc<S>,
    metrics: Arc<Metrics>,
    shutdown: CancellationToken,
    tells_peers: bool,
}

impl<S, B> Door<S>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Send + Sync + 'static,
    S::Future: Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    async fn serve(&self, stream: TcpStream) {
        let peer = if self.tells_peers { stream.peer_addr().ok() } else { None };
        let peer = peer.map(|peer| Peer(peer.ip()));
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot switch off nagle's algorithm");
        }
        let Some(tls) = &self.tls else {
            let spoken = timeout(self.times.header, spoken_by(&stream));
            let spoken = self.shutdown.run_until_cancelled(spoken).await;
            let Some(Ok(Ok(protocol))) = spoken else { return };
            // In a box, because a connection is some kilobytes large and is moved on its way here.
            return Box::pin(self.serve_http(stream, protocol, peer)).await;
        };
        let acceptor = TlsAcceptor::from(tls.current());
        match timeout(self.times.header, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => {
                let agreed = stream.get_ref().1.alpn_protocol();
                let http2 = agreed.is_some_and(|name| name == b"h2");
                let protocol = if http2 { Protocol::Http2 } else { Protocol::Http1 };
                Box::pin(self.serve_http(stream, protocol, peer)).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "tls handshake failed"),
            Err(_) => tracing::debug!("tls handshake took too long"),
        }
    }

    async fn serve_http<T>(&self, stream: T, protocol: Protocol, peer: Option<Peer>)
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let activity = Activity::new();
        let socket = TimedIo::new(stream, protocol, Arc::clone(&activity), self.times);
        let (service, exchanges) = (Arc::clone(&self.service), Arc::clone(&activity));
        let service = service_fn(move |mut request: Request<Incoming>| {
            let exchanging = exchanges.enter();
            let doubt = exchanging.doubt();
            // What HTTP/1.0 says of connections that stay open, servers read in two ways.
            let closes = doubt.is_some() || request.version() < Version::HTTP_11;
            if let Some(doubt) = doubt {
                request.extensions_mut().insert(doubt);
            }
            if let Some(peer) = peer {
                request.extensions_mut().insert(peer);
            }
            let answer = service.call(request);
            async move {
                let mut response = answer.await?;
                if closes {
                    response.headers_mut().insert(CONNECTION, CLOSE);
                }
                Ok::<_, S::Error>(response.map(|body| Tracked { body, exchanging }))
            }
        });
        match protocol {
            Protocol::Http1 => {
                let socket = TokioIo::new(StrictIo::new(socket, Arc::clone(&activity)));
                let connection = pin!(self.http1.serve_connection(socket, service));
                self.drive(connection, &activity).await;
            }
            Protocol::Http2 => {
                let socket = TokioIo::new(socket);
                let connection = pin!(self.http2.serve_connection(socket, service));
                self.drive(connection, &activity).await;
            }
        }
    }

    /// Serves a connection to its end: until one side closes it, or a limit of time is reached.
    async fn drive<C>(&self, mut connection: Pin<&mut C>, activity: &Activity)
    where
        C: GracefulConnection<Error = hyper::Error>,
    {
        let mut leaving = pin!(async {
            tokio::select! {
                () = self.shutdown.cancelled() => {}
                () = sleep(CONNECTION_AGE) => {}
            }
        });
        let mut stalled = pin!(activity.stalled(self.times.write_stall));
        let mut left = false;
        let ended = loop {
            tokio::select! {
                ended = connection.as_mut() => break ended,
                () = leaving.as_mut(), if !left => {
                    left = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = stalled.as_mut() => return tracing::debug!("client takes nothing"),
            }
        };
        if let Err(error) = ended {
            if error.is_parse() {
                self.metrics.rejected(if error.is_parse_too_large() {
                    HEAD_TOO_LARGE
                } else {
                    MALFORMED_HEAD
                });
            }
            tracing::debug!(%error, "connection ended early");
        }
    }
}

/// What a client speaks in the clear, by how it begins. Nothing is taken from the socket.
async fn spoken_by(stream: &TcpStream) -> io::Result<Protocol> {
    let mut first = [0; HTTP2_BEGINNING.len()];
    loop {
        let read = stream.peek(&mut first).await?;
        let common =
            HTTP2_BEGINNING.iter().zip(first.iter().take(read)).take_while(|(a, b)| a == b);
        match common.count() {
            common if common == HTTP2_BEGINNING.len() => return Ok(Protocol::Http2),
            common if common < read || read == 0 => return Ok(Protocol::Http1),
            _ => sleep(FEW_BYTES).await,
        }
    }
}

fn http1_builder() -> http1::Builder {
    let mut builder = http1::Builder::new();
    // `TimedIo` keeps the times: the library's limit for heads would count idle connections too.
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD);
    builder
}

fn http2_builder(executor: TrackedExecutor) -> http2::Builder<TrackedExecutor> {
    let mut builder = http2::Builder::new(executor);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER_LIST)
        .max_pending_accept_reset_streams(MAX_PENDING_RESETS)
        .max_local_error_reset_streams(MAX_LOCAL_RESETS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(MAX_SEND_BUFFER)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    builder
}

/// Errors of `accept` that say nothing about the listener itself.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Runs the streams of HTTP/2 connections where the shutdown can wait for them and end them.
#[derive(Clone, Debug)]
struct TrackedExecutor {
    tasks: TaskTracker,
    kill: CancellationToken,
}

impl<F> Executor<F> for TrackedExecutor
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, future: F) {
        self.tasks.spawn(self.kill.clone().run_until_cancelled_owned(future));
    }
}

/// The body of an answer; its connection counts as busy until the body is gone.
#[derive(Debug)]
struct Tracked<B> {
    body: B,
    exchanging: Exchanging,
}

impl<B: Body<Data = Bytes> + Unpin> Body for Tracked<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        self.exchanging.asked();
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.exchanging.handed_out();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
