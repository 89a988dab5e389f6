//! A whole answer: its passages, each with the answer it belongs to where there are several, and the same bytes
//! with some of them changed.
//!
//! It does not decide which answer is stopped, nor what the client reads instead.

use std::sync::Arc;

use bytes::Bytes;

use super::adjoining::{Adjoining, arguments, subtitles};
use super::leaves::{Gathered, MediaPart, Reader};
use super::nodes::all_at;
use super::splice::{PassageEdit, Place, Unsplicable, patches};
use super::{BodyProblem, plain};
use crate::domain::Passage;
use crate::wire::dialect::{Call, Calls, Dialect, Path, RefusalShape, Roles};
use crate::wire::json::{Doc, JsonLimits, Kind, NodeId, Patch, Strictness, apply, parse, quote};
use crate::wire::table::{By, Leaf};

/// An answer, read.
#[derive(Clone, Debug)]
pub struct Response {
    dialect: Arc<Dialect>,
    bytes: Bytes,
    doc: Doc,
    passages: Vec<UnitPassage>,
    places: Vec<Place>,
    media: Vec<MediaPart>,
    unknown_leaves: usize,
    calls: Calls,
}

/// A passage of an answer.
#[derive(Clone, Debug)]
pub struct UnitPassage {
    /// The answer it belongs to: the choice, the candidate; 0 in dialects with one answer; `None` for what stands
    /// beside the answers.
    pub unit: Option<u64>,
    /// The passage.
    pub passage: Passage,
}

/// An answer whose text must not reach the client.
#[derive(Clone, Copy, Debug)]
pub struct StoppedUnit<'m> {
    /// Which answer.
    pub unit: u64,
    /// What stands in its place.
    pub message: &'m str,
    /// How that looks.
    pub shape: RefusalShape,
    /// The category of the rule that decided (`none` where it has none), if a rule did.
    pub category: Option<&'m str>,
}

impl Response {
    /// Reads an answer.
    pub fn parse(
        dialect: &Arc<Dialect>,
        bytes: Bytes,
        limits: &JsonLimits,
    ) -> Result<Self, BodyProblem> {
        let doc = parse(&bytes, Strictness::Response, limits)?;
        let is_list = doc.kind(Doc::ROOT) == Kind::Array && dialect.request.listed;
        if doc.kind(Doc::ROOT) != Kind::Object && !is_list {
            return Err(BodyProblem::NotAnObject);
        }
        let spec = &dialect.response;
        let roles = Roles::default();
        let mut reader = Reader::new(&doc, &bytes, false, &roles).with(&spec.sealed, &spec.turns);
        let mut units = Vec::new();
        let walked = spec.table.walk(&doc, &bytes, &mut |found| {
            reader.read(&found);
            let known = units.len();
            if reader.gathered.passages.len() > known {
                let unit = unit_of(&doc, &bytes, found.node, spec.unit.as_deref());
                units.resize(reader.gathered.passages.len(), unit);
            }
        });
        walked.map_err(|twin| BodyProblem::twin(&twin, &doc, &bytes))?;
        BodyProblem::of_texts(reader.gathered.passages.len())?;
        let Gathered { passages, places, media, unknown_leaves } = reader.gathered;
        let passages = passages.into_iter().zip(units);
        let passages = passages.map(|(passage, unit)| UnitPassage { unit, passage }).collect();
        let dialect = Arc::clone(dialect);
        let calls = Calls::default();
        Ok(Self { dialect, bytes, doc, passages, places, media, unknown_leaves, calls })
    }

    /// Reads an answer that is plain text.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn parse_text(dialect: &Arc<Dialect>, bytes: Bytes) -> Result<Self, BodyProblem> {
        // Nothing of it is JSON, so that nothing can be put anywhere.
        let doc = parse(b"{}", Strictness::Response, &JsonLimits::default())?;
        let Some(Leaf::Text { by: By::Always(author), kind, edit, .. }) =
            dialect.response.text_body
        else {
            return Err(BodyProblem::NotAnObject);
        };
        let text = std::str::from_utf8(&bytes).map_err(|_| BodyProblem::NotAnObject)?;
        let (mut passages, mut places) = (Vec::new(), Vec::new());
        for (index, range) in plain::stretches(text).into_iter().enumerate() {
            let text = text.get(range.clone()).unwrap_or_default().to_owned();
            let path = format!("text[{index}]");
            let passage = Passage { path, author, kind, edit, turn: None, text };
            passages.push(UnitPassage { unit: Some(0), passage });
            places.push(Place::Plain(range));
        }
        let (dialect, calls) = (Arc::clone(dialect), Calls::default());
        let (media, unknown_leaves) = (Vec::new(), 0);
        Ok(Self { dialect, bytes, doc, passages, places, media, unknown_leaves, calls })
    }

    /// The same, as the answer to these calls.
    #[must_use]
    pub fn to(self, calls: &Calls) -> Self {
        Self { calls: calls.clone(), ..self }
    }

    /// The answer as it came.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Every text in it.
    pub fn passages(&self) -> &[UnitPassage] {
        &self.passages
    }

    /// Texts that whoever gets the answer may read as one: strings in the arguments of tool calls, and subtitles.
    pub fn adjoining(&self) -> Vec<Adjoining> {
        if self.places.iter().any(|place| matches!(place, Place::Plain(_))) {
            return subtitles(self.passages.iter().map(|one| &one.passage));
        }
        arguments(self.passages.iter().map(|one| (&one.passage, one.unit)), &self.places)
    }

    /// Every part that is not text.
    pub fn media(&self) -> &[MediaPart] {
        &self.media
    }

    /// How many strings no row of the table names.
    pub fn unknown_leaves(&self) -> usize {
        self.unknown_leaves
    }

    /// Whether an answer of the dialect can be stopped in its place.
    pub fn can_be_stopped(&self) -> bool {
        !self.dialect.shapes.stopped.is_empty()
    }

    /// Whether a passage goes when its answer is stopped. What stands elsewhere would stay.
    pub fn goes_when_stopped(&self, passage: usize) -> bool {
        if self.dialect.response.unit.is_some() {
            return true;
        }
        let Some(path) = self.passages.get(passage).map(|one| one.passage.path.as_str()) else {
            return false;
        };
        let path = self.within(path);
        let shapes = &self.dialect.shapes;
        let covers = |stopped: &[(Path, _)]| {
            stopped.iter().any(|(place, _)| place.segments.is_empty() || is_below(path, place))
        };
        covers(&shapes.stopped) && covers(&shapes.stopped_refusal)
    }

    /// Whether a passage goes with the copies of the text of its answer.
    pub fn goes_with_copies(&self, passage: usize) -> bool {
        let Some(one) = self.passages.get(passage) else { return false };
        let path = without_numbers(&one.passage.path);
        self.dialect.response.coupled.iter().any(|(place, _)| is_below(&path, place))
    }

    /// The answer with passages changed, answers stopped, and the token texts of `copies` (answers, or
    /// `None` for those beside them) taken out; with nothing to do, the very same bytes.
    pub fn render(
        &self,
        edits: &[PassageEdit<'_>],
        stopped: &[StoppedUnit<'_>],
        copies: &[Option<u64>],
    ) -> Result<Bytes, Unsplicable> {
        if edits.is_empty() && stopped.is_empty() && copies.is_empty() {
            return Ok(self.bytes.clone());
        }
        let is_stopped = |unit: Option<u64>| stopped.iter().any(|s| Some(s.unit) == unit);
        let unit_of_edit =
            |edit: &PassageEdit<'_>| self.passages.get(edit.passage).and_then(|p| p.unit);
        let live: Vec<PassageEdit<'_>> =
            edits.iter().filter(|edit| !is_stopped(unit_of_edit(edit))).copied().collect();
        let path_of = |passage: usize| Some(self.passages.get(passage)?.passage.path.clone());
        let mut all = patches(&self.bytes, &path_of, &self.places, &live)?;
        let mut edited: Vec<u64> = live
            .iter()
            .filter(|edit| !edit.rewrites.is_empty())
            .filter_map(unit_of_edit)
            .chain(copies.iter().copied().flatten())
            .collect();
        edited.sort_unstable();
        edited.dedup();
        for (unit, node) in self.units() {
            if let Some(stop) = stopped.iter().find(|stop| stop.unit == unit) {
                all.extend(self.stopped_unit(node, stop));
            } else if edited.contains(&unit) {
                all.extend(self.drop_coupled(node));
            }
        }
        if copies.contains(&None) {
            all.extend(self.drop_coupled(Doc::ROOT));
        }
        if all.is_empty() {
            return Ok(self.bytes.clone());
        }
        Ok(Bytes::from(apply(&self.bytes, all)))
    }

    /// The answer with what moderation came to in the member that its dialect has for that.
    pub fn with_moderation(&self, moderation: &str) -> Bytes {
        let Some(field) = self.dialect.moderation_field() else { return self.bytes.clone() };
        let end = self.doc.range(Doc::ROOT).end.saturating_sub(1);
        let known = self.doc.member(Doc::ROOT, field, &self.bytes);
        let known = known.map(|node| self.doc.range(node));
        let patch = known.map_or_else(
            || {
                let comma = if self.doc.children(Doc::ROOT).next().is_some() { "," } else { "" };
                let key = String::from_utf8_lossy(&quote(field)).into_owned();
                Patch { range: end..end, bytes: format!("{comma}{key}:{moderation}").into() }
            },
            |range| Patch { range, bytes: moderation.into() },
        );
        Bytes::from(apply(&self.bytes, vec![patch]))
    }

    /// The numbers of its answers, in their order.
    pub fn unit_numbers(&self) -> Vec<u64> {
        self.units().into_iter().map(|(unit, _)| unit).collect()
    }

    /// The answers with their nodes.
    fn units(&self) -> Vec<(u64, NodeId)> {
        if self.doc.kind(Doc::ROOT) == Kind::Array {
            return (0..).zip(self.doc.children(Doc::ROOT)).collect();
        }
        let Some(list) = self.dialect.response.unit.as_deref() else { return vec![(0, Doc::ROOT)] };
        let list = self.doc.member(Doc::ROOT, list, &self.bytes);
        let nodes = list.into_iter().flat_map(|list| self.doc.children(list));
        nodes.filter_map(|node| Some((index_of(&self.doc, &self.bytes, node)?, node))).collect()
    }

    /// The answer gives way to a refusal: nothing of what the model said stays.
    fn stopped_unit(&self, node: NodeId, stop: &StoppedUnit<'_>) -> Vec<Patch> {
        let (own, call) = self.call_of(node);
        let call = own.as_ref().or(call);
        let said =
            self.dialect.stopped((stop.unit, call), (stop.message, stop.shape), stop.category);
        let top = if self.dialect.response.unit.is_some() { Doc::ROOT } else { node };
        let mut patches = Vec::new();
        let mut added = String::new();
        for (path, json) in said {
            let is_unit = self.below_unit(path).is_some_and(|path| path.segments.is_empty());
            if is_unit || path.segments.is_empty() {
                patches.push(Patch { range: self.doc.range(node), bytes: json.into_bytes() });
                continue;
            }
            let Some((above, name)) = path.split_last() else { continue };
            let holder = all_at(&self.doc, &self.bytes, top, &above).first().copied();
            let Some(holder) = holder else { continue };
            match self.doc.member(holder, name, &self.bytes) {
                Some(node) => {
                    patches.push(Patch { range: self.doc.range(node), bytes: json.into_bytes() });
                }
                None if holder == top => {
                    added.push(',');
                    added.push_str(&String::from_utf8_lossy(&quote(name)));
                    added.push(':');
                    added.push_str(&json);
                }
                None => {}
            }
        }
        if !added.is_empty() {
            let end = self.doc.range(top).end.saturating_sub(1);
            if self.doc.children(top).next().is_none() {
                added.remove(0);
            }
            patches.push(Patch { range: end..end, bytes: added.into_bytes() });
        }
        patches
    }

    /// The path of a text in its answer, where the body may be a list of answers.
    fn within<'p>(&self, path: &'p str) -> &'p str {
        if self.doc.kind(Doc::ROOT) != Kind::Array {
            return path;
        }
        path.split_once(']').map_or(path, |(_, rest)| rest.strip_prefix('.').unwrap_or(rest))
    }

    /// The call that an answer is for: one with its id, in the place of one that is known.
    fn call_of(&self, node: NodeId) -> (Option<Call>, Option<&Call>) {
        let Some(echo) = &self.dialect.request.echo else { return (None, None) };
        let id = all_at(&self.doc, &self.bytes, node, echo).first().copied();
        let id = id.and_then(|id| self.bytes.get(self.doc.range(id))).unwrap_or_default();
        let id = String::from_utf8_lossy(id);
        match self.calls.of_answer(&id) {
            Some(call) => (None, Some(call)),
            None => (Some(Call { echo: id.into_owned(), ..Call::default() }), None),
        }
    }

    /// The path below an answer, where there may be several.
    fn below_unit(&self, path: &Path) -> Option<Path> {
        path.below(self.dialect.response.unit.as_deref()?)
    }

    /// What repeats the unchanged text, or points into it, goes when the text changes.
    fn drop_coupled(&self, node: NodeId) -> Vec<Patch> {
        let (doc, bytes) = (&self.doc, &self.bytes);
        put(
            doc,
            bytes,
            (node, self.dialect.response.unit.as_deref()),
            &self.dialect.response.coupled,
        )
    }
}

/// Whether a path leads to a place or below it.
fn is_below(path: &str, place: &Path) -> bool {
    let rest = path.strip_prefix(&*place.to_string());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// A path with `[]` for every element of a list.
fn without_numbers(path: &str) -> String {
    let (mut out, mut is_number) = (String::with_capacity(path.len()), false);
    for c in path.chars() {
        is_number = c == '[' || (is_number && c.is_ascii_digit());
        if !is_number || c == '[' {
            out.push(c);
        }
    }
    out
}

/// The changes that put values in their places below an answer, where those places are there.
pub(super) fn put(
    doc: &Doc,
    bytes: &[u8],
    (node, unit): (NodeId, Option<&str>),
    values: &[(Path, Vec<u8>)],
) -> Vec<Patch> {
    let mut patches = Vec::new();
    for (path, value) in values {
        let below = match unit {
            Some(list) if node != Doc::ROOT => path.below(list),
            Some(list) => path.below(list).is_none().then(|| path.clone()),
            None => Some(path.clone()),
        };
        let Some(below) = below else { continue };
        let places = all_at(doc, bytes, node, &below).into_iter();
        patches.extend(places.map(|place| Patch { range: doc.range(place), bytes: value.clone() }));
    }
    patches
}

/// The number of the answer that a node stands in.
fn unit_of(doc: &Doc, bytes: &[u8], node: NodeId, list: Option<&str>) -> Option<u64> {
    let is_listed = doc.kind(Doc::ROOT) == Kind::Array;
    if list.is_none() && !is_listed {
        return Some(0);
    }
    let mut at = node;
    let mut trail = vec![node];
    while let Some(parent) = doc.parent(at) {
        trail.push(parent);
        at = parent;
    }
    let mut from_top = trail.iter().rev().skip(1);
    let first = *from_top.next()?;
    if is_listed {
        return u64::try_from(doc.index(first)).ok();
    }
    if doc.key(first, bytes)? != list? {
        return None;
    }
    index_of(doc, bytes, *from_top.next()?)
}

/// The `index` of an element, or its place in the list where it has none.
pub(super) fn index_of(doc: &Doc, bytes: &[u8], element: NodeId) -> Option<u64> {
    let own = doc.member(element, "index", bytes).and_then(|node| doc.integer(node, bytes));
    let list = doc.parent(element)?;
    own.or_else(|| u64::try_from(doc.children(list).position(|child| child == element)?).ok())
}
