//! A request: its passages, and the same bytes with some of them changed.
//!
//! It says what was asked for; what may be asked for is for policies and routes to say.

use std::sync::Arc;

use bytes::Bytes;

use super::BodyProblem;
use super::adjoining::{Adjoining, adjoining};
use super::form::Form;
use super::leaves::{Gathered, MediaPart, Reader};
use super::nodes::{all_at, at};
use super::rerouting::check_rerouting;
use super::splice::{PassageEdit, Place, Unsplicable, patches};
use crate::config::dialect_file::PromptShape;
use crate::domain::Passage;
use crate::wire::dialect::{Call, Calls, Dialect, Path, RequestSpec};
use crate::wire::inline_moderation::AskedModeration;
use crate::wire::json::{Doc, JsonLimits, Kind, NodeId, Strictness, apply, parse, remove_children};
use crate::wire::table::{By, Media};

/// A request body, read.
#[derive(Clone, Debug)]
pub struct Request {
    pub(super) dialect: Arc<Dialect>,
    bytes: Bytes,
    pub(super) boundary: Option<String>,
    pub(super) passages: Vec<Passage>,
    pub(super) places: Vec<Place>,
    media: Vec<MediaPart>,
    pub(super) unknown_leaves: usize,
    head: Head,
}

/// What the proxy must know of a request.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four facts that hold independently")]
struct Head {
    stream: bool,
    include_usage: bool,
    choices: u64,
    model: String,
    wants_json: bool,
    calls: Calls,
    /// Whether the member is there that asks for moderation.
    asks_moderation: bool,
}

/// The moderation that a request asks for, and its bytes without that.
pub type TakenModeration = (Option<AskedModeration>, Bytes);

/// The most answers that may be asked for at once: OpenAI's own limit for `n`.
const MOST_CHOICES: u64 = 128;

impl Request {
    /// Reads a body strictly. `messages` is the most messages that are taken.
    pub fn parse(
        dialect: &Arc<Dialect>,
        bytes: Bytes,
        limits: &JsonLimits,
        messages: usize,
    ) -> Result<Self, BodyProblem> {
        let (gathered, head) = gather(dialect, &bytes, limits, messages)?;
        Ok(Self::new(dialect, (bytes, None), gathered, head))
    }

    /// Reads a form strictly. `boundary` is what its content type says.
    pub fn parse_form(
        dialect: &Arc<Dialect>,
        (bytes, boundary): (Bytes, &str),
        limits: &JsonLimits,
        messages: usize,
    ) -> Result<Self, BodyProblem> {
        let form = Form::read(&dialect.request, &bytes, boundary)?;
        let (gathered, head) = gather(dialect, &form.json, limits, messages)?;
        let boundary = Some(boundary.to_owned());
        Ok(Self::new(dialect, (bytes, boundary), form.placed(gathered), head))
    }

    /// Reads another body of the same form as this one.
    pub fn again(
        &self,
        bytes: Bytes,
        limits: &JsonLimits,
        messages: usize,
    ) -> Result<Self, BodyProblem> {
        match self.boundary.as_deref() {
            Some(boundary) => Self::parse_form(&self.dialect, (bytes, boundary), limits, messages),
            None => Self::parse(&self.dialect, bytes, limits, messages),
        }
    }

    fn new(
        dialect: &Arc<Dialect>,
        (bytes, boundary): (Bytes, Option<String>),
        gathered: Gathered,
        head: Head,
    ) -> Self {
        let Gathered { passages, places, media, unknown_leaves } = gathered;
        let dialect = Arc::clone(dialect);
        Self { dialect, bytes, boundary, passages, places, media, unknown_leaves, head }
    }

    /// The dialect it was read in.
    pub fn dialect(&self) -> &Arc<Dialect> {
        &self.dialect
    }

    /// The body as it came.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Every text in it, in document order.
    pub fn passages(&self) -> &[Passage] {
        &self.passages
    }

    /// Texts that the model may read as one. The prompts of a list are apart from one another.
    pub fn adjoining(&self) -> Vec<Adjoining> {
        if self.dialect.request.prompt_is == PromptShape::Texts {
            return Vec::new();
        }
        adjoining(&self.passages, &self.places)
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

    /// The same request, for a model that its path names.
    #[must_use]
    pub fn for_model(mut self, model: Option<&str>) -> Self {
        if let Some(model) = model.filter(|_| self.head.model.is_empty()) {
            model.clone_into(&mut self.head.model);
        }
        self
    }

    /// What answers repeat of it.
    pub fn calls(&self) -> &Calls {
        &self.head.calls
    }

    /// Whether the answer must be JSON.
    pub fn wants_json(&self) -> bool {
        self.head.wants_json
    }

    /// The moderation that it asks for beside its answer, and its bytes without the member that asks; `None` where
    /// that member is not there.
    ///
    /// # Errors
    /// Where what is asked is not what can be asked.
    pub fn moderation(&self, limits: &JsonLimits) -> Result<Option<TakenModeration>, BodyProblem> {
        let field = self.dialect.moderation_field().filter(|_| self.head.asks_moderation);
        let Some(field) = field else { return Ok(None) };
        let doc = parse(&self.bytes, Strictness::Request, limits)?;
        let Some(node) = doc.member(Doc::ROOT, field, &self.bytes) else { return Ok(None) };
        let asked = AskedModeration::read(&doc, &self.bytes, (field, node))?;
        let without = remove_children(&doc, Doc::ROOT, |child| child == node);
        Ok(Some((asked, Bytes::from(apply(&self.bytes, without)))))
    }

    /// The body with passages changed; without changes, the very same bytes.
    pub fn splice(&self, edits: &[PassageEdit<'_>]) -> Result<Bytes, Unsplicable> {
        let path_of = |passage: usize| Some(self.passages.get(passage)?.path.clone());
        let patches = patches(&self.bytes, &path_of, &self.places, edits)?;
        if patches.is_empty() {
            return Ok(self.bytes.clone());
        }
        Ok(Bytes::from(apply(&self.bytes, patches)))
    }
}

/// Reads the JSON of a body: its texts, and what the proxy must know of it.
fn gather(
    dialect: &Arc<Dialect>,
    bytes: &[u8],
    limits: &JsonLimits,
    messages: usize,
) -> Result<(Gathered, Head), BodyProblem> {
    let doc = parse(bytes, Strictness::Request, limits)?;
    let spec = &dialect.request;
    check_top(spec, &doc, messages)?;
    check_rerouting(&doc, bytes)?;
    check_count(spec, &doc, bytes, messages)?;
    let mut reader = Reader::new(&doc, bytes, true, &spec.roles).with(&spec.sealed, &spec.turns);
    let walked = spec.table.walk(&doc, bytes, &mut |found| reader.read(&found));
    // First, because a key in other letters is the likelier mistake than one that is missing.
    walked.map_err(|twin| BodyProblem::twin(&twin, &doc, bytes))?;
    BodyProblem::of_texts(reader.gathered.passages.len())?;
    check_shape(spec, &doc, bytes)?;
    for part in unknown_parts(spec, &doc, bytes) {
        reader.note_media(part, Media::Unknown, By::Role);
    }
    let asked = dialect.moderation_field();
    let asked = asked.and_then(|field| doc.member(Doc::ROOT, field, bytes));
    let head = Head { asks_moderation: asked.is_some(), ..Head::read(spec, &doc, bytes)? };
    Ok((reader.gathered, head))
}

impl Head {
    fn read(spec: &RequestSpec, doc: &Doc, bytes: &[u8]) -> Result<Self, BodyProblem> {
        let find = |path: &Path| find(spec, doc, bytes, path);
        let node = |path: &Option<_>| path.as_ref().and_then(find);
        let flag = |path, default| {
            let said = node(path).map(|node| doc.kind(node)).filter(|kind| *kind != Kind::Null);
            said.map_or(default, |kind| kind == Kind::True)
        };
        let wanted = match node(&spec.choices).filter(|&node| doc.kind(node) != Kind::Null) {
            None => 1,
            Some(node) => {
                let small = doc.integer(node, bytes).filter(|n| (1..=MOST_CHOICES).contains(n));
                small.ok_or_else(|| BodyProblem::Field {
                    field: spec.choices.as_ref().map(ToString::to_string).unwrap_or_default(),
                    expected: "must be a whole number from 1 to 128",
                })?
            }
        };
        let prompt = prompt_of(spec, doc, bytes).filter(|_| spec.prompt_is == PromptShape::Texts);
        let prompts = prompt.map_or(1, |(_, node)| prompts(doc, node));
        let wants_json = spec.json.iter().filter_map(find).any(|node| {
            let said = doc.string(node, bytes);
            doc.kind(node) != Kind::Null && !said.is_some_and(|said| PROSE.contains(&&*said))
        });
        let model = find(&spec.model).and_then(|node| doc.string(node, bytes));
        Ok(Self {
            stream: flag(&spec.stream, spec.streams_by_default),
            include_usage: flag(&spec.usage, false),
            choices: wanted * prompts as u64,
            model: model.unwrap_or_default().into_owned(),
            wants_json,
            asks_moderation: false,
            calls: calls(spec, doc, bytes)?,
        })
    }
}

/// What calls a body is, where the dialect has calls.
fn calls(spec: &RequestSpec, doc: &Doc, bytes: &[u8]) -> Result<Calls, BodyProblem> {
    let Some(echo) = &spec.echo else { return Ok(Calls::default()) };
    let one = |node: NodeId| {
        let find = |path: &Path| all_at(doc, bytes, node, path).first().copied();
        let id = find(echo).filter(|&id| doc.kind(id) != Kind::Null);
        if id.is_some_and(|id| !matches!(doc.kind(id), Kind::String | Kind::Number)) {
            let expected = "must be a string or a number";
            return Err(BodyProblem::Field { field: echo.to_string(), expected });
        }
        let id = id.and_then(|id| bytes.get(doc.range(id))).unwrap_or_default();
        let method = spec.method.as_ref().and_then(find);
        let method = method.and_then(|method| doc.string(method, bytes)).unwrap_or_default();
        Ok(Call { echo: String::from_utf8_lossy(id).into_owned(), method: method.into_owned() })
    };
    if doc.kind(Doc::ROOT) == Kind::Array {
        return Ok(Calls::list(doc.children(Doc::ROOT).map(one).collect::<Result<_, _>>()?));
    }
    one(Doc::ROOT).map(Calls::one)
}

/// The top of a body is an object, or, where the dialect takes lists of bodies, a list of objects.
fn check_top(spec: &RequestSpec, doc: &Doc, limit: usize) -> Result<(), BodyProblem> {
    if doc.kind(Doc::ROOT) == Kind::Object {
        return Ok(());
    }
    if doc.kind(Doc::ROOT) != Kind::Array || !spec.listed {
        return Err(BodyProblem::NotAnObject);
    }
    let found = doc.children(Doc::ROOT).count();
    if found > limit {
        return Err(BodyProblem::TooManyMessages { found, limit, field: String::new() });
    }
    let is_object = |node| doc.kind(node) == Kind::Object;
    let all_are = found > 0 && doc.children(Doc::ROOT).all(is_object);
    if all_are { Ok(()) } else { Err(BodyProblem::NotAList) }
}

/// What fields that ask for an answer in JSON say where it may be prose.
const PROSE: [&str; 3] = ["", "text", "text/plain"];

/// The node at a path, in either spelling where the dialect knows two.
fn find(spec: &RequestSpec, doc: &Doc, bytes: &[u8], path: &Path) -> Option<NodeId> {
    let snake = || at(doc, bytes, &path.in_snake_case());
    at(doc, bytes, path).or_else(|| spec.table.reads_snake_case().then(snake).flatten())
}

/// The field with the prompt, and its name.
fn prompt_of(spec: &RequestSpec, doc: &Doc, bytes: &[u8]) -> Option<(String, NodeId)> {
    let field = |path: &Path| {
        let node = all_at(doc, bytes, Doc::ROOT, path).first().copied();
        let snake = || all_at(doc, bytes, Doc::ROOT, &path.in_snake_case()).first().copied();
        let node = node.or_else(|| spec.table.reads_snake_case().then(snake).flatten())?;
        Some((path.to_string(), node))
    };
    spec.prompt.iter().find_map(field)
}

/// There are not too many messages. Counted before any is read, because reading is what takes time.
fn check_count(
    spec: &RequestSpec,
    doc: &Doc,
    bytes: &[u8],
    limit: usize,
) -> Result<(), BodyProblem> {
    let prompt = prompt_of(spec, doc, bytes).filter(|_| spec.prompt_is == PromptShape::Objects);
    let Some((field, node)) = prompt.filter(|&(_, node)| doc.kind(node) == Kind::Array) else {
        return Ok(());
    };
    let found = doc.children(node).count();
    if found > limit {
        return Err(BodyProblem::TooManyMessages { found, limit, field });
    }
    Ok(())
}

fn check_shape(spec: &RequestSpec, doc: &Doc, bytes: &[u8]) -> Result<(), BodyProblem> {
    if let Some(path) = &spec.stream
        && let Some(node) = at(doc, bytes, path)
        && !matches!(doc.kind(node), Kind::True | Kind::False | Kind::Null)
    {
        let expected = "must be true or false";
        return Err(BodyProblem::Field { field: path.to_string(), expected });
    }
    let Some(first) = spec.prompt.first() else { return Ok(()) };
    let Some((field, node)) = prompt_of(spec, doc, bytes) else {
        return Err(BodyProblem::Field { field: first.to_string(), expected: "is required" });
    };
    let problem = |expected| Err(BodyProblem::Field { field: field.clone(), expected });
    match (spec.prompt_is, doc.kind(node)) {
        (PromptShape::Objects, Kind::Array) => {
            if doc.children(node).any(|message| doc.kind(message) != Kind::Object) {
                return problem("must be a list of objects");
            }
            Ok(())
        }
        (PromptShape::Objects, _) => problem("must be a list of messages"),
        (PromptShape::Texts, Kind::String | Kind::Array)
        | (PromptShape::Text, Kind::String)
        | (PromptShape::Any, _) => Ok(()),
        (PromptShape::Texts, _) => problem("must be a string or a list"),
        (PromptShape::Text, _) => problem("must be a string"),
    }
}

/// How many prompts there are. A list of numbers is one prompt, as token ids.
fn prompts(doc: &Doc, node: NodeId) -> usize {
    let is_token = |child| doc.kind(child) == Kind::Number;
    if doc.kind(node) != Kind::Array || doc.children(node).next().is_some_and(is_token) {
        return 1;
    }
    doc.children(node).count().max(1)
}

/// Content parts of a type that nobody named.
fn unknown_parts(spec: &RequestSpec, doc: &Doc, bytes: &[u8]) -> Vec<NodeId> {
    let Some((path, known)) = &spec.parts else { return Vec::new() };
    let is_unknown = |&part: &NodeId| {
        let Some(sort) = doc.member(part, spec.table.tag(), bytes) else { return false };
        let sort = doc.string(sort, bytes);
        !sort.is_some_and(|sort| known.iter().any(|known| *known == *sort))
    };
    all_at(doc, bytes, Doc::ROOT, path).into_iter().filter(is_unknown).collect()
}
