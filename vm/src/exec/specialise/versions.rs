//! Versions of blocks: which code does for what is known of a place, and what is made where none does.

use crate::exec::interpreter::{Op, Program};
use crate::exec::specialise::builder::{Builder, MAX_FAILED_SPECULATIONS};
use crate::exec::specialise::code::{Code, From, Stub, Version, max_exact};
use crate::exec::specialise::context::TypeContext;
use crate::exec::specialise::op::{CodeAddr, SpecOp};
use crate::exec::specialise::types::Type;
use crate::isa::REGISTERS;
use crate::value::Value;

impl Code {
    /// Makes the code of a stub, links what led there, and gives its position.
    pub(crate) fn make_stub(
        &mut self,
        program: &Program,
        registers: &[Value; REGISTERS],
        number: usize,
    ) -> Option<CodeAddr> {
        let stub = self.stubs.get_mut(number)?.take()?;
        let from = stub.from;
        // What ends in a goto is gone on with where it ends.
        let goes_on = matches!(from, From::Code(position) if position + 1 == self.ops.len()
            && matches!(self.ops[position], SpecOp::Goto { .. }));
        if goes_on {
            self.take_last_back();
        } else {
            self.floor = self.ops.len();
        }
        let Stub { pc, context, is_inside, written, .. } = *stub;
        let mut builder = Builder::new(self, program, registers, pc as usize, context);
        if let Some(dst) = written
            && !builder.is_at_phi()
        {
            // What a call gave is looked at once, here, where a return can tell that it need not be.
            builder.speculate(dst, is_inside);
        }
        let at = builder.block(is_inside);
        if !goes_on {
            self.link(from, at);
        }
        Some(at)
    }

    /// The code to go on with at a baseline instruction, given the registers as they are; where there is none, it is made, if that
    /// may be.
    pub(crate) fn enter(
        &mut self,
        program: &Program,
        registers: &[Value; REGISTERS],
        pc: usize,
        size: usize,
        can_make: bool,
    ) -> Option<CodeAddr> {
        if !self.has_room_for(pc) {
            return None;
        }
        let can_make = can_make && !self.is_full();
        let mut types = [Type::Scalar; REGISTERS];
        for (ty, value) in types.iter_mut().zip(&registers[..size]) {
            *ty = if without!("type-feedback") { Type::Any } else { Type::of(value, program.functions.id) };
        }
        let mut context = TypeContext::new(types);
        context.weaken_dead(self, pc);
        if let Some(at) = self.version(pc, &context) {
            return Some(at);
        }
        if !can_make {
            return None;
        }
        self.floor = self.ops.len();
        self.changes += 1;
        let mut builder = Builder::new(self, program, registers, pc, context);
        let begin = builder.position();
        builder.join();
        builder.block(true);
        Some(begin)
    }

    /// Whether there is code for a baseline instruction, or room for some.
    pub(crate) fn has_room_for(&self, pc: usize) -> bool {
        !self.is_full() || self.versions.contains_key(&(pc as u32))
    }

    /// The code to go on with after an exit that was taken often, given the registers as they are.
    pub(crate) fn side_exit(
        &mut self,
        program: &Program,
        registers: &[Value; REGISTERS],
        at: CodeAddr,
        can_make: bool,
    ) -> Option<CodeAddr> {
        /// So often must an exit be taken.
        const OFTEN: u32 = 4;
        let can_make = can_make && !self.is_full();
        let exit = &mut self.exits[self.ops.exit_of(at.index())];
        if exit.other.is_some() {
            return exit.other;
        }
        exit.taken += 1;
        if exit.taken < OFTEN || !can_make || exit.context.failed_speculations > MAX_FAILED_SPECULATIONS {
            return None;
        }
        let mut context = TypeContext::clone(&exit.context);
        let pc = exit.pc as usize;
        context.failed_speculations = context.failed_speculations.saturating_add(1);
        exit.other = Some(CodeAddr::of(self.ops.len()));
        self.changes += 1;
        self.floor = self.ops.len();
        let is_phi = program.ops.get(pc).is_some_and(|op| matches!(op, Op::Phi { .. }));
        Some(Builder::new(self, program, registers, pc, context).block(!is_phi))
    }

    /// The code that was made for a place, if there is some that does for what is known.
    pub(crate) fn version(&self, pc: usize, context: &TypeContext) -> Option<CodeAddr> {
        let versions = self.versions.get(&(pc as u32))?;
        let is_fit = |version: &&Version| {
            version.context.admits(context)
                && (versions.len() >= max_exact() || version.context.drops_no_more_than(context))
        };
        versions.iter().find(is_fit).map(|version| version.at)
    }
}

impl TypeContext {
    /// Forgets what type of number a register holds that is written before it is read.
    pub(crate) fn weaken_dead(&mut self, code: &Code, pc: usize) {
        let live = code.graph.live_at(pc);
        for (types, live) in self.types.chunks_exact_mut(64).zip(live.words()) {
            // Registers that nothing is known of are as they would be, and most are such.
            let mut known = 0_u64;
            for (place, ty) in types.iter().enumerate() {
                known |= u64::from(*ty > Type::Scalar) << place;
            }
            let mut dead = known & !live;
            while dead != 0 {
                types[dead.trailing_zeros() as usize] = Type::Scalar;
                dead &= dead - 1;
            }
        }
    }
}
