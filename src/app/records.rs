//! Decision records, made ready from what the server file says.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use tokio::runtime::{Builder, Runtime};

use super::load::Loaded;
use super::serve::ServeOptions;
use super::upstreams::secret;
use crate::audit::Signer;
use crate::config::server_file::RecordSync;
use crate::config::{Code, Problem, Problems};
use crate::domain::Secret;
use crate::telemetry::{
    CheckpointSettings, FileSink, Post, RecordSettings, RecordSink, Sync, Undelivered,
};
use crate::upstream::{
    Outgoing, OwnAddresses, Remote, RemoteSettings, Upstream, UpstreamError, UpstreamTimeouts,
};

/// How long a server may take for a batch.
const LIMIT: Duration = Duration::from_secs(10);
/// The most bytes of an answer that is read, so that its connection can be used again.
const MOST_ANSWER: usize = 64 << 10;
/// The media type of JSON Lines.
const LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");

/// What the server file asks of records; what is wrong with it is a problem at its key.
pub(super) fn records(
    loaded: &Loaded,
    options: &ServeOptions,
    own: &OwnAddresses,
    problems: &mut Problems,
) -> RecordSettings {
    let server = &loaded.server;
    let (decisions, audit) = (&server.file.log.decisions, &server.file.audit);
    let mut refuse = |key: &str, message: String| {
        problems.push(Problem::new(Code::TG067, message).at(server.document.at(key), ""));
    };
    let environment = &options.environment;
    let key = decisions.key.as_ref().map(|key| secret(server, key, environment)).transpose();
    let key = key.map_err(|message| refuse("log.decisions.key", message)).unwrap_or_default();
    let pem = audit.key.as_ref().map(|key| secret(server, key, environment)).transpose();
    let signer = pem.and_then(|pem| {
        let signer = pem.map(|pem| Signer::from_pem(pem.expose())).transpose();
        signer.map_err(|error| error.to_string())
    });
    let signer = signer.map_err(|message| refuse("audit.key", message)).unwrap_or_default();
    let sink = match decisions.to.as_str() {
        "stdout" => RecordSink::Stdout,
        "none" => RecordSink::None,
        url if url.starts_with("http://") || url.starts_with("https://") => {
            match Collector::new(url, key, own.clone()) {
                Ok(collector) => RecordSink::Server(Box::new(collector)),
                Err(message) => {
                    refuse("log.decisions.to", message);
                    RecordSink::None
                }
            }
        }
        path => RecordSink::File(FileSink {
            path: server.root.join(path),
            segment: decisions.rotate.map_or(0, |rotate| rotate.size.bytes()),
            keep: decisions.rotate.map_or(0, |rotate| rotate.keep as usize),
            sync: match decisions.sync {
                RecordSync::Never => Sync::Never,
                RecordSync::Checkpoint => Sync::Checkpoint,
                RecordSync::Always => Sync::Always,
            },
        }),
    };
    RecordSettings {
        sink,
        sample_allowed: decisions.sample_allowed.fraction(),
        text: decisions.text,
        required: audit.required,
        checkpoints: CheckpointSettings {
            records: audit.checkpoint.records,
            every: audit.checkpoint.every.duration(),
            file: audit.checkpoint.file.as_ref().map(|file| server.root.join(file)),
        },
        signer: signer.map(Arc::new),
    }
}

/// A server that takes JSON Lines by POST.
#[derive(Debug)]
struct Collector {
    upstream: Upstream,
    path_and_query: String,
    headers: HeaderMap,
    /// Made in the thread of the writer, which is where it ends too.
    runtime: Option<Runtime>,
}

impl Collector {
    fn new(url: &str, key: Option<Secret>, own: OwnAddresses) -> Result<Self, String> {
        let unusable = |_| format!("`{url}` is not an address");
        let url: Uri = url.parse().map_err(unusable)?;
        let path = url.path_and_query().map_or("/", PathAndQuery::as_str).to_owned();
        let mut base = url.into_parts();
        base.path_and_query = Some(PathAndQuery::from_static("/"));
        let base = Uri::from_parts(base).map_err(|error| error.to_string())?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, LINES);
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        if let Some(key) = key {
            let bearer = HeaderValue::from_str(&format!("Bearer {}", key.expose()));
            let mut bearer = bearer
                .map_err(|_| "the key has characters that a header cannot carry".to_owned())?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        let timeouts =
            UpstreamTimeouts { connect: LIMIT, first_byte: LIMIT, idle: LIMIT, total: LIMIT };
        let settings = RemoteSettings { base, key: None, authorities: None, timeouts, own };
        let remote = Remote::new(settings).map_err(|error| error.to_string())?;
        let upstream = Upstream::Remote(Box::new(remote));
        Ok(Self { upstream, path_and_query: path, headers, runtime: None })
    }
}

impl Post for Collector {
    fn post(&mut self, lines: &str) -> Result<(), Undelivered> {
        let runtime = match &self.runtime {
            Some(runtime) => runtime,
            None => self.runtime.insert(Builder::new_current_thread().enable_all().build()?),
        };
        let outgoing = Outgoing {
            method: Method::POST,
            path_and_query: self.path_and_query.clone(),
            headers: self.headers.clone(),
            body: Bytes::copy_from_slice(lines.as_bytes()),
        };
        let status = runtime.block_on(async {
            let answer = self.upstream.send(outgoing).await.map_err(|error| unreached(&error))?;
            // What it says is of no interest, but for the connection.
            drop(answer.body.collect(MOST_ANSWER).await);
            Ok::<_, Undelivered>(answer.status)
        })?;
        if status.is_success() {
            return Ok(());
        }
        // The same lines will be refused again for what they are.
        let about_lines = [
            StatusCode::BAD_REQUEST,
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::UNPROCESSABLE_ENTITY,
        ];
        let for_good = about_lines.contains(&status);
        Err(Undelivered { why: format!("the server answered {}", status.as_u16()), for_good })
    }
}

fn unreached(error: &UpstreamError) -> Undelivered {
    let why = match error {
        UpstreamError::Connect(_) => format!("no connection: {}", error.cause()),
        UpstreamError::Timeout(_) | UpstreamError::Broken(_) | UpstreamError::TooLarge(_) => {
            error.to_string().replace("the upstream", "the server")
        }
    };
    Undelivered { why, for_good: false }
}
