//! Instructions of specialised code, one by one: what each writes, where it goes on, and that it has done nothing where it leaves.

use super::{ExitPayload, ExitReason};
use crate::assemble;
use crate::exec::analysis::FlowGraph;
use crate::exec::interpreter::{Op, Program};
use crate::exec::specialise::code::{Code, Exit};
use crate::exec::specialise::context::TypeContext;
use crate::exec::specialise::op::{CodeAddr, Slot, SpecOp, Test, Triple};
use crate::exec::specialise::types::Type;
use crate::isa::{REGISTERS, Reg};
use crate::memory::Memory;
use crate::runtime::{Environment, Frame, Fuel, GlobalSlot, Globals, Machine, Output, RESERVE, Scopes};
use crate::value::Value;
use crate::watch::Watch;

const R: fn(u8) -> Slot = Slot::of;
const INT: fn(i64) -> Value = Value::Int;
const FLOAT: fn(f64) -> Value = Value::Float;

/// What came of some instructions.
struct Outcome {
    registers: Vec<Value>,
    global: Option<Value>,
    /// Why the loop was left; `guard`, `fuel`, `deoptimise` and so on.
    reason: String,
    /// The instruction that it was left at.
    at: usize,
    /// The steps that were charged.
    steps: u64,
}

impl Outcome {
    /// The registers from the first on, where the code ran to its end.
    #[track_caller]
    fn gives(&self, values: &[Value]) {
        assert_eq!(self.reason, "deoptimise", "at {}", self.at);
        assert_eq!(self.registers[..values.len()], *values);
    }

    /// Whether it was left for that reason at that instruction, with the registers as they were given.
    #[track_caller]
    fn leaves(&self, reason: &str, at: usize, values: &[Value]) {
        assert_eq!((self.reason.as_str(), self.at), (reason, at));
        assert_eq!(self.registers[..values.len()], *values);
    }
}

/// Executes instructions with values in the first registers and so many steps at hand; behind them the loop is left.
fn execute<const ONCE: bool>(ops: &[SpecOp], values: &[Value], slice: u64) -> Outcome {
    let source = "load_const r0, 40\n load_const r1, \"text\"\n store_global r0, \"g\"\n return r0";
    let program = Program::new(assemble(source).unwrap());
    let mut code = Code::new(FlowGraph::new(&program));
    code.ops = ops.iter().copied().chain([SpecOp::Deoptimise]).collect();
    code.exit_of = vec![0; code.ops.len()];
    let context = std::rc::Rc::new(TypeContext::new([Type::Any; REGISTERS]));
    code.exits.push(Exit { pc: 0, context, taken: 0, other: None });
    let mut stack = vec![Value::Empty; 2 * REGISTERS];
    stack[..values.len()].clone_from_slice(values);
    let mut sink = ();
    let mut machine = Machine {
        stack,
        frame: Frame { base: 0, size: 16 },
        callers: Vec::new(),
        env: Environment {
            memory: Memory::begin(Some(1 << 20), 0, Watch::new(None, None)),
            globals: Globals::new(&program.global_names, Vec::new()),
            output: Output::new(&mut sink, None),
            scopes: Scopes::default(),
            functions: &program.functions,
            constants: &program.constants,
            code: program.code(),
        },
        fuel: Fuel::new(Some(1 << 20), 1 << 20, None, None),
        pc: 0,
        previous: None,
        max_call_depth: 10,
        observations: None,
        trace: None,
        observer: None,
    };
    machine.fuel.left = RESERVE + (1 << 10);
    let (before, mut at) = (machine.fuel.left, CodeAddr::of(0));
    let mut payload = ExitPayload::default();
    let reason = machine.execute_specialised::<ONCE>(&program, &code, &mut at, &mut payload, slice);
    let reason = match reason {
        ExitReason::Stub(number) => format!("stub {number}"),
        ExitReason::Guard => "guard".to_owned(),
        ExitReason::OutOfFuel => "fuel".to_owned(),
        ExitReason::Deoptimise => "deoptimise".to_owned(),
        ExitReason::Returned(pc) => format!("returned to {pc}"),
        ExitReason::Ended => format!("ended with {:?}", payload.result),
        ExitReason::Stepped => "stepped".to_owned(),
    };
    Outcome {
        registers: machine.stack[..REGISTERS].to_vec(),
        global: machine.env.globals.get(GlobalSlot(0)).cloned(),
        reason,
        at: at.index(),
        steps: before - machine.fuel.left,
    }
}

fn run(ops: &[SpecOp], values: &[Value]) -> Outcome {
    execute::<false>(ops, values, 100)
}

fn list(items: &[i64]) -> Value {
    Value::array(items.iter().map(|item| Value::Int(*item)).collect::<Vec<_>>())
}

#[test]
fn ints_are_computed() {
    let (dst, left, right) = (R(2), R(0), R(1));
    for (op, result) in [
        (SpecOp::AddInt { dst, left, right }, -4),
        (SpecOp::SubInt { dst, left, right }, -10),
        (SpecOp::MulInt { dst, left, right }, -21),
        (SpecOp::DivInt { dst, left, right }, -2),
        (SpecOp::ModInt { dst, left, right }, -1),
        (SpecOp::AddIntConst { dst, left, right: 5 }, -2),
        (SpecOp::SubConstInt { dst, left: 5, right }, 2),
        (SpecOp::MulIntConst { dst, left, right: 5 }, -35),
        (SpecOp::DivIntConst { dst, left, right: 5 }, -1),
        (SpecOp::ModIntConst { dst, left, right: 5 }, -2),
        (SpecOp::NegInt { dst, src: left }, 7),
    ] {
        run(&[op], &[INT(-7), INT(3)]).gives(&[INT(-7), INT(3), INT(result)]);
    }
}

#[test]
fn an_int_that_does_not_fit_leaves_before_it_is_written() {
    let (dst, left, right) = (R(0), R(0), R(1));
    for (op, values) in [
        (SpecOp::AddInt { dst, left, right }, [INT(i64::MAX), INT(1)]),
        (SpecOp::SubInt { dst, left, right }, [INT(i64::MIN), INT(1)]),
        (SpecOp::MulInt { dst, left, right }, [INT(i64::MAX), INT(2)]),
        (SpecOp::DivInt { dst, left, right }, [INT(i64::MIN), INT(-1)]),
        (SpecOp::ModInt { dst, left, right }, [INT(i64::MIN), INT(-1)]),
        (SpecOp::DivInt { dst, left, right }, [INT(1), INT(0)]),
        (SpecOp::ModInt { dst, left, right }, [INT(1), INT(0)]),
        (SpecOp::NegInt { dst, src: left }, [INT(i64::MIN), INT(0)]),
        (SpecOp::SubConstInt { dst, left: i64::MIN, right }, [INT(0), INT(1)]),
    ] {
        run(&[op], &values).leaves("guard", 0, &values);
    }
}

#[test]
fn division_by_a_power_of_two_rounds_toward_zero() {
    for (left, quotient, rest) in [(7, 1, 3), (-7, -1, -3), (-8, -2, 0), (i64::MIN, i64::MIN / 4, 0)] {
        let ops = [
            SpecOp::DivIntShift { dst: R(1), left: R(0), shift: 2 },
            SpecOp::ModIntMask { dst: R(2), left: R(0), mask: 3 },
        ];
        run(&ops, &[INT(left)]).gives(&[INT(left), INT(quotient), INT(rest)]);
    }
}

#[test]
fn floats_are_computed() {
    let (dst, left, right) = (R(2), R(0), R(1));
    for (op, result) in [
        (SpecOp::AddFloat { dst, left, right }, 2.0),
        (SpecOp::SubFloat { dst, left, right }, 1.0),
        (SpecOp::MulFloat { dst, left, right }, 0.75),
        (SpecOp::DivFloat { dst, left, right }, 3.0),
        (SpecOp::AddFloatConst { dst, left, right: 2.0 }, 3.5),
        (SpecOp::SubConstFloat { dst, left: 2.0, right }, 1.5),
        (SpecOp::MulFloatConst { dst, left, right: 2.0 }, 3.0),
        (SpecOp::DivFloatConst { dst, left, right: 2.0 }, 0.75),
        (SpecOp::DivConstFloat { dst, left: 2.0, right }, 4.0),
        (SpecOp::NegFloat { dst, src: left }, -1.5),
    ] {
        run(&[op], &[FLOAT(1.5), FLOAT(0.5)]).gives(&[FLOAT(1.5), FLOAT(0.5), FLOAT(result)]);
    }
}

#[test]
fn division_by_either_zero_leaves() {
    for zero in [0.0, -0.0] {
        let values = [FLOAT(1.0), FLOAT(zero)];
        let (dst, left, right) = (R(0), R(0), R(1));
        run(&[SpecOp::DivFloat { dst, left, right }], &values).leaves("guard", 0, &values);
        run(&[SpecOp::DivConstFloat { dst, left: 1.0, right }], &values).leaves("guard", 0, &values);
        run(&[SpecOp::DivMixed { dst, left, right }], &values).leaves("guard", 0, &values);
    }
}

#[test]
fn an_int_becomes_a_float_beside_one() {
    let (dst, left, right) = (R(2), R(0), R(1));
    for (op, result) in [
        (SpecOp::AddMixed { dst, left, right }, 7.5),
        (SpecOp::SubMixed { dst, left, right }, -6.5),
        (SpecOp::MulMixed { dst, left, right }, 3.5),
        (SpecOp::DivMixed { dst, left, right }, 0.5 / 7.0),
    ] {
        run(&[op], &[FLOAT(0.5), INT(7)]).gives(&[FLOAT(0.5), INT(7), FLOAT(result)]);
    }
}

#[test]
fn guards_pass_their_type_alone() {
    let values = [Value::Empty, Value::Bool(true), INT(1), FLOAT(1.0), Value::string("a"), list(&[])];
    for (op, passing) in [
        (SpecOp::GuardInt { slot: R(0) }, &[2][..]),
        (SpecOp::GuardFloat { slot: R(0) }, &[3]),
        (SpecOp::GuardBool { slot: R(0) }, &[1]),
        (SpecOp::Guard { slot: R(0), ty: Type::Scalar }, &[0, 1, 2, 3]),
        (SpecOp::Guard { slot: R(0), ty: Type::Free }, &[0, 1, 2, 3]),
        (SpecOp::Guard { slot: R(0), ty: Type::Any }, &[0, 1, 2, 3, 4, 5]),
    ] {
        for (number, value) in values.iter().enumerate() {
            let outcome = run(&[op], std::slice::from_ref(value));
            let expected = if passing.contains(&number) { "deoptimise" } else { "guard" };
            assert_eq!(outcome.reason, expected, "{op} of {value:?}");
        }
    }
}

/// Whether a branch is taken: behind it `r2` becomes 1.
fn is_taken(op: impl Fn(CodeAddr) -> SpecOp, values: &[Value]) -> bool {
    let outcome = run(&[op(CodeAddr::of(2)), SpecOp::LoadInt { dst: R(2), value: 1 }], values);
    assert_eq!(outcome.reason, "deoptimise");
    outcome.registers[2] == Value::Empty
}

#[test]
fn branches_on_ints_compare() {
    let (left, right) = (R(0), R(1));
    for (one, other) in [(1, 2), (2, 2), (3, 2), (i64::MIN, 2)] {
        let values = [INT(one), INT(other)];
        let taken = [
            is_taken(|to| SpecOp::IfEqInt { left, right, to }, &values),
            is_taken(|to| SpecOp::IfNeInt { left, right, to }, &values),
            is_taken(|to| SpecOp::IfLtInt { left, right, to }, &values),
            is_taken(|to| SpecOp::IfLeInt { left, right, to }, &values),
            is_taken(|to| SpecOp::IfEqIntConst { left, to, right: other }, &values),
            is_taken(|to| SpecOp::IfNeIntConst { left, to, right: other }, &values),
            is_taken(|to| SpecOp::IfLtIntConst { left, to, right: other }, &values),
            is_taken(|to| SpecOp::IfGeIntConst { left, to, right: other }, &values),
        ];
        let (eq, lt) = (one == other, one < other);
        assert_eq!(taken, [eq, !eq, lt, one <= other, eq, !eq, lt, !lt], "{one} and {other}");
    }
}

#[test]
fn what_has_no_order_takes_the_negated_branches_alone() {
    let values = [FLOAT(f64::NAN), FLOAT(1.0)];
    let (left, right) = (R(0), R(1));
    assert!(!is_taken(|to| SpecOp::IfLtFloat { left, right, to }, &values));
    assert!(!is_taken(|to| SpecOp::IfLeFloat { left, right, to }, &values));
    assert!(!is_taken(|to| SpecOp::IfEqFloat { left, right, to }, &values));
    assert!(is_taken(|to| SpecOp::IfNeFloat { left, right, to }, &values));
    assert!(is_taken(|to| SpecOp::IfNotLtFloat { left, right, to }, &values));
    assert!(is_taken(|to| SpecOp::IfNotLeFloat { left, right, to }, &values));
    assert!(is_taken(|to| SpecOp::IfNotGtFloatConst { left, to, right: 1.0 }, &values));
    assert!(is_taken(|to| SpecOp::IfNotGeFloatConst { left, to, right: 1.0 }, &values));
}

#[test]
fn comparisons_give_bools() {
    let (dst, left, right) = (R(2), R(0), R(1));
    for (op, result) in [
        (SpecOp::TestEqInt { dst, left, right }, false),
        (SpecOp::TestNeInt { dst, left, right }, true),
        (SpecOp::TestLtInt { dst, left, right }, true),
        (SpecOp::TestLeInt { dst, left, right }, true),
        (SpecOp::TestGeIntConst { dst, left, right: 2 }, false),
        (SpecOp::TestLtIntConst { dst, left, right: 2 }, true),
    ] {
        run(&[op], &[INT(1), INT(2)]).gives(&[INT(1), INT(2), Value::Bool(result)]);
    }
    let op = SpecOp::TestFloat { test: Test::Ge, dst, left, right };
    run(&[op], &[FLOAT(2.0), FLOAT(2.0)]).gives(&[FLOAT(2.0), FLOAT(2.0), Value::Bool(true)]);
}

#[test]
fn logic_goes_by_what_counts_as_true() {
    let (dst, left, right) = (R(2), R(0), R(1));
    for (one, other) in [(false, false), (false, true), (true, false), (true, true)] {
        let text = |is: bool| Value::string(if is { "x" } else { "" });
        let values = [text(one), INT(i64::from(other))];
        let result = |op| run(&[op], &values).registers[2].clone();
        assert_eq!(result(SpecOp::And { dst, left, right }), Value::Bool(one && other));
        assert_eq!(result(SpecOp::Or { dst, left, right }), Value::Bool(one || other));
        assert_eq!(result(SpecOp::Not { dst, src: left }), Value::Bool(!one));
        assert_eq!(is_taken(|to| SpecOp::IfBoth { left, right, to }, &values), one && other);
        assert_eq!(is_taken(|to| SpecOp::IfNotBoth { left, right, to }, &values), !(one && other));
        assert_eq!(is_taken(|to| SpecOp::IfEither { left, right, to }, &values), one || other);
        assert_eq!(is_taken(|to| SpecOp::IfNeither { left, right, to }, &values), !(one || other));
        assert_eq!(is_taken(|to| SpecOp::IfTrue { slot: left, to }, &values), one);
        assert_eq!(is_taken(|to| SpecOp::IfFalse { slot: left, to }, &values), !one);
    }
}

#[test]
fn a_jump_to_a_stub_leaves_with_its_number() {
    let outcome = run(&[SpecOp::Goto { to: CodeAddr::stub(7) }], &[]);
    assert_eq!(outcome.reason, "stub 7");
}

#[test]
fn a_jump_charges_what_it_says() {
    let outcome = run(&[SpecOp::Jump { to: CodeAddr::of(1), steps: 12 }], &[]);
    assert_eq!((outcome.reason.as_str(), outcome.steps), ("deoptimise", 12));
}

#[test]
fn what_cannot_be_charged_is_not_done() {
    let (left, right, to) = (R(0), R(1), CodeAddr::of(1));
    for op in [
        SpecOp::ChargeFuel { steps: 101 },
        SpecOp::Jump { to, steps: 101 },
        SpecOp::LoopLtInt { left, right, to, steps: 101 },
        SpecOp::CountLtInt { counter: left, right, step: 1, steps: 101, to },
        SpecOp::Return { src: left, clear: 0, steps: 101 },
        SpecOp::ReturnConst { constant: None, clear: 0, steps: 101 },
    ] {
        let outcome = run(&[op], &[INT(1), INT(9)]);
        outcome.leaves("fuel", 0, &[INT(1), INT(9)]);
        assert_eq!(outcome.steps, 0, "{op}");
    }
}

#[test]
fn a_back_edge_that_is_not_taken_charges_nothing() {
    let (left, right, to) = (R(0), R(1), CodeAddr::of(0));
    for op in [
        SpecOp::LoopEqInt { left, right, to, steps: 5 },
        SpecOp::LoopLtInt { left, right, to, steps: 5 },
        SpecOp::LoopLeInt { left, right, to, steps: 5 },
        SpecOp::LoopLtIntConst { left, steps: 5, to, right: 2 },
        SpecOp::LoopNeIntConst { left, steps: 5, to, right: 3 },
    ] {
        let outcome = run(&[op], &[INT(3), INT(2)]);
        assert_eq!((outcome.reason.as_str(), outcome.steps), ("deoptimise", 0), "{op}");
    }
}

#[test]
fn a_counted_loop_counts_to_its_bound() {
    let (counter, right, to) = (R(0), R(1), CodeAddr::of(0));
    for (op, end, turns) in [
        (SpecOp::CountLtInt { counter, right, step: 2, steps: 4, to }, 10, 4),
        (SpecOp::CountLeInt { counter, right, step: 2, steps: 4, to }, 12, 5),
        (SpecOp::CountLtIntConst { counter, step: 2, steps: 4, to, right: 10 }, 10, 4),
        (SpecOp::CountGeIntConst { counter, step: -2, steps: 4, to, right: -3 }, -4, 1),
        (SpecOp::StepLtInt { counter, step: R(2), right, steps: 4, to }, 10, 4),
        (SpecOp::StepLeInt { counter, step: R(2), right, steps: 4, to }, 12, 5),
    ] {
        let outcome = run(&[op], &[INT(0), INT(10), INT(2)]);
        assert_eq!((&outcome.registers[0], outcome.steps), (&INT(end), 4 * turns), "{op}");
    }
}

#[test]
fn a_counter_that_does_not_fit_leaves_as_it_was() {
    let values = [INT(i64::MAX), INT(0)];
    let op = SpecOp::CountLtInt { counter: R(0), right: R(1), step: 1, steps: 1, to: CodeAddr::of(0) };
    let outcome = run(&[op], &values);
    outcome.leaves("guard", 0, &values);
    assert_eq!(outcome.steps, 0);
}

#[test]
fn values_move_and_are_exchanged() {
    let text = Value::string("a text that is counted");
    run(&[SpecOp::Move { dst: R(1), src: R(0) }], &[text.clone(), list(&[1])])
        .gives(&[text.clone(), text.clone()]);
    run(&[SpecOp::Move { dst: R(0), src: R(0) }], std::slice::from_ref(&text))
        .gives(std::slice::from_ref(&text));
    run(&[SpecOp::Swap { a: R(0), b: R(1) }], &[text.clone(), INT(1)]).gives(&[INT(1), text.clone()]);
    run(&[SpecOp::Swap { a: R(0), b: R(0) }], std::slice::from_ref(&text)).gives(std::slice::from_ref(&text));
    let scalars = [Value::Empty, Value::Bool(true), INT(1), FLOAT(0.5)];
    for scalar in scalars {
        run(&[SpecOp::MoveScalar { dst: R(1), src: R(0) }], &[scalar.clone(), INT(3)])
            .gives(&[scalar.clone(), scalar]);
    }
}

#[test]
fn constants_are_loaded_over_anything() {
    let op = |constant| SpecOp::LoadConst { dst: R(0), constant };
    run(&[op(0)], &[list(&[1])]).gives(&[INT(40)]);
    run(&[op(1)], &[Value::string("before")]).gives(&[Value::string("text")]);
    run(&[SpecOp::PutBool { dst: R(0), value: true }], &[list(&[1])]).gives(&[Value::Bool(true)]);
}

#[test]
fn a_global_is_empty_until_it_is_set() {
    let name = GlobalSlot(0);
    run(&[SpecOp::LoadGlobal { dst: R(0), name }], &[list(&[1])]).gives(&[Value::Empty]);
    let store = SpecOp::StoreGlobal { src: R(0), name };
    assert_eq!(run(&[store], &[list(&[1])]).global, Some(list(&[1])));
    let ops = [store, SpecOp::LoadGlobal { dst: R(1), name }];
    run(&ops, &[INT(5), INT(6)]).gives(&[INT(5), INT(5)]);
}

#[test]
fn strings_are_compared_joined_and_measured() {
    let values = [Value::string("a"), Value::string("é")];
    let (left, right) = (R(0), R(1));
    assert!(!is_taken(|to| SpecOp::IfEqString { left, right, to }, &values));
    assert!(is_taken(|to| SpecOp::IfNeString { left, right, to }, &values));
    assert!(is_taken(|to| SpecOp::IfEqStringConst { left, right: 1, to }, &[Value::string("text"), INT(0)]));
    run(&[SpecOp::Join { dst: R(0), left, right }], &values).gives(&[Value::string("aé")]);
    run(&[SpecOp::StrLen { dst: R(2), string: right }], &values).gives(&[
        values[0].clone(),
        values[1].clone(),
        INT(2),
    ]);
    run(&[SpecOp::IntText { dst: R(0), src: R(1) }], &[list(&[]), INT(-12)]).gives(&[Value::string("-12")]);
}

#[test]
fn what_is_no_string_leaves() {
    let values = [INT(1), Value::string("a")];
    let (left, right, to) = (R(0), R(1), CodeAddr::of(1));
    for op in [
        SpecOp::IfEqString { left, right, to },
        SpecOp::IfNeString { left, right, to },
        SpecOp::IfEqStringConst { left, right: 1, to },
        SpecOp::Join { dst: left, left, right },
        SpecOp::StrLen { dst: left, string: left },
    ] {
        run(&[op], &values).leaves("guard", 0, &values);
    }
}

#[test]
fn elements_are_read_where_there_are_some() {
    let (dst, array) = (R(2), R(0));
    for (index, element) in [(0, Some(5)), (1, Some(6)), (2, None), (-1, None), (i64::MIN, None)] {
        let values = [list(&[5, 6]), INT(index), Value::Bool(true)];
        for op in
            [SpecOp::ArrayGet { dst, array, index: R(1) }, SpecOp::ArrayGetInt { dst, array, index: R(1) }]
        {
            let outcome = run(&[op], &values);
            match element {
                Some(element) => outcome.gives(&[values[0].clone(), INT(index), INT(element)]),
                None => outcome.leaves("guard", 0, &values),
            }
        }
    }
}

#[test]
fn an_element_of_another_type_leaves() {
    let values = [Value::array([FLOAT(0.5), INT(1), Value::Bool(true)]), INT(0), INT(1), INT(2)];
    let (dst, array) = (R(4), R(0));
    let is_left = |op| run(&[op], &values).reason == "guard";
    assert!(is_left(SpecOp::ArrayGetInt { dst, array, index: R(1) }));
    assert!(is_left(SpecOp::ArrayGetFloat { dst, array, index: R(2) }));
    assert!(is_left(SpecOp::ArrayGetBool { dst, array, index: R(2) }));
    assert!(is_left(SpecOp::ArrayGetConstInt { dst, array, index: 0 }));
    assert!(is_left(SpecOp::ArrayGetConstFloat { dst, array, index: 1 }));
    assert!(!is_left(SpecOp::ArrayGetFloat { dst, array, index: R(1) }));
    assert!(!is_left(SpecOp::ArrayGetBool { dst, array, index: R(3) }));
}

#[test]
fn an_element_is_copied_over_its_own_array() {
    let inner = list(&[1, 2]);
    let values = [Value::array([inner.clone(), Value::string("a text that is counted")]), INT(0)];
    run(&[SpecOp::ArrayGet { dst: R(0), array: R(0), index: R(1) }], &values).gives(&[inner]);
}

#[test]
fn elements_are_written_and_appended() {
    let (array, index) = (R(0), R(1));
    for (op, element) in [
        (SpecOp::ArraySetInt { array, index, value: R(2) }, INT(9)),
        (SpecOp::ArraySetScalar { array, index, value: R(2) }, INT(9)),
        (SpecOp::ArraySet { array, index, value: R(3) }, Value::string("x")),
        (SpecOp::ArraySetToInt { array, index, value: 8 }, INT(8)),
        (SpecOp::ArraySetToFloat { array, index, value: 0.5 }, FLOAT(0.5)),
        (SpecOp::ArraySetToBool { array, index, value: true }, Value::Bool(true)),
    ] {
        let values = |index| [list(&[1, 2]), INT(index), INT(9), Value::string("x")];
        run(&[op], &values(0)).gives(&[Value::array([element.clone(), INT(2)])]);
        run(&[op], &values(2)).gives(&[Value::array([INT(1), INT(2), element])]);
        assert_eq!(run(&[op], &values(3)).reason, "guard", "{op}");
        assert_eq!(run(&[op], &values(-1)).reason, "guard", "{op}");
    }
}

#[test]
fn a_write_to_an_array_that_others_hold_is_not_seen_there() {
    let shared = list(&[1, 2]);
    let values = [shared.clone(), INT(0), INT(9)];
    let outcome = run(&[SpecOp::ArraySetInt { array: R(0), index: R(1), value: R(2) }], &values);
    outcome.gives(&[list(&[9, 2])]);
    assert_eq!(shared, list(&[1, 2]));
}

#[test]
fn what_is_no_array_leaves() {
    let values = [INT(1), INT(0), INT(9)];
    let (array, index) = (R(0), R(1));
    for op in [
        SpecOp::ArrayGet { dst: R(2), array, index },
        SpecOp::ArraySetInt { array, index, value: R(2) },
        SpecOp::ArrayLen { dst: R(2), array },
        SpecOp::DictGet { dst: R(2), dict: array, key: index },
        SpecOp::DictSet { dict: array, key: index, value: R(2) },
    ] {
        run(&[op], &values).leaves("guard", 0, &values);
    }
}

#[test]
fn a_dict_has_empty_for_a_key_that_it_has_not() {
    let values = [Value::dict([("a", INT(1))]), Value::string("a"), Value::string("b"), INT(2)];
    let get = |key| SpecOp::DictGet { dst: R(3), dict: R(0), key };
    assert_eq!(run(&[get(R(1))], &values).registers[3], INT(1));
    assert_eq!(run(&[get(R(2))], &values).registers[3], Value::Empty);
    let set = |key| SpecOp::DictSet { dict: R(0), key, value: R(3) };
    run(&[set(R(1))], &values).gives(&[Value::dict([("a", INT(2))])]);
    run(&[set(R(2))], &values).gives(&[Value::dict([("a", INT(1)), ("b", INT(2))])]);
}

#[test]
fn a_superinstruction_does_both_halves() {
    let add = SpecOp::AddFloat { dst: R(0), left: R(0), right: R(1) };
    let triple = |dst, left, right| Triple { dst: R(dst), left: R(left), right: R(right) };
    let pair = SpecOp::AddMulFloat { first: triple(0, 0, 1), second: triple(2, 0, 1) };
    let behind = SpecOp::MulFloat { dst: R(2), left: R(0), right: R(1) };
    let apart = run(&[add, behind], &[FLOAT(1.5), FLOAT(2.0)]);
    apart.gives(&[FLOAT(3.5), FLOAT(2.0), FLOAT(7.0)]);
    run(&[pair, behind], &[FLOAT(1.5), FLOAT(2.0)]).gives(&apart.registers);
}

#[test]
fn a_superinstruction_leaves_what_it_does_not_expect_to_the_loop() {
    let first = SpecOp::MoveIntMoveInt { dst: R(1), src: R(0) };
    let values = [INT(1), INT(2), INT(3)];
    run(&[first, SpecOp::MoveInt { dst: R(2), src: R(1) }], &values).gives(&[INT(1), INT(1), INT(1)]);
    run(&[first, SpecOp::LoadInt { dst: R(2), value: 9 }], &values).gives(&[INT(1), INT(1), INT(9)]);
}

#[test]
fn a_first_half_that_leaves_does_not_do_the_second() {
    let first = SpecOp::SubIntSubInt { dst: R(0), left: R(0), right: R(1) };
    let values = [INT(i64::MIN), INT(1), INT(5)];
    run(&[first, SpecOp::SubInt { dst: R(2), left: R(2), right: R(1) }], &values).leaves("guard", 0, &values);
}

#[test]
fn a_first_half_that_branches_does_not_do_the_second() {
    let (left, to) = (R(0), CodeAddr::of(3));
    let second = SpecOp::IfEqStringConst { left, right: 1, to: CodeAddr::of(2) };
    let first = SpecOp::IfEqStringConstTwice { left, right: 1, to };
    let load = SpecOp::LoadInt { dst: R(1), value: 1 };
    run(&[first, second, load], &[Value::string("text"), INT(0)]).gives(&[Value::string("text"), INT(0)]);
}

#[test]
fn one_instruction_is_one_and_a_half_of_two() {
    let first = SpecOp::MoveIntMoveInt { dst: R(1), src: R(0) };
    let ops = [first, SpecOp::MoveInt { dst: R(2), src: R(1) }];
    let outcome = execute::<true>(&ops, &[INT(1), INT(2), INT(3)], 100);
    outcome.leaves("stepped", 1, &[INT(1), INT(1), INT(3)]);
}

#[test]
fn a_return_ends_the_program_with_its_value() {
    let text = Value::string("a text that is counted");
    let ended = run(&[SpecOp::Return { src: R(0), clear: 0, steps: 3 }], std::slice::from_ref(&text));
    assert_eq!((ended.reason, ended.steps), (format!("ended with {text:?}"), 3));
    let ended = run(&[SpecOp::ReturnConst { constant: Some(0), clear: 0, steps: 3 }], &[]);
    assert_eq!(ended.reason, "ended with 40");
    let ended = run(&[SpecOp::ReturnConst { constant: None, clear: 0, steps: 3 }], &[]);
    assert_eq!(ended.reason, format!("ended with {:?}", Value::Empty));
}

#[test]
fn a_baseline_instruction_that_fails_leaves_for_the_interpreter() {
    let op = |left, right| SpecOp::Baseline { op: Op::Add { dst: Reg(0), left, right } };
    run(&[op(Reg(0), Reg(1))], &[INT(1), FLOAT(0.5)]).gives(&[FLOAT(1.5)]);
    let values = [INT(1), list(&[])];
    let outcome = run(&[op(Reg(0), Reg(1)), SpecOp::LoadInt { dst: R(0), value: 7 }], &values);
    outcome.leaves("deoptimise", 0, &values);
}
