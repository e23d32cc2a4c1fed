//! Any bytes as a `.shp` with its `.dbf`, `.prj` and `.cpg`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gridweave_fuzz::shapefile(data));
