//! What is emitted for instructions of specialised code, read back by a disassembler.

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};

use super::Emitter;
use crate::assemble;
use crate::exec::analysis::FlowGraph;
use crate::exec::interpreter::Program;
use crate::exec::jit::layout::Layout;
use crate::exec::specialise::{Code, CodeAddr, Slot, SpecOp, Test, Type};

const R: fn(u8) -> Slot = Slot::of;

/// The instructions of the processor that were made.
struct Listing {
    /// By instruction of specialised code.
    ops: Vec<Vec<String>>,
    cold: Vec<String>,
    /// How many bytes of numbers there are.
    numbers: usize,
    /// Where each instruction of specialised code can be entered; 0 where it cannot.
    entries: Vec<u32>,
}

/// Emits instructions, with one behind them that leaves. Every byte must be part of an instruction.
fn emit(ops: &[SpecOp]) -> Listing {
    let program = Program::new(assemble("load_const r0, \"text\"\n return r0").unwrap());
    let mut code = Code::new(FlowGraph::new(&program));
    code.ops = ops.iter().copied().chain([SpecOp::Deoptimise]).collect();
    code.exit_of = vec![0; code.ops.len()];
    let layout = Layout::get().unwrap();
    let emitted = Emitter::new(&code, &program, layout, (0, 0), None).unwrap().emit().unwrap();
    let bytes = emitted.buffer.bytes();
    let listing = |begin: u32, end: u32| -> Vec<String> {
        let part = &bytes[begin as usize..end as usize];
        let mut formatter = IntelFormatter::new();
        formatter.options_mut().set_space_after_operand_separator(true);
        Decoder::with_ip(64, part, u64::from(begin), DecoderOptions::NONE)
            .iter()
            .map(|instruction| {
                assert!(!instruction.is_invalid(), "at {:#x} of {ops:?}", instruction.ip());
                let mut text = String::new();
                formatter.format(&instruction, &mut text);
                text
            })
            .collect()
    };
    let ends = emitted.places.iter().skip(1).copied().chain([emitted.loops]);
    Listing {
        ops: emitted.places.iter().zip(ends).map(|(begin, end)| listing(*begin, end)).collect(),
        cold: listing(emitted.cold, emitted.numbers),
        numbers: bytes.len() - emitted.numbers as usize,
        entries: emitted.entries.clone(),
    }
}

/// Whether one of the instructions begins so.
fn has(instructions: &[String], begin: &str) -> bool {
    instructions.iter().any(|text| text.starts_with(begin))
}

#[test]
fn ints_are_computed_and_overflow_leaves() {
    let (dst, left, right) = (R(2), R(0), R(1));
    for (op, name) in [
        (SpecOp::AddInt { dst, left, right }, "add "),
        (SpecOp::SubInt { dst, left, right }, "sub "),
        (SpecOp::MulInt { dst, left, right }, "imul "),
        (SpecOp::AddIntConst { dst, left, right: 5 }, "add "),
        (SpecOp::MulIntConst { dst, left, right: 5 }, "imul "),
        (SpecOp::SubConstInt { dst, left: 5, right }, "sub "),
        (SpecOp::NegInt { dst, src: left }, "neg "),
    ] {
        let made = emit(&[op]);
        assert!(has(&made.ops[0], name) && has(&made.ops[0], "jo "), "{op}: {:?}", made.ops[0]);
    }
}

#[test]
fn ints_are_divided_where_that_has_a_result() {
    let (dst, left, right) = (R(2), R(0), R(1));
    for op in [SpecOp::DivInt { dst, left, right }, SpecOp::ModInt { dst, left, right }] {
        let made = emit(&[op]);
        assert!(has(&made.ops[0], "idiv ") && has(&made.ops[0], "jbe "), "{op}: {:?}", made.ops[0]);
        // By 0 and by -1 apart.
        assert!(has(&made.cold, "test rcx, rcx") && has(&made.cold, "je "), "{op}: {:?}", made.cold);
    }
    let shifted = emit(&[SpecOp::DivIntShift { dst, left, shift: 3 }]);
    assert!(has(&shifted.ops[0], "sar ") && !has(&shifted.ops[0], "idiv "), "{:?}", shifted.ops[0]);
    let masked = emit(&[SpecOp::ModIntMask { dst, left, mask: 7 }]);
    assert!(has(&masked.ops[0], "and ") && !has(&masked.ops[0], "idiv "), "{:?}", masked.ops[0]);
}

#[test]
fn floats_are_computed_in_registers_for_floats() {
    let (dst, left, right) = (R(2), R(0), R(1));
    for (op, name) in [
        (SpecOp::AddFloat { dst, left, right }, "addsd "),
        (SpecOp::SubFloat { dst, left, right }, "subsd "),
        (SpecOp::MulFloat { dst, left, right }, "mulsd "),
        (SpecOp::DivFloat { dst, left, right }, "divsd "),
        (SpecOp::AddFloatConst { dst, left, right: 0.5 }, "addsd "),
        (SpecOp::SubConstFloat { dst, left: 0.5, right }, "subsd "),
        (SpecOp::MulFloatConst { dst, left, right: 0.5 }, "mulsd "),
        (SpecOp::DivConstFloat { dst, left: 0.5, right }, "divsd "),
    ] {
        assert!(has(&emit(&[op]).ops[0], name), "{op}");
    }
}

#[test]
fn a_divisor_is_compared_with_zero() {
    let (dst, left, right) = (R(2), R(0), R(1));
    for op in [SpecOp::DivFloat { dst, left, right }, SpecOp::DivConstFloat { dst, left: 1.0, right }] {
        assert!(has(&emit(&[op]).ops[0], "ucomisd "), "{op}");
    }
    assert!(!has(&emit(&[SpecOp::DivFloatConst { dst, left, right: 2.0 }]).ops[0], "ucomisd "));
}

#[test]
fn a_number_that_is_read_twice_stands_once() {
    let load = |dst, value| SpecOp::LoadFloat { dst: R(dst), value };
    assert_eq!(emit(&[load(0, 1.5)]).numbers, 8);
    assert_eq!(emit(&[load(0, 1.5), load(1, 1.5)]).numbers, 8);
    assert_eq!(emit(&[load(0, 1.5), load(1, 2.5)]).numbers, 16);
    assert_eq!(emit(&[load(0, 0.0), load(1, -0.0)]).numbers, 16);
}

#[test]
fn an_int_is_loaded_whole() {
    for (value, text) in [(5, ", 5"), (-1, ", 0FFFFFFFFFFFFFFFFh"), (0x1234_5678_9abc, ", 123456789ABCh")] {
        let made = emit(&[SpecOp::LoadInt { dst: R(0), value }]);
        let found = made.ops[0].iter().any(|line| line.starts_with("mov r") && line.ends_with(text));
        assert!(found, "{value}: {:?}", made.ops[0]);
    }
}

#[test]
fn a_result_is_not_read_again() {
    let made = emit(&[
        SpecOp::AddInt { dst: R(2), left: R(0), right: R(1) },
        SpecOp::MulInt { dst: R(3), left: R(2), right: R(1) },
    ]);
    let reads = |line: &String| {
        line.starts_with("mov r") && (line.ends_with("[rbx+28h]") || line.ends_with("[rbx+18h]"))
    };
    assert!(made.ops[0].iter().any(reads), "{:?}", made.ops[0]);
    assert!(!made.ops[1].iter().any(reads), "{:?}", made.ops[1]);
}

#[test]
fn a_tag_that_is_there_is_not_written_again() {
    let load = |value| SpecOp::LoadInt { dst: R(0), value };
    let made = emit(&[load(1), load(2)]);
    let writes_tag = |line: &String| line.starts_with("mov qword ptr [rbx],");
    assert!(made.ops[0].iter().any(writes_tag), "{:?}", made.ops[0]);
    assert!(!made.ops[1].iter().any(writes_tag), "{:?}", made.ops[1]);
}

#[test]
fn what_does_nothing_is_nothing() {
    for op in [SpecOp::Move { dst: R(1), src: R(1) }, SpecOp::Guard { slot: R(1), ty: Type::Any }] {
        assert_eq!(emit(&[op]).ops[0], Vec::<String>::new(), "{op}");
    }
}

#[test]
fn a_guard_of_what_is_known_is_nothing() {
    // With debug assertions, what is known is checked before either.
    let behind = |op| emit(&[SpecOp::LoadInt { dst: R(0), value: 1 }, op]).ops[1].len();
    let nothing = SpecOp::Guard { slot: R(0), ty: Type::Any };
    assert_eq!(behind(SpecOp::GuardInt { slot: R(0) }), behind(nothing));
    assert!(behind(SpecOp::GuardFloat { slot: R(0) }) > behind(nothing));
    let made = emit(&[SpecOp::GuardInt { slot: R(0) }]);
    assert!(has(&made.ops[0], "cmp ") && has(&made.ops[0], "jne "), "{:?}", made.ops[0]);
}

#[test]
fn branches_on_ints_go_by_the_relation() {
    let (left, right, to) = (R(0), R(1), CodeAddr::of(0));
    for (op, jump) in [
        (SpecOp::IfEqInt { left, right, to }, "je "),
        (SpecOp::IfNeInt { left, right, to }, "jne "),
        (SpecOp::IfLtInt { left, right, to }, "jl "),
        (SpecOp::IfLeInt { left, right, to }, "jle "),
        (SpecOp::IfGeIntConst { left, to, right: 3 }, "jge "),
    ] {
        let made = emit(&[op]);
        let last = made.ops[0].last().unwrap();
        assert!(last.starts_with(jump), "{op}: {:?}", made.ops[0]);
    }
}

#[test]
fn fuel_is_charged_and_checked() {
    let made = emit(&[SpecOp::ChargeFuel { steps: 77 }]);
    assert!(has(&made.ops[0], "sub r12, 4Dh") && has(&made.ops[0], "jb "), "{:?}", made.ops[0]);
    assert!(has(&made.cold, "add r12, 4Dh"), "{:?}", made.cold);
}

#[test]
fn what_is_led_to_can_be_entered() {
    let made = emit(&[SpecOp::ChargeFuel { steps: 1 }, SpecOp::Goto { to: CodeAddr::of(0) }]);
    assert!(made.entries[0] != 0 && made.entries[1] == 0, "{:?}", made.entries);
}

#[test]
fn a_stub_is_left_for() {
    let made = emit(&[SpecOp::Goto { to: CodeAddr::stub(3) }]);
    assert_eq!(made.ops[0].iter().filter(|line| line.starts_with("jmp ")).count(), 1);
}

#[test]
fn everything_that_is_emitted_for_containers_and_strings_decodes() {
    let (dst, array, index, value) = (R(3), R(0), R(1), R(2));
    for op in [
        SpecOp::ArrayGet { dst, array, index },
        SpecOp::ArrayGetConst { dst, array, index: 70_000 },
        SpecOp::ArrayGetInt { dst, array, index },
        SpecOp::ArrayGetFloat { dst, array, index },
        SpecOp::ArrayGetBool { dst, array, index },
        SpecOp::ArraySetInt { array, index, value },
        SpecOp::ArraySetFloat { array, index, value },
        SpecOp::ArraySetScalar { array, index, value },
        SpecOp::ArraySetToInt { array, index, value: 1 << 40 },
        SpecOp::ArraySetToBool { array, index, value: true },
        SpecOp::ArraySet { array, index, value },
        SpecOp::ArraySetConst { array, value, index: 1 },
        SpecOp::ArrayLen { dst, array },
        SpecOp::DictGet { dst, dict: array, key: index },
        SpecOp::DictSet { dict: array, key: index, value },
        SpecOp::ElideCopy { holder: dst, container: array },
        SpecOp::ElideCopyElement { outer: dst, key: index, container: array },
        SpecOp::Join { dst, left: array, right: index },
        SpecOp::IntText { dst, src: index },
        SpecOp::StrLen { dst, string: array },
        SpecOp::IfEqString { left: array, right: index, to: CodeAddr::of(0) },
        SpecOp::IfNeStringConst { left: array, right: 0, to: CodeAddr::of(0) },
        SpecOp::LoadConst { dst, constant: 0 },
    ] {
        assert!(!emit(&[op]).ops[0].is_empty(), "{op}");
    }
}

#[test]
fn comparisons_of_floats_mind_what_has_no_order() {
    let (dst, left, right) = (R(2), R(0), R(1));
    for (test, set) in [(Test::Lt, "seta "), (Test::Le, "setae "), (Test::Gt, "seta "), (Test::Ge, "setae ")]
    {
        let made = emit(&[SpecOp::TestFloat { test, dst, left, right }]);
        assert!(has(&made.ops[0], set), "{test:?}: {:?}", made.ops[0]);
    }
    for test in [Test::Eq, Test::Ne] {
        let made = emit(&[SpecOp::TestFloat { test, dst, left, right }]);
        let asks = made.ops[0].iter().filter(|line| line.starts_with("setp") || line.starts_with("setnp"));
        assert_eq!(asks.count(), 1, "{test:?}: {:?}", made.ops[0]);
    }
}
