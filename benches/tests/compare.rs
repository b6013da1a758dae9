//! The command `compare`, on machines that only print.

#![cfg(unix)]
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A machine that gives `answer` for every kernel.
fn machine(folder: &TempDir, name: &str, answer: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, format!("case $1 in *hello*) echo hello;; *) {answer};; esac\n")).unwrap();
    path
}

fn compare(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_compare")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8([&*output.stdout, &*output.stderr].concat()).unwrap()
}

/// The result of `calls` between a machine and another, as the exit code and what was said.
fn calls(ours: &str, theirs: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let ours = machine(&folder, "ours", ours);
    let theirs = machine(&folder, "theirs", theirs);
    let output = compare(&[
        "--only=calls",
        "--peers=none",
        "--rounds=3",
        &format!("--mdvm=sh {}", ours.display()),
        &format!("--against=theirs=sh {}", theirs.display()),
    ]);
    (output.status.code(), said(&output))
}

#[test]
fn right_answers_are_compared() {
    let (code, said) = calls("echo 2000000", "echo 2000000");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("theirs") && said.contains("geometric mean"), "{said}");
}

#[test]
fn a_wrong_answer_fails_the_run() {
    let (code, said) = calls("echo 2000000", "echo 7");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("theirs on calls FAILED: it gives `7`, and `2000000` is right"), "{said}");
}

#[test]
fn a_bad_end_fails_the_run() {
    let (code, said) = calls("echo 2000000; echo too tired >&2; exit 3", "echo 2000000");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("mdvm on calls FAILED: exit status: 3: too tired"), "{said}");
}

#[test]
fn an_unknown_name_is_told_with_those_that_are_known() {
    let output = compare(&["--only", "cals"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("there is no kernel `cals`; there are array_append, "),
        "{}",
        said(&output)
    );
}

#[test]
fn a_part_is_not_put_into_the_readme() {
    let folder = tempfile::tempdir().unwrap();
    let ours = machine(&folder, "ours", "echo 2000000");
    let mdvm = format!("--mdvm=sh {}", ours.display());
    let output = compare(&["--only=calls", "--peers=none", "--update-readme", &mdvm]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("--update-readme is for a whole run"), "{}", said(&output));
}
