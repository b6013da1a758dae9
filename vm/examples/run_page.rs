//! Compiles a page of Machine Dialect and runs it under limits: `cargo run --example run_page`.

use std::error::Error;
use std::time::{Duration, Instant};

use machine_dialect_vm::{Limits, Run, Vm, language};

const PAGE: &str = r#"
# Squares

Define `i` as Whole Number (default: _1_).

While `i` is at most _4_:

> Say `i` + _" squared is "_ + `i` * `i`.
> Set `i` to `i` + _1_.
"#;

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    // All mistakes of a page are reported at once, each with its place.
    let compiled = language::compile(PAGE, "squares.md")?;

    let mut printed = String::new();
    let limits = Limits { max_steps: Some(1_000_000), max_memory: Some(64 << 20), ..Limits::default() };
    let deadline = Instant::now() + Duration::from_secs(2);
    let completion =
        Vm::new(compiled.module).run(Run::new(&mut printed).limits(limits).deadline(deadline))?;

    assert!(printed.ends_with("4 squared is 16\n"));
    print!("{printed}");
    println!("in {} steps", completion.steps);
    Ok(())
}
