//! Speculation: what a register holds as the block is made is guarded, and its type is known from there on.

use super::{Builder, MAX_FAILED_SPECULATIONS, Progress};
use crate::exec::specialise::context::Source;
use crate::exec::specialise::op::{Slot, SpecOp};
use crate::exec::specialise::types::Type;
use crate::isa::Reg;

impl Builder<'_> {
    /// Makes sure that it is known whether a value costs anything: where it can be seen that it does not, it is guarded.
    pub(crate) fn speculate(&mut self, register: Reg, is_inside: bool) -> Progress {
        if self.type_of(register) == Type::Any {
            self.speculate_if(register, is_inside, |ty| ty != Type::Any)
        } else {
            Progress::Continue
        }
    }

    /// Makes sure that it is known whether a value is a number: where it can be seen that it is, it is guarded.
    pub(crate) fn speculate_number(&mut self, register: Reg) -> Progress {
        match self.type_of(register) {
            Type::Any | Type::Free | Type::Scalar => self.speculate_if(register, true, Type::is_number),
            Type::Bool | Type::Int | Type::Float => Progress::Continue,
        }
    }

    /// Looks at a value, which is not a constant then, and guards it if it is of a type that is wanted.
    pub(crate) fn speculate_if(
        &mut self,
        register: Reg,
        is_inside: bool,
        is_wanted: impl Fn(Type) -> bool,
    ) -> Progress {
        let Source::Slot(slot) = self.context.source(register.0) else { return Progress::Continue };
        if self.context.failed_speculations >= MAX_FAILED_SPECULATIONS || without!("type-feedback") {
            return Progress::Continue;
        }
        if !self.is_fresh {
            return self.suspend(is_inside);
        }
        let ty = Type::of(&self.registers[usize::from(slot)], self.program.functions.id);
        if !is_wanted(ty) {
            return Progress::Continue;
        }
        let place = Slot::of(slot);
        if let Some((last, op)) = self.last()
            && !without!("guarded-reads")
            // What leaves nowhere has none, and no guarded form either.
            && let Some(exit) = self.code.exits.get(self.code.ops.exit_of(last))
            && let Some(over) = exit.context.scalar(place)
            && let Some(op) = op.with_guard(over, ty)
        {
            self.replace_last(op);
            #[cfg(debug_assertions)]
            if self.code.ops.len() == self.begin {
                self.entry[usize::from(slot)] = ty;
            }
        } else {
            self.emit_guarded(match ty {
                Type::Int => SpecOp::GuardInt { slot: place },
                Type::Float => SpecOp::GuardFloat { slot: place },
                Type::Bool => SpecOp::GuardBool { slot: place },
                Type::Any | Type::Free | Type::Scalar => SpecOp::Guard { slot: place, ty },
            });
        }
        self.context.set_type(slot, ty);
        Progress::Continue
    }
}
