//! Assembling takes time and memory with the length of the text, whatever the text, and `--max-time` holds while it is read.
#![cfg(feature = "cli")]
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::alloc::System;
use std::fmt::Write as _;
use std::sync::Mutex;

use cap::Cap;
use machine_dialect_vm::assemble;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// A name, a number of parts with which work that grows with its square takes minutes, and the text of so many parts.
type Shape = (&'static str, usize, fn(usize) -> String);

const SHAPES: [Shape; 17] = [
    ("commas", 4_000_000, |count| format!("nop {}", ",".repeat(count))),
    ("arguments", 300_000, |count| format!("call r0, r1, (r0{}", ", r0".repeat(count))),
    ("labels", 300_000, |count| lines(count, |index| format!("l{index}: nop"))),
    ("labels on one line", 300_000, |count| {
        lines(1, |_| (0..count).fold(String::new(), |line, index| line + &format!("l{index}:")))
    }),
    ("the same label on one line", 3_000_000, |count| "l:".repeat(count)),
    ("the same label", 2_000_000, |count| "l:\n".repeat(count)),
    ("jumps", 300_000, |count| lines(count, |index| format!("l{index}: jump l{}", count - 1 - index))),
    ("jumps nowhere", 300_000, |count| "jump l\n".repeat(count)),
    ("functions", 300_000, |count| lines(count, |index| format!(".func f{index}\nnop"))),
    ("functions at labels", 300_000, |count| {
        lines(count, |index| format!(".func f{index} l{index}\nl{index}: nop"))
    }),
    ("the same function", 300_000, |count| ".func f\nnop\n".repeat(count)),
    ("constants", 300_000, |count| lines(count, |index| format!(".const {index}"))),
    ("literals", 300_000, |count| lines(count, |index| format!("load_const r0, \"{index}\""))),
    ("comments", 400_000, |count| "; comment\n".repeat(count)),
    ("one comment", 4_000_000, |count| format!("nop ; {}", "x".repeat(count))),
    ("one word", 24_000_000, |count| "x".repeat(count)),
    ("words", 2_000_000, |count| "x\n".repeat(count)),
];

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |mut text, index| {
        writeln!(text, "{}", line(index)).unwrap();
        text
    })
}

/// What one test allocates must not be counted by the other.
static ALONE: Mutex<()> = Mutex::new(());

/// Counted in bytes that are allocated, which is what work of this kind mostly does.
#[test]
fn memory_grows_with_the_text_and_no_faster() {
    let _alone = ALONE.lock();
    let allocated = |text: &str| {
        let before = ALLOCATOR.total_allocated();
        let _ = assemble(text).map_err(|error| error.to_string());
        ALLOCATOR.total_allocated() - before
    };
    for (name, _, text) in SHAPES {
        let (small, large) = (text(2000), text(20_000));
        allocated(&small);
        let (small, large) = (allocated(&small).max(1), allocated(&large));
        // Vectors and tables double, so now and then ten times the text takes twenty times the bytes; a square takes a hundred.
        assert!(large < 25 * small + 100_000, "{name}: {small} bytes for 2000, {large} for 20000");
    }
}

/// Work that allocates nothing, such as a search, is seen by processor time alone. A hundred times of what these take is allowed.
#[cfg(unix)]
#[test]
fn no_text_of_megabytes_takes_long() {
    let _alone = ALONE.lock();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.mdasm");
    for (name, count, text) in SHAPES {
        std::fs::write(&path, text(count)).unwrap();
        let status = std::process::Command::new("sh")
            .args([
                "-c",
                "ulimit -t 30 && exec \"$0\" check \"$1\" >/dev/null 2>&1",
                env!("CARGO_BIN_EXE_mdvm"),
            ])
            .arg(&path)
            .status()
            .unwrap();
        assert!(
            status.code().is_some_and(|code| code == 0 || code == 2),
            "{name}, {count} of them: {status}"
        );
    }
}
