//! Which parts of a row are texts, and who wrote them.

use std::borrow::Cow;

use crate::domain::{Author, Phase};
use crate::wire::json::{Doc, Kind, NodeId};

/// The text of a row where no field is named.
const USUAL: &str = "text";
/// The member with the messages of a chat log.
const MESSAGES: &str = "messages";
/// The member of a message with its text or parts.
const CONTENT: &str = "content";
/// Members of a message and its parts that are no text of anybody.
const NO_TEXT: [&str; 5] = ["role", "type", "id", "tool_call_id", "index"];
/// Types of parts that are text.
const TEXT_PARTS: [&str; 4] = ["text", "input_text", "output_text", "refusal"];

/// A field with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextField {
    /// Its name. A dot leads into an object, `[*]` to each element of an array: `messages[*].content`.
    pub path: String,
    /// Which way it travels, where that is not said of the whole row.
    pub phase: Option<Phase>,
}

/// Names of the fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The texts; none for `text` and all of `messages`, of which a row has one or both.
    pub texts: Vec<TextField>,
    /// Says who wrote a row or a message.
    pub role: String,
    /// Which way a text travels where nothing says it.
    pub phase: Phase,
}

/// One text of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text<'b> {
    /// Its field.
    pub field: String,
    /// Where in the row it stands: a node of JSON, or a column.
    pub place: usize,
    pub phase: Phase,
    pub author: Author,
    pub said: Cow<'b, str>,
}

/// Who writes.
#[derive(Clone, Copy)]
struct Writer {
    phase: Phase,
    author: Author,
}

impl Default for Fields {
    fn default() -> Self {
        Self { texts: Vec::new(), role: "role".to_owned(), phase: Phase::Prompt }
    }
}

// === impl Writer ===

impl Writer {
    /// Who writes what travels this way.
    const fn of(phase: Phase) -> Self {
        let author = match phase {
            Phase::Prompt => Author::User,
            Phase::Completion => Author::Assistant,
        };
        Self { phase, author }
    }

    /// Who a role is.
    fn named(role: &str) -> Option<Self> {
        let prompt = |author| Some(Self { phase: Phase::Prompt, author });
        match role {
            "prompt" | "user" | "human" => prompt(Author::User),
            "system" | "developer" => prompt(Author::System),
            "tool" | "function" | "ipython" => prompt(Author::Tool),
            "completion" | "assistant" | "response" | "model" | "gpt" | "bot" => {
                Some(Self::of(Phase::Completion))
            }
            _ => None,
        }
    }
}

/// A walk over one JSON row.
struct Walk<'b, 'f> {
    doc: &'b Doc,
    bytes: &'b [u8],
    fields: &'f Fields,
    found: Vec<Text<'b>>,
}

// === impl Fields ===

impl Fields {
    /// The texts of a JSON row, or what is wrong with it.
    pub(super) fn of_json<'b>(
        &self,
        doc: &'b Doc,
        bytes: &'b [u8],
    ) -> Result<Vec<Text<'b>>, String> {
        if doc.kind(Doc::ROOT) != Kind::Object {
            return Err("not a JSON object".to_owned());
        }
        let mut walk = Walk { doc, bytes, fields: self, found: Vec::new() };
        let writer = walk.writer(Doc::ROOT, "", Writer::of(self.phase))?;
        if self.texts.is_empty() {
            walk.usual(writer)?;
        }
        for field in &self.texts {
            let writer = field.phase.map_or(writer, Writer::of);
            let before = walk.found.len();
            walk.follow(Doc::ROOT, &field.path, "", writer)?;
            if walk.found.len() == before {
                return Err(format!("`{}` is missing; name the field with `--text`", field.path));
            }
        }
        if walk.found.is_empty() {
            return Err("its text is empty".to_owned());
        }
        Ok(walk.found)
    }

    /// Whether a column may hold a text or a role.
    pub(super) fn may_be_in(&self, column: &str) -> bool {
        let usual = self.texts.is_empty() && (column == USUAL || column == MESSAGES);
        let leads = |field: &TextField| {
            let rest = field.path.strip_prefix(column);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        usual || column == self.role || self.texts.iter().any(leads)
    }

    /// The texts of a row of a table.
    pub(super) fn of_values<'b>(
        &self,
        names: &[String],
        values: &[Cow<'b, str>],
    ) -> Result<Vec<Text<'b>>, String> {
        let column = |name: &str| {
            let place = names.iter().position(|one| one == name)?;
            Some((place, values.get(place)?))
        };
        let writer = match column(&self.role) {
            Some((_, role)) if !role.is_empty() => {
                Writer::named(role).ok_or_else(|| unknown_role(&self.role))?
            }
            _ => Writer::of(self.phase),
        };
        let usual = [TextField { path: USUAL.to_owned(), phase: None }];
        let texts = if self.texts.is_empty() { &usual[..] } else { &self.texts };
        let text = |field: &TextField| {
            let missing = || format!("`{}` is missing; name the column with `--text`", field.path);
            let (place, text) = column(&field.path).ok_or_else(missing)?;
            let Writer { phase, author } = field.phase.map_or(writer, Writer::of);
            Ok(Text { field: field.path.clone(), place, phase, author, said: text.clone() })
        };
        texts.iter().map(text).collect()
    }

    /// The text of a line.
    pub(super) fn of_line<'b>(&self, line: &'b str) -> Text<'b> {
        let Writer { phase, author } = Writer::of(self.phase);
        Text { field: USUAL.to_owned(), place: 0, phase, author, said: Cow::Borrowed(line) }
    }
}

// === impl Walk ===

impl Walk<'_, '_> {
    fn usual(&mut self, writer: Writer) -> Result<(), String> {
        let text = self.doc.member(Doc::ROOT, USUAL, self.bytes);
        if let Some(text) = text {
            self.take(text, USUAL, writer)?;
        }
        let Some(messages) = self.doc.member(Doc::ROOT, MESSAGES, self.bytes) else {
            let missing = "`text` and `messages` are missing; name the field with `--text`";
            return text.map(|_| ()).ok_or_else(|| missing.to_owned());
        };
        if self.doc.kind(messages) != Kind::Array {
            return Err("`messages` is not a list".to_owned());
        }
        for (index, message) in self.doc.children(messages).enumerate() {
            let at = format!("{MESSAGES}[{index}]");
            if self.doc.kind(message) != Kind::Object {
                return Err(format!("`{at}` is not an object"));
            }
            let writer = self.writer(message, &at, writer)?;
            if let Some(content) = self.doc.member(message, CONTENT, self.bytes) {
                self.take(content, &format!("{at}.{CONTENT}"), writer)?;
            }
            // Calls of tools, thinking, names: what else somebody wrote.
            self.leaves(message, &at, writer, true);
        }
        Ok(())
    }

    /// Who wrote an object; `from` where it does not say it.
    fn writer(&self, object: NodeId, at: &str, from: Writer) -> Result<Writer, String> {
        let Some(role) = self.doc.member(object, &self.fields.role, self.bytes) else {
            return Ok(from);
        };
        if self.doc.kind(role) == Kind::Null {
            return Ok(from);
        }
        let named = self.doc.string(role, self.bytes).and_then(|role| Writer::named(&role));
        named.ok_or_else(|| unknown_role(&joined(at, &self.fields.role)))
    }

    /// Follows what is left of a path. A name that has a dot itself goes before one that leads into an object.
    fn follow(&mut self, node: NodeId, path: &str, at: &str, writer: Writer) -> Result<(), String> {
        if path.is_empty() {
            return self.take(node, at, writer);
        }
        if let Some(rest) = path.strip_prefix("[*]") {
            let rest = rest.strip_prefix('.').unwrap_or(rest);
            if self.doc.kind(node) != Kind::Array {
                return Err(format!("`{at}` is not a list"));
            }
            for (index, element) in self.doc.children(node).enumerate() {
                let at = format!("{at}[{index}]");
                let writer = self.writer(element, &at, writer)?;
                self.follow(element, rest, &at, writer)?;
            }
            return Ok(());
        }
        if let Some(whole) = self.doc.member(node, path, self.bytes) {
            return self.take(whole, &joined(at, path), writer);
        }
        let cut = path.find(['.', '[']).unwrap_or(path.len());
        let (name, rest) = path.split_at(cut);
        let rest = rest.strip_prefix('.').unwrap_or(rest);
        match self.doc.member(node, name, self.bytes) {
            Some(member) if !rest.is_empty() => {
                self.follow(member, rest, &joined(at, name), writer)
            }
            _ => Ok(()),
        }
    }

    /// Takes a text, or the parts of one.
    fn take(&mut self, node: NodeId, at: &str, writer: Writer) -> Result<(), String> {
        match self.doc.kind(node) {
            Kind::String => self.push(node, at, writer),
            Kind::Null => {}
            Kind::Array => {
                for (index, part) in self.doc.children(node).enumerate() {
                    let at = format!("{at}[{index}]");
                    if !self.is_text(part) {
                        return Err(format!("`{at}` is not text, so it cannot be screened"));
                    }
                    if self.doc.kind(part) == Kind::String {
                        self.push(part, &at, writer);
                    } else {
                        self.leaves(part, &at, writer, false);
                    }
                }
            }
            Kind::Object | Kind::Number | Kind::True | Kind::False => {
                return Err(format!("`{at}` is not text"));
            }
        }
        Ok(())
    }

    /// Whether a part is a text, or an object that says it is one.
    fn is_text(&self, part: NodeId) -> bool {
        if self.doc.kind(part) != Kind::Object {
            return self.doc.kind(part) == Kind::String;
        }
        let of_text = match self.doc.member(part, "type", self.bytes) {
            Some(kind) => self
                .doc
                .string(kind, self.bytes)
                .is_some_and(|kind| TEXT_PARTS.contains(&kind.as_ref())),
            None => true,
        };
        let text = ["text", "refusal"];
        let text = text.into_iter().find_map(|name| self.doc.member(part, name, self.bytes));
        of_text && text.is_some_and(|text| self.doc.kind(text) == Kind::String)
    }

    /// Takes every text below an object; of a message without its content, which was taken.
    fn leaves(&mut self, object: NodeId, at: &str, writer: Writer, message: bool) {
        for child in self.doc.children(object) {
            let name = match self.doc.key(child, self.bytes) {
                Some(key) => {
                    let apart = NO_TEXT.contains(&key.as_ref()) || key == self.fields.role.as_str();
                    if apart || (message && key == CONTENT) {
                        continue;
                    }
                    joined(at, &key)
                }
                None => format!("{at}[{}]", self.doc.index(child)),
            };
            match self.doc.kind(child) {
                Kind::String => self.push(child, &name, writer),
                // As deep as the parser lets a document nest.
                Kind::Object | Kind::Array => self.leaves(child, &name, writer, false),
                Kind::Number | Kind::True | Kind::False | Kind::Null => {}
            }
        }
    }

    fn push(&mut self, node: NodeId, at: &str, Writer { phase, author }: Writer) {
        let Some(said) = self.doc.string(node, self.bytes) else { return };
        self.found.push(Text { field: at.to_owned(), place: node, phase, author, said });
    }
}

fn joined(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

fn unknown_role(at: &str) -> String {
    format!("`{at}` is no role; roles are user, assistant, system, tool and the like")
}
