//! The data listener: our own accept loop, so that heads, idleness and the number of connections have
//! limits.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{GateBody, Gateway, reply};

/// The most HTTP/2 streams of one connection.
const H2_STREAMS: u32 = 100;
/// The most bytes of the headers of one HTTP/2 request.
const H2_HEADERS: u32 = 16 << 10;
/// How often an HTTP/2 connection is asked whether it is alive.
const H2_PING: Duration = Duration::from_secs(20);
/// How long accepting pauses when no descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Limits of the listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenerSettings {
    /// The longest time to send the head of a request; also how long a kept connection may be idle.
    pub header: Duration,
    /// The most connections; further ones wait in the backlog of the system.
    pub connections: usize,
    /// The most requests at once; further ones are answered with 503.
    pub in_flight: usize,
}

impl Default for ListenerSettings {
    fn default() -> Self {
        Self { header: Duration::from_secs(10), connections: 10_000, in_flight: 1024 }
    }
}

/// Serves until the token is cancelled; then takes no new connection, lets what is in flight finish
/// for at most `drain`, and returns.
pub async fn serve(
    listener: TcpListener,
    settings: ListenerSettings,
    gateway: Arc<Gateway>,
    stop: CancellationToken,
    drain: Duration,
) {
    let connections = Arc::new(Semaphore::new(settings.connections));
    let requests = Arc::new(Semaphore::new(settings.in_flight));
    let tasks = TaskTracker::new();
    loop {
        let Ok(permit) = Arc::clone(&connections).acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (gateway, requests, stop) = (Arc::clone(&gateway), Arc::clone(&requests), stop.clone());
        tasks.spawn(async move {
            serve_connection(stream, settings, gateway, requests, stop).await;
            drop(permit);
        });
    }
    drop(listener);
    tasks.close();
    // What has not finished by then is cut; the process is about to end.
    tokio::time::timeout(drain, tasks.wait()).await.unwrap_or_default();
}

async fn serve_connection(
    stream: TcpStream,
    settings: ListenerSettings,
    gateway: Arc<Gateway>,
    requests: Arc<Semaphore>,
    stop: CancellationToken,
) {
    // Without it, a small event of a stream would wait for the next.
    stream.set_nodelay(true).unwrap_or_default();
    let service = service_fn(move |request| {
        let (gateway, requests) = (Arc::clone(&gateway), Arc::clone(&requests));
        async move { Ok::<_, Infallible>(answer(&gateway, &requests, request).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(settings.header);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(H2_STREAMS)
        .max_header_list_size(H2_HEADERS)
        .keep_alive_interval(Some(H2_PING));
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        // A client that breaks off is no fault of ours; its exchange has accounted for itself.
        _ = connection.as_mut() => {}
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await.unwrap_or_default();
        }
    }
}

/// One request, if there is room for it. A panic in an exchange ends that exchange alone.
async fn answer(
    gateway: &Arc<Gateway>,
    requests: &Arc<Semaphore>,
    request: Request<Incoming>,
) -> Response<GateBody> {
    let Ok(permit) = Arc::clone(requests).try_acquire_owned() else {
        gateway.telemetry().metrics.rejected("overloaded");
        return reply::overloaded();
    };
    let response = gateway.handle(request).await;
    response.map(|body| reply::with_guard(body, permit))
}
