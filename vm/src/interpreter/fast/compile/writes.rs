//! Writes to registers: now, later, or elsewhere.

use std::rc::Rc;

use super::{Compiler, MOST_BETWEEN};
use crate::interpreter::fast::code::{Exit, Fast, Slot};
use crate::interpreter::fast::state::{Kind, Source, State};
use crate::isa::Reg;
use crate::value::Value;

impl Compiler<'_> {
    /// Does the writes that were put off and are selected, and those that these would spoil.
    pub(super) fn flush(&mut self, selected: impl Fn(u8, Source) -> bool) {
        let mut due: Vec<u8> =
            self.state.pending.iter().filter(|(to, from)| selected(*to, *from)).map(|(to, _)| *to).collect();
        let mut seen = 0;
        while let Some(&register) = due.get(seen) {
            seen += 1;
            for (to, from) in &self.state.pending {
                if *from == Source::Slot(register) && !due.contains(to) {
                    due.push(*to);
                }
            }
        }
        while let Some(&first) = due.first() {
            let reads =
                |register: u8| self.state.pending.iter().any(|(_, from)| *from == Source::Slot(register));
            if let Some(place) = due.iter().position(|register| !reads(*register)) {
                let register = due.swap_remove(place);
                let source = self.state.source(register);
                self.state.forget(register);
                self.write(register, source);
            } else if let Source::Slot(other) = self.state.source(first) {
                // Every register that is left is read by another: they take turns.
                self.emit(Fast::Swap { a: Slot::of(first), b: Slot::of(other) });
                self.is_fresh = false;
                self.state.kinds.swap(usize::from(first), usize::from(other));
                for (_, source) in &mut self.state.pending {
                    if *source == Source::Slot(first) {
                        *source = Source::Slot(other);
                    } else if *source == Source::Slot(other) {
                        *source = Source::Slot(first);
                    }
                }
                self.state.pending.retain(|(to, from)| *from != Source::Slot(*to));
                due.retain(|register| self.state.pending.iter().any(|(to, _)| to == register));
            } else {
                // Each of n registers has one source and is read by one of the n: they all stand in circles of places.
                return;
            }
        }
    }

    /// Writes a register, whose place nothing pending needs.
    pub(super) fn write(&mut self, dst: u8, source: Source) {
        if let Source::Slot(src) = source
            && self.compute_in_place(dst, src)
        {
            return;
        }
        let kind = self.source_kind(source);
        let over_scalar = self.state.kind(dst).is_scalar();
        let to = Slot::of(dst);
        let op = match source {
            Source::Slot(src) if over_scalar && kind.is_scalar() => {
                let src = Slot::of(src);
                match kind {
                    Kind::Int => Fast::MoveInt { dst: to, src },
                    Kind::Float => Fast::MoveFloat { dst: to, src },
                    _ => Fast::MoveScalar { dst: to, src },
                }
            }
            Source::Slot(src) => Fast::Move { dst: to, src: Slot::of(src) },
            Source::Bool(value) if over_scalar => Fast::LoadBool { dst: to, value },
            Source::Bool(value) => Fast::PutBool { dst: to, value },
            Source::Constant(constant) => match &self.program.constants[usize::from(constant)] {
                Value::Int(value) if over_scalar => Fast::LoadInt { dst: to, value: *value },
                Value::Float(value) if over_scalar => Fast::LoadFloat { dst: to, value: *value },
                Value::Bool(value) if over_scalar => Fast::LoadBool { dst: to, value: *value },
                _ => Fast::LoadConst { dst: to, constant },
            },
        };
        self.emit(op);
        self.is_fresh = false;
        self.state.set_kind(dst, kind);
    }

    /// Makes the operation on numbers that gave what is to be moved from `src` to `dst` write it there at once, if that can be.
    ///
    /// It can where `src` is not needed any more, the operation is part of this piece, nothing in between needs what either
    /// place held, and every exit in between can be told where the value is now.
    pub(super) fn compute_in_place(&mut self, dst: u8, src: u8) -> bool {
        if without!("in-place") {
            return false;
        }
        let module = &self.program.module;
        let is_dead = |pc: usize, register: u8| self.code.graph.is_dead(module, pc, register);
        let is_needed = |pc: usize, state: &State| {
            state.pending.iter().any(|(to, from)| *from == Source::Slot(dst) && !is_dead(pc, *to))
        };
        if is_needed(self.pc, &self.state)
            || self.state.source(src) != Source::Slot(src)
            || !is_dead(self.pc, src)
        {
            return false;
        }
        let mut place = self.code.ops.len();
        let mut exits = Vec::new();
        loop {
            if place <= self.begin.max(self.code.floor) || exits.len() > MOST_BETWEEN {
                return false;
            }
            place -= 1;
            let mut op = self.code.ops[place];
            let (Some(operands), Some(result)) = (op.operands(), op.result()) else { return false };
            let (operands, result) = (operands.map(Slot::register), result.register());
            let exit = self.code.exit_of[place] as usize;
            if result == src {
                let before = &self.code.exits[exit].state;
                let is_free = before.kind(src).is_scalar() && before.kind(dst).is_scalar();
                if !is_free || exits.contains(&exit) {
                    return false;
                }
                break;
            }
            if result == dst || operands.contains(&src) || operands.contains(&dst) {
                return false;
            }
            let Exit { pc, state, taken, other } = &self.code.exits[exit];
            let is_dst_pending = state.source(dst) != Source::Slot(dst);
            let is_clear = *taken == 0 && other.is_none() && !is_needed(*pc as usize, state);
            if !is_clear || !(is_dst_pending || is_dead(*pc as usize, dst)) {
                return false;
            }
            exits.push(exit);
        }
        if let Some(result) = self.code.ops[place].result() {
            *result = Slot::of(dst);
        }
        let kind = self.state.kind(src);
        exits.dedup();
        for exit in exits {
            let state = Rc::make_mut(&mut self.code.exits[exit].state);
            if state.source(src) == Source::Slot(src) {
                state.pending.push((src, Source::Slot(src)));
            }
            state.forget(dst);
            state.moved(src, dst, kind);
        }
        self.state.moved(src, dst, kind);
        true
    }

    /// Makes the place of a register free to be written: what was put off and reads it is done first.
    pub(super) fn free(&mut self, dst: Reg) {
        self.flush(|_, from| from == Source::Slot(dst.0));
    }

    /// Notes that the instruction that was just emitted writes a register.
    pub(super) fn wrote(&mut self, dst: Reg, kind: Kind) {
        self.state.forget(dst.0);
        self.state.set_kind(dst.0, kind);
        self.is_fresh = false;
    }

    /// Sets a register to what is known to be had elsewhere and costs nothing: later, if that is possible.
    pub(super) fn set(&mut self, dst: Reg, source: Source) {
        if self.state.kind(dst.0) == Kind::Any {
            self.free(dst);
            // What was freed may have been the source's place of another register, but not the source itself.
            self.state.forget(dst.0);
            if source != Source::Slot(dst.0) {
                self.write(dst.0, source);
            }
        } else {
            self.state.put_off(dst.0, source);
        }
    }

    /// The places where registers can be read, the pending ones among constants written first.
    pub(super) fn places<const N: usize>(&mut self, registers: [Reg; N]) -> [Slot; N] {
        for register in registers {
            if !matches!(self.state.source(register.0), Source::Slot(_)) {
                self.flush(|to, _| to == register.0);
            }
        }
        registers.map(|register| match self.state.source(register.0) {
            Source::Slot(slot) => Slot::of(slot),
            Source::Constant(_) | Source::Bool(_) => Slot::of(register.0),
        })
    }
}
