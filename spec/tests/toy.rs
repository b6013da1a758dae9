//! What is generated from a specification of three opcodes. A change to a renderer shows here as a change to the golden
//! files: run with `BLESS=1` to take it over, and read the difference before you commit it.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::{env, fs};

use mdvm_spec::{Sources, Spec, render};

#[test]
fn the_rust_of_a_toy_specification_is_as_recorded() {
    let files = render::rust::render(&toy());
    assert_eq!(files.len(), 10);
    for file in files {
        compare(file.name, &file.text);
    }
}

#[test]
fn the_python_package_of_a_toy_specification_is_as_recorded() {
    let spec = toy();
    compare("package_spec.py", &render::package::spec(&spec));
    compare("package_instructions.py", &render::package::instructions(&spec));
    compare("package_errors.py", &render::package::errors(&spec));
}

#[test]
fn the_python_tables_of_a_toy_language_are_as_recorded() {
    compare("language_tables.py", &render::language_tables::reference(&toy()));
}

#[test]
fn the_schema_of_a_toy_state_is_as_recorded() {
    compare("state.schema.json", &render::state::schema(&toy()));
}

fn toy() -> Spec {
    let sources = Sources::read(&folder()).unwrap_or_else(|problems| panic!("{problems}"));
    Spec::from_sources(&sources).unwrap_or_else(|problems| panic!("{problems}"))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/toy")
}

fn compare(name: &str, text: &str) {
    let golden = folder().join("golden").join(name);
    if env::var_os("BLESS").is_some() {
        fs::write(&golden, text).unwrap();
    }
    let recorded = fs::read_to_string(&golden)
        .unwrap_or_else(|error| panic!("{} cannot be read ({error}); BLESS=1 makes it", golden.display()));
    similar_asserts::assert_eq!(recorded, text, "{name}");
}
