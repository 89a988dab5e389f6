//! Dialects: where text sits, splicing, frames, refusals, endings.
