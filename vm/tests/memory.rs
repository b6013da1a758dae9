//! The memory of a run is its own: what the host makes, keeps and drops beside it, or in the middle of it, changes nothing.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use machine_dialect_vm::{Limits, Run, RuntimeErrorKind, Tiers, TraceStep, Value, Vm, assemble};

const TIERS: [Tiers; 5] =
    [Tiers::Auto, Tiers::Interpreter, Tiers::Specialised, Tiers::EagerSpecialised, Tiers::EagerJit];

fn vm(text: &str) -> Vm {
    Vm::new(assemble(text).unwrap_or_else(|error| panic!("{error}")))
}

/// Prints and keeps a new array, again and again, and drops the one before.
fn printing() -> Vm {
    vm("
        load_const r0, 200
        load_const r1, 1
        load_const r2, 10
        load_const r3, \"a line\"
    again:
        new_array r4, r2
        store_global r4, \"kept\"
        debug_print r3
        sub r0, r0, r1
        jump_if r0, again")
}

/// Two arrays of ten elements are alive at once, and while it prints, one and the line.
const PRINTING_NEEDS: u64 = 2 * (48 + 160);

fn limits(bytes: u64) -> Limits {
    Limits { max_memory: Some(bytes), ..Limits::default() }
}

/// A program's end within so much memory: the steps, and the kind of the error.
fn end<'a>(vm: &'a Vm, run: Run<'a>) -> (u64, Option<RuntimeErrorKind>) {
    match vm.run(run) {
        Ok(completion) => (completion.steps, None),
        Err(failure) => (failure.steps, Some(failure.error.kind())),
    }
}

/// Runs the printing program with just the memory that it needs, and with a byte less, while the host does something at each line.
fn expect_no_difference(name: &str, mut host: impl FnMut()) {
    for tiers in TIERS {
        // A byte less, and the array of the second turn does not fit.
        let exhausted = (4 + 5 + 1, Some(RuntimeErrorKind::OutOfMemory));
        for (bytes, expected) in [(PRINTING_NEEDS, (1004, None)), (PRINTING_NEEDS - 1, exhausted)] {
            let vm = printing();
            let mut sink = |_: &str| {
                host();
                Ok(())
            };
            let run = Run::new(&mut sink).limits(limits(bytes)).tiers(tiers);
            assert_eq!(end(&vm, run), expected, "{name}, {tiers:?}, {bytes} bytes");
        }
    }
}

fn large() -> Value {
    vm("load_const r0, 1000\nnew_array r0, r0\nreturn r0").run(Run::new(&mut ())).unwrap().result
}

#[test]
fn a_sink_may_drop_values_of_an_earlier_run() {
    let mut earlier: Vec<Value> = (0..3000).map(|_| large()).collect();
    expect_no_difference("drops", || drop(earlier.pop()));
}

#[test]
fn a_sink_may_keep_values_of_a_nested_run() {
    let mut kept = Vec::new();
    expect_no_difference("keeps", || kept.push(large()));
    // And drop them all in a later one.
    expect_no_difference("drops all", || kept.clear());
}

#[test]
fn a_sink_may_make_values_and_machines_and_drop_them() {
    let mut kept = Some((printing(), Value::string("a".repeat(100))));
    expect_no_difference("makes", || kept = Some((printing(), Value::string("a".repeat(1000)))));
    expect_no_difference("takes", || kept = None);
}

#[test]
fn a_nested_run_is_counted_by_itself() {
    let inner = printing();
    expect_no_difference("nests", || {
        assert_eq!(end(&inner, Run::new(&mut ()).limits(limits(PRINTING_NEEDS))).1, None);
        let short = end(&inner, Run::new(&mut ()).limits(limits(PRINTING_NEEDS - 1)));
        assert_eq!(short.1, Some(RuntimeErrorKind::OutOfMemory));
    });
}

#[test]
fn a_nested_run_whose_sink_panics_leaves_nothing_behind() {
    let inner = vm("load_const r0, \"deeper\"\ncall r0, r1, ()\nreturn\n\
                    .func deeper\nload_const r2, 100\nnew_array r3, r2\ndebug_print r2\nreturn");
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    expect_no_difference("panics", || {
        let mut sink = |_: &str| -> std::io::Result<()> { panic!("asked to") };
        let run = || inner.run(Run::new(&mut sink).tiers(Tiers::Interpreter)).is_ok();
        assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
    });
    std::panic::set_hook(hook);
}

#[test]
fn what_follows_a_trace_may_drop_and_keep_values_too() {
    let mut earlier: Vec<Value> = (0..500).map(|_| large()).collect();
    let mut kept = Vec::new();
    let mut trace = |step: TraceStep| {
        if step.pc.is_multiple_of(2) {
            kept.push(large());
        } else {
            earlier.pop();
        }
    };
    let (vm, mut sink) = (printing(), ());
    let run = Run::new(&mut sink).limits(limits(PRINTING_NEEDS)).trace(&mut trace);
    assert_eq!(end(&vm, run), (1004, None));
}

/// Overwrites what it began with, by way of a copy where another global shares it.
fn with_globals() -> Vm {
    vm("
        load_global r0, \"list\"
        load_const r1, 0
        array_set r0, r1, r1
        store_global r0, \"list\"
        load_global r2, \"table\"
        load_const r3, \"key\"
        dict_remove r2, r3
        store_global r2, \"table\"
        load_const r2, empty
        store_global r2, \"table\"
        load_const r4, 10
        new_array r5, r4
        return r5")
}

/// Globals that share parts with each other and, if `hold` keeps a clone of each value, with the host.
fn shared_globals(hold: &mut dyn FnMut(&Value)) -> Vec<(&'static str, Value)> {
    let text = Value::string("shared by both and longer than what stands in place");
    hold(&text);
    let mut deep = text.clone();
    for _ in 0..100 {
        deep = Value::array([deep.clone(), deep, Value::Int(1)]);
    }
    hold(&deep);
    let list = Value::array([text.clone(), deep.clone()]);
    hold(&list);
    let table = Value::dict([("key", text), ("list", list.clone()), ("deep", deep)]);
    hold(&table);
    vec![("list", list), ("table", table)]
}

#[test]
fn initial_globals_that_the_host_holds_count_like_any_others() {
    let vm = with_globals();
    let mut ends = std::collections::BTreeSet::new();
    for bytes in (0..12_000).step_by(7) {
        let run = |globals: Vec<(&str, Value)>, dropped: &mut Vec<Value>| {
            let mut sink = |_: &str| {
                dropped.clear();
                Ok(())
            };
            let run =
                globals.into_iter().fold(Run::new(&mut sink), |run, (name, value)| run.global(name, value));
            end(&vm, run.limits(limits(bytes)))
        };
        let expected = run(shared_globals(&mut |_| ()), &mut Vec::new());
        for only in 0..4 {
            let (mut held, mut number) = (Vec::new(), 0);
            let globals = shared_globals(&mut |value| {
                if number == only {
                    held.push(value.clone());
                }
                number += 1;
            });
            assert_eq!(run(globals, &mut held), expected, "{bytes} bytes, value {only} is held");
        }
        ends.insert(expected.0);
    }
    assert!(ends.len() > 3, "the limits make too little difference: {ends:?}");
}

#[test]
fn a_result_that_is_a_global_of_the_next_run_counts_as_if_it_were_new() {
    let vm = vm("load_const r0, \"a constant\"\nload_global r1, \"g\"\nreturn r0");
    let constant = vm.run(Run::new(&mut ())).unwrap().result;
    for (value, bytes) in [(constant, 32 + 10), (large(), 48 + 16_000)] {
        let end = |bytes| end(&vm, Run::new(&mut ()).global("g", value.clone()).limits(limits(bytes)));
        assert_eq!(end(bytes), (3, None));
        assert_eq!(end(bytes - 1), (0, Some(RuntimeErrorKind::OutOfMemory)));
    }
}

#[test]
fn values_of_a_run_may_be_dropped_in_any_order_after_it() {
    let results: Vec<Value> = (0..10).map(|_| large()).collect();
    let mut results = results.into_iter().rev();
    for _ in 0..10 {
        drop(results.next());
        assert_eq!(end(&printing(), Run::new(&mut ()).limits(limits(PRINTING_NEEDS))), (1004, None));
        let short = end(&printing(), Run::new(&mut ()).limits(limits(PRINTING_NEEDS - 1)));
        assert_eq!(short, (10, Some(RuntimeErrorKind::OutOfMemory)));
    }
}

#[test]
fn each_thread_counts_its_own_runs() {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut kept = Vec::new();
                expect_no_difference("threads", || kept.push(large()));
            });
        }
    });
}
