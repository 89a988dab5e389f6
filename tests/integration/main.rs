//! The whole service over real sockets: a client, the gate as `serve` runs it, and an upstream.
#![expect(clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, clippy::string_slice, reason = "a wrong index fails the test")]
#![expect(clippy::disallowed_methods, reason = "what a test spawned ends with its runtime")]

mod adapt;
mod asking_commands;
mod bytes;
mod channels;
#[expect(dead_code, reason = "the tests of classifiers use the rest of it")]
#[path = "../classify/server.rs"]
mod classifier_server;
mod classifiers;
mod console;
mod dialects;
mod drain;
mod failures;
mod forms;
mod gate;
mod gemini;
mod history;
mod http1;
mod http2;
mod inline;
mod joined;
mod leaving;
mod limits;
mod mcp;
mod metrics;
mod model;
mod moderations;
mod panics;
mod pitfalls;
mod records;
mod reload;
mod reveal;
mod scene;
mod shadow_policy;
mod spans;
mod store;
mod stored;
mod storm;
mod strict;
mod timeouts;
mod tls;
mod vectors;
mod walk;
mod wire;
mod workshop;
