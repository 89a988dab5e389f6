//! Classifiers that take their time: asks a moderation server, or a transformer in process, about texts, within a time,
//! and never takes silence for safety.
//!
//! It decides nothing: scores go to whoever asked. What is no clear answer is [`Verdict::Unavailable`].

mod breaker;
mod cache;
mod calls;
mod carrier;
mod classifier;
mod contract;
mod desk;
mod in_process;
#[cfg(test)]
mod local_tests;
mod mistakes;
mod models;
mod self_test;
mod setup;
#[cfg(test)]
mod tests;
mod verdict;
mod window;

pub use breaker::Circuit;
pub use carrier::Endpoint;
pub use classifier::{Classifier, State};
pub use mistakes::Mistake;
pub use models::load_models;
pub use self_test::Tested;
pub use setup::{categories, check};
pub use verdict::{Question, Reason, ScoredSpan, Scores, Verdict};
