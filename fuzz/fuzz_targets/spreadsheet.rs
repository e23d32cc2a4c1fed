//! Any bytes as XLS, XLSX and ODS.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| gridweave_fuzz::file("fuzz.xlsx", data));
