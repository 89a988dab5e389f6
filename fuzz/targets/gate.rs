//! See `fuzz/src/gate.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tidegate_fuzz::gate::check(input));
