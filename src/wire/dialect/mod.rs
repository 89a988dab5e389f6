//! A dialect is data: where text sits in an API's requests, answers and streams, who wrote it, how it may be
//! changed, and how refusals and endings look there.
//!
//! Dialect files say it (`config/dialects`, and an operator's own); here they are compiled and looked up.
//! It reads no bodies and no events: `wire::body` does, by what is said here.

mod builtin;
mod calls;
mod compile;
mod inherit;
mod like;
mod memory;
mod moderation;
mod paths;
mod places;
mod refusal;
mod rows;
mod shapes;
mod template;
mod voice;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use builtin::{builtin, resolve};
pub use calls::{Call, Calls};
pub use compile::{DialectProblem, compile};
pub use memory::{MOST_REMEMBERED, Memory};
pub use moderation::ModerationResults;
pub use places::without_keys;
pub use refusal::Blocked;
pub(in crate::wire) use rows::{ChannelSpec, KeySource};
pub use shapes::{AnswerMeta, Cut, RefusalShape, Said};

use super::table::{Leaf, Media, Table};
use crate::config::dialect_file::{DialectFile, Framing, PromptShape};
use crate::domain::Author;
use moderation::ModerationSpec;
use paths::Pattern;
use shapes::Shapes;

/// Methods with their paths.
type Endpoints = Vec<(String, Pattern)>;

/// One API.
#[derive(Clone, Debug)]
pub struct Dialect {
    name: Arc<str>,
    file: Arc<DialectFile>,
    paths: Vec<Pattern>,
    pass: Endpoints,
    refuse: Endpoints,
    because: Vec<(String, Pattern, String)>,
    pub(in crate::wire) request: RequestSpec,
    pub(in crate::wire) response: AnswerSpec,
    pub(in crate::wire) stream: Option<StreamSpec>,
    pub(in crate::wire) shapes: Shapes,
    pub(in crate::wire) moderation: Option<ModerationSpec>,
}

/// Requests.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts of an API that hold independently")]
pub(in crate::wire) struct RequestSpec {
    pub(in crate::wire) table: Table,
    pub(in crate::wire) turns: Vec<Path>,
    pub(in crate::wire) prompt: Vec<Path>,
    pub(in crate::wire) prompt_is: PromptShape,
    pub(in crate::wire) model: Path,
    pub(in crate::wire) model_in_path: bool,
    pub(in crate::wire) stream: Option<Path>,
    pub(in crate::wire) streams_by_default: bool,
    pub(in crate::wire) answered_either_way: bool,
    pub(in crate::wire) echo: Option<Path>,
    pub(in crate::wire) method: Option<Path>,
    pub(in crate::wire) listed: bool,
    pub(in crate::wire) headers: Vec<(String, Leaf)>,
    pub(in crate::wire) usage: Option<Path>,
    pub(in crate::wire) choices: Option<Path>,
    pub(in crate::wire) json: Vec<Path>,
    pub(in crate::wire) parts: Option<(Path, Vec<String>)>,
    pub(in crate::wire) history: Option<HistorySpec>,
    pub(in crate::wire) roles: Roles,
    pub(in crate::wire) sealed: Vec<String>,
    pub(in crate::wire) any_content_type: bool,
    pub(in crate::wire) form: bool,
}

/// What turns hang on one another by.
#[derive(Clone, Debug)]
pub(in crate::wire) struct HistorySpec {
    pub(in crate::wire) turns: Path,
    pub(in crate::wire) links: Vec<Path>,
    pub(in crate::wire) results: Vec<Path>,
    pub(in crate::wire) leads: Vec<String>,
    pub(in crate::wire) alternates: bool,
}

/// Who wrote a message.
#[derive(Clone, Debug)]
pub(in crate::wire) struct Roles {
    pub(in crate::wire) member: String,
    names: Vec<(String, Author)>,
    default: Author,
}

impl Roles {
    /// The author of a message by its role.
    pub(in crate::wire) fn author(&self, role: Option<&str>) -> Author {
        let Some(role) = role else { return self.default };
        let own = self.names.iter().find(|(name, _)| name == role).map(|&(_, author)| author);
        own.unwrap_or(match role {
            "system" | "developer" => Author::System,
            "user" => Author::User,
            "assistant" => Author::Assistant,
            "tool" | "function" => Author::Tool,
            _ => Author::Unknown,
        })
    }
}

impl Default for Roles {
    fn default() -> Self {
        Self { member: "role".to_owned(), names: Vec::new(), default: Author::Unknown }
    }
}

/// Whole answers.
#[derive(Clone, Debug)]
pub(in crate::wire) struct AnswerSpec {
    pub(in crate::wire) table: Table,
    pub(in crate::wire) unit: Option<String>,
    pub(in crate::wire) turns: Vec<Path>,
    pub(in crate::wire) media_body: Option<Media>,
    pub(in crate::wire) text_body: Option<Leaf>,
    pub(in crate::wire) sealed: Vec<String>,
    pub(in crate::wire) coupled: Vec<(Path, Vec<u8>)>,
}

/// Streamed answers.
#[derive(Clone, Debug)]
pub(in crate::wire) struct StreamSpec {
    pub(in crate::wire) framing: Framing,
    pub(in crate::wire) table: Table,
    pub(in crate::wire) channels: Vec<ChannelSpec>,
    /// The members of events that number parts, each once.
    pub(in crate::wire) numbers: Vec<String>,
    pub(in crate::wire) unit: Option<String>,
    pub(in crate::wire) tag: Option<String>,
    pub(in crate::wire) sealed: Vec<String>,
    pub(in crate::wire) done: Option<String>,
    pub(in crate::wire) finished_by: Vec<Path>,
    pub(in crate::wire) ends_with_stream: bool,
    pub(in crate::wire) finished_at: Vec<String>,
    pub(in crate::wire) opens: Vec<(String, Vec<KeySource>)>,
    pub(in crate::wire) closes: Vec<Closing>,
    pub(in crate::wire) remember: Option<Arc<memory::RememberSpec>>,
    pub(in crate::wire) error_field: Option<String>,
    pub(in crate::wire) errors: Vec<String>,
    pub(in crate::wire) meta: [Option<Path>; 3],
    pub(in crate::wire) coupled: Vec<(Path, Vec<u8>)>,
    pub(in crate::wire) tokens: Vec<(Path, Vec<u8>)>,
}

/// What ends with an event.
#[derive(Clone, Debug)]
pub(in crate::wire) struct Closing {
    /// The type of the event.
    pub(in crate::wire) tag: String,
    /// The channel; without one, all channels of the part.
    pub(in crate::wire) channel: Option<Arc<str>>,
    /// What numbers the part.
    pub(in crate::wire) keys: Vec<KeySource>,
}

/// A path below an object: keys, each with whether every element of the list there is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::wire) struct Path {
    pub(in crate::wire) segments: Vec<(String, bool)>,
}

impl Path {
    pub(in crate::wire) fn read(text: &str) -> Self {
        let segment = |segment: &str| match segment.strip_suffix("[]") {
            Some(name) => (name.to_owned(), true),
            None => (segment.to_owned(), false),
        };
        Self { segments: text.split('.').filter(|s| !s.is_empty()).map(segment).collect() }
    }

    /// The same path as protobuf reads it too.
    pub(in crate::wire) fn in_snake_case(&self) -> Self {
        let snake = |(name, each): &(String, bool)| {
            let mut snake = String::with_capacity(name.len() + 4);
            for c in name.chars() {
                if c.is_ascii_uppercase() {
                    snake.push('_');
                }
                snake.push(c.to_ascii_lowercase());
            }
            (snake, *each)
        };
        Self { segments: self.segments.iter().map(snake).collect() }
    }

    /// The name of the member that it ends at, and the path of the object that it is a member of.
    pub(in crate::wire) fn split_last(&self) -> Option<(Self, &str)> {
        let ((name, _), above) = self.segments.split_last()?;
        Some((Self { segments: above.to_vec() }, name))
    }

    /// The path below the elements of a list right below the top, if it leads through them.
    pub(in crate::wire) fn below(&self, list: &str) -> Option<Self> {
        let (first, rest) = self.segments.split_first()?;
        (first.0 == list && first.1).then(|| Self { segments: rest.to_vec() })
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, (name, each)) in self.segments.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            write!(f, "{dot}{name}{}", if *each { "[]" } else { "" })?;
        }
        Ok(())
    }
}

/// What becomes of a request by its method and path.
#[derive(Clone, Debug)]
pub enum Posture {
    /// It is read by this dialect and screened.
    Screen(Arc<Dialect>),
    /// It carries no text of people or models.
    Pass(Arc<Dialect>),
    /// The path is one of the dialect's, and the method or the endpoint is not served.
    Refuse(Arc<Dialect>),
    /// Nobody knows it.
    Unknown,
}

impl Posture {
    /// The dialect in which errors are told.
    pub fn voice(&self) -> Arc<Dialect> {
        match self {
            Self::Screen(dialect) | Self::Pass(dialect) | Self::Refuse(dialect) => {
                Arc::clone(dialect)
            }
            Self::Unknown => Dialects::fallback(),
        }
    }
}

/// The dialects that are known, an operator's own before those that are built in.
#[derive(Clone, Debug)]
pub struct Dialects {
    all: Vec<Arc<Dialect>>,
}

impl Default for Dialects {
    fn default() -> Self {
        Self { all: builtin().to_vec() }
    }
}

impl Dialects {
    /// These dialects before the ones that are built in. One of the same name takes its place.
    pub fn with(own: Vec<Arc<Dialect>>) -> Self {
        let mut all = own;
        let more = builtin().iter().filter(|built| all.iter().all(|own| own.name != built.name));
        let more: Vec<Arc<Dialect>> = more.cloned().collect();
        all.extend(more);
        Self { all }
    }

    /// The dialect in which errors are told where nobody knows which one the client speaks: the one that
    /// most speak.
    ///
    /// # Panics
    /// Never: it is built in.
    pub fn fallback() -> Arc<Dialect> {
        let chat = builtin().iter().find(|dialect| &*dialect.name == "openai.chat");
        Arc::clone(chat.expect("openai.chat is built in"))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Dialect>> {
        self.all.iter()
    }

    /// The dialect of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Dialect>> {
        self.all.iter().find(|dialect| &*dialect.name == name)
    }

    /// The dialect in which a POST to a path is read; of several, the one whose pattern says most.
    pub fn of_path(&self, path: &str, query: Option<&str>) -> Option<&Arc<Dialect>> {
        let weight = |dialect: &Arc<Dialect>| dialect.weight(path, query);
        let fitting = self.all.iter().filter_map(|dialect| Some((weight(dialect)?, dialect)));
        // Of equals the first counts, so that an operator's own comes before ours.
        fitting.rev_max().map(|(_, dialect)| dialect)
    }

    /// What becomes of a request.
    pub fn posture(&self, method: &str, (path, query): (&str, Option<&str>)) -> Posture {
        if method == "POST"
            && let Some(dialect) = self.of_path(path, query)
        {
            return Posture::Screen(Arc::clone(dialect));
        }
        // Of several that fit, the one that says most is meant; of equals, the refusal.
        let weigh = |list: fn(&Dialect) -> &Endpoints| {
            let weight = |(own, pattern): &(String, Pattern)| {
                let fits = (own == method || own == "*") && pattern.fits(path, query);
                fits.then(|| pattern.weight())
            };
            let heaviest = |dialect: &Arc<Dialect>| list(dialect).iter().filter_map(weight).max();
            self.all.iter().filter_map(|dialect| Some((heaviest(dialect)?, dialect))).rev_max()
        };
        match (weigh(|dialect| &dialect.pass), weigh(|dialect| &dialect.refuse)) {
            (Some((pass, dialect)), refuse) if refuse.is_none_or(|(refuse, _)| pass > refuse) => {
                return Posture::Pass(Arc::clone(dialect));
            }
            (_, Some((_, dialect))) => return Posture::Refuse(Arc::clone(dialect)),
            (_, None) => {}
        }
        self.of_path(path, query)
            .map_or(Posture::Unknown, |dialect| Posture::Refuse(Arc::clone(dialect)))
    }
}

/// The first of the greatest.
trait RevMax<'d>: Iterator<Item = (usize, &'d Arc<Dialect>)> + Sized {
    fn rev_max(self) -> Option<(usize, &'d Arc<Dialect>)> {
        self.fold(None, |best, one| match best {
            Some((weight, _)) if weight >= one.0 => best,
            _ => Some(one),
        })
    }
}

impl<'d, I: Iterator<Item = (usize, &'d Arc<Dialect>)>> RevMax<'d> for I {}

impl Dialect {
    /// Its name in routes, records and metrics.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The file that it was made from, everything inherited filled in.
    pub fn file(&self) -> &DialectFile {
        &self.file
    }

    /// Why an endpoint is refused and what to do instead, where the dialect says it.
    pub fn why_refused(&self, method: &str, path: &str) -> Option<&str> {
        let fits = |(own, pattern, _): &&(String, Pattern, String)| {
            (own == method || own == "*") && pattern.fits(path, None)
        };
        let fitting = self.because.iter().filter(fits);
        fitting.max_by_key(|(_, pattern, _)| pattern.weight()).map(|(.., why)| why.as_str())
    }

    /// The paths under which it is served, as patterns.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(Pattern::as_str)
    }

    /// The model that a path names, in dialects where it stands there.
    pub fn model_of_path<'p>(&self, path: &'p str) -> Option<&'p str> {
        let in_path = self.request.model_in_path;
        let mut fitting = self.paths.iter().filter(|pattern| in_path && pattern.fits_path(path));
        fitting.find_map(|pattern| pattern.last_star(path))
    }

    /// The field that holds the prompt, for `param` in errors.
    pub fn prompt_param(&self) -> Option<&str> {
        self.file.request.prompt.first().map(String::as_str)
    }

    /// Whether a body is JSON whatever its content type says.
    pub const fn takes_any_content_type(&self) -> bool {
        self.request.any_content_type
    }

    /// Whether a body is a form.
    pub const fn takes_form(&self) -> bool {
        self.request.form
    }

    /// Whether an answer may be plain text.
    pub const fn has_text_body(&self) -> bool {
        self.response.text_body.is_some()
    }

    /// What stands in a header of requests, by its name in small letters; `None` where the dialect has no use for it.
    /// Of several patterns that fit, the one that says most is meant.
    pub(in crate::wire) fn header(&self, name: &str) -> Option<Leaf> {
        let fits = |pattern: &str| match pattern.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == pattern,
        };
        let fitting = self.request.headers.iter().filter(|(pattern, _)| fits(pattern));
        fitting.max_by_key(|(pattern, _)| pattern.len()).map(|&(_, leaf)| leaf)
    }

    /// Whether a header of requests is read here, so that it may be passed on.
    pub fn reads_header(&self, name: &str) -> bool {
        self.header(name).is_some()
    }

    /// Whether the type of an answer says if it is a stream.
    pub const fn is_answered_either_way(&self) -> bool {
        self.request.answered_either_way
    }

    /// What an answer is that is no JSON, where it may be something else.
    pub const fn media_body(&self) -> Option<Media> {
        self.response.media_body
    }

    /// Whether a streamed answer may go on behind what says that it is over.
    pub fn ends_with_stream(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| stream.ends_with_stream)
    }

    /// Whether answers may be streams.
    pub const fn streams(&self) -> bool {
        self.stream.is_some()
    }

    fn weight(&self, path: &str, query: Option<&str>) -> Option<usize> {
        self.paths.iter().filter(|pattern| pattern.fits(path, query)).map(Pattern::weight).max()
    }
}
