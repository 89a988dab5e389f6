//! What a relay is told, and what it tells when its stream is over.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::channel::ChannelReport;
use crate::domain::Author;
use crate::engine::{Restorer, Stop, Subject};
use crate::policy::Policy;
use crate::wire::body::Channel;
use crate::wire::dialect::{AnswerMeta, Dialect, RefusalShape};

/// The most bytes of one event where nothing else is said, as in the service.
const EVENT_LIMIT: usize = 1 << 20;

/// Why a stream fails about which a classifier has not answered.
pub const CLASSIFIER_UNAVAILABLE: &str = "classifier_unavailable";

/// What a relay must know of its exchange.
#[derive(Clone, Debug)]
pub struct RelaySettings {
    /// The wire format.
    pub dialect: Arc<Dialect>,
    /// The policy, pinned for the whole stream.
    pub policy: Arc<Policy>,
    /// What the texts are.
    pub subject: Subject,
    /// Puts originals back.
    pub restorer: Option<Arc<Restorer>>,
    /// The most bytes of one event.
    pub event_limit: usize,
    /// How many answers were asked for.
    pub units: u64,
    /// Whether the client asked for a usage chunk.
    pub include_usage: bool,
    /// How a stopped answer looks.
    pub shape: RefusalShape,
    /// The reader's language.
    pub language: Option<String>,
    /// How many bytes of texts are kept for the report.
    pub kept_bytes: usize,
    /// What a stream of ours is called where the upstream has not said.
    pub meta: AnswerMeta,
}

impl RelaySettings {
    /// Those of a stream with one answer, whose exchange asked for nothing of its own.
    pub fn new(dialect: Arc<Dialect>, policy: Arc<Policy>, subject: Subject) -> Self {
        Self {
            dialect,
            policy,
            subject,
            restorer: None,
            event_limit: EVENT_LIMIT,
            units: 1,
            include_usage: false,
            shape: RefusalShape::Content,
            language: None,
            kept_bytes: 0,
            meta: AnswerMeta::default(),
        }
    }
}

/// How a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finale {
    /// It goes on.
    Open,
    /// It ended by itself.
    Ended,
    /// A decision ended it; the upstream is to be cancelled.
    Cut {
        /// The action, the rule and the place.
        stop: Stop,
    },
    /// It could not be read or the upstream failed; the client has been told.
    Failed {
        /// A stable word for records and metrics.
        reason: &'static str,
    },
}

/// What happened in a stream.
#[derive(Debug)]
pub struct Report {
    /// A verdict for each channel.
    pub channels: Vec<ChannelReport>,
    /// Bytes of text that were screened.
    pub bytes: usize,
    /// The most bytes of text that were held at one time.
    pub held_most: usize,
    /// The decision that stopped an answer, of several the first.
    pub stop: Option<Stop>,
    /// Whether the client had any text before the stop.
    pub text_sent: bool,
    /// Strings that no row of the dialect's table names.
    pub unknown_leaves: usize,
    /// Events that parsers could have read differently, and that were written anew or left out.
    pub reframed: usize,
    /// Whether a part was edited.
    pub edited: bool,
    /// How many spans were replaced, by what the placeholder names.
    pub redactions: BTreeMap<Arc<str>, u64>,
    /// The texts as they came, as far as they are kept.
    pub texts: Vec<KeptPiece>,
}

/// A text of a stream, as it came.
#[derive(Clone, Debug)]
pub struct KeptPiece {
    /// Its channel.
    pub channel: Channel,
    /// Who wrote it.
    pub author: Author,
    /// Its beginning.
    pub text: String,
    /// The length of all of it.
    pub bytes: usize,
}
