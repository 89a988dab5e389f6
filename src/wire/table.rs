//! A dialect is data: rows that say where text sits, who wrote it and how it may be changed.
//!
//! It knows no dialect. What no row names is not safe: the walk reports it too, as an unknown leaf.

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
    /// The named keys; few enough that comparing with each beats hashing.
    keys: Vec<(&'static str, usize)>,
    any_key: Option<usize>,
    element: Option<usize>,
    leaf: Option<Leaf>,
    /// The leaf of everything below.
    below: Option<Leaf>,
}

impl Step {
    /// The step behind a named key.
    fn next(&self, name: &str) -> Option<usize> {
        self.keys.iter().find(|(key, _)| *key == name).map(|&(_, next)| next)
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
        let (path, below) = match row.path.strip_suffix(".**") {
            Some(path) => (path, true),
            None => (row.path, false),
        };
        let mut at = 0;
        for segment in path.split('.') {
            let name = segment.trim_end_matches("[]");
            if !name.is_empty() {
                at = self.key_step(at, name);
            }
            for _ in 0..(segment.len() - name.len()) / 2 {
                at = self.element_step(at);
            }
        }
        if let Some(step) = self.steps.get_mut(at) {
            let leaf = if below { &mut step.below } else { &mut step.leaf };
            *leaf = Some(row.leaf);
        }
    }

    fn key_step(&mut self, at: usize, name: &'static str) -> usize {
        let next = self.steps.len();
        let Some(step) = self.steps.get_mut(at) else { return at };
        let slot = match (name, step.next(name)) {
            ("*", _) => *step.any_key.get_or_insert(next),
            (_, Some(known)) => known,
            (_, None) => {
                step.keys.push((name, next));
                next
            }
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
    /// document order; of numbers, those that stand where text or media is expected, since they are
    /// token ids (one for each run). An error is a key that lenient parsers take for a known one.
    pub fn walk(
        &self,
        doc: &Doc,
        bytes: &[u8],
        visit: &mut dyn FnMut(Found),
    ) -> Result<(), TwinKey> {
        Walk { table: self, doc, bytes, visit }.node(Doc::ROOT, Place::At(0))
    }
}

struct Walk<'w> {
    table: &'w Table,
    doc: &'w Doc,
    bytes: &'w [u8],
    visit: &'w mut dyn FnMut(Found),
}

/// Where in a table a node stands.
#[derive(Clone, Copy)]
enum Place {
    /// At a step of its own.
    At(usize),
    /// Below the last step, in a free-form area or where no row leads.
    Below {
        leaf: Option<Leaf>,
        /// Inside a value that a schema gives as data: a default, an example.
        data: bool,
    },
}

impl Walk<'_> {
    fn node(&mut self, node: NodeId, place: Place) -> Result<(), TwinKey> {
        match self.doc.kind(node) {
            Kind::String => {
                let leaf = self.leaf(node, place);
                (self.visit)(Found { node, is_key: false, leaf });
            }
            Kind::Object => {
                for child in self.doc.children(node) {
                    let next = self.member(child, place)?;
                    self.node(child, next)?;
                }
            }
            Kind::Array => {
                let next = match place {
                    Place::Below { .. } => place,
                    Place::At(step) => self.element(step),
                };
                for child in self.doc.children(node) {
                    self.node(child, next)?;
                }
            }
            Kind::Number => self.number(node, place),
            Kind::True | Kind::False | Kind::Null => {}
        }
        Ok(())
    }

    /// The leaf of a string. What describes a part of a schema may be changed, for it is prose; all
    /// else in a schema has a meaning to machines.
    fn leaf(&self, node: NodeId, place: Place) -> Option<Leaf> {
        let leaf = match place {
            Place::At(step) => return self.table.steps.get(step).and_then(|step| step.leaf),
            Place::Below { leaf, data: true } => return leaf,
            Place::Below { leaf, data: false } => leaf,
        };
        match leaf {
            Some(Leaf::Text { by, kind: TextKind::Schema, edit: EditClass::Fixed })
                if matches!(
                    self.doc.key(node, self.bytes).as_deref(),
                    Some("description" | "title")
                ) =>
            {
                Some(Leaf::Text { by, kind: TextKind::Schema, edit: EditClass::Plain })
            }
            leaf => leaf,
        }
    }

    /// Numbers where text or media is expected are token ids.
    fn number(&mut self, node: NodeId, place: Place) {
        let Place::At(step) = place else { return };
        let by = match self.table.steps.get(step).and_then(|step| step.leaf) {
            Some(
                Leaf::Media { by, .. }
                | Leaf::Text { by, kind: TextKind::Text, edit: EditClass::Plain },
            ) => by,
            Some(Leaf::Text { .. } | Leaf::Skip) | None => return,
        };
        let before = node.saturating_sub(1);
        let in_a_run = self.doc.index(node) > 0
            && self.doc.parent(before) == self.doc.parent(node)
            && self.doc.kind(before) == Kind::Number;
        if !in_a_run {
            let leaf = Some(Leaf::Media { sort: Media::Unknown, by });
            (self.visit)(Found { node, is_key: false, leaf });
        }
    }

    fn element(&self, step: usize) -> Place {
        let step = self.table.steps.get(step);
        let below = Place::Below { leaf: step.and_then(|step| step.below), data: false };
        step.and_then(|step| step.element).map_or(below, Place::At)
    }

    /// Where a member of an object stands. Its key is visited too, unless a row names it.
    fn member(&mut self, child: NodeId, place: Place) -> Result<Place, TwinKey> {
        let key = self.doc.key(child, self.bytes).unwrap_or_default();
        let (next, leaf) = match place {
            Place::Below { leaf, data } => {
                let data = data || is_data(leaf, &key);
                (Place::Below { leaf, data }, leaf.map(as_key))
            }
            Place::At(step) => {
                let Some(step) = self.table.steps.get(step) else { return Ok(place) };
                if let Some(next) = step.next(&key) {
                    return Ok(Place::At(next));
                }
                if let Some(next) = step.any_key {
                    let leaf = self.table.steps.get(next).and_then(|step| step.leaf);
                    (Place::At(next), Some(leaf.map_or(Leaf::Skip, as_key)))
                } else if let Some(leaf) = step.below {
                    let data = is_data(Some(leaf), &key);
                    (Place::Below { leaf: Some(leaf), data }, Some(as_key(leaf)))
                } else if let Some(known) =
                    step.keys.iter().map(|(known, _)| *known).find(|known| is_twin(&key, known))
                {
                    return Err(TwinKey { node: child, known });
                } else {
                    (Place::Below { leaf: None, data: false }, None)
                }
            }
        };
        let is_name = matches!(leaf, None | Some(Leaf::Text { .. } | Leaf::Skip));
        if is_name {
            (self.visit)(Found { node: child, is_key: true, leaf });
        }
        Ok(next)
    }
}

/// Whether a key of a schema holds data, whose `title` is not a description of anything.
fn is_data(leaf: Option<Leaf>, key: &str) -> bool {
    matches!(leaf, Some(Leaf::Text { kind: TextKind::Schema, .. }))
        && matches!(key, "default" | "const" | "enum" | "examples" | "example")
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
