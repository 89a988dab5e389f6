//! Finds spans in views and declares the horizon.
