//! A thousand programs that try to exhaust their host, in one process: bombs of every kind that the instructions allow, each in
//! many sizes. Then some that fill memory with small things. Every run has 64 MB; the process must stay under twice that, whatever
//! the programs do.
//!
//! This file has one test, because the peak is that of the process: the most bytes that were ever allocated at once. (What the
//! system's allocator keeps of memory that was freed is not the machine's to say.)
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::alloc::System;
use std::collections::BTreeMap;

use cap::Cap;
use machine_dialect_vm::{Limits, Module, Run, RuntimeErrorKind, Vm, assemble};

mod bombs;

use bombs::{BOMBS, LIMIT};

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// What the process may use at any time.
const MOST_MEGABYTES: f32 = 128.0;
/// How many programs there are.
const PROGRAMS: usize = 1000;

/// The most memory that was ever allocated at once, in MB.
fn peak() -> f32 {
    MEMORY.max_allocated() as f32 / (1 << 20) as f32
}

fn limits(number: u64) -> Limits {
    Limits {
        max_steps: Some(200_000),
        max_memory: Some(LIMIT),
        max_output: Some(1 << 22),
        // Frames are to be held by the limit on memory alone, now and then.
        max_call_depth: if number.is_multiple_of(3) {
            Some(u64::MAX)
        } else {
            Limits::default().max_call_depth
        },
    }
}

/// Programs that keep small things until memory is full: there it weighs most what a thing takes besides what it is counted for.
/// They take more steps than a bomb may.
fn small_things() -> Vec<(String, String)> {
    let mut programs = Vec::new();
    let mut keep = |name: String, make: String| {
        let program = format!(
            "load_const r0, 0\nnew_array r1, r0\nload_const r3, 1\nagain:\n{make}array_set r1, r0, r2\nload_const r2, 0\n\
             add r0, r0, r3\njump again"
        );
        programs.push((name, program));
    };
    for length in [1, 24, 25, 41, 80] {
        let text = "x".repeat(length - 1);
        let made = format!("load_const r4, \"{text}\"\nload_const r5, \"y\"\nadd r2, r4, r5\n");
        keep(format!("strings of {length} bytes"), made);
    }
    let long = "x".repeat(52);
    let shrunk = format!("load_const r4, \"{long}\"\nload_const r5, \"{}\"\nadd r2, r4, r4\n", &long[..24]);
    keep("strings that were longer".to_owned(), format!("{shrunk}load_const r4, \"y\"\nadd r2, r5, r4\n"));
    for (element, count) in [("5", 1), ("5", 2), ("true", 1), ("\"s\"", 1), ("\"s\"", 2)] {
        let set: String =
            (0..count).map(|index| format!("load_const r5, {index}\narray_set r2, r5, r4\n")).collect();
        let made = format!("load_const r4, {element}\nload_const r5, 0\nnew_array r2, r5\n{set}");
        keep(format!("arrays of {count} times {element}"), made);
    }
    for (count, removed) in [(1, 0), (3, 0), (2, 1), (5, 4), (9, 8)] {
        let key = |number: usize| format!("load_const r5, \"{number}\"\n");
        let set: String = (0..count).map(|number| key(number) + "dict_set r2, r5, r3\n").collect();
        let remove: String = (0..removed).map(|number| key(number) + "dict_remove r2, r5\n").collect();
        keep(
            format!("dicts of {count} entries, {removed} of them removed"),
            format!("dict_new r2\n{set}{remove}"),
        );
    }
    programs
}

#[test]
fn a_thousand_bombs_stay_within_their_memory() {
    let mut seen: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
    for number in 0..PROGRAMS {
        let bomb = &BOMBS[number % BOMBS.len()];
        let size = (number / BOMBS.len()) as u64;
        let text = (bomb.program)(size);
        let module = assemble(&text).unwrap_or_else(|error| panic!("{}: {error}", bomb.name));
        // As it comes from a stranger: from bytes.
        let vm = Vm::new(Module::decode(&module.encode()).unwrap());
        let mut printed = 0;
        let mut sink = |line: &str| {
            printed += line.len();
            Ok(())
        };
        let end = vm.run(Run::new(&mut sink).limits(limits(size)));
        let kind = end.as_ref().err().map(|failure| failure.error.kind());
        assert!(bomb.ends.contains(&kind), "{} in size {size} ends with {kind:?}", bomb.name);
        drop(end);
        assert!(printed <= 1 << 22, "{} printed {printed} bytes", bomb.name);
        let name = kind.map_or("no error", |kind| kind.name()).to_owned();
        *seen.entry(bomb.name).or_default().entry(name).or_default() += 1;
        let peak = peak();
        assert!(peak < MOST_MEGABYTES, "after {} in size {size}, the peak is {peak} MB", bomb.name);
    }
    for (name, program) in small_things() {
        let vm = Vm::new(assemble(&program).unwrap_or_else(|error| panic!("{name}: {error}")));
        let mut sink = |_: &str| Ok(());
        let end = vm.run(Run::new(&mut sink).limits(Limits { max_steps: None, ..limits(0) }));
        assert_eq!(
            end.err().map(|failure| failure.error.kind()),
            Some(RuntimeErrorKind::OutOfMemory),
            "{name}"
        );
        let peak = peak();
        assert!(peak < MOST_MEGABYTES, "after {name}, the peak is {peak} MB");
    }
    for (bomb, ends) in &seen {
        println!("{bomb}: {ends:?}");
    }
    println!("peak: {} MB", peak());
    // The limit on memory was really met.
    assert!(peak() > 64.0);
    assert_eq!(seen.values().flat_map(BTreeMap::values).sum::<usize>(), PROGRAMS);
}
