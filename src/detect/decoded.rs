//! What a text says when it is decoded: each decoder that has something to decode gives another text, which is read in all
//! views and decoded again, within bounds of depth and bytes.
//!
//! Hits lead back to the raw bytes through the maps of the readings, and so does the horizon.

use super::pattern_set::PatternScan;
use super::scanner::{RAW, Scanner, Scratch, Window};
use crate::domain::{MOST_DECODERS, Span, ViewName, ViewPath};
use crate::text::{DECODERS, DecoderDef, Reading, Reads, context_start, widened};

/// The most decoded texts of one scan.
const MOST_TEXTS: usize = 48;
/// The most bytes of all decoded texts of one scan: so many for each byte of the text, and some.
const BYTES_FOR_EACH: usize = 8;
const BYTES_ANYWAY: usize = 128 << 10;

/// A decoded text, and what it went through.
#[derive(Clone, Debug, Default)]
struct Decoded {
    text: Reading,
    /// What decoders of [`Reads::Width`] read, where that is another text.
    wide: Option<Reading>,
    steps: Vec<Step>,
}

impl Decoded {
    fn new(text: Reading, steps: Vec<Step>) -> Self {
        let mut wide = Reading::default();
        let wide = widened(&text, &mut wide).then_some(wide);
        Self { text, wide, steps }
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
    /// Those that were read, kept for [`Self::context_start`].
    read: Vec<Reading>,
    spare: Vec<Reading>,
    /// Fingerprints of all texts that were read, the undecoded one first.
    seen: Vec<u64>,
    bytes_left: usize,
}

impl Decoding {
    /// Begins a scan of this text.
    pub(super) fn begin(&mut self, text: &Reading) {
        self.spare.append(&mut self.read);
        self.seen.clear();
        self.seen.push(text.fingerprint());
        self.bytes_left = BYTES_FOR_EACH * text.len() + BYTES_ANYWAY;
    }

    fn reading(&mut self) -> Reading {
        self.spare.pop().unwrap_or_default()
    }

    /// The decoders of these steps that changed what stands in a span of the raw text. A path names no more than so many,
    /// the outermost, which tell most.
    fn path(&self, steps: &[Step], span: Span) -> ViewPath {
        let said = |number: usize| {
            let text = self.read.get(number)?;
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
        let starts = self.read.iter().map(|reading| {
            let decided = reading.as_str().get(..reading.upto(at)).unwrap_or_default();
            reading.raw_start(context_start(decided, most)).min(at)
        });
        starts.min().unwrap_or(at)
    }
}

/// Decoding took more than it may.
struct TooMuch;

impl Scanner {
    /// Scans what the decoders make of a text: what each makes of what those before it made, and what it makes of the text
    /// alone, so that the kinds of encoding in a text multiply neither texts nor time. What came of all is decoded again.
    pub(super) fn scan_decoded(
        &self,
        text: &Reading,
        window: Window<'_>,
        scratch: &mut Scratch,
    ) -> PatternScan {
        let mut scan = nothing();
        if self.decoders == 0 {
            return scan;
        }
        let mut base = Decoded::new(text.clone(), Vec::new());
        for _ in 0..MOST_DECODERS {
            let Some(next) = self.decode_each(&base, window, scratch, &mut scan) else { break };
            base = next;
        }
        scan
    }

    /// Applies each decoder to a text and to what came of it so far; hands back what came of all, if anything did.
    fn decode_each(
        &self,
        base: &Decoded,
        window: Window<'_>,
        scratch: &mut Scratch,
        scan: &mut PatternScan,
    ) -> Option<Decoded> {
        let mut made: Option<Decoded> = None;
        for (index, decoder) in DECODERS.iter().enumerate() {
            if self.decoders & (1 << index) == 0 {
                continue;
            }
            let last = made.as_ref().unwrap_or(base);
            let next = self.decode(decoder, last, window, scratch, scan);
            if made.is_some() {
                // The others may have spoilt it.
                let _alone = self.decode(decoder, base, window, scratch, scan);
            }
            made = next.or(made);
        }
        made
    }

    /// Scans what a decoder makes of a text, and hands it back if it is new.
    fn decode(
        &self,
        decoder: &DecoderDef,
        Decoded { text, wide, steps }: &Decoded,
        window: Window<'_>,
        scratch: &mut Scratch,
        scan: &mut PatternScan,
    ) -> Option<Decoded> {
        let input = match wide {
            Some(wide) if decoder.reads == Reads::Width => wide,
            _ => text,
        };
        let open = if window.last { input.len() } else { (decoder.open_from)(input) };
        let is_open = open < input.len();
        let applies = (decoder.applies)(input);
        if !is_open && !applies {
            return None;
        }
        let mut decoded = scratch.decoding.reading();
        (decoder.build)(input, &mut decoded);
        if is_open {
            // What is open is not read, nor what reaches into it; a term that reaches up to it is in progress.
            let open = input.raw_start(open);
            let upto = decoded.upto(open);
            let decided = open.min(decoded.raw_start(upto));
            scan.decided = scan.decided.min(decided);
            decoded.cut(upto, decided);
        }
        match scratch.decoding.admits(&decoded) {
            Ok(true) => {
                let mut steps = steps.clone();
                let read = scratch.decoding.read.len();
                steps.push(Step { decoder: decoder.name, read, made: read + 1 });
                let known = scratch.hits.len();
                scan.include(self.scan_views(&decoded, window, ViewPath::of(RAW), scratch));
                scratch.decoding.read.extend([input.clone(), decoded.clone()]);
                let Scratch { decoding, hits, .. } = scratch;
                for hit in hits.iter_mut().skip(known) {
                    hit.view = decoding.path(&steps, hit.span).seen_in(hit.view.view());
                }
                applies.then(|| Decoded::new(decoded, steps))
            }
            Ok(false) => {
                scratch.decoding.spare.push(decoded);
                None
            }
            Err(TooMuch) => {
                scan.exhausted = true;
                scratch.decoding.spare.push(decoded);
                None
            }
        }
    }
}

const fn nothing() -> PatternScan {
    PatternScan { decided: usize::MAX, overflow: None, exhausted: false }
}
