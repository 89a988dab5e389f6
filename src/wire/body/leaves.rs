//! From the strings that a table finds to passages: text, author, path and place.
//!
//! It knows rows, not fields: which field is which text is said in dialect files.

use std::ops::Range;

use super::data_url;
use super::splice::Place;
use crate::domain::{Author, EditClass, Passage, TextKind};
use crate::wire::dialect::{Path, Roles};
use crate::wire::json::{Doc, JsonLimits, Kind, NodeId, Strictness, decode, parse};
use crate::wire::table::{By, Found, Leaf, Media};

/// The longest string that is taken for a name where names stand: model names with their registry
/// are the longest that are seen, far below this.
const LONGEST_NAME: usize = 128;

/// Members that say the media type of what stands beside them.
const MEDIA_TYPES: [&str; 4] = ["mimeType", "mime_type", "media_type", "mediaType"];

/// The most characters of an unknown key that a path shows.
pub(super) const KEY_IN_PATH: usize = 40;

/// A part that is not text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaPart {
    /// Where it sits.
    pub path: String,
    /// What sort.
    pub sort: Media,
    /// Who sent it.
    pub author: Author,
}

/// Passages gathered from a document.
#[derive(Debug, Default)]
pub(in crate::wire) struct Gathered {
    pub(in crate::wire) passages: Vec<Passage>,
    pub(super) places: Vec<Place>,
    pub(super) media: Vec<MediaPart>,
    pub(super) unknown_leaves: usize,
}

/// Turns leaves into passages.
pub(in crate::wire) struct Reader<'d> {
    doc: &'d Doc,
    bytes: &'d [u8],
    /// Whether a client wrote it: then what stands in the place of a name must look like one.
    wary: bool,
    roles: &'d Roles,
    /// Members beside which a text is never changed.
    sealed: &'d [String],
    /// Lists right below the top whose elements are turns.
    turns: &'d [Path],
    /// The author of the message that was read last.
    role: Option<(NodeId, Author)>,
    pub(in crate::wire) gathered: Gathered,
}

impl<'d> Reader<'d> {
    /// A reader of a document. `wary` where a client wrote it.
    pub(in crate::wire) fn new(
        doc: &'d Doc,
        bytes: &'d [u8],
        wary: bool,
        roles: &'d Roles,
    ) -> Self {
        Self {
            doc,
            bytes,
            wary,
            roles,
            sealed: &[],
            turns: &[],
            role: None,
            gathered: Gathered::default(),
        }
    }

    /// The same, with members beside which a text is never changed, and lists of turns.
    pub(super) fn with(self, sealed: &'d [String], turns: &'d [Path]) -> Self {
        Self { sealed, turns, ..self }
    }

    pub(in crate::wire) fn read(&mut self, found: &Found) {
        let Found { node, is_key, leaf } = *found;
        let range = if is_key {
            self.doc.key_range(node).unwrap_or_default()
        } else {
            self.doc.range(node)
        };
        match leaf {
            Some(Leaf::Skip) if !self.wary || self.is_name(&range) => {}
            Some(Leaf::Skip) if self.is_seal(node, &range) => {}
            Some(Leaf::Skip) | None => {
                self.gathered.unknown_leaves += 1;
                let what = (Author::Unknown, TextKind::Meta, EditClass::Fixed);
                self.add(node, what, range);
            }
            Some(Leaf::Media { sort, by }) => self.media(node, sort, by),
            Some(Leaf::Text { by, kind, edit, .. }) => {
                let author = self.author(by, node);
                let sealed = is_sealed(self.doc, self.bytes, node, self.sealed);
                let edit = if sealed { EditClass::Fixed } else { edit };
                if edit == EditClass::JsonInString && !is_key {
                    self.inner(node, author, kind);
                } else {
                    self.add(node, (author, kind, edit), range);
                }
            }
        }
    }

    /// Base64 whose media type stands beside it. Texts are texts; of everything else only the sort is known.
    fn typed_media(&mut self, node: NodeId, data: &str, by: By) {
        let (doc, bytes) = (self.doc, self.bytes);
        let beside =
            |parent| MEDIA_TYPES.iter().filter_map(move |name| doc.member(parent, name, bytes));
        let types: Vec<String> = doc
            .parent(node)
            .into_iter()
            .flat_map(beside)
            .filter_map(|node| doc.string(node, bytes))
            .map(|text| text.to_ascii_lowercase())
            .collect();
        let is = |prefix: &str| types.iter().any(|media| media.starts_with(prefix));
        let text = data_url::text_of_base64(data)
            .filter(|_| types.iter().any(|media| data_url::is_text_type(media)));
        if let Some(text) = text {
            let passage = Passage {
                path: path_of(self.doc, self.bytes, node),
                author: self.author(by, node),
                kind: TextKind::ToolResult,
                edit: EditClass::Fixed,
                turn: self.turn_of(node),
                text,
            };
            self.gathered.passages.push(passage);
            self.gathered.places.push(Place::Fixed);
            return;
        }
        let sort = match (is("image/") || is("video/"), is("audio/")) {
            (true, _) => Media::Image,
            (_, true) => Media::Audio,
            _ if types.is_empty() => Media::Unknown,
            _ => Media::File,
        };
        self.note_media(node, sort, by);
    }

    /// A part that is not text, whatever stands in it.
    pub(super) fn note_media(&mut self, node: NodeId, sort: Media, by: By) {
        let author = self.author(by, node);
        let path = path_of(self.doc, self.bytes, node);
        self.gathered.media.push(MediaPart { path, sort, author });
    }

    /// Whether a string is a signature: as long as it may be, and of the letters of names.
    fn is_seal(&self, node: NodeId, range: &Range<usize>) -> bool {
        let key = self.doc.key(node, self.bytes);
        key.is_some_and(|key| self.sealed.iter().any(|seal| *seal == *key))
            && self.has_letters_of_names(range)
    }

    /// Whether a string looks like an id, an enum or a model name. Templates of models write roles
    /// and ids into the prompt, so a sentence in their place is text.
    fn is_name(&self, range: &Range<usize>) -> bool {
        range.len() <= LONGEST_NAME + 2 && self.has_letters_of_names(range)
    }

    fn has_letters_of_names(&self, range: &Range<usize>) -> bool {
        let token = self.bytes.get(range.clone()).unwrap_or_default();
        let inside = token.get(1..token.len().saturating_sub(1)).unwrap_or_default();
        inside.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"-_./:@+=~".contains(&byte))
    }

    fn add(
        &mut self,
        node: NodeId,
        (author, kind, edit): (Author, TextKind, EditClass),
        range: Range<usize>,
    ) {
        let text = self.bytes.get(range.clone()).map(decode).unwrap_or_default();
        if text.is_empty() {
            return;
        }
        let place = match edit {
            EditClass::Plain | EditClass::ObjectLeaf => Place::Token(range.clone()),
            EditClass::JsonInString | EditClass::Fixed | EditClass::Opaque => Place::Fixed,
        };
        let is_key = self.doc.key_range(node).is_some_and(|key| key == range);
        let place = if is_key { Place::Key } else { place };
        self.gathered.passages.push(Passage {
            path: path_of(self.doc, self.bytes, node),
            author,
            kind,
            edit,
            turn: self.turn_of(node),
            text: text.into_owned(),
        });
        self.gathered.places.push(place);
    }

    /// A string that holds JSON: each string inside is a passage; if it is not JSON, the whole is.
    fn inner(&mut self, node: NodeId, author: Author, kind: TextKind) {
        let token = self.doc.range(node);
        let Some(text) = self.doc.string(node, self.bytes).filter(|text| !text.is_empty()) else {
            return;
        };
        let bytes = text.as_bytes();
        let Ok(inner) = parse(bytes, Strictness::Response, &JsonLimits::default()) else {
            return self.add(node, (author, kind, EditClass::Fixed), token);
        };
        let base = path_of(self.doc, self.bytes, node);
        let turn = self.turn_of(node);
        for leaf in 0..inner.len() {
            let path = || joined(&base, &path_of(&inner, bytes, leaf));
            if let Some(key) = inner.key(leaf, bytes).filter(|key| !key.is_empty()) {
                let edit = EditClass::Fixed;
                let text = key.into_owned();
                let passage = Passage { path: path(), author, kind, edit, turn, text };
                self.gathered.passages.push(passage);
                self.gathered.places.push(Place::Key);
            }
            if let Some(text) = inner.string(leaf, bytes).filter(|text| !text.is_empty()) {
                let edit = EditClass::JsonInString;
                let text = text.into_owned();
                let passage = Passage { path: path(), author, kind, edit, turn, text };
                self.gathered.passages.push(passage);
                let place = Place::Inner { token: token.clone(), inner: inner.range(leaf) };
                self.gathered.places.push(place);
            }
        }
    }

    /// Media. A data URL of a text type is text; anything else cannot be screened.
    fn media(&mut self, node: NodeId, sort: Media, by: By) {
        let text = self.doc.string(node, self.bytes).unwrap_or_default();
        if let Some(decoded) = data_url::text_of(&text) {
            let passage = Passage {
                path: path_of(self.doc, self.bytes, node),
                author: self.author(by, node),
                kind: TextKind::ToolResult,
                edit: EditClass::Fixed,
                turn: self.turn_of(node),
                text: decoded,
            };
            self.gathered.passages.push(passage);
            self.gathered.places.push(Place::Fixed);
            return;
        }
        if sort == Media::Typed {
            return self.typed_media(node, &text, by);
        }
        let is_id = sort == Media::Stored && self.is_name(&self.doc.range(node));
        let readable = self.doc.kind(node) == Kind::String && sort != Media::Audio && !is_id;
        if readable && !text.starts_with("data:") && !data_url::is_base64(&text) {
            // An address is text that the model and its tools read.
            let author = self.author(by, node);
            self.add(node, (author, TextKind::Meta, EditClass::Fixed), self.doc.range(node));
        }
        self.note_media(node, sort, by);
    }

    /// The index of the message, the item, the prompt or the answer that a node stands in.
    fn turn_of(&self, node: NodeId) -> Option<usize> {
        self.message_of(node).map(|message| self.doc.index(message))
    }

    /// The message, the item, the prompt or the answer that a node stands in: an element of a list of turns, and no
    /// object below one, whatever that says of a role.
    fn message_of(&self, node: NodeId) -> Option<NodeId> {
        let mut trail = vec![node];
        let mut at = node;
        while let Some(parent) = self.doc.parent(at).filter(|&parent| parent != Doc::ROOT) {
            trail.push(parent);
            at = parent;
        }
        trail.reverse();
        self.turns.iter().find_map(|turns| {
            let mut nodes = trail.iter().copied();
            for (name, each) in &turns.segments {
                let member = nodes.next()?;
                if self.doc.key(member, self.bytes)? != name.as_str() {
                    return None;
                }
                if *each {
                    nodes.next()?;
                }
            }
            let message = nodes.next()?;
            self.doc.key_range(message).is_none().then_some(message)
        })
    }

    fn author(&mut self, by: By, node: NodeId) -> Author {
        let message = match by {
            By::Always(author) => return author,
            By::Role => self.message_of(node),
        };
        let Some(message) = message else { return Author::Unknown };
        match self.role {
            Some((known, author)) if known == message => author,
            _ => {
                let role = self.doc.member(message, &self.roles.member, self.bytes);
                let role = role.and_then(|role| self.doc.string(role, self.bytes));
                let author = self.roles.author(role.as_deref());
                self.role = Some((message, author));
                author
            }
        }
    }
}

/// A node's place for people: `messages[3].content[0].text`.
pub(super) fn path_of(doc: &Doc, bytes: &[u8], node: NodeId) -> String {
    let mut trail = Vec::with_capacity(8);
    let mut at = node;
    while let Some(parent) = doc.parent(at) {
        trail.push(at);
        at = parent;
    }
    let mut path = String::with_capacity(32);
    for step in trail.into_iter().rev() {
        let Some(key) = doc.key(step, bytes) else {
            path.push('[');
            path.push_str(&doc.index(step).to_string());
            path.push(']');
            continue;
        };
        if !path.is_empty() {
            path.push('.');
        }
        path.extend(key.chars().take(KEY_IN_PATH));
    }
    path
}

fn joined(base: &str, path: &str) -> String {
    let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    format!("{base}{dot}{path}")
}

/// Whether something beside a text says that it must stay as it is: a signature in its object, or in an object
/// around it up to the part or the item.
pub(super) fn is_sealed(doc: &Doc, bytes: &[u8], node: NodeId, sealed: &[String]) -> bool {
    if sealed.is_empty() {
        return false;
    }
    let mut at = node;
    while let Some(parent) = doc.parent(at).filter(|&parent| parent != Doc::ROOT) {
        let is_there = |key: &String| {
            doc.member(parent, key, bytes).is_some_and(|seal| doc.kind(seal) != Kind::Null)
        };
        if doc.kind(parent) == Kind::Object && sealed.iter().any(is_there) {
            return true;
        }
        at = parent;
    }
    false
}
