//! Tells other servers of what happens: signed as Standard Webhooks says, or as a line for Slack.
//!
//! A message is tried a few times, ever more slowly; what cannot be delivered is counted and named in the log, and
//! nothing of it slows traffic.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use ring::hmac;
use serde_json::json;
use tokio::sync::mpsc::Receiver;
use tokio::time::sleep;
use tracing::warn;
use uuid::Uuid;

use super::upstreams::secret;
use crate::config::server_file::{Webhook, WebhookBody};
use crate::config::{Code, LoadedServer, Problem, Problems};
use crate::telemetry::{Clock, Metrics, Notice, Notices};
use crate::upstream::{Outgoing, OwnAddresses, Remote, RemoteSettings, Upstream, UpstreamTimeouts};

/// How long one try may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long to wait before each further try.
const WAITS: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
];
/// The most bytes of an answer that are read, so that its connection can be used again.
const MOST_ANSWER: usize = 64 << 10;
/// What stands before a secret (Standard Webhooks, "Signature scheme").
const MARK: &str = "whsec_";
/// Bytes that a secret may have, by the same.
const SECRET: std::ops::RangeInclusive<usize> = 24..=64;

/// One server that is told.
#[derive(Debug)]
pub(super) struct Teller {
    name: Arc<str>,
    upstream: Upstream,
    path_and_query: String,
    key: Option<hmac::Key>,
    body: WebhookBody,
    queue: Receiver<Notice>,
    metrics: Arc<Metrics>,
    clock: Clock,
}

/// What becomes of a message.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Taken,
    /// It makes no sense to say it again.
    Refused(String),
    Again(String),
}

/// Those whom the server file names; what is wrong with one is a problem at its key.
pub(super) fn tellers(
    server: &LoadedServer,
    environment: &[(String, String)],
    own: &OwnAddresses,
    (metrics, clock): (&Arc<Metrics>, Clock),
    problems: &mut Problems,
) -> (Notices, Vec<Teller>) {
    let mut ready = Vec::new();
    for (name, webhook) in server.file.webhooks.iter() {
        match connect(server, webhook, environment, own) {
            Ok(connected) => ready.push((Arc::from(name), webhook, connected)),
            Err((key, message)) => {
                let at = server.document.at(&format!("webhooks.{name}.{key}"));
                problems.push(Problem::new(Code::TG079, message).at(at, ""));
            }
        }
    }
    let asked = ready.iter().map(|(name, webhook, _)| (Arc::clone(name), webhook.events.clone()));
    let (notices, queues) = Notices::new(asked.collect(), metrics);
    let tellers = ready.into_iter().zip(queues).map(|((name, webhook, connected), queue)| {
        metrics.know_webhook(&name);
        let (upstream, path_and_query, key) = connected;
        let (metrics, body) = (Arc::clone(metrics), webhook.body);
        Teller { name, upstream, path_and_query, key, body, queue, metrics, clock }
    });
    (notices, tellers.collect())
}

type Connected = (Upstream, String, Option<hmac::Key>);

fn connect(
    server: &LoadedServer,
    webhook: &Webhook,
    environment: &[(String, String)],
    own: &OwnAddresses,
) -> Result<Connected, (&'static str, String)> {
    let take = |reference| secret(server, reference, environment);
    let (place, url) = match (&webhook.url, &webhook.url_from) {
        (Some(url), _) => ("url", url.clone()),
        (None, Some(from)) => {
            let url = take(from).map_err(|why| ("url_from", why))?;
            ("url_from", url.expose().to_owned())
        }
        (None, None) => return Err(("url", "there is no address".to_owned())),
    };
    let key = webhook.secret.as_ref().map(|reference| {
        let secret = take(reference)?;
        signing_key(secret.expose())
    });
    let key = key.transpose().map_err(|why| ("secret", why))?;
    // What is wrong with an address that is a secret is said without it.
    let url: Uri = url.parse().map_err(|_| (place, "this is no address".to_owned()))?;
    let path = url.path_and_query().map_or("/", PathAndQuery::as_str).to_owned();
    let mut base = url.into_parts();
    base.path_and_query = Some(PathAndQuery::from_static("/"));
    let base = Uri::from_parts(base).map_err(|_| (place, "this is no address".to_owned()))?;
    let timeouts =
        UpstreamTimeouts { connect: TIMEOUT, first_byte: TIMEOUT, idle: TIMEOUT, total: TIMEOUT };
    let settings =
        RemoteSettings { base, key: None, authorities: None, timeouts, own: own.clone() };
    let remote = Remote::new(settings).map_err(|error| (place, error.to_string()))?;
    Ok((Upstream::Remote(Box::new(remote)), path, key))
}

/// The key that a secret stands for.
fn signing_key(secret: &str) -> Result<hmac::Key, String> {
    let wrong = || {
        format!("the secret is `{MARK}` and {} to {} bytes in base64", SECRET.start(), SECRET.end())
    };
    let bytes = secret.strip_prefix(MARK).and_then(|encoded| BASE64.decode(encoded).ok());
    let bytes = bytes.filter(|bytes| SECRET.contains(&bytes.len())).ok_or_else(wrong)?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

impl Teller {
    /// Tells until nobody is left who could give it a message.
    pub(super) async fn run(mut self) {
        while let Some(notice) = self.queue.recv().await {
            let id = format!("msg_{}", Uuid::now_v7().simple());
            let at = self.clock.now();
            let body = self.body(&notice, &at.to_string());
            let outcome = self.deliver(&id, body).await;
            self.metrics.notified(&self.name, if outcome.is_ok() { "sent" } else { "failed" });
            if let Err(why) = outcome {
                let (webhook, event) = (&*self.name, notice.kind.as_str());
                warn!(webhook, event, why, "nobody could be told");
            }
        }
    }

    fn body(&self, notice: &Notice, at: &str) -> String {
        let (kind, data) = (notice.kind, &notice.data);
        match self.body {
            WebhookBody::Standard => {
                json!({ "type": kind.as_str(), "timestamp": at, "data": data }).to_string()
            }
            WebhookBody::Slack => {
                let fields = data.as_object().into_iter().flatten();
                let fields = fields.filter(|(_, value)| !value.is_null()).map(|(name, value)| {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    format!("{name} {}", plain(&value))
                });
                let fields: Vec<String> = fields.collect();
                let text = format!("Tidegate: {} ({})", kind.sentence(), fields.join(", "));
                json!({ "text": text }).to_string()
            }
        }
    }

    async fn deliver(&self, id: &str, body: String) -> Result<(), String> {
        let mut waits = WAITS.into_iter();
        loop {
            let why = match self.once(id, &body).await {
                Told::Taken => return Ok(()),
                Told::Refused(why) => return Err(why),
                Told::Again(why) => why,
            };
            let Some(wait) = waits.next() else { return Err(why) };
            sleep(wait).await;
        }
    }

    async fn once(&self, id: &str, body: &str) -> Told {
        let outgoing = Outgoing {
            method: Method::POST,
            path_and_query: self.path_and_query.clone(),
            headers: self.headers(id, body),
            body: body.to_owned().into(),
        };
        let answer = match self.upstream.send(outgoing).await {
            Ok(answer) => answer,
            Err(error) => return Told::Again(error.cause().to_string()),
        };
        let status = answer.status;
        drop(answer.body.collect(MOST_ANSWER).await);
        match status.as_u16() {
            200..300 => Told::Taken,
            408 | 429 | 500..600 => Told::Again(format!("the server answers {status}")),
            _ => Told::Refused(format!("the server answers {status}")),
        }
    }

    /// Each try has its own time, and so its own signature.
    fn headers(&self, id: &str, body: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let agent = concat!("tidegate/", env!("CARGO_PKG_VERSION"));
        headers.insert(USER_AGENT, HeaderValue::from_static(agent));
        let Some(key) = &self.key else { return headers };
        let at = self.clock.now().as_second().to_string();
        let signature = hmac::sign(key, format!("{id}.{at}.{body}").as_bytes());
        let signature = format!("v1,{}", BASE64.encode(signature));
        for (name, value) in
            [("webhook-id", id), ("webhook-timestamp", &at), ("webhook-signature", &signature)]
        {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        headers
    }
}

/// A value in which Slack finds no link, no mention and no markup.
fn plain(value: &str) -> String {
    let harmless = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ' ');
    value.chars().map(|c| if harmless(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_mark_and_enough_bytes() {
        assert!(signing_key(&format!("whsec_{}", BASE64.encode([7; 24]))).is_ok());
        assert!(signing_key(&format!("whsec_{}", BASE64.encode([7; 23]))).is_err());
        assert!(signing_key(&BASE64.encode([7; 24])).is_err());
        assert!(signing_key("whsec_%%%").is_err());
    }

    #[test]
    fn what_slack_is_told_has_no_markup() {
        assert_eq!(plain("<!channel> *x* https://e"), "??channel? ?x? https?//e");
        assert_eq!(plain("规则/a.b-c_d 1"), "规则/a.b-c_d 1");
    }
}
