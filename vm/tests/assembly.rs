//! Assembly, there and back: what text cannot say simply, and what it says when it is wrong.
#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use machine_dialect_vm::asm::{AsmError, assemble_bytes, listing};
use machine_dialect_vm::{
    Constant, Function, Instruction, Module, ModuleBuilder, Reg, assemble, disassemble,
};

/// Takes a module through both printers and back.
fn assert_round_trip(module: &Module) {
    for text in [disassemble(module), listing(module)] {
        let again = assemble(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(again, *module, "{text}");
        assert_eq!(again.encode(), module.encode(), "{text}");
    }
}

#[test]
fn pools_that_literals_alone_would_not_give_keep_their_order() {
    let pools: [&[Constant]; 4] = [
        // Unused.
        &[Constant::Int(1), Constant::Empty],
        // Twice the same.
        &[Constant::Int(1), Constant::Int(1), Constant::String("1".to_owned())],
        // Alike, but not the same.
        &[Constant::Float(0.0), Constant::Float(-0.0), Constant::Int(0), Constant::Bool(false)],
        // NaNs with bits of their own.
        &[
            Constant::Float(f64::NAN),
            Constant::Float(-f64::NAN),
            Constant::Float(f64::from_bits(0x7ff0_0000_0000_0001)),
            Constant::Float(f64::INFINITY),
            Constant::Float(f64::NEG_INFINITY),
            Constant::Float(5e-324),
            Constant::Float(f64::MAX),
        ],
    ];
    for pool in pools {
        let mut builder = ModuleBuilder::new("pool");
        let indices: Vec<_> =
            pool.iter().map(|constant| builder.push_constant(constant.clone()).unwrap()).collect();
        // In the order of the pool, from its end, and not at all.
        for constant in indices.iter().chain(indices.iter().rev()) {
            builder.push(Instruction::LoadConst { dst: Reg(0), constant: *constant });
        }
        let module = builder.finish().unwrap();
        assert_eq!(module.constants(), pool);
        assert_round_trip(&module);
    }
    let mut unused = ModuleBuilder::new("");
    unused.push_constant(Constant::String("nobody".to_owned())).unwrap();
    assert_round_trip(&unused.finish().unwrap());
}

#[test]
fn strings_and_names_may_hold_anything() {
    let texts = [
        "",
        "a\"b\\c",
        "line\nfeed\r\t\0",
        "ünïcödé 🦀",
        "\u{1b}[0m",
        "\u{2028}\u{feff}\u{202e}",
        "; no comment",
        "k0",
    ];
    let mut builder = ModuleBuilder::new("a name\nof two lines");
    for text in texts {
        let constant = builder.constant(Constant::String(text.to_owned())).unwrap();
        let index = builder.push(Instruction::LoadConst { dst: Reg(255), constant });
        builder.function(text, index as u32);
    }
    let module = builder.finish().unwrap();
    assert_eq!(module.functions().len(), texts.len());
    assert_round_trip(&module);
}

#[test]
fn functions_keep_their_order_whatever_their_entries_are() {
    let module = assemble(".func late 2\n.func early 0\n.func also_late 2\nnop\nnop\nnop").unwrap();
    let entries: Vec<u32> = module.functions().iter().map(|function: &Function| function.entry).collect();
    assert_eq!(entries, [2, 0, 2]);
    assert_round_trip(&module);
}

#[test]
fn phis_and_jumps_may_lead_anywhere_that_loads() {
    let module = assemble(
        "
        jump end
        phi r1, [r2: 0, r3: 65535, r4: here]
    here: jump_if r0, here
        jump -4
        phi r1, []
    end:",
    )
    .unwrap();
    assert_round_trip(&module);
}

#[test]
fn numbers_stand_for_types_and_kinds_of_assertion() {
    let by_name =
        assemble("define r0, dict\nassert r0, int_range, \"m\", -5, 5\nassert r0, true, \"m\"").unwrap();
    let by_number = assemble("define r0, 8\nassert r0, 2, \"m\", -5, 5\nassert r0, 0, \"m\"").unwrap();
    assert_eq!(by_name, by_number);
    assert_round_trip(&by_name);
}

#[test]
fn a_module_that_would_not_load_can_be_written_and_is_refused() {
    let bytes = assemble_bytes("jump 7").unwrap();
    let error = Module::decode(&bytes).unwrap_err();
    assert_eq!(assemble("jump 7").unwrap_err().to_string(), error.to_string());
}

#[test]
fn mistakes_are_shown_where_they_are() {
    let mistakes = [
        ("ad r0, r1, r2", "line 1, column 1: unknown instruction `ad`; did you mean `add`?"),
        ("nop nop", "line 1, column 5: expected the end of the line; found `nop`"),
        ("move r0, r256", "line 1, column 10: there is no register `r256`; they are r0 to r255"),
        (
            "move r0, x",
            "line 1, column 10: expected operand `src`, a register that is read such as `r0`; found `x`",
        ),
        ("nop\n  jump nowhere", "line 2, column 8: no label `nowhere` stands anywhere"),
        ("a: nop\na: nop", "line 2, column 1: label `a` stands twice"),
        (".func f\nnop\n.func f", "line 3, column 1: function `f` stands twice"),
        (
            "load_const r0, 9223372036854775808",
            "line 1, column 16: `9223372036854775808` is no int of 64 bits",
        ),
        ("load_const r0, \"open", "line 1, column 16: this string has no end on its line"),
        ("load_const r0, \"\\q\"", "line 1, column 17: expected an escape"),
        ("load_const r0, 1.2.3", "line 1, column 16: `1.2.3` is no number"),
        (
            "cast r0, r1, integer",
            "line 1, column 14: expected operand `type`, a type id of `values.yaml` such as `int` (empty, bool",
        ),
        ("assert r0, maybe, \"m\"", "line 1, column 12: expected operand `check`"),
        (
            "phi r0, [r1]",
            "line 1, column 12: expected `:` and the label of the instruction that ran before; found `]`",
        ),
        (
            "load_const r0, int",
            "line 1, column 19: expected `(` and what the int is; found the end of the line",
        ),
        ("load_const r0, int()", "line 1, column 20: expected operand `constant`"),
        ("load_const r0, int(5", "line 1, column 21: expected `)`; found the end of the line"),
        (
            "load_const r0, bool(1)",
            "line 1, column 21: expected what the bool is; found a literal of the type int",
        ),
        ("load_const r0, array(1)", "line 1, column 16: expected operand `constant`"),
        (".modul \"x\"", "line 1, column 1: unknown directive `.modul`"),
        ("nop @", "line 1, column 5: unexpected character `@`"),
        ("é: jump ü", "line 1, column 9: no label `ü` stands anywhere"),
    ];
    for (text, expected) in mistakes {
        let error = assemble(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{text}\nexpected {expected}\nfound    {error}");
    }
    let many = format!("call r0, r1, ({})", vec!["r2"; 256].join(", "));
    assert!(assemble(&many).unwrap_err().to_string().contains("a list of 256 is too long; 255 is the most"));
}

#[test]
fn a_literal_may_say_its_type() {
    for (typed, plain) in [
        ("int(-5)", "-5"),
        ("float(1.5)", "1.5"),
        ("float(nan)", "nan"),
        ("float(nan(0x7ff8000000000001))", "nan(0x7ff8000000000001)"),
        ("string(\"a\")", "\"a\""),
        ("bool( true )", "true"),
    ] {
        let constants =
            |literal: &str| assemble(&format!("load_const r0, {literal}")).unwrap().constants().to_vec();
        assert_eq!(constants(typed), constants(plain), "{typed}");
    }
}

/// The messages and their places.
fn mistakes(text: &str) -> Vec<(usize, usize, String)> {
    match assemble(text) {
        Err(AsmError::Syntax(mistakes)) => {
            mistakes.iter().map(|one| (one.line, one.column, one.message.clone())).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_mistake_stands_wherever_it_stands() {
    // The width of a format holds 16 bits.
    for column in [65_535, 65_536, 65_537, 1_000_000] {
        let found = assemble(&format!("{}@", " ".repeat(column - 1))).unwrap_err();
        let shown = found.to_string();
        assert!(shown.starts_with(&format!("line 1, column {column}: unexpected character `@`")), "{shown}");
        assert!(shown.len() < 1000 && shown.ends_with('^'), "{shown}");
    }
    let word = "x".repeat(1 << 20);
    for text in [
        word.clone(),
        format!("jump {word}"),
        format!(".{word}"),
        format!("{word}: nop\n{word}: nop"),
        format!("move r0, {word}"),
    ] {
        let shown = assemble(&text).unwrap_err().to_string();
        assert!(shown.len() < 2000, "{} bytes", shown.len());
    }
}

#[test]
fn every_mistake_is_told_in_order() {
    let text =
        "jump nowhere\nadd r0\n\nbogus r1\nl: nop\nl: load_const r0, \"open\n.func f nowhere\n.modul\nnop";
    let found: Vec<(usize, usize)> =
        mistakes(text).iter().map(|(line, column, _)| (*line, *column)).collect();
    assert_eq!(found, [(1, 6), (2, 7), (4, 1), (6, 1), (6, 19), (7, 9), (8, 1)]);
    let shown = assemble(text).unwrap_err().to_string();
    assert_eq!(shown.lines().filter(|line| line.starts_with("line ")).count(), 7, "{shown}");
    let many = "bogus\n".repeat(1000) + "jump nowhere";
    assert!(assemble(&many).unwrap_err().to_string().ends_with("\nand 981 more"));
    let late = "nop\n".repeat(10) + &"jump nowhere\n".repeat(1000) + &"bogus\n".repeat(1000);
    let found = mistakes(&late);
    assert_eq!((found[0].0, found.len()), (11, 20));
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    let marked = assemble("\u{feff}; saved by an editor\r\nload_const r0, 1\r\nreturn r0").unwrap();
    assert_eq!(marked, assemble("load_const r0, 1\nreturn r0").unwrap());
    assert_eq!(assemble("\u{feff}bogus").unwrap_err(), assemble("bogus").unwrap_err());
}
