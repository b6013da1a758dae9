//! What can be read of a module that does not load.

use std::convert::Infallible;

use super::{Module, decode};
use crate::asm::{instruction_text, listing_lines};
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
        let mut text = String::new();
        let Ok(()) = self.listing_lines(|line| {
            text.push_str(line);
            text.push('\n');
            Ok::<(), Infallible>(())
        });
        text
    }

    /// Tells the lines of [`Self::listing`] one after another, so that not all of them are in memory at once.
    ///
    /// # Errors
    /// Ends with the first error that `tell` gives.
    pub fn listing_lines<E>(&self, mut tell: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        let module = &self.module;
        self.heading(&mut tell)?;
        let refused = refused_instruction(&self.error);
        listing_lines(module, |line| {
            if refused.is_some() && line.instruction.map(|index| index as u64) == refused {
                tell(&format!("; refused: {}", shown(&self.error)))?;
            }
            tell(line.text)
        })?;
        if let Some((_, error)) = self.stops.iter().find(|(name, _)| *name == "instructions") {
            let is_told = refused.is_some_and(|refused| refused < module.len() as u64);
            if !is_told || refused_instruction(error).is_none_or(|stop| stop >= module.len() as u64) {
                tell(&format!("; stops here: {}", shown(error)))?;
            }
        }
        Ok(())
    }

    /// Tells why the module does not load, and what could be read of its sections.
    fn heading<E>(&self, tell: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        tell(&format!("; does not load: {}", shown(&self.error)))?;
        let module = &self.module;
        for (name, offset) in &self.sections {
            let read = match *name {
                "constants" => format!(", {} read", module.constants.len()),
                "functions" => format!(", {} read", module.functions.len()),
                "instructions" => format!(", {} read", module.len()),
                _ => String::new(),
            };
            tell(&format!("; {name} at {offset:#06x}{read}"))?;
            if let Some((_, error)) = self.stops.iter().find(|(stopped, _)| stopped == name)
                && *name != "instructions"
            {
                tell(&format!(";   stops here: {}", shown(error)))?;
            }
        }
        for (index, function) in module.functions.iter().enumerate() {
            if function.entry as usize >= module.len() {
                let name = visible(&function.name);
                tell(&format!("; function {index}, {name}, begins at instruction {}", function.entry))?;
            }
        }
        Ok(())
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
