//! What people say of decisions, read and weighed. It keeps nothing and serves nobody.
//!
//! [`satisfaction`] has the net promoter score, [`verdict`] the outcome of several judgements, [`agreement`] how far two
//! people agree, [`duplicates`] which texts are nearly the same, [`preference`] what of it a model can be trained on,
//! [`review`] what all this is for the items of a store.

pub mod agreement;
mod chance;
pub mod duplicates;
mod feedback;
mod kinship;
pub mod preference;
pub mod review;
pub mod satisfaction;
pub mod verdict;

pub use feedback::{MOST_BODY as MOST_FEEDBACK, TellError, Told, tell};
pub use kinship::kin;
