//! What holds from run to run: every run starts fresh, and the host can end one.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{io, thread};

use machine_dialect_vm::{Limits, Module, Run, RuntimeErrorKind, Tiers, Value, Vm, assemble};

fn vm(text: &str) -> Vm {
    Vm::new(assemble(text).unwrap_or_else(|error| panic!("{error}")))
}

#[test]
fn a_machine_used_again_gives_the_same_again() {
    let vm = vm("
        load_global r1, \"count\"
        debug_print r1
        load_const r0, 1
        store_global r0, \"count\"
        return r0");
    for _ in 0..3 {
        let mut printed = String::new();
        let completion = vm.run(Run::new(&mut printed)).unwrap();
        assert_eq!((completion.result, completion.steps, printed.as_str()), (Value::Int(1), 5, ""));
    }
}

#[test]
fn a_machine_used_after_an_error_in_a_call_starts_at_the_beginning_with_no_call_open() {
    let vm = vm("
        load_const r0, \"deeper\"
        call r0, r1, ()
        return r1
    .func deeper
        load_global r1, \"fail\"
        assert r1, non_empty, \"asked to fail\"
        return r1");
    let failure = vm.run(Run::new(&mut ())).unwrap_err();
    assert_eq!(failure.to_string(), "Assertion failed: asked to fail");
    assert_eq!(
        (failure.pc, failure.function(), failure.steps, failure.call_stack.len()),
        (4, "deeper", 4, 2)
    );
    let completion = vm.run(Run::new(&mut ()).global("fail", Value::Int(3))).unwrap();
    assert_eq!((completion.result, completion.steps), (Value::Int(3), 6));
}

#[test]
fn what_does_not_load_leaves_no_machine_that_could_run() {
    let mut bytes = assemble("return").unwrap().encode();
    assert!(Vm::load(&bytes).is_ok());
    bytes.pop();
    let error = Vm::load(&bytes).unwrap_err();
    assert_eq!(error.to_string(), Module::decode(&bytes).unwrap_err().to_string());
}

#[test]
fn memory_of_earlier_runs_does_not_count() {
    let vm = vm("load_const r0, 100000\nnew_array r1, r0\nreturn r1");
    let limits = Limits { max_memory: Some(2_000_000), ..Limits::default() };
    let kept: Vec<Value> =
        (0..10).map(|_| vm.run(Run::new(&mut ()).limits(limits.clone())).unwrap().result).collect();
    assert_eq!(kept.len(), 10);
}

#[test]
fn another_thread_can_interrupt_an_endless_loop() {
    let endless = vm("again:\njump again");
    let flag = AtomicBool::new(false);
    let failure = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(50));
            flag.store(true, Ordering::Relaxed);
        });
        endless.run(Run::new(&mut ()).interrupt(&flag)).unwrap_err()
    });
    assert_eq!(failure.error.kind(), RuntimeErrorKind::Interrupted);
    assert!(failure.steps > 0);
}

#[test]
fn a_deadline_ends_an_endless_loop() {
    let endless = vm("again:\njump again");
    let deadline = Instant::now() + Duration::from_millis(50);
    let failure = endless.run(Run::new(&mut ()).deadline(deadline)).unwrap_err();
    assert_eq!(failure.error.kind(), RuntimeErrorKind::DeadlineExceeded);
    assert!(Instant::now() >= deadline);
}

#[test]
fn a_sink_that_refuses_ends_the_run_with_its_reason() {
    let vm = vm("load_const r0, 1\ndebug_print r0\nreturn r0");
    let mut full = |_: &str| Err(io::Error::other("the disk is full"));
    let failure = vm.run(Run::new(&mut full)).unwrap_err();
    assert_eq!(failure.error.kind(), RuntimeErrorKind::OutputFailed);
    assert_eq!(failure.to_string(), "Cannot write output: the disk is full");
    assert_eq!((failure.pc, failure.steps), (1, 2));
}

#[test]
fn dict_order_is_the_same_in_every_run() {
    let vm = vm("
        dict_new r0
        load_const r1, \"zebra\"
        dict_set r0, r1, r1
        load_const r1, \"apple\"
        dict_set r0, r1, r1
        load_const r1, \"mango\"
        dict_set r0, r1, r1
        return r0");
    for _ in 0..20 {
        let result = vm.run(Run::new(&mut ())).unwrap().result;
        assert_eq!(result.to_text(1000).unwrap(), "{zebra: zebra, apple: apple, mango: mango}");
    }
}

#[test]
fn a_trace_tells_each_instruction_and_what_it_wrote() {
    let vm = vm("load_const r0, 1\nnop\nload_const r1, \"x\"\nadd r2, r0, r1");
    let mut steps = Vec::new();
    let mut trace = |step: machine_dialect_vm::TraceStep| steps.push((step.pc, step.digest.is_some()));
    assert!(vm.run(Run::new(&mut ()).trace(&mut trace)).is_err());
    assert_eq!(steps, [(0, true), (1, false), (2, true), (3, false)]);
}

#[test]
fn machine_code_is_made_of_what_is_hot_unless_it_may_not_be() {
    let text = "
        load_const r0, 0
        load_const r1, 1
        load_const r2, 100000
    again:
        add r0, r0, r1
        lt r3, r0, r2
        jump_if r3, again
        return r0";
    let run = |tiers| {
        let vm = vm(text);
        let completion = vm.run(Run::new(&mut ()).tiers(tiers)).unwrap();
        assert_eq!((completion.result, completion.steps), (Value::Int(100_000), 300_004));
        vm.machine_code()
    };
    for tiers in [Tiers::Interpreter, Tiers::Specialised, Tiers::EagerSpecialised] {
        assert_eq!(run(tiers), 0, "{tiers:?}");
    }
    let can_be = cfg!(all(feature = "machine-code", target_arch = "x86_64"));
    for tiers in [Tiers::Auto, Tiers::EagerJit] {
        assert_eq!(run(tiers) > 0, can_be, "{tiers:?}");
    }
    // What runs but once is not worth it.
    let cold = vm("return");
    cold.run(Run::new(&mut ())).unwrap();
    assert_eq!(cold.machine_code(), 0);
}

/// A program that prints the numbers from 1 to 40,000, which makes every tier hot.
const COUNTS: &str = "
    load_const r0, 0
    load_const r1, 1
    load_const r2, 40000
turn:
    add r0, r0, r1
    debug_print r0
    lt r3, r0, r2
    jump_if r3, turn
    return r0";

#[test]
fn a_panic_of_the_sink_unwinds_through_every_tier_however_hot_the_program_is() {
    for tiers in
        [Tiers::Interpreter, Tiers::Specialised, Tiers::Auto, Tiers::EagerSpecialised, Tiers::EagerJit]
    {
        for last in [1, 1_000, 20_000, 39_999] {
            let vm = vm(COUNTS);
            let mut lines = 0;
            let mut sink = |_: &str| {
                lines += 1;
                assert!(lines != last, "the sink has had {last} lines");
                Ok(())
            };
            let ran = panic::catch_unwind(AssertUnwindSafe(|| {
                vm.run(Run::new(&mut sink).tiers(tiers)).map(|completion| completion.steps)
            }));
            let payload = ran.expect_err("the panic goes on to the host");
            let text = payload.downcast_ref::<String>().expect("the payload is the sink's");
            assert_eq!(*text, format!("the sink has had {last} lines"), "{tiers:?}");
            // The machine can be used again.
            let mut printed = 0;
            let mut sink = |_: &str| {
                printed += 1;
                Ok(())
            };
            let completion = vm.run(Run::new(&mut sink).tiers(tiers)).unwrap();
            assert_eq!((completion.result, completion.steps, printed), (Value::Int(40_000), 160_004, 40_000));
        }
    }
}

/// The copy of a long array is elided by taking it away from a register that nobody reads again. Machine code may not go on
/// relying on what was there.
#[test]
fn machine_code_knows_that_an_elided_copy_changed_another_register() {
    let expected = vm(ELIDES).run(Run::new(&mut ()).tiers(Tiers::Interpreter)).unwrap();
    let completion = vm(ELIDES).run(Run::new(&mut ()).tiers(Tiers::EagerJit)).unwrap();
    assert_eq!((completion.result, completion.steps), (expected.result, expected.steps));
}

const ELIDES: &str = "
    load_const r0, 0
    load_const r1, 5000
    load_const r2, 1
    new_array r3, r1
turn:
    mod r5, r0, r1
    array_set r3, r5, r0
    move r4, r3
    array_set r3, r5, r2
    array_get r9, r3, r5
    move r4, r3
    add r0, r0, r2
    lt r8, r0, r1
    jump_if r8, turn
    array_len r8, r4
    return r8";
