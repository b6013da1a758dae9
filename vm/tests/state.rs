//! A run that stops at any step and goes on, in any tier, ends as one that does not stop.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeSet;

use machine_dialect_vm::{
    Completion, Failure, Limits, Run, State, StateError, StateErrorKind, Tiers, Value, Vm, assemble, outcome,
};
use mdvm_spec::Spec;
use serde_json::Value as Json;

const TIERS: [Tiers; 4] = [Tiers::Interpreter, Tiers::Auto, Tiers::EagerSpecialised, Tiers::EagerJit];

/// Calls, phis, scopes, tags, and values that share parts, in a few dozen steps.
const SMALL: &str = r#"
    .func main
        load_const r0, 0
        load_const r1, 3
        load_const r9, "total"
        new_array r2, r0
        dict_new r3
        define r4, int
        load_const r5, "k"
    before:
        concat_str r5, r5, r1
    head:
        phi r6, [r0: before, r7: back]
        phi r17, [r1: before, r6: back]
        phi r18, [r6: before, r17: back]
        array_set r2, r6, r5
        dict_set r3, r5, r2
        scope_enter 7
        load_const r10, "twice"
        call r10, r8, (r6, r2)
        debug_print r8
        scope_exit 7
        load_const r11, 1
        add r7, r6, r11
        lt r12, r7, r1
        jump_if_not r12, end
    back:
        jump head
    end:
        store_global r3, "dict"
        store_global r2, "array"
        check_type r13, r4, int
        check_type r14, r0, int
        debug_print r13
        array_len r15, r2
        neg r16, r9
        return r15
    .func twice
        scope_enter 1
        move r3, r1
        array_set r3, r0, r0
        add r2, r0, r0
        move r200, r3
        return r2
"#;

/// What a run comes to, as JSON.
fn told(result: &Result<Completion, Box<Failure>>, stdout: &str) -> String {
    outcome::of_run(result, stdout)
}

fn limited(max_memory: Option<u64>) -> Limits {
    let default = Limits::default();
    Limits { max_memory: max_memory.or(default.max_memory), max_steps: Some(100_000), ..default }
}

fn whole(vm: &Vm, limits: &Limits) -> (String, u64) {
    let mut stdout = String::new();
    let result = vm.run(Run::new(&mut stdout).limits(limits.clone()).tiers(Tiers::Interpreter));
    let steps = result.as_ref().map_or_else(|failure| failure.steps, |completion| completion.steps);
    (told(&result, &stdout), steps)
}

/// The state at a step, as JSON, and what was printed by then; or how the run ended before.
fn stopped(vm: &Vm, limits: &Limits, tiers: Tiers, step: u64) -> Result<(String, String), String> {
    let mut stdout = String::new();
    let result = vm.run(Run::new(&mut stdout).limits(limits.clone()).tiers(tiers).stop_at(step));
    match result {
        Ok(Completion { state: Some(state), steps, .. }) => {
            assert_eq!(state.steps(), steps);
            Ok((state.to_json(), stdout))
        }
        ended => Err(told(&ended, &stdout)),
    }
}

fn resumed(vm: &Vm, limits: &Limits, tiers: Tiers, state: &str, mut stdout: String) -> String {
    let state = State::from_json(state).unwrap();
    let result = vm.resume(&state, Run::new(&mut stdout).limits(limits.clone()).tiers(tiers)).unwrap();
    told(&result, &stdout)
}

/// Stops at each of those steps in each tier, goes on in each other, and compares.
fn check_steps(assembly: &str, max_memory: Option<u64>, steps: impl IntoIterator<Item = u64>) {
    let vm = Vm::new(assemble(assembly).unwrap());
    let limits = limited(max_memory);
    let (expected, _) = whole(&vm, &limits);
    for step in steps {
        for (place, from) in TIERS.into_iter().enumerate() {
            let (state, stdout) = match stopped(&vm, &limits, from, step) {
                Ok(stopped) => stopped,
                Err(ended) => {
                    assert_eq!(ended, expected, "{from:?} was to stop at {step}");
                    continue;
                }
            };
            let to = TIERS[(place + step as usize) % TIERS.len()];
            assert_eq!(
                resumed(&vm, &limits, to, &state, stdout),
                expected,
                "{from:?} to {to:?} at {step}: {state}"
            );
        }
    }
}

fn steps_of(assembly: &str, max_memory: Option<u64>) -> u64 {
    whole(&Vm::new(assemble(assembly).unwrap()), &limited(max_memory)).1
}

#[test]
fn a_small_program_stops_at_every_step() {
    let steps = steps_of(SMALL, None);
    assert!(steps > 60, "{steps}");
    check_steps(SMALL, None, 0..=steps + 1);
}

#[test]
fn memory_is_counted_on_to_the_byte() {
    // At every limit from nothing to more than enough it ends elsewhere.
    for limit in (0..12_000).step_by(97) {
        check_steps(SMALL, Some(limit), [0, 11, 23, 37, 51]);
    }
}

/// Long enough that all tiers take part, and that a copy that is elided elsewhere would show.
const LARGE: &str = r#"
        load_const r0, 0
        load_const r1, 5000
        load_const r2, 1
        new_array r3, r1
        load_const r9, "sum"
    head:
        mod r5, r0, r1
        array_set r3, r5, r0
        move r4, r3
        array_set r3, r5, r2
        move r4, r3
        store_global r3, "list"
        load_global r6, "list"
        array_set r6, r5, r0
        store_global r6, "list"
        call r9, r7, (r0, r2)
        add r0, r0, r2
        lt r8, r0, r1
        jump_if r8, head
        array_len r8, r4
        return r8
    .func sum
        lt r3, r0, r1
        jump_if r3, out
        sub r4, r0, r1
        load_const r5, 50
        mod r6, r4, r5
        jump_if_not r6, out
        load_const r7, "sum"
        call r7, r2, (r4, r1)
        add r2, r2, r0
        return r2
    out:
        return r0
"#;

#[test]
fn a_large_program_stops_at_steps_all_over_it() {
    let steps = 100_000;
    let mut random = fastrand::Rng::with_seed(17);
    check_steps(LARGE, None, (0..25).map(|_| random.u64(..steps)));
}

/// The caller waits in specialised code, which deferred storing what it needs after the call, while the callee loops for longer than what is
/// left to the interpreter before a stop.
const WAITS: &str = r#"
        load_const r0, 0
        load_const r1, 30
        load_const r2, 1
        load_const r9, "turns"
        load_const r10, 0
    head:
        load_const r5, 3
        move r6, r0
        move r14, r0
        add r15, r14, r2
        move r16, r15
        lt r7, r0, r1
        call r9, r8, (r6, r2)
        add r10, r10, r5
        add r10, r10, r6
        add r10, r10, r14
        add r10, r10, r16
        load_const r5, 7
        add r10, r10, r5
        add r0, r0, r2
        load_const r14, 1000
        load_const r16, 1000
        jump_if r7, head
        return r10
    .func turns
        load_const r3, 900
        load_const r4, 0
    again:
        add r4, r4, r1
        lt r5, r4, r3
        jump_if r5, again
        return r4
"#;

#[test]
fn a_frame_that_waits_in_fast_code_is_saved_whole() {
    let steps = steps_of(WAITS, None);
    // The limit of the tests does not end it, so that its result is compared.
    assert!((60_000..100_000).contains(&steps), "{steps}");
    check_steps(WAITS, None, (3_000..steps).step_by(4_999));
}

/// Between a write whose copy is elided elsewhere and the end of what stands for the copy lies a long loop.
const ELIDES: &str = r#"
        load_const r0, 0
        load_const r1, 30
        load_const r2, 1
        load_const r10, 3000
        load_const r11, 700
        new_array r3, r10
    head:
        move r4, r3
        array_set r3, r0, r2
        load_const r12, 0
    again:
        add r12, r12, r2
        lt r13, r12, r11
        jump_if r13, again
        array_get r9, r3, r0
        move r4, r3
        add r0, r0, r2
        lt r8, r0, r1
        jump_if r8, head
        array_len r8, r4
        return r8
"#;

#[test]
fn what_stands_for_an_elided_copy_is_not_in_a_state() {
    let steps = steps_of(ELIDES, None);
    assert!((60_000..100_000).contains(&steps), "{steps}");
    check_steps(ELIDES, None, (2_500..steps).step_by(3_271));
}

#[test]
fn the_interpreter_says_the_same_twice() {
    let vm = Vm::new(assemble(SMALL).unwrap());
    let limits = limited(None);
    for step in 0..60 {
        let (state, _) = stopped(&vm, &limits, Tiers::Interpreter, step).unwrap();
        let read = State::from_json(&state).unwrap();
        let mut stdout = String::new();
        let again =
            vm.resume(&read, Run::new(&mut stdout).limits(limits.clone()).stop_at(0)).unwrap().unwrap();
        assert_eq!(again.state.unwrap().to_json(), state);
    }
}

#[test]
fn a_state_has_the_fields_that_are_declared() {
    let spec = Spec::embedded().unwrap().state;
    let (state, _) = stopped(&Vm::new(assemble(SMALL).unwrap()), &limited(None), Tiers::Auto, 50).unwrap();
    let state: Json = serde_json::from_str(&state).unwrap();
    let names = |json: &Json| json.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let declared = |fields: &[mdvm_spec::model::state::StateField]| {
        fields.iter().map(|field| field.name.clone()).collect::<BTreeSet<_>>()
    };
    assert_eq!(names(&state), declared(&spec.fields));
    assert_eq!(names(&state["frames"][0]), declared(&spec.frame));
    assert_eq!(state["mdst"], spec.version);
}

#[test]
fn values_of_all_types_go_through_a_state() {
    let vm = Vm::new(assemble("load_global r0, \"all\"\ndebug_print r0\nreturn r0").unwrap());
    let shared = Value::array([Value::Float(-0.0), Value::Float(f64::NAN), Value::Int(i64::MIN)]);
    let all = Value::dict([
        ("shared", shared.clone()),
        ("again", shared),
        ("url", Value::url("https://example.org")),
        ("function", Value::function("f")),
        ("text", Value::string("\u{202e}\"\\\n")),
        ("list", Value::array([Value::Empty, Value::Bool(true), Value::string("x")])),
    ]);
    let limits = limited(None);
    let run = |stop: u64, out: &mut String| {
        vm.run(Run::new(out).limits(limits.clone()).global("all", all.clone()).stop_at(stop))
    };
    let mut printed = String::new();
    let expected = told(&run(u64::MAX, &mut printed), &printed);
    for step in 0..3 {
        let mut printed = String::new();
        let state = run(step, &mut printed).unwrap().state.unwrap().to_json();
        assert_eq!(resumed(&vm, &limits, Tiers::Auto, &state, printed), expected);
    }
}

#[test]
fn a_deep_value_goes_through_a_state() {
    let nest = "load_const r1, 300000\nload_const r2, 1\nload_const r3, 0\nagain:\nnew_array r4, r3\narray_set r4, r3, r0\nmove r0, r4\nsub r1, r1, r2\njump_if r1, again\nreturn r1";
    let vm = Vm::new(assemble(nest).unwrap());
    let limits = Limits { max_steps: None, ..limited(None) };
    let (expected, steps) = whole(&vm, &limits);
    let (state, stdout) = stopped(&vm, &limits, Tiers::Auto, steps - 2).unwrap();
    assert_eq!(resumed(&vm, &limits, Tiers::Auto, &state, stdout), expected);
}

/// A step in the function that [`SMALL`] calls.
const CALLED: u64 = 16;

/// What is said of a state with that change.
fn refused(change: impl FnOnce(&mut Json)) -> StateError {
    let vm = Vm::new(assemble(SMALL).unwrap());
    let (state, _) = stopped(&vm, &limited(None), Tiers::Interpreter, CALLED).unwrap();
    let mut state: Json = serde_json::from_str(&state).unwrap();
    change(&mut state);
    match State::from_json(&state.to_string()) {
        Ok(state) => vm.resume(&state, Run::new(&mut ())).expect_err("the state is wrong"),
        Err(error) => error,
    }
}

/// How a state is refused, what was changed in it, and what is said.
type Lie = (StateErrorKind, fn(&mut Json), &'static str);

#[test]
fn a_state_that_lies_is_refused_by_name() {
    use StateErrorKind as Kind;
    let cases: [Lie; 20] = [
        (Kind::InvalidState, |state| state["steps"] = Json::from(-1), "expected u64"),
        (
            Kind::InvalidState,
            |state| _ = state.as_object_mut().unwrap().remove("previous"),
            "missing field `previous`",
        ),
        (Kind::InvalidState, |state| state["more"] = Json::Null, "unknown field `more`"),
        (Kind::UnsupportedStateVersion, |state| state["mdst"] = Json::from(2), "unsupported state version 2"),
        (Kind::WrongModule, |state| state["module"] = Json::from("00"), "of another module: of 00"),
        (
            Kind::InvalidObject,
            |state| state["objects"][0] = serde_json::json!({"array": [{"object": 0}]}),
            "it refers to object 0, and there are 0 before it",
        ),
        (
            Kind::InvalidObject,
            |state| state["objects"][0] = serde_json::json!({"array": [{"constant": 0}]}),
            "constant 0 is no string",
        ),
        (
            Kind::InvalidObject,
            |state| state["objects"][0] = serde_json::json!({"dict": [[1, 2]]}),
            "the key of entry 0 is no string",
        ),
        (
            Kind::InvalidObject,
            |state| {
                state["objects"][0] =
                    serde_json::json!({"dict": [[{"constant": 2}, 2], [{"constant": 2}, 3]]})
            },
            "the key of entry 1 comes twice",
        ),
        (
            Kind::InvalidObject,
            |state| state["objects"].as_array_mut().unwrap().push(serde_json::json!({"string": "a"})),
            "nothing refers to it",
        ),
        (
            Kind::InvalidGlobal,
            |state| state["globals"] = serde_json::json!([["b", 1], ["a", 1]]),
            "global \"a\"",
        ),
        (Kind::InvalidFrame, |state| state["frames"] = serde_json::json!([]), "at least one frame"),
        (Kind::InvalidFrame, |state| state["frames"][0]["function"] = Json::from("main"), "called by nobody"),
        (
            Kind::InvalidFrame,
            |state| state["frames"][1]["function"] = Json::from("thrice"),
            "frame 1 of the state: the module has no function \"thrice\"",
        ),
        (
            Kind::InvalidFrame,
            |state| state["frames"][0]["pc"] = Json::from(0),
            "waits at instruction 0, which is no call",
        ),
        (Kind::InvalidFrame, |state| state["frames"][1]["pc"] = Json::from(1000), "outside 0..="),
        (
            Kind::InvalidRegister,
            |state| state["frames"][0]["registers"] = serde_json::json!([[256, 1]]),
            "register 256 in frame 0",
        ),
        (
            Kind::InvalidRegister,
            |state| state["frames"][0]["registers"] = serde_json::json!([[3, 1], [3, 1]]),
            "after the one before",
        ),
        (Kind::InvalidPrevious, |state| state["previous"] = Json::from(0), "the next instruction is no phi"),
        (Kind::WrongMemory, |state| state["memory"] = Json::from(7), "7 bytes of memory"),
    ];
    for (kind, change, message) in cases {
        let error = refused(change);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
}
