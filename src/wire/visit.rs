//! Visits every string of a document, and says what the rows of a table make of it.
//!
//! What no row names is not safe: it is reported too, as an unknown leaf.

use super::json::{Doc, Kind, NodeId};
use super::table::{Found, Leaf, Media, Table, TwinKey};
use crate::domain::{EditClass, TextKind};

impl Table {
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
            Kind::Object => self.object(node, place)?,
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

    fn object(&mut self, node: NodeId, place: Place) -> Result<(), TwinKey> {
        let place = self.of_its_type(node, place);
        // Of keys that are read as the same one, the second is somebody else's.
        let mut taken: Vec<usize> = Vec::new();
        for child in self.doc.children(node) {
            let next = self.member(child, place)?;
            if let (true, Place::At(step), Place::At(_)) = (self.table.keys.snake_case, next, place)
            {
                if taken.contains(&step) && !self.is_any_key(place, step) {
                    let known = self.doc.key(child, self.bytes).unwrap_or_default();
                    return Err(TwinKey { node: child, known: camel(&known).into_owned() });
                }
                taken.push(step);
            }
            self.node(child, next)?;
        }
        Ok(())
    }

    fn is_any_key(&self, place: Place, next: usize) -> bool {
        let Place::At(step) = place else { return true };
        self.table.steps.get(step).is_some_and(|step| step.any_key == Some(next))
    }

    /// Where an object is read, by what it says of its type.
    fn of_its_type(&self, node: NodeId, place: Place) -> Place {
        let Place::At(at) = place else { return place };
        let Some(step) = self.table.steps.get(at).filter(|step| !step.types.is_empty()) else {
            return place;
        };
        let says = |name: &str| {
            let kind = self.doc.member(node, name, self.bytes).map(|member| self.doc.kind(member));
            kind.is_some_and(|kind| !matches!(kind, Kind::Null | Kind::False))
        };
        let find = |is: &dyn Fn(&str) -> bool| {
            step.types.iter().find(|(word, _)| is(word)).map(|&(_, at)| Place::At(at))
        };
        if let Some(found) = find(&|word| word.strip_prefix('?').is_some_and(says)) {
            return found;
        }
        let tag = self.doc.member(node, &self.table.keys.tag, self.bytes);
        let found = match tag.and_then(|tag| self.doc.string(tag, self.bytes)) {
            Some(tag) => find(&|word| *word == *tag),
            None => find(&|word| word.strip_prefix('-').is_some_and(|name| !says(name))),
        };
        found.unwrap_or(place)
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
            Some(Leaf::Text { by, kind: TextKind::Schema, edit: EditClass::Fixed, channel })
                if matches!(
                    self.doc.key(node, self.bytes).as_deref(),
                    Some("description" | "title")
                ) =>
            {
                Some(Leaf::Text { by, kind: TextKind::Schema, edit: EditClass::Plain, channel })
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
                | Leaf::Text { by, kind: TextKind::Text, edit: EditClass::Plain, .. },
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
                let camel = if self.table.keys.snake_case { camel(&key) } else { (&*key).into() };
                if let Some(next) = step.next(&key).or_else(|| step.next(&camel)) {
                    return Ok(Place::At(next));
                }
                if let Some(next) = step.any_key {
                    let leaf = self.table.steps.get(next).and_then(|step| step.leaf);
                    (Place::At(next), Some(leaf.map_or(Leaf::Skip, as_key)))
                } else if let Some(leaf) = step.below {
                    let data = is_data(Some(leaf), &key);
                    (Place::Below { leaf: Some(leaf), data }, Some(as_key(leaf)))
                } else if let Some((known, _)) =
                    step.keys.iter().find(|(known, _)| is_twin(&camel, known))
                {
                    return Err(TwinKey { node: child, known: String::from(&**known) });
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
        Leaf::Text { by, kind, .. } => {
            Leaf::Text { by, kind, edit: EditClass::Fixed, channel: None }
        }
        Leaf::Skip | Leaf::Media { .. } => leaf,
    }
}

/// A key in `snake_case` as protobuf reads it.
pub(super) fn camel(key: &str) -> std::borrow::Cow<'_, str> {
    if !key.contains('_') {
        return key.into();
    }
    let mut upper = false;
    let mut camel = String::with_capacity(key.len());
    for c in key.chars() {
        if c == '_' {
            upper = true;
        } else {
            camel.push(if std::mem::take(&mut upper) { c.to_ascii_uppercase() } else { c });
        }
    }
    camel.into()
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
