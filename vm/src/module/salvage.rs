//! What can be read of a module that does not load.

use std::fmt::Write as _;

use super::{Module, decode};
use crate::asm::{instruction_text, listing};
use crate::errors::LoadError;
use crate::escape::visible;
use crate::values::format;

/// A module that does not load, as far as it can be read. It can be shown; there is nothing in it that could be run.
///
/// ```
/// use machine_dialect_vm::{Salvage, assemble};
///
/// let mut bytes = assemble("load_const r0, 1\nreturn r0").unwrap().encode();
/// let last = bytes.len() - 3;
/// bytes[last] = 0xff;
/// let shown = Salvage::new(&bytes).unwrap().listing();
/// assert!(shown.contains("load_const r0, 1"));
/// assert!(shown.contains("; stops here: InvalidOpcode"));
/// ```
#[derive(Debug)]
pub struct Salvage {
    module: Module,
    error: LoadError,
    /// The sections that end too soon, and why.
    stops: Vec<(&'static str, LoadError)>,
    sections: Vec<(&'static str, u32)>,
}

impl Salvage {
    /// Reads what can be read; none where the module loads.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let error = Module::decode(bytes).err()?;
        let (module, stops) = decode::salvage(bytes);
        let sections = if bytes.starts_with(&format::MAGIC) { decode::sections(bytes) } else { Vec::new() };
        Some(Self { module, error, stops, sections })
    }

    /// Why the module does not load.
    #[must_use]
    pub fn error(&self) -> &LoadError {
        &self.error
    }

    /// The sections with what could be read of them, as comments where they are no assembly. Where a section stops making sense, and
    /// why, is marked; so is the instruction that the module is refused for.
    #[must_use]
    pub fn listing(&self) -> String {
        let mut out = format!("; does not load: {}\n", shown(&self.error));
        let module = &self.module;
        for (name, offset) in &self.sections {
            let read = match *name {
                "constants" => format!(", {} read", module.constants.len()),
                "functions" => format!(", {} read", module.functions.len()),
                "instructions" => format!(", {} read", module.len()),
                _ => String::new(),
            };
            let _ = writeln!(out, "; {name} at {offset:#06x}{read}");
            if let Some((_, error)) = self.stops.iter().find(|(stopped, _)| stopped == name)
                && *name != "instructions"
            {
                let _ = writeln!(out, ";   stops here: {}", shown(error));
            }
        }
        for (index, function) in module.functions.iter().enumerate() {
            if function.entry as usize >= module.len() {
                let _ = writeln!(
                    out,
                    "; function {index}, {}, begins at instruction {}",
                    visible(&function.name),
                    function.entry
                );
            }
        }
        let refused = refused_instruction(&self.error);
        let mut index = 0;
        for line in listing(module).lines() {
            // Instructions alone are indented.
            if line.starts_with(' ') {
                if refused == Some(index) && index < module.len() as u64 {
                    let _ = writeln!(out, "; refused: {}", shown(&self.error));
                }
                index += 1;
            }
            out.push_str(line);
            out.push('\n');
        }
        if let Some((_, error)) = self.stops.iter().find(|(name, _)| *name == "instructions") {
            let is_told = refused.is_some_and(|refused| refused < module.len() as u64);
            if !is_told || refused_instruction(error).is_none_or(|stop| stop >= module.len() as u64) {
                let _ = writeln!(out, "; stops here: {}", shown(error));
            }
        }
        out
    }

    /// The instruction at `index` as assembly, if it could be read.
    #[must_use]
    pub fn instruction(&self, index: usize) -> Option<String> {
        instruction_text(&self.module, index)
    }
}

fn shown(error: &LoadError) -> String {
    format!("{}: {}", error.kind().name(), visible(&error.to_string()))
}

/// The instruction that a fault is about.
fn refused_instruction(error: &LoadError) -> Option<u64> {
    match error {
        LoadError::InvalidOpcode { instruction, .. }
        | LoadError::InvalidConstantIndex { instruction, .. }
        | LoadError::InvalidConstantKind { instruction, .. }
        | LoadError::InvalidTypeId { instruction, .. }
        | LoadError::InvalidAssertKind { instruction, .. }
        | LoadError::InvalidJumpTarget { instruction, .. } => Some(*instruction),
        LoadError::InvalidMagic { .. }
        | LoadError::UnsupportedVersion { .. }
        | LoadError::UnsupportedFlags { .. }
        | LoadError::InvalidOffset { .. }
        | LoadError::UnexpectedEof { .. }
        | LoadError::InvalidCount { .. }
        | LoadError::CountOverLimit { .. }
        | LoadError::InvalidUtf8 { .. }
        | LoadError::InvalidConstantTag { .. }
        | LoadError::InvalidEntryPoint { .. }
        | LoadError::DuplicateFunction { .. } => None,
    }
}
