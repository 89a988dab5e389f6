//! See `fuzz/src/forms.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tidegate_fuzz::forms::check(input));
