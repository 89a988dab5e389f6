//! The model side.
