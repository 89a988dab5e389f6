//! One passage in, one verdict out; and the text mended as the verdict says.
//!
//! It knows nothing of requests, JSON or sockets. The same [`Screen`] reads a whole text and a stream:
//! a text is screened piece by piece between positions that no match can cross, so how it was cut
//! into pieces cannot matter. [`screen_joint`] reads texts that stand apart and may be read as one.

mod answers;
mod asking;
mod change;
mod count;
mod inquiry;
mod joined;
mod judgement;
mod measure;
mod mend;
mod place;
mod pseudonym;
mod rehearsal;
mod rules;
mod sample;
mod scoring;
mod screen;
mod script;
mod tally;
mod thin;
mod told;
mod trace;
mod trial;
mod weigh;

#[cfg(test)]
mod chunking_tests;
#[cfg(test)]
mod joined_tests;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod viewed_tests;

pub use answers::{Answered, Answers, Asked, MOST_WANTED, Scratch, Wanted};
pub use change::{Change, Decided};
pub use inquiry::{Inquire, MOST_LOOKS, screen_asking};
pub use joined::{Joint, JointVerdict, Meeting, Piece, joints, screen_joint};
pub use judgement::{Judgement, Judgements};
pub use mend::{mend, merge};
pub use pseudonym::{Pseudonyms, Restorer};
pub use rehearsal::{Step, rehearse};
pub use sample::everyday_problems;
pub use screen::{Progress, Screen, Stop, Subject, screen_by_rules, screen_passage};
pub use told::{end_of, is_reached, quoted, trace_as, visible};
pub use trace::{Found, RuleEnd, RuleStep, Shown, Trace, ViewStep, trace};
pub use trial::{Miss, TrialResult, is_flagged, run_test};
