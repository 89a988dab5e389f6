//! Texts that stand side by side, screened as whoever reads them may read them: as one.

use std::collections::BTreeMap;

use super::clean_texts::CleanTexts;
use crate::domain::{Passage, Rewrite, Verdict};
use crate::engine::{
    Joint, JointVerdict, Meeting, Piece, Scratch, Subject, joints, merge, screen_joint,
};
use crate::policy::Policy;
use crate::wire::body::{Adjoining, Member, Side};

/// What texts come to together that none of them comes to alone.
#[derive(Debug)]
pub(super) struct Together {
    /// Index of the passage in which the first finding begins.
    pub(super) passage: usize,
    /// Whether all of them are of one turn.
    pub(super) in_one_turn: bool,
    /// The verdict.
    pub(super) verdict: Verdict,
    /// What to replace, by passage.
    pub(super) rewrites: Vec<(usize, Rewrite)>,
}

impl Together {
    /// The verdict with where it was found, for records.
    pub(super) fn placed(self, passages: &[&Passage]) -> (String, &'static str, Verdict) {
        let place = passages.get(self.passage);
        let place = place.map(|p| (format!("{} (joined)", p.path), p.author.as_str()));
        let (path, author) = place.unwrap_or_default();
        (path, author, self.verdict)
    }
}

/// Screens texts that stand side by side under one policy. The author of `subject` is that of each group.
pub(super) fn screen(
    policy: &Policy,
    subject: Subject,
    (groups, passages): (&[Adjoining], &[&Passage]),
    clean: Option<&CleanTexts>,
    scratch: &mut Scratch,
) -> Vec<Together> {
    let mut found = Vec::new();
    for Adjoining { side, author, members } in groups {
        let meeting = match side {
            Side::Turns => Meeting::Crossing,
            Side::Parts | Side::Leaves => Meeting::Together,
        };
        let subject = Subject { author: *author, ..subject };
        let piece = |member: &Member| {
            let text = passages.get(member.passage).map_or("", |passage| &*passage.text);
            Piece { text, unit: member.unit }
        };
        let pieces: Vec<Piece<'_>> = members.iter().map(piece).collect();
        for joint in joints(&pieces) {
            let joint = (&joint, meeting);
            let Some(one) = one((policy, subject), joint, clean, scratch) else { continue };
            let member = |piece: usize| members.get(piece).map(|member| member.passage);
            let moved = |(piece, rewrite)| Some((member(piece)?, rewrite));
            found.push(Together {
                passage: member(one.piece).unwrap_or_default(),
                in_one_turn: *side != Side::Turns,
                verdict: one.verdict,
                rewrites: one.rewrites.into_iter().filter_map(moved).collect(),
            });
        }
    }
    found
}

/// A joint, unless it is known that nothing is in it.
fn one(
    (policy, subject): (&Policy, Subject),
    joint: (&Joint<'_>, Meeting),
    clean: Option<&CleanTexts>,
    scratch: &mut Scratch,
) -> Option<JointVerdict> {
    let known = clean.and_then(|clean| Some((clean, clean.key_of_joint(policy, subject, joint)?)));
    if known.is_some_and(|(clean, key)| clean.knows(key)) {
        return None;
    }
    let found = screen_joint(policy, subject, joint, scratch);
    if let Some((clean, key)) = known.filter(|_| found.is_none()) {
        clean.learn(key, &Verdict::default());
    }
    found
}

/// All that is to be replaced in each passage: by its own verdict, and by those of texts together.
pub(super) fn rewrites<'v>(
    verdicts: impl Iterator<Item = &'v Verdict>,
    together: &[Together],
) -> BTreeMap<usize, Vec<Rewrite>> {
    let mut all: BTreeMap<usize, Vec<Rewrite>> = BTreeMap::new();
    let own = verdicts.map(|verdict| &verdict.rewrites).enumerate();
    for (passage, rewrites) in own.filter(|(_, rewrites)| !rewrites.is_empty()) {
        all.insert(passage, rewrites.clone());
    }
    for (passage, rewrite) in together.iter().flat_map(|one| &one.rewrites) {
        let known = all.entry(*passage).or_default();
        known.push(rewrite.clone());
        *known = merge(std::mem::take(known));
    }
    all
}
