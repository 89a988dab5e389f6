//! Tidegate: an inline content-moderation reverse proxy for LLM APIs.
//!
//! Modules stand here in layer order; each imports only from layers above it in this list
//! (`tests/architecture.rs` holds it to that).

pub mod domain;

pub mod config;
pub mod telemetry;
pub mod text;
pub mod wire;

pub mod detect;
pub mod upstream;

pub mod policy;

pub mod engine;

pub mod stream;

pub mod proxy;

pub mod app;
pub mod cli;
