//! Any bytes as GeoJSON in all its disguises.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gridweave_fuzz::file("fuzz.geojson", data));
