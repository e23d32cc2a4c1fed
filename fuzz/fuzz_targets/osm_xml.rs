//! Any bytes as OpenStreetMap XML.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gridweave_fuzz::osm("fuzz.osm", data));
