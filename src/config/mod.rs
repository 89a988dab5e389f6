//! Files as written.
