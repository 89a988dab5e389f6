//! From the strings that a table finds in an event to the channels they belong to.
//!
//! It says where a text is put together, not what becomes of it.

use std::ops::Range;

use super::BodyProblem;
use super::leaves::{KEY_IN_PATH, path_of};
use super::response::index_of;
use super::stream::{Channel, FUNCTION_CALL, Fragment, Part, Tokens};
use crate::domain::{Author, EditClass, TextKind};
use crate::wire::json::{Doc, Kind, NodeId, decode, token_text};
use crate::wire::table::{By, Found, Leaf};

/// The data of one event.
pub(super) struct Reader<'d> {
    pub(super) doc: &'d Doc,
    pub(super) bytes: &'d [u8],
    /// Where `bytes` begin in the event.
    pub(super) offset: usize,
}

/// One token text of an event.
pub(super) struct Token {
    choice: Option<u64>,
    list: String,
    bytes: Vec<u8>,
    alone: Vec<String>,
}

impl Token {
    /// Adds the token to those of its list that came before it.
    pub(super) fn join(self, runs: &mut Vec<Tokens>) {
        let Self { choice, list, bytes, alone } = self;
        let known = runs.iter().position(|run| run.choice == choice && run.list == list);
        let known = known.unwrap_or_else(|| {
            runs.push(Tokens { choice, list, bytes: Vec::new(), alone: Vec::new() });
            runs.len() - 1
        });
        if let Some(run) = runs.get_mut(known) {
            run.bytes.extend(bytes);
            run.alone.extend(alone.into_iter().filter(|text| !text.is_empty()));
        }
    }
}

impl Reader<'_> {
    pub(super) fn choices(&self) -> Vec<NodeId> {
        let list = self.doc.member(Doc::ROOT, "choices", self.bytes);
        list.map(|list| self.doc.children(list).collect()).unwrap_or_default()
    }

    pub(super) fn shifted(&self, range: Range<usize>) -> Range<usize> {
        range.start + self.offset..range.end + self.offset
    }

    /// Refuses indexes that are no small whole numbers: under which one a client puts a text
    /// together cannot be known.
    pub(super) fn check_indexes(&self) -> Result<(), BodyProblem> {
        let calls = |&choice: &NodeId| {
            let delta = self.doc.member(choice, "delta", self.bytes)?;
            self.doc.member(delta, "tool_calls", self.bytes)
        };
        let choices = self.choices();
        let calls: Vec<NodeId> = choices.iter().filter_map(calls).collect();
        let calls = calls.iter().flat_map(|&list| self.doc.children(list));
        let is_odd = |node: NodeId| {
            let index = self.doc.member(node, "index", self.bytes);
            index.is_some_and(|index| {
                self.doc.kind(index) != Kind::Null && self.doc.integer(index, self.bytes).is_none()
            })
        };
        if choices.iter().copied().chain(calls).any(is_odd) {
            let expected = "must be a whole number";
            return Err(BodyProblem::Field { field: "index".to_owned(), expected });
        }
        Ok(())
    }

    /// The token text that a string is, if it is one.
    pub(super) fn token(&self, found: &Found) -> Option<Token> {
        let Some(Leaf::Text { kind: TextKind::Logprob, .. }) = found.leaf else { return None };
        let trail = self.trail(found.node);
        let key = |at: usize| self.doc.key(*trail.get(at)?, self.bytes);
        let choice = self.choice(&trail);
        let list = key(3).map_or(String::new(), |key| key.chars().take(KEY_IN_PATH).collect());
        let text = self.text(found)?;
        let chosen = !found.is_key
            && choice.is_some()
            && key(2).as_deref() == Some("logprobs")
            && match trail.len() {
                6 => key(5).as_deref() == Some("token"),
                5 => list == "tokens",
                _ => false,
            };
        let entry = self.doc.parent(found.node).filter(|_| !found.is_key);
        let own = entry.and_then(|entry| self.token_bytes(entry));
        let differ = own.as_ref().is_some_and(|own| own != text.as_bytes());
        if !chosen {
            let own = own.filter(|_| differ).map(|own| String::from_utf8_lossy(&own).into_owned());
            let alone = own.into_iter().chain([text]).collect();
            return Some(Token { choice, list, bytes: Vec::new(), alone });
        }
        let alone = if differ { vec![text.clone()] } else { Vec::new() };
        let bytes = own.unwrap_or_else(|| text.into_bytes());
        Some(Token { choice, list, bytes, alone })
    }

    /// The `bytes` beside a token: the list of numbers from 0 to 255 that it is made of.
    fn token_bytes(&self, entry: NodeId) -> Option<Vec<u8>> {
        let list = self.doc.member(entry, "bytes", self.bytes)?;
        if self.doc.kind(list) != Kind::Array {
            return None;
        }
        let byte = |node| u8::try_from(self.doc.integer(node, self.bytes)?).ok();
        self.doc.children(list).map(byte).collect()
    }

    /// The piece of text that a string is, if it is text.
    pub(super) fn fragment(&self, found: &Found) -> Option<Fragment> {
        let range = self.range(found)?;
        let (author, kind, edit) = match found.leaf {
            Some(Leaf::Skip | Leaf::Media { .. }) => return None,
            Some(Leaf::Text { by, kind, edit }) => {
                let author = match by {
                    By::Always(author) => author,
                    By::Role => Author::Assistant,
                };
                (author, kind, edit)
            }
            None => (Author::Unknown, TextKind::Meta, EditClass::Fixed),
        };
        let edit = if found.is_key { EditClass::Fixed } else { edit };
        let written = self.bytes.get(range.clone())?;
        let text = decode(written).into_owned();
        let channel = self.channel(found);
        let (leading_low_half, trailing_high_half) = halves(written, &text);
        let token = self.shifted(range);
        Some(Fragment {
            channel,
            text,
            token,
            author,
            kind,
            edit,
            leading_low_half,
            trailing_high_half,
        })
    }

    fn range(&self, found: &Found) -> Option<Range<usize>> {
        if found.is_key { self.doc.key_range(found.node) } else { Some(self.doc.range(found.node)) }
    }

    fn text(&self, found: &Found) -> Option<String> {
        Some(decode(self.bytes.get(self.range(found)?)?).into_owned())
    }

    /// The choice that a trail of nodes leads through.
    fn choice(&self, trail: &[NodeId]) -> Option<u64> {
        let list = self.doc.key(*trail.first()?, self.bytes)?;
        let choice = trail.get(1).filter(|_| list == "choices")?;
        index_of(self.doc, self.bytes, *choice)
    }

    fn channel(&self, found: &Found) -> Channel {
        let trail = self.trail(found.node);
        let choice = self.choice(&trail);
        let part = choice.and_then(|_| self.part(found, &trail));
        let part = part.unwrap_or_else(|| Part::Other(path_of(self.doc, self.bytes, found.node)));
        Channel { choice, part }
    }

    /// The part that a text of a choice belongs to; `None` for what is a text by itself.
    fn part(&self, found: &Found, trail: &[NodeId]) -> Option<Part> {
        let key = |at: usize| self.doc.key(*trail.get(at)?, self.bytes);
        let (second, third) = (key(2)?, key(3));
        if found.is_key {
            return None;
        }
        let last = self.doc.key(found.node, self.bytes);
        let Some(Leaf::Text { kind, .. }) = found.leaf else {
            // A new field of text would come in pieces like the ones that are known.
            let streams = second == "delta" || trail.len() == 3;
            return streams.then(|| Part::Field(self.path_below_choice(found.node)));
        };
        if second == "text" {
            return Some(Part::Content);
        }
        if second != "delta" {
            return None;
        }
        match third.as_deref()? {
            "content" if kind == TextKind::Text => Some(Part::Content),
            "content" => Some(Part::Reasoning("content.thinking".to_owned())),
            "refusal" => Some(Part::Refusal),
            "audio" => Some(Part::Transcript),
            "reasoning_details" => {
                let entry = index_of(self.doc, self.bytes, *trail.get(4)?)?;
                Some(Part::Reasoning(format!("reasoning_details[{entry}].{}", last?)))
            }
            name if kind == TextKind::Reasoning => Some(Part::Reasoning(name.to_owned())),
            "tool_calls" => {
                // Where a backend leaves the index out, the place in the list is it.
                let call = index_of(self.doc, self.bytes, *trail.get(4)?)?;
                Some(tool_part(call, kind))
            }
            "function_call" => Some(tool_part(FUNCTION_CALL, kind)),
            _ => None,
        }
    }

    fn path_below_choice(&self, node: NodeId) -> String {
        let path = path_of(self.doc, self.bytes, node);
        path.split_once('.').map_or(String::new(), |(_, below)| below.to_owned())
    }

    /// The nodes from right below the top down to this one.
    fn trail(&self, node: NodeId) -> Vec<NodeId> {
        let mut trail = vec![node];
        let mut at = node;
        while let Some(parent) = self.doc.parent(at).filter(|&parent| parent != Doc::ROOT) {
            trail.push(parent);
            at = parent;
        }
        trail.reverse();
        trail
    }
}

fn tool_part(call: u64, kind: TextKind) -> Part {
    if kind == TextKind::ToolArgs { Part::ToolArgs(call) } else { Part::ToolName(call) }
}

/// The halves of surrogate pairs that a string begins and ends with.
fn halves(token: &[u8], text: &str) -> (Option<u16>, Option<u16>) {
    if !text.starts_with('\u{fffd}') && !text.ends_with('\u{fffd}') {
        return (None, None);
    }
    let mut pieces = token_text(token).map(|piece| piece.half);
    let first = pieces.next().flatten();
    let last = pieces.last().unwrap_or(first);
    let is_low = |half: &u16| (0xdc00..0xe000).contains(half);
    (first.filter(is_low), last.filter(|half| !is_low(half)))
}
