//! A flag and a deadline end a run in the midst of an instruction that works on something large, not only between portions of
//! instructions. The flag is set by the sink, just before such an instruction; no clock decides what these tests see.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use machine_dialect_vm::{Limits, Run, RuntimeErrorKind, Tiers, Vm, assemble};

const TIERS: [Tiers; 5] =
    [Tiers::Auto, Tiers::Interpreter, Tiers::Specialised, Tiers::EagerSpecialised, Tiers::EagerJit];

/// Fills an array in r1 with what stands in r2; r9 is the number of elements, and r3 is 1.
const FILL: &str = "load_const r0, 0\nload_const r3, 1\nload_const r4, 0\nnew_array r1, r0\nfill:\narray_set r1, r0, r2\n\
                    add r0, r0, r3\nlt r4, r0, r9\njump_if r4, fill\n";
/// Fills a dict in r1 with r9 entries.
const ENTRIES: &str = "load_const r0, 0\nload_const r3, 1\nload_const r4, 0\ndict_new r1\nfill:\ncast r5, r0, string\ndict_set r1, r5, r0\n\
                       add r0, r0, r3\nlt r4, r0, r9\njump_if r4, fill\n";
/// Doubles the string in r1 up to 2²⁰ bytes.
const DOUBLE: &str = "load_const r1, \"x\"\nload_const r0, 20\nload_const r3, 1\ndouble:\nadd r1, r1, r1\nsub r0, r0, r3\njump_if r0, double\n";

/// Instructions that work on something large: what each is called, the code before it, and the instruction.
fn large() -> Vec<(&'static str, String, &'static str)> {
    let array = |element: &str| format!("load_const r2, {element}\nload_const r9, 40000\n{FILL}");
    let nested = format!("load_const r9, 0\nnew_array r2, r9\nload_const r9, 40000\n{FILL}");
    let dict = format!("load_const r9, 9000\n{ENTRIES}");
    let two = |make: &str| {
        format!("{make}move r10, r1\n{}", make.replace("fill", "again").replace("double", "anew"))
    };
    vec![
        ("an array that is made", "load_const r9, 4000000\n".to_owned(), "new_array r1, r9"),
        ("a write to a shared array of ints", array("5") + "move r10, r1\n", "array_set r1, r3, r9"),
        ("a write to a shared array of strings", array("\"s\"") + "move r10, r1\n", "array_set r1, r3, r9"),
        ("an append to a shared array", array("5") + "move r10, r1\n", "array_set r1, r9, r9"),
        ("a write to a shared dict", dict.clone() + "move r10, r1\n", "dict_set r1, r5, r9"),
        ("a removal from a shared dict", dict.clone() + "move r10, r1\n", "dict_remove r1, r5"),
        ("the keys of a dict", format!("load_const r9, 20000\n{ENTRIES}"), "dict_keys r2, r1"),
        ("the values of a dict", format!("load_const r9, 20000\n{ENTRIES}"), "dict_values r2, r1"),
        ("equality of arrays", two(&array("5")), "eq r2, r1, r10"),
        ("inequality of nested arrays", two(&nested), "neq r2, r1, r10"),
        ("equality of dicts", two(&dict), "eq r2, r1, r10"),
        ("equality of strings", two(DOUBLE), "eq r2, r1, r10"),
        ("order of strings", two(DOUBLE), "lt r2, r1, r10"),
        ("a join of strings", DOUBLE.to_owned(), "add r2, r1, r1"),
        ("a join of a string and another value", DOUBLE.to_owned(), "concat_str r2, r1, r3"),
        ("the text of an array", array("5"), "cast r2, r1, string"),
        ("the text of a dict", dict.clone(), "cast r2, r1, string"),
        ("an array that is printed", array("5"), "debug_print r1"),
        ("a long key that is looked up", format!("{DOUBLE}dict_new r2\n"), "dict_get r4, r2, r1"),
        ("a long key that is asked for", format!("{DOUBLE}dict_new r2\n"), "dict_contains r4, r2, r1"),
        ("a long key that is set", format!("{DOUBLE}dict_new r2\n"), "dict_set r2, r1, r1"),
        ("a long key that is removed", format!("{DOUBLE}dict_new r2\n"), "dict_remove r2, r1"),
    ]
}

/// Runs a program whose sink sets the flag, and which is asked between no two instructions. Gives how it ended, and where.
fn run(text: &str, tiers: Tiers) -> (Option<RuntimeErrorKind>, usize, u64) {
    let module = assemble(text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
    let flag = AtomicBool::new(false);
    let mut sink = |line: &str| {
        flag.store(line == "go\n", Ordering::Relaxed);
        Ok(())
    };
    let limits = Limits { max_steps: Some(10_000_000), ..Limits::default() };
    let vm = Vm::new(module);
    let run = Run::new(&mut sink).limits(limits).interrupt(&flag).fuel_slice(u64::MAX).tiers(tiers);
    let (ended, steps) = end(&vm, run);
    (ended.map(|(kind, _)| kind), ended.map_or(0, |(_, pc)| pc), steps)
}

#[test]
fn an_instruction_on_something_large_is_ended() {
    for (name, before, instruction) in large() {
        // What is shared is used afterwards, or the copy could be spared.
        let program = |go: &str| {
            format!("{before}load_const r99, \"{go}\"\ndebug_print r99\n{instruction}\nreturn r10\n")
        };
        for tiers in TIERS {
            let (end, _, steps) = run(&program("wait"), tiers);
            assert_eq!(end, None, "{name}, {tiers:?}");
            let (end, pc, ended) = run(&program("go"), tiers);
            assert_eq!(end, Some(RuntimeErrorKind::Interrupted), "{name}, {tiers:?}");
            let at = program("").lines().filter(|line| !line.ends_with(':')).count() - 2;
            assert_eq!((pc, ended), (at, steps - 1), "{name}, {tiers:?}");
        }
    }
}

/// Many instructions that do a little work each are ended long before a portion of instructions is over.
#[test]
fn work_adds_up_over_instructions() {
    let array = format!("load_const r2, \"s\"\nload_const r9, 500\n{FILL}");
    let text = "y".repeat(5000);
    let turns = [
        ("copies", "move r10, r1\narray_set r10, r11, r3\n"),
        ("comparisons", "move r10, r1\narray_set r10, r11, r3\neq r12, r10, r1\n"),
        ("texts", "cast r12, r1, string\n"),
        ("joins", "add r12, r13, r13\n"),
        ("keys", "dict_get r12, r14, r13\n"),
    ];
    for (name, turn) in turns {
        let program = format!(
            "{array}load_const r11, 0\nload_const r13, \"{text}\"\ndict_new r14\nload_const r98, 1000\nload_const r99, \"go\"\n\
             debug_print r99\nturn:\n{turn}sub r98, r98, r3\njump_if r98, turn\n"
        );
        for tiers in TIERS {
            let (end, _, steps) = run(&program, tiers);
            assert_eq!(end, Some(RuntimeErrorKind::Interrupted), "{name}, {tiers:?}");
            let before = 500 * 4 + 20;
            assert!(steps < before + 500, "{name}, {tiers:?}: {steps} steps");
        }
    }
}

/// How a run ended, where, and after how many steps.
fn end<'a>(vm: &'a Vm, run: Run<'a>) -> (Option<(RuntimeErrorKind, usize)>, u64) {
    match vm.run(run) {
        Ok(completion) => (None, completion.steps),
        Err(failure) => (Some((failure.error.kind(), failure.pc)), failure.steps),
    }
}

/// What is watched counts as what is not: the same steps, the same memory, the same end.
#[test]
fn a_watched_run_ends_as_any_other() {
    for (name, before, instruction) in large() {
        let vm = Vm::new(assemble(&format!("{before}{instruction}\n")).unwrap());
        let flag = AtomicBool::new(false);
        for tiers in TIERS {
            for bytes in [1 << 18, 1 << 20, 1 << 21, 1 << 22, 1 << 30] {
                let limits =
                    Limits { max_memory: Some(bytes), max_steps: Some(1 << 24), ..Limits::default() };
                let (mut sink, mut other) = ((), ());
                let expected = end(&vm, Run::new(&mut sink).limits(limits.clone()).tiers(tiers));
                let watched = Run::new(&mut other).limits(limits).tiers(tiers).interrupt(&flag);
                assert_eq!(end(&vm, watched), expected, "{name}, {tiers:?}, {bytes}");
            }
        }
    }
}

/// Programs that once overran their deadline by many times, each instruction of theirs being a copy of a large array.
#[test]
fn a_deadline_is_met_by_copies_of_a_large_array() {
    let program = format!(
        "load_const r2, \"abc\"\nload_const r9, 400000\n{FILL}load_const r7, 0\nagain:\nmove r2, r1\narray_set r2, r7, r7\njump again"
    );
    let vm = Vm::new(assemble(&program).unwrap());
    let start = Instant::now();
    let failure = vm.run(Run::new(&mut ()).deadline(start + Duration::from_millis(300))).unwrap_err();
    assert_eq!(failure.error.kind(), RuntimeErrorKind::DeadlineExceeded);
    // 16,384 such copies, after which the clock would be looked at anyway, take many seconds.
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
}
