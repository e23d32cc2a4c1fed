//! Any bytes as a `.dbf` alone.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gridweave_fuzz::file("fuzz.dbf", data));
