//! What must hold for any input, one module for each fuzz target.
//!
//! `fuzz/targets` hands each check the inputs that libFuzzer makes; `tests/fuzz_seeds.rs` hands it the
//! seeds, so that they are tried wherever the tests run. An input that broke something becomes a seed.

pub mod audit;
pub mod forms;
pub mod gate;
pub mod json;
pub mod models;
mod pieces;
pub mod policy;
pub mod requests;
pub mod sse;
pub mod views;

use std::path::PathBuf;

/// The folder `fuzz`, whether this is built as its own crate or as a module of a test.
pub fn folder() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let inside = here.join("fuzz");
    if inside.is_dir() { inside } else { here }
}
