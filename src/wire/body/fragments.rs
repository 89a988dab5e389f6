//! From the strings that a table finds in an event to the channels they belong to.
//!
//! It says where a text is put together, not what becomes of it.

use std::ops::Range;
use std::sync::Arc;

use super::BodyProblem;
use super::leaves::{KEY_IN_PATH, is_sealed, path_of};
use super::nodes::{all_at, at};
use super::response::index_of;
use super::stream::{Channel, Event, EventKind, Fragment, Part, PartKey, Tokens};
use crate::domain::{Author, EditClass, TextKind};
use crate::wire::dialect::{KeySource, Path, StreamSpec};
use crate::wire::json::{Doc, Kind, NodeId, decode, token_text};
use crate::wire::table::{By, Found, Leaf};

/// What is expected of a number.
const WHOLE: &str = "must be a whole number";

/// The data of one event.
pub(super) struct Reader<'d> {
    pub(super) doc: &'d Doc,
    pub(super) bytes: &'d [u8],
    /// Where `bytes` begin in the event.
    pub(super) offset: usize,
    pub(super) spec: &'d StreamSpec,
    /// The type of the event.
    pub(super) tag: &'d str,
}

/// One token text of an event.
pub(super) struct Token {
    unit: Option<u64>,
    list: String,
    keys: Vec<u64>,
    bytes: Vec<u8>,
    alone: Vec<String>,
}

impl Token {
    /// Adds the token to those of its list that came before it.
    pub(super) fn join(self, runs: &mut Vec<Tokens>) {
        let Self { unit, list, keys, bytes, alone } = self;
        let same = |run: &Tokens| run.unit == unit && run.list == list && run.keys == keys;
        let known = runs.iter().position(same);
        let known = known.unwrap_or_else(|| {
            runs.push(Tokens { unit, list, keys, bytes: Vec::new(), alone: Vec::new() });
            runs.len() - 1
        });
        if let Some(run) = runs.get_mut(known) {
            run.bytes.extend(bytes);
            run.alone.extend(alone.into_iter().filter(|text| !text.is_empty()));
        }
    }
}

impl Reader<'_> {
    /// The answers in the event, where there may be several.
    pub(super) fn units(&self) -> Vec<NodeId> {
        let list = self.spec.unit.as_deref();
        let list = list.and_then(|list| self.doc.member(Doc::ROOT, list, self.bytes));
        list.map(|list| self.doc.children(list).collect()).unwrap_or_default()
    }

    pub(super) fn shifted(&self, range: Range<usize>) -> Range<usize> {
        range.start + self.offset..range.end + self.offset
    }

    /// Refuses numbers of answers and parts that are no small whole numbers: under which one a client
    /// puts a text together cannot be known.
    pub(super) fn check_numbers(&self) -> Result<(), BodyProblem> {
        let odd = |node: NodeId| {
            self.doc.kind(node) != Kind::Null && self.doc.integer(node, self.bytes).is_none()
        };
        let index = |node: NodeId| self.doc.member(node, "index", self.bytes);
        if self.units().into_iter().filter_map(index).any(odd) {
            return Err(BodyProblem::Field { field: "index".to_owned(), expected: WHOLE });
        }
        let field = |name: &String| self.doc.member(Doc::ROOT, name, self.bytes);
        if self.spec.numbers.iter().filter_map(field).any(odd) {
            return Err(BodyProblem::Field { field: "index".to_owned(), expected: WHOLE });
        }
        Ok(())
    }

    /// Notes which answers the event speaks of, which of them are over, and whether it is an error.
    pub(super) fn note_ends(&self, event: &mut Event) {
        let spec = self.spec;
        let field = spec.error_field.as_deref();
        let field = field.and_then(|key| self.doc.member(Doc::ROOT, key, self.bytes));
        let listed = |list: &[String]| list.iter().any(|one| *one == *self.tag);
        if field.is_some_and(|node| self.doc.kind(node) != Kind::Null) || listed(&spec.errors) {
            event.kind = EventKind::Error;
        }
        let Some(list) = spec.unit.as_deref() else {
            event.units.push(0);
            let mut over =
                spec.finished_by.iter().filter_map(|path| at(self.doc, self.bytes, path));
            if over.any(|node| self.says(node)) || listed(&spec.finished_at) {
                event.finished.push(0);
            }
            return;
        };
        let finish: Vec<Path> =
            spec.finished_by.iter().filter_map(|path| path.below(list)).collect();
        let beside = spec.finished_by.iter().filter(|path| path.below(list).is_none());
        event.finished_all =
            beside.filter_map(|path| at(self.doc, self.bytes, path)).any(|node| self.says(node));
        for node in self.units() {
            let Some(index) = index_of(self.doc, self.bytes, node) else { continue };
            event.units.push(index);
            let over = finish.iter().any(|path| {
                all_at(self.doc, self.bytes, node, path).into_iter().any(|node| self.says(node))
            });
            if over {
                event.finished.push(index);
            }
        }
    }

    /// Whether a value says anything.
    fn says(&self, node: NodeId) -> bool {
        match self.doc.kind(node) {
            Kind::Null | Kind::False => false,
            Kind::String => self.doc.string(node, self.bytes).is_some_and(|said| !said.is_empty()),
            Kind::True | Kind::Number | Kind::Object | Kind::Array => true,
        }
    }

    /// The numbers of the part that an event of this type opens.
    pub(super) fn numbers(&self, by_type: &[(String, Vec<KeySource>)]) -> Option<Vec<u64>> {
        let (_, sources) = by_type.iter().find(|(tag, _)| *tag == *self.tag)?;
        Some(self.all_numbers(sources))
    }

    pub(super) fn all_numbers(&self, sources: &[KeySource]) -> Vec<u64> {
        sources.iter().map(|source| self.number(source, &[])).collect()
    }

    /// The number that a source gives; what is not there is the first.
    fn number(&self, source: &KeySource, trail: &[NodeId]) -> u64 {
        let found = match source {
            KeySource::Field(name) => self
                .doc
                .member(Doc::ROOT, name, self.bytes)
                .and_then(|node| self.doc.integer(node, self.bytes)),
            KeySource::Element(list) => trail.windows(2).find_map(|pair| {
                let [above, element] = pair else { return None };
                let key = self.doc.key(*above, self.bytes)?;
                (*key == **list).then(|| index_of(self.doc, self.bytes, *element)).flatten()
            }),
        };
        found.unwrap_or_default()
    }

    /// The token text that a string is, if it is one.
    pub(super) fn token(&self, found: &Found) -> Option<Token> {
        let Some(Leaf::Text { kind: TextKind::Logprob, channel, .. }) = found.leaf else {
            return None;
        };
        let trail = self.trail(found.node);
        let unit = self.unit(&trail);
        let spec = channel.and_then(|channel| self.spec.channels.get(usize::from(channel)));
        let text = self.text(found)?;
        let entry = self.doc.parent(found.node).filter(|_| !found.is_key);
        // A list of plain strings is the text in pieces, whatever it is called.
        let plain_list = entry.filter(|&list| self.doc.kind(list) == Kind::Array);
        let list = match (spec, plain_list) {
            (Some(spec), _) => spec.name.clone(),
            (None, Some(list)) => path_of(self.doc, self.bytes, list),
            (None, None) => String::new(),
        };
        let sources = spec.map_or(&[][..], |spec| &spec.keys);
        let keys = sources.iter().map(|source| self.number(source, &trail)).collect();
        let chosen = !found.is_key && unit.is_some() && !list.is_empty();
        let own = entry.and_then(|entry| self.token_bytes(entry));
        let differ = own.as_ref().is_some_and(|own| own != text.as_bytes());
        if !chosen {
            let own = own.filter(|_| differ).map(|own| String::from_utf8_lossy(&own).into_owned());
            let alone = own.into_iter().chain([text]).collect();
            return Some(Token { unit, list, keys, bytes: Vec::new(), alone });
        }
        let alone = if differ { vec![text.clone()] } else { Vec::new() };
        let bytes = own.unwrap_or_else(|| text.into_bytes());
        Some(Token { unit, list, keys, bytes, alone })
    }

    /// The `bytes` beside a token: the list of numbers from 0 to 255 that it is made of.
    fn token_bytes(&self, entry: NodeId) -> Option<Vec<u8>> {
        let list = self.doc.member(entry, "bytes", self.bytes)?;
        if self.doc.kind(list) != Kind::Array {
            return None;
        }
        let byte = |node| u8::try_from(self.doc.integer(node, self.bytes)?).ok();
        self.doc.children(list).map(byte).collect()
    }

    /// The piece of text that a string is, if it is text.
    pub(super) fn fragment(&self, found: &Found) -> Option<Fragment> {
        let range = self.range(found)?;
        let (author, kind, edit) = match found.leaf {
            Some(Leaf::Skip | Leaf::Media { .. }) => return None,
            Some(Leaf::Text { by, kind, edit, .. }) => {
                let author = match by {
                    By::Always(author) => author,
                    By::Role => Author::Assistant,
                };
                (author, kind, edit)
            }
            None => (Author::Unknown, TextKind::Meta, EditClass::Fixed),
        };
        let sealed = || is_sealed(self.doc, self.bytes, found.node, &self.spec.sealed);
        let edit = if found.is_key || sealed() { EditClass::Fixed } else { edit };
        let written = self.bytes.get(range.clone())?;
        let text = decode(written).into_owned();
        let channel = self.channel(found);
        let (leading_low_half, trailing_high_half) = halves(written, &text);
        let token = self.shifted(range);
        Some(Fragment {
            channel,
            text,
            token,
            author,
            kind,
            edit,
            leading_low_half,
            trailing_high_half,
        })
    }

    fn range(&self, found: &Found) -> Option<Range<usize>> {
        if found.is_key { self.doc.key_range(found.node) } else { Some(self.doc.range(found.node)) }
    }

    fn text(&self, found: &Found) -> Option<String> {
        Some(decode(self.bytes.get(self.range(found)?)?).into_owned())
    }

    /// The answer that a trail of nodes leads through; `None` for what stands beside the answers.
    fn unit(&self, trail: &[NodeId]) -> Option<u64> {
        let Some(list) = self.spec.unit.as_deref() else { return Some(0) };
        let key = self.doc.key(*trail.first()?, self.bytes)?;
        let unit = trail.get(1).filter(|_| key == list)?;
        index_of(self.doc, self.bytes, *unit)
    }

    fn channel(&self, found: &Found) -> Channel {
        let trail = self.trail(found.node);
        let unit = self.unit(&trail);
        let part = unit.and_then(|_| self.part(found, &trail));
        let part = part.unwrap_or_else(|| Part::Other(path_of(self.doc, self.bytes, found.node)));
        Channel { unit, part }
    }

    /// The part that a text of an answer belongs to; `None` for what is a text by itself.
    fn part(&self, found: &Found, trail: &[NodeId]) -> Option<Part> {
        if found.is_key {
            return None;
        }
        let Some(Leaf::Text { channel, kind, .. }) = found.leaf else {
            return self.new_field(found.node, trail).map(Part::Field);
        };
        let spec = self.spec.channels.get(usize::from(channel?))?;
        let mut keys = [0; 2];
        for (key, source) in keys.iter_mut().zip(&spec.keys) {
            *key = self.number(source, trail);
        }
        let count = u8::try_from(spec.keys.len()).unwrap_or_default();
        let key = PartKey { name: Arc::clone(&spec.shared), keys, count };
        Some(match (spec.held, kind) {
            (true, TextKind::ToolArgs) => Part::CallArgs(key),
            (true, _) => Part::CallName(key),
            (false, _) => Part::Text(key),
        })
    }

    /// The path of a field that no row names, where fields of text come in pieces: one would come like those that
    /// are known.
    fn new_field(&self, node: NodeId, trail: &[NodeId]) -> Option<String> {
        if self.spec.unit.is_some() {
            let second = self.doc.key(*trail.get(2)?, self.bytes)?;
            let streams = second == "delta" || trail.len() == 3;
            let path = path_of(self.doc, self.bytes, node);
            return streams.then(|| path.split_once('.').map_or("", |(_, below)| below).to_owned());
        }
        let path = path_of(self.doc, self.bytes, node);
        // An event without a type where all have one is of another API, whose texts come in pieces too.
        let is_foreign = self.spec.tag.is_some() && self.tag.is_empty();
        let streams =
            is_foreign || self.tag.contains("delta") || path.split('.').any(|key| key == "delta");
        let tag: String = self.tag.chars().take(KEY_IN_PATH).collect();
        streams.then(|| format!("{tag}:{path}"))
    }

    /// The nodes from right below the top down to this one.
    fn trail(&self, node: NodeId) -> Vec<NodeId> {
        let mut trail = vec![node];
        let mut at = node;
        while let Some(parent) = self.doc.parent(at).filter(|&parent| parent != Doc::ROOT) {
            trail.push(parent);
            at = parent;
        }
        trail.reverse();
        trail
    }
}

/// The halves of surrogate pairs that a string begins and ends with.
fn halves(token: &[u8], text: &str) -> (Option<u16>, Option<u16>) {
    if !text.starts_with('\u{fffd}') && !text.ends_with('\u{fffd}') {
        return (None, None);
    }
    let mut pieces = token_text(token).map(|piece| piece.half);
    let first = pieces.next().flatten();
    let last = pieces.last().unwrap_or(first);
    let is_low = |half: &u16| (0xdc00..0xe000).contains(half);
    (first.filter(is_low), last.filter(|half| !is_low(half)))
}
