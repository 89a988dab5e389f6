//! The `tidegate` command: parse arguments, run, exit code.

fn main() {}
