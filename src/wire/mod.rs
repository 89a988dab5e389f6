//! Dialects: where text sits in each API's JSON and streams, and how refusals and endings look there.
//!
//! Bytes in, values out: it knows nothing of sockets, policies or verdicts.

pub mod json;
pub mod openai;
pub mod sse;
pub mod table;
pub mod walk;
