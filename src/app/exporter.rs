//! Sends spans to a collector, by OTLP over HTTP.
//!
//! Whether the collector answers never matters to traffic: spans wait in a bounded queue, and what is lost is counted.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use tokio::time::sleep;

use super::certificates::named_authorities;
use super::upstreams::secret;
use crate::config::{Code, LoadedServer, Problem, Problems};
use crate::telemetry::{Attribute, Metrics, SpanQueue, Spans, encode};
use crate::upstream::{Outgoing, OwnAddresses, Remote, RemoteSettings, Upstream, UpstreamTimeouts};

/// Where a collector takes traces, below its address (OTLP 1.x, "OTLP/HTTP Request").
const PATH: &str = "/v1/traces";
const PROTOBUF: &str = "application/x-protobuf";
/// How long one message may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How often a message is sent before its spans are lost.
const TRIES: u32 = 3;
/// How long to wait before the second try; twice as long before the third.
const WAIT: Duration = Duration::from_secs(1);
/// How long spans gather before they are sent.
const GATHER: Duration = Duration::from_millis(500);
/// The most bytes of an answer that are read.
const MOST_ANSWER: usize = 64 << 10;

/// Sends what comes through a queue.
#[derive(Debug)]
pub(super) struct Exporter {
    upstream: Upstream,
    path: String,
    headers: HeaderMap,
    queue: SpanQueue,
    metrics: Arc<Metrics>,
}

/// How a message went.
enum Sent {
    Taken,
    /// It makes no sense to send it again.
    Refused(String),
    Again(String),
}

/// The exporter that the server file asks for, and what gives it spans.
///
/// # Errors
/// When the address, a secret or the authorities cannot be used.
pub(super) fn exporter(
    server: &LoadedServer,
    environment: &[(String, String)],
    own: &OwnAddresses,
    metrics: &Arc<Metrics>,
) -> Result<Option<(Spans, Exporter)>, Problems> {
    let written = &server.file.telemetry;
    let Some(url) = &written.otlp else { return Ok(None) };
    let wrong = |key: &str, message: String| {
        let at = server.document.at(&format!("telemetry.{key}"));
        Problems::from(Problem::new(Code::TG062, message).at(at, "named here"))
    };
    let base: Uri = url.parse().map_err(|_| wrong("otlp", format!("`{url}` is not an address")))?;
    let path = match base.path().trim_end_matches('/') {
        given if given.ends_with(PATH) => String::new(),
        _ => PATH.to_owned(),
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROTOBUF));
    for (name, reference) in written.headers.iter() {
        let value = secret(server, reference, environment).map_err(|why| wrong("headers", why))?;
        let name: HeaderName =
            name.parse().map_err(|_| wrong("headers", format!("`{name}` is no header")))?;
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| {
            wrong("headers", format!("the secret of `{name}` is no value of a header"))
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    let ca = written.tls.ca.as_ref();
    let authorities =
        ca.map(|path| named_authorities(server, "telemetry.tls.ca", path)).transpose()?;
    let timeouts =
        UpstreamTimeouts { connect: TIMEOUT, first_byte: TIMEOUT, idle: TIMEOUT, total: TIMEOUT };
    let settings = RemoteSettings { base, key: None, authorities, timeouts, own: own.clone() };
    let remote = Remote::new(settings).map_err(|error| wrong("otlp", error.to_string()))?;
    let (spans, queue) = Spans::queue(written.sample.fraction(), Arc::clone(metrics));
    let upstream = Upstream::Remote(Box::new(remote));
    let metrics = Arc::clone(metrics);
    Ok(Some((spans, Exporter { upstream, path, headers, queue, metrics })))
}

impl Exporter {
    /// Sends until nobody is left who could give it a span.
    pub(super) async fn run(mut self) {
        let service = [
            ("service.name", Attribute::from("tidegate")),
            ("service.version", Attribute::from(env!("CARGO_PKG_VERSION"))),
        ];
        let mut silent = false;
        while let Some(spans) = self.queue.next().await {
            let body = encode(&service, env!("CARGO_PKG_VERSION"), &spans);
            let failed = self.send(body).await.err();
            let outcome = if failed.is_some() { "failed" } else { "sent" };
            self.metrics.spans(outcome, spans.len());
            // Once for each outage: a collector may be away for days.
            if silent != failed.is_some() {
                silent = failed.is_some();
                if let Some(cause) = failed {
                    tracing::warn!(cause, "spans cannot be sent; further ones are only counted");
                } else {
                    tracing::info!("spans are sent again");
                }
            }
            if self.queue.is_empty() {
                sleep(GATHER).await;
            }
        }
    }

    async fn send(&self, body: Vec<u8>) -> Result<(), String> {
        let mut wait = WAIT;
        let mut last = String::new();
        for number in 1..=TRIES {
            match self.once(body.clone()).await {
                Sent::Taken => return Ok(()),
                Sent::Refused(why) => return Err(why),
                Sent::Again(why) => last = why,
            }
            if number < TRIES {
                sleep(wait).await;
                wait *= 2;
            }
        }
        Err(last)
    }

    async fn once(&self, body: Vec<u8>) -> Sent {
        let outgoing = Outgoing {
            method: Method::POST,
            path_and_query: self.path.clone(),
            headers: self.headers.clone(),
            body: body.into(),
        };
        let answer = match self.upstream.send(outgoing).await {
            Ok(answer) => answer,
            Err(error) => return Sent::Again(error.cause().to_string()),
        };
        let status = answer.status;
        // Read to its end, so that the connection can be used again.
        drop(answer.body.collect(MOST_ANSWER).await);
        match status.as_u16() {
            200..300 => Sent::Taken,
            // Those that OTLP calls retryable.
            429 | 502..=504 => Sent::Again(format!("the collector answers {status}")),
            _ => Sent::Refused(format!("the collector answers {status}")),
        }
    }
}
