//! The members of a line that make it one of a chain, and the reading of a line.

use std::borrow::Cow;

use serde::Deserialize;
use thiserror::Error;

use super::chain::{GENESIS, digest};
use super::keys::PublicKey;

/// The schema of lines that are decisions.
pub const DECISION_SCHEMA: &str = "tidegate.decision/v1";
/// The schema of lines that are checkpoints.
pub const CHECKPOINT_SCHEMA: &str = "tidegate.checkpoint/v1";

/// The most bytes of a line: a record with the most text there may be, every byte of it escaped.
pub const MOST_LINE: usize = 4 << 20;

/// Bytes of the end of every line, from the comma before `hash` on.
const END: usize = r#","hash":"#.len() + 2 + GENESIS.len() + 1;
/// Bytes of the longest name of a chain.
const MOST_ID: usize = 64;

/// What makes a line one of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The chain, by its UUID.
    pub chain: String,
    /// The number of the line in it, from 1 on.
    pub seq: u64,
    /// The hash of the line before; zeros in the first.
    pub prev: String,
    /// The signature, in base64, of what stands before it.
    pub sig: Option<String>,
    /// The SHA-256 of what stands before it, in hexadecimal digits.
    pub hash: String,
}

/// What is wrong with a line, or with its place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// The line is longer than any that was written.
    #[error("the line is longer than {MOST_LINE} bytes")]
    TooLong,
    /// The line has no end: writing was cut off, or somebody cut the file.
    #[error("the line has no end: it was cut off")]
    Torn,
    /// The line is no JSON object of a chain.
    #[error("this is no line of a chain: {0}")]
    Unchained(String),
    /// Its members are not where and as the writer puts them.
    #[error("the line was changed: its chain members are not as they are written")]
    Rewritten,
    /// Its bytes have another hash.
    #[error("the line was changed: its bytes do not have the hash that it names")]
    Changed,
    /// Its number is beyond the next one.
    #[error("lines {expected} to {} are missing before line {found} of the chain", .found.saturating_sub(1))]
    Missing {
        /// The number that was to come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// Its number was before.
    #[error(
        "line {found} of the chain stands where line {expected} belongs: repeated or out of order"
    )]
    OutOfOrder {
        /// The number that was to come.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// It has the next number, and does not follow the line before.
    #[error("the line does not follow from the one before: one of the two was replaced")]
    Replaced,
    /// A chain begins in the middle.
    #[error("another chain begins here, with its line {found}: what was before is missing")]
    ForeignPart {
        /// The number of the line.
        found: u64,
    },
    /// A chain goes on that had ended.
    #[error(
        "a line of a chain that another one followed: put in, or two gates were collected in one file (`--interleaved`)"
    )]
    Interleaved,
    /// More chains than anybody has.
    #[error("there are too many chains")]
    TooManyChains,
    /// A chain does not begin with a checkpoint.
    #[error("the chain does not begin with a checkpoint")]
    NoStart,
    /// A checkpoint has no signature.
    #[error("the checkpoint is not signed")]
    Unsigned,
    /// No key that was given made the signature.
    #[error("the signature of the checkpoint is not of the given key")]
    Forged,
    /// Only checkpoints are signed.
    #[error("a line that is no checkpoint is signed")]
    OddSignature,
    /// The chain promised more checkpoints.
    #[error("a signed checkpoint is missing: the last one promised another after {promised} lines")]
    Overdue {
        /// Lines after which one had to come.
        promised: u64,
    },
    /// Nothing of a chain is vouched for.
    #[error("no signed checkpoint vouches for the chain")]
    NoCheckpoint,
    /// The chain ends before a line that is known from elsewhere.
    #[error("the end is missing: line {known} of the chain is known, and line {last} is the last")]
    Truncated {
        /// The number that is known.
        known: u64,
        /// The number of the last line.
        last: u64,
    },
    /// The line that is known from elsewhere is another one.
    #[error("line {0} of the chain is not the one that is known from elsewhere")]
    OtherHead(u64),
    /// A chain that is known from elsewhere is not there.
    #[error("the chain {0} is known, and no line of it is there")]
    NoSuchChain(String),
}

/// What is read of a line beside its place.
#[derive(Debug, Deserialize)]
struct Envelope<'l> {
    #[serde(borrow)]
    schema: Cow<'l, str>,
    #[serde(borrow)]
    chain: Cow<'l, str>,
    seq: u64,
    #[serde(borrow)]
    prev: Cow<'l, str>,
    #[serde(borrow)]
    hash: Cow<'l, str>,
    #[serde(borrow, default)]
    sig: Option<Cow<'l, str>>,
    #[serde(borrow, default)]
    reason: Option<Cow<'l, str>>,
    #[serde(borrow, default)]
    ts: Option<Cow<'l, str>>,
    #[serde(default)]
    every_records: Option<u64>,
    #[serde(default)]
    lost: Option<u64>,
}

/// A line that is whole in itself.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) link: Link,
    pub(super) is_checkpoint: bool,
    /// Why there is a checkpoint.
    pub(super) reason: Option<String>,
    pub(super) ts: Option<String>,
    /// After how many lines another checkpoint has to come.
    pub(super) every_records: Option<u64>,
    /// Records that the process had lost by then.
    pub(super) lost: Option<u64>,
    /// Bytes that a signature is made of.
    pub(super) signed: usize,
}

impl Link {
    pub(super) fn place(&self) -> String {
        let Self { chain, seq, prev, .. } = self;
        format!(r#","chain":"{chain}","seq":{seq},"prev":"{prev}""#)
    }

    pub(super) fn signature(sig: &str) -> String {
        format!(r#","sig":"{sig}""#)
    }

    pub(super) fn end(hash: &str) -> String {
        format!(r#","hash":"{hash}"}}"#)
    }

    /// Reads the link of a line, without its line feed, and checks the hash of the line.
    ///
    /// # Errors
    /// What is wrong with the line in itself.
    pub fn of(line: &[u8]) -> Result<Self, Fault> {
        Line::read(line).map(|line| line.link)
    }

    /// Whether the line, which this is the link of, was signed with the key that this public key belongs to.
    pub fn signed_by(&self, key: PublicKey, line: &[u8]) -> bool {
        let sig = self.sig.as_deref().map(Self::signature).unwrap_or_default();
        let signed = line.len().saturating_sub(END + sig.len());
        let signed = line.get(..signed).unwrap_or_default();
        self.sig.as_deref().is_some_and(|sig| key.signed(signed, sig))
    }
}

impl Line {
    pub(super) fn read(line: &[u8]) -> Result<Self, Fault> {
        if line.len() > MOST_LINE {
            return Err(Fault::TooLong);
        }
        let envelope: Envelope<'_> = serde_json::from_slice(line)
            .map_err(|error| Fault::Unchained(plain(&error.to_string())))?;
        let link = Link {
            chain: envelope.chain.into_owned(),
            seq: envelope.seq,
            prev: envelope.prev.into_owned(),
            sig: envelope.sig.map(Cow::into_owned),
            hash: envelope.hash.into_owned(),
        };
        let is_id = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let plain_id = (1..=MOST_ID).contains(&link.chain.len()) && link.chain.bytes().all(is_id);
        if !plain_id || !is_digest(&link.prev) || !is_digest(&link.hash) || link.seq == 0 {
            return Err(Fault::Rewritten);
        }
        let sig = link.sig.as_deref().map(Link::signature).unwrap_or_default();
        let tail = [link.place(), sig.clone(), Link::end(&link.hash)].concat();
        if !line.ends_with(tail.as_bytes()) {
            return Err(Fault::Rewritten);
        }
        let hashed = line.len().saturating_sub(END);
        if digest(line.get(..hashed).unwrap_or_default()) != link.hash {
            return Err(Fault::Changed);
        }
        Ok(Self {
            is_checkpoint: envelope.schema == CHECKPOINT_SCHEMA,
            reason: envelope.reason.map(Cow::into_owned),
            ts: envelope.ts.map(Cow::into_owned),
            every_records: envelope.every_records,
            lost: envelope.lost,
            signed: hashed.saturating_sub(sig.len()),
            link,
        })
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == GENESIS.len() && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// What a parser says, without what it may quote of the line.
fn plain(message: &str) -> String {
    let named = message.starts_with("missing field") || message.starts_with("duplicate field");
    if named { message.to_owned() } else { "it is not the JSON of one".to_owned() }
}
