//! What is counted of the tiers: entries, exits with their reasons, what was made, and time.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fmt::Write as _;
use std::time::Instant;

use machine_dialect_vm::{
    ExitKind, Limits, Profile, Run, RuntimeErrorKind, TierStats, TierUse, Tiers, Value, Vm, assemble,
};

const ALL_TIERS: [Tiers; 5] =
    [Tiers::Auto, Tiers::Interpreter, Tiers::Specialised, Tiers::EagerSpecialised, Tiers::EagerJit];

/// Whether there can be machine code.
const HAS_JIT: bool = cfg!(all(feature = "machine-code", target_arch = "x86_64"));

/// Counts to 100,000.
const HOT: &str = "
    load_const r0, 0
    load_const r1, 1
    load_const r2, 100000
again:
    add r0, r0, r1
    lt r3, r0, r2
    jump_if r3, again
    return r0";

/// Adds to a global that is an int for 10,000 rounds, and a float for as many more.
const CHANGES: &str = "
    load_const r0, 0
    load_const r1, 1
    load_const r2, 20000
    load_const r6, 10000
    load_const r7, 0.5
    store_global r1, \"step\"
again:
    add r0, r0, r1
    eq r3, r0, r6
    jump_if_not r3, same
    store_global r7, \"step\"
same:
    load_global r4, \"step\"
    add r5, r4, r1
    lt r3, r0, r2
    jump_if r3, again
    return r5";

fn vm(text: &str) -> Vm {
    Vm::new(assemble(text).unwrap_or_else(|error| panic!("{error}")))
}

fn sum(tier: &TierUse) -> u64 {
    tier.exits.iter().map(|(_, count)| count).sum()
}

/// What must hold of any program.
fn check(stats: &TierStats, steps: u64) {
    assert_eq!(stats.steps, steps);
    assert_eq!(stats.interpreter_steps() + stats.specialised.steps + stats.machine_code.steps, steps);
    for tier in [&stats.specialised, &stats.machine_code] {
        assert_eq!(sum(tier), tier.entries, "each entry ends in one exit: {stats:?}");
    }
    assert_eq!(stats.specialised.exits.of(ExitKind::Fallback), 0);
    assert_eq!(stats.compilations > 0, stats.bytes > 0 || stats.is_jit_refused);
}

#[test]
fn a_hot_loop_enters_the_tiers_that_it_may_use() {
    for tiers in ALL_TIERS {
        let vm = vm(HOT);
        let completion = vm.run(Run::new(&mut ()).tiers(tiers)).unwrap();
        let stats = vm.tier_stats();
        check(&stats, completion.steps);
        assert_eq!(stats.times, None);
        let may_specialise = tiers != Tiers::Interpreter;
        assert_eq!(stats.specialised.entries, u64::from(may_specialise), "{tiers:?}");
        assert_eq!(stats.specialised.exits.of(ExitKind::Ended), u64::from(may_specialise), "{tiers:?}");
        assert_eq!(stats.blocks > 0 && stats.instructions > 0, may_specialise, "{tiers:?}");
        let may_compile = HAS_JIT && matches!(tiers, Tiers::Auto | Tiers::EagerJit);
        assert_eq!(stats.machine_code.entries > 0, may_compile, "{tiers:?}");
        assert_eq!(stats.bytes >= vm.machine_code() as u64 && stats.bytes > 0, may_compile, "{tiers:?}");
        assert_eq!(stats.machine_code.steps * 10 > completion.steps * 9, may_compile, "{tiers:?}");
        if tiers == Tiers::Interpreter {
            let mut nothing = TierStats::default();
            nothing.steps = completion.steps;
            assert_eq!(stats, nothing);
        }
    }
}

#[test]
fn a_speculation_that_fails_is_an_exit_by_a_guard() {
    for tiers in [Tiers::Specialised, Tiers::EagerSpecialised] {
        let (steady, changing) = (vm(&CHANGES.replace("r7, 0.5", "r7, 5")), vm(CHANGES));
        for (vm, result) in [(&steady, Value::Int(6)), (&changing, Value::Float(1.5))] {
            let completion = vm.run(Run::new(&mut ()).tiers(tiers)).unwrap();
            assert_eq!(completion.result, result);
            check(&vm.tier_stats(), completion.steps);
        }
        let (steady, changing) = (steady.tier_stats(), changing.tier_stats());
        assert_eq!((steady.specialised.exits.of(ExitKind::Guard), steady.side_exits), (0, 0), "{tiers:?}");
        assert!(changing.specialised.exits.of(ExitKind::Guard) > 0, "{tiers:?}: {changing:?}");
        assert!(changing.side_exits > 0, "{tiers:?}: {changing:?}");
        assert!(changing.blocks > steady.blocks, "{tiers:?}");
    }
}

#[test]
fn machine_code_tells_of_its_guards_too() {
    if !HAS_JIT {
        return;
    }
    let vm = vm(CHANGES);
    let completion = vm.run(Run::new(&mut ()).tiers(Tiers::EagerJit)).unwrap();
    let stats = vm.tier_stats();
    check(&stats, completion.steps);
    assert!(stats.machine_code.exits.of(ExitKind::Guard) > 0, "{stats:?}");
}

#[test]
fn a_limit_and_an_error_are_exits_of_their_own() {
    let fails = HOT.replace("lt r3, r0, r2", "sub r4, r2, r0\n mod r4, r1, r4\n lt r3, r0, r2");
    for tiers in ALL_TIERS {
        let failing = vm(&fails);
        let failure = failing.run(Run::new(&mut ()).tiers(tiers)).unwrap_err();
        assert_eq!(failure.error.kind(), RuntimeErrorKind::DivisionByZero);
        check(&failing.tier_stats(), failure.steps);

        let limited = vm(HOT);
        let limits = Limits { max_steps: Some(200_000), ..Limits::default() };
        let failure = limited.run(Run::new(&mut ()).tiers(tiers).limits(limits)).unwrap_err();
        assert_eq!(failure.error.kind(), RuntimeErrorKind::StepLimitExceeded);
        let stats = limited.tier_stats();
        check(&stats, 200_000);
        let is_left = stats.specialised.exits.of(ExitKind::OutOfFuel) > 0;
        assert_eq!(is_left, tiers != Tiers::Interpreter, "{tiers:?}: {stats:?}");
    }
}

#[test]
fn runs_add_up_and_those_that_are_observed_do_not_count() {
    let vm = vm(HOT);
    let steps = vm.run(Run::new(&mut ())).unwrap().steps;
    let first = vm.tier_stats();
    let mut profile = Profile::new(vm.module());
    vm.run(Run::new(&mut ()).observe(&mut profile)).unwrap();
    assert_eq!(vm.tier_stats(), first);
    vm.run(Run::new(&mut ())).unwrap();
    let both = vm.tier_stats();
    check(&both, 2 * steps);
    assert_eq!(both.specialised.exits.of(ExitKind::Ended), 2);
    assert_eq!((both.blocks, both.bytes), (first.blocks, first.bytes), "what is there is not made again");
}

#[test]
fn code_that_does_not_pay_is_given_up() {
    // More phis in a run than specialised code takes: it is left in the midst of each turn.
    let mut text = String::from(
        "load_const r0, 0\nload_const r1, 3000\nload_const r2, 1\nagain: add r0, r0, r2\nbefore: jump meet\nmeet: nop\n",
    );
    text.push_str("jump phis\nphis: ");
    for place in 0..600 {
        let _ = writeln!(text, "phi r{}, [r2: before, r2: meet]", 10 + place % 200);
    }
    text.push_str("lt r8, r0, r1\njump_if r8, again\nreturn r0\n");
    let vm = vm(&text);
    let completion = vm.run(Run::new(&mut ())).unwrap();
    assert_eq!(completion.result, Value::Int(3_000));
    let stats = vm.tier_stats();
    check(&stats, completion.steps);
    assert!(stats.places_given_up > 0, "{stats:?}");
    assert!(stats.specialised.exits.of(ExitKind::Deoptimise) > 0, "{stats:?}");
    assert!(stats.specialised.entries < 100, "most turns do not try it any more: {stats:?}");
}

#[test]
fn time_is_told_where_it_is_asked_for() {
    for tiers in ALL_TIERS {
        let vm = vm(HOT);
        let begin = Instant::now();
        let completion = vm.run(Run::new(&mut ()).tiers(tiers).time_tiers()).unwrap();
        let elapsed = begin.elapsed();
        let stats = vm.tier_stats();
        check(&stats, completion.steps);
        let times = stats.times.unwrap();
        let outside = [times.specialised, times.machine_code, times.specialising, times.compiling];
        assert!(times.interpreter + outside.iter().sum() <= elapsed, "{tiers:?}: {times:?} of {elapsed:?}");
        assert_eq!(times.specialised.is_zero(), tiers == Tiers::Interpreter, "{tiers:?}");
        assert_eq!(times.specialising.is_zero(), tiers == Tiers::Interpreter, "{tiers:?}");
        assert_eq!(times.machine_code.is_zero(), stats.machine_code.entries == 0, "{tiers:?}");
        assert_eq!(times.compiling.is_zero(), stats.compilations == 0, "{tiers:?}");
        assert!(!times.interpreter.is_zero(), "{tiers:?}");
    }
}

/// Calls twelve functions in turn, 4,000 times, from a frame that waits.
fn many_functions() -> String {
    let mut text = String::from(
        ".func main\nload_const r0, 0\nload_const r1, 1\nload_const r2, 4000\nload_const r3, 12\nnew_array r4, r0\n",
    );
    for function in 0..12 {
        let _ = writeln!(text, "array_len r5, r4\nload_const r6, \"f{function}\"\narray_set r4, r5, r6");
    }
    text.push_str(
        "load_const r9, 0\nagain: mod r7, r0, r3\narray_get r8, r4, r7\nmove r10, r9\ncall r8, r9, (r9, r0)\n\
         sub r10, r9, r10\nstore_global r10, \"last\"\nadd r0, r0, r1\nlt r7, r0, r2\njump_if r7, again\nreturn r9\n",
    );
    for function in 0..12 {
        let _ = writeln!(
            text,
            ".func f{function}\nload_const r2, {function}\nadd r0, r0, r2\nload_const r3, 7\nmod r1, r1, r3\n\
             add r0, r0, r1\nreturn r0"
        );
    }
    text
}

#[test]
fn a_call_that_leads_to_many_functions_stays_in_the_fastest_tier() {
    let vm = vm(&many_functions());
    vm.run(Run::new(&mut ())).map_err(|failure| panic!("{failure}")).unwrap();
    let stats = vm.tier_stats();
    let fastest = if HAS_JIT { &stats.machine_code } else { &stats.specialised };
    assert!(fastest.steps > stats.steps / 2, "{stats:?}");
    assert!(fastest.entries < 200, "{stats:?}");
}
