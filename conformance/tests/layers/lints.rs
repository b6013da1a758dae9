//! Lints that prove something hold everywhere: no attribute switches them off for more than the one place that is listed here.
//! And no function is long.

use std::path::{Path, PathBuf};

use crate::root;

/// Where code is.
const SOURCES: &[&str] =
    &["vm/src", "conformance/src", "conformance/tests", "conformance/xtask", "spec/src", "benches/src"];

/// A variant that is added to an enum of ours has the compiler ask at each `match`. Over the enum of a library that names
/// thousands, or may name more in its next version, a `match` may end with `_`: one function or statement in each of these files.
const WILDCARDS: &str = "wildcard_enum_match_arm";
const FOREIGN: &[(&str, &str)] = &[
    ("conformance/tests/links.rs", "pulldown_cmark"),
    ("vm/src/exec/jit/verify/forms.rs", "iced_x86"),
    ("vm/src/exec/jit/verify/transfer.rs", "iced_x86"),
];

/// Each unsafe operation has an argument of its own.
const UNSAFE: &[&str] =
    &["undocumented_unsafe_blocks", "multiple_unsafe_ops_per_block", "missing_safety_doc"];

/// So many lines a function may have, from its name to the brace that ends it.
const LONGEST: usize = 150;

/// The functions that are longer, in code that is laid out by rustfmt: they end where a brace stands as far in as they begin.
fn long_functions(file: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (begin, line) in lines.iter().enumerate() {
        let declared = line.trim_start();
        let is_function = declared.starts_with("fn ")
            || declared.starts_with("pub") && declared.contains(" fn ")
            || ["const fn ", "unsafe fn ", "async fn "].iter().any(|word| declared.starts_with(word));
        if !is_function || line.ends_with('}') || line.ends_with(';') {
            continue;
        }
        let indent = line.len() - declared.len();
        let ends = |line: &&str| line.len() == indent + 1 && line.ends_with('}');
        let length = lines[begin..].iter().position(ends).map_or(0, |last| last + 1);
        if length > LONGEST {
            found.push(format!(
                "{file}:{}: {length} lines, and {LONGEST} are the most: {declared}",
                begin + 1
            ));
        }
    }
    found
}

/// The attributes of a file that switch a lint off, as they are written.
fn attributes<'t>(text: &'t str, lint: &str) -> Vec<&'t str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find("#[").into_iter().chain(rest.find("#![")).min() {
        let attribute = &rest[begin..];
        let end = attribute.find(']').map_or(attribute.len(), |end| end + 1);
        let attribute = &attribute[..end];
        let is_off = ["allow(", "expect(", "warn("].iter().any(|word| attribute.contains(word));
        if is_off && attribute.contains(&format!("clippy::{lint}")) {
            found.push(attribute);
        }
        rest = &rest[begin + end..];
    }
    found
}

/// What is wrong with how a file treats these lints.
fn faults(file: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for lint in UNSAFE {
        found.extend(attributes(text, lint).iter().map(|_| format!("{file} switches {lint} off")));
    }
    let off = attributes(text, WILDCARDS);
    let foreign = FOREIGN.iter().find(|(listed, _)| *listed == file).map(|(_, library)| *library);
    match (off.as_slice(), foreign) {
        ([], None) => {}
        ([], Some(library)) => {
            found.push(format!("{file} has no `match` over an enum of {library} any more"))
        }
        (_, None) => found.push(format!("{file} switches {WILDCARDS} off, and is not listed")),
        ([one], Some(library))
            if one.starts_with("#[expect(") && text.contains(&format!("use {library}::")) => {}
        (_, Some(library)) => {
            found.push(format!(
                "{file} may expect {WILDCARDS} once, where a `match` is over an enum of {library}"
            ));
        }
    }
    found
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

#[test]
fn lints_that_prove_something_are_on_and_no_function_is_long() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for lint in UNSAFE.iter().chain([&WILDCARDS]) {
        assert!(
            manifest.contains(&format!("\n{lint} = \"warn\"\n")),
            "the workspace does not warn of {lint}"
        );
    }
    let mut found = Vec::new();
    let mut seen = Vec::new();
    for sources in SOURCES {
        for path in files_below(&root().join(sources)) {
            let shown =
                path.strip_prefix(root()).unwrap_or(Path::new("")).to_string_lossy().replace('\\', "/");
            // This file names the lints.
            if shown.ends_with("layers/lints.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            found.extend(faults(&shown, &text));
            found.extend(long_functions(&shown, &text));
            seen.push(shown);
        }
    }
    let gone = FOREIGN.iter().filter(|(listed, _)| !seen.iter().any(|file| file == listed));
    found.extend(gone.map(|(listed, _)| format!("{listed} is listed and is not there")));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_long_function_is_found() {
    let of = |lines: usize| {
        format!("impl A {{\n    pub(crate) fn f() {{\n{}    }}\n}}\n", "        ;\n".repeat(lines))
    };
    assert_eq!(long_functions("a.rs", &of(LONGEST - 2)), [""; 0]);
    assert_eq!(
        long_functions("a.rs", &of(LONGEST - 1)),
        ["a.rs:2: 151 lines, and 150 are the most: pub(crate) fn f() {"]
    );
}

#[test]
fn a_lint_that_is_switched_off_is_found() {
    let forms = "vm/src/exec/jit/verify/forms.rs";
    let here = "use iced_x86::Code;\n#[expect(clippy::wildcard_enum_match_arm, reason = \"a\")]\nfn f() {}";
    assert_eq!(faults(forms, here), [""; 0]);
    for (file, text, what) in [
        ("vm/src/vm.rs", "#![allow(clippy::wildcard_enum_match_arm)]", "is not listed"),
        ("vm/src/vm.rs", "#[expect(\n    clippy::wildcard_enum_match_arm\n)]", "is not listed"),
        (forms, "use iced_x86::Code;\n#![allow(clippy::wildcard_enum_match_arm)]", "once"),
        (forms, "#[expect(clippy::wildcard_enum_match_arm)]", "once"),
        (forms, "use iced_x86::Code;", "any more"),
        ("vm/src/vm.rs", "#[allow(clippy::missing_safety_doc)]", "switches missing_safety_doc off"),
    ] {
        let found = faults(file, text);
        assert!(matches!(found.as_slice(), [one] if one.contains(what)), "{text}: {found:?}");
    }
}
