//! What a module itself takes, as the system counts it: `mdvm run`, `check` and `dis` stay below eight times the file and a fixed part,
//! whatever the file holds, and twice the file takes no more than twice the memory. Each runs in a process of its own.
//!
//! A new process counts what the one that began it took. So this one takes little: modules are written as assembly, piece by piece, and
//! `mdvm asm` makes them.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use wait4::Wait4 as _;

/// What the rule of SECURITY.md leaves for each byte of the file, and for all else.
const FOR_EACH_BYTE: u64 = 8;
const FIXED: u64 = 16 << 20;
/// How many bytes the smaller of two files has, about.
const SIZE: usize = 2 << 20;

/// Writes the assembly of a module of about so many bytes.
type Make = fn(&mut dyn Write, usize) -> io::Result<()>;

/// Kinds of modules: those that take most for each byte of theirs.
const KINDS: [(&str, Make); 11] = [
    ("nops", |out, size| (0..size).try_for_each(|_| writeln!(out, "nop"))),
    ("halts", |out, size| (0..size).try_for_each(|_| writeln!(out, "halt"))),
    ("prints", |out, size| (0..size / 2).try_for_each(|_| writeln!(out, "debug_print r0"))),
    ("moves", |out, size| (0..size / 3).try_for_each(|_| writeln!(out, "move r0, r1"))),
    ("jumps", |out, size| {
        let count = size / 5;
        (0..count).try_for_each(|index| writeln!(out, "L{index}: jump L{}", somewhere(index, count)))
    }),
    ("branches", |out, size| {
        let count = size / 6;
        (0..count).try_for_each(|index| {
            writeln!(out, "L{index}: jump_if r{}, L{}", index % 256, somewhere(index, count))
        })
    }),
    ("a loop behind nops", |out, size| {
        (0..size).try_for_each(|_| writeln!(out, "nop"))?;
        writeln!(out, "again: load_const r0, 0\njump again")
    }),
    ("constants", |out, size| {
        (0..65_536).try_for_each(|_| writeln!(out, ".const empty"))?;
        (65_536..size).try_for_each(|_| writeln!(out, "nop"))
    }),
    ("strings", |out, size| {
        let times = size / 65_536 / 8;
        (0..65_536).try_for_each(|index| writeln!(out, ".const \"{}\"", format!("{index:08x}").repeat(times)))
    }),
    ("functions", |out, size| {
        (0..size / 12).try_for_each(|index| writeln!(out, ".func f{index:03x}"))?;
        writeln!(out, "nop")
    }),
    // Each of them would be shown as the whole text.
    ("a long string that is loaded again and again", |out, size| {
        let text = "x".repeat(1 << 10);
        write!(out, ".const \"")?;
        (0..size / 2048).try_for_each(|_| write!(out, "{text}"))?;
        writeln!(out, "\"")?;
        (0..size / 8).try_for_each(|_| writeln!(out, "load_const r0, k0"))
    }),
];

/// Where a jump leads to: somewhere else each time, by no order.
fn somewhere(index: usize, count: usize) -> usize {
    index.wrapping_mul(2_654_435_761) % count
}

/// Runs a verb and gives the most memory that it took, in bytes, and how long its output was.
fn peak(arguments: &[&str], path: &Path) -> (u64, u64) {
    // A file, which takes whatever an error shows while the output is read.
    let mut errors = tempfile::tempfile().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_mdvm"))
        .args(arguments)
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors.try_clone().unwrap())
        .spawn()
        .unwrap();
    let shown = io::copy(&mut child.stdout.take().unwrap(), &mut io::sink()).unwrap();
    let ended = child.wait4().unwrap();
    let mut message = Vec::new();
    errors.seek(SeekFrom::Start(0)).and_then(|_| errors.take(1000).read_to_end(&mut message)).unwrap();
    let message = String::from_utf8_lossy(&message);
    let is_limit = arguments[0] == "run" && message.contains("StepLimitExceeded");
    assert_eq!(ended.status.code(), Some(i32::from(is_limit)), "{arguments:?} {}: {message}", path.display());
    (ended.rusage.maxrss, shown)
}

#[test]
fn memory_is_a_few_times_the_file() {
    let folder = tempfile::tempdir().unwrap();
    for (name, make) in KINDS {
        let files = [SIZE, 2 * SIZE].map(|size| {
            let (text, path) = (folder.path().join("m.mdasm"), folder.path().join(format!("{size}.mdbc")));
            let mut out = BufWriter::new(File::create(&text).unwrap());
            make(&mut out, size).and_then(|()| out.flush()).unwrap();
            peak(&["asm", "-o", path.to_str().unwrap()], &text);
            let size = path.metadata().unwrap().len();
            (path, size)
        });
        for verb in [&["run", "--max-steps=100000"][..], &["check"], &["dis"]] {
            let [(small, _), (large, shown)] = [0, 1].map(|file| peak(verb, &files[file].0));
            let (grown, more) = (files[1].1 - files[0].1, large.saturating_sub(small));
            println!(
                "{} of {name}: {:.1} MB for {:.1} MB, {:.1} bytes for each byte more",
                verb[0],
                large as f64 / 1e6,
                files[1].1 as f64 / 1e6,
                more as f64 / grown as f64
            );
            assert!(large <= FIXED + FOR_EACH_BYTE * files[1].1, "{verb:?} of {name}: {large} bytes");
            // A little more, for what the allocator rounds up.
            assert!(more <= FOR_EACH_BYTE * grown + (2 << 20), "{verb:?} of {name}: {more} bytes more");
            // The longest line of an instruction that fits into a byte, and the label above it.
            assert!(shown <= 80 * files[1].1 + 1000, "{verb:?} of {name}: {shown} bytes of text");
        }
    }
}
