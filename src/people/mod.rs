//! What people say of decisions, read and weighed. It keeps nothing and serves nobody.

mod feedback;
mod kinship;

pub use feedback::{MOST_BODY as MOST_FEEDBACK, TellError, Told, tell};
pub use kinship::kin;
