//! What integration tests share.
#![allow(dead_code, reason = "each test uses its part")]

use std::path::PathBuf;

pub mod estates;
pub mod jagged;
pub mod tricky;
pub mod vector_files;

/// A file or folder of the shared research data; `None`, saying so, where there is none.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("GRIDWEAVE_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let full = root.join(path);
    if full.exists() {
        return Some(full);
    }
    println!("SKIPPED for lack of GRIDWEAVE_SHARED: {path}");
    None
}
