//! Policies, records, metrics and logs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::routes::UpstreamTls;
use crate::config::shapes::{self, Named, SecretRef};
use crate::config::units::{Period, Share};

/// Where policies are and how they reload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "the policies folder")]
pub struct PolicyFolder {
    /// Folder of the policies, from the configuration root.
    pub dir: String,
    /// Whether a change is taken up without a restart.
    pub watch: bool,
    /// Whether a policy whose own tests fail is refused.
    pub require_tests_pass: bool,
}

/// Decisions, feedback and reviews. Not available in this version, except `url: none`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "the store")]
pub struct Store {
    /// `none`, `sqlite:PATH` or `postgres://…`.
    pub url: String,
    /// How long decisions stay.
    pub retain: Period,
    /// What is kept of texts.
    pub text: StoreText,
}

/// What is kept of texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StoreText {
    /// Nothing.
    None,
    /// The text with its findings taken out.
    #[default]
    Redacted,
    /// The whole text.
    Full,
}

/// Whether every decision must be on record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "audit settings")]
pub struct Audit {
    /// No decision takes effect that could not be recorded. Not available in this version.
    pub required: bool,
}

/// Prometheus metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "metrics settings")]
pub struct Metrics {
    /// The most rules with a label of their own; those beyond are counted as `other`.
    pub max_rules: u32,
}

/// Traces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "telemetry settings")]
pub struct Telemetry {
    /// The collector that spans are sent to, by OTLP over HTTP: `http://127.0.0.1:4318`. Without it none are made.
    #[schemars(schema_with = "shapes::nullable_url")]
    pub otlp: Option<String>,
    /// Headers to send to it; values are secrets.
    pub headers: Named<SecretRef>,
    /// TLS towards it.
    pub tls: UpstreamTls,
    /// What part of the traces that begin here is kept. Of traces that callers began, those are kept that they keep.
    pub sample: Share,
    /// Which names of attributes are used.
    pub semconv: SemanticConventions,
    /// Whether spans hold texts. Not available in this version.
    pub capture_content: bool,
}

/// Which names of attributes spans use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SemanticConventions {
    /// The OpenTelemetry names for generative models, as of 2026.
    #[default]
    #[serde(rename = "gen_ai_2026")]
    GenAi2026,
}

/// Logs and decision records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "log settings")]
pub struct Log {
    /// How lines look.
    pub format: LogFormat,
    /// From which level on.
    pub level: LogLevel,
    /// Whether texts are logged.
    pub text: LogText,
    /// Decision records.
    pub decisions: Decisions,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// For people.
    Text,
}

/// From which level on lines are written.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Only what needs somebody.
    Error,
    /// And what looks wrong.
    Warn,
    /// And what happens.
    #[default]
    Info,
    /// And why.
    Debug,
    /// And everything.
    Trace,
}

/// Whether texts are logged. They never are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogText {
    /// Never.
    #[default]
    Never,
}

/// Where decision records go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "decision records")]
pub struct Decisions {
    /// `stdout`, `none`, or the path of a file.
    pub to: String,
    /// How much of what was allowed is recorded; all else always is.
    pub sample_allowed: Share,
}

// === defaults ===

impl Default for PolicyFolder {
    fn default() -> Self {
        Self { dir: "policies".to_owned(), watch: true, require_tests_pass: true }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self { url: "none".to_owned(), retain: Period::from_days(30), text: StoreText::Redacted }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self { max_rules: 500 }
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            otlp: None,
            headers: Named::default(),
            tls: UpstreamTls::default(),
            sample: Share::ALL,
            semconv: SemanticConventions::default(),
            capture_content: false,
        }
    }
}

impl Default for Decisions {
    fn default() -> Self {
        Self { to: "stdout".to_owned(), sample_allowed: Share::ALL }
    }
}
