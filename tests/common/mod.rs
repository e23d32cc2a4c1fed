//! Where tests find the shared real data, which is never part of the repository.

use std::path::PathBuf;

/// A shared file, or `None` (said on standard error) where the data is not at hand.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("GRIDWEAVE_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let found = root.join(path);
    if found.exists() {
        return Some(found);
    }
    eprintln!("SKIPPED for lack of GRIDWEAVE_SHARED: {path}");
    None
}
