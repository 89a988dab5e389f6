//! What stands in a line: a decision, or a checkpoint.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

/// One decision.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "a decision")]
pub struct DecisionRecord {
    /// `tidegate.decision/v1`
    pub schema: &'static str,
    /// When, in UTC.
    pub ts: String,
    /// The decision's id, as in `x-tidegate-decision`.
    pub decision_id: String,
    /// The trace it belongs to.
    pub trace_id: String,
    /// The request's id.
    pub request_id: String,
    /// The route.
    pub route: Arc<str>,
    /// The wire format.
    pub dialect: Arc<str>,
    /// The model asked for.
    pub model: String,
    /// `prompt` or `completion`.
    pub phase: &'static str,
    /// Where the deciding text sits. Unless `text` is `full`, keys that no table of the dialect names are `*`.
    pub passage: Option<String>,
    /// Who wrote it.
    pub author: Option<&'static str>,
    /// Whether the answer was streamed.
    pub stream: bool,
    /// The policy.
    pub policy: Arc<str>,
    /// Its revision.
    pub policy_revision: Arc<str>,
    /// Rules that stood at another threshold than the one that is written, with it (`adapt`).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(default)]
    pub thresholds: BTreeMap<Arc<str>, f64>,
    /// The policy's mode.
    pub mode: &'static str,
    /// What was decided: an action, or `unscannable`.
    pub action: &'static str,
    /// What would have been decided with every shadow rule enforced.
    pub would_be: &'static str,
    /// Whether it took effect.
    pub enforced: bool,
    /// The score total.
    pub score: f64,
    /// The rules that fired.
    pub rules: Vec<RuleRecord>,
    /// What classifiers said that had to be asked.
    pub classifiers: Vec<ClassifierRecord>,
    /// Bytes of text that were screened.
    pub bytes: usize,
    /// The most bytes that were held at one time.
    pub held_bytes_max: usize,
    /// What deciding took.
    pub overhead_us: u64,
    /// How the exchange ended: `complete`, `cut`, `failed`, `client_gone`.
    pub outcome: &'static str,
    /// What is kept of the texts: `omitted`, `hashed`, `redacted`, `full`.
    pub text: &'static str,
    /// The texts that were screened, as `text` says. Of many or long ones, the last.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub passages: Vec<PassageRecord>,
    /// How many texts there were beside those in `passages`.
    #[serde(skip_serializing_if = "is_zero")]
    #[schemars(default)]
    pub passages_left_out: usize,
}

/// A text that was screened.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[schemars(title = "a text that was screened", rename = "passage")]
pub struct PassageRecord {
    /// Where it sits. Unless `text` is `full`, keys that no table of the dialect names are `*`.
    pub at: String,
    /// Who wrote it.
    pub author: &'static str,
    /// Its length in bytes.
    pub bytes: usize,
    /// The text (`full`), or the text without what was found in it (`redacted`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its SHA-256, where there is no `audit.key` (`hashed`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its HMAC-SHA-256 with a key that is derived from `audit.key` (`hashed`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hmac_sha256: Option<String>,
    /// Whether `text` is only the beginning.
    #[serde(skip_serializing_if = "is_false")]
    #[schemars(default)]
    pub cut: bool,
    /// Whether there is no `text` because it is not known what would have to be taken out of it (`redacted`), or no digest, because the
    /// text of a stream is longer than what is kept of it (`hashed`).
    #[serde(skip_serializing_if = "is_false")]
    #[schemars(default)]
    pub withheld: bool,
    /// Where rules matched in `text` (`full`), where it is known that they matched in this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub findings: Vec<FindingRecord>,
}

/// Where a rule matched in a text.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "where a rule matched", rename = "finding")]
pub struct FindingRecord {
    /// The rule's id.
    pub rule: Arc<str>,
    /// What it is about.
    pub category: Option<String>,
    /// Where it begins: UTF-8 bytes of the text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What the rule added to the total.
    pub score: f64,
}

/// A line about the chain itself: where it stands, and who says so.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "a checkpoint")]
pub struct Checkpoint {
    /// `tidegate.checkpoint/v1`
    pub schema: &'static str,
    /// When, in UTC.
    pub ts: String,
    /// Why there is one: `start` and `stop` of the process, `interval`, `rotation` of the file.
    pub reason: &'static str,
    /// Another one follows after so many lines at the latest.
    pub every_records: u64,
    /// And where there were records, after about so many seconds.
    pub every_seconds: u64,
    /// Records that were lost since the checkpoint before: decisions that never became lines.
    pub lost: u64,
    /// The short name of the key that signs; `null` where there is none.
    pub key: Option<String>,
    /// The version of the gate.
    pub version: &'static str,
    /// The beginning of a line that was cut off when the process before ended; it was taken out of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub torn: Option<String>,
    /// How many bytes of it there were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub torn_bytes: Option<usize>,
}

/// What every line ends with: its place in the chain.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Linked<T> {
    #[serde(flatten)]
    line: T,
    /// The chain: a UUID.
    chain: String,
    /// The number of the line in it, from 1 on.
    seq: u64,
    /// `hash` of the line before; zeros in the first.
    prev: String,
    /// The Ed25519 signature, in base64, of the bytes of the line before `,"sig"`. Checkpoints have one where there is a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    sig: Option<String>,
    /// The SHA-256 of the bytes of the line before `,"hash"`.
    hash: String,
}

/// A line of the decision log.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(title = "a line of the decision log")]
#[expect(dead_code, reason = "it describes lines; the writer puts them together piece by piece")]
enum LogLine {
    /// A decision.
    Decision(Box<Linked<DecisionRecord>>),
    /// A checkpoint.
    Checkpoint(Box<Linked<Checkpoint>>),
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// What a classifier said that had to be asked, over all texts of the unit.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "a classifier's answer", rename = "classifier")]
pub struct ClassifierRecord {
    /// Its name in the policy.
    pub name: Arc<str>,
    /// Texts, or parts of one, that it was asked about.
    pub asked: u32,
    /// Those that it was not asked about, by its `run_if`.
    pub spared: u32,
    /// Why it gave no answer: `timeout`, `error`, `rejected`, `unreadable`, `self_test`, `too_long`.
    pub unavailable: Option<&'static str>,
    /// The category of its highest score.
    pub label: Option<String>,
    /// Its highest score.
    pub score: Option<f64>,
    /// The longest time that one answer took, in milliseconds.
    pub ms: f64,
    /// Whether every answer was kept from before.
    pub cached: bool,
}

/// One rule that fired.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "a rule that fired", rename = "rule")]
pub struct RuleRecord {
    /// Its id.
    pub id: Arc<str>,
    /// What it is about.
    pub category: Option<String>,
    /// What it does.
    pub action: Option<&'static str>,
    /// What it added.
    pub score: f64,
    /// `shadow` or `enforce`.
    pub mode: &'static str,
    /// Where it matched: UTF-8 bytes of the passage.
    pub spans: Vec<[usize; 2]>,
    /// Which views saw it.
    pub via: Vec<String>,
}

/// The JSON Schema of a line, as `tidegate schema decision-log` prints it.
pub fn record_schema() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<LogLine>();
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
