//! Any bytes as PLT.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gridweave_fuzz::file("fuzz.plt", data));
