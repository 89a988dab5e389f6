//! YAML text to a tree whose every node knows its place and how it was written.
//!
//! It gives no meaning to keys and values; `check` does, with the schema of the file.

mod explain;
mod read;
mod tree;

pub(in crate::config) use read::{FILE_LIMIT_BYTES, read};
pub(in crate::config) use tree::{Entry, Key, Node, Style, Value};
