//! Printers: one for each thing that is generated from the specification.

pub mod dictionary;
pub mod docs;
pub mod editor;
pub mod language;
pub mod language_tables;
pub mod package;
pub mod python;
pub mod rust;
pub mod schema;
pub mod state;

use crate::Spec;

/// The command that writes the generated files that are checked in.
pub const WRITE: &str = "cargo run -p mdvm-spec -- write";

/// A generated file that is checked in, because a package ships it or people read it where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedIn {
    /// Its path from the root of the repository.
    pub path: &'static str,
    /// Its text.
    pub text: String,
}

/// Every generated file that is checked in. [`WRITE`] writes them, and a test fails when one is stale.
#[must_use]
pub fn checked_in(spec: &Spec) -> Vec<CheckedIn> {
    vec![
        CheckedIn { path: "spec/REFERENCE.md", text: docs::reference(spec) },
        CheckedIn { path: "spec/LANGUAGE.md", text: language::reference(spec) },
        CheckedIn { path: "spec/editor/machine-dialect.tmLanguage.json", text: editor::language(spec) },
        CheckedIn { path: "spec/editor/mdasm.tmLanguage.json", text: editor::assembly(spec) },
        CheckedIn { path: "fuzz/dictionaries/source.dict", text: dictionary::source(spec) },
        CheckedIn { path: "spec/cases.schema.json", text: schema::cases(spec) },
        CheckedIn { path: "spec/state.schema.json", text: state::schema(spec) },
        CheckedIn { path: "conformance/reference/mdvm_reference/_tables.py", text: python::tables(spec) },
        CheckedIn { path: "vm/python/machine_dialect_vm/_spec.py", text: package::spec(spec) },
        CheckedIn {
            path: "vm/python/machine_dialect_vm/_instructions.py",
            text: package::instructions(spec),
        },
        CheckedIn { path: "vm/python/machine_dialect_vm/errors.py", text: package::errors(spec) },
        CheckedIn {
            path: "conformance/reference/mdvm_reference/language/_tables.py",
            text: language_tables::reference(spec),
        },
        CheckedIn { path: "vm/python/machine_dialect_vm/_language.py", text: language_tables::package(spec) },
        CheckedIn { path: "fuzz/dictionaries/module.dict", text: dictionary::module(spec) },
        CheckedIn { path: "fuzz/dictionaries/assembly.dict", text: dictionary::assembly(spec) },
    ]
}

/// The first line of a file generated from `files` by `command`, without the comment sign.
pub(crate) fn banner(files: &str, command: &str) -> String {
    format!("Generated from {files} by \"{command}\". Do not edit.")
}

/// Text as it may be in a cell of a table.
fn cell(text: &str) -> String {
    text.trim_end().replace('|', "\\|")
}
