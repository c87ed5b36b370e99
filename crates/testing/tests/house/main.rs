//! The rules of the house that ARCHITECTURE.md states, held to the code.
//!
//! They read files and need nothing but the standard library, so they are quickly had without the crates too:
//! `CARGO_MANIFEST_DIR=$PWD/crates/testing rustc --edition 2024 --test -o house crates/testing/tests/house/main.rs`.

mod circles;
mod length;
mod modules;
mod order;
mod tokens;
mod unsafety;

use std::path::{Path, PathBuf};

/// The folder of all crates.
fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// The folder of each crate.
fn folders() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(crates()).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.join("Cargo.toml").exists()).collect();
    folders.sort();
    folders
}

/// The Rust files under a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}
