//! The layers of the server file: default, file, environment, flags; and where each value came from.

use std::fmt;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::config::check::closest_word;
use crate::config::codes::Code;
use crate::config::document::join;
use crate::config::problems::{Problem, Problems};
use crate::config::schema::{self, SchemaOf};
use crate::config::source::{Source, SourceSpan};
use crate::config::yaml::{self, Entry, Key, Node, Value};

/// What the variables begin with.
const PREFIX: &str = "TIDEGATE_";

/// Variables that are no settings and might be taken for misspelt ones.
const OTHERS: [&str; 5] = ["bin", "config", "policy", "upstream", "version"];

/// What separates the steps of a path in a variable.
const STEP: &str = "__";

/// The name of the upstream that `--upstream` makes.
const COMMAND_LINE_UPSTREAM: &str = "command-line";

/// One setting from the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The flag as it was written, for people: `--listen`.
    pub name: String,
    /// The setting: `listen`, `admin.listen`; or `upstream` and `policy`, which set every route.
    pub path: String,
    /// The value.
    pub value: String,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The file says it, at this place.
    File(String),
    /// A variable says it, by this name.
    Environment(String),
    /// A flag says it, by this name.
    Flag(String),
}

/// One effective value, for `tidegate check --show-effective`. Secrets appear as their references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// `limits.body`.
    pub path: String,
    /// The value as it would be written.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(place) | Self::Environment(place) | Self::Flag(place) => f.write_str(place),
        }
    }
}

/// Lays variables over the file. `TIDEGATE_LIMITS__BODY` is `limits.body`; an empty variable counts as not set.
/// A variable of one step that is no key of the file, nor nearly one, is somebody else's (the twin of a flag, or one
/// that an orchestrator sets for a service of this name) and is passed over.
pub(super) fn environment(
    root: &mut Node,
    variables: &[(String, String)],
    problems: &mut Problems,
) {
    let keys = top_keys();
    for (name, value) in variables {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        if value.is_empty() {
            continue;
        }
        let source = Source::new(format!("environment {name}"), value.as_str());
        let steps: Vec<String> = rest.split(STEP).map(str::to_lowercase).collect();
        match steps.as_slice() {
            [single] if single == "upstream" => upstream(root, &source),
            [first, ..] if keys.contains(&first.as_str()) => {
                set(root, &steps, value_of(&source, problems), problems);
            }
            [first, further @ ..] => {
                let more = if further.is_empty() { "" } else { "__…" };
                let known = keys.iter().copied().chain(["upstream"]);
                let label = match closest_word(first, known) {
                    Some(key) => format!("did you mean `{PREFIX}{}{more}`?", key.to_uppercase()),
                    None if further.is_empty() => continue,
                    None => "no setting has this name".to_owned(),
                };
                if further.is_empty() && OTHERS.contains(&first.as_str()) {
                    continue;
                }
                let problem = Problem::new(Code::TG003, format!("unknown setting `{name}`"));
                problems.push(problem.at(whole(&source), label));
            }
            [] => {}
        }
    }
}

/// Lays flags over everything.
pub(super) fn flags(root: &mut Node, flags: &[Flag], problems: &mut Problems) {
    for flag in flags {
        let source = Source::new(format!("flag {}", flag.name), flag.value.as_str());
        match flag.path.as_str() {
            "upstream" => upstream(root, &source),
            "policy" => every_route(root, "policy", &Node::plain(whole(&source), &flag.value)),
            path => {
                let steps: Vec<String> = path.split('.').map(str::to_owned).collect();
                set(root, &steps, value_of(&source, problems), problems);
            }
        }
    }
}

/// Every effective value with its origin, in the order of the schema.
pub(super) fn effective(value: &Json, root: &Node, file: &Arc<Source>) -> Vec<Setting> {
    let mut settings = Vec::new();
    collect(value, Some(root), "", file, &mut settings);
    settings
}

fn collect(
    value: &Json,
    node: Option<&Node>,
    path: &str,
    file: &Arc<Source>,
    into: &mut Vec<Setting>,
) {
    match value {
        Json::Object(map) if !map.is_empty() => {
            for (key, inner) in map {
                collect(inner, node.and_then(|node| node.child(key)), &join(path, key), file, into);
            }
        }
        Json::Array(items) if items.iter().any(Json::is_object) => {
            for (at, inner) in items.iter().enumerate() {
                let node = node.and_then(|node| match &node.value {
                    Value::List(nodes) => nodes.get(at),
                    Value::Map(_) | Value::Scalar { .. } => None,
                });
                collect(inner, node, &format!("{path}[{at}]"), file, into);
            }
        }
        // Nothing was set, and nothing is the default.
        Json::Null if node.is_none() => {}
        Json::Null
        | Json::Bool(_)
        | Json::Number(_)
        | Json::String(_)
        | Json::Array(_)
        | Json::Object(_) => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            into.push(Setting { path: path.to_owned(), value: text, origin: origin(node, file) });
        }
    }
}

fn origin(node: Option<&Node>, file: &Arc<Source>) -> Origin {
    let Some(node) = node else { return Origin::Default };
    let name = node.source().name();
    if Arc::ptr_eq(node.source(), file) {
        return Origin::File(format!("{name}:{}", node.at.position().line));
    }
    match (name.strip_prefix("environment "), name.strip_prefix("flag ")) {
        (Some(variable), _) => Origin::Environment(variable.to_owned()),
        (None, Some(flag)) => Origin::Flag(flag.to_owned()),
        (None, None) => Origin::Default,
    }
}

/// Puts `leaf` at `steps`, making what lies between. Where a name is already there, small letters and `_` for `-`
/// find it, because variables cannot say more.
fn set(root: &mut Node, steps: &[String], leaf: Option<Node>, problems: &mut Problems) {
    let (Some(leaf), Some((last, way))) = (leaf, steps.split_last()) else { return };
    let mut node = root;
    for step in way {
        let Some(next) = enter(node, step, &leaf.at) else {
            problems.report(
                Code::TG003,
                format!("there is no item `{step}`"),
                leaf.at,
                "this setting leads nowhere",
            );
            return;
        };
        node = next;
    }
    match enter(node, last, &leaf.at) {
        Some(place) => *place = leaf,
        None => problems.report(
            Code::TG003,
            format!("there is no item `{last}`"),
            leaf.at,
            "this setting leads nowhere",
        ),
    }
}

/// The value under `step`, made where it is not there.
fn enter<'n>(node: &'n mut Node, step: &str, at: &SourceSpan) -> Option<&'n mut Node> {
    if matches!(node.value, Value::Scalar { .. }) {
        *node = Node::map(at.clone());
    }
    match &mut node.value {
        Value::List(items) => items.get_mut(step.parse::<usize>().ok()?),
        Value::Map(entries) => {
            let same = |key: &str| {
                key.eq_ignore_ascii_case(step) || key.replace('-', "_").eq_ignore_ascii_case(step)
            };
            let found = entries.iter().position(|entry| same(&entry.key.text));
            let index = found.unwrap_or(entries.len());
            if found.is_none() {
                let key = Key { text: step.to_owned(), at: at.clone() };
                entries.push(Entry { key, value: Node::map(at.clone()) });
            }
            entries.get_mut(index).map(|entry| &mut entry.value)
        }
        Value::Scalar { .. } => None,
    }
}

/// Points every route at one upstream: an address, or `demo` for the built-in model.
fn upstream(root: &mut Node, source: &Arc<Source>) {
    let at = whole(source);
    let key = if source.text() == "demo" { "builtin" } else { "url" };
    let mut made = Node::map(at.clone());
    if let Some(place) = enter(&mut made, key, &at) {
        *place = Node::plain(at.clone(), source.text());
    }
    if let Some(place) =
        enter(root, "upstreams", &at).and_then(|all| enter(all, COMMAND_LINE_UPSTREAM, &at))
    {
        *place = made;
    }
    every_route(root, "upstream", &Node::plain(at, COMMAND_LINE_UPSTREAM));
}

fn every_route(root: &mut Node, key: &str, value: &Node) {
    let Some(Value::List(routes)) = root_entry(root, "routes") else { return };
    for route in routes {
        if let Some(place) = enter(route, key, &value.at) {
            *place = value.clone();
        }
    }
}

fn root_entry<'n>(root: &'n mut Node, key: &str) -> Option<&'n mut Value> {
    let Value::Map(entries) = &mut root.value else { return None };
    entries.iter_mut().find(|entry| entry.key.text == key).map(|entry| &mut entry.value.value)
}

/// The value of a variable or a flag: text as it stands, or YAML where it begins with a bracket.
fn value_of(source: &Arc<Source>, problems: &mut Problems) -> Option<Node> {
    if source.text().starts_with(['[', '{']) {
        return yaml::read(source, problems);
    }
    Some(Node::plain(whole(source), source.text()))
}

fn whole(source: &Arc<Source>) -> SourceSpan {
    SourceSpan::new(source, 0, source.text().len())
}

fn top_keys() -> Vec<&'static str> {
    let properties = schema::document(SchemaOf::Server).get("properties").and_then(Json::as_object);
    properties.into_iter().flat_map(|keys| keys.keys()).map(String::as_str).collect()
}
