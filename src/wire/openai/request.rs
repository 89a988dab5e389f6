//! A request: its passages, and the same bytes with some of them changed.
//!
//! It says what was asked for; what may be asked for is for policies and routes to say.

use bytes::Bytes;

use super::leaves::{Gathered, MediaPart, Reader};
use super::splice::{PassageEdit, Place, Unsplicable, patches};
use super::{BodyProblem, Dialect};
use crate::domain::Passage;
use crate::wire::json::{Doc, JsonLimits, Kind, NodeId, Strictness, apply, parse};
use crate::wire::table::{By, Media};

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

/// The most answers that may be asked for at once: OpenAI's own limit for `n`.
const MOST_CHOICES: u64 = 128;

/// Types of content parts whose texts and media the tables name. A part of another type may hold
/// anything, so it is media of an unknown sort, whatever strings of it are screened.
const KNOWN_PARTS: [&str; 10] = [
    "text",
    "refusal",
    "thinking",
    "image_url",
    "video_url",
    "audio_url",
    "input_audio",
    "file",
    // vLLM takes the part names of the Responses API too.
    "input_text",
    "output_text",
];

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
        let mut reader = Reader::new(&doc, &bytes, true);
        let table = dialect.request_table();
        let walked = table.walk(&doc, &bytes, &mut |found| reader.read(&found));
        // First, because a key in other letters is the likelier mistake than one that is missing.
        walked.map_err(|twin| BodyProblem::twin(&twin, &doc, &bytes))?;
        check_shape(dialect, &doc, &bytes, messages)?;
        for part in unknown_parts(&doc, &bytes) {
            reader.note_media(part, Media::Unknown, By::Role);
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
        let path_of = |passage: usize| Some(self.passages.get(passage)?.path.clone());
        let patches = patches(&self.bytes, &path_of, &self.places, edits)?;
        if patches.is_empty() {
            return Ok(self.bytes.clone());
        }
        Ok(Bytes::from(apply(&self.bytes, patches)))
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
                let small = doc.integer(node, bytes).filter(|n| (1..=MOST_CHOICES).contains(n));
                small.ok_or_else(|| BodyProblem::Field {
                    field: "n".to_owned(),
                    expected: "must be a whole number from 1 to 128",
                })?
            }
        };
        let prompts = match dialect {
            Dialect::Chat => 1,
            Dialect::Completions => member("prompt").map_or(1, |node| prompts(doc, node)),
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

/// How many prompts there are. A list of numbers is one prompt, as token ids.
fn prompts(doc: &Doc, node: NodeId) -> usize {
    let is_token = |child| doc.kind(child) == Kind::Number;
    if doc.kind(node) != Kind::Array || doc.children(node).next().is_some_and(is_token) {
        return 1;
    }
    doc.children(node).count().max(1)
}

/// Content parts of a type that nobody named.
fn unknown_parts(doc: &Doc, bytes: &[u8]) -> Vec<NodeId> {
    let member = |node, key| doc.member(node, key, bytes);
    let list = |node| doc.kind(node) == Kind::Array;
    let messages = member(Doc::ROOT, "messages").filter(|&node| list(node));
    let messages = messages.into_iter().flat_map(|node| doc.children(node));
    let contents = messages.filter_map(|message| member(message, "content"));
    let parts = contents.filter(|&content| list(content)).flat_map(|list| doc.children(list));
    let is_unknown = |&part: &NodeId| {
        let Some(sort) = member(part, "type") else { return false };
        !doc.string(sort, bytes).is_some_and(|sort| KNOWN_PARTS.contains(&&*sort))
    };
    parts.filter(is_unknown).collect()
}
