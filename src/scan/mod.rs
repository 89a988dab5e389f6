//! Reads rows of data, has a policy judge their texts, and writes the rows that are wanted: to select what a model is
//! trained on, or to clean logs.
//!
//! What is not changed is written byte for byte as it came. A row that cannot be used is a [`BadRow`], and one that could
//! not be screened never counts as clean.

mod array;
mod columns;
pub mod diff;
mod fields;
mod judge;
mod output;
mod reader;
mod row;
mod run;
mod source;
mod summary;
mod table;

#[cfg(test)]
mod tests;

pub use fields::{Fields, TextField};
pub use judge::{Plan, Selection};
pub use output::{OutputError, OutputFile, Target};
pub use reader::LONGEST_ROW;
pub use run::{BATCH_BYTES, BATCH_ROWS, BadRow, Job, Outcome, ReadFile, ScanError, Watch, run};
pub use source::{Form, Source, SourceError, sources};
pub use summary::{LONGEST_SHOWN, Sample, Summary};
