//! See `fuzz/src/sse.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tidegate_fuzz::sse::check(input));
