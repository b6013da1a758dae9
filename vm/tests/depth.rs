//! Values that nest deeper than any stack, and that stand for more than any memory holds.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::time::{Duration, Instant};

use machine_dialect_vm::{Limits, Run, RuntimeErrorKind, TypeId, Value, Vm, assemble};

/// Assembly that leaves in r0 an array nested `depth` deep around `core`, a literal, and uses r240 and up.
fn nested(depth: usize, core: &str, label: &str) -> String {
    format!(
        "
        load_const r0, {core}
        load_const r240, {depth}
        load_const r241, 1
        load_const r242, 0
    {label}:
        new_array r243, r242
        array_set r243, r242, r0
        move r0, r243
        load_const r243, empty
        sub r240, r240, r241
        jump_if r240, {label}
        "
    )
}

fn vm(text: &str) -> Vm {
    Vm::new(assemble(text).unwrap_or_else(|error| panic!("{error}")))
}

#[test]
fn a_million_levels_are_built_compared_printed_cast_copied_and_dropped() {
    let program = format!(
        "{}
        move r1, r0
        {}
        eq r2, r0, r1
        debug_print r2
        cast r3, r0, string
        str_len r3, r3
        debug_print r3
        debug_print r1
        store_global r1, \"kept\"
        load_const r0, empty
        load_const r1, empty
        load_global r4, \"kept\"
        return r4",
        nested(1_000_000, "7", "first"),
        nested(1_000_000, "7", "second"),
    );
    let mut printed = String::new();
    let completion = vm(&program).run(Run::new(&mut printed)).unwrap();
    let mut lines = printed.lines();
    assert_eq!(lines.next(), Some("true"));
    assert_eq!(lines.next(), Some("2000001"));
    let third = lines.next().unwrap();
    assert_eq!(third.len(), 2_000_001);
    assert!(third.starts_with("[[[") && third.contains("[7]") && third.ends_with("]]]"));
    let copy = completion.result.clone();
    assert!(copy == completion.result);
    assert_eq!(copy.type_id(), TypeId::Array);
    assert!(format!("{copy:?}").starts_with("[[["));
    assert_eq!(copy.to_json().len(), 2_000_001);
    drop(completion);
    drop(copy);
}

#[test]
fn a_million_levels_with_a_nan_inside_differ_from_themselves() {
    let program = format!("{}\neq r1, r0, r0\nreturn r1", nested(1_000_000, "nan", "again"));
    let completion = vm(&program).run(Run::new(&mut ())).unwrap();
    assert_eq!(completion.result, Value::Bool(false));
}

#[test]
fn a_million_levels_of_dicts_are_dropped() {
    let program = "
        load_const r0, 7
        load_const r1, 1000000
        load_const r2, 1
        load_const r3, \"in\"
    again:
        dict_new r4
        dict_set r4, r3, r0
        move r0, r4
        load_const r4, empty
        sub r1, r1, r2
        jump_if r1, again
        eq r1, r0, r0
        load_const r0, 0
        return r1";
    let completion = vm(program).run(Run::new(&mut ())).unwrap();
    assert_eq!(completion.result, Value::Bool(true));
}

/// Leaves in `register` 64 levels of `[x, x]` around `core`.
fn doubled(register: &str, core: &str, label: &str) -> String {
    format!(
        "
        load_const {register}, {core}
        load_const r240, 64
        load_const r241, 1
        load_const r242, 2
        load_const r244, 0
    {label}:
        new_array r243, r242
        array_set r243, r244, {register}
        array_set r243, r241, {register}
        move {register}, r243
        load_const r243, empty
        sub r240, r240, r241
        jump_if r240, {label}
        "
    )
}

#[test]
fn sixty_four_doublings_are_compared_in_a_moment() {
    let program = format!(
        "{}{}{}{}
        eq r4, r0, r1
        debug_print r4
        eq r4, r0, r0
        debug_print r4
        eq r4, r0, r2
        debug_print r4
        eq r4, r3, r3
        debug_print r4",
        doubled("r0", "7", "a"),
        doubled("r1", "7", "b"),
        doubled("r2", "8", "c"),
        doubled("r3", "nan", "d"),
    );
    let begin = Instant::now();
    let mut printed = String::new();
    vm(&program).run(Run::new(&mut printed)).unwrap();
    assert_eq!(printed, "true\ntrue\nfalse\nfalse\n");
    // Without remembering pairs it would take centuries; this is no measurement.
    assert!(begin.elapsed() < Duration::from_secs(60));
}

#[test]
fn sixty_four_doublings_are_printed_and_cast_only_up_to_the_memory_limit() {
    for instruction in ["debug_print r0", "cast r1, r0, string", "concat_str r1, r0, r0"] {
        let program = format!("{}{instruction}", doubled("r0", "7", "a"));
        let limits = Limits { max_memory: Some(16 << 20), ..Limits::default() };
        let failure = vm(&program).run(Run::new(&mut ()).limits(limits)).unwrap_err();
        assert_eq!(failure.error.kind(), RuntimeErrorKind::OutOfMemory, "{instruction}");
    }
}

#[test]
fn sixty_four_doublings_as_a_result_are_elided_from_the_outcome() {
    let program = format!("{}return r0", doubled("r0", "7", "a"));
    let completion = vm(&program).run(Run::new(&mut ())).unwrap();
    assert_eq!(completion.result.to_json(), r#"{"elided": "array"}"#);
}

#[test]
fn sizes_that_nobody_can_hold_are_out_of_memory() {
    let doubled_string = format!("load_const r0, \"x\"\n{}", "concat_str r0, r0, r0\n".repeat(62));
    let huge_array = |size: i64| format!("load_const r0, {size}\nnew_array r1, r0");
    let endless_list = "
        load_const r0, 0
        new_array r1, r0
    again:
        array_len r2, r1
        array_set r1, r2, r1
        jump again";
    let cases = [
        doubled_string,
        huge_array(1 << 62),
        huge_array(i64::MAX),
        huge_array(1 << 58),
        endless_list.to_owned(),
    ];
    for program in cases {
        let limits = Limits { max_memory: Some(64 << 20), ..Limits::default() };
        let failure = vm(&program).run(Run::new(&mut ()).limits(limits)).unwrap_err();
        assert_eq!(failure.error.kind(), RuntimeErrorKind::OutOfMemory, "{program}");
        // Without a limit of the run, there is still the host's.
        if program.contains(&i64::MAX.to_string()) {
            let failure = vm(&program).run(Run::new(&mut ()).limits(Limits::none())).unwrap_err();
            assert_eq!(failure.error.kind(), RuntimeErrorKind::OutOfMemory, "{program}");
        }
    }
}

#[test]
fn equality_that_rounds_is_not_taken_for_transitive() {
    // 2⁵³+1 and 2⁵³ both equal the float 2⁵³, and differ from one another.
    let a = Value::array([Value::Int((1 << 53) + 1)]);
    let b = Value::array([Value::Float(9_007_199_254_740_992.0)]);
    let c = Value::array([Value::Int(1 << 53)]);
    assert!(a == b && b == c && a != c);
    let left = Value::array([a.clone(), b.clone(), a]);
    let right = Value::array([b, c.clone(), c]);
    assert!(left != right);
}
