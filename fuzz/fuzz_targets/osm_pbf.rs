//! Any bytes as OpenStreetMap PBF.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gridweave_fuzz::osm("fuzz.osm.pbf", data));
