//! A thousand programs that try to exhaust their host, in one process: bombs of every kind that the instructions allow, each in
//! many sizes. Every run has 64 MB; the process must stay under twice that, whatever the programs do.
//!
//! This file has one test, because the peak is that of the process: the most bytes that were ever allocated at once. (What the
//! system's allocator keeps of memory that was freed is not the machine's to say.)
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::alloc::System;
use std::collections::BTreeMap;

use cap::Cap;
use machine_dialect_vm::{Limits, Module, Run, Vm, assemble};

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
    for (bomb, ends) in &seen {
        println!("{bomb}: {ends:?}");
    }
    println!("peak: {} MB", peak());
    // The limit on memory was really met.
    assert!(peak() > 64.0);
    assert_eq!(seen.values().flat_map(BTreeMap::values).sum::<usize>(), PROGRAMS);
}
