//! Nodes of a document by their paths.

use crate::wire::dialect::Path;
use crate::wire::json::{Doc, Kind, NodeId};

/// The node at a path from the top, if every step of it is there.
pub(super) fn at(doc: &Doc, bytes: &[u8], path: &Path) -> Option<NodeId> {
    path.segments.iter().try_fold(Doc::ROOT, |node, (name, _)| doc.member(node, name, bytes))
}

/// Every node at a path below a node; `[]` leads to each element of a list.
pub(super) fn all_at(doc: &Doc, bytes: &[u8], from: NodeId, path: &Path) -> Vec<NodeId> {
    let mut nodes = vec![from];
    for (name, each) in &path.segments {
        let members = nodes.into_iter().filter_map(|node| doc.member(node, name, bytes));
        nodes = if *each {
            let lists = members.filter(|&node| doc.kind(node) == Kind::Array);
            lists.flat_map(|list| doc.children(list).collect::<Vec<_>>()).collect()
        } else {
            members.collect()
        };
    }
    nodes
}
