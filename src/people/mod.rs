//! The arithmetic of people in the loop: what their ratings, judgements and labels come to.
//!
//! Plain values go in, plain values come out: it stores nothing, asks nobody and knows no clock.

pub mod agreement;
pub mod duplicates;
pub mod preference;
pub mod satisfaction;
pub mod verdict;

mod chance;
