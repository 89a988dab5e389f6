//! What a text says when it is decoded: each decoder that has something to decode gives another text, which is read in all
//! views and decoded again, within bounds of depth and bytes.
//!
//! Hits lead back to the raw bytes through the maps of the readings, and so does the horizon.

use super::pattern_set::PatternScan;
use super::scanner::{Scanner, Scratch, Window};
use crate::domain::ViewPath;
use crate::text::{DECODERS, DecoderDef, Reading, Reads, context_start, widened};

/// The most decoded texts of one scan.
const MOST_TEXTS: usize = 512;
/// The most bytes of all decoded texts of one scan: so many for each byte of the text, and some.
const BYTES_FOR_EACH: usize = 32;
const BYTES_ANYWAY: usize = 128 << 10;
/// How many times as long as it is written a term may stand in a text that is decoded no more, at most, and bytes more.
const SPREAD: usize = 16;
const REACH: usize = 256;
/// So far back a word is held of which the end is open.
const LONGEST_WORD: usize = 64;
/// How often a place between all units is looked for. Units are of one to ten bytes, and few lengths meet in one place.
const ROUNDS: usize = 64;

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

    /// What was read, with the decoders that it went through.
    pub(super) fn texts(&self) -> impl Iterator<Item = (ViewPath, &str)> {
        self.read.iter().map(|(reading, path)| (*path, reading.as_str()))
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
        self.between_units(starts.min().unwrap_or(at))
    }

    /// The last place up to `at` at which nothing that stands for a character of any decoded text is cut, looked for in
    /// a few rounds.
    pub(super) fn between_units(&self, at: usize) -> usize {
        let mut at = at;
        for _ in 0..ROUNDS {
            let starts = self.read.iter().map(|(reading, _)| reading.raw_start(reading.upto(at)));
            let start = starts.min().unwrap_or(at).min(at);
            if start == at {
                break;
            }
            at = start;
        }
        at
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
        let mut open = usize::MAX;
        for (index, decoder) in DECODERS.iter().enumerate() {
            let Some(path) = path.through(decoder.name) else { break };
            if self.decoders & (1 << index) == 0 {
                continue;
            }
            let input = if wide_differs && decoder.reads == Reads::Width { &wide } else { text };
            match self.decode(decoder, input, window, path, scratch) {
                Decoded::Nothing { open: from, held } => {
                    open = open.min(from);
                    scan.decided = scan.decided.min(held);
                }
                Decoded::Text(found) => scan.include(found),
            }
        }
        scratch.decoding.spare.push(wide);
        if open < text.raw_start(text.len()) {
            scan.decided = scan.decided.min(self.in_progress(text, open, window, path, scratch));
        }
        scan
    }

    fn decode(
        &self,
        decoder: &DecoderDef,
        input: &Reading,
        window: Window<'_>,
        path: ViewPath,
        scratch: &mut Scratch,
    ) -> Decoded {
        let open = if window.last { input.len() } else { (decoder.open_from)(input) };
        let open = input.raw_start(open);
        let is_open = open < input.raw_start(input.len());
        // Other decoders may read what stands before it in the same word in another way when this is decoded.
        let held = if is_open { start_of_word(window.text, open) } else { usize::MAX };
        if !(decoder.applies)(input) {
            return Decoded::Nothing { open, held };
        }
        let mut scan = nothing();
        let mut decoded = scratch.decoding.reading();
        (decoder.build)(input, &mut decoded);
        if is_open {
            // What is open is not read, nor what reaches into it; a term that reaches up to it is in progress.
            let upto = decoded.upto(open);
            scan.decided = open.min(decoded.raw_start(upto));
            decoded.cut(upto, scan.decided);
            if input.as_str().starts_with(decoded.as_str()) {
                scratch.decoding.spare.push(decoded);
                return Decoded::Nothing { open: scan.decided, held };
            }
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
        scan.decided = scan.decided.min(held);
        Decoded::Text(scan)
    }

    /// Where what is in progress begins when a text ends at `open`. A text that decoders leave as it is and that is open
    /// for them at its end is looked at for that alone, as far back as a term or pattern in progress can reach.
    fn in_progress(
        &self,
        text: &Reading,
        open: usize,
        window: Window<'_>,
        path: ViewPath,
        scratch: &mut Scratch,
    ) -> usize {
        let upto = text.upto(open);
        let reach = (SPREAD * self.longest_term()).max(self.most_held_for_patterns()) + REACH;
        let mut start = upto.saturating_sub(reach);
        while !text.as_str().is_char_boundary(start) {
            start -= 1;
        }
        let mut tail = scratch.decoding.reading();
        tail.copy_of(text, start..upto);
        tail.cut(tail.len(), open);
        let known = scratch.hits.len();
        let scan = self.scan_views(&tail, window, path, scratch);
        scratch.hits.truncate(known);
        scratch.decoding.spare.push(tail);
        scan.decided.min(open)
    }
}

/// What a decoder made of a text.
enum Decoded {
    /// Nothing else than the text, as far as it is not open.
    Nothing {
        /// From this raw byte on it is open.
        open: usize,
        /// From this raw byte on nothing is decided because of that.
        held: usize,
    },
    /// Another text, in which this was found.
    Text(PatternScan),
}

/// Where the word begins that goes on at `at`, so far back as is looked.
fn start_of_word(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default().iter().rev().take(LONGEST_WORD);
    at - before.take_while(|byte| byte.is_ascii_graphic()).count()
}

const fn nothing() -> PatternScan {
    PatternScan { decided: usize::MAX, overflow: None, exhausted: false }
}
