//! See `fuzz/src/models.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tidegate_fuzz::models::check(input));
