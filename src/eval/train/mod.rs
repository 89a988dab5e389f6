//! Trains the built-in classifier, or the head of a sentence encoder: labelled texts and a recipe in, a model file and a
//! report out.
//!
//! It scores nothing by its own arithmetic where serving has one: features come from the same reader, and calibration,
//! thresholds and the report from scores of the finished model. The same texts, recipe and seed give the same bytes,
//! whatever the number of threads: work is cut into parts that do not depend on it.

mod calibrate;
mod chance;
mod dense;
mod features;
mod head;
mod lane;
mod metrics;
mod pipeline;
mod quantise;
mod read;
mod report;
mod rows;
mod thresholds;

#[cfg(test)]
mod tests;

pub use head::train_head;
pub use pipeline::{Options, Progress, TrainError, Trained, train};
pub use read::{BadRow, ReadError, Reader, Row};
pub use report::{BenignLine, CategoryLine, Report, TrainingLine};
