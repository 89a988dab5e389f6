//! People in the loop: what they say of decisions, and what their ratings, judgements and labels come to.
//!
//! Plain values go in, plain values come out: it stores nothing, asks nobody and knows no clock. [`feedback`] reads what users say, [`satisfaction`] has
//! the net promoter score, [`verdict`] the outcome of several judgements, [`agreement`] how far two people agree,
//! [`duplicates`] which texts are nearly the same, [`adapt`] where a threshold should move, [`preference`] what of
//! it all a model can be trained on.

pub mod adapt;
pub mod agreement;
pub mod duplicates;
pub mod feedback;
pub mod preference;
pub mod satisfaction;
pub mod verdict;

mod chance;
