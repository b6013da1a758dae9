//! What becomes of a run where the system refuses memory for machine code: it goes on without.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::expect_used, clippy::unwrap_used)]

use std::process::{Command, Output};

/// Hot enough for machine code, in which a thousand functions are called.
fn program() -> String {
    let mut text =
        String::from("    load_const r0, 0\n    load_const r1, 1\n    load_const r2, 3000\nturn:\n");
    for function in 0..200 {
        text.push_str(&format!("    load_const r4, \"f{function}\"\n    call r4, r0, (r0)\n"));
    }
    text.push_str("    load_const r5, 200\n    mul r6, r2, r5\n    lt r3, r0, r6\n    jump_if r3, turn\n");
    text.push_str("    debug_print r0\n    return r0\n");
    for function in 0..200 {
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
    // What machine code is made with is memory of the process's own, too; above that the system may refuse what is for the code.
    let mut tried = 0;
    for kilobytes in (enough + 16..enough + 6_000).step_by(200) {
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
