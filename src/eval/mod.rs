//! Measures judges of text on labelled data: how much they find, how often they are wrong, and whether they treat
//! groups of people alike.
//!
//! It decides nothing about a text itself: a [`Judge`] does, such as a policy. [`train`] makes the model that is one.

pub mod data;
pub mod metrics;
pub mod report;
pub mod train;

mod judge;
mod probe;
mod run;
mod table;

#[cfg(test)]
mod tests;

pub use judge::{
    APART, Call, HeadJudge, Judge, ModelJudge, PolicyJudge, Prediction, Question, RecordedJudge,
};
pub use probe::{Flip, IdentityLine, ProbeReport, probe};
pub use run::{RunError, RunOptions, judge_all, run};
pub use table::{Counts, Dimension, Example, Mistakes, Table, TooMuch};
