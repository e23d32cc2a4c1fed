//! Helpers that several integration tests use.

use std::path::PathBuf;

/// A file under `GRIDWEAVE_SHARED` (by default `../shared` beside the crate). Says that the test is skipped and returns
/// nothing when it is not there: the data may not be shipped with the code.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("GRIDWEAVE_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let file = root.join(path);
    if file.exists() {
        return Some(file);
    }
    println!("SKIPPED for lack of GRIDWEAVE_SHARED: {path}");
    None
}
