//! An upstream over the network: pooled connections, TLS, limits of time, and no redirects.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use tokio::time::{Instant, timeout, timeout_at};

use super::{Answer, AnswerBody, Outgoing, UpstreamError, UpstreamTimeouts};
use crate::domain::Secret;

/// Idle connections that are kept for each upstream.
const IDLE_CONNECTIONS: usize = 256;
/// How long an idle connection is kept.
const IDLE_CONNECTION_TIME: Duration = Duration::from_secs(60);

/// What a remote upstream needs.
#[derive(Clone, Debug)]
pub struct RemoteSettings {
    /// Scheme, host, port, and a prefix for paths.
    pub base: Uri,
    /// The credential that replaces the client's.
    pub key: Option<Secret>,
    /// Limits of time.
    pub timeouts: UpstreamTimeouts,
}

/// Why an upstream cannot be set up.
#[derive(Debug, Error)]
pub enum RemoteError {
    /// The address is not one.
    #[error("`{0}` is not an address of the form http://host or https://host")]
    Address(String),
    /// TLS cannot be set up.
    #[error("tls cannot be set up: {0}")]
    Tls(String),
}

/// A model server over the network.
#[derive(Debug)]
pub struct Remote {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
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
        if !known || base.authority().is_none() {
            return Err(RemoteError::Address(base.to_string()));
        }
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(settings.timeouts.connect));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls(base.scheme_str() == Some("https"))?)
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_CONNECTION_TIME)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .build(https);
        let prefix = base.path().trim_end_matches('/').to_owned();
        Ok(Self { client, settings, prefix })
    }

    pub(super) fn key(&self) -> Option<&Secret> {
        self.settings.key.as_ref()
    }

    pub(super) async fn send(&self, outgoing: Outgoing) -> Result<Answer, UpstreamError> {
        let Outgoing { method, path_and_query, headers, body } = outgoing;
        let base = &self.settings.base;
        let uri = Uri::builder()
            .scheme(base.scheme_str().unwrap_or("http"))
            .authority(base.authority().map_or("", |authority| authority.as_str()))
            .path_and_query(format!("{}{path_and_query}", self.prefix))
            .build()
            .map_err(|_| UpstreamError::Broken)?;
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .body(Full::new(body))
            .map_err(|_| UpstreamError::Broken)?;
        *request.headers_mut() = headers;
        let times = self.settings.timeouts;
        let deadline = Instant::now() + times.total;
        let answer = timeout(times.first_byte, self.client.request(request)).await;
        let answer =
            answer.map_err(|_| UpstreamError::Timeout("first byte"))?.map_err(|error| {
                if error.is_connect() { UpstreamError::Connect } else { UpstreamError::Broken }
            })?;
        let (head, body) = answer.into_parts();
        let body = RemoteBody { body, idle: times.idle, deadline };
        let body = AnswerBody::Remote(Box::new(body));
        Ok(Answer { status: head.status, headers: head.headers, body })
    }
}

/// The verifier of the platform where TLS is spoken; where it is not, no certificates are needed.
fn tls(needed: bool) -> Result<ClientConfig, RemoteError> {
    let failed = |error: rustls::Error| RemoteError::Tls(error.to_string());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().map_err(failed)?;
    if needed {
        return Ok(builder.try_with_platform_verifier().map_err(failed)?.with_no_client_auth());
    }
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

impl RemoteBody {
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, UpstreamError>> {
        loop {
            let until = (Instant::now() + self.idle).min(self.deadline);
            let frame = match timeout_at(until, self.body.frame()).await {
                Err(_) => return Some(Err(UpstreamError::Timeout("idle"))),
                Ok(None) => return None,
                Ok(Some(Err(_))) => return Some(Err(UpstreamError::Broken)),
                Ok(Some(Ok(frame))) => frame,
            };
            // Trailers are dropped: nothing that a client needs stands there.
            if let Ok(data) = frame.into_data() {
                return Some(Ok(data));
            }
        }
    }
}
