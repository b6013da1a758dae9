//! Gives a program its input as globals, reads what it left there, and reads an error: `cargo run --example globals_and_errors`.

use std::error::Error;

use machine_dialect_vm::{Run, RuntimeErrorKind, Value, Vm, assemble};

const PROGRAM: &str = r#"
.func main
    load_global r0, "total"
    load_global r1, "people"
    load_const r2, "share"
    call r2, r3, (r0, r1)       ; the function, the register for its result, the arguments
    store_global r3, "each"
    return r3
.func share
    div r2, r0, r1
    return r2
"#;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let vm = Vm::new(assemble(PROGRAM)?);

    let mut output = String::new();
    let run = Run::new(&mut output).global("total", Value::Int(12)).global("people", Value::Int(3));
    let completion = vm.run(run)?;
    let each = completion.globals.iter().find(|(name, _)| name == "each");
    assert_eq!(each.map(|(_, value)| value), Some(&Value::Int(4)));
    println!("three people get four each");

    let mut output = String::new();
    let run = Run::new(&mut output).global("total", Value::Int(12)).global("people", Value::Int(0));
    let Err(failure) = vm.run(run) else { return Err("a division by zero must fail".into()) };
    assert_eq!(failure.error.kind(), RuntimeErrorKind::DivisionByZero);
    println!("{failure}, in {} at instruction {}", failure.function(), failure.pc);
    for caller in failure.call_stack.iter().skip(1) {
        println!("  called in {} at instruction {}", caller.function, caller.pc);
    }
    Ok(())
}
