//! `Qwen3Guard-Gen`: lines `Safety`, `Categories` and, of responses, `Refusal`.
//! Source: <https://github.com/QwenLM/Qwen3Guard>.

use super::super::labels::UNSAFE;
use super::super::unreadable::Unreadable;
use super::lines::{Lines, either};
use super::{Labels, Scores, named, nothing};

pub(super) const USUAL: &[(&str, &str)] = &[
    ("Violent", "violence"),
    ("Non-violent Illegal Acts", "illicit"),
    ("Sexual Content or Sexual Acts", "sexual"),
    ("PII", "privacy"),
    ("Suicide & Self-Harm", "self-harm"),
    ("Unethical Acts", "unethical"),
    ("Politically Sensitive Topics", "politics"),
    ("Copyright Violation", "intellectual-property"),
    ("Jailbreak", "jailbreak"),
    (UNSAFE, UNSAFE),
];

/// What it calls controversial.
const CONTROVERSIAL: f64 = 0.5;

pub(super) fn read(labels: &Labels, text: &str) -> Result<Scores, Unreadable> {
    let lines = Lines::read(text, &["Safety", "Categories", "Refusal"])?;
    if let Some(refusal) = lines.get("Refusal") {
        either(refusal, "Yes", "No")?;
    }
    let safety = lines.need("Safety")?;
    let categories = lines.need("Categories")?;
    let is_none = categories.eq_ignore_ascii_case("None");
    let score = match safety {
        "Safe" if is_none => return nothing(labels),
        "Safe" => return Err(Unreadable::Contradiction("`Safe`, with categories")),
        "Unsafe" => 1.0,
        "Controversial" => CONTROVERSIAL,
        other => return Err(Unreadable::prose(other)),
    };
    named(labels, categories.split(',').filter(|_| !is_none), score)
}
