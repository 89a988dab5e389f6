//! Views of a text.
