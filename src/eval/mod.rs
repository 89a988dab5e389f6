//! Measures judges of text on labelled data: how much they find, how often they are wrong, and whether they treat
//! groups of people alike.
//!
//! It decides nothing about a text itself: a judge does, such as a policy.

pub mod data;
pub mod metrics;
