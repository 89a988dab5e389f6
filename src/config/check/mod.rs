//! A tree against its schema: every mistake named at its place, and what is sound as a value.

mod expect;
mod scalar;

use serde_json::{Map, Value as Json};

use super::codes::Code;
use super::problems::{Problem, Problems};
use super::source::SourceSpan;
use super::yaml::{Entry, Key, Node, Value};
use expect::{closest, expected, key_list, kind_of, noun, quoted};

pub(super) use expect::closest as closest_word;

/// The most steps from a `$ref` to what it names; more would be a circle of references.
const REFERENCE_STEPS: usize = 8;

/// Checks a tree. Comes back with its value, made of everything that is sound. What has a mistake is left out of the
/// value; items of lists are taken out of the tree too, so that places still agree by number, while keys stay, so that
/// later checks see that something was written. Nothing comes back when a mistake leaves no value at all.
pub(super) fn check(root: &mut Node, schema: &Json, problems: &mut Problems) -> Option<Json> {
    Checker { document: schema, problems }.value(root, schema, None)
}

struct Checker<'a> {
    document: &'a Json,
    problems: &'a mut Problems,
}

// === impl Checker ===

impl<'a> Checker<'a> {
    fn value(&mut self, node: &mut Node, schema: &'a Json, key: Option<&Key>) -> Option<Json> {
        let mut branches = Vec::new();
        self.branches(schema, &mut branches);
        if node.is_absent() {
            self.absent(node, key, &branches);
            return None;
        }
        if is_secret(&branches) && !matches!(node.value, Value::Map(_)) {
            self.problems.push(written_secret(node.at.clone()));
            return None;
        }
        let at = node.at.clone();
        match &mut node.value {
            Value::Scalar { text, style } => {
                scalar::read(text, *style, at, &branches, self.problems)
            }
            Value::List(items) => match branch(&branches, "array") {
                Some(schema) => self.list(items, schema, at),
                None => self.mismatch(at, "a list", &branches, key),
            },
            Value::Map(entries) => match branch(&branches, "object") {
                Some(schema) => self.map(entries, schema, (&at, key.is_none())),
                None => self.mismatch(at, "a group of keys", &branches, key),
            },
        }
    }

    fn list(&mut self, items: &mut Vec<Node>, schema: &'a Json, at: SourceSpan) -> Option<Json> {
        if items.is_empty() && schema.get("minItems").is_some() {
            self.problems.report(
                Code::TG002,
                "this list is empty",
                at,
                "at least one value is needed",
            );
            return None;
        }
        let item_schema = schema.get("items").unwrap_or(&Json::Bool(true));
        let mut values = Vec::with_capacity(items.len());
        items.retain_mut(|item| match self.value(item, item_schema, None) {
            Some(value) => {
                values.push(value);
                true
            }
            None => false,
        });
        Some(Json::Array(values))
    }

    /// A group of keys. One that stands for itself, as a file or as an item of a list, also has a value where its
    /// name is missing or wrong, so that the rest of it is checked.
    fn map(
        &mut self,
        entries: &mut [Entry],
        schema: &'a Json,
        (at, for_itself): (&SourceSpan, bool),
    ) -> Option<Json> {
        let known = schema.get("properties").and_then(Json::as_object);
        let other = schema.get("additionalProperties").filter(|other| other.is_object());
        self.rename_unknown(entries, schema, at);
        let written: Vec<String> = entries.iter().map(|entry| entry.key.text.clone()).collect();
        let mut values = Map::new();
        for entry in entries.iter_mut() {
            let property = known.and_then(|known| known.get(&entry.key.text)).or(other);
            let Some(property) = property else { continue };
            if known.is_none() && !self.is_good_name(&entry.key, schema) {
                continue;
            }
            if let Some(value) = self.value(&mut entry.value, property, Some(&entry.key)) {
                values.insert(entry.key.text.clone(), value);
            }
        }
        let required = schema.get("required").and_then(Json::as_array);
        let mut complete = true;
        for key in required.into_iter().flatten().filter_map(Json::as_str) {
            if !values.contains_key(key) {
                match stand_in(key, entries, at).filter(|_| for_itself) {
                    Some(value) => drop(values.insert(key.to_owned(), value)),
                    None => complete = false,
                }
            }
            if !written.iter().any(|other| other == key) {
                let message = format!("{} needs `{key}`", noun(schema));
                let place = first_line(at);
                self.problems.report(
                    Code::TG029,
                    message,
                    place,
                    &format!("`{key}` is missing here"),
                );
            }
        }
        complete &= self.has_allowed_size(schema, entries.len(), at);
        complete.then_some(Json::Object(values))
    }

    /// Names unknown keys. One that is nearly a known key is checked on as if it were that key, so that one slip
    /// gives one message; the others are left for the caller to drop.
    fn rename_unknown(&mut self, entries: &mut [Entry], schema: &Json, at: &SourceSpan) {
        let Some(known) = schema.get("properties").and_then(Json::as_object) else { return };
        if schema.get("additionalProperties").is_some_and(Json::is_object) {
            return;
        }
        let written: Vec<String> = entries.iter().map(|entry| entry.key.text.clone()).collect();
        for entry in entries {
            if known.contains_key(&entry.key.text) {
                continue;
            }
            let meant = closest(&entry.key.text, known.keys().map(String::as_str));
            let label = match meant {
                Some(meant) if written.iter().any(|key| key == meant) => {
                    format!("`{meant}` is already here")
                }
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "this key means nothing here".to_owned(),
            };
            let problem =
                Problem::new(Code::TG003, format!("unknown key {}", quoted(&entry.key.text)));
            let mut problem = problem.at(entry.key.at.clone(), label).help(key_list(schema));
            if std::sync::Arc::ptr_eq(&at.source, &entry.key.at.source)
                && at.position().line < entry.key.at.position().line
            {
                problem =
                    problem.context(SourceSpan::new(&at.source, at.span.start, at.span.start));
            }
            if meant.is_none() && sounds_secret(&entry.key.text) {
                problem = problem.at_hidden(entry.value.at.clone(), "");
            }
            self.problems.push(problem);
            if let Some(meant) = meant.filter(|meant| !written.iter().any(|key| key == meant)) {
                meant.clone_into(&mut entry.key.text);
            }
        }
    }

    /// Whether a name that the file chose has the form of one.
    fn is_good_name(&mut self, key: &Key, schema: &Json) -> bool {
        let format = schema.pointer("/propertyNames/format").and_then(Json::as_str);
        let Some(format) = format.and_then(super::formats::format) else { return true };
        match (format.check)(&key.text) {
            Ok(()) => true,
            Err(reason) => {
                let message = format!("{} cannot be {}", quoted(&key.text), format.noun);
                self.problems.report(format.code, message, key.at.clone(), &reason);
                false
            }
        }
    }

    fn has_allowed_size(&mut self, schema: &Json, size: usize, at: &SourceSpan) -> bool {
        let bound = |key: &str| {
            schema.get(key).and_then(Json::as_u64).and_then(|n| usize::try_from(n).ok())
        };
        if bound("minProperties").is_none_or(|least| size >= least)
            && bound("maxProperties").is_none_or(|most| size <= most)
        {
            return true;
        }
        let message = format!("{} has exactly one key", noun(schema));
        let problem = Problem::new(Code::TG002, message).at(at.clone(), format!("here are {size}"));
        self.problems.push(problem.help(key_list(schema)));
        false
    }

    fn absent(&mut self, node: &Node, key: Option<&Key>, branches: &[&Json]) {
        let (message, at) = match key {
            Some(key) => (format!("`{}` has no value", key.text), key.at.clone()),
            None => ("this item has no value".to_owned(), first_line(&node.at)),
        };
        let label = format!("{} belongs here", expected(branches));
        self.problems.push(
            Problem::new(Code::TG002, message)
                .at(at, label)
                .help("leave the key out for its default"),
        );
    }

    fn mismatch(
        &mut self,
        at: SourceSpan,
        found: &str,
        branches: &[&Json],
        key: Option<&Key>,
    ) -> Option<Json> {
        let what = key.map_or_else(|| "this item".to_owned(), |key| format!("`{}`", key.text));
        let message = format!("{what} is {found}, and takes {}", expected(branches));
        self.problems.report(
            Code::TG002,
            message,
            at,
            &format!("{} belongs here", expected(branches)),
        );
        None
    }

    /// The alternatives of a schema, with references followed.
    fn branches(&self, schema: &'a Json, into: &mut Vec<&'a Json>) {
        let mut schema = schema;
        for _ in 0..REFERENCE_STEPS {
            let Some(reference) = schema.get("$ref").and_then(Json::as_str) else { break };
            let Some(target) =
                reference.strip_prefix('#').and_then(|path| self.document.pointer(path))
            else {
                break;
            };
            schema = target;
        }
        let alternatives = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key)?.as_array());
        let Some(alternatives) = alternatives else {
            into.push(schema);
            return;
        };
        for branch in alternatives {
            self.branches(branch, into);
        }
    }
}

/// What stands for a version that is missing, and for a name that is missing or no name. The file is refused; this
/// is for the rest of its mistakes.
fn stand_in(key: &str, entries: &[Entry], at: &SourceSpan) -> Option<Json> {
    let written = entries.iter().find(|entry| entry.key.text == key).map(|entry| &entry.value);
    match (key, written.map(|node| &node.value)) {
        ("version", None) => Some(Json::from(1)),
        ("id" | "name", Some(Value::Scalar { text, .. })) if !text.is_empty() => {
            Some(Json::from(text.as_str()))
        }
        ("id" | "name", _) => Some(Json::from(format!("(line {})", at.position().line))),
        _ => None,
    }
}

/// The problem for a secret that stands in a file; its text is never shown.
pub(super) fn written_secret(at: SourceSpan) -> Problem {
    Problem::new(Code::TG060, "a secret is written out here")
        .at_hidden(at, "name the place of the secret instead")
        .help(
            "write { env: NAME } or { file: PATH }, and replace the secret: it has been in a file",
        )
}

/// Whether the value of an unknown key may be a secret, which a drawing of its line would show.
fn sounds_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["key", "token", "secret", "password", "auth"].iter().any(|word| key.contains(word))
}

fn is_secret(branches: &[&Json]) -> bool {
    branches.iter().any(|branch| branch.get("x-secret").is_some())
}

fn branch<'a>(branches: &[&'a Json], kind: &str) -> Option<&'a Json> {
    branches.iter().copied().find(|branch| kind_of(branch) == kind)
}

/// The first line of a place that may have many.
fn first_line(at: &SourceSpan) -> SourceSpan {
    let end = at.source.line_span(at.source.line_of(at.span.start)).end;
    SourceSpan::new(
        &at.source,
        at.span.start,
        at.span.end.clamp(at.span.start, end.max(at.span.start)),
    )
}
