//! The verifier: lines one after the other, in bounded memory.

use std::collections::{BTreeMap, HashMap};

use super::chain::GENESIS;
use super::keys::PublicKey;
use super::link::{Fault, Line};

/// The most chains that are told apart.
const MOST_CHAINS: usize = 10_000;
/// The most broken places that are kept; more are counted.
const MOST_BROKEN: usize = 20;

/// What a verifier goes by.
#[derive(Clone, Debug, Default)]
pub struct VerifierSettings {
    /// Whose signatures count. Without any, signatures are not looked at.
    pub keys: Vec<PublicKey>,
    /// Lines that are known from elsewhere, and have to be there.
    pub known: Vec<Head>,
    /// Whether lines of several chains may stand among each other, as where several gates are collected.
    pub interleaved: bool,
}

/// A line of a chain, by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The chain, where that is known.
    pub chain: Option<String>,
    /// The number of the line.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
}

/// A place at which something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The number of the file, in the order in which they were given.
    pub file: usize,
    /// The number of the line in it, from 1 on.
    pub line: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// What is known of a chain.
#[derive(Clone, Debug)]
pub struct ChainSummary {
    /// Its first line that was read.
    pub first: u64,
    /// Its last line.
    pub last: u64,
    /// The hash of that.
    pub hash: String,
    /// The last checkpoint that is vouched for: by a signature where keys were given.
    pub checkpoint: Option<u64>,
    /// When that was written.
    pub checkpoint_time: Option<String>,
    /// Whether its last line is the checkpoint of a process that ended in order.
    pub ended: bool,
    /// After how many lines the last signed checkpoint promised another.
    promised: Option<u64>,
}

/// Reads lines, and finds what was done to them.
#[derive(Debug)]
pub struct Verifier {
    settings: VerifierSettings,
    known: HashMap<String, Head>,
    chains: BTreeMap<String, ChainSummary>,
    current: Option<String>,
    /// The place of the line that was read last.
    at: (usize, u64),
    lines: u64,
    records: u64,
    checkpoints: u64,
    signed: u64,
    lost: u64,
    broken: Vec<Broken>,
    more: u64,
}

impl Verifier {
    /// A verifier that has read nothing.
    pub fn new(settings: VerifierSettings) -> Self {
        let known = settings.known.iter().map(|head| (head.hash.clone(), head.clone())).collect();
        Self {
            settings,
            known,
            chains: BTreeMap::new(),
            current: None,
            at: (0, 0),
            lines: 0,
            records: 0,
            checkpoints: 0,
            signed: 0,
            lost: 0,
            broken: Vec::new(),
            more: 0,
        }
    }

    /// The next line of a file, without its line feed. `ended` is whether it had one; `line` counts from 1 on.
    pub fn line(&mut self, (file, line): (usize, u64), bytes: &[u8], ended: bool) {
        self.at = (file, line);
        self.lines += 1;
        if !ended {
            return self.breaks(Fault::Torn);
        }
        match Line::read(bytes) {
            Ok(line) => self.follow(&line, bytes),
            Err(fault) => {
                self.breaks(fault);
                self.go_on_after_broken(bytes);
            }
        }
    }

    /// Nothing more comes.
    pub fn end(&mut self) {
        if !self.settings.keys.is_empty() {
            let bare = self.chains.values().filter(|chain| chain.checkpoint.is_none()).count();
            for _ in 0..bare {
                self.breaks(Fault::NoCheckpoint);
            }
        }
        for head in std::mem::take(&mut self.known).into_values() {
            if let Some(fault) = self.unseen(head) {
                self.breaks(fault);
            }
        }
        if self.lines == 0 && !self.settings.keys.is_empty() {
            self.breaks(Fault::NoCheckpoint);
        }
    }

    /// Broken places, the first ones of many, and how many there are.
    pub fn broken(&self) -> (&[Broken], u64) {
        (&self.broken, self.more + self.broken.len() as u64)
    }

    /// What is known of each chain, by its id.
    pub fn chains(&self) -> impl Iterator<Item = (&str, &ChainSummary)> {
        self.chains.iter().map(|(id, chain)| (id.as_str(), chain))
    }

    /// Lines that were read: all, decisions, checkpoints, and checkpoints whose signature is right.
    pub const fn counts(&self) -> [u64; 4] {
        [self.lines, self.records, self.checkpoints, self.signed]
    }

    /// Records that were lost before they became lines, as checkpoints say.
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    fn breaks(&mut self, fault: Fault) {
        let (file, line) = self.at;
        if self.broken.len() < MOST_BROKEN {
            self.broken.push(Broken { file, line, fault });
        } else {
            self.more += 1;
        }
    }

    /// A line that is whole: whether it stands in its place.
    fn follow(&mut self, line: &Line, bytes: &[u8]) {
        let link = &line.link;
        if line.is_checkpoint {
            self.checkpoints += 1;
            self.lost += line.lost.unwrap_or(0);
        } else {
            self.records += 1;
        }
        let is_other = self.current.as_deref().is_some_and(|current| current != link.chain);
        match self.chains.get(&link.chain) {
            Some(known) => {
                let fault = misplaced(known, line);
                if is_other && !self.settings.interleaved {
                    self.breaks(Fault::Interleaved);
                }
                if let Some(fault) = fault {
                    self.breaks(fault);
                }
            }
            None => self.begin(line),
        }
        let vouched = self.vouched(line, bytes);
        self.known.remove(&link.hash);
        if self.current.as_ref() != Some(&link.chain) {
            self.current = Some(link.chain.clone());
        }
        let promised = line.every_records.filter(|_| vouched);
        let Some(chain) = self.chains.get_mut(&link.chain) else { return };
        chain.last = link.seq;
        chain.hash.clone_from(&link.hash);
        chain.ended = line.is_checkpoint && line.reason.as_deref() == Some("stop");
        if vouched {
            chain.checkpoint = Some(link.seq);
            chain.checkpoint_time.clone_from(&line.ts);
            chain.promised = promised;
        }
        let overdue = chain.promised.filter(|promised| {
            link.seq.saturating_sub(chain.checkpoint.unwrap_or(link.seq)) == promised + 1
        });
        if let Some(promised) = overdue.filter(|_| !self.settings.keys.is_empty()) {
            self.breaks(Fault::Overdue { promised });
        }
    }

    fn begin(&mut self, line: &Line) {
        let link = &line.link;
        if self.chains.len() >= MOST_CHAINS {
            return self.breaks(Fault::TooManyChains);
        }
        let is_first = self.lines == 1;
        if link.seq == 1 {
            if link.prev != GENESIS {
                self.breaks(Fault::Replaced);
            }
            if !line.is_checkpoint {
                self.breaks(Fault::NoStart);
            }
        } else if !is_first && !self.settings.interleaved {
            self.breaks(Fault::ForeignPart { found: link.seq });
        }
        self.chains.insert(
            link.chain.clone(),
            ChainSummary {
                first: link.seq,
                last: link.seq,
                hash: link.hash.clone(),
                checkpoint: None,
                checkpoint_time: None,
                ended: false,
                promised: None,
            },
        );
    }

    /// Whether a line is a checkpoint that vouches for what is before it.
    fn vouched(&mut self, line: &Line, bytes: &[u8]) -> bool {
        if !line.is_checkpoint {
            if line.link.sig.is_some() {
                self.breaks(Fault::OddSignature);
            }
            return false;
        }
        if self.settings.keys.is_empty() {
            return true;
        }
        let Some(sig) = &line.link.sig else {
            self.breaks(Fault::Unsigned);
            return false;
        };
        let signed = bytes.get(..line.signed).unwrap_or_default();
        if self.settings.keys.iter().any(|key| key.signed(signed, sig)) {
            self.signed += 1;
            return true;
        }
        self.breaks(Fault::Forged);
        false
    }

    /// What a broken line was cannot be said; the one behind it is not to blame for that.
    fn go_on_after_broken(&mut self, bytes: &[u8]) {
        let Some(current) = self.current.as_ref().and_then(|id| self.chains.get_mut(id)) else {
            return;
        };
        // Its own words, if it still has them, say what follows.
        let said = serde_json::from_slice::<serde_json::Value>(bytes).ok();
        let text = |key: &str| said.as_ref()?.get(key)?.as_str().map(str::to_owned);
        let seq = said.as_ref().and_then(|said| said.get("seq")?.as_u64());
        if seq == Some(current.last + 1) {
            current.last += 1;
            current.hash = text("hash").unwrap_or_default();
        } else {
            current.hash = String::new();
        }
    }

    /// What is wrong where a known line was not read.
    fn unseen(&self, head: Head) -> Option<Fault> {
        let Head { chain, seq, .. } = head;
        let Some(chain) = chain else {
            let last = self.chains.values().map(|chain| chain.last).max().unwrap_or(0);
            return Some(missing(seq, last));
        };
        let Some(found) = self.chains.get(&chain) else { return Some(Fault::NoSuchChain(chain)) };
        if seq < found.first {
            // What was rotated away is not looked for.
            return None;
        }
        Some(missing(seq, found.last))
    }
}

/// What is wrong where the line `known` of a chain is not among those up to `last`.
const fn missing(known: u64, last: u64) -> Fault {
    if last < known { Fault::Truncated { known, last } } else { Fault::OtherHead(known) }
}

/// What is wrong with the place of a line in a chain that is known.
fn misplaced(known: &ChainSummary, line: &Line) -> Option<Fault> {
    let link = &line.link;
    let expected = known.last + 1;
    if link.seq > expected {
        return Some(Fault::Missing { expected, found: link.seq });
    }
    if link.seq < expected {
        return Some(Fault::OutOfOrder { expected, found: link.seq });
    }
    // A hash that is not known belongs to a line of which it was said that it is broken.
    (link.prev != known.hash && !known.hash.is_empty()).then_some(Fault::Replaced)
}

#[cfg(test)]
mod tests;
