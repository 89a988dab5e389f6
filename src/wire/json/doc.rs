//! A document as nodes with places, in document order, over bytes that stay with the caller.

use std::borrow::Cow;
use std::ops::Range;

use super::text::{decode, says};

/// Index of a node of a [`Doc`].
pub type NodeId = usize;

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

/// The nodes of a document, in document order, over bytes that stay with the caller.
#[derive(Clone, Debug)]
pub struct Doc {
    pub(super) nodes: Vec<Node>,
}

/// One value: 36 bytes, so that a body's nodes stay smaller than the body in the common case.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) start: u32,
    pub(super) end: u32,
    /// The key's token, quotes included; empty in arrays and at the top.
    pub(super) key: (u32, u32),
    pub(super) parent: u32,
    /// Its place among its siblings.
    pub(super) index: u32,
    /// The node after this one's whole subtree.
    pub(super) next: u32,
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

    /// A node's place among the members or elements that it stands with.
    pub fn index(&self, node: NodeId) -> usize {
        self.nodes.get(node).map_or(0, |node| node.index as usize)
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
        let has_key = |&child: &NodeId| {
            let token = self.key_range(child).and_then(|range| bytes.get(range));
            token.is_some_and(|token| says(token, key))
        };
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
