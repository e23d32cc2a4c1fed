//! A module imports only what stands before it in `lib.rs`; engines never import each other (design.md section 1).

use std::fs;
use std::path::{Path, PathBuf};

const ORDER: [&str; 19] = [
    "config",
    "model",
    "fabric",
    "read",
    "synth",
    "plan",
    "index",
    "coverage",
    "rebalance",
    "patrol",
    "tiles",
    "write",
    "store",
    "city",
    "live",
    "simulate",
    "solve",
    "api",
    "main",
];
const SIBLINGS: [&str; 4] = ["coverage", "rebalance", "patrol", "tiles"];

fn rank(module: &str) -> usize {
    ORDER
        .iter()
        .position(|m| *m == module)
        .unwrap_or_else(|| panic!("`{module}` has no place in the order of design.md"))
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("src") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The modules that `use crate::…` and paths such as `crate::index::Near` name, comments and tests included.
fn imports(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in text.split("crate::").skip(1) {
        if let Some(list) = part.strip_prefix('{') {
            let list = list.split("};").next().unwrap_or_default();
            let mut depth = 0;
            for word in list.split_inclusive([',', '{', '}']) {
                if depth == 0 {
                    names.push(
                        word.chars()
                            .skip_while(|c| !c.is_alphabetic())
                            .take_while(|c| c.is_alphanumeric() || *c == '_')
                            .collect(),
                    );
                }
                depth += word.matches('{').count() as i32 - word.matches('}').count() as i32;
            }
        } else {
            names.push(part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    names.retain(|name: &String| !name.is_empty());
    names
}

#[test]
fn modules_import_only_what_stands_before_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut edges = 0;
    for file in &files {
        let inside = file.strip_prefix(&root).expect("below src").to_string_lossy().into_owned();
        let module = inside.split(['/', '.']).next().unwrap_or_default().to_owned();
        if module == "lib" || module == "main" {
            continue;
        }
        for other in imports(&fs::read_to_string(file).expect("source")) {
            if other == module || !ORDER.contains(&other.as_str()) {
                continue;
            }
            edges += 1;
            assert!(rank(&other) < rank(&module), "{inside} imports `{other}`, which stands after `{module}`");
            let both = SIBLINGS.contains(&other.as_str()) && SIBLINGS.contains(&module.as_str());
            assert!(!both, "{inside} imports its sibling engine `{other}`");
        }
    }
    assert!(edges > 20, "the test reads no imports any more");
}

#[test]
fn lib_rs_lists_the_modules_in_order() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("lib.rs");
    let listed: Vec<usize> =
        text.lines().filter_map(|l| l.strip_prefix("pub mod ")).map(|l| rank(l.trim_end_matches(';'))).collect();
    assert!(listed.is_sorted() && listed.len() > 8, "lib.rs is the map of the code: {listed:?}");
}
