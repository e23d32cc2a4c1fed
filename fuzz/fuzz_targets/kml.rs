//! Any bytes as KML.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gridweave_fuzz::file("fuzz.kml", data));
