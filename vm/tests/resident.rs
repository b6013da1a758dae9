//! What the system says that a process takes which fills the memory of a run, whatever it fills it with: under a limit of 64 MB, less
//! than twice that. Each program runs in a process of its own, in every tier.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::process::{Command, Stdio};

use machine_dialect_vm::asm::assemble_bytes;
use wait4::Wait4 as _;

#[expect(dead_code, reason = "how each bomb ends is for other tests")]
mod bombs;
#[path = "bombs/small.rs"]
mod small;

use bombs::{BOMBS, LIMIT};

/// What a process may use at any time.
const MOST_MEMORY: u64 = 128 << 20;
/// How many sizes of each bomb are tried.
const SIZES: u64 = 3;

/// The most memory that a process took which ran the program, in bytes, and how it exited.
fn peak(module: &[u8], folder: &std::path::Path, tier: &[&str]) -> (u64, Option<i32>) {
    let path = folder.join("program.mdbc");
    std::fs::write(&path, module).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_mdvm"))
        .args(["run", "--max-output=4194304", "--max-call-depth=1000000000", "--max-steps=100000000"])
        .arg(format!("--max-memory={LIMIT}"))
        .args(tier)
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ended = child.wait4().unwrap();
    (ended.rusage.maxrss, ended.status.code())
}

#[test]
fn whatever_a_program_keeps_its_process_stays_below_twice_its_limit() {
    let folder = tempfile::tempdir().unwrap();
    let small = small::small_things().into_iter().map(|(name, text)| (name, text, true));
    let large = BOMBS.iter().flat_map(|bomb| {
        (0..SIZES).map(|size| (format!("{} in size {size}", bomb.name), (bomb.program)(size), false))
    });
    let programs: Vec<(String, String, bool)> = small.chain(large).collect();
    let mut seen = Vec::new();
    for (name, text, fills) in programs {
        let module = assemble_bytes(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        for tier in [&["--plain"][..], &["--portable"], &[]] {
            let (memory, code) = peak(&module, folder.path(), tier);
            assert!(matches!(code, Some(0 | 1)), "{name} {tier:?}: exit code {code:?}");
            // What does not fill its memory shows nothing.
            assert!(!fills || code == Some(1) && memory > LIMIT / 2, "{name} {tier:?}: {memory} bytes");
            seen.push((memory, format!("{name} {tier:?}")));
        }
    }
    seen.sort();
    for (memory, name) in seen.iter().rev().take(40) {
        println!("{:.1} MB: {name}", *memory as f64 / f64::from(1 << 20));
    }
    let over: Vec<_> = seen.iter().filter(|(memory, _)| *memory >= MOST_MEMORY).collect();
    assert!(over.is_empty(), "over 128 MB: {over:#?}");
}
