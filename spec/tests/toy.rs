//! What is generated from a specification of three opcodes. A change to a renderer shows here as a change to the golden
//! files: run with `BLESS=1` to take it over, and read the difference before you commit it.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::Path;
use std::{env, fs};

use mdvm_spec::{Sources, Spec, render};

#[test]
fn the_rust_of_a_toy_specification_is_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/toy");
    let sources = Sources::read(&folder).unwrap_or_else(|problems| panic!("{problems}"));
    let spec = Spec::from_sources(&sources).unwrap_or_else(|problems| panic!("{problems}"));
    let files = render::rust::render(&spec);
    assert_eq!(files.len(), 4);
    for file in files {
        let golden = folder.join("golden").join(file.name);
        if env::var_os("BLESS").is_some() {
            fs::write(&golden, &file.text).unwrap();
        }
        let recorded = fs::read_to_string(&golden).unwrap_or_else(|error| {
            panic!("{} cannot be read ({error}); BLESS=1 makes it", golden.display())
        });
        similar_asserts::assert_eq!(recorded, file.text, "{}", file.name);
    }
}
