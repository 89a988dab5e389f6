//! Tidegate: an inline content-moderation reverse proxy for LLM APIs.
//!
//! Modules stand here in layer order; each imports only from layers above it in this list
//! (`tests/architecture.rs` holds it to that).
//!
//! A policy file becomes a verdict in three steps:
//!
//! ```
//! use std::sync::Arc;
//! use jiff::civil::date;
//! use tidegate::config::load_policy;
//! use tidegate::domain::{Action, Author, Phase};
//! use tidegate::engine::{Scratch, Subject, mend, screen_passage};
//! use tidegate::policy::compile;
//!
//! let folder = std::path::Path::new("config");
//! let (written, problems) = load_policy(folder, &folder.join("policies/default.yaml"));
//! assert!(!problems.has_errors());
//! let (policy, _) = compile(&written.expect("no errors, so there is a policy"));
//! let policy = Arc::new(policy.expect("no errors, so it compiles"));
//! let (phase, author) = (Phase::Prompt, Author::User);
//! let subject = Subject { phase, author, today: date(2026, 11, 1), streamed: false };
//! let text = "card 4111 1111 1111 1111 thanks";
//! let verdict = screen_passage(&policy, subject, text, &mut Scratch::default());
//! assert_eq!(verdict.action, Action::Redact);
//! assert_eq!(mend(text, &verdict.rewrites), "card [CREDIT_CARD] thanks");
//! ```
#![cfg_attr(
    test,
    allow(clippy::string_slice, reason = "tests slice texts that they made themselves")
)]

pub mod domain;

pub mod audit;
pub mod config;
pub mod data;
pub mod store;
pub mod telemetry;
pub mod text;
pub mod wire;

pub mod detect;
pub mod upstream;

pub mod classify;
pub mod policy;

pub mod engine;

pub mod eval;
pub mod people;
pub mod scan;
pub mod stream;

pub mod proxy;

pub mod console;

pub mod app;
pub mod cli;
