//! What is learnt and measured from labelled texts. It screens nothing.

pub mod train;
