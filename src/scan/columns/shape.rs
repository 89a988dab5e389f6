//! The schema as a tree, and a row by it as the JSON object that the rest of the scan knows: lists are arrays, groups are
//! objects, and what is null in an object is left out, since Parquet cannot tell it from what is missing.

use std::ops::Range;

use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::schema::types::{SchemaDescriptor, Type};

use super::super::fields::Fields;
use super::super::reader::{LONGEST_ROW, too_long};
use super::values::{Column, Cursor, Levels};
use crate::wire::json::NodeId;

/// How deep a schema may nest: as deep as a JSON row may.
const DEEPEST: usize = 64;

/// Part of a schema.
#[derive(Debug)]
struct Node {
    /// The definition level from which on it is there.
    there: i16,
    /// Its leaves.
    leaves: Range<usize>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// A text, or what may be one.
    Text,
    /// What is none.
    Other,
    Group(Vec<(String, Node)>),
    List {
        /// The definition level from which on there are elements.
        filled: i16,
        /// The repetition level of elements behind the first.
        again: i16,
        element: Box<Node>,
    },
}

/// The columns that hold texts and roles.
#[derive(Debug)]
pub(super) struct Shape {
    columns: Vec<(String, Node)>,
    /// The name of each leaf.
    leaves: Vec<String>,
}

/// A row as JSON.
#[derive(Debug, Default)]
pub(super) struct Assembled {
    pub json: Vec<u8>,
    /// Where each text of it is stored.
    pub texts: Vec<Stored>,
}

/// Where a text is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    /// The node of the JSON.
    pub node: NodeId,
    pub leaf: usize,
    /// Which of the values of the leaf.
    pub value: usize,
}

/// Reads one row.
struct Assembler<'c> {
    columns: &'c [Column],
    names: &'c [String],
    /// For each leaf where it is in its row, and where that ends.
    at: Vec<(Cursor, Cursor)>,
    nodes: usize,
    row: Assembled,
}

// === impl Shape ===

impl Shape {
    /// The part of a schema that the fields are in.
    pub(super) fn new(schema: &SchemaDescriptor, fields: &Fields) -> Result<Self, String> {
        let mut columns = Vec::new();
        let mut leaf = 0;
        for field in schema.root_schema().get_fields() {
            let node = node(field, Levels { defined: 0, repeated: 0 }, &mut leaf, DEEPEST)?;
            if fields.may_be_in(field.name()) {
                columns.push((field.name().to_owned(), node));
            }
        }
        let leaves = schema.columns().iter().map(|leaf| leaf.path().string()).collect();
        Ok(Self { columns, leaves })
    }

    /// A row as JSON; or what is wrong with it.
    pub(super) fn row(&self, columns: &[Column], row: usize) -> Result<Assembled, String> {
        let at = columns.iter().map(|column| column.row(row).unwrap_or_default()).collect();
        let (names, row) = (self.leaves.as_slice(), Assembled::default());
        let mut assembler = Assembler { columns, names, at, nodes: 0, row };
        assembler.group(&self.columns, true)?;
        Ok(assembler.row)
    }
}

fn node(kind: &Type, above: Levels, leaf: &mut usize, depth: usize) -> Result<Node, String> {
    let depth = depth.checked_sub(1).ok_or_else(|| format!("nests deeper than {DEEPEST}"))?;
    let about = kind.get_basic_info();
    match about.has_repetition().then(|| about.repetition()) {
        Some(Repetition::OPTIONAL) => {
            content(kind, Levels { defined: above.defined + 1, ..above }, leaf, depth)
        }
        // A list without a group of its own.
        Some(Repetition::REPEATED) => {
            let inside = Levels { defined: above.defined + 1, repeated: above.repeated + 1 };
            let element = content(kind, inside, leaf, depth)?;
            Ok(list(above.defined, inside, element))
        }
        Some(Repetition::REQUIRED) | None => content(kind, above, leaf, depth),
    }
}

fn list(there: i16, inside: Levels, element: Node) -> Node {
    let leaves = element.leaves.clone();
    let (filled, again) = (inside.defined, inside.repeated);
    Node { there, leaves, kind: Kind::List { filled, again, element: Box::new(element) } }
}

/// A node, once its own levels are known.
fn content(kind: &Type, own: Levels, leaf: &mut usize, depth: usize) -> Result<Node, String> {
    let (there, first) = (own.defined, *leaf);
    if kind.is_primitive() {
        *leaf += 1;
        let kind = if may_be_text(kind) { Kind::Text } else { Kind::Other };
        return Ok(Node { there, leaves: first..*leaf, kind });
    }
    if let Some(repeated) = elements(kind) {
        let inside = Levels { defined: own.defined + 1, repeated: own.repeated + 1 };
        // As the format's rules for older writers say.
        let wrapped = match repeated.is_group().then(|| repeated.get_fields()) {
            Some([only]) if !is_element(repeated.name(), kind.name()) => Some(only),
            _ => None,
        };
        let element = match wrapped {
            Some(only) => node(only, inside, leaf, depth)?,
            None => content(repeated, inside, leaf, depth)?,
        };
        return Ok(list(there, inside, element));
    }
    let mut members = Vec::new();
    for field in kind.get_fields() {
        members.push((field.name().to_owned(), node(field, own, leaf, depth)?));
    }
    Ok(Node { there, leaves: first..*leaf, kind: Kind::Group(members) })
}

/// The repeated part of a group that is a list.
fn elements(kind: &Type) -> Option<&Type> {
    let about = kind.get_basic_info();
    let list = matches!(about.logical_type_ref(), Some(LogicalType::List))
        || about.converted_type() == ConvertedType::LIST;
    match kind.get_fields() {
        [only] if list && only.get_basic_info().repetition() == Repetition::REPEATED => Some(only),
        _ => None,
    }
}

/// Whether the repeated group is itself the element, by its name.
fn is_element(name: &str, list: &str) -> bool {
    name == "array" || name.strip_suffix("_tuple") == Some(list)
}

/// Bytes that are not said to be something else. Some writers do not say that bytes are text.
fn may_be_text(kind: &Type) -> bool {
    let about = kind.get_basic_info();
    let text = match about.logical_type_ref() {
        Some(LogicalType::String | LogicalType::Enum | LogicalType::Json) => true,
        Some(_) => false,
        None => matches!(
            about.converted_type(),
            ConvertedType::NONE | ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON
        ),
    };
    text && kind.get_physical_type() == Physical::BYTE_ARRAY
}

// === impl Assembler ===

impl Assembler<'_> {
    fn node(&mut self, node: &Node) -> Result<(), String> {
        match &node.kind {
            Kind::Text => self.text(node.leaves.start),
            Kind::Other => {
                self.nodes += 1;
                self.row.json.push(b'0');
                self.pass(node);
                Ok(())
            }
            Kind::Group(members) => self.group(members, false),
            Kind::List { filled, again, element } => self.list(node, *filled, *again, element),
        }
    }

    fn group(&mut self, members: &[(String, Node)], row: bool) -> Result<(), String> {
        self.nodes += 1;
        self.row.json.push(b'{');
        let mut first = true;
        for (name, member) in members {
            let there = self.defined(member.leaves.start) >= member.there;
            // A column that is no text in this row is told from one that is not there at all.
            let null = row && matches!(member.kind, Kind::Text | Kind::Other);
            if !there && !null {
                self.pass(member);
                continue;
            }
            if !std::mem::take(&mut first) {
                self.row.json.push(b',');
            }
            self.string(name)?;
            self.row.json.push(b':');
            if there {
                self.node(member)?;
            } else {
                self.null(member);
            }
        }
        self.row.json.push(b'}');
        Ok(())
    }

    fn list(&mut self, node: &Node, filled: i16, again: i16, element: &Node) -> Result<(), String> {
        self.nodes += 1;
        self.row.json.push(b'[');
        let first = node.leaves.start;
        if self.defined(first) < filled {
            self.pass(node);
        } else {
            loop {
                if self.defined(first) < element.there {
                    self.null(element);
                } else {
                    self.node(element)?;
                }
                if self.repeated(first) != Some(again) {
                    break;
                }
                self.fits(b",")?;
            }
        }
        self.row.json.push(b']');
        Ok(())
    }

    fn text(&mut self, leaf: usize) -> Result<(), String> {
        let torn = || "its columns do not fit together".to_owned();
        let (column, (at, _)) = self.columns.get(leaf).zip(self.at.get(leaf)).ok_or_else(torn)?;
        let text = column.text(at.value).ok_or_else(torn)?;
        let foreign =
            |_| format!("`{}` is not UTF-8", self.names.get(leaf).map_or("", |name| name));
        let text = std::str::from_utf8(text).map_err(foreign)?;
        self.row.texts.push(Stored { node: self.nodes, leaf, value: at.value });
        self.nodes += 1;
        self.string(text)?;
        self.step(leaf);
        Ok(())
    }

    fn string(&mut self, text: &str) -> Result<(), String> {
        if self.row.json.len() + text.len() > LONGEST_ROW {
            return Err(too_long());
        }
        serde_json::to_writer(&mut self.row.json, text).map_err(|error| error.to_string())
    }

    fn fits(&mut self, bytes: &[u8]) -> Result<(), String> {
        if self.row.json.len() + bytes.len() > LONGEST_ROW {
            return Err(too_long());
        }
        self.row.json.extend_from_slice(bytes);
        Ok(())
    }

    /// How much of a leaf's path is there at its place; nothing behind the end of the row.
    fn defined(&self, leaf: usize) -> i16 {
        let here = self.columns.get(leaf).zip(self.at.get(leaf));
        let here = here.filter(|(_, (at, end))| at.place < end.place);
        here.map_or(-1, |(column, (at, _))| column.levels(at.place).defined)
    }

    /// Which list goes on at a leaf's place; `None` behind the end of the row.
    fn repeated(&self, leaf: usize) -> Option<i16> {
        let here = self.columns.get(leaf).zip(self.at.get(leaf));
        let here = here.filter(|(_, (at, end))| at.place < end.place);
        here.map(|(column, (at, _))| column.levels(at.place).repeated)
    }

    fn null(&mut self, node: &Node) {
        self.nodes += 1;
        self.row.json.extend_from_slice(b"null");
        self.pass(node);
    }

    /// Passes over one place of each leaf.
    fn pass(&mut self, node: &Node) {
        for leaf in node.leaves.clone() {
            self.step(leaf);
        }
    }

    fn step(&mut self, leaf: usize) {
        let there = self.defined(leaf);
        if let Some((column, (at, _))) = self.columns.get(leaf).zip(self.at.get_mut(leaf)) {
            at.value += usize::from(column.is_there(there));
            at.place += 1;
        }
    }
}
