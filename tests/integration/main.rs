//! The whole service over real sockets: a client, the gate as `serve` runs it, and an upstream.
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod bytes;
mod drain;
mod failures;
mod gate;
mod leaving;
mod limits;
mod model;
mod panics;
mod records;
mod timeouts;
mod tls;
mod wire;
