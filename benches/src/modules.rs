//! Modules to decode and encode.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use machine_dialect_vm::{Module, ModuleBuilder};

use crate::folder;

/// The real program that [`of_instructions`] repeats.
const REPEATED: &str = "bench_mandelbrot.o2.mdbc";

/// The modules of `conformance/corpus` that load, as they were compiled.
///
/// # Errors
/// Fails when a file cannot be read, and when there is none.
pub fn corpus() -> Result<Vec<Vec<u8>>> {
    let folder = folder().join("../conformance/corpus");
    let mut modules = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "mdbc") {
            modules.push(fs::read(&path).with_context(|| path.display().to_string())?);
        }
    }
    modules.retain(|bytes| Module::decode(bytes).is_ok());
    ensure!(!modules.is_empty(), "no module in {} loads", folder.display());
    // The order of a folder differs from one computer to the next.
    modules.sort();
    Ok(modules)
}

/// A module of just so many instructions: the code of a real program, again and again.
///
/// # Errors
/// Fails when that program is not there, and when so many instructions make no module.
pub fn of_instructions(count: usize) -> Result<Vec<u8>> {
    let path = folder().join("../conformance/corpus").join(REPEATED);
    let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
    let module = Module::decode(&bytes)?;
    let mut builder = ModuleBuilder::new("big");
    for constant in module.constants() {
        builder.push_constant(constant.clone())?;
    }
    for function in module.functions() {
        builder.function(&function.name, function.entry);
    }
    // Jumps count from where they are, so they stay inside their repetition, all but those of the last, which is a part.
    let whole = count - count % module.len();
    for instruction in (0..whole).filter_map(|index| module.instruction(index % module.len())) {
        builder.push(instruction);
    }
    let last = module.instruction(module.len() - 1).context("the program is empty")?;
    for _ in whole..count {
        builder.push(last);
    }
    Ok(builder.finish()?.encode())
}
