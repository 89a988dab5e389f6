//! A dialect is data: rows that say where text sits, who wrote it and how it may be changed.
//!
//! It knows no dialect and reads no document: `wire::visit` goes through one by what is compiled here.

use super::json::NodeId;
use super::visit::camel;
use crate::domain::{Author, EditClass, TextKind};

/// One row of a dialect: every string at `path`.
///
/// In a path, `[]` stands for every element of an array, `[word]` for those whose tag (`type`) is that
/// word, `[?member]` for those in which that member says something, `[-member]` for those that have no tag and in which
/// that member says nothing, `name<word>` for a member that is an object of that type, `*` for every key, and a final
/// `**` for everything below, keys included.
#[derive(Clone, Debug)]
pub struct Row {
    /// The tag that the whole document must have; any, without one.
    pub tag: Option<String>,
    /// Where.
    pub path: String,
    /// What the string is.
    pub leaf: Leaf,
}

/// What a string is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// Text to be screened.
    Text {
        /// Who wrote it.
        by: By,
        /// What sort of text.
        kind: TextKind,
        /// How it may be changed.
        edit: EditClass,
        /// The channel that it is a piece of, by its index in the dialect; `None` for a text by itself.
        channel: Option<u16>,
    },
    /// An id, an enum, a model name: nothing that anybody reads as text. Who reads a request checks
    /// that it looks like one.
    Skip,
    /// Media or a link to it.
    Media {
        /// What sort.
        sort: Media,
        /// Who sent it.
        by: By,
    },
}

/// How the author of a text is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// It is always the same.
    Always(Author),
    /// The `role` of the message says so.
    Role,
}

/// Parts that are not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Media {
    /// A picture or a film.
    Image,
    /// Sound.
    Audio,
    /// A file.
    File,
    /// A name of what the model's server keeps: an earlier answer, a conversation, a prompt. Its text is read from there.
    Stored,
    /// Token ids, embeddings, ciphertext.
    Unknown,
    /// What the `mimeType` or `media_type` beside it says.
    Typed,
}

impl Media {
    /// The word that policies and metrics use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::File => "file",
            Self::Stored => "stored",
            Self::Unknown | Self::Typed => "unknown",
        }
    }
}

/// How keys of documents are known.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The member that says the type of an object.
    pub tag: String,
    /// Whether `snake_case` stands for `camelCase`, as protobuf reads JSON.
    pub snake_case: bool,
}

impl Default for Keys {
    fn default() -> Self {
        Self { tag: "type".to_owned(), snake_case: false }
    }
}

/// Rows compiled for walking.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) steps: Vec<Step>,
    pub(super) keys: Keys,
}

impl Default for Table {
    /// A table without rows.
    fn default() -> Self {
        Self::new(&[], Keys::default())
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    /// The named keys; few enough that comparing with each beats hashing.
    pub(super) keys: Vec<(Box<str>, usize)>,
    pub(super) any_key: Option<usize>,
    pub(super) element: Option<usize>,
    /// Where an object of this type is read instead.
    pub(super) types: Vec<(Box<str>, usize)>,
    pub(super) leaf: Option<Leaf>,
    /// The leaf of everything below.
    pub(super) below: Option<Leaf>,
}

impl Step {
    /// The step behind a named key.
    pub(super) fn next(&self, name: &str) -> Option<usize> {
        self.keys.iter().find(|(key, _)| &**key == name).map(|&(_, next)| next)
    }
}

/// One string that the walk found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The node whose value it is, or whose key.
    pub node: NodeId,
    /// Whether it is the key of the node.
    pub is_key: bool,
    /// What it is; `None` where no row names it.
    pub leaf: Option<Leaf>,
}

/// What a walk can stumble over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwinKey {
    /// The node with the key.
    pub node: NodeId,
    /// The known key that lenient parsers would take it for.
    pub known: String,
}

impl Table {
    /// Compiles rows; of two for one place the later one counts.
    pub fn new<'r>(rows: impl IntoIterator<Item = &'r Row>, keys: Keys) -> Self {
        let mut table = Self { steps: vec![Step::default()], keys };
        for row in rows {
            table.add(row);
        }
        table.inherit();
        table.shrink();
        table
    }

    /// Lets go of room for steps that will not come: there are tens of tables of hundreds of steps.
    fn shrink(&mut self) {
        self.steps.shrink_to_fit();
        for step in &mut self.steps {
            step.keys.shrink_to_fit();
            step.types.shrink_to_fit();
        }
    }

    /// The same, where a document may also be a list of such documents.
    #[must_use]
    pub fn listed(mut self, listed: bool) -> Self {
        if let Some(top) = self.steps.first_mut().filter(|_| listed) {
            top.element.get_or_insert(0);
        }
        self
    }

    fn add(&mut self, row: &Row) {
        let (path, below) = match row.path.strip_suffix("**") {
            Some(path) => (path.trim_end_matches('.'), true),
            None => (row.path.as_str(), false),
        };
        let mut at = row.tag.as_deref().map_or(0, |tag| self.type_step(0, tag));
        for segment in path.split('.').filter(|segment| !segment.is_empty()) {
            let (name, brackets) = segment.split_once('[').unwrap_or((segment, ""));
            let (name, word) = match name.strip_suffix('>').and_then(|name| name.split_once('<')) {
                Some((name, word)) => (name, Some(word)),
                None => (name, None),
            };
            if !name.is_empty() {
                at = self.key_step(at, name);
            }
            if let Some(word) = word {
                at = self.type_step(at, word);
            }
            for bracket in brackets.split_terminator(']') {
                at = self.element_step(at);
                let word = bracket.trim_start_matches('[');
                if !word.is_empty() {
                    at = self.type_step(at, word);
                }
            }
        }
        if let Some(step) = self.steps.get_mut(at) {
            let leaf = if below { &mut step.below } else { &mut step.leaf };
            *leaf = Some(row.leaf);
        }
    }

    fn key_step(&mut self, at: usize, name: &str) -> usize {
        let next = self.steps.len();
        let Some(step) = self.steps.get_mut(at) else { return at };
        let slot = match (name, step.next(name)) {
            ("*", _) => *step.any_key.get_or_insert(next),
            (_, Some(known)) => known,
            (_, None) => {
                step.keys.push((Box::from(name), next));
                next
            }
        };
        self.made(slot)
    }

    fn element_step(&mut self, at: usize) -> usize {
        let next = self.steps.len();
        let Some(step) = self.steps.get_mut(at) else { return at };
        let slot = *step.element.get_or_insert(next);
        self.made(slot)
    }

    fn type_step(&mut self, at: usize, word: &str) -> usize {
        let next = self.steps.len();
        let Some(step) = self.steps.get_mut(at) else { return at };
        let known = step.types.iter().find(|(known, _)| &**known == word);
        let slot = known.map_or(next, |&(_, known)| known);
        if slot == next {
            step.types.push((Box::from(word), next));
        }
        self.made(slot)
    }

    /// Makes the step that was promised a place.
    fn made(&mut self, slot: usize) -> usize {
        if slot == self.steps.len() {
            self.steps.push(Step::default());
        }
        slot
    }

    /// Gives each step of a type what the step of all types has.
    fn inherit(&mut self) {
        let mut at = 0;
        while at < self.steps.len() {
            let types: Vec<usize> = self.types(at).map(|(_, own)| own).collect();
            for own in types {
                self.graft(at, own);
            }
            at += 1;
        }
    }

    fn types(&self, at: usize) -> impl Iterator<Item = (&str, usize)> {
        self.steps.get(at).into_iter().flat_map(|step| &step.types).map(|(word, at)| (&**word, *at))
    }

    /// Adds to one step what another one has and it has not.
    fn graft(&mut self, from: usize, to: usize) {
        let Some(source) = self.steps.get(from).cloned() else { return };
        let mut both = Vec::new();
        let Some(target) = self.steps.get_mut(to) else { return };
        target.leaf = target.leaf.or(source.leaf);
        target.below = target.below.or(source.below);
        for (name, theirs) in source.keys {
            match target.next(&name) {
                Some(own) => both.push((theirs, own)),
                None => target.keys.push((name, theirs)),
            }
        }
        for (theirs, own) in
            [(source.any_key, &mut target.any_key), (source.element, &mut target.element)]
        {
            match (theirs, *own) {
                (Some(theirs), Some(own)) => both.push((theirs, own)),
                (Some(_), None) => *own = theirs,
                (None, _) => {}
            }
        }
        for (theirs, own) in both.into_iter().filter(|(theirs, own)| theirs != own) {
            self.graft(theirs, own);
        }
    }

    /// The member that says the type of an object.
    pub fn tag(&self) -> &str {
        &self.keys.tag
    }

    /// Whether some row has this key.
    pub fn has_key(&self, key: &str) -> bool {
        let camel = if self.keys.snake_case { camel(key) } else { key.into() };
        self.steps.iter().any(|step| step.next(&camel).is_some())
    }

    /// Whether `snake_case` stands for `camelCase`.
    pub const fn reads_snake_case(&self) -> bool {
        self.keys.snake_case
    }
}
