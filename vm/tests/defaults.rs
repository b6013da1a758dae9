//! The defaults that the help of the command names are those of the specification.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::process::Command;

use machine_dialect_vm::Limits;

#[test]
fn the_help_names_the_defaults_of_the_specification() {
    let output = Command::new(env!("CARGO_BIN_EXE_mdvm")).args(["run", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    let mut limits = Limits::default();
    for name in Limits::NAMES {
        let option = format!("--{} ", name.replace('_', "-"));
        let text = help.split(&option).nth(1).unwrap_or_else(|| panic!("no {option}in {help}"));
        let text = text.split(" --").next().unwrap();
        let named = text
            .split_once("[default: ")
            .and_then(|(_, rest)| rest.split_once(']'))
            .map(|(number, _)| number);
        let is_bytes = *name == "max_memory";
        let default = limits.by_name(name).and_then(|limit| *limit);
        assert_eq!(named.map(|text| number(text, is_bytes)), default, "{option}");
    }
}

/// The number that is written with a unit: of bytes by powers of 1024, else of 1000.
fn number(text: &str, is_bytes: bool) -> u64 {
    let digits = text.trim_end_matches(['k', 'K', 'M', 'G']);
    let power = ["", "k", "M", "G"].iter().position(|unit| **unit == text[digits.len()..]).expect("a unit");
    let base: u64 = if is_bytes { 1024 } else { 1000 };
    digits.parse::<u64>().expect("a number") * base.pow(power as u32)
}
