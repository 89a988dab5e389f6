//! Decision records: one JSON object a line, through a bounded queue to one writer.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;

use super::Metrics;

/// The most records that wait for the writer; what comes beyond that is counted as lost.
const MOST_WAITING: usize = 8192;

/// One decision, without the text.
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
    /// Where the deciding text sits.
    pub passage: Option<String>,
    /// Who wrote it.
    pub author: Option<&'static str>,
    /// Whether the answer was streamed.
    pub stream: bool,
    /// The policy.
    pub policy: Arc<str>,
    /// Its revision.
    pub policy_revision: Arc<str>,
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
    /// Always `omitted` in this version.
    pub text: &'static str,
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

/// The JSON Schema of a record, as `tidegate schema decision-log` prints it.
pub fn record_schema() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<DecisionRecord>();
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

/// Where records go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RecordSink {
    /// To standard output.
    #[default]
    Stdout,
    /// To the end of a file.
    File(PathBuf),
    /// Nowhere.
    None,
}

/// Takes records.
#[derive(Clone, Debug)]
pub struct Records {
    queue: Option<SyncSender<DecisionRecord>>,
    name: &'static str,
    metrics: Arc<Metrics>,
    /// Of so many `allow` decisions one is kept; 0 keeps none.
    sample_allowed: f64,
}

impl Records {
    /// Starts the writer. An error is a file that cannot be opened.
    pub fn start(
        sink: &RecordSink,
        sample_allowed: f64,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<Self> {
        let (out, name): (Box<dyn Write + Send>, _) = match sink {
            RecordSink::None => {
                return Ok(Self { queue: None, name: "none", metrics, sample_allowed });
            }
            RecordSink::Stdout => (Box::new(std::io::stdout()), "stdout"),
            RecordSink::File(path) => {
                let file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
                (Box::new(file), "file")
            }
        };
        let (queue, records) = sync_channel(MOST_WAITING);
        let counter = Arc::clone(&metrics);
        std::thread::Builder::new()
            .name("decision-records".to_owned())
            .spawn(move || write_all(out, &records, &counter, name))?;
        Ok(Self { queue: Some(queue), name, metrics, sample_allowed })
    }

    /// Whether a decision of this action is kept. `draw` is a number from 0 to 1 that the shell drew.
    pub fn keeps(&self, action: &str, draw: f64) -> bool {
        self.queue.is_some() && (action != "allow" || draw < self.sample_allowed)
    }

    /// Takes a record; never waits.
    pub fn write(&self, record: DecisionRecord) {
        if let Some(queue) = &self.queue
            && let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
                queue.try_send(record)
        {
            self.metrics.record_lost(self.name);
        }
    }
}

fn write_all(
    out: Box<dyn Write + Send>,
    records: &Receiver<DecisionRecord>,
    metrics: &Metrics,
    name: &str,
) {
    let mut out = std::io::BufWriter::new(out);
    while let Ok(first) = records.recv() {
        // What has piled up goes out in one write.
        for record in std::iter::once(first).chain(std::iter::from_fn(|| records.try_recv().ok())) {
            let written = serde_json::to_writer(&mut out, &record).map_err(std::io::Error::from);
            if written.and_then(|()| out.write_all(b"\n")).is_err() {
                metrics.record_lost(name);
            }
        }
        if out.flush().is_err() {
            metrics.record_lost(name);
        }
    }
}
