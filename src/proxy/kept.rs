//! What records keep of the texts of a unit.

use std::borrow::Cow;
use std::sync::Arc;

use super::account::{Account, Unit};
use super::live::UnknownLeaf;
use crate::domain::{Author, EditClass, Finding, KeptText, Outcome, Passage, Span, Verdict};
use crate::policy::Policy;
use crate::stream::KeptPiece;
use crate::telemetry::{DecisionRecord, FindingRecord, PassageRecord, ScreenedText};
use crate::wire::dialect::without_keys;

/// The most findings of a verdict by which it is known that it has all of them: streams keep no more.
const MOST_FINDINGS: usize = 256;

/// A text of a unit.
#[derive(Clone, Debug)]
pub(super) struct Heard<'t> {
    at: Cow<'t, str>,
    author: Author,
    text: &'t str,
    /// Its whole length.
    bytes: usize,
    judged: Judged,
}

/// By which verdicts a text was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// By the one of this index, from its beginning to its end, or to where it stops.
    Alone(usize),
    /// By several, or by one together with other texts.
    Together,
    /// Not at all, or not to its end.
    Not,
}

impl Heard<'_> {
    /// Who wrote it, and the text, if all of it is here.
    pub(super) fn whole(&self) -> Option<(Author, &str)> {
        (self.text.len() == self.bytes).then_some((self.author, self.text))
    }
}

impl<'t> Heard<'t> {
    pub(super) fn new(at: &'t str, author: Author, text: &'t str) -> Self {
        Self { at: Cow::Borrowed(at), author, text, bytes: text.len(), judged: Judged::Together }
    }

    /// A text of a stream.
    pub(super) fn piece(piece: &'t KeptPiece, list: Option<&str>, judged: Judged) -> Self {
        let KeptPiece { channel, author, text, bytes } = piece;
        let at = Cow::Owned(channel.describe(list));
        Self { at, author: *author, text, bytes: *bytes, judged }
    }
}

impl Account {
    /// Whether records of this policy keep anything of texts, or another policy is to decide about them too.
    pub(super) fn keeps_texts(&self, policy: &Policy) -> bool {
        let shelf = self.shelf.as_ref().map_or(KeptText::Omitted, |shelf| shelf.text);
        policy.kept_text.min(self.telemetry.records.text().max(shelf)) > KeptText::Omitted
            || self.route.shadow.is_some()
    }

    /// Whether a text is let pass as it is, because no table names its place and the route says so.
    pub(super) fn passes_unscreened(&self, passage: &Passage) -> bool {
        let is_unknown = passage.author == Author::Unknown && passage.edit == EditClass::Fixed;
        is_unknown && self.route.unknown_leaf == UnknownLeaf::Pass
    }

    /// Passages with a verdict each, in the same order; none where nothing of them is kept.
    pub(super) fn heard<'t>(
        &self,
        policy: &Policy,
        passages: impl Iterator<Item = &'t Passage>,
    ) -> Vec<Heard<'t>> {
        if !self.keeps_texts(policy) {
            return Vec::new();
        }
        let heard = |(index, passage): (usize, &'t Passage)| {
            let heard = Heard::new(&passage.path, passage.author, &passage.text);
            let unscreened = self.passes_unscreened(passage);
            Heard { judged: if unscreened { Judged::Not } else { Judged::Alone(index) }, ..heard }
        };
        passages.enumerate().map(heard).collect()
    }

    /// The record of a unit with what is kept of its texts, which is at most so much.
    pub(super) fn with_texts(
        &self,
        unit: &Unit<'_>,
        record: DecisionRecord,
        most: KeptText,
    ) -> (KeptText, DecisionRecord) {
        let (kept, passages, passages_left_out) = self.kept(unit, most);
        let passage = record.passage.map(|place| self.shown(place, kept));
        let text = kept.as_str();
        (kept, DecisionRecord { passage, text, passages, passages_left_out, ..record })
    }

    /// What is kept of the texts of a unit where at most so much is, how many are left out, and the word for that.
    fn kept(&self, unit: &Unit<'_>, most: KeptText) -> (KeptText, Vec<PassageRecord>, usize) {
        let records = &self.telemetry.records;
        let kept = unit.policy.kept_text.min(most).min(most_by_rules(unit));
        let texts = match kept {
            KeptText::Full => with_findings(unit),
            KeptText::Redacted => found(unit),
            KeptText::Omitted | KeptText::Hashed => bare(unit),
        };
        let (mut passages, left_out) = records.passages(kept, &texts);
        for passage in &mut passages {
            passage.at = self.shown(std::mem::take(&mut passage.at), kept);
        }
        (kept, passages, left_out)
    }

    /// A place as a record may show it: keys that clients or models chose are texts, and stand only beside whole texts.
    fn shown(&self, place: String, kept: KeptText) -> String {
        if kept == KeptText::Full {
            return place;
        }
        let api = self.api.as_deref();
        without_keys(&place, |key| api.is_some_and(|api| api.names_key(key)))
    }
}

/// The most that rules that fired let be kept (`log: hash_only`).
fn most_by_rules(unit: &Unit<'_>) -> KeptText {
    let mut fired = unit.verdicts.iter().flat_map(|(_, _, verdict)| &verdict.rules);
    let is_secret =
        fired.any(|fired| unit.policy.rules.get(fired.rule).is_some_and(|rule| rule.hash_only));
    if is_secret { KeptText::Hashed } else { KeptText::Full }
}

fn bare<'u>(unit: &'u Unit<'_>) -> Vec<ScreenedText<'u>> {
    let text = |heard: &'u Heard<'_>| ScreenedText {
        at: &heard.at,
        author: heard.author.as_str(),
        text: heard.text,
        bytes: heard.bytes,
        found: None,
        findings: Vec::new(),
    };
    unit.texts.iter().map(text).collect()
}

/// Texts with where rules matched in each; in several that were judged together nobody knows it.
fn with_findings<'u>(unit: &'u Unit<'_>) -> Vec<ScreenedText<'u>> {
    let mut texts = bare(unit);
    for (text, heard) in texts.iter_mut().zip(&unit.texts) {
        let Judged::Alone(index) = heard.judged else { continue };
        let own = unit.verdicts.get(index).map(|(_, _, verdict)| &verdict.findings);
        let finding = |finding: &Finding| FindingRecord {
            rule: Arc::clone(&finding.rule_id),
            category: finding.category.as_ref().map(|category| category.as_str().to_owned()),
            start: finding.span.start,
            end: finding.span.end,
            score: finding.score,
        };
        text.findings = own.into_iter().flatten().map(finding).collect();
    }
    texts
}

/// Texts with what is to be taken out of them. What was found in several together is in each of them, nobody knows where.
fn found<'u>(unit: &'u Unit<'_>) -> Vec<ScreenedText<'u>> {
    let is_own = |index: usize| unit.texts.iter().any(|text| text.judged == Judged::Alone(index));
    let mut others = unit.verdicts.iter().enumerate().filter(|(index, _)| !is_own(*index));
    let is_clear = others.all(|(_, (_, _, verdict))| has_nothing(verdict));
    // Where one text stops all, nobody has looked for what stands in several, or at the rest of the others.
    let stopped = unit.verdicts.iter().any(|(_, _, verdict)| verdict.action.stops());
    let mut texts = bare(unit);
    for (text, heard) in texts.iter_mut().zip(&unit.texts) {
        text.found = match heard.judged {
            _ if !is_clear => None,
            Judged::Alone(index) => {
                let own = unit.verdicts.get(index).map(|(_, _, verdict)| verdict);
                let own = own.filter(|verdict| !stopped || verdict.action.stops());
                own.and_then(|verdict| spans(verdict, heard.text))
            }
            Judged::Together if stopped => None,
            Judged::Together => Some(Vec::new()),
            Judged::Not => None,
        };
    }
    texts
}

fn has_nothing(verdict: &Verdict) -> bool {
    verdict.outcome == Outcome::Screened
        && verdict.rules.is_empty()
        && verdict.findings.is_empty()
        && verdict.rewrites.is_empty()
}

/// What a verdict found in its text; `None` where that may not be all.
fn spans(verdict: &Verdict, text: &str) -> Option<Vec<Span>> {
    let is_whole = verdict.outcome == Outcome::Screened
        && verdict.findings.len() < MOST_FINDINGS
        && (verdict.rules.is_empty() || !verdict.findings.is_empty());
    if !is_whole {
        return None;
    }
    let mut spans: Vec<Span> = verdict.findings.iter().map(|finding| finding.span).collect();
    spans.extend(verdict.rewrites.iter().map(|rewrite| rewrite.span));
    if verdict.action.stops() {
        // Behind the place at which it stops nothing need have been looked for.
        spans.push(Span::from(verdict.stop_at?.min(text.len())..text.len()));
    }
    Some(spans)
}
