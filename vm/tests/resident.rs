//! The memory promise as the system counts it: under a limit of 64 MB the process stays below 128 MB, whatever a program keeps. The
//! allocator of the system rounds up and leaves gaps, and small objects are where that weighs most. So each kind of small object is
//! kept in each kind of container until memory is full, in a process of its own, whose peak the system tells.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use machine_dialect_vm::asm::assemble_bytes;
use wait4::Wait4 as _;

/// The limit on the memory of each run, in bytes.
const LIMIT: u64 = 64 << 20;
/// What the process must stay below, in bytes.
const MOST: u64 = 128 << 20;
/// So many processes run at once.
const AT_ONCE: usize = 2;

/// What every program begins with, so that each part may count on it: r3 is 1 and r10 is 0.
const BEGIN: &str = "load_const r0, 0\nload_const r3, 1\nload_const r10, 0\n";

/// Small objects: what each is called, and the code that makes one in r2, from r4 and r5.
fn objects() -> Vec<(String, String)> {
    let mut objects = Vec::new();
    // Around the lengths at which a string, or the block that its text takes, becomes larger.
    for length in [1, 24, 25, 33, 41, 57] {
        let text = "x".repeat(length - 1);
        objects.push((
            format!("string of {length}"),
            format!("load_const r4, \"{text}\"\nload_const r5, \"y\"\nadd r2, r4, r5\n"),
        ));
    }
    // Texts that are put together piece by piece.
    for length in [25, 33, 57] {
        let text = "x".repeat(length - 4);
        objects.push((
            format!("text of {length}"),
            format!("load_const r4, \"{text}\"\nload_const r5, true\nconcat_str r2, r4, r5\n"),
        ));
    }
    for number in ["1.5", "1e24", "-1.2345678901234567e-20"] {
        objects
            .push((format!("text of {number}"), format!("load_const r4, {number}\ncast r2, r4, string\n")));
    }
    for (element, name, counts) in [
        ("5", "ints", 0..=4),
        ("\"s\"", "strings", 0..=4),
        ("1.5", "floats", 1..=2),
        ("true", "bools", 1..=2),
    ] {
        for count in counts {
            let set: String =
                (0..count).map(|index| format!("load_const r5, {index}\narray_set r2, r5, r4\n")).collect();
            // Appended one by one, and written to an array of that length.
            for (way, length) in [("appended", 0), ("written", count)] {
                objects.push((
                    format!("array of {count} {name}, {way}"),
                    format!("load_const r4, {element}\nload_const r5, {length}\nnew_array r2, r5\n{set}"),
                ));
            }
        }
    }
    for count in 0..=4 {
        let set: String =
            (0..count).map(|index| format!("load_const r5, \"k{index}\"\ndict_set r2, r5, r3\n")).collect();
        objects.push((format!("dict of {count}"), format!("dict_new r2\n{set}")));
    }
    objects
}

/// A loop that keeps one object after another, for the code that makes one.
type Keep = fn(&str) -> String;

/// Where objects are kept: what it is called, and the loop that keeps one after another, for the code that makes one.
const KEEPERS: [(&str, Keep); 4] = [
    ("a list", |object| {
        format!(
            "new_array r1, r0\nagain:\n{object}array_set r1, r0, r2\nload_const r2, 0\nadd r0, r0, r3\njump again"
        )
    }),
    ("pairs that nest", |object| {
        let make = "load_const r7, 2\nnew_array r6, r7\narray_set r6, r0, r2\narray_set r6, r3, r1\n";
        format!("again:\n{object}{make}move r1, r6\nload_const r6, 0\nload_const r2, 0\njump again")
    }),
    ("a list of arrays of one", |object| {
        let make = "new_array r6, r3\narray_set r6, r10, r2\nload_const r2, 0\n";
        format!(
            "new_array r1, r0\nagain:\n{object}{make}array_set r1, r0, r6\nload_const r6, 0\nadd r0, r0, r3\njump again"
        )
    }),
    ("dicts that nest", |object| {
        let make = "dict_new r6\nload_const r7, \"v\"\ndict_set r6, r7, r2\nload_const r7, \"n\"\ndict_set r6, r7, r1\n";
        format!("again:\n{object}{make}move r1, r6\nload_const r6, 0\nload_const r2, 0\njump again")
    }),
];

/// What nests without an object beside it: what it is called, the code that makes r1 of r0, and what a level costs.
const NESTS: [(&str, &str, u64); 5] = [
    ("arrays of one", "new_array r1, r3\narray_set r1, r10, r0\n", 64),
    ("arrays of two, the first", "load_const r5, 2\nnew_array r1, r5\narray_set r1, r10, r0\n", 80),
    ("arrays of two, the last", "load_const r5, 2\nnew_array r1, r5\narray_set r1, r3, r0\n", 80),
    (
        "arrays of one twice",
        "load_const r5, 2\nnew_array r1, r5\narray_set r1, r10, r0\narray_set r1, r3, r0\n",
        80,
    ),
    ("dicts of one", "load_const r7, \"k\"\ndict_new r1\ndict_set r1, r7, r0\n", 128),
];

/// All programs: what each is called, the assembly, and whether it ends because memory is full.
fn programs() -> Vec<(String, String, bool)> {
    let mut programs = Vec::new();
    for (object, make) in objects() {
        for (keeper, keep) in KEEPERS {
            programs.push((format!("{object} in {keeper}"), format!("{BEGIN}{}", keep(&make)), true));
        }
    }
    for (name, make, cost) in NESTS {
        let endless = format!("{BEGIN}again:\n{make}move r0, r1\njump again");
        programs.push((format!("{name} that nest"), endless, true));
        // Almost all that fits, or two halves of it, to be compared and shown.
        let levels = |share: u64, label: &str| {
            let count = LIMIT * 97 / 100 / (cost * share + 8);
            format!(
                "{BEGIN}load_const r9, {count}\n{label}:\n{make}move r0, r1\nsub r9, r9, r3\njump_if r9, {label}\nload_const r1, 0\n"
            )
        };
        let halves = format!("{}move r20, r0\n{}", levels(2, "one"), levels(2, "other"));
        programs.push((format!("{name}, compared"), format!("{halves}eq r1, r0, r20\n"), false));
        programs.push((
            format!("{name}, compared with itself"),
            format!("{}eq r1, r0, r0\n", levels(1, "one")),
            false,
        ));
        if !name.ends_with("twice") {
            programs.push((
                format!("{name}, as text"),
                format!("{}cast r1, r0, string\n", levels(1, "one")),
                false,
            ));
            programs.push((
                format!("{name}, printed"),
                format!("{}debug_print r0\n", levels(1, "one")),
                false,
            ));
        }
    }
    programs.push((
        "arrays of one that are made of copies".to_owned(),
        format!(
            "{BEGIN}new_array r5, r0\nagain:\nmove r1, r5\narray_set r1, r10, r0\nmove r0, r1\njump again"
        ),
        true,
    ));
    programs.push((
        "dicts of one under computed keys that nest".to_owned(),
        format!("{BEGIN}load_const r4, 0\nagain:\ncast r5, r4, string\ndict_new r1\ndict_set r1, r5, r0\nmove r0, r1\nadd r4, r4, r3\njump again"),
        true,
    ));
    programs.push((
        "a dict of computed keys".to_owned(),
        format!(
            "{BEGIN}dict_new r1\nagain:\ncast r6, r0, string\ndict_set r1, r6, r0\nadd r0, r0, r3\njump again"
        ),
        true,
    ));
    programs.push((
        "strings that are written over by longer ones".to_owned(),
        format!("{BEGIN}new_array r1, r0\nload_const r9, \"x\"\nagain:\nload_const r4, \"abcdefghijklmnopqrstuvwxy\"\nadd r2, r4, r9\nadd r2, r2, r9\narray_set r1, r0, r2\nload_const r2, 0\nadd r0, r0, r3\njump again"),
        true,
    ));
    let scopes: String = (0..70).fold(String::new(), |mut scopes, number| {
        let _ = writeln!(scopes, "scope_enter {number}");
        scopes
    });
    programs.push((
        "frames".to_owned(),
        format!("load_const r0, \"f\"\ncall r0, r1, ()\nreturn\n.func f\nload_const r255, 1\nload_const r0, \"f\"\n{scopes}call r0, r1, ()\nreturn"),
        true,
    ));
    programs
}

/// Runs a program in a process of its own and gives the most memory that it took, in bytes.
fn peak(folder: &std::path::Path, number: usize, (name, program, is_full): &(String, String, bool)) -> u64 {
    let path = folder.join(format!("{number}.mdbc"));
    std::fs::write(&path, assemble_bytes(program).unwrap_or_else(|error| panic!("{name}: {error}"))).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_mdvm"))
        .args(["run", "--max-call-depth=100000000", &format!("--max-memory={LIMIT}")])
        .arg(&path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut message = String::new();
    std::io::Read::read_to_string(child.stderr.as_mut().unwrap(), &mut message).unwrap();
    let ended = child.wait4().unwrap();
    let code = ended.status.code();
    assert_eq!(code, Some(i32::from(*is_full)), "{name}: {message}");
    assert_eq!(message.contains("OutOfMemory"), *is_full, "{name}: {message}");
    ended.rusage.maxrss
}

#[test]
fn the_process_stays_below_twice_the_limit_whatever_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let programs = programs();
    let (next, peaks) = (Mutex::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let number = {
                        let mut next = next.lock().unwrap();
                        *next += 1;
                        *next - 1
                    };
                    let Some(program) = programs.get(number) else { break };
                    let peak = peak(folder.path(), number, program);
                    peaks.lock().unwrap().insert((peak, number), &program.0);
                }
            });
        }
    });
    let peaks = peaks.into_inner().unwrap();
    assert_eq!(peaks.len(), programs.len());
    for ((peak, _), name) in peaks.iter().rev().take(10) {
        println!("{:.1} MB: {name}", *peak as f64 / f64::from(1 << 20));
    }
    let over: Vec<_> = peaks.iter().rev().filter(|((peak, _), _)| *peak >= MOST).collect();
    assert!(over.is_empty(), "over {MOST} bytes: {over:?}");
    // Memory really was filled.
    let full = peaks.keys().filter(|(peak, _)| *peak > LIMIT).count();
    assert!(full * 2 > programs.len(), "only {full} of {} programs took much memory", programs.len());
}
