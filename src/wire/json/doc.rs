//! One pass over the bytes of a JSON document: its nodes, and everything that two parsers could read
//! differently refused.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use thiserror::Error;

use super::text::{decode, has_lone_surrogate};

/// Index of a node of a [`Doc`].
pub type NodeId = usize;

/// Who wrote the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// A client: ambiguity is refused (`security.md` lists what parsers read differently).
    Request,
    /// The upstream: duplicate keys and lone surrogates are read, all copies are screened.
    Response,
}

/// Bounds of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonLimits {
    /// How deep objects and arrays may nest.
    pub depth: usize,
    /// How many values there may be in all.
    pub values: usize,
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self { depth: 64, values: 500_000 }
    }
}

/// Why a document is refused; each says where, in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JsonProblem {
    /// It begins with a byte order mark.
    #[error("the body begins with a byte order mark; send plain UTF-8")]
    ByteOrderMark,
    /// It is not UTF-8.
    #[error("the body is not valid UTF-8 at byte {at}")]
    InvalidUtf8 {
        /// First bad byte.
        at: usize,
    },
    /// It is not JSON.
    #[error("the body is not valid JSON at byte {at}: {expected}")]
    Invalid {
        /// Where.
        at: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// An object has the same key twice.
    #[error("the key `{key}` stands twice in one object, the second time at byte {at}")]
    DuplicateKey {
        /// Where the second one begins.
        at: usize,
        /// The key, shortened.
        key: String,
    },
    /// Half of a surrogate pair stands alone.
    #[error("the string at byte {at} has half of a surrogate pair")]
    LoneSurrogate {
        /// Where the string begins.
        at: usize,
    },
    /// It nests too deep.
    #[error("the body nests deeper than {limit} levels at byte {at}")]
    TooDeep {
        /// Where.
        at: usize,
        /// The limit.
        limit: usize,
    },
    /// It has too many values.
    #[error("the body has more than {limit} values")]
    TooManyValues {
        /// The limit.
        limit: usize,
    },
    /// Something follows the document.
    #[error("bytes follow the end of the JSON body at byte {at}")]
    TrailingBytes {
        /// Where.
        at: usize,
    },
}

impl JsonProblem {
    /// A stable name for clients and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ByteOrderMark => "byte_order_mark",
            Self::InvalidUtf8 { .. } => "invalid_utf8",
            Self::Invalid { .. } => "invalid_json",
            Self::DuplicateKey { .. } => "duplicate_key",
            Self::LoneSurrogate { .. } => "lone_surrogate",
            Self::TooDeep { .. } => "too_deep",
            Self::TooManyValues { .. } => "too_many_values",
            Self::TrailingBytes { .. } => "trailing_bytes",
        }
    }
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// A number, as written.
    Number,
    /// `true`
    True,
    /// `false`
    False,
    /// `null`
    Null,
}

#[derive(Clone, Debug)]
struct Node {
    kind: Kind,
    start: u32,
    end: u32,
    /// The key's token, quotes included; empty in arrays and at the top.
    key: (u32, u32),
    parent: u32,
    /// The node after this one's whole subtree.
    next: u32,
}

/// The nodes of a document, in document order, over bytes that stay with the caller.
#[derive(Clone, Debug)]
pub struct Doc {
    nodes: Vec<Node>,
}

/// Reads a document.
pub fn parse(
    bytes: &[u8],
    strictness: Strictness,
    limits: &JsonLimits,
) -> Result<Doc, JsonProblem> {
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        return Err(JsonProblem::ByteOrderMark);
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| JsonProblem::InvalidUtf8 { at: error.valid_up_to() })?;
    let mut parser = Parser {
        text,
        bytes,
        at: 0,
        strict: strictness == Strictness::Request,
        limits: *limits,
        nodes: Vec::with_capacity(bytes.len() / 24 + 4),
    };
    parser.skip_space();
    parser.value((0, 0), 0, 0)?;
    parser.skip_space();
    if parser.at < bytes.len() {
        return Err(JsonProblem::TrailingBytes { at: parser.at });
    }
    Ok(Doc { nodes: parser.nodes })
}

impl Doc {
    /// The document itself.
    pub const ROOT: NodeId = 0;

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// A document always has its root.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What a node is.
    pub fn kind(&self, node: NodeId) -> Kind {
        self.nodes.get(node).map_or(Kind::Null, |node| node.kind)
    }

    /// The bytes of a node's value, quotes included.
    pub fn range(&self, node: NodeId) -> Range<usize> {
        self.nodes.get(node).map_or(0..0, |node| node.start as usize..node.end as usize)
    }

    /// The bytes of a member's key token, quotes included; `None` for elements of arrays.
    pub fn key_range(&self, node: NodeId) -> Option<Range<usize>> {
        let (start, end) = self.nodes.get(node)?.key;
        (end > start).then_some(start as usize..end as usize)
    }

    /// The decoded key of a member.
    pub fn key<'b>(&self, node: NodeId, bytes: &'b [u8]) -> Option<Cow<'b, str>> {
        Some(decode(bytes.get(self.key_range(node)?)?))
    }

    /// The object or array that a node stands in.
    pub fn parent(&self, node: NodeId) -> Option<NodeId> {
        (node != Self::ROOT).then(|| self.nodes.get(node).map(|node| node.parent as usize))?
    }

    /// The members or elements of a node, in order.
    pub fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let end = self.nodes.get(node).map_or(0, |node| node.next as usize);
        let container = matches!(self.kind(node), Kind::Object | Kind::Array);
        let mut at = if container { node + 1 } else { end };
        std::iter::from_fn(move || {
            let child = (at < end).then_some(at)?;
            at = self.nodes.get(child).map_or(end, |node| node.next as usize);
            Some(child)
        })
    }

    /// The member with this key; of several, the last, as most parsers have it.
    pub fn member(&self, node: NodeId, key: &str, bytes: &[u8]) -> Option<NodeId> {
        let has_key = |&child: &NodeId| self.key(child, bytes).is_some_and(|own| own == key);
        self.children(node).filter(has_key).last()
    }

    /// The decoded text of a string node.
    pub fn string<'b>(&self, node: NodeId, bytes: &'b [u8]) -> Option<Cow<'b, str>> {
        (self.kind(node) == Kind::String).then(|| bytes.get(self.range(node)).map(decode))?
    }

    /// The value of a number node, if it is a small whole number.
    pub fn integer(&self, node: NodeId, bytes: &[u8]) -> Option<u64> {
        if self.kind(node) != Kind::Number {
            return None;
        }
        std::str::from_utf8(bytes.get(self.range(node))?).ok()?.parse().ok()
    }
}

struct Parser<'b> {
    text: &'b str,
    bytes: &'b [u8],
    at: usize,
    strict: bool,
    limits: JsonLimits,
    nodes: Vec<Node>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn invalid<T>(&self, expected: &'static str) -> Result<T, JsonProblem> {
        Err(JsonProblem::Invalid { at: self.at, expected })
    }

    fn value(&mut self, key: (u32, u32), parent: u32, depth: usize) -> Result<(), JsonProblem> {
        if self.nodes.len() >= self.limits.values {
            return Err(JsonProblem::TooManyValues { limit: self.limits.values });
        }
        let id = self.nodes.len();
        let start = narrow(self.at);
        self.nodes.push(Node { kind: Kind::Null, start, end: start, key, parent, next: 0 });
        let kind = match self.peek() {
            Some(b'{') => self.object(id, depth + 1)?,
            Some(b'[') => self.array(id, depth + 1)?,
            Some(b'"') => self.string()?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Kind::True)?,
            Some(b'f') => self.word("false", Kind::False)?,
            Some(b'n') => self.word("null", Kind::Null)?,
            _ => return self.invalid("expected a value"),
        };
        let (end, next) = (narrow(self.at), narrow(self.nodes.len()));
        if let Some(node) = self.nodes.get_mut(id) {
            (node.kind, node.end, node.next) = (kind, end, next);
        }
        Ok(())
    }

    fn enter(&mut self, depth: usize) -> Result<(), JsonProblem> {
        if depth > self.limits.depth {
            return Err(JsonProblem::TooDeep { at: self.at, limit: self.limits.depth });
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    fn object(&mut self, id: NodeId, depth: usize) -> Result<Kind, JsonProblem> {
        self.enter(depth)?;
        let mut keys = Keys::default();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Kind::Object);
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.invalid("expected a key in double quotes");
            }
            let key_start = self.at;
            self.string()?;
            let key = (narrow(key_start), narrow(self.at));
            if self.strict {
                let token = self.bytes.get(key_start..self.at).unwrap_or_default();
                keys.add(decode(token), key_start)?;
            }
            self.skip_space();
            if self.peek() != Some(b':') {
                return self.invalid("expected `:` after the key");
            }
            self.at += 1;
            self.skip_space();
            self.value(key, narrow(id), depth)?;
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Kind::Object);
                }
                _ => return self.invalid("expected `,` or `}`"),
            }
            self.skip_space();
        }
    }

    fn array(&mut self, id: NodeId, depth: usize) -> Result<Kind, JsonProblem> {
        self.enter(depth)?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Kind::Array);
        }
        loop {
            self.value((0, 0), narrow(id), depth)?;
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Kind::Array);
                }
                _ => return self.invalid("expected `,` or `]`"),
            }
            self.skip_space();
        }
    }

    fn string(&mut self) -> Result<Kind, JsonProblem> {
        let start = self.at;
        self.at += 1;
        let mut unicode_escapes = false;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let Some(stop) = rest.iter().position(|&b| b == b'"' || b == b'\\' || b < 0x20) else {
                self.at = self.bytes.len();
                return self.invalid("the string has no end");
            };
            self.at += stop;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    break;
                }
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                            self.at += 1;
                        }
                        Some(b'u') => {
                            unicode_escapes = true;
                            let digits = self.bytes.get(self.at + 1..self.at + 5);
                            if !digits.is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit)) {
                                return self.invalid("expected four hexadecimal digits");
                            }
                            self.at += 5;
                        }
                        _ => return self.invalid("this escape is not known"),
                    }
                }
                _ => return self.invalid("control characters must be escaped"),
            }
        }
        let token = self.bytes.get(start..self.at).unwrap_or_default();
        if unicode_escapes && self.strict && has_lone_surrogate(token) {
            return Err(JsonProblem::LoneSurrogate { at: start });
        }
        Ok(Kind::String)
    }

    fn number(&mut self) -> Result<Kind, JsonProblem> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return self.invalid("expected a digit"),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Kind::Number)
    }

    fn digits(&mut self) -> Result<(), JsonProblem> {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return self.invalid("expected a digit");
        }
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn word(&mut self, word: &'static str, kind: Kind) -> Result<Kind, JsonProblem> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            return Ok(kind);
        }
        self.invalid("expected a value")
    }
}

/// The keys of one object. Few keys are compared one by one; many go into a set.
#[derive(Default)]
struct Keys<'b> {
    few: Vec<Cow<'b, str>>,
    many: HashSet<Cow<'b, str>>,
}

impl<'b> Keys<'b> {
    const FEW: usize = 24;

    fn add(&mut self, key: Cow<'b, str>, at: usize) -> Result<(), JsonProblem> {
        if self.few.contains(&key) || self.many.contains(&key) {
            return Err(JsonProblem::DuplicateKey { at, key: key.chars().take(40).collect() });
        }
        if self.few.len() < Self::FEW {
            self.few.push(key);
        } else {
            self.many.insert(key);
        }
        Ok(())
    }
}

/// Bodies are limited far below 4 GiB before they are read.
fn narrow(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(body: &[u8]) -> &'static str {
        parse(body, Strictness::Request, &JsonLimits::default()).map_or_else(|p| p.code(), |_| "ok")
    }

    #[test]
    fn what_two_parsers_read_differently_is_refused_in_requests() {
        for (body, expected) in [
            (&br#"{"a":1,"\u0061":2}"#[..], "duplicate_key"),
            (br#"{"a":"\ud83d"}"#, "lone_surrogate"),
            (b"\xef\xbb\xbf{}", "byte_order_mark"),
            (b"\xff\xfe{\0}\0", "invalid_utf8"),
            (b"{\"a\":\"\xed\xa0\xbd\xed\xb8\x80\"}", "invalid_utf8"),
            (br#"{"a":NaN}"#, "invalid_json"),
            (br#"{"a":-Infinity}"#, "invalid_json"),
            (br#"{"a":01}"#, "invalid_json"),
            (br#"{"a":1,}"#, "invalid_json"),
            (b"{'a':1}", "invalid_json"),
            (b"{\"a\":\"\n\"}", "invalid_json"),
            (br#"{"a":1}{"a":2}"#, "trailing_bytes"),
            (br#"{"a":1} x"#, "trailing_bytes"),
            (br#"{"a":"\ud83d\ude00","b":1e999,"c":"\u0000"}"#, "ok"),
        ] {
            assert_eq!(code(body), expected, "{}", String::from_utf8_lossy(body));
        }
        assert_eq!(code("[".repeat(65).as_bytes()), "too_deep");
        assert_eq!(code("[".repeat(100_000).as_bytes()), "too_deep");
        assert_eq!(code(format!("[{}1]", "1,".repeat(600_000)).as_bytes()), "too_many_values");
    }

    #[test]
    fn responses_may_have_duplicate_keys_and_lone_surrogates() {
        let body = br#" {"a":"x","a":"\ud83d"} "#;
        let doc = parse(body, Strictness::Response, &JsonLimits::default()).unwrap();
        assert_eq!(doc.children(Doc::ROOT).count(), 2);
        let last = doc.member(Doc::ROOT, "a", body).unwrap();
        assert_eq!(doc.string(last, body).unwrap(), "\u{fffd}");
    }

    fn values() -> impl Strategy<Value = serde_json::Value> {
        use serde_json::Value;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
            "[\\x00-\\x7f]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[a-c\"\\\\é]{0,3}", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn rebuild(doc: &Doc, node: NodeId, bytes: &[u8]) -> serde_json::Value {
        use serde_json::Value;
        match doc.kind(node) {
            Kind::Object => doc
                .children(node)
                .map(|child| {
                    (doc.key(child, bytes).unwrap().into_owned(), rebuild(doc, child, bytes))
                })
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Kind::Array => doc
                .children(node)
                .map(|child| rebuild(doc, child, bytes))
                .collect::<Vec<_>>()
                .into(),
            Kind::String => doc.string(node, bytes).unwrap().into_owned().into(),
            Kind::Number => serde_json::from_slice(&bytes[doc.range(node)]).unwrap(),
            Kind::True => Value::Bool(true),
            Kind::False => Value::Bool(false),
            Kind::Null => Value::Null,
        }
    }

    proptest! {
        #[test]
        fn every_document_is_read_as_another_parser_reads_it(value in values(), pretty: bool) {
            let text = if pretty {
                serde_json::to_string_pretty(&value)
            } else {
                serde_json::to_string(&value)
            }.unwrap();
            let doc = parse(text.as_bytes(), Strictness::Request, &JsonLimits::default()).unwrap();
            let again: serde_json::Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(rebuild(&doc, Doc::ROOT, text.as_bytes()), again);
        }

        #[test]
        fn what_is_accepted_is_accepted_by_another_parser(text in "[\\[\\]{}\":,0-9a-fntrue.eE+ -]{0,24}") {
            let ours = parse(text.as_bytes(), Strictness::Request, &JsonLimits::default());
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text);
            if ours.is_ok() {
                prop_assert!(theirs.is_ok());
            }
        }
    }
}
