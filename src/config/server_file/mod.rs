//! The server file as written: listeners, upstreams, routes, limits, with every default.
//!
//! It opens no socket and reads no secret; `app` does, with these values.

mod limits;
mod listeners;
mod routes;
mod secrets;
mod services;
mod webhooks;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shapes::{self, Named};

pub use limits::{Drain, Fail, FailMode, Limits, StreamTimes, Timeouts};
pub use listeners::{Admin, AdminAuth, Oidc, RoleName, Sessions, TlsFiles};
pub use routes::{
    Builtin, Endpoint, Moderation, Route, RouteMatch, Tenant, TenantSource, UnknownLeaf,
    UnknownPath, Upstream, UpstreamTimeouts, UpstreamTls,
};
pub use services::{
    Audit, AuditCheckpoint, Decisions, Log, LogFormat, LogLevel, LogText, Metrics, PolicyFolder,
    RecordSync, Rotation, SemanticConventions, Store, StoreText, Telemetry,
};
pub use webhooks::{Webhook, WebhookBody};

/// A server file as written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "a server file")]
pub struct ServerFile {
    /// Format version; this release knows 1.
    #[schemars(schema_with = "shapes::version")]
    pub version: u32,
    /// Data listener: clients use `http://ADDRESS/v1` as their base URL.
    #[serde(default = "listeners::data_address")]
    #[schemars(schema_with = "shapes::address")]
    pub listen: String,
    /// TLS of the data listener. Files are read again on reload.
    #[serde(default)]
    pub tls: Option<TlsFiles>,
    /// Metrics, health, console; not reachable through the data listener.
    #[serde(default)]
    pub admin: Admin,
    /// Model servers by name.
    #[serde(default)]
    pub upstreams: Named<Upstream>,
    /// Classifiers that policies name. Without effect in this version.
    #[serde(default)]
    pub endpoints: Named<Endpoint>,
    /// Who is calling. Not available in this version, except `from: none`.
    #[serde(default)]
    pub tenant: Tenant,
    /// Which request goes where under which policy; the first match wins, and no match is refused.
    pub routes: Vec<Route>,
    /// Where policies are and how they reload.
    #[serde(default)]
    pub policies: PolicyFolder,
    /// The most of everything.
    #[serde(default)]
    pub limits: Limits,
    /// How long clients may take.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// Times of streamed answers.
    #[serde(default)]
    pub stream: StreamTimes,
    /// What happens to traffic that cannot be screened because of us.
    #[serde(default)]
    pub fail: Fail,
    /// What happens after SIGTERM.
    #[serde(default)]
    pub drain: Drain,
    /// Decisions, feedback and reviews.
    #[serde(default)]
    pub store: Store,
    /// Servers that are told of what happens, by name.
    #[serde(default)]
    pub webhooks: Named<Webhook>,
    /// Whether every decision must be on record.
    #[serde(default)]
    pub audit: Audit,
    /// Prometheus metrics.
    #[serde(default)]
    pub metrics: Metrics,
    /// Traces.
    #[serde(default)]
    pub telemetry: Telemetry,
    /// Logs and decision records.
    #[serde(default)]
    pub log: Log,
}
