//! JSON: documents are read as another parser reads them, and a splice changes one string and no other
//! byte.

use serde_json::{Map, Value};
use tidegate::wire::json::{
    Doc, JsonLimits, JsonProblem, Kind, NodeId, Patch, Strictness, apply, parse, remove_children,
    token_patches,
};

use super::pieces::Choices;

/// What takes the place of a part of a string: nothing, a placeholder, and what must be escaped.
const REPLACEMENTS: [&str; 5] =
    ["", "[EMAIL]", "\"\\\n\u{0}\u{2028}", "中文", "\\u0041\",\"x\":\""];

/// Checks one document.
pub fn check(input: &[u8]) {
    let (mut choices, bytes) = Choices::of(input);
    let limits = JsonLimits::default();
    let lenient = parse(bytes, Strictness::Response, &limits);
    let strict = parse(bytes, Strictness::Request, &limits);
    let theirs = serde_json::from_slice::<Value>(bytes);
    match (&strict, &theirs) {
        (Ok(doc), Ok(theirs)) => {
            assert!(lenient.is_ok(), "what a client may write a server may write");
            assert_eq!(&value(doc, Doc::ROOT, bytes, &|_| false), theirs);
        }
        // Numbers are never read, so one that is too large for others is none of our business.
        (Ok(_), Err(error)) => {
            assert!(error.to_string().contains("number out of range"), "{error}");
        }
        (Err(problem), Ok(_)) => {
            let only_ours = matches!(
                problem,
                JsonProblem::DuplicateKey { .. }
                    | JsonProblem::TooDeep { .. }
                    | JsonProblem::TooManyValues { .. }
            );
            assert!(only_ours, "{problem}");
        }
        (Err(_), Err(_)) => {}
    }
    if let (Ok(doc), Ok(_)) = (&strict, &theirs) {
        check_splice(doc, bytes, &mut choices);
        check_removal(doc, bytes, &mut choices);
    }
}

/// Replaces a part of one string.
fn check_splice(doc: &Doc, bytes: &[u8], choices: &mut Choices<'_>) {
    let strings: Vec<NodeId> = (0..doc.len()).filter(|&n| doc.kind(n) == Kind::String).collect();
    if strings.is_empty() {
        return;
    }
    let node = strings[choices.below(strings.len())];
    let text = doc.string(node, bytes).expect("it is a string");
    let (a, b) = (choices.place(&text), choices.place(&text));
    let (from, to) = (a.min(b), a.max(b));
    let replacement = REPLACEMENTS[choices.below(REPLACEMENTS.len())];
    let range = doc.range(node);
    let cuts = [(from..to, replacement.to_owned())];
    let shifted = |patch: Patch| patch.shifted(range.start);
    let patches = token_patches(&bytes[range.clone()], &cuts).into_iter().map(shifted).collect();
    let spliced = apply(bytes, patches);
    assert!(spliced.starts_with(&bytes[..range.start]) && spliced.ends_with(&bytes[range.end..]));
    let again = parse(&spliced, Strictness::Request, &JsonLimits::default()).expect("still JSON");
    let expected = format!("{}{replacement}{}", &text[..from], &text[to..]);
    assert_eq!(again.string(node, &spliced).expect("still a string"), expected);
    for other in (0..doc.len()).filter(|&other| other != node) {
        assert_eq!(doc.kind(other), again.kind(other));
        if doc.kind(other) == Kind::String {
            assert_eq!(doc.string(other, bytes), again.string(other, &spliced));
        }
    }
}

/// Takes some members or elements out of one object or array.
fn check_removal(doc: &Doc, bytes: &[u8], choices: &mut Choices<'_>) {
    let is_container = |n: &NodeId| matches!(doc.kind(*n), Kind::Object | Kind::Array);
    let containers: Vec<NodeId> = (0..doc.len()).filter(is_container).collect();
    if containers.is_empty() {
        return;
    }
    let container = containers[choices.below(containers.len())];
    let gone: Vec<NodeId> = doc.children(container).filter(|_| choices.below(2) == 1).collect();
    let is_gone = |node: NodeId| gone.contains(&node);
    let left = apply(bytes, remove_children(doc, container, is_gone));
    let left: Value = serde_json::from_slice(&left).expect("still JSON");
    assert_eq!(left, value(doc, Doc::ROOT, bytes, &is_gone));
}

/// A document as the other parser's value, without some nodes.
fn value(doc: &Doc, node: NodeId, bytes: &[u8], gone: &dyn Fn(NodeId) -> bool) -> Value {
    let children = || doc.children(node).filter(|&child| !gone(child));
    match doc.kind(node) {
        Kind::Object => {
            let key = |child| doc.key(child, bytes).expect("a member has a key").into_owned();
            let members = children().map(|child| (key(child), value(doc, child, bytes, gone)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Kind::Array => children().map(|child| value(doc, child, bytes, gone)).collect(),
        Kind::String => doc.string(node, bytes).expect("it is a string").into_owned().into(),
        Kind::Number => serde_json::from_slice(&bytes[doc.range(node)]).expect("they read it"),
        Kind::True => Value::Bool(true),
        Kind::False => Value::Bool(false),
        Kind::Null => Value::Null,
    }
}
