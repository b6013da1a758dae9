//! The examples run, and come to what they say.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[path = "../examples/globals_and_errors.rs"]
mod globals_and_errors;
#[path = "../examples/run_page.rs"]
mod run_page;

use std::collections::BTreeSet;
use std::path::Path;

use machine_dialect_vm::{Run, Vm, language};

const PAGES: &[(&str, &str)] = &[
    ("primes.md", "[2, 3, 5, 7, 11, 13, 17, 19, 23, 29]\n"),
    ("temperatures.md", "Cairo: 95\nOslo: 24.8\nLima: 67.1\n"),
];

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

#[test]
fn the_programs_in_rust_run() {
    globals_and_errors::main().unwrap();
    run_page::main().unwrap();
}

#[test]
fn the_pages_print_what_they_should() {
    for (name, expected) in PAGES {
        let page = std::fs::read_to_string(folder().join(name)).unwrap();
        let compiled = language::compile(&page, name).unwrap_or_else(|errors| panic!("{name}: {errors}"));
        let mut printed = String::new();
        Vm::new(compiled.module).run(Run::new(&mut printed)).unwrap();
        assert_eq!(printed, *expected, "{name}");
    }
}

#[test]
fn every_example_is_run_here_and_told_of() {
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let there: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    let run = PAGES.iter().map(|(name, _)| *name).chain(["globals_and_errors.rs", "run_page.rs"]);
    assert_eq!(there, run.map(str::to_owned).collect());
    for name in there {
        assert!(readme.contains(&format!("[`{name}`]({name})")), "the README does not tell of {name}");
    }
}
