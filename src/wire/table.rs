//! A dialect is data: rows that say where text sits, who wrote it and how it may be changed.
//!
//! What no row names is not safe: the walk reports it too, as an unknown leaf.

use std::collections::HashMap;

use super::json::{Doc, Kind, NodeId};
use crate::domain::{Author, EditClass, TextKind};

/// One row of a dialect: every string at `path`.
///
/// In a path, `[]` stands for every element of an array, `*` for every key, and a final `**` for
/// everything below, keys included.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Where.
    pub path: &'static str,
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
    },
    /// An id, an enum, a model name: nothing that anybody reads as text.
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
    /// Token ids, embeddings, ciphertext.
    Unknown,
}

impl Media {
    /// The word that policies and metrics use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::File => "file",
            Self::Unknown => "unknown",
        }
    }
}

/// A text row.
pub const fn text(path: &'static str, by: By, kind: TextKind, edit: EditClass) -> Row {
    Row { path, leaf: Leaf::Text { by, kind, edit } }
}

/// Rows for ids, enums and the like.
pub const fn skip(path: &'static str) -> Row {
    Row { path, leaf: Leaf::Skip }
}

/// A row for media.
pub const fn media(path: &'static str, sort: Media, by: By) -> Row {
    Row { path, leaf: Leaf::Media { sort, by } }
}

/// Rows compiled for walking.
#[derive(Debug, Default)]
pub struct Table {
    steps: Vec<Step>,
}

#[derive(Debug, Default)]
struct Step {
    keys: HashMap<&'static str, usize>,
    any_key: Option<usize>,
    element: Option<usize>,
    leaf: Option<Leaf>,
    /// The leaf of everything below.
    below: Option<Leaf>,
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
    pub known: &'static str,
}

impl Table {
    /// Compiles rows.
    pub fn new(groups: &[&[Row]]) -> Self {
        let mut table = Self { steps: vec![Step::default()] };
        for row in groups.iter().copied().flatten() {
            table.add(row);
        }
        table
    }

    fn add(&mut self, row: &Row) {
        let mut at = 0;
        for segment in row.path.split('.') {
            let (name, elements) = match segment.find('[') {
                Some(open) => segment.split_at(open),
                None => (segment, ""),
            };
            if name == "**" {
                if let Some(step) = self.steps.get_mut(at) {
                    step.below = Some(row.leaf);
                }
                return;
            }
            if !name.is_empty() {
                at = self.key_step(at, name);
            }
            for _ in 0..elements.len() / 2 {
                at = self.element_step(at);
            }
        }
        if let Some(step) = self.steps.get_mut(at) {
            step.leaf = Some(row.leaf);
        }
    }

    fn key_step(&mut self, at: usize, name: &'static str) -> usize {
        let next = self.steps.len();
        let Some(step) = self.steps.get_mut(at) else { return at };
        let slot = match name {
            "*" => *step.any_key.get_or_insert(next),
            _ => *step.keys.entry(name).or_insert(next),
        };
        if slot == next {
            self.steps.push(Step::default());
        }
        slot
    }

    fn element_step(&mut self, at: usize) -> usize {
        let next = self.steps.len();
        let Some(step) = self.steps.get_mut(at) else { return at };
        let slot = *step.element.get_or_insert(next);
        if slot == next {
            self.steps.push(Step::default());
        }
        slot
    }

    /// Visits every string of a document, keys of unnamed and free-form objects included, in
    /// document order. An error is a key that lenient parsers take for a known one.
    pub fn walk(
        &self,
        doc: &Doc,
        bytes: &[u8],
        visit: &mut dyn FnMut(Found),
    ) -> Result<(), TwinKey> {
        self.visit(doc, bytes, (Doc::ROOT, Place::At(0)), visit)
    }

    fn visit(
        &self,
        doc: &Doc,
        bytes: &[u8],
        (node, place): (NodeId, Place),
        visit: &mut dyn FnMut(Found),
    ) -> Result<(), TwinKey> {
        let kind = doc.kind(node);
        match kind {
            Kind::String => visit(Found { node, is_key: false, leaf: self.leaf(place) }),
            Kind::Object | Kind::Array => {
                for child in doc.children(node) {
                    let next = self.next(doc, bytes, (child, kind == Kind::Object), place)?;
                    if kind == Kind::Object
                        && let Place::Below(leaf) = next
                    {
                        visit(Found { node: child, is_key: true, leaf: leaf.map(as_key) });
                    }
                    self.visit(doc, bytes, (child, next), visit)?;
                }
            }
            // Numbers where media is expected are token ids.
            Kind::Number => {
                if let Some(leaf @ Leaf::Media { .. }) = self.leaf(place) {
                    visit(Found { node, is_key: false, leaf: Some(leaf) });
                }
            }
            Kind::True | Kind::False | Kind::Null => {}
        }
        Ok(())
    }

    fn leaf(&self, place: Place) -> Option<Leaf> {
        match place {
            Place::At(step) => self.steps.get(step).and_then(|step| step.leaf),
            Place::Below(leaf) => leaf,
        }
    }

    fn next(
        &self,
        doc: &Doc,
        bytes: &[u8],
        (child, in_object): (NodeId, bool),
        place: Place,
    ) -> Result<Place, TwinKey> {
        let step = match place {
            Place::Below(leaf) => return Ok(Place::Below(leaf)),
            Place::At(step) => step,
        };
        let Some(step) = self.steps.get(step) else { return Ok(Place::Below(None)) };
        if !in_object {
            return Ok(step.element.map_or(Place::Below(step.below), Place::At));
        }
        let key = doc.key(child, bytes).unwrap_or_default();
        if let Some(&next) = step.keys.get(&*key) {
            return Ok(Place::At(next));
        }
        if let Some(next) = step.any_key {
            return Ok(Place::At(next));
        }
        if let Some(leaf) = step.below {
            return Ok(Place::Below(Some(leaf)));
        }
        if let Some(known) = step.keys.keys().find(|known| is_twin(&key, known)) {
            return Err(TwinKey { node: child, known });
        }
        Ok(Place::Below(None))
    }
}

#[derive(Clone, Copy)]
enum Place {
    At(usize),
    Below(Option<Leaf>),
}

/// A key is text of the same author that cannot be changed.
fn as_key(leaf: Leaf) -> Leaf {
    match leaf {
        Leaf::Text { by, kind, .. } => Leaf::Text { by, kind, edit: EditClass::Fixed },
        Leaf::Skip | Leaf::Media { .. } => leaf,
    }
}

/// Whether a lenient parser takes `key` for `known`: letters of either case, and the two characters
/// that Go's JSON parser folds to ASCII letters (U+017F to `s`, U+212A to `k`).
fn is_twin(key: &str, known: &str) -> bool {
    let fold = |c: char| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        c => c.to_ascii_lowercase(),
    };
    key.chars().map(fold).eq(known.chars().map(fold))
}
