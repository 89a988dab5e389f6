//! What is kept of texts.

use super::Records;
use super::record::{FindingRecord, PassageRecord};
use crate::audit::digest;
use crate::domain::{KeptText, Span};

/// The most bytes of text in one record.
pub const MOST_TEXT: usize = 64 << 10;
/// The most texts in one record.
const MOST_PASSAGES: usize = 256;
/// The most findings of all texts of one record.
const MOST_FINDINGS: usize = 256;
/// The most bytes of the name of a place: keys of JSON are as long as a client makes them.
const MOST_PLACE: usize = 512;
/// What stands where something was taken out.
const TAKEN_OUT: &str = "[REDACTED]";

/// A text that was screened.
#[derive(Clone, Debug)]
pub struct ScreenedText<'t> {
    /// Where it sits.
    pub at: &'t str,
    /// Who wrote it.
    pub author: &'static str,
    /// The text.
    pub text: &'t str,
    /// Its whole length: of a long one in a stream only the beginning is at hand.
    pub bytes: usize,
    /// What was found in it; `None` where that is not known, and nothing of it may be shown as redacted.
    pub found: Option<Vec<Span>>,
    /// What rules matched in it, as far as it is known.
    pub findings: Vec<FindingRecord>,
}

impl Records {
    /// What is kept of texts, and how many are left out. The last ones are those that matter.
    pub fn passages(
        &self,
        kept: KeptText,
        texts: &[ScreenedText<'_>],
    ) -> (Vec<PassageRecord>, usize) {
        if kept == KeptText::Omitted {
            return (Vec::new(), 0);
        }
        let (mut room, mut findings) = (MOST_TEXT, MOST_FINDINGS);
        let mut passages = Vec::new();
        for text in texts.iter().rev().take(MOST_PASSAGES) {
            if room == 0 {
                break;
            }
            let mut passage = PassageRecord {
                at: start(text.at, MOST_PLACE).to_owned(),
                author: text.author,
                bytes: text.bytes,
                ..PassageRecord::default()
            };
            let is_whole = text.text.len() == text.bytes;
            match (kept, &self.0.signer) {
                (KeptText::Hashed | KeptText::Omitted, _) if !is_whole => passage.withheld = true,
                (KeptText::Hashed | KeptText::Omitted, Some(signer)) => {
                    passage.hmac_sha256 = Some(signer.digest(text.text));
                }
                (KeptText::Hashed | KeptText::Omitted, None) => {
                    passage.sha256 = Some(digest(text.text.as_bytes()));
                }
                (KeptText::Redacted, _) => match &text.found {
                    Some(found) => show(&mut passage, &without(text.text, found), &mut room),
                    None => passage.withheld = true,
                },
                (KeptText::Full, _) => {
                    show(&mut passage, text.text, &mut room);
                    let shown = passage.text.as_ref().map_or(0, String::len);
                    let here = text.findings.iter().filter(|finding| finding.end <= shown);
                    passage.findings = here.take(findings).cloned().collect();
                    findings -= passage.findings.len();
                }
            }
            passage.cut |= passage.text.is_some() && !is_whole;
            passages.push(passage);
        }
        passages.reverse();
        let left_out = texts.len() - passages.len();
        (passages, left_out)
    }
}

/// Shows as much of a text as there is room for.
fn show(passage: &mut PassageRecord, text: &str, room: &mut usize) {
    let shown = start(text, *room);
    passage.cut = shown.len() < text.len();
    passage.text = Some(shown.to_owned());
    *room = if passage.cut { 0 } else { *room - shown.len() };
}

/// A text without these spans.
fn without(text: &str, found: &[Span]) -> String {
    let mut spans: Vec<Span> = found.to_vec();
    spans.sort_by_key(|span| (span.start, span.end));
    let (mut left, mut at) = (String::with_capacity(text.len()), 0);
    for span in spans {
        if span.end <= at {
            continue;
        }
        if span.start > at || (span.start == at && at == 0) {
            left.push_str(text.get(at..span.start).unwrap_or_default());
            left.push_str(TAKEN_OUT);
        }
        at = span.end;
    }
    left.push_str(text.get(at..).unwrap_or_default());
    left
}

/// The beginning of a text, of at most so many bytes, and of whole characters.
fn start(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}
