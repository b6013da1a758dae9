//! Errors, for people.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use machine_dialect_vm::asm::instruction_text;
use machine_dialect_vm::language::SourceMap;
use machine_dialect_vm::{CallSite, Failure, Module};

use super::input::InputError;

/// Prints `error: …` to standard error.
pub(crate) fn error(message: impl std::fmt::Display) {
    // Where standard error is closed, too, there is nobody left to tell.
    let _ = writeln!(io::stderr(), "error: {message}");
}

/// Prints what was drawn for people to standard error.
pub(crate) fn drawn(text: &str) {
    let _ = writeln!(io::stderr(), "{}", text.trim_end());
}

/// Whether messages have colours.
pub(crate) fn has_colour() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Prints why there is no module in a file.
pub(crate) fn input_error(error: &InputError, path: &Path) {
    match error {
        InputError::Page(diagnostics) => drawn(&diagnostics.render(has_colour())),
        InputError::Io(_) | InputError::NotUtf8(_) | InputError::Assembly(_) | InputError::Load(_) => {
            self::error(format!("{}: {error}", shown(path)));
        }
    }
}

/// A path as messages show it.
pub(crate) fn shown(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

/// Prints why a run failed: the error, the instruction with what it saw, and how control came there.
pub(crate) fn failure(failure: &Failure, module: &Module, map: Option<&SourceMap>, path: &Path) {
    if let Some(map) = map {
        let pcs = failure.call_stack.iter().map(|site| site.pc);
        return drawn(&map.draw(failure.error.kind().name(), &failure.to_string(), pcs, has_colour()));
    }
    let mut text = format!("{}: {failure}\n", failure.error.kind().name());
    let pc = failure.pc;
    let offset = module.instruction_offset(pc);
    text += &format!("  at instruction {pc} in {} ({}, byte {offset:#x})\n", failure.function(), shown(path));
    if let Some(instruction) = instruction_text(module, pc) {
        text += &format!("    {instruction}\n");
    }
    for (register, value) in &failure.operands {
        text += &format!("    {register} = {value:?}\n");
    }
    if !failure.scopes.is_empty() {
        let scopes: Vec<String> = failure.scopes.iter().map(|scope| scope.0.to_string()).collect();
        text += &format!("  in scopes {}\n", scopes.join(", "));
    }
    for line in call_stack(&failure.call_stack) {
        text += &format!("  {line}\n");
    }
    error(text.trim_end());
}

/// The callers, one line each; the middle of a long stack is left out.
fn call_stack(sites: &[CallSite]) -> Vec<String> {
    /// How many callers are shown next to the failure, and how many at the bottom of the stack.
    const NEAREST: usize = 10;
    const FARTHEST: usize = 3;
    let callers = sites.get(1..).unwrap_or_default();
    let line = |site: &CallSite| format!("called at instruction {} in {}", site.pc, site.function);
    if callers.len() <= NEAREST + FARTHEST + 1 {
        return callers.iter().map(line).collect();
    }
    let left_out = callers.len() - NEAREST - FARTHEST;
    let mut lines: Vec<String> = callers[..NEAREST].iter().map(line).collect();
    lines.push(format!("… {left_out} calls more …"));
    lines.extend(callers[callers.len() - FARTHEST..].iter().map(line));
    lines
}
