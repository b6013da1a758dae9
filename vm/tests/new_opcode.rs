//! The promise of the specification: a new opcode is one entry of `spec/isa.yaml` and one function, and nothing else in
//! Rust. This test takes a copy of the project, adds an opcode in just that way, builds it and runs a program with it.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

/// The recipe; its first block of YAML is what is added to `spec/isa.yaml`, its first block of Rust to `vm/src/ops/arithmetic.rs`.
const RECIPE: &str = include_str!("../../docs/internals/adding-an-opcode.md");

fn first_block(language: &str) -> &'static str {
    let (_, rest) = RECIPE.split_once(&format!("\n```{language}\n")).unwrap();
    rest.split_once("\n```\n").unwrap().0
}

#[test]
fn a_new_opcode_is_one_entry_and_one_function() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-opcode");
    let _ = fs::remove_dir_all(&copy);
    for folder in ["spec", "vm"] {
        copy_folder(&root.join(folder), &copy.join(folder));
    }
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let members = manifest.lines().find(|line| line.starts_with("members = ")).unwrap();
    let manifest = manifest.replace(members, "members = [\"spec\", \"vm\"]");
    // Nothing here runs for long, so what runs fast is what builds fast.
    fs::write(copy.join("Cargo.toml"), manifest.replace("opt-level = 1", "opt-level = 0")).unwrap();
    fs::copy(root.join("Cargo.lock"), copy.join("Cargo.lock")).unwrap();

    append(&copy.join("spec/isa.yaml"), first_block("yaml"));
    let (_, errors) = mdvm(&copy, "nop");
    assert!(errors.contains("cannot find function `clamp` in module `ops`"), "{errors}");

    append(&copy.join("vm/src/ops/arithmetic.rs"), first_block("rust"));
    let program = "load_const r0, 12\nload_const r1, 7\nclamp r2, r0, r1\ndebug_print r2\nclamp r2, r0, r3";
    let (printed, errors) = mdvm(&copy, program);
    assert_eq!(printed, "7\n", "{errors}");
    assert!(
        errors.contains("error: TypeMismatch: Type mismatch: expected numeric, found Int and Empty"),
        "{errors}"
    );
    assert!(errors.contains("at instruction 4 in main"), "{errors}");
    assert!(errors.contains("clamp r2, r0, r3"), "{errors}");
}

/// Builds the copy and runs a program in assembly; gives what went to standard output and to standard error.
fn mdvm(copy: &Path, program: &str) -> (String, String) {
    let mut child = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--package", "machine-dialect-vm", "--", "run", "-"])
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-opcode-target"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A build that fails does not read the program.
    let _ = child.stdin.take().unwrap().write_all(program.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(output.stdout), text(output.stderr))
}

fn append(path: &Path, text: &str) {
    let mut content = fs::read_to_string(path).unwrap();
    content.push_str(text);
    fs::write(path, content).unwrap();
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if ["target", "tests", "cases", "python"].iter().any(|left_out| name == *left_out) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}
