//! One exchange: read, screen, forward, screen back, account.
//!
//! It has no moderation logic of its own; it moves bytes, asks the engine, and reports events.

mod account;
mod answer;
mod asker;
mod blocked_turns;
mod body;
mod clean_texts;
mod contain;
mod exchange;
mod feedback;
mod gatehouse;
mod gateway;
mod held_since;
mod inline;
mod joined;
mod kept;
mod listener;
mod live;
mod moderations;
mod prompt;
mod rehearsal;
mod relays;
mod remembered;
mod reply;
mod service;
mod shelf;
mod streaming;
mod thresholds;
mod traced;
mod tried;
mod untexted;
mod walk;
mod way_back;

pub use asker::{Asker, Asking, Classifiers, Running};
pub use blocked_turns::BlockedTurns;
pub use body::BodyLimits;
pub use clean_texts::CleanTexts;
pub use gateway::Gateway;
pub use listener::{
    ConnectionTimes, Doubt, ListenerSettings, Peer, Pulse, ServerTls, TlsError, Workers,
};
pub use live::{Asked, Live, NamedUpstream, PathMatch, Route, StreamTimes, UnknownLeaf};
pub use service::{serve_admin, serve_data};
pub use shelf::Shelf;
pub use thresholds::Thresholds;
pub use tried::{Tried, try_chat};

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;

/// The body of every response of the data listener. An error breaks the connection off, which a
/// client takes for what it is.
pub type GateBody = UnsyncBoxBody<Bytes, std::io::Error>;
