//! Any bytes as GeoPackage.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gridweave_fuzz::file("fuzz.gpkg", data));
