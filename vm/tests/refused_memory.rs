//! What becomes of a run where the system refuses memory for machine code: it goes on without.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::process::{Command, Output};

/// So many functions are called in machine code. The more, the more memory it takes to prove it safe, as tests do.
const FUNCTIONS: usize = 20;

/// Hot enough for machine code.
fn program() -> String {
    let mut text =
        String::from("    load_const r0, 0\n    load_const r1, 1\n    load_const r2, 3000\nturn:\n");
    for function in 0..FUNCTIONS {
        text.push_str(&format!("    load_const r4, \"f{function}\"\n    call r4, r0, (r0)\n"));
    }
    text.push_str(&format!("    load_const r5, {FUNCTIONS}\n"));
    text.push_str("    mul r6, r2, r5\n    lt r3, r0, r6\n    jump_if r3, turn\n");
    text.push_str("    debug_print r0\n    return r0\n");
    for function in 0..FUNCTIONS {
        text.push_str(&format!(
            ".func f{function}\n    load_const r1, 1\n    add r0, r0, r1\n    return r0\n"
        ));
    }
    text
}

fn run(kilobytes: u64, tier: &str, file: &std::path::Path) -> Output {
    let script = format!("ulimit -v {kilobytes} && exec \"$0\" run {tier} \"$1\"");
    Command::new("sh").args(["-c", &script, env!("CARGO_BIN_EXE_mdvm")]).arg(file).output().unwrap()
}

#[test]
fn refused_memory_for_machine_code_is_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("calls.mdasm");
    std::fs::write(&file, program()).unwrap();
    let fits = |kilobytes| run(kilobytes, "--tier=specialised", &file).status.success();
    assert!(fits(1 << 20), "the program runs in 1 GiB");
    // The least address space in which it runs without machine code; from there on in small steps.
    let (mut least, mut enough) = (0_u64, 1_u64 << 20);
    while enough - least > 16 {
        let middle = least.midpoint(enough);
        if fits(middle) {
            enough = middle;
        } else {
            least = middle;
        }
    }
    // What machine code is made with is memory of the process's own, too, and so is what it is proved with in tests; above that the
    // system may refuse what is for the code.
    let mut tried = 0;
    let near = (enough + 16..enough + 6_000).step_by(200);
    for kilobytes in near.chain((enough + 6_000..enough + 40_000).step_by(1_000)) {
        let portable = run(kilobytes, "--tier=specialised", &file);
        let default = run(kilobytes, "--jit=always", &file);
        let shown = String::from_utf8_lossy(&default.stderr);
        assert_ne!(default.status.code(), Some(101), "at {kilobytes} KiB: {shown}");
        tried += u32::from(default.status.success());
        if default.status.success() {
            assert_eq!(portable.stdout, default.stdout);
        }
    }
    assert!(tried > 5, "only {tried} limits in which it runs at all");
}

/// Wherever the system stops giving, a file is run or refused with a message: no signal ends the process.
#[test]
fn a_file_that_memory_is_too_small_for_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let nops = "nop\n".repeat((1 << 18) + 1000);
    let functions: String = (0..75_000).map(|index| format!(".func f{index}\nnop\n")).collect();
    let page = format!("Define `x` as Whole Number.\n\n{}", "Set `x` to _1_.\n\n".repeat(63_000));
    for (name, text) in [("nops.mdasm", nops), ("functions.mdasm", functions), ("page.md", page)] {
        assert!(text.len() > 1 << 20, "{name}");
        let file = folder.path().join(name);
        std::fs::write(&file, &text).unwrap();
        let mut refused = 0;
        let mut done = 0;
        for kilobytes in (16 << 10..112 << 10).step_by(5 << 10) {
            let output = run(kilobytes, "--tier=interpreter", &file);
            let shown = String::from_utf8_lossy(&output.stderr);
            match output.status.code() {
                Some(0) => done += 1,
                Some(2) => {
                    assert!(
                        shown.contains("not enough memory") || shown.contains("out of memory"),
                        "{shown}"
                    );
                    refused += 1;
                }
                other => panic!("{name} at {kilobytes} KiB: {other:?} {shown}"),
            }
        }
        assert!(refused > 0 && done > 0, "{name}: {refused} refused, {done} run");
    }
}

/// A program that takes more than the system gives ends as at a limit of its own, in every tier, with the error of the language.
#[test]
fn a_program_that_takes_more_than_there_is_runs_out_of_memory() {
    let begin = format!(
        "load_const r0, 0\nload_const r9, 1\nnew_array r1, r0\ndict_new r2\nload_const r7, \"{}\"\n\
         load_const r5, 200\nnew_array r6, r5\nagain:\n",
        "x".repeat(1 << 10)
    );
    let programs = [
        ("a long array", "array_len r3, r1\narray_set r1, r3, r9"),
        ("a long array of strings", "array_len r3, r1\ncast r4, r3, string\narray_set r1, r3, r4"),
        ("nested arrays", "new_array r3, r0\narray_set r3, r0, r1\nmove r1, r3"),
        ("a dict", "add r0, r0, r9\ncast r3, r0, string\ndict_set r2, r3, r0"),
        ("a string that doubles", "cast r1, r1, string\nconcat_str r1, r1, r1"),
        (
            "arrays that are copied",
            "array_len r3, r1\nmove r5, r6\narray_set r5, r0, r3\narray_set r1, r3, r5",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in programs {
        let file = folder.path().join("program.mdasm");
        std::fs::write(&file, format!("{begin}{text}\njump again\n")).unwrap();
        for kilobytes in [60_000, 200_000] {
            for tier in ["--tier=interpreter", "--tier=specialised", "--tier=auto"] {
                let output = run(kilobytes, tier, &file);
                let shown = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.code(), Some(1), "{name} at {kilobytes} KiB, {tier}: {shown}");
                assert!(shown.contains("OutOfMemory"), "{name} at {kilobytes} KiB, {tier}: {shown}");
            }
        }
    }
}
