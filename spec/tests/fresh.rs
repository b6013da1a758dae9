//! The generated files that are checked in are as the specification has them.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use mdvm_spec::{Spec, render};

#[test]
fn no_generated_file_is_stale() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let spec = Spec::embedded().unwrap_or_else(|problems| panic!("{problems}"));
    for file in render::checked_in(&spec) {
        let text = fs::read_to_string(root.join(file.path)).unwrap_or_default();
        assert!(text == file.text, "{} is stale; run `{}`", file.path, render::WRITE);
    }
}

/// So that a review folds them, and statistics of languages pass over them.
#[test]
fn generated_files_are_marked_as_such() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let attributes = fs::read_to_string(root.join(".gitattributes")).unwrap();
    let spec = Spec::embedded().unwrap_or_else(|problems| panic!("{problems}"));
    for file in render::checked_in(&spec) {
        let line = format!("{} linguist-generated", file.path);
        assert!(attributes.lines().any(|other| other == line), ".gitattributes lacks the line `{line}`");
    }
}
