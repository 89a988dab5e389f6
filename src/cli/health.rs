//! `tidegate health`: one GET, exit 0 if the answer is 200.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use http::HeaderMap;
use tokio::time::timeout;

use super::output;
use crate::upstream::{
    Outgoing, OwnAddresses, Remote, RemoteSettings, Upstream, UpstreamError, UpstreamTimeouts,
};

/// The longest time for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Flags of `health`.
#[derive(Debug, Args)]
pub(super) struct HealthArgs {
    /// What to ask.
    #[arg(long, default_value = "http://127.0.0.1:9901/readyz", env = "TIDEGATE_HEALTH_URL")]
    url: String,
}

pub(super) fn run(args: &HealthArgs) -> anyhow::Result<ExitCode> {
    let wrong = || format!("`{}` is not an address such as http://127.0.0.1:9901/readyz", args.url);
    let url: http::Uri = args.url.parse().with_context(wrong)?;
    let mut base = url.clone().into_parts();
    base.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
    let base = http::Uri::from_parts(base).with_context(wrong)?;
    let timeouts =
        UpstreamTimeouts { connect: PATIENCE, first_byte: PATIENCE, ..UpstreamTimeouts::default() };
    let upstream = Upstream::Remote(Box::new(Remote::new(RemoteSettings {
        base,
        key: None,
        authorities: None,
        timeouts,
        own: OwnAddresses::default(),
    })?));
    let outgoing = Outgoing {
        method: http::Method::GET,
        path_and_query: url.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        headers: HeaderMap::new(),
        body: bytes::Bytes::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(async { timeout(PATIENCE, upstream.send(outgoing)).await });
    let status = match answer {
        Ok(Ok(answer)) => answer.status.as_u16(),
        Ok(Err(error)) => {
            let why = match (&error, error.cause()) {
                (UpstreamError::Connect(_), cause) => {
                    format!("no connection to {}: {cause}", args.url)
                }
                (error, _) => error.to_string().replace("the upstream", "it"),
            };
            output::complain(&format!("unhealthy: {why}"));
            return Ok(ExitCode::from(1));
        }
        Err(_) => {
            output::complain("unhealthy: no answer in 2 s");
            return Ok(ExitCode::from(1));
        }
    };
    if status == 200 {
        output::say("healthy\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    output::complain(&format!("unhealthy: status {status}"));
    Ok(ExitCode::from(1))
}
