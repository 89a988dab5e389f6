//! Texts that stand apart and that whoever reads them may read as one: parts of a message, messages one after
//! the other, the strings in the arguments of a tool call. A term that is split over them is in none of them.
//!
//! They are read once joined as they are, and once with a blank between them; no more of each than a match can reach
//! from a border. What one of them has by itself does not count here, because it was found there.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::Scratch;
use super::count::Count;
use super::mend::merge;
use super::place::{Placed, place};
use super::rules::Sight;
use super::screen::{MOST_HITS, MOST_WORK, Subject};
use super::tally::{Fired, Tally};
use super::weigh::fired_among;
use crate::detect::{AtomId, Window};
use crate::domain::{Phase, Rewrite, Span, Verdict};
use crate::policy::Policy;
use crate::text::is_attached;

/// Bytes on either side of a border within which a match that crosses it is found. Marks and invisible
/// characters, which belong to the letter before them, do not count.
const REACH: usize = 256;
/// The same with those, at most.
pub(super) const MOST_REACH: usize = 4 << 10;
/// The most bytes that are joined before a new joint begins, with as much of the old one as a match can reach.
pub(super) const MOST_JOINED: usize = 16 << 10;
/// What stands between texts that are joined.
const SEPARATORS: [&str; 2] = ["", " "];

/// One of the texts that are joined.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'t> {
    /// The whole text.
    pub text: &'t str,
    /// What it belongs to: a finding counts only if it crosses from one unit into another.
    pub unit: usize,
}

/// What counts as a finding of texts that are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meeting {
    /// A match that lies in several of them.
    Crossing,
    /// That, and the match of a rule whose conditions are fulfilled only by all of them together, with no end of a
    /// sentence between them.
    Together,
}

/// A run of texts that meet, as far as a match can cross from one into another.
#[derive(Clone, Debug)]
pub struct Joint<'t> {
    parts: Vec<Part<'t>>,
}

/// A text of a joint, or the end of one.
#[derive(Clone, Copy, Debug)]
struct Part<'t> {
    /// Index of the piece.
    piece: usize,
    unit: usize,
    /// Where it begins in the piece.
    at: usize,
    /// Whether it is all of the piece.
    whole: bool,
    text: &'t str,
}

/// What a joint came to.
#[derive(Clone, Debug)]
pub struct JointVerdict {
    /// The verdict; its spans count from the beginning of the joint.
    pub verdict: Verdict,
    /// The piece in which the first finding begins.
    pub piece: usize,
    /// What to replace, by piece.
    pub rewrites: Vec<(usize, Rewrite)>,
}

impl<'t> Joint<'t> {
    /// What its verdict hangs on: its texts, each with its unit.
    pub fn key(&self) -> Vec<(usize, &'t str)> {
        let first = self.parts.first().map_or(0, |part| part.unit);
        self.parts.iter().map(|part| (part.unit - first, part.text)).collect()
    }

    /// Bytes of its texts.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.text.len()).sum()
    }

    /// Whether there is no text in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn crosses(&self) -> bool {
        self.parts.first().map(|part| part.unit) != self.parts.last().map(|part| part.unit)
    }

    /// Whether a blank between its texts changes anything.
    fn wants_blanks(&self) -> bool {
        let blank = |c: char| c.is_whitespace();
        // Between Chinese characters every view passes over blanks.
        let han = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
        let mut borders = self.parts.iter().zip(self.parts.iter().skip(1));
        borders.any(|(one, next)| {
            let (one, next) = (one.text, next.text);
            let between_han = one.ends_with(han) && next.starts_with(han);
            !one.ends_with(blank) && !next.starts_with(blank) && !between_han
        })
    }
}

/// The joints of these texts, in their order. Units of pieces that belong together follow one another.
pub fn joints<'t>(pieces: &[Piece<'t>]) -> Vec<Joint<'t>> {
    let mut joints = Vec::new();
    let mut open: Vec<Part<'t>> = Vec::new();
    let mut size = 0;
    let mut close = |parts: Vec<Part<'t>>| {
        let joint = Joint { parts };
        if joint.crosses() {
            joints.push(joint);
        }
    };
    for (index, &Piece { text, unit }) in pieces.iter().enumerate() {
        let head = reach_from(text);
        let part = |at: usize, text| Part { piece: index, unit, at, whole: false, text };
        if head < text.len() {
            open.push(part(0, text.get(..head).unwrap_or_default()));
            close(std::mem::take(&mut open));
            let at = reach_back(text);
            open.push(part(at, text.get(at..).unwrap_or_default()));
            size = text.len() - at;
            continue;
        }
        open.push(Part { whole: true, ..part(0, text) });
        size += text.len();
        if size > MOST_JOINED {
            let last = last_parts(&open);
            size = last.iter().map(|part| part.text.len()).sum();
            close(std::mem::replace(&mut open, last));
        }
    }
    close(open);
    joints
}

/// The last parts that a match can reach.
fn last_parts<'t>(parts: &[Part<'t>]) -> Vec<Part<'t>> {
    let mut size = 0;
    let mut last: Vec<Part<'t>> = parts
        .iter()
        .rev()
        .take_while(|part| {
            let reached = size < MOST_REACH;
            size += part.text.len();
            reached
        })
        .copied()
        .collect();
    last.reverse();
    last
}

/// How far a match reaches into a text from its beginning.
fn reach_from(text: &str) -> usize {
    let mut reached = 0;
    for (at, c) in text.char_indices() {
        reached += weight(c);
        if reached > REACH || at >= MOST_REACH {
            return at;
        }
    }
    text.len()
}

/// Where a match that reaches to the end of a text begins in it, at the earliest.
fn reach_back(text: &str) -> usize {
    let mut reached = 0;
    for (at, c) in text.char_indices().rev() {
        reached += weight(c);
        if reached >= REACH || text.len() - at >= MOST_REACH {
            return at;
        }
    }
    0
}

/// The bytes of a character that count.
fn weight(c: char) -> usize {
    if c.is_ascii() {
        1
    } else if is_attached(c) {
        0
    } else {
        c.len_utf8()
    }
}

/// Screens a joint; `None` where nothing is in it that is not in one of its texts.
pub fn screen_joint(
    policy: &Policy,
    subject: Subject,
    (joint, meeting): (&Joint<'_>, Meeting),
    scratch: &mut Scratch,
) -> Option<JointVerdict> {
    let mut found = Found::default();
    for separator in SEPARATORS {
        if separator.is_empty() || joint.wants_blanks() {
            let laid = Laid::new(joint, separator);
            found.add(&laid.found(policy, (subject, meeting), scratch));
        }
    }
    if found.new.is_empty() && !found.exhausted {
        return None;
    }
    found.new.sort_by_key(|one| (one.placed.hit.span, one.rule));
    found.new.dedup_by_key(|one| (one.placed.hit.span, one.rule));
    found.known.retain(|known| found.new.iter().all(|new| new.rule != known.rule));
    // All of it is there, whichever way it travels.
    let mut tally = Tally::new(Phase::Prompt, subject.today);
    tally.add_scores(policy, &found.known);
    let (rewrites, _) = tally.add(policy, &found.new);
    if found.exhausted {
        tally.fail(policy, 0, policy.unscannable);
    }
    let mut rewrites = merge(rewrites);
    for rewrite in &mut rewrites {
        // There is no one value that could be put back.
        rewrite.restorable = false;
    }
    let first = found.new.first().map_or(0, |one| one.placed.hit.span.start);
    Some(JointVerdict {
        piece: joint.piece_at(first),
        rewrites: joint.by_piece(&rewrites),
        verdict: tally.finish(rewrites),
    })
}

/// What fires in a joint.
#[derive(Debug, Default)]
struct Found {
    /// What counts.
    new: Vec<Fired>,
    /// What was found in one of the texts.
    known: Vec<Fired>,
    exhausted: bool,
}

impl Found {
    fn add(&mut self, more: &Self) {
        self.new.extend(&more.new);
        self.known.extend(&more.known);
        self.exhausted |= more.exhausted;
    }
}

/// What a unit has by itself.
#[derive(Debug, Default)]
struct Apart {
    hits: BTreeSet<(Span, AtomId)>,
    fired: BTreeSet<(Span, usize)>,
}

/// The hits in a text, and whether there are more than can be told.
fn hits_of(policy: &Policy, text: &str, scratch: &mut Scratch) -> (Vec<Placed>, bool) {
    (scratch.scan.hits_left, scratch.scan.work_left) = (MOST_HITS, MOST_WORK);
    let window = Window { text, from: 0, last: true, restart: 0, pieces: false };
    let scan = policy.scanner.scan(window, &mut scratch.scan);
    (place(&scratch.scan.hits, text, 0, Count::default()), scan.exhausted)
}

fn ends_sentence(text: &str) -> bool {
    text.trim_end().ends_with(['.', '!', '?', '…', '。', '！', '？', '．', '｡'])
}

/// The texts of a joint as one.
struct Laid<'j> {
    joint: &'j Joint<'j>,
    text: String,
    /// Where each part begins and ends in it.
    places: Vec<Span>,
    /// Bytes between two parts.
    blanks: usize,
}

impl<'j> Laid<'j> {
    fn new(joint: &'j Joint<'_>, separator: &str) -> Self {
        let mut text = String::with_capacity(joint.len() + joint.parts.len());
        let mut places = Vec::with_capacity(joint.parts.len());
        for part in &joint.parts {
            if !places.is_empty() {
                text.push_str(separator);
            }
            let start = text.len();
            text.push_str(part.text);
            places.push(Span::new(start, text.len()));
        }
        Self { joint, text, places, blanks: separator.len() }
    }

    fn found(
        &self,
        policy: &Policy,
        (subject, meeting): (Subject, Meeting),
        scratch: &mut Scratch,
    ) -> Found {
        let mut found = Found::default();
        let (hits, exhausted) = hits_of(policy, &self.text, scratch);
        found.exhausted = exhausted;
        let with = (policy, subject);
        let fired = fired_among(with, &hits, 0, Sight::Whole);
        let conditions = meeting == Meeting::Together && !policy.conditions.memory.is_empty();
        let mut within = None;
        let mut apart: BTreeMap<usize, Apart> = BTreeMap::new();
        for one in fired {
            let Placed { hit, .. } = one.placed;
            let unit = |part: usize| self.joint.parts.get(part).map(|part| part.unit);
            let new = match self.label_of(&one.placed, unit) {
                None => true,
                Some(unit) => {
                    let apart =
                        apart.entry(unit).or_insert_with(|| self.apart(with, unit, scratch));
                    let known = apart.fired.contains(&(hit.span, one.rule));
                    let seen = apart.hits.contains(&(hit.span, hit.atom));
                    let mut fulfilled = || {
                        let within = within.get_or_insert_with(|| self.in_sentences(with, &hits));
                        within.contains(&(hit.span, one.rule))
                    };
                    let plain = policy.rules.get(one.rule).is_some_and(|r| r.matcher.is_plain());
                    !known && (!seen || (conditions && !plain && fulfilled()))
                }
            };
            let to = if new { &mut found.new } else { &mut found.known };
            to.push(self.moved(one));
        }
        found
    }

    /// What is found in a unit by itself.
    fn apart(&self, with: (&Policy, Subject), unit: usize, scratch: &mut Scratch) -> Apart {
        let mut own = self.joint.parts.iter().zip(&self.places).filter(|(p, _)| p.unit == unit);
        let Some((_, first)) = own.next() else { return Apart::default() };
        let end = own.next_back().map_or(first.end, |(_, last)| last.end);
        let text = self.text.get(first.start..end).unwrap_or_default();
        let (hits, _) = hits_of(with.0, text, scratch);
        let fired = fired_among(with, &hits, 0, Sight::Whole);
        let place = |one: &Placed| one.hit.span.shifted(first.start);
        Apart {
            hits: hits.iter().map(|one| (place(one), one.hit.atom)).collect(),
            fired: fired.iter().map(|one| (place(&one.placed), one.rule)).collect(),
        }
    }

    /// What fires within texts that no end of a sentence divides.
    fn in_sentences(&self, with: (&Policy, Subject), hits: &[Placed]) -> BTreeSet<(Span, usize)> {
        let mut ended = 0;
        let labels: Vec<usize> = self
            .joint
            .parts
            .iter()
            .map(|part| {
                let label = ended;
                ended += usize::from(ends_sentence(part.text));
                label
            })
            .collect();
        let label = |part: usize| labels.get(part).copied();
        let labelled = hits.iter().filter_map(|&hit| Some((self.label_of(&hit, label)?, hit)));
        let labelled: Vec<(usize, Placed)> = labelled.collect();
        let mut within = BTreeSet::new();
        for sentence in labelled.chunk_by(|(one, _), (next, _)| one == next) {
            let hits: Vec<Placed> = sentence.iter().map(|&(_, hit)| hit).collect();
            let fired = fired_among(with, &hits, 0, Sight::Whole);
            within.extend(fired.iter().map(|one| (one.placed.hit.span, one.rule)));
        }
        within
    }

    /// What a hit lies in, as `label` has it of parts; `None` where it lies in several.
    fn label_of(&self, hit: &Placed, label: impl Fn(usize) -> Option<usize>) -> Option<usize> {
        let span = hit.hit.span;
        let first = self.places.partition_point(|place| place.end <= span.start);
        let end = self.places.partition_point(|place| place.start < span.end);
        // A hit in the blank alone belongs to what follows.
        let last = end.saturating_sub(1).max(first);
        let (first, last) = (label(first), label(last));
        first.filter(|_| first == last)
    }

    /// The same with its place counted without what stands between the texts.
    fn moved(&self, mut one: Fired) -> Fired {
        let span = one.placed.hit.span;
        let moved = |at: usize| {
            let part = self.places.partition_point(|place| place.start < at).saturating_sub(1);
            let place = self.places.get(part).copied().unwrap_or(Span::new(0, 0));
            at.min(place.end).saturating_sub(part * self.blanks)
        };
        one.placed.hit = one.placed.hit.at(Span::new(moved(span.start), moved(span.end)));
        one
    }
}

impl Joint<'_> {
    /// Its parts with their places, without what stands between them.
    fn placed(&self) -> impl Iterator<Item = (&Part<'_>, Span)> {
        self.parts.iter().scan(0, |at, part| {
            let start = *at;
            *at += part.text.len();
            Some((part, Span::new(start, *at)))
        })
    }

    fn piece_at(&self, at: usize) -> usize {
        self.placed().find(|(_, place)| at < place.end).map_or(0, |(part, _)| part.piece)
    }

    /// What to replace in each text: the placeholder stands where the match begins, and the rest of it goes. A text
    /// of which nothing would be left gets the placeholder too, because some APIs refuse empty ones.
    fn by_piece(&self, rewrites: &[Rewrite]) -> Vec<(usize, Rewrite)> {
        let mut by_piece = Vec::new();
        for rewrite in rewrites {
            let mut begun = false;
            for (part, place) in self.placed().filter(|(_, place)| place.overlaps(rewrite.span)) {
                let start = rewrite.span.start.max(place.start) - place.start;
                let end = rewrite.span.end.min(place.end) - place.start;
                let all = part.whole && end - start == part.text.len();
                let shown = !begun || all;
                begun = true;
                let replacement = if shown { rewrite.replacement.clone() } else { String::new() };
                let span = Span::new(start, end).shifted(part.at);
                by_piece.push((part.piece, Rewrite { span, replacement, ..rewrite.clone() }));
            }
        }
        by_piece
    }
}
