//! What a text says when it is decoded: each decoder that has something to decode gives another text, which is read in all
//! views and decoded again, within bounds of depth and bytes.
//!
//! Hits lead back to the raw bytes through the maps of the readings, and so does the horizon.

use super::pattern_set::PatternScan;
use super::scanner::{Scanner, Scratch, Window};
use crate::domain::ViewPath;
use crate::text::{DECODERS, DecoderDef, Reading, Reads, context_start, widened};

/// The most decoded texts of one scan.
const MOST_TEXTS: usize = 48;
/// The most bytes of all decoded texts of one scan: so many for each byte of the text, and some.
const BYTES_FOR_EACH: usize = 8;
const BYTES_ANYWAY: usize = 128 << 10;

/// Decoded texts of one scan, and what may be spent on more.
#[derive(Debug, Default)]
pub(super) struct Decoding {
    /// Those that were read, kept for [`Self::context_start`].
    read: Vec<(Reading, ViewPath)>,
    spare: Vec<Reading>,
    /// Fingerprints of all texts that were read, the undecoded one first.
    seen: Vec<u64>,
    bytes_left: usize,
}

impl Decoding {
    /// Begins a scan of this text.
    pub(super) fn begin(&mut self, text: &Reading) {
        self.spare.extend(self.read.drain(..).map(|(reading, _)| reading));
        self.seen.clear();
        self.seen.push(text.fingerprint());
        self.bytes_left = BYTES_FOR_EACH * text.len() + BYTES_ANYWAY;
    }

    fn reading(&mut self) -> Reading {
        self.spare.pop().unwrap_or_default()
    }

    /// Whether this text was not read yet, and may be.
    fn admits(&mut self, reading: &Reading) -> Result<bool, TooMuch> {
        let fingerprint = reading.fingerprint();
        if self.seen.contains(&fingerprint) {
            return Ok(false);
        }
        self.seen.push(fingerprint);
        self.bytes_left = self.bytes_left.checked_sub(reading.len()).ok_or(TooMuch)?;
        if self.seen.len() > MOST_TEXTS { Err(TooMuch) } else { Ok(true) }
    }

    /// Where the context must begin that a text needs which is decided before `at`: the beginning of what is encoded
    /// there, so far back that each decoded text shows enough too.
    pub(super) fn context_start(&self, at: usize, most: usize) -> usize {
        let starts = self.read.iter().map(|(reading, _)| {
            let decided = reading.as_str().get(..reading.upto(at)).unwrap_or_default();
            reading.raw_start(context_start(decided, most)).min(at)
        });
        starts.min().unwrap_or(at)
    }
}

/// Decoding took more than it may.
struct TooMuch;

impl Scanner {
    /// Scans what the decoders make of a text, and of what they made of it: first all that is decoded once, so that
    /// what can be seen with fewer decoders is.
    pub(super) fn scan_decoded(
        &self,
        text: &Reading,
        window: Window<'_>,
        path: ViewPath,
        scratch: &mut Scratch,
    ) -> PatternScan {
        let mut scan = nothing();
        if self.decoders == 0 {
            return scan;
        }
        scan.include(self.decode_each(text, window, path, scratch));
        let mut next = 0;
        while let Some(slot) = scratch.decoding.read.get_mut(next) {
            let (text, path) = (std::mem::take(&mut slot.0), slot.1);
            scan.include(self.decode_each(&text, window, path, scratch));
            if let Some(slot) = scratch.decoding.read.get_mut(next) {
                slot.0 = text;
            }
            next += 1;
        }
        scan
    }

    /// Applies each decoder to a text.
    fn decode_each(
        &self,
        text: &Reading,
        window: Window<'_>,
        path: ViewPath,
        scratch: &mut Scratch,
    ) -> PatternScan {
        let mut scan = nothing();
        let mut wide = scratch.decoding.reading();
        let wide_differs = widened(text, &mut wide);
        for (index, decoder) in DECODERS.iter().enumerate() {
            let Some(path) = path.through(decoder.name) else { break };
            if self.decoders & (1 << index) == 0 {
                continue;
            }
            let input = if wide_differs && decoder.reads == Reads::Width { &wide } else { text };
            scan.include(self.decode(decoder, input, window, path, scratch));
        }
        scratch.decoding.spare.push(wide);
        scan
    }

    fn decode(
        &self,
        decoder: &DecoderDef,
        input: &Reading,
        window: Window<'_>,
        path: ViewPath,
        scratch: &mut Scratch,
    ) -> PatternScan {
        let mut scan = nothing();
        let open = if window.last { input.len() } else { (decoder.open_from)(input) };
        let is_open = open < input.len();
        if !is_open && !(decoder.applies)(input) {
            return scan;
        }
        let mut decoded = scratch.decoding.reading();
        (decoder.build)(input, &mut decoded);
        if is_open {
            // What is open is not read, nor what reaches into it; a term that reaches up to it is in progress.
            let open = input.raw_start(open);
            let upto = decoded.upto(open);
            scan.decided = open.min(decoded.raw_start(upto));
            decoded.cut(upto, scan.decided);
        }
        match scratch.decoding.admits(&decoded) {
            Ok(true) => {
                scan.include(self.scan_views(&decoded, window, path, scratch));
                scratch.decoding.read.push((decoded, path));
            }
            Ok(false) => scratch.decoding.spare.push(decoded),
            Err(TooMuch) => {
                scan.exhausted = true;
                scratch.decoding.spare.push(decoded);
            }
        }
        scan
    }
}

const fn nothing() -> PatternScan {
    PatternScan { decided: usize::MAX, overflow: None, exhausted: false }
}
