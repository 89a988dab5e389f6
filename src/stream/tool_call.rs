//! A tool call of a stream: held whole, screened as JSON, then let go in a burst or not at all.
//!
//! A client can only use a whole call, and a truncated one is dangerous: some turn `{"path": "/data`
//! into a valid call.

use std::ops::Range;
use std::sync::Arc;

use super::clean::{CleanTexts, Mark};
use super::place::{Joiner, Place};
use crate::domain::{Action, EditClass, Rewrite, Span, Verdict};
use crate::engine::{
    Joint, JointVerdict, Meeting, Piece, Restorer, Scratch, Stop, Subject, joints, merge,
    screen_joint, screen_passage,
};
use crate::policy::Policy;
use crate::wire::body::Fragment;
use crate::wire::json::{Doc, Patch, documents, token_patches, unescaped};

/// A tool call while it comes, and what is known of it afterwards.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four facts that hold independently")]
pub(super) struct ToolCall {
    /// The arguments so far; empty once they are screened.
    pub(super) arguments: String,
    pub(super) joiner: Joiner,
    /// What to replace in them.
    pub(super) edits: Vec<Rewrite>,
    /// Whether the arguments are JSON; those of custom tools are plain text.
    pub(super) json: bool,
    /// Whether they are never changed.
    pub(super) fixed: bool,
    pub(super) screened: bool,
    /// It stops its answer, and leaves no trace.
    pub(super) rejected: bool,
}

impl ToolCall {
    /// A piece of the arguments has come; the result is its place in them.
    pub(super) fn push(&mut self, fragment: &Fragment) -> Place {
        self.json |= fragment.edit == EditClass::JsonInString;
        self.fixed |= fragment.edit == EditClass::Fixed;
        let (place, text) = self.joiner.join(fragment);
        self.arguments.push_str(&text);
        place
    }

    /// The call is whole: its arguments are screened and let go of.
    pub(super) fn close(
        &mut self,
        whole: Whole<'_>,
        clean: &CleanTexts,
        scratch: &mut Scratch,
    ) -> (Screened, Mark) {
        let mut arguments = std::mem::take(&mut self.arguments);
        arguments.extend(self.joiner.rest());
        let mark = clean.mark_of(&arguments, (whole.subject.author, self.json));
        let edit = match (self.json, self.fixed) {
            (true, _) => EditClass::JsonInString,
            (false, true) => EditClass::Fixed,
            (false, false) => EditClass::Plain,
        };
        let mut screened = whole.screen(&arguments, edit, scratch);
        self.screened = true;
        self.rejected = screened.stopped.is_some();
        self.edits = std::mem::take(&mut screened.rewrites);
        (screened, mark)
    }
}

/// What a text that came whole is screened with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whole<'w> {
    pub(super) policy: &'w Arc<Policy>,
    pub(super) subject: Subject,
    pub(super) restorer: Option<&'w Restorer>,
}

/// What a text that came whole comes to.
#[derive(Debug, Default)]
pub(super) struct Screened {
    /// A verdict for each text in it.
    pub(super) verdicts: Vec<Verdict>,
    /// What to replace in it as it is written.
    pub(super) rewrites: Vec<Rewrite>,
    /// Where and why it stops its answer.
    pub(super) stopped: Option<Stop>,
}

impl Whole<'_> {
    /// Screens a text by the way in which it may be changed.
    pub(super) fn screen(self, text: &str, edit: EditClass, scratch: &mut Scratch) -> Screened {
        match edit {
            EditClass::JsonInString => self.arguments(text, scratch),
            EditClass::Plain | EditClass::ObjectLeaf => {
                let mut screened = Screened::default();
                let verdict = self.with_originals(text, scratch);
                screened.rewrites.clone_from(&verdict.rewrites);
                screened.take(verdict, EditClass::Plain);
                screened
            }
            EditClass::Fixed | EditClass::Opaque => {
                let mut screened = Screened::default();
                screened.take(self.as_it_is(text, scratch), EditClass::Fixed);
                screened
            }
        }
    }

    /// Screens arguments: each string inside, keys too. What is not JSON is screened as it is
    /// written, and with its escapes resolved, since whoever reads it may resolve them.
    fn arguments(self, text: &str, scratch: &mut Scratch) -> Screened {
        let mut screened = Screened::default();
        let bytes = text.as_bytes();
        // Where a backend leaves out the index of calls, several come as one.
        let Some(parts) = documents(bytes) else {
            screened.take(self.as_it_is(text, scratch), EditClass::Fixed);
            let resolved = unescaped(text);
            if resolved != text {
                screened.take(self.as_it_is(&resolved, scratch), EditClass::Fixed);
            }
            return screened;
        };
        let mut leaves = Vec::new();
        for (place, doc) in parts {
            let bytes = bytes.get(place.clone()).unwrap_or_default();
            self.leaves((&doc, bytes, place.start), &mut leaves, scratch);
        }
        let mut together = self.together(false, &mut leaves, scratch);
        together.extend(self.together(true, &mut leaves, scratch));
        for Leaf { verdict, rewrites, token, .. } in leaves {
            let edit = if token.is_some() { EditClass::JsonInString } else { EditClass::Fixed };
            screened.replace(&rewrites, token);
            screened.take(verdict, edit);
        }
        for (verdict, edit) in together {
            screened.take(verdict, edit);
        }
        screened
    }

    fn leaves<'t>(
        self,
        (doc, bytes, base): (&Doc, &'t [u8], usize),
        leaves: &mut Vec<Leaf<'t>>,
        scratch: &mut Scratch,
    ) {
        for node in 0..doc.len() {
            if let Some(key) = doc.key(node, bytes) {
                let verdict = self.as_it_is(&key, scratch);
                let text = key.into_owned();
                leaves.push(Leaf { text, verdict, rewrites: Vec::new(), token: None });
            }
            let Some(text) = doc.string(node, bytes) else { continue };
            let verdict = self.with_originals(&text, scratch);
            let place = doc.range(node);
            let raw = bytes.get(place.clone()).unwrap_or_default();
            let token = Some((place.start + base..place.end + base, raw));
            let (text, rewrites) = (text.into_owned(), verdict.rewrites.clone());
            leaves.push(Leaf { text, verdict, rewrites, token });
        }
    }

    /// Screens the strings of a call, or its keys, as one text.
    fn together(
        self,
        keys: bool,
        leaves: &mut [Leaf<'_>],
        scratch: &mut Scratch,
    ) -> Vec<(Verdict, EditClass)> {
        let of_sort = |leaf: &Leaf<'_>| leaf.token.is_none() == keys && !leaf.text.is_empty();
        let members: Vec<usize> =
            (0..).zip(&*leaves).filter(|(_, leaf)| of_sort(leaf)).map(|(at, _)| at).collect();
        let piece =
            |(unit, leaf): (usize, &usize)| Some(Piece { text: &leaves.get(*leaf)?.text, unit });
        let pieces: Vec<Piece<'_>> = members.iter().enumerate().filter_map(piece).collect();
        let screen = |joint: &Joint<'_>| {
            screen_joint(self.policy, self.subject, (joint, Meeting::Together), scratch)
        };
        let found: Vec<JointVerdict> = joints(&pieces).iter().filter_map(screen).collect();
        let edit = if keys { EditClass::Fixed } else { EditClass::JsonInString };
        let mut verdicts = Vec::new();
        for JointVerdict { verdict, rewrites, .. } in found {
            for (piece, rewrite) in rewrites {
                let leaf = members.get(piece).and_then(|&leaf| leaves.get_mut(leaf));
                if let Some(Leaf { rewrites, token: Some(_), .. }) = leaf {
                    rewrites.push(rewrite);
                    *rewrites = merge(std::mem::take(rewrites));
                }
            }
            verdicts.push((verdict, edit));
        }
        verdicts
    }

    fn as_it_is(self, text: &str, scratch: &mut Scratch) -> Verdict {
        screen_passage(self.policy, self.subject, text, scratch)
    }

    /// Screens a text, and adds the originals that go back into it to its rewrites.
    fn with_originals(self, text: &str, scratch: &mut Scratch) -> Verdict {
        let mut verdict = self.as_it_is(text, scratch);
        if let Some(restorer) = self.restorer {
            let (restored, _) = restorer.scan(text, 0, true);
            let apart = |one: &Rewrite| !verdict.rewrites.iter().any(|r| r.span.overlaps(one.span));
            let restored: Vec<Rewrite> = restored.into_iter().filter(apart).collect();
            verdict.rewrites.extend(restored);
            verdict.rewrites.sort_by_key(|rewrite| rewrite.span);
        }
        verdict
    }
}

/// A string in arguments.
struct Leaf<'t> {
    text: String,
    verdict: Verdict,
    /// What to replace in it.
    rewrites: Vec<Rewrite>,
    /// Where it is written, and how; `None` for a key.
    token: Option<(Range<usize>, &'t [u8])>,
}

impl Screened {
    /// Whether nothing at all was found.
    pub(super) fn is_clean(&self) -> bool {
        self.rewrites.is_empty()
            && self.stopped.is_none()
            && self.verdicts.iter().all(Verdict::is_clean)
    }

    fn take(&mut self, verdict: Verdict, edit: EditClass) {
        if self.stopped.is_none() {
            self.stopped = stop_of(&verdict, edit);
        }
        self.verdicts.push(verdict);
    }

    /// Replaces in a string as it is written.
    fn replace(&mut self, rewrites: &[Rewrite], token: Option<(Range<usize>, &[u8])>) {
        let Some((place, raw)) = token.filter(|_| !rewrites.is_empty()) else { return };
        let cuts: Vec<(Range<usize>, String)> = rewrites
            .iter()
            .map(|rewrite| (rewrite.span.range(), rewrite.replacement.clone()))
            .collect();
        let rewrite = |Patch { range, bytes }| Rewrite {
            span: Span::from(range.start + place.start..range.end + place.start),
            replacement: String::from_utf8_lossy(&bytes).into_owned(),
            label: Arc::from("tool_args"),
            restorable: false,
        };
        self.rewrites.extend(token_patches(raw, &cuts).into_iter().map(rewrite));
    }
}

/// Whether a verdict on a text that came whole stops its answer.
fn stop_of(verdict: &Verdict, edit: EditClass) -> Option<Stop> {
    let fixed = edit == EditClass::Fixed && !verdict.rewrites.is_empty();
    if !verdict.action.stops() && !fixed {
        return None;
    }
    Some(Stop {
        at: 0,
        action: if verdict.action.stops() { verdict.action } else { Action::Block },
        rule: verdict.decided_by.or_else(|| verdict.findings.first().map(|finding| finding.rule)),
        outcome: verdict.outcome,
    })
}
