//! One row: what the policy says of its texts, and what is written for it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;
use thread_local::ThreadLocal;

use super::fields::{Fields, Text};
use super::row::Parts;
use super::summary::LONGEST_SHOWN;
use super::table::written;
use crate::domain::{Action, Category, Mode, Outcome, Rewrite, Verdict};
use crate::engine::{Inquire, Scratch, Subject, mend, screen_asking};
use crate::policy::Policy;
use crate::wire::json::{Doc, Patch, apply, token_patches};

/// The member that `annotate` adds.
pub(super) const MEMBER: &str = "tidegate";

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Selection {
    /// Rows that pass.
    Keep,
    /// Rows that do not.
    Drop,
    /// Rows that pass, with what the policy redacts replaced.
    Redact,
    /// All rows, each with what was found in it.
    Annotate,
    /// Rows that pass into one file, those that do not into another.
    Split,
}

/// How rows are judged.
#[derive(Debug)]
pub struct Plan {
    policy: Arc<Policy>,
    today: Date,
    fields: Fields,
    selection: Selection,
    at_least: Action,
    show_text: bool,
    /// Who answers for classifiers.
    whom: Option<Arc<dyn Inquire>>,
    scratch: ThreadLocal<RefCell<Scratch>>,
}

/// What is said of a row.
#[derive(Debug)]
pub(super) struct Judged {
    /// Whether it passes.
    pub passes: bool,
    pub action: Action,
    pub unscannable: bool,
    /// Whether a classifier was to be asked about it and gave no answer.
    pub unanswered: bool,
    pub rules: BTreeSet<Arc<str>>,
    pub categories: BTreeSet<Category>,
    /// The row as it is written, where that is not how it came and it is written as bytes.
    pub changed: Option<Vec<u8>>,
    /// Of a row of columns, the texts that are written in the place of its own, by their nodes.
    pub mended: Vec<(usize, String)>,
    /// Of a row of columns, what `annotate` adds.
    pub note: Option<Note>,
    /// The beginning of its texts, where it was asked for and the row does not pass.
    pub shown: Option<String>,
}

/// What `annotate` adds to a row. Spans are counted in characters, as Python and Spark slice texts.
#[derive(Debug, Serialize)]
pub(super) struct Note {
    pub action: Action,
    pub rules: BTreeSet<Arc<str>>,
    pub categories: Vec<String>,
    pub spans: Vec<[usize; 2]>,
    /// The field of each span.
    pub fields: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unscannable: bool,
}

// === impl Plan ===

impl Plan {
    /// Judges by a policy as it is on a day. Rows with an action of `at_least` or stricter do not pass. A policy that as
    /// a whole is only watched counts as if it were in force: a scan stops nobody.
    pub fn new(
        policy: &Policy,
        today: Date,
        fields: Fields,
        selection: Selection,
        at_least: Action,
    ) -> Self {
        let policy = Arc::new(Policy { mode: Mode::Enforce, ..policy.clone() });
        let scratch = ThreadLocal::new();
        Self { policy, today, fields, selection, at_least, show_text: false, whom: None, scratch }
    }

    /// The same, with texts in samples.
    #[must_use]
    pub fn showing_text(self, show_text: bool) -> Self {
        Self { show_text, ..self }
    }

    /// The same, with somebody who answers for the classifiers that the policy asks.
    #[must_use]
    pub fn asking(self, whom: Option<Arc<dyn Inquire>>) -> Self {
        Self { whom, ..self }
    }

    /// What is written.
    pub fn selection(&self) -> Selection {
        self.selection
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The fields.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// From which action on rows do not pass.
    pub fn at_least(&self) -> Action {
        self.at_least
    }

    /// Judges the texts of a row.
    pub(super) fn judge(&self, bytes: &[u8], parts: &Parts<'_>, texts: &[Text<'_>]) -> Judged {
        let verdicts: Vec<Verdict> = texts.iter().map(|text| self.verdict(text)).collect();
        let fired = || verdicts.iter().flat_map(|verdict| &verdict.rules);
        let fired = || fired().filter(|fired| fired.mode == Mode::Enforce);
        let action = verdicts.iter().map(|verdict| verdict.action).max().unwrap_or_default();
        let unscannable = verdicts.iter().any(|verdict| verdict.outcome != Outcome::Screened);
        // What should be redacted and cannot be must not go on as it is.
        let stuck =
            |verdict: &Verdict| verdict.action == Action::Redact && verdict.rewrites.is_empty();
        let stuck = self.selection == Selection::Redact && verdicts.iter().any(stuck);
        let unanswered = verdicts.iter().any(no_answer);
        let passes = action < self.at_least && !unscannable && !unanswered && !stuck;
        let mut judged = Judged {
            passes,
            action,
            unscannable,
            unanswered,
            rules: fired().map(|fired| Arc::clone(&fired.id)).collect(),
            categories: fired().filter_map(|fired| fired.category.clone()).collect(),
            changed: None,
            mended: Vec::new(),
            note: None,
            shown: None,
        };
        match (self.selection, parts) {
            (Selection::Redact, Parts::Columns) if passes => {
                judged.mended = mended(texts, &verdicts);
            }
            (Selection::Redact, _) if passes => {
                judged.changed = redacted(bytes, parts, texts, &verdicts);
            }
            (Selection::Annotate, Parts::Json(doc)) => {
                judged.changed = annotated(bytes, doc, &note(&judged, texts, &verdicts));
            }
            (Selection::Annotate, Parts::Columns) => {
                judged.note = Some(note(&judged, texts, &verdicts));
            }
            _ => {}
        }
        if self.show_text && (!passes || judged.is_changed()) {
            judged.shown = Some(shown(texts));
        }
        judged
    }

    fn verdict(&self, text: &Text<'_>) -> Verdict {
        let subject =
            Subject { phase: text.phase, author: text.author, today: self.today, streamed: false };
        let scratch = self.scratch.get_or_default();
        let (scratch, whom) = (&mut scratch.borrow_mut(), self.whom.as_deref());
        screen_asking((&self.policy, subject), &text.said, scratch, whom)
    }
}

// === impl Judged ===

impl Judged {
    /// Whether a row is written in another way than it came.
    pub(super) fn is_changed(&self) -> bool {
        self.changed.is_some() || !self.mended.is_empty()
    }
}

fn no_answer(verdict: &Verdict) -> bool {
    verdict.classified.iter().any(|one| one.unavailable.is_some())
}

/// The texts that change, mended, by their places.
fn mended(texts: &[Text<'_>], verdicts: &[Verdict]) -> Vec<(usize, String)> {
    let both = texts.iter().zip(verdicts);
    let changed = both.filter(|(_, verdict)| !verdict.rewrites.is_empty());
    changed.map(|(text, verdict)| (text.place, mend(&text.said, &verdict.rewrites))).collect()
}

/// A row with its texts mended; `None` where nothing changes.
fn redacted(
    bytes: &[u8],
    parts: &Parts<'_>,
    texts: &[Text<'_>],
    verdicts: &[Verdict],
) -> Option<Vec<u8>> {
    let changed = texts.iter().zip(verdicts).filter(|(_, verdict)| !verdict.rewrites.is_empty());
    let mut patches = Vec::new();
    for (text, verdict) in changed {
        match parts {
            Parts::Json(doc) => {
                let token = doc.range(text.place);
                let cuts: Vec<(Range<usize>, String)> = verdict.rewrites.iter().map(cut).collect();
                let own = token_patches(bytes.get(token.clone())?, &cuts);
                patches.extend(own.into_iter().map(|patch| patch.shifted(token.start)));
            }
            Parts::Columns => {}
            Parts::Table(header, cells) => {
                let range = cells.get(text.place)?.clone();
                let was = bytes.get(range.clone())?;
                let mended = mend(&text.said, &verdict.rewrites);
                patches.push(Patch { bytes: written(&mended, was, header.delimiter), range });
            }
            Parts::Line => {
                // A placeholder of several lines would make several rows of one.
                let mended = mend(&text.said, &verdict.rewrites).replace(['\r', '\n'], " ");
                patches.push(Patch { range: 0..bytes.len(), bytes: mended.into_bytes() });
            }
        }
    }
    (!patches.is_empty()).then(|| apply(bytes, patches))
}

fn cut(rewrite: &Rewrite) -> (Range<usize>, String) {
    (rewrite.span.range(), rewrite.replacement.clone())
}

/// What was found in a row.
fn note(judged: &Judged, texts: &[Text<'_>], verdicts: &[Verdict]) -> Note {
    let (mut spans, mut fields) = (Vec::new(), Vec::new());
    for (text, verdict) in texts.iter().zip(verdicts) {
        let found = verdict.findings.iter().filter(|finding| finding.mode == Mode::Enforce);
        let found: BTreeSet<(usize, usize)> =
            found.map(|finding| (finding.span.start, finding.span.end)).collect();
        let (mut bytes, mut characters) = (0, 0);
        for (start, end) in found {
            let count =
                |range: Range<usize>| text.said.get(range).map_or(0, |text| text.chars().count());
            characters += count(bytes..start);
            bytes = start;
            spans.push([characters, characters + count(start..end)]);
            fields.push(text.field.clone());
        }
    }
    Note {
        action: judged.action,
        rules: judged.rules.clone(),
        categories: judged.categories.iter().map(|one| one.as_str().to_owned()).collect(),
        spans,
        fields,
        unscannable: judged.unscannable,
    }
}

/// A JSON row with a note.
fn annotated(bytes: &[u8], doc: &Doc, note: &Note) -> Option<Vec<u8>> {
    let note = serde_json::to_string(note).ok()?;
    let patch = if let Some(old) = doc.member(Doc::ROOT, MEMBER, bytes) {
        Patch { range: doc.range(old), bytes: note.as_bytes().to_vec() }
    } else {
        let end = doc.children(Doc::ROOT).last().map(|last| doc.range(last).end)?;
        Patch { range: end..end, bytes: format!(",\"{MEMBER}\":{note}").into_bytes() }
    };
    Some(apply(bytes, vec![patch]))
}

/// The beginning of texts, on one line.
pub(super) fn shown(texts: &[Text<'_>]) -> String {
    let mut shown = String::new();
    for c in texts.iter().flat_map(|text| text.said.chars().chain([' '])) {
        if shown.len() + c.len_utf8() > LONGEST_SHOWN {
            shown.push('…');
            break;
        }
        // What a terminal would obey is not shown to it.
        shown.push(if c.is_control() { ' ' } else { c });
    }
    shown.trim_end().to_owned()
}
