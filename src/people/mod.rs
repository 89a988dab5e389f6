//! What people say of decisions, read and weighed. It keeps nothing and serves nobody.
//!
//! [`satisfaction`] has the net promoter score, [`verdict`] the outcome of several judgements, [`agreement`] how far two
//! people agree, [`duplicates`] which texts are nearly the same, [`preference`] what of it a model can be trained on.
//! [`review`] says what all this is for the items of a store, [`acts`] what reviewers do with them, [`export`],
//! [`figures`] and [`shapes`] what programs read of them.

pub mod acts;
pub mod agreement;
mod chance;
pub mod duplicates;
pub mod export;
mod feedback;
pub mod figures;
mod kinship;
pub mod preference;
pub mod review;
pub mod satisfaction;
pub mod shapes;
pub mod texts;
pub mod verdict;

pub use feedback::{MOST_BODY as MOST_FEEDBACK, TellError, Told, tell};
pub use kinship::kin;
