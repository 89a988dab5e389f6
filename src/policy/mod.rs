//! Compiles what was written into what runs.
