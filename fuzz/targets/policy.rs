//! See `fuzz/src/policy.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tidegate_fuzz::policy::check(input));
