//! A tool call of a stream: held whole, screened as JSON, then let go in a burst or not at all.
//!
//! A client can only use a whole call, and a truncated one is dangerous: some turn `{"path": "/data`
//! into a valid call.

use std::ops::Range;
use std::sync::Arc;

use crate::domain::{EditClass, Rewrite, Span, Verdict};
use crate::engine::{Restorer, Scratch, Subject, screen_passage};
use crate::policy::Policy;
use crate::wire::json::{Doc, JsonLimits, Strictness, parse, splice_token};

/// What the arguments of a call come to.
#[derive(Debug, Default)]
pub(super) struct Screened {
    /// A verdict for each text in it.
    pub(super) verdicts: Vec<Verdict>,
    /// What to replace in the arguments as they are written.
    pub(super) rewrites: Vec<Rewrite>,
    /// The verdict that stops the call.
    pub(super) stopped: Option<Verdict>,
}

/// Screens the arguments: each string inside, keys too; the whole where it is not JSON.
pub(super) fn screen_arguments(
    policy: &Arc<Policy>,
    subject: Subject,
    (arguments, json): (&str, bool),
    restorer: Option<&Restorer>,
    scratch: &mut Scratch,
) -> Screened {
    let mut screened = Screened::default();
    let bytes = arguments.as_bytes();
    if !json {
        let verdict = with_originals(policy, subject, arguments, restorer, scratch);
        screened.rewrites.clone_from(&verdict.rewrites);
        screened.take(verdict, EditClass::Plain, None);
        return screened;
    }
    let Ok(doc) = parse(bytes, Strictness::Response, &JsonLimits::default()) else {
        let verdict = screen_passage(policy, subject, arguments, scratch);
        screened.take(verdict, EditClass::Fixed, None);
        return screened;
    };
    for node in 0..doc.len() {
        if let Some(key) = doc.key(node, bytes) {
            let verdict = screen_passage(policy, subject, &key, scratch);
            screened.take(verdict, EditClass::Fixed, None);
        }
        let Some(text) = doc.string(node, bytes) else { continue };
        let verdict = with_originals(policy, subject, &text, restorer, scratch);
        let place = token(&doc, node, bytes);
        screened.take(verdict, EditClass::JsonInString, place);
    }
    screened
}

/// Screens a text, and adds the originals that go back into it to its rewrites.
fn with_originals(
    policy: &Arc<Policy>,
    subject: Subject,
    text: &str,
    restorer: Option<&Restorer>,
    scratch: &mut Scratch,
) -> Verdict {
    let mut verdict = screen_passage(policy, subject, text, scratch);
    if let Some(restorer) = restorer {
        let (restored, _) = restorer.scan(text, 0, true);
        let apart = |one: &Rewrite| !verdict.rewrites.iter().any(|r| r.span.overlaps(one.span));
        let restored: Vec<Rewrite> = restored.into_iter().filter(apart).collect();
        verdict.rewrites.extend(restored);
        verdict.rewrites.sort_by_key(|rewrite| rewrite.span);
    }
    verdict
}

impl Screened {
    fn take(&mut self, verdict: Verdict, edit: EditClass, token: Option<(Range<usize>, &[u8])>) {
        let fixed = edit == EditClass::Fixed && !verdict.rewrites.is_empty();
        if self.stopped.is_none() && (verdict.action.stops() || fixed) {
            self.stopped = Some(verdict.clone());
        }
        if let (Some((place, raw)), false) = (token, verdict.rewrites.is_empty()) {
            let cuts: Vec<(Range<usize>, String)> = verdict
                .rewrites
                .iter()
                .map(|rewrite| (rewrite.span.range(), rewrite.replacement.clone()))
                .collect();
            self.rewrites.push(Rewrite {
                span: Span::from(place),
                replacement: String::from_utf8_lossy(&splice_token(raw, &cuts)).into_owned(),
                label: Arc::from("tool_args"),
                restorable: false,
            });
        }
        self.verdicts.push(verdict);
    }
}

fn token<'b>(doc: &Doc, node: usize, bytes: &'b [u8]) -> Option<(Range<usize>, &'b [u8])> {
    let range = doc.range(node);
    Some((range.clone(), bytes.get(range)?))
}
