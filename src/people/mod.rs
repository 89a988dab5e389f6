//! People in the loop: what they say of decisions, and what their ratings, judgements and labels come to.
//!
//! Plain values go in, plain values come out: it asks nobody and knows no clock. [`feedback`] reads what users say, [`satisfaction`] has
//! the net promoter score, [`verdict`] the outcome of several judgements, [`agreement`] how far two people agree,
//! [`duplicates`] which texts are nearly the same, [`adapt`] where a threshold should move, [`preference`] what of
//! it all a model can be trained on.
//!
//! [`thresholds`] has where thresholds stand in the store, and moves them there.
//! [`review`] says what all this is for the items of a store, [`acts`] what reviewers do with them, in a transaction
//! that somebody else opens, [`export`], [`figures`] and [`shapes`] what programs read of them, [`improve`] which tests and
//! exceptions they come to.

pub mod acts;
pub mod adapt;
pub mod agreement;
pub mod duplicates;
pub mod export;
pub mod feedback;
pub mod figures;
pub mod improve;
pub mod preference;
pub mod review;
pub mod satisfaction;
pub mod shapes;
pub mod texts;
pub mod thresholds;
pub mod verdict;

mod chance;
