//! What the client has of a streamed answer, for endings that have to repeat it: the answer as it was announced,
//! its items and parts, the text that was shown of those that are open, and the number of the last event.
//!
//! It is told of every event as it is sent. It decides nothing, and forgets items rather than grow without bounds.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Path;
use crate::config::dialect_file::{PartForm, RememberForm};
use crate::wire::json::{Doc, JsonLimits, Kind, NodeId, Patch, Strictness, apply, parse, quote};

/// The most bytes of an answer that are remembered. Of one that is longer, the ending repeats no items.
pub const MOST_REMEMBERED: usize = 4 << 20;

/// What a dialect says of its events.
#[derive(Clone, Debug)]
pub(in crate::wire) struct RememberSpec {
    tag: String,
    sequence: String,
    piece: String,
    answer: String,
    roles: Vec<(String, Role)>,
    item: Numbered,
    parts: Vec<(String, Numbered)>,
}

/// Where an event has an item or a part, and where its number.
#[derive(Clone, Debug)]
struct Numbered {
    at: String,
    number: String,
}

/// What an event does.
#[derive(Clone, Debug)]
enum Role {
    Answer,
    Opens(Level),
    Closes(Level),
    Piece(Level, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Item,
    /// A part, by the list that it stands in.
    Part(usize),
}

impl RememberSpec {
    pub(super) fn compile(form: &RememberForm, tag: &str) -> Self {
        let mut roles: Vec<(String, Role)> = Vec::new();
        let mut add = |form: &PartForm, level: Level| {
            let pieces = form.pieces.iter();
            roles.extend(
                pieces.map(|(event, at)| (event.to_owned(), Role::Piece(level, at.clone()))),
            );
            roles.push((form.opens.clone(), Role::Opens(level)));
            roles.push((form.closes.clone(), Role::Closes(level)));
            Numbered { at: form.at.clone(), number: form.number.clone() }
        };
        let parts = form.parts.iter().enumerate();
        let parts =
            parts.map(|(at, (list, part))| (list.to_owned(), add(part, Level::Part(at)))).collect();
        let item = add(&form.items, Level::Item);
        roles.extend(form.answer.events.iter().map(|event| (event.clone(), Role::Answer)));
        Self {
            tag: tag.to_owned(),
            sequence: form.sequence.clone(),
            piece: form.piece.clone(),
            answer: form.answer.at.clone(),
            roles,
            item,
            parts,
        }
    }
}

/// What the client has.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    spec: Option<Arc<RememberSpec>>,
    /// The number of the next event.
    next: u64,
    answer: Option<String>,
    items: BTreeMap<u64, Item>,
    bytes: usize,
    full: bool,
}

/// An item or a part. Texts are kept as they are written, without quotes.
#[derive(Clone, Debug, Default)]
struct Piece {
    json: String,
    closed: bool,
    texts: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default)]
struct Item {
    own: Piece,
    /// By list and number.
    parts: BTreeMap<(usize, u64), Piece>,
}

/// An item that is spoken of, and a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Focus {
    item: u64,
    part: Option<(usize, u64)>,
}

impl Memory {
    pub(super) fn new(spec: Option<Arc<RememberSpec>>) -> Self {
        Self { spec, ..Self::default() }
    }

    /// Whether the dialect needs one.
    pub fn is_kept(&self) -> bool {
        self.spec.is_some()
    }

    /// An event has been sent; `data` is its JSON.
    pub fn sent(&mut self, data: &[u8]) {
        let Some(spec) = self.spec.clone() else { return };
        let Ok(doc) = parse(data, Strictness::Event, &JsonLimits::default()) else { return };
        let event = Sent { spec: &spec, doc: &doc, data };
        if let Some(number) = event.number(&spec.sequence) {
            self.next = self.next.max(number.saturating_add(1));
        }
        if let Some(role) = event.role().filter(|_| !self.full) {
            self.take(&event, role);
        }
        if self.bytes > MOST_REMEMBERED {
            self.full = true;
            self.items.clear();
        }
    }

    /// The numbers of the item, or of the item and its part, that an event opens.
    pub fn opened_by(&self, data: &[u8]) -> Option<Vec<u64>> {
        let spec = self.spec.as_ref()?;
        let doc = parse(data, Strictness::Event, &JsonLimits::default()).ok()?;
        let event = Sent { spec, doc: &doc, data };
        let Role::Opens(level) = event.role()? else { return None };
        let place = event.place(*level)?;
        Some([place.item].into_iter().chain(place.part_number()).collect())
    }

    fn take(&mut self, event: &Sent<'_>, role: &Role) {
        match role {
            Role::Answer => {
                let answer = event.object(&event.spec.answer);
                if let (None, Some(answer)) =
                    (&self.answer, answer.filter(|a| a.len() <= MOST_REMEMBERED))
                {
                    self.answer = Some(answer.to_owned());
                }
            }
            Role::Opens(level) => self.put(event, *level, false),
            Role::Closes(level) => self.put(event, *level, true),
            Role::Piece(level, member) => {
                let Some(text) = event.written() else { return };
                self.bytes += text.len();
                if let Some(piece) = event.place(*level).and_then(|place| self.piece_mut(place)) {
                    piece.texts.entry(member.clone()).or_default().push_str(text);
                }
            }
        }
    }

    fn put(&mut self, event: &Sent<'_>, level: Level, closed: bool) {
        let Some(place) = event.place(level) else { return };
        let Some(json) = event.object(event.spec.at(level)).map(str::to_owned) else { return };
        self.bytes += json.len();
        let piece = Piece { json, closed, texts: BTreeMap::new() };
        match place.part {
            // What is whole says all of its parts.
            None => {
                let known =
                    self.items.insert(place.item, Item { own: piece, parts: BTreeMap::new() });
                self.bytes -= known.map_or(0, |item| item.size());
            }
            // A part of an item that nobody opened cannot be closed in one.
            Some(part) => {
                let Some(item) = self.items.get_mut(&place.item) else { return };
                let known = item.parts.insert(part, piece);
                self.bytes -= known.map_or(0, |piece| piece.size());
            }
        }
    }

    fn piece_mut(&mut self, place: Focus) -> Option<&mut Piece> {
        let item = self.items.get_mut(&place.item)?;
        match place.part {
            None => Some(&mut item.own),
            Some(part) => item.parts.get_mut(&part),
        }
    }

    fn piece(&self, place: Focus) -> Option<&Piece> {
        let item = self.items.get(&place.item)?;
        match place.part {
            None => Some(&item.own),
            Some(part) => item.parts.get(&part),
        }
    }

    /// Parts that are open, in order.
    pub(super) fn open_parts(&self) -> Vec<Focus> {
        let open = |(&item, known): (&u64, &Item)| {
            let parts = known.parts.iter().filter(|(_, part)| !part.closed && !known.own.closed);
            parts.map(|(&part, _)| Focus { item, part: Some(part) }).collect::<Vec<_>>()
        };
        self.items.iter().flat_map(open).collect()
    }

    /// Whether a part of an item is open.
    pub(super) fn has_open(&self, place: Focus) -> bool {
        self.open_parts().iter().any(|part| part.item == place.item)
    }

    /// Items that are open, in order.
    pub(super) fn open_items(&self) -> Vec<Focus> {
        let open = self.items.iter().filter(|(_, item)| !item.own.closed);
        open.map(|(&item, _)| Focus { item, part: None }).collect()
    }

    /// What was opened last and is not closed.
    pub(super) fn newest(&self) -> Option<Focus> {
        self.open_parts().pop().or_else(|| self.open_items().pop())
    }

    /// The number of the next event.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// The number of the next item.
    pub(super) fn next_item(&self) -> u64 {
        self.items.last_key_value().map_or(0, |(number, _)| number.saturating_add(1))
    }

    /// The answer as it was announced.
    pub(super) fn answer(&self) -> Option<&str> {
        self.answer.as_deref()
    }

    /// All items that are closed.
    pub(super) fn output(&self) -> String {
        let closed = self.items.values().filter(|item| item.own.closed);
        let items: Vec<&str> = closed.map(|item| item.own.json.as_str()).collect();
        format!("[{}]", items.join(","))
    }

    /// An item, and if it is open, with what was shown of it.
    pub(super) fn item(&self, place: Focus) -> String {
        let (Some(item), Some(spec)) = (self.items.get(&place.item), &self.spec) else {
            return "null".to_owned();
        };
        if item.own.closed {
            return item.own.json.clone();
        }
        let mut values = item.own.values();
        for (at, (list, _)) in spec.parts.iter().enumerate() {
            let parts = item.parts.iter().filter(|((own, _), _)| *own == at);
            let parts: Vec<String> = parts.map(|(_, part)| part.shown()).collect();
            if !parts.is_empty() {
                values.push((Path::read(list), format!("[{}]", parts.join(","))));
            }
        }
        put_in(&item.own.json, &values)
    }

    /// A part, and if it is open, with what was shown of it.
    pub(super) fn part(&self, place: Focus) -> String {
        let part = self.piece(place).filter(|_| place.part.is_some());
        part.map_or_else(|| "null".to_owned(), Piece::shown)
    }

    /// The text that was shown of a part, or of an item, as a JSON string.
    pub(super) fn text(&self, place: Focus) -> String {
        let text = self.piece(place).and_then(|piece| piece.texts.values().next());
        format!("\"{}\"", text.map_or("", String::as_str))
    }

    /// Whether the client has text of a part.
    pub(super) fn shows(&self, place: Focus) -> bool {
        self.piece(place).is_some_and(|piece| piece.texts.values().any(|text| !text.is_empty()))
    }

    /// What an item, or a part, says in a member of its own, as JSON.
    pub(super) fn member(&self, place: Focus, name: &str) -> Option<String> {
        let json = &self.piece(place)?.json;
        let doc = parse(json.as_bytes(), Strictness::Event, &JsonLimits::default()).ok()?;
        let node = doc.member(Doc::ROOT, name, json.as_bytes())?;
        json.get(doc.range(node)).map(str::to_owned)
    }

    /// The type of an item or a part.
    pub(super) fn type_is(&self, place: Focus, word: &str) -> bool {
        let tag = self.spec.as_ref().and_then(|spec| self.member(place, &spec.tag));
        tag.is_some_and(|tag| tag.trim_matches('"') == word)
    }
}

impl Focus {
    pub(super) fn of_item(self) -> Self {
        Self { part: None, ..self }
    }

    pub(super) fn item_number(self) -> u64 {
        self.item
    }

    pub(super) fn part_number(self) -> Option<u64> {
        self.part.map(|(_, number)| number)
    }
}

impl Piece {
    fn size(&self) -> usize {
        self.json.len() + self.texts.values().map(String::len).sum::<usize>()
    }

    fn values(&self) -> Vec<(Path, String)> {
        let texts = self.texts.iter();
        texts.map(|(member, text)| (Path::read(member), format!("\"{text}\""))).collect()
    }

    fn shown(&self) -> String {
        put_in(&self.json, &self.values())
    }
}

impl Item {
    fn size(&self) -> usize {
        self.own.size() + self.parts.values().map(Piece::size).sum::<usize>()
    }
}

/// An event that was sent, read.
struct Sent<'e> {
    spec: &'e RememberSpec,
    doc: &'e Doc,
    data: &'e [u8],
}

impl<'e> Sent<'e> {
    fn member(&self, name: &str) -> Option<NodeId> {
        self.doc.member(Doc::ROOT, name, self.data)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.doc.integer(self.member(name)?, self.data)
    }

    fn role(&self) -> Option<&'e Role> {
        let tag = self.doc.string(self.member(&self.spec.tag)?, self.data)?;
        self.spec.roles.iter().find(|(event, _)| *event == *tag).map(|(_, role)| role)
    }

    fn object(&self, name: &str) -> Option<&'e str> {
        let range = self.doc.range(self.member(name)?);
        std::str::from_utf8(self.data.get(range)?).ok().filter(|json| json.starts_with('{'))
    }

    /// The piece of text as it is written, without its quotes.
    fn written(&self) -> Option<&'e str> {
        let token = self.data.get(self.doc.range(self.member(&self.spec.piece)?))?;
        std::str::from_utf8(token).ok()?.strip_prefix('"')?.strip_suffix('"')
    }

    fn place(&self, level: Level) -> Option<Focus> {
        let item = self.number(&self.spec.item.number)?;
        let part = match level {
            Level::Item => None,
            Level::Part(list) => {
                let (_, numbered) = self.spec.parts.get(list)?;
                Some((list, self.number(&numbered.number)?))
            }
        };
        Some(Focus { item, part })
    }
}

impl RememberSpec {
    fn at(&self, level: Level) -> &str {
        match level {
            Level::Item => &self.item.at,
            Level::Part(list) => self.parts.get(list).map_or("", |(_, numbered)| &numbered.at),
        }
    }
}

/// JSON with values put into members: over what stands there, or as new members of the object above.
pub(super) fn put_in(json: &str, values: &[(Path, String)]) -> String {
    let bytes = json.as_bytes();
    let Ok(doc) = parse(bytes, Strictness::Event, &JsonLimits::default()) else {
        return json.to_owned();
    };
    let mut patches: Vec<Patch> = Vec::new();
    let mut added: BTreeMap<NodeId, String> = BTreeMap::new();
    for (path, value) in values {
        let Some((above, name)) = path.split_last() else { continue };
        let step = |node, (name, _): &(String, bool)| doc.member(node, name, bytes);
        let holder = above.segments.iter().try_fold(Doc::ROOT, step);
        let Some(holder) = holder.filter(|&holder| doc.kind(holder) == Kind::Object) else {
            continue;
        };
        if let Some(node) = doc.member(holder, name, bytes) {
            patches.push(Patch { range: doc.range(node), bytes: value.clone().into_bytes() });
            continue;
        }
        let members = added.entry(holder).or_default();
        if !members.is_empty() || doc.children(holder).next().is_some() {
            members.push(',');
        }
        members.push_str(&String::from_utf8_lossy(&quote(name)));
        members.push(':');
        members.push_str(value);
    }
    for (holder, members) in added {
        let end = doc.range(holder).end.saturating_sub(1);
        patches.push(Patch { range: end..end, bytes: members.into_bytes() });
    }
    String::from_utf8_lossy(&apply(bytes, patches)).into_owned()
}
