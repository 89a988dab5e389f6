//! A dialect is data: rows that say where text sits, who wrote it and how it may be changed.
//!
//! It knows no dialect. What no row names is not safe: the walk reports it too, as an unknown leaf.

use super::json::{Doc, Kind, NodeId};
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
    steps: Vec<Step>,
    keys: Keys,
}

impl Default for Table {
    /// A table without rows.
    fn default() -> Self {
        Self::new(&[], Keys::default())
    }
}

#[derive(Clone, Debug, Default)]
struct Step {
    /// The named keys; few enough that comparing with each beats hashing.
    keys: Vec<(Box<str>, usize)>,
    any_key: Option<usize>,
    element: Option<usize>,
    /// Where an object of this type is read instead.
    types: Vec<(Box<str>, usize)>,
    leaf: Option<Leaf>,
    /// The leaf of everything below.
    below: Option<Leaf>,
}

impl Step {
    /// The step behind a named key.
    fn next(&self, name: &str) -> Option<usize> {
        self.keys.iter().find(|(key, _)| &**key == name).map(|&(_, next)| next)
    }
}

/// Places of a table, as the steps that lead there, with what stands there.
#[cfg(test)]
pub(crate) type Places = Vec<(Vec<String>, Leaf)>;

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

    /// Every place that a row names, as the steps that lead there: keys, `*`, `[]`, `<type>`, and `**` for what is
    /// below. Of a list of documents, only the places of one.
    #[cfg(test)]
    pub(in crate::wire) fn places(&self) -> Places {
        let (mut places, mut open) = (Vec::new(), vec![(Vec::<String>::new(), 0)]);
        while let Some((path, at)) = open.pop() {
            let Some(step) = self.steps.get(at) else { continue };
            let below = |word: String| path.iter().cloned().chain([word]).collect::<Vec<_>>();
            places.extend(step.leaf.map(|leaf| (path.clone(), leaf)));
            places.extend(step.below.map(|leaf| (below("**".to_owned()), leaf)));
            open.extend(step.keys.iter().map(|(key, next)| (below(key.to_string()), *next)));
            open.extend(step.any_key.map(|next| (below("*".to_owned()), next)));
            let element = step.element.filter(|next| *next != 0);
            open.extend(element.map(|next| (below("[]".to_owned()), next)));
            open.extend(step.types.iter().map(|(word, next)| (below(format!("<{word}>")), *next)));
        }
        places
    }

    /// The member that says the type of an object.
    pub fn tag(&self) -> &str {
        &self.keys.tag
    }

    /// Whether `snake_case` stands for `camelCase`.
    pub const fn reads_snake_case(&self) -> bool {
        self.keys.snake_case
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
fn camel(key: &str) -> std::borrow::Cow<'_, str> {
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
