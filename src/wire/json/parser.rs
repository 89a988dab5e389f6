//! One pass over the bytes of a JSON document: its nodes, and everything that two parsers could read
//! differently refused.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use memchr::memchr2;

use super::doc::{Doc, Kind, Node, NodeId};
use super::problem::{JsonProblem, Malformed};
use super::text::{decode, has_lone_surrogate};

/// Who wrote the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// A client: what parsers read differently is refused.
    Request,
    /// The upstream: duplicate keys and lone surrogates are read, all copies are screened; `NaN` and
    /// `Infinity`, which Python servers write, pass as they are.
    Response,
    /// An event of a stream: as [`Self::Response`], but duplicate keys are refused. Texts are put
    /// together from many events, and which copy a client puts together cannot be known.
    Event,
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

/// The most documents that are read one after another: more calls than any model makes at once.
pub const MOST_DOCUMENTS: usize = 256;

/// Reads a document.
pub fn parse(
    bytes: &[u8],
    strictness: Strictness,
    limits: &JsonLimits,
) -> Result<Doc, JsonProblem> {
    let (doc, end) = parse_first(bytes, strictness, limits)?;
    if end < bytes.len() {
        return Err(JsonProblem::TrailingBytes { at: end });
    }
    Ok(doc)
}

/// Reads documents that stand one after another, as an upstream may write them, with the bytes of
/// each; `None` where something else stands there too, or more than [`MOST_DOCUMENTS`].
pub fn documents(bytes: &[u8]) -> Option<Vec<(Range<usize>, Doc)>> {
    let mut documents = Vec::new();
    let mut at = 0;
    while at < bytes.len() && documents.len() < MOST_DOCUMENTS {
        let rest = bytes.get(at..)?;
        let (doc, end) = parse_first(rest, Strictness::Response, &JsonLimits::default()).ok()?;
        documents.push((at..at + end, doc));
        at += end;
    }
    (at == bytes.len()).then_some(documents)
}

/// Reads a document, and where what follows it begins.
fn parse_first(
    bytes: &[u8],
    strictness: Strictness,
    limits: &JsonLimits,
) -> Result<(Doc, usize), JsonProblem> {
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        return Err(JsonProblem::ByteOrderMark);
    }
    // After this, every cut between ASCII bytes is a cut between characters.
    std::str::from_utf8(bytes)
        .map_err(|error| JsonProblem::InvalidUtf8 { at: error.valid_up_to() })?;
    let mut parser = Parser {
        bytes,
        at: 0,
        strict: strictness == Strictness::Request,
        unique_keys: strictness != Strictness::Response,
        limits: *limits,
        nodes: Vec::with_capacity(bytes.len() / 24 + 4),
    };
    parser.skip_space();
    parser.value(Place { key: (0, 0), parent: 0, index: 0 }, 0)?;
    parser.skip_space();
    Ok((Doc { nodes: parser.nodes }, parser.at))
}

struct Parser<'b> {
    bytes: &'b [u8],
    at: usize,
    strict: bool,
    unique_keys: bool,
    limits: JsonLimits,
    nodes: Vec<Node>,
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place {
    key: (u32, u32),
    parent: u32,
    index: u32,
}

impl<'b> Parser<'b> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn wrong<T>(&self, what: Malformed) -> Result<T, JsonProblem> {
        Err(JsonProblem::Invalid { at: self.at, what })
    }

    fn expected<T>(&self, what: &'static str) -> Result<T, JsonProblem> {
        self.wrong(Malformed::Syntax(what))
    }

    fn value(&mut self, place: Place, depth: usize) -> Result<(), JsonProblem> {
        if self.nodes.len() >= self.limits.values {
            return Err(JsonProblem::TooManyValues { limit: self.limits.values });
        }
        let id = self.nodes.len();
        let start = narrow(self.at);
        let Place { key, parent, index } = place;
        self.nodes.push(Node { kind: Kind::Null, start, end: start, key, parent, index, next: 0 });
        let kind = match self.peek() {
            Some(b'{') => self.object(id, depth + 1)?,
            Some(b'[') => self.array(id, depth + 1)?,
            Some(b'"') => self.string()?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Kind::True)?,
            Some(b'f') => self.word("false", Kind::False)?,
            Some(b'n') => self.word("null", Kind::Null)?,
            Some(b'N') => self.not_finite("NaN")?,
            Some(b'I') => self.not_finite("Infinity")?,
            None if self.bytes.is_empty() => return self.expected("it is empty"),
            _ => return self.expected("expected a value"),
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
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Kind::Object);
        }
        let mut keys = Keys::default();
        let mut index = 0;
        loop {
            let key = self.key(&mut keys)?;
            self.value(Place { key, parent: narrow(id), index }, depth)?;
            index += 1;
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Kind::Object);
                }
                _ => return self.expected("expected `,` or `}`"),
            }
            self.skip_space();
        }
    }

    /// A key with its colon; the result is where the key's token stands.
    fn key(&mut self, keys: &mut Keys<'b>) -> Result<(u32, u32), JsonProblem> {
        if self.peek() != Some(b'"') {
            return self.expected("expected a key in double quotes");
        }
        let start = self.at;
        self.string()?;
        let end = self.at;
        if self.unique_keys {
            keys.add(decode(self.bytes.get(start..end).unwrap_or_default()), start)?;
        }
        self.skip_space();
        if self.peek() != Some(b':') {
            return self.expected("expected `:` after the key");
        }
        self.at += 1;
        self.skip_space();
        Ok((narrow(start), narrow(end)))
    }

    fn array(&mut self, id: NodeId, depth: usize) -> Result<Kind, JsonProblem> {
        self.enter(depth)?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Kind::Array);
        }
        let mut index = 0;
        loop {
            self.value(Place { key: (0, 0), parent: narrow(id), index }, depth)?;
            index += 1;
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Kind::Array);
                }
                _ => return self.expected("expected `,` or `]`"),
            }
            self.skip_space();
        }
    }

    fn string(&mut self) -> Result<Kind, JsonProblem> {
        let start = self.at;
        self.at += 1;
        let mut surrogates = false;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let stop = memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
            let plain = rest.get(..stop).unwrap_or_default();
            // Without an early exit, so that the compiler looks at many bytes at a time.
            let lowest = plain.iter().fold(u8::MAX, |lowest, &byte| lowest.min(byte));
            if lowest < 0x20 {
                self.at += plain.iter().position(|&byte| byte < 0x20).unwrap_or(0);
                return self.wrong(Malformed::ControlCharacter);
            }
            self.at += stop;
            match self.peek() {
                Some(b'"') => break,
                Some(_) => surrogates |= self.escape()?,
                None => return self.expected("the string has no end"),
            }
        }
        self.at += 1;
        let token = self.bytes.get(start..self.at).unwrap_or_default();
        if surrogates && self.strict && has_lone_surrogate(token) {
            return Err(JsonProblem::LoneSurrogate { at: start });
        }
        Ok(Kind::String)
    }

    /// One escape; the result is whether it is half of a surrogate pair.
    fn escape(&mut self) -> Result<bool, JsonProblem> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(false)
            }
            Some(b'u') => match self.bytes.get(self.at + 1..self.at + 5) {
                Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => {
                    self.at += 5;
                    Ok(matches!(digits, [b'd' | b'D', b'8'..=b'9' | b'a'..=b'f' | b'A'..=b'F', ..]))
                }
                _ => self.expected("expected four hexadecimal digits"),
            },
            _ => self.expected("this escape is not known"),
        }
    }

    fn number(&mut self) -> Result<Kind, JsonProblem> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            Some(b'I') => return self.not_finite("Infinity"),
            _ => return self.wrong(Malformed::Number),
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
        if matches!(self.peek(), Some(b'0'..=b'9' | b'.' | b'x' | b'_')) {
            return self.wrong(Malformed::Number);
        }
        Ok(Kind::Number)
    }

    fn digits(&mut self) -> Result<(), JsonProblem> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return self.wrong(Malformed::Number);
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn not_finite(&mut self, word: &'static str) -> Result<Kind, JsonProblem> {
        if self.strict {
            return self.wrong(Malformed::Number);
        }
        self.word(word, Kind::Number)
    }

    fn word(&mut self, word: &'static str, kind: Kind) -> Result<Kind, JsonProblem> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(kind);
        }
        self.expected("expected a value")
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
