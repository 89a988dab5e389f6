//! Carries a question to an endpoint and its answer back: one connection pool, no redirects, no proxies of the
//! environment, and a limit on what is read.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};

use super::contract::{Contract, KeyPlace};
use super::mistakes::Mistake;
use crate::domain::Secret;
use crate::upstream::{
    Answer, Authorities, Outgoing, OwnAddresses, Remote, RemoteSettings, Upstream, UpstreamError,
    UpstreamTimeouts,
};

/// The most bytes of an answer.
pub(super) const MOST_ANSWER: usize = 1 << 20;

/// Where a classifier runs, with the secrets that it wants.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Scheme, host, port, and a prefix for paths.
    pub base: Uri,
    /// The key; each contract says which header it goes into.
    pub key: Option<Secret>,
    /// More headers.
    pub headers: Vec<(String, Secret)>,
    /// Whom to trust in place of the authorities of the platform.
    pub authorities: Option<Authorities>,
    /// The gate's own listeners, to which it must not lead.
    pub own: OwnAddresses,
}

/// Why nothing came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// Not in time.
    Timeout,
    /// No connection, or one that broke before the answer began: nothing came of the call.
    Unreached,
    /// The answer broke off, or is no HTTP.
    BrokenOff,
    /// A status other than 200, with how long to wait, where the server says so.
    Status(StatusCode, Option<Duration>),
    /// The answer is compressed, although nobody asked for that.
    Encoded,
    /// The answer is larger than [`MOST_ANSWER`].
    TooLarge,
}

impl Failed {
    /// Whether the text is to blame rather than the server: another text could be answered.
    pub(super) const fn is_about_the_text(self) -> bool {
        match self {
            Self::Status(status, _) => matches!(status.as_u16(), 400 | 413 | 414 | 422),
            Self::TooLarge => true,
            Self::Timeout | Self::Unreached | Self::BrokenOff | Self::Encoded => false,
        }
    }

    /// How long to wait before a second try, if one is safe and makes sense.
    pub(super) fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Unreached => Some(Duration::ZERO),
            Self::Status(status, after) if matches!(status.as_u16(), 429 | 503) => after,
            Self::Status(..) | Self::Timeout | Self::BrokenOff | Self::Encoded | Self::TooLarge => {
                None
            }
        }
    }
}

/// Sends a body and gives back the answer's.
pub(super) trait Carrier: fmt::Debug + Send + Sync {
    fn post(&self, body: Vec<u8>) -> BoxFuture<'_, Result<Bytes, Failed>>;
}

/// Over the network.
#[derive(Debug)]
pub(super) struct HttpCarrier {
    upstream: Upstream,
    path: String,
    headers: HeaderMap,
}

impl HttpCarrier {
    /// # Errors
    /// When the address, the key or a header cannot be used.
    pub(super) fn new(
        contract: &dyn Contract,
        endpoint: Endpoint,
        timeout: Duration,
    ) -> Result<Self, Mistake> {
        let headers = headers(contract, &endpoint)?;
        let Endpoint { base, authorities, own, .. } = endpoint;
        let timeouts = UpstreamTimeouts {
            connect: timeout,
            first_byte: timeout,
            idle: timeout,
            total: timeout,
        };
        let settings = RemoteSettings { base, key: None, authorities, timeouts, own };
        let remote = Remote::new(settings)
            .map_err(|problem| Mistake::new("endpoint", problem.to_string()))?;
        let upstream = Upstream::Remote(Box::new(remote));
        Ok(Self { upstream, path: contract.path().to_owned(), headers })
    }

    async fn send(&self, body: Vec<u8>) -> Result<Bytes, Failed> {
        let outgoing = Outgoing {
            method: Method::POST,
            path_and_query: self.path.clone(),
            headers: self.headers.clone(),
            body: body.into(),
        };
        let Answer { status, headers, body } =
            self.upstream.send(outgoing).await.map_err(|error| match error {
                UpstreamError::Timeout(_) => Failed::Timeout,
                UpstreamError::Connect(_) | UpstreamError::Broken(_) => Failed::Unreached,
                UpstreamError::TooLarge(_) => Failed::TooLarge,
            })?;
        // A redirect is a status like any other: what it points at is never asked.
        if status != StatusCode::OK {
            return Err(Failed::Status(status, seconds_to_wait(&headers)));
        }
        let coding = headers.get(header::CONTENT_ENCODING);
        if coding.is_some_and(|coding| coding != "identity") {
            return Err(Failed::Encoded);
        }
        body.collect(MOST_ANSWER).await.map_err(|error| match error {
            UpstreamError::Timeout(_) => Failed::Timeout,
            UpstreamError::Connect(_) | UpstreamError::Broken(_) => Failed::BrokenOff,
            UpstreamError::TooLarge(_) => Failed::TooLarge,
        })
    }
}

impl Carrier for HttpCarrier {
    fn post(&self, body: Vec<u8>) -> BoxFuture<'_, Result<Bytes, Failed>> {
        Box::pin(self.send(body))
    }
}

/// What is sent with every question.
fn headers(contract: &dyn Contract, endpoint: &Endpoint) -> Result<HeaderMap, Mistake> {
    let mut headers = HeaderMap::new();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json.clone());
    headers.insert(header::ACCEPT, json);
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let secret = |what: &str, text: &str| {
        let mut value = HeaderValue::from_str(text).map_err(|_| {
            Mistake::new("endpoint", format!("{what} has characters that a header cannot carry"))
        })?;
        value.set_sensitive(true);
        Ok::<_, Mistake>(value)
    };
    if let Some((name, value)) = contract.header() {
        headers.insert(name, secret("the model's name", value)?);
    }
    if let Some(key) = &endpoint.key {
        match contract.key_place() {
            KeyPlace::Bearer => {
                let bearer = format!("Bearer {}", key.expose());
                headers.insert(header::AUTHORIZATION, secret("the key", &bearer)?);
            }
            KeyPlace::Header(name) => {
                headers.insert(name, secret("the key", key.expose())?);
            }
        }
    }
    for (name, value) in &endpoint.headers {
        let known = HeaderName::try_from(name.as_str());
        let known = known.ok().filter(|name| !belongs_to_the_connection(name));
        let Some(known) = known else {
            return Err(Mistake::new("endpoint", format!("the header `{name}` cannot be set")));
        };
        headers.insert(known, secret("a header", value.expose())?);
    }
    Ok(headers)
}

/// Framing is the connection's, and the body is always plain JSON.
fn belongs_to_the_connection(name: &HeaderName) -> bool {
    [
        header::HOST,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::CONNECTION,
        header::UPGRADE,
        header::TE,
        header::TRAILER,
        header::EXPECT,
        header::CONTENT_TYPE,
        header::CONTENT_ENCODING,
        header::ACCEPT_ENCODING,
    ]
    .contains(name)
}

fn seconds_to_wait(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}
