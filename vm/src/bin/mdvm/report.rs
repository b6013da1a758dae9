//! Errors, for people.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use machine_dialect_vm::asm::{AsmError, instruction_text};
use machine_dialect_vm::escape::{visible, visible_lines};
use machine_dialect_vm::language::{Diagnostics, Severity};
use machine_dialect_vm::{CallSite, Failure, Module};

use super::input::InputError;
use super::map::Map;

/// Prints `error: …` to standard error. Whoever makes the message escapes the parts of it that others wrote, so that none of
/// them ends a line; this is the last door for all else.
pub(crate) fn error(message: impl std::fmt::Display) {
    // Where standard error is closed, too, there is nobody left to tell.
    let _ = writeln!(io::stderr(), "error: {}", visible_lines(&message.to_string()));
}

/// Prints `warning: …` to standard error.
pub(crate) fn warning(message: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "warning: {}", visible_lines(&message.to_string()));
}

/// Prints what was drawn for people to standard error.
pub(crate) fn drawn(text: &str) {
    let _ = writeln!(io::stderr(), "{}", text.trim_end());
}

/// Prints what is wrong with a page, and how to learn more.
pub(crate) fn page(diagnostics: &Diagnostics) {
    drawn(&diagnostics.render(has_colour()));
    let error = diagnostics.iter().find(|one| one.severity() == Severity::Error);
    if let Some(error) = error {
        text(&more(error.kind().name()));
    }
}

/// How to learn more of an error of that name.
fn more(name: &str) -> String {
    format!("\n`mdvm explain {name}` tells more.\n")
}

/// Prints text to standard error as it is.
pub(crate) fn text(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Whether messages have colours.
pub(crate) fn has_colour() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Prints why there is no module in a file.
pub(crate) fn input_error(error: &InputError, path: &Path) {
    match error {
        InputError::Page(diagnostics) => page(diagnostics),
        InputError::Io(_) | InputError::NotUtf8(_) | InputError::Assembly(_) | InputError::Load(..) => {
            let messages = error.messages();
            messages.iter().for_each(|message| self::error(format!("{}: {message}", shown(path))));
            if let InputError::Assembly(AsmError::Module(error)) | InputError::Load(error, _) = error {
                text(&more(error.kind().name()));
            }
        }
    }
}

/// A path as messages show it.
pub(crate) fn shown(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        visible(&path.to_string_lossy()).into_owned()
    }
}

/// Prints why a run failed: the error, its line of the page if that is known, the instruction with what it saw, and how control
/// came there.
pub(crate) fn failure(failure: &Failure, module: &Module, map: &Map, path: &Path) {
    if let Some(map) = map.get() {
        let pcs = || failure.call_stack.iter().map(|site| site.pc);
        if !map.sites(pcs()).is_empty() {
            let kind = failure.error.kind().name();
            drawn(&map.draw(kind, &failure.to_string(), pcs(), has_colour()));
            return text(&more(kind));
        }
    }
    let mut text = format!("{}: {}\n", failure.error.kind().name(), visible(&failure.to_string()));
    let pc = failure.pc;
    let offset = module.instruction_offset(pc);
    let function = visible(failure.function());
    text += &format!("  at instruction {pc} in {function} ({}, byte {offset:#x})\n", shown(path));
    if let Some(instruction) = instruction_text(module, pc) {
        text += &format!("    {}\n", beginning(&instruction));
    }
    for (register, value) in &failure.operands {
        text += &format!("    {register} = {}\n", visible(&format!("{value:?}")));
    }
    if !failure.scopes.is_empty() {
        let scopes: Vec<String> = failure.scopes.iter().map(|scope| scope.0.to_string()).collect();
        text += &format!("  in scopes {}\n", scopes.join(", "));
    }
    for line in call_stack(&failure.call_stack) {
        text += &format!("  {line}\n");
    }
    error(text.trim_end());
    self::text(&more(failure.error.kind().name()));
}

/// The beginning of a line: a literal may have megabytes.
fn beginning(line: &str) -> Cow<'_, str> {
    /// In characters.
    const SHOWN: usize = 200;
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}…", &line[..end])),
        None => Cow::Borrowed(line),
    }
}

/// The callers, one line each; the middle of a long stack is left out.
fn call_stack(sites: &[CallSite]) -> Vec<String> {
    /// How many callers are shown next to the failure, and how many at the bottom of the stack.
    const NEAREST: usize = 10;
    const FARTHEST: usize = 3;
    let callers = sites.get(1..).unwrap_or_default();
    let line = |site: &CallSite| format!("called at instruction {} in {}", site.pc, visible(&site.function));
    if callers.len() <= NEAREST + FARTHEST + 1 {
        return callers.iter().map(line).collect();
    }
    let left_out = callers.len() - NEAREST - FARTHEST;
    let mut lines: Vec<String> = callers[..NEAREST].iter().map(line).collect();
    lines.push(format!("… {left_out} calls more …"));
    lines.extend(callers[callers.len() - FARTHEST..].iter().map(line));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_shown_by_its_beginning() {
        assert_eq!(beginning("halt"), "halt");
        assert_eq!(beginning(&"é".repeat(1 << 20)), format!("{}…", "é".repeat(200)));
    }
}
