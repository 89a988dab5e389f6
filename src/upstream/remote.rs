//! An upstream over the network: pooled connections, TLS, limits of time, and no redirects.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use thiserror::Error;
use thread_local::ThreadLocal;
use tokio::time::{Instant, timeout, timeout_at};
use tower::Service;

use super::own::{OutwardConnector, OwnAddresses};
use super::trust::{Authorities, client_config};
use super::{Answer, AnswerBody, Outgoing, UpstreamError, UpstreamKey, UpstreamTimeouts};
use crate::domain::Secret;

/// Idle connections that each thread keeps for each upstream.
const IDLE_CONNECTIONS: usize = 256;
/// How long an idle connection is kept: less than the 60 s after which many servers close theirs, so
/// that few requests meet a closing connection.
const IDLE_CONNECTION_TIME: Duration = Duration::from_secs(45);
/// Bytes of the head of an answer, and of the buffer that its body is read through.
const MAX_HEAD: usize = 256 << 10;
/// Header lines of an answer; hosted models send some forty.
const MAX_HEADERS: usize = 128;
/// Bytes of the headers of an HTTP/2 answer.
const MAX_HEADER_LIST: u32 = 64 << 10;
/// How often an HTTP/2 connection is asked whether it still lives, and how long it may think about it.
const PING: Duration = Duration::from_secs(20);

/// What a remote upstream needs.
#[derive(Clone, Debug)]
pub struct RemoteSettings {
    /// Scheme, host, port, and a prefix for paths.
    pub base: Uri,
    /// The credential that replaces the client's.
    pub key: Option<Secret>,
    /// Whom to trust in place of the authorities of the platform.
    pub authorities: Option<Authorities>,
    /// Limits of time.
    pub timeouts: UpstreamTimeouts,
    /// The gate's own listeners, to which it must not lead.
    pub own: OwnAddresses,
}

/// Why an upstream cannot be set up.
#[derive(Debug, Error)]
pub enum RemoteError {
    /// The address is not one.
    #[error(
        "`{0}` is not an address of the form http://host or https://host, without user and query"
    )]
    Address(String),
    /// The key cannot be sent.
    #[error("the key has characters that a header cannot carry")]
    Key,
    /// TLS cannot be set up.
    #[error("tls cannot be set up: {0}")]
    Tls(String),
}

/// A model server over the network.
#[derive(Debug)]
pub struct Remote {
    /// One for each thread that sends: a connection is driven where it was made, so a request never
    /// waits for another thread.
    clients: ThreadLocal<Client<TimedConnector, Full<Bytes>>>,
    connector: TimedConnector,
    key: Option<UpstreamKey>,
    settings: RemoteSettings,
    prefix: String,
}

/// The body of an answer from the network.
#[derive(Debug)]
pub struct RemoteBody {
    body: Incoming,
    idle: Duration,
    deadline: Instant,
}

impl Remote {
    /// Sets an upstream up; no connection is made yet.
    pub fn new(settings: RemoteSettings) -> Result<Self, RemoteError> {
        let base = &settings.base;
        let known = matches!(base.scheme_str(), Some("http" | "https"));
        let host = base.authority().is_some_and(|host| !host.as_str().contains('@'));
        if !known || !host || base.query().is_some() {
            return Err(RemoteError::Address(base.to_string()));
        }
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        let spoken = base.scheme_str() == Some("https");
        let tls = client_config(spoken, settings.authorities.as_ref())
            .map_err(|error| RemoteError::Tls(error.to_string()))?;
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(OutwardConnector { inner: connector, own: settings.own.clone() });
        let connector = TimedConnector { inner: https, limit: settings.timeouts.connect };
        let prefix = base.path().trim_end_matches('/').to_owned();
        let key = settings.key.as_ref().map(UpstreamKey::new).transpose()?;
        Ok(Self { clients: ThreadLocal::new(), connector, key, settings, prefix })
    }

    pub(super) fn key(&self) -> Option<&UpstreamKey> {
        self.key.as_ref()
    }

    fn client(&self) -> Client<TimedConnector, Full<Bytes>> {
        Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_CONNECTION_TIME)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .http1_max_buf_size(MAX_HEAD)
            .http1_max_headers(MAX_HEADERS)
            .http2_max_header_list_size(MAX_HEADER_LIST)
            .http2_keep_alive_interval(PING)
            .http2_keep_alive_timeout(PING)
            .build(self.connector.clone())
    }

    pub(super) async fn send(&self, outgoing: Outgoing) -> Result<Answer, UpstreamError> {
        let Outgoing { method, path_and_query, headers, body } = outgoing;
        let base = &self.settings.base;
        let uri = Uri::builder()
            .scheme(base.scheme_str().unwrap_or("http"))
            .authority(base.authority().map_or("", |authority| authority.as_str()))
            .path_and_query(format!("{}{path_and_query}", self.prefix))
            .build()
            .map_err(|error| UpstreamError::Broken(causes(&error)))?;
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .body(Full::new(body))
            .map_err(|error| UpstreamError::Broken(causes(&error)))?;
        *request.headers_mut() = headers;
        let times = self.settings.timeouts;
        let deadline = Instant::now() + times.total;
        let client = self.clients.get_or(|| self.client());
        let answer = timeout(times.first_byte, client.request(request)).await;
        let answer =
            answer.map_err(|_| UpstreamError::Timeout("first byte"))?.map_err(|error| {
                if error.is_connect() && was_slow(&error) {
                    UpstreamError::Timeout("connect")
                } else if error.is_connect() {
                    UpstreamError::Connect(causes(&error))
                } else {
                    UpstreamError::Broken(causes(&error))
                }
            })?;
        let (head, body) = answer.into_parts();
        let body = RemoteBody { body, idle: times.idle, deadline };
        let body = AnswerBody::Remote(Box::new(body));
        Ok(Answer { status: head.status, headers: head.headers, body })
    }
}

/// A connector that gives up after a while; the time covers name resolution, TCP and TLS.
#[derive(Clone, Debug)]
struct TimedConnector {
    inner: HttpsConnector<OutwardConnector>,
    limit: Duration,
}

/// No connection was made in time.
#[derive(Clone, Copy, Debug, Error)]
#[error("no connection in time")]
struct Slow;

impl Service<Uri> for TimedConnector {
    type Response = <HttpsConnector<OutwardConnector> as Service<Uri>>::Response;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let connecting = timeout(self.limit, self.inner.call(address));
        Box::pin(async move { connecting.await.map_err(|_| Slow)? })
    }
}

/// What lies behind an error, the outermost first.
fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    let mut told: Vec<String> = Vec::new();
    for cause in causes.map(ToString::to_string) {
        // Some libraries repeat their cause in their own words.
        if told.last().is_none_or(|last| !last.contains(&cause)) {
            told.push(cause);
        }
    }
    if told.is_empty() { error.to_string() } else { told.join(": ") }
}

/// Whether it was for the time that no connection was made.
fn was_slow(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    causes.any(<dyn std::error::Error>::is::<Slow>)
}

impl RemoteBody {
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, UpstreamError>> {
        loop {
            let until = (Instant::now() + self.idle).min(self.deadline);
            let frame = match timeout_at(until, self.body.frame()).await {
                Err(_) => return Some(Err(UpstreamError::Timeout("idle"))),
                Ok(None) => return None,
                Ok(Some(Err(error))) => return Some(Err(UpstreamError::Broken(causes(&error)))),
                Ok(Some(Ok(frame))) => frame,
            };
            // Trailers are dropped: nothing that a client needs stands there.
            if let Ok(data) = frame.into_data() {
                return Some(Ok(data));
            }
        }
    }
}
