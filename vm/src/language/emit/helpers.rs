//! Helpers: what the language has and the instruction set does not, as functions that are in a module where it calls them.
//!
//! They are written in assembly, one a file. Their names begin with a space, so no program can have them.

use super::{Emit, Emitter, Fault, NO_PLACE, too_large};
use crate::asm::assemble;
use crate::isa::{Instruction, Reg};
use crate::module::{Constant, Payload};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Helper {
    /// `(base, exponent)` gives the power.
    Power,
    /// `(list, index, item)` gives the list with the item.
    Insert,
    /// `(list, value)` gives the list without the first item that equals the value.
    Remove,
    /// `(list, index)` gives the list without that item.
    RemoveItem,
}

impl Helper {
    pub(super) const ALL: &[Self] = &[Self::Power, Self::Insert, Self::Remove, Self::RemoveItem];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Power => " power",
            Self::Insert => " insert",
            Self::Remove => " remove",
            Self::RemoveItem => " remove item",
        }
    }

    fn assembly(self) -> &'static str {
        match self {
            Self::Power => include_str!("helpers/power.mdasm"),
            Self::Insert => include_str!("helpers/insert.mdasm"),
            Self::Remove => include_str!("helpers/remove.mdasm"),
            Self::RemoveItem => include_str!("helpers/remove_item.mdasm"),
        }
    }
}

impl Emitter<'_> {
    /// Puts a helper into the module.
    pub(super) fn helper(&mut self, helper: Helper) -> Emit<()> {
        let assembled =
            assemble(helper.assembly()).map_err(|error| Fault::TooLarge(too_large(0, error.to_string())))?;
        self.builder.function(helper.name(), self.builder.len() as u32);
        for instruction in assembled.instructions() {
            let Instruction::LoadConst { dst, constant } = instruction else {
                // Jumps are relative, so the rest is wherever it is put.
                self.push(NO_PLACE, instruction)?;
                continue;
            };
            self.statement = NO_PLACE;
            self.load_constant(dst, &assembled.constants()[usize::from(constant.0)])?;
        }
        Ok(())
    }

    /// Constants of helpers are of the types that the language has.
    fn load_constant(&mut self, dst: Reg, constant: &Constant) -> Emit<()> {
        match constant.payload() {
            Payload::Nothing => self.load_empty(dst),
            Payload::Bool(value) => self.load_bool(dst, value),
            Payload::Int(value) => self.load_int(dst, value),
            Payload::Float(bits) => self.load_basic_float(dst, f64::from_bits(bits)),
            Payload::Text(text) => self.load_text(dst, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_helper_assembles_and_loads_what_needs_no_computing() {
        for helper in Helper::ALL {
            let module = assemble(helper.assembly()).unwrap();
            for constant in module.constants() {
                // Were a constant computed, the jumps over it would miss.
                let is_basic = match constant {
                    Constant::Int(value) => (-256..=256).contains(value),
                    Constant::Float(value) => value.to_bits() == 1.0_f64.to_bits(),
                    Constant::Empty | Constant::Bool(_) => true,
                    Constant::String(_) => false,
                };
                assert!(is_basic, "{helper:?} {constant:?}");
            }
        }
    }
}
