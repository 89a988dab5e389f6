//! What a text says when it is decoded: each decoder that has something to decode gives another text, which is read in all
//! views and decoded again, within bounds of depth and bytes.
//!
//! Hits lead back to the raw bytes through the maps of the readings, and so does the horizon.

use super::pattern_set::PatternScan;
use super::scanner::{RAW, Scanner, Scratch, Window, start_of_token};
use crate::domain::{MOST_DECODERS, Span, ViewName, ViewPath};
use crate::text::{
    DECODERS, DecoderDef, Reading, Reads, context_start, deletable, floor_char, widened,
    widened_open_from,
};

/// The most decoded texts of one scan.
const MOST_TEXTS: usize = 128;
/// The most bytes of all decoded texts of one scan: so many for each byte of the text, and some.
const BYTES_FOR_EACH: usize = 16;
const BYTES_ANYWAY: usize = 64 << 10;
/// How many times as long as it is written a term may stand in a text that is decoded no more, at most, and bytes more.
const SPREAD: usize = 16;
const REACH: usize = 256;
/// So far back a word is held of which the end is open.
const LONGEST_WORD: usize = 64;
/// How often a place between all units is looked for. Units are of one to ten bytes, and few lengths meet in one place.
const ROUNDS: usize = 64;

/// A decoded text, and what it went through.
#[derive(Clone, Debug, Default)]
struct Decoded {
    text: Reading,
    /// What decoders of [`Reads::Width`] read, where that is another text.
    wide: Option<Reading>,
    /// From this raw byte on that could still change.
    wide_open: usize,
    steps: Vec<Step>,
    /// From this raw byte on it is open for decoders that change nothing of it before.
    open: usize,
    /// Whether a decoder may have found something in it.
    encoded: bool,
}

impl Decoded {
    fn new(text: Reading, steps: Vec<Step>) -> Self {
        let mut wide = Reading::default();
        let wide = widened(&text, &mut wide).then_some(wide);
        let wide_open = text.raw_start(widened_open_from(text.as_str()));
        Self { text, wide, wide_open, steps, open: usize::MAX, encoded: false }
    }
}

/// A decoder with the numbers of what it read and what it made of that.
#[derive(Clone, Copy, Debug)]
struct Step {
    decoder: ViewName,
    read: usize,
    made: usize,
}

/// Decoded texts of one scan, and what may be spent on more.
#[derive(Debug, Default)]
pub(super) struct Decoding {
    /// What was read and what was made of it, kept for [`Self::context_start`]; what was made with its path.
    read: Vec<(Reading, Option<ViewPath>)>,
    spare: Vec<Reading>,
    /// Fingerprints of all decoded texts that were read.
    seen: Vec<u64>,
    bytes_left: usize,
    /// Whether a text is looked at as if it ended before its end.
    holding: bool,
}

impl Decoding {
    /// Begins a scan of a text of so many bytes.
    pub(super) fn begin(&mut self, length: usize) {
        self.spare.extend(self.read.drain(..).map(|(reading, _)| reading));
        self.seen.clear();
        self.bytes_left = BYTES_FOR_EACH * length + BYTES_ANYWAY;
    }

    /// What was made of the text, with the decoders that it went through.
    pub(super) fn texts(&self) -> impl Iterator<Item = (ViewPath, &str)> {
        self.read.iter().filter_map(|(reading, path)| Some(((*path)?, reading.as_str())))
    }

    fn reading(&mut self) -> Reading {
        self.spare.pop().unwrap_or_default()
    }

    /// The decoders of these steps that changed what stands in a span of the raw text. A path names no more than so many,
    /// the outermost, which tell most.
    fn path(&self, steps: &[Step], span: Span) -> ViewPath {
        let said = |number: usize| {
            let (text, _) = self.read.get(number)?;
            text.as_str().get(text.upto(span.start)..text.upto(span.end))
        };
        let changed = steps.iter().filter(|step| said(step.read) != said(step.made));
        changed.fold(ViewPath::of(RAW), |path, step| path.through(step.decoder).unwrap_or(path))
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
    /// Scans what the decoders make of a text: what each makes of what those before it made, and what it makes of the text
    /// alone, so that the kinds of encoding in a text multiply neither texts nor time. What came of all is decoded again.
    pub(super) fn scan_decoded(
        &self,
        text: &mut Reading,
        window: Window<'_>,
        scratch: &mut Scratch,
    ) -> PatternScan {
        let mut scan = nothing();
        if self.decoders == 0 {
            return scan;
        }
        let mut undecoded = Decoded::new(std::mem::take(text), Vec::new());
        self.decode_all(&mut undecoded, window, scratch, &mut scan);
        *text = undecoded.text;
        scan
    }

    /// Applies all decoders to a text, and again to what came of it.
    fn decode_all(
        &self,
        base: &mut Decoded,
        window: Window<'_>,
        scratch: &mut Scratch,
        scan: &mut PatternScan,
    ) {
        let mut made = self.decode_each(base, window, scratch, scan);
        for _ in 1..MOST_DECODERS {
            let Some(mut base) = made else { break };
            made = self.decode_each(&mut base, window, scratch, scan);
        }
    }

    /// Applies each decoder to a text and to what came of it so far; hands back what came of all, if anything did.
    fn decode_each(
        &self,
        base: &mut Decoded,
        window: Window<'_>,
        scratch: &mut Scratch,
        scan: &mut PatternScan,
    ) -> Option<Decoded> {
        let mut made: Option<Decoded> = None;
        for (index, decoder) in DECODERS.iter().enumerate() {
            if self.decoders & (1 << index) == 0 {
                continue;
            }
            if made.is_some() {
                // The others may have spoilt it. First, so that what both show is named after the shorter way.
                let _alone = self.decode(decoder, base, window, scratch, scan);
            }
            let last = made.as_mut().unwrap_or(&mut *base);
            let next = self.decode(decoder, last, window, scratch, scan);
            if let Some(next) = next.filter(|_| decoder.again)
                && let Some(last) = made.replace(next)
            {
                self.hold_open(&last, window, scratch, scan);
            }
        }
        self.hold_open(base, window, scratch, scan);
        if !window.last && self.may_delete {
            // Terms that are in progress then are held with each view.
            for end in deletable(&base.text) {
                let upto = base.text.upto(end);
                if base.encoded || self.opens(base, upto) {
                    self.hold(&base.text, (upto, false), window, scratch, scan);
                }
            }
        }
        if let Some(made) = &made {
            self.hold_open(made, window, scratch, scan);
        }
        made
    }

    /// Scans what a decoder makes of a text if that is new, and hands it back.
    fn decode(
        &self,
        decoder: &DecoderDef,
        read: &mut Decoded,
        window: Window<'_>,
        scratch: &mut Scratch,
        scan: &mut PatternScan,
    ) -> Option<Decoded> {
        let Decoded { text, wide, wide_open, steps, open: open_so_far, encoded } = read;
        let (input, settled) = match (decoder.reads, wide) {
            (Reads::Text, _) => (&*text, text.len()),
            (Reads::Width, Some(wide)) => (&*wide, wide.upto(*wide_open)),
            (Reads::Width, None) => (&*text, text.upto(*wide_open)),
        };
        let open = if window.last {
            input.len()
        } else {
            (decoder.open_from)(input.as_str()).min(settled)
        };
        let is_open = input.raw_start(open) < input.raw_start(input.len());
        if is_open {
            // Other decoders may read what stands before it in the same word in another way when this is decoded.
            let least = floor_char(input.as_str(), open.saturating_sub(LONGEST_WORD));
            let word = start_of_token(input.as_str(), open, least).unwrap_or(least);
            scan.decided = scan.decided.min(input.raw_start(word));
        }
        let open = input.raw_start(open);
        if !(decoder.applies)(input) {
            *open_so_far = if is_open { open.min(*open_so_far) } else { *open_so_far };
            return None;
        }
        *encoded = true;
        let mut decoded = scratch.decoding.reading();
        (decoder.build)(input, &mut decoded);
        if is_open {
            // What is open is not read, nor what reaches into it; a term that reaches up to it is in progress.
            let upto = decoded.upto(open);
            let decided = open.min(decoded.raw_start(upto));
            scan.decided = scan.decided.min(decided);
            decoded.cut(upto, decided);
            if input.as_str().get(..input.upto(decided)) == Some(decoded.as_str()) {
                *open_so_far = decided.min(*open_so_far);
                scratch.decoding.spare.push(decoded);
                return None;
            }
        }
        let Ok(new) = scratch.decoding.admits(&decoded) else {
            scan.exhausted = true;
            scratch.decoding.spare.push(decoded);
            return None;
        };
        let mut steps = steps.clone();
        let read = scratch.decoding.read.len();
        steps.push(Step { decoder: decoder.name, read, made: read + 1 });
        let through = |path: ViewPath, step: &Step| path.through(step.decoder).unwrap_or(path);
        let path = steps.iter().fold(ViewPath::of(RAW), through);
        let known = scratch.hits.len();
        let input = input.clone();
        if new {
            scan.include(self.scan_views(&decoded, window, scratch));
        }
        let path = Some(path).filter(|_| new);
        scratch.decoding.read.extend([(input, None), (decoded.clone(), path)]);
        let Scratch { decoding, hits, .. } = scratch;
        for hit in hits.iter_mut().skip(known) {
            hit.view = decoding.path(&steps, hit.span).seen_in(hit.view.view());
        }
        Some(Decoded::new(decoded, steps))
    }

    /// Whether a decoder would wait for more if a text ended at `upto`. Where none has found anything in the whole text, and
    /// none would wait there, none would have found anything in that part either: what is closed stays as it is.
    fn opens(&self, Decoded { text, wide, .. }: &Decoded, upto: usize) -> bool {
        let end = text.raw_start(upto);
        let part = text.as_str().get(..upto).unwrap_or_default();
        let widened = wide.as_ref().and_then(|wide| wide.as_str().get(..wide.upto(end)));
        let waits = |(index, decoder): (usize, &DecoderDef)| {
            let input = if decoder.reads == Reads::Width { widened.unwrap_or(part) } else { part };
            self.decoders & (1 << index) != 0 && (decoder.open_from)(input) < input.len()
        };
        widened_open_from(part) < part.len() || DECODERS.iter().enumerate().any(waits)
    }

    /// Holds what is in progress where a text ends that decoders leave as it is, and that is open for them at its end: it
    /// is looked at for that alone, as far back as a term or pattern in progress can reach.
    fn hold_open(
        &self,
        Decoded { text, open, .. }: &Decoded,
        window: Window<'_>,
        scratch: &mut Scratch,
        scan: &mut PatternScan,
    ) {
        if *open >= text.raw_start(text.len()) {
            return;
        }
        let upto = text.upto(*open);
        self.hold(text, (upto, true), window, scratch, scan);
        scan.decided = scan.decided.min(*open);
    }

    /// Holds what is in progress where a text would end if the rest were taken back or read otherwise: what decoders have
    /// there and, where `views` says so, what the views have, for which others look else.
    fn hold(
        &self,
        text: &Reading,
        (upto, views): (usize, bool),
        window: Window<'_>,
        scratch: &mut Scratch,
        scan: &mut PatternScan,
    ) {
        let decode = !scratch.decoding.holding;
        if !decode && !views {
            return;
        }
        let start = floor_char(text.as_str(), upto.saturating_sub(self.reach()));
        let mut tail = scratch.decoding.reading();
        tail.copy_of(text, start..upto);
        tail.cut(tail.len(), text.raw_start(upto));
        // What is spent here is not spent by the whole text, and what is found does not count.
        let Decoding { read, seen, bytes_left, .. } = &scratch.decoding;
        let before = (read.len(), seen.len(), *bytes_left, scratch.hits.len(), scratch.hits_left);
        let mut found = nothing();
        if views {
            found.include(self.scan_views(&tail, window, scratch));
        }
        if decode {
            scratch.decoding.holding = true;
            let mut base = Decoded::new(std::mem::take(&mut tail), Vec::new());
            self.decode_all(&mut base, window, scratch, &mut found);
            scratch.decoding.holding = false;
            tail = base.text;
        }
        let Decoding { read, seen, bytes_left, spare, .. } = &mut scratch.decoding;
        spare.extend(read.drain(before.0..).map(|(reading, _)| reading));
        spare.push(tail);
        seen.truncate(before.1);
        *bytes_left = before.2;
        scratch.hits.truncate(before.3);
        scratch.hits_left = before.4;
        scan.decided = scan.decided.min(found.decided);
    }

    /// As far back as a term or pattern in progress can reach in a decoded text, in bytes.
    fn reach(&self) -> usize {
        (SPREAD * self.longest_term()).max(self.most_held_for_patterns()) + REACH
    }
}

const fn nothing() -> PatternScan {
    PatternScan { decided: usize::MAX, overflow: None, exhausted: false }
}
