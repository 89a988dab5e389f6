//! Dialects: where text sits in each API's JSON and streams, and how refusals and endings look there.
//!
//! Bytes in, values out: it knows nothing of sockets, policies or verdicts.

pub mod array;
pub mod body;
pub mod dialect;
pub mod frame;
pub mod inline_moderation;
pub mod json;
pub mod lines;
pub mod moderation;
pub mod multipart;
pub mod sse;
pub mod table;
#[cfg(test)]
mod testing;
mod visit;
pub mod walk;
