//! The gate: holds back exactly what is undecided of a streamed answer, and releases the rest unchanged.
//!
//! It does no I/O and knows no clock: bytes of the upstream in, bytes for the client out. Keep-alives,
//! cancelling and the head of the response are the proxy's.

mod channel;
mod relay;
mod report;
mod tool_call;

#[cfg(test)]
mod tests;

pub use channel::ChannelReport;
pub use relay::Relay;
pub use report::{Finale, RelaySettings, Report};
