//! Llama Guard: `safe`, or `unsafe` and a line of codes.
//! Source: <https://www.llama.com/docs/model-cards-and-prompt-formats/llama-guard-3/>.

use super::super::labels::UNSAFE;
use super::super::unreadable::Unreadable;
use super::lines::either;
use super::{Labels, Scores, named, nothing};

/// The hazards of MLCommons that the codes stand for.
pub(super) const USUAL: &[(&str, &str)] = &[
    ("S1", "violence"),
    ("S2", "illicit"),
    ("S3", "sexual"),
    ("S4", "sexual/minors"),
    ("S5", "defamation"),
    ("S6", "specialized-advice"),
    ("S7", "privacy"),
    ("S8", "intellectual-property"),
    ("S9", "illicit/violent"),
    ("S10", "hate"),
    ("S11", "self-harm"),
    ("S12", "sexual"),
    ("S13", "elections"),
    ("S14", "code-interpreter-abuse"),
    (UNSAFE, UNSAFE),
];

pub(super) fn read(labels: &Labels, text: &str) -> Result<Scores, Unreadable> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_unsafe = either(lines.next().unwrap_or_default(), UNSAFE, "safe")?;
    let codes = lines.next();
    if lines.next().is_some() || (!is_unsafe && codes.is_some()) {
        return Err(Unreadable::prose(text));
    }
    if is_unsafe {
        named(labels, codes.unwrap_or_default().split(','), 1.0)
    } else {
        nothing(labels)
    }
}
