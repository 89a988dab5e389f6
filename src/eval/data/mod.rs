//! Labelled rows from JSON Lines and CSV, from files, folders and standard input, one at a time.
//!
//! It judges nothing. A row that cannot be used comes back as [`BadRow`], with its file and line; what was not
//! annotated stays so and is never counted as 0.

mod fields;
mod labels;
mod lines;
mod records;
mod rows;
mod sources;

#[cfg(test)]
mod tests;

pub use fields::{Fields, LabelField};
pub use labels::{ANY, Labels, canonical};
pub use rows::{BadRow, Place, Row, Rows, Scores};
pub use sources::{DataError, Form, Source, sources};
