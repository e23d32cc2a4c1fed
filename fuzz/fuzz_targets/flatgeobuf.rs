//! Any bytes as FlatGeobuf.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gridweave_fuzz::file("fuzz.fgb", data));
