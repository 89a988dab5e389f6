//! A request: its passages, and the same bytes with some of them changed.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use bytes::Bytes;
use thiserror::Error;

use super::{BodyProblem, Dialect};
use crate::domain::{Author, EditClass, Passage, Rewrite, TextKind};
use crate::wire::json::{
    Doc, JsonLimits, Kind, NodeId, Patch, Strictness, apply, parse, quote, splice_token,
};
use crate::wire::table::{By, Found, Leaf, Media};

/// A request body, read.
#[derive(Clone, Debug)]
pub struct Request {
    dialect: Dialect,
    bytes: Bytes,
    passages: Vec<Passage>,
    places: Vec<Place>,
    media: Vec<MediaPart>,
    unknown_leaves: usize,
    head: Head,
}

/// What the proxy must know of a request.
#[derive(Clone, Debug, Default)]
struct Head {
    stream: bool,
    include_usage: bool,
    choices: u64,
    model: String,
    wants_json: bool,
}

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

/// Changes of one passage.
#[derive(Clone, Copy, Debug)]
pub struct PassageEdit<'r> {
    /// Index of the passage.
    pub passage: usize,
    /// What to replace in its text; ordered and apart.
    pub rewrites: &'r [Rewrite],
}

/// A change that the wire format does not allow.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the text at `{path}` cannot be changed in place")]
pub struct Unsplicable {
    /// Where the text sits.
    pub path: String,
}

/// Where a passage is written.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// In the string token at these bytes.
    Token(Range<usize>),
    /// In a string token (these bytes of its text) of the JSON that the token at these bytes holds.
    Inner { token: Range<usize>, inner: Range<usize> },
    /// Somewhere that is never changed.
    Fixed,
}

impl Request {
    /// Reads a body strictly. `messages` is the most messages that are taken.
    pub fn parse(
        dialect: Dialect,
        bytes: Bytes,
        limits: &JsonLimits,
        messages: usize,
    ) -> Result<Self, BodyProblem> {
        let doc = parse(&bytes, Strictness::Request, limits)?;
        if doc.kind(Doc::ROOT) != Kind::Object {
            return Err(BodyProblem::NotAnObject);
        }
        check_shape(dialect, &doc, &bytes, messages)?;
        let mut found = Vec::new();
        dialect.request_table().walk(&doc, &bytes, &mut |leaf| found.push(leaf)).map_err(
            |twin| BodyProblem::TwinKey {
                key: doc.key(twin.node, &bytes).unwrap_or_default().chars().take(40).collect(),
                known: twin.known,
            },
        )?;
        let mut reader = Reader { doc: &doc, bytes: &bytes, gathered: Gathered::default() };
        for leaf in &found {
            reader.read(leaf);
        }
        let Gathered { passages, places, media, unknown_leaves } = reader.gathered;
        let head = Head::read(dialect, &doc, &bytes)?;
        Ok(Self { dialect, bytes, passages, places, media, unknown_leaves, head })
    }

    /// The dialect it was read in.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The body as it came.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Every text in it, in document order.
    pub fn passages(&self) -> &[Passage] {
        &self.passages
    }

    /// Every part that is not text.
    pub fn media(&self) -> &[MediaPart] {
        &self.media
    }

    /// How many strings no row of the dialect's table names; they are passages all the same.
    pub fn unknown_leaves(&self) -> usize {
        self.unknown_leaves
    }

    /// Whether a stream is asked for.
    pub fn stream(&self) -> bool {
        self.head.stream
    }

    /// Whether the stream shall end with a usage chunk.
    pub fn include_usage(&self) -> bool {
        self.head.include_usage
    }

    /// How many answers are asked for.
    pub fn choices(&self) -> u64 {
        self.head.choices
    }

    /// The model asked for.
    pub fn model(&self) -> &str {
        &self.head.model
    }

    /// Whether the answer must be JSON.
    pub fn wants_json(&self) -> bool {
        self.head.wants_json
    }

    /// The body with passages changed; without changes, the very same bytes.
    pub fn splice(&self, edits: &[PassageEdit<'_>]) -> Result<Bytes, Unsplicable> {
        splice(&self.bytes, &self.passages, &self.places, edits)
    }
}

/// Passages gathered from a document.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) passages: Vec<Passage>,
    pub(super) places: Vec<Place>,
    pub(super) media: Vec<MediaPart>,
    pub(super) unknown_leaves: usize,
}

/// Turns leaves into passages.
pub(super) struct Reader<'d> {
    pub(super) doc: &'d Doc,
    pub(super) bytes: &'d [u8],
    pub(super) gathered: Gathered,
}

impl Reader<'_> {
    pub(super) fn read(&mut self, found: &Found) {
        let range = if found.is_key {
            self.doc.key_range(found.node).unwrap_or_default()
        } else {
            self.doc.range(found.node)
        };
        match found.leaf {
            Some(Leaf::Skip) => {}
            Some(Leaf::Media { sort, by }) => self.media(found.node, sort, by),
            Some(Leaf::Text { by, kind, edit }) => {
                let author = self.author(by, found.node);
                if edit == EditClass::JsonInString && !found.is_key {
                    self.inner(found.node, author, kind);
                } else {
                    self.add(found.node, (author, kind, edit), range);
                }
            }
            None => {
                self.gathered.unknown_leaves += 1;
                let what = (Author::Unknown, TextKind::Meta, EditClass::Fixed);
                self.add(found.node, what, range);
            }
        }
    }

    fn add(
        &mut self,
        node: NodeId,
        (author, kind, edit): (Author, TextKind, EditClass),
        range: Range<usize>,
    ) {
        let text = self.bytes.get(range.clone()).map(crate::wire::json::decode).unwrap_or_default();
        if text.is_empty() {
            return;
        }
        let place = if edit == EditClass::Plain { Place::Token(range) } else { Place::Fixed };
        self.gathered.passages.push(Passage {
            path: path_of(self.doc, self.bytes, node),
            author,
            kind,
            edit,
            turn: turn_of(self.doc, node),
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
        let inner_bytes = text.as_bytes();
        let limits = JsonLimits::default();
        let Ok(inner) = parse(inner_bytes, Strictness::Response, &limits) else {
            return self.add(node, (author, kind, EditClass::Fixed), token);
        };
        let base = path_of(self.doc, self.bytes, node);
        let turn = turn_of(self.doc, node);
        for leaf in 0..inner.len() {
            let path = || format!("{base}.{}", path_of(&inner, inner_bytes, leaf));
            if let Some(key) = inner.key(leaf, inner_bytes).filter(|key| !key.is_empty()) {
                let edit = EditClass::Fixed;
                let text = key.into_owned();
                let passage = Passage { path: path(), author, kind, edit, turn, text };
                self.gathered.passages.push(passage);
                self.gathered.places.push(Place::Fixed);
            }
            if let Some(text) = inner.string(leaf, inner_bytes).filter(|text| !text.is_empty()) {
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
        let author = self.author(by, node);
        let path = path_of(self.doc, self.bytes, node);
        let text = self.doc.string(node, self.bytes).unwrap_or_default();
        if let Some(decoded) = text_of_data_url(&text) {
            self.gathered.passages.push(Passage {
                path,
                author,
                kind: TextKind::ToolResult,
                edit: EditClass::Fixed,
                turn: turn_of(self.doc, node),
                text: decoded,
            });
            self.gathered.places.push(Place::Fixed);
            return;
        }
        if !text.starts_with("data:") && self.doc.kind(node) == Kind::String && sort != Media::Audio
        {
            // An address is text that the model and its tools read.
            self.add(node, (author, TextKind::Meta, EditClass::Fixed), self.doc.range(node));
        }
        self.gathered.media.push(MediaPart { path, sort, author });
    }

    fn author(&self, by: By, node: NodeId) -> Author {
        match by {
            By::Always(author) => author,
            By::Role => role_of(self.doc, self.bytes, node),
        }
    }
}

impl Head {
    fn read(dialect: Dialect, doc: &Doc, bytes: &[u8]) -> Result<Self, BodyProblem> {
        let member = |key: &str| doc.member(Doc::ROOT, key, bytes);
        let flag = |node: Option<NodeId>| node.is_some_and(|node| doc.kind(node) == Kind::True);
        let options = member("stream_options");
        let include_usage = options.and_then(|node| doc.member(node, "include_usage", bytes));
        let format = member("response_format").and_then(|node| doc.member(node, "type", bytes));
        let format = format.and_then(|node| doc.string(node, bytes));
        let wanted = match member("n").filter(|&node| doc.kind(node) != Kind::Null) {
            None => 1,
            Some(node) => {
                doc.integer(node, bytes).filter(|n| (1..=128).contains(n)).ok_or_else(|| {
                    BodyProblem::Field {
                        field: "n".to_owned(),
                        expected: "must be a whole number from 1 to 128",
                    }
                })?
            }
        };
        let prompts = match dialect {
            Dialect::Chat => 1,
            Dialect::Completions => member("prompt")
                .filter(|&node| doc.kind(node) == Kind::Array)
                .map_or(1, |node| doc.children(node).count().max(1)),
        };
        let model = member("model").and_then(|node| doc.string(node, bytes));
        Ok(Self {
            stream: flag(member("stream")),
            include_usage: flag(include_usage),
            choices: wanted * prompts as u64,
            model: model.unwrap_or_default().into_owned(),
            wants_json: format.is_some_and(|format| format != "text"),
        })
    }
}

fn check_shape(dialect: Dialect, doc: &Doc, bytes: &[u8], limit: usize) -> Result<(), BodyProblem> {
    if let Some(node) = doc.member(Doc::ROOT, "stream", bytes)
        && !matches!(doc.kind(node), Kind::True | Kind::False | Kind::Null)
    {
        let expected = "must be true or false";
        return Err(BodyProblem::Field { field: "stream".to_owned(), expected });
    }
    let field = dialect.prompt_param();
    let node = doc.member(Doc::ROOT, field, bytes);
    let problem = |expected| Err(BodyProblem::Field { field: field.to_owned(), expected });
    match (dialect, node.map(|node| (node, doc.kind(node)))) {
        (Dialect::Chat, Some((node, Kind::Array))) => {
            let found = doc.children(node).count();
            if found > limit {
                return Err(BodyProblem::TooManyMessages { found, limit });
            }
            if doc.children(node).any(|message| doc.kind(message) != Kind::Object) {
                return problem("must be a list of objects");
            }
            Ok(())
        }
        (Dialect::Chat, Some(_)) => problem("must be a list of messages"),
        (Dialect::Completions, Some((_, Kind::String | Kind::Array))) => Ok(()),
        (Dialect::Completions, Some(_)) => problem("must be a string or a list"),
        (_, None) => problem("is required"),
    }
}

/// The changed bytes, shared by requests and answers.
pub(super) fn splice(
    bytes: &Bytes,
    passages: &[Passage],
    places: &[Place],
    edits: &[PassageEdit<'_>],
) -> Result<Bytes, Unsplicable> {
    let patches = patches(bytes, passages, places, edits)?;
    if patches.is_empty() {
        return Ok(bytes.clone());
    }
    Ok(Bytes::from(apply(bytes, patches)))
}

/// The changes of bytes that edits of passages come to.
pub(super) fn patches(
    bytes: &[u8],
    passages: &[Passage],
    places: &[Place],
    edits: &[PassageEdit<'_>],
) -> Result<Vec<Patch>, Unsplicable> {
    let mut patches: Vec<Patch> = Vec::new();
    let mut inner: Vec<(Range<usize>, Vec<Patch>)> = Vec::new();
    for edit in edits.iter().filter(|edit| !edit.rewrites.is_empty()) {
        let cuts: Vec<(Range<usize>, String)> =
            edit.rewrites.iter().map(|r| (r.span.range(), r.replacement.clone())).collect();
        match places.get(edit.passage) {
            Some(Place::Token(range)) => {
                let token = bytes.get(range.clone()).unwrap_or_default();
                patches.push(Patch { range: range.clone(), bytes: splice_token(token, &cuts) });
            }
            Some(Place::Inner { token, inner: range }) => {
                let outer = bytes.get(token.clone()).map(crate::wire::json::decode);
                let text = outer.unwrap_or_default();
                let leaf = text.as_bytes().get(range.clone()).unwrap_or_default();
                let patch = Patch { range: range.clone(), bytes: splice_token(leaf, &cuts) };
                match inner.iter_mut().find(|(known, _)| known == token) {
                    Some((_, patches)) => patches.push(patch),
                    None => inner.push((token.clone(), vec![patch])),
                }
            }
            Some(Place::Fixed) | None => {
                let path = passages.get(edit.passage).map(|passage| passage.path.clone());
                return Err(Unsplicable { path: path.unwrap_or_default() });
            }
        }
    }
    for (token, changes) in inner {
        let text = bytes.get(token.clone()).map(crate::wire::json::decode).unwrap_or_default();
        let changed = apply(text.as_bytes(), changes);
        let changed = String::from_utf8_lossy(&changed).into_owned();
        patches.push(Patch { range: token, bytes: quote(&changed) });
    }
    Ok(patches)
}

/// A node's place for people: `messages[3].content[0].text`.
pub(super) fn path_of(doc: &Doc, bytes: &[u8], node: NodeId) -> String {
    let mut steps = Vec::new();
    let mut at = node;
    while let Some(parent) = doc.parent(at) {
        if let Some(key) = doc.key(at, bytes) {
            steps.push(format!(".{}", key.chars().take(40).collect::<String>()));
        } else {
            let index = doc.children(parent).position(|child| child == at).unwrap_or(0);
            steps.push(format!("[{index}]"));
        }
        at = parent;
    }
    steps.reverse();
    let path = steps.concat();
    path.strip_prefix('.').map(str::to_owned).unwrap_or(path)
}

/// The element of the list right below the top that a node stands in: its message.
fn message_of(doc: &Doc, node: NodeId) -> Option<NodeId> {
    let mut at = node;
    let mut below = None;
    let mut below_that = None;
    while let Some(parent) = doc.parent(at) {
        (below_that, below) = (below, Some(at));
        at = parent;
    }
    let list = below?;
    (doc.kind(list) == Kind::Array).then_some(below_that)?
}

fn turn_of(doc: &Doc, node: NodeId) -> Option<usize> {
    let message = message_of(doc, node)?;
    let list = doc.parent(message)?;
    doc.children(list).position(|child| child == message)
}

fn role_of(doc: &Doc, bytes: &[u8], node: NodeId) -> Author {
    let message = message_of(doc, node);
    let role = message.and_then(|message| doc.member(message, "role", bytes));
    match role.and_then(|role| doc.string(role, bytes)).as_deref() {
        Some("system" | "developer") => Author::System,
        Some("user") => Author::User,
        Some("assistant") => Author::Assistant,
        Some("tool" | "function") => Author::Tool,
        Some(_) | None => Author::Unknown,
    }
}

/// The text of a data URL whose media type is a text.
fn text_of_data_url(url: &str) -> Option<String> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let media = head.split(';').next().unwrap_or_default().to_ascii_lowercase();
    let is_text = media.is_empty()
        || media.starts_with("text/")
        || ["application/json", "application/xml", "application/csv"].contains(&media.as_str());
    if !is_text {
        return None;
    }
    if !head.ends_with(";base64") {
        return Some(data.to_owned());
    }
    let data = data.trim();
    let bytes = STANDARD.decode(data).or_else(|_| STANDARD_NO_PAD.decode(data)).ok()?;
    String::from_utf8(bytes).ok()
}
