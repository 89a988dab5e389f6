//! Token texts beside an answer: they wait until they are decided like the text they repeat, and go
//! where it is not passed on as it came.
//!
//! They stop nothing: what is wrong with the text itself is seen in its own channel.

use super::channel::ChannelReport;
use crate::domain::{Action, Verdict};
use crate::engine::{Progress, Scratch, Screen};
use crate::wire::body::Channel;

/// The tokens of one list of one answer.
#[derive(Clone, Debug)]
pub(super) struct TokenGate {
    pub(super) channel: Channel,
    /// What numbers the part that the tokens repeat.
    pub(super) keys: Vec<u64>,
    screen: Option<Screen>,
    /// The beginning of a character whose other bytes are in the next token.
    part: Vec<u8>,
    received: usize,
    released: usize,
    /// From this byte on the tokens say what must not pass.
    bad_from: Option<usize>,
    verdict: Verdict,
}

/// What becomes of the tokens of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// They are not decided yet.
    Wait,
    /// They pass.
    Pass,
    /// They go.
    Drop,
}

impl TokenGate {
    pub(super) fn new(channel: Channel, keys: Vec<u64>, screen: Screen) -> Self {
        Self {
            channel,
            keys,
            screen: Some(screen),
            part: Vec::new(),
            received: 0,
            released: 0,
            bad_from: None,
            verdict: Verdict::default(),
        }
    }

    /// More tokens; the result is where they end. The bytes of a cut character count as one byte
    /// that is not decided before the character is whole.
    pub(super) fn push(&mut self, bytes: &[u8], scratch: &mut Scratch) -> usize {
        self.part.extend_from_slice(bytes);
        let whole = complete(&mut self.part);
        self.received += whole.len();
        if let Some(screen) = &mut self.screen {
            let progress = screen.push(&whole, scratch);
            self.note(&progress);
        }
        self.received + usize::from(!self.part.is_empty())
    }

    /// Looks whether classifiers have answered that the tokens did not wait for.
    pub(super) fn look_again(&mut self, scratch: &mut Scratch) {
        if let Some(screen) = &mut self.screen {
            let progress = screen.look_again(scratch);
            self.note(&progress);
        }
    }

    /// The answer has ended.
    pub(super) fn close(&mut self, scratch: &mut Scratch) {
        let Some(mut screen) = self.screen.take() else { return };
        let rest = String::from_utf8_lossy(&std::mem::take(&mut self.part)).into_owned();
        self.received += rest.len();
        let progress = screen.push_last(&rest, scratch);
        self.note(&progress);
        self.verdict = screen.finish();
    }

    /// Nothing more of the tokens goes out, so none are kept.
    pub(super) fn let_go(&mut self) {
        if let Some(screen) = self.screen.take() {
            self.verdict = screen.finish();
        }
        self.part.clear();
        self.released = self.received;
    }

    /// What becomes of the tokens that end here.
    pub(super) fn fate(&self, end: usize) -> Fate {
        match self.bad_from {
            Some(bad) if end > bad => Fate::Drop,
            _ if end <= self.released => Fate::Pass,
            _ => Fate::Wait,
        }
    }

    /// Bytes that have come and are not decided.
    pub(super) fn held(&self) -> usize {
        self.received.saturating_sub(self.released) + self.part.len()
    }

    /// What was found in tokens that did not pass. What they repeat is reported by its own channel.
    pub(super) fn report(self) -> Option<ChannelReport> {
        self.bad_from?;
        let mut verdict = self.screen.map_or(self.verdict, Screen::finish);
        verdict.action = verdict.action.min(Action::Redact);
        Some(ChannelReport { channel: self.channel, verdict })
    }

    fn note(&mut self, progress: &Progress) {
        self.released = progress.decided;
        let rewritten = progress.rewrites.first().map(|rewrite| rewrite.span.start);
        let stopped = progress.stop.map(|stop| stop.at);
        let bad = rewritten.into_iter().chain(stopped).min();
        self.bad_from = self.bad_from.or(bad);
    }
}

/// Takes the whole characters off the beginning of some bytes; what is no UTF-8 becomes `U+FFFD`.
fn complete(bytes: &mut Vec<u8>) -> String {
    let mut whole = String::with_capacity(bytes.len());
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        whole.push_str(chunk.valid());
        at += chunk.valid().len();
        let odd = chunk.invalid();
        if odd.is_empty() {
            continue;
        }
        // At the very end an incomplete character may still be completed.
        let is_last = at + odd.len() == bytes.len();
        if is_last && std::str::from_utf8(odd).is_err_and(|error| error.error_len().is_none()) {
            break;
        }
        whole.push('\u{fffd}');
        at += odd.len();
    }
    bytes.drain(..at);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_taken_when_it_is_whole() {
        for (bytes, whole, rest) in [
            (&b"ab"[..], "ab", &b""[..]),
            (b"a\xe5\x82", "a", b"\xe5\x82"),
            (b"\xe5\x82\xbbx", "\u{50bb}x", b""),
            (b"\xff\xe5a\xf0\x9f", "\u{fffd}\u{fffd}a", b"\xf0\x9f"),
        ] {
            let mut bytes = bytes.to_vec();
            assert_eq!(complete(&mut bytes), whole);
            assert_eq!(bytes, rest);
        }
    }
}
