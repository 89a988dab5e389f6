//! See `fuzz/src/requests.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tidegate_fuzz::requests::check(input));
