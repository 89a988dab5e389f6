//! See `fuzz/src/audit.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tidegate_fuzz::audit::check(input));
