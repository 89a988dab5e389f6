//! Policies, records, metrics and logs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::routes::UpstreamTls;
use crate::config::shapes::{self, Named, SecretRef};
use crate::config::units::{Period, Share, Size};
use crate::domain::KeptText;

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
    /// Whether the console may add tests and exceptions to the files.
    pub writable: bool,
}

/// Decisions, feedback and reviews.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "the store")]
pub struct Store {
    /// `none`, `sqlite:PATH` (from the configuration root) or `postgres://USER@HOST/DATABASE`.
    pub url: String,
    /// The password of `PostgreSQL`.
    pub password: Option<SecretRef>,
    /// Certificate authorities in PEM that vouch for `PostgreSQL`, in place of those of the platform.
    pub ca: Option<String>,
    /// Encrypts texts (AES-256-GCM): a random secret of at least 32 characters.
    pub key: Option<SecretRef>,
    /// How long decisions and feedback stay.
    pub retain: Period,
    /// The most that is kept of texts.
    pub text: StoreText,
    /// Whether requests are refused while the store cannot be reached.
    pub required: bool,
}

/// What is kept of texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StoreText {
    /// Nothing.
    None,
    /// A digest of each text.
    Hashed,
    /// The text with its findings taken out.
    #[default]
    Redacted,
    /// The whole text.
    Full,
}

/// Whether every decision must be on record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "audit settings")]
pub struct Audit {
    /// Whether requests are refused as long as decisions cannot be recorded; nothing is served where that is so at the start.
    pub required: bool,
    /// The private key that signs checkpoints, an Ed25519 key in PEM (`tidegate audit key`); it also keys digests of texts.
    pub key: Option<SecretRef>,
    /// How often the chain of records is vouched for.
    pub checkpoint: AuditCheckpoint,
}

/// How often the chain of records is vouched for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "checkpoint settings")]
pub struct AuditCheckpoint {
    /// After so many records at the latest.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub records: u64,
    /// After so long, where there were records.
    pub every: Period,
    /// A file that gets every checkpoint too, so that a cut end of the records shows; best on another disk.
    pub file: Option<String>,
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
    /// `stdout`, `none`, the path of a file, or the URL of a server that takes JSON Lines by POST.
    pub to: String,
    /// The key that the server is sent, as a bearer token.
    pub key: Option<SecretRef>,
    /// How much of what was allowed is recorded; all else always is.
    pub sample_allowed: Share,
    /// The most that records keep of texts; a policy may keep less (`record.text`). Below `full`, keys of JSON that clients chose are `*`.
    #[schemars(schema_with = "shapes::kept_text")]
    pub text: KeptText,
    /// When a new file is begun; without it, never.
    pub rotate: Option<Rotation>,
    /// When records are forced onto the disk.
    pub sync: RecordSync,
}

/// When a new file of records is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "rotation settings")]
pub struct Rotation {
    /// From about so many bytes on.
    pub size: Size,
    /// How many closed files are kept; 0 keeps all.
    #[schemars(range(max = 100_000))]
    pub keep: u32,
}

/// When records are forced onto the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RecordSync {
    /// When the system likes.
    Never,
    /// With each checkpoint.
    #[default]
    Checkpoint,
    /// With each write.
    Always,
}

// === defaults ===

impl Default for PolicyFolder {
    fn default() -> Self {
        Self { dir: "policies".to_owned(), watch: true, require_tests_pass: true, writable: false }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self {
            url: "none".to_owned(),
            password: None,
            ca: None,
            key: None,
            retain: Period::from_days(30),
            text: StoreText::Redacted,
            required: false,
        }
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
        Self {
            to: "stdout".to_owned(),
            key: None,
            sample_allowed: Share::ALL,
            text: KeptText::Omitted,
            rotate: None,
            sync: RecordSync::Checkpoint,
        }
    }
}

impl Default for Rotation {
    fn default() -> Self {
        Self { size: Size::from_bytes(64 << 20), keep: 0 }
    }
}

impl Default for AuditCheckpoint {
    fn default() -> Self {
        Self { records: 10_000, every: Period::from_secs(60), file: None }
    }
}
