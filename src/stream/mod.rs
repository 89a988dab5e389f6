//! The gate: holds back exactly what is undecided of a streamed answer, and releases the rest unchanged.
//!
//! It does no I/O and knows no clock: bytes of the upstream in, bytes for the client out. Keep-alives,
//! cancelling and the head of the response are the proxy's.

mod channel;
mod clean;
mod ending;
mod intake;
mod kept;
mod moderated;
mod place;
mod relay;
mod release;
mod report;
mod tokens;
mod tool_call;

#[cfg(test)]
mod tests;

pub use channel::ChannelReport;
pub use intake::MOST_CHANNELS;
pub use moderated::Moderated;
pub use relay::{MOST_UNITS, MOST_WAITING, MOST_WAITING_BYTES, Relay};
pub use report::{CLASSIFIER_UNAVAILABLE, Finale, KeptPiece, RelaySettings, Report};
