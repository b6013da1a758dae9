//! The state of the loop over specialised code, and what instructions of all themes do with it.

use super::unchecked::{Cursor, RawRegisters};
use super::{ExitPayload, ExitReason, copy};
use crate::exec::interpreter::Program;
use crate::exec::specialise::code::Code;
use crate::exec::specialise::op::{CodeAddr, Slot, SpecOp};
use crate::runtime::{Frame, Machine};
use crate::schedule::{self, Tier};
use crate::value::{Value, put};

/// What an instruction leads to that may do something else than to go on to the next.
pub(super) enum Step {
    /// To the next.
    Next,
    /// To where the cursor was moved.
    Jumped,
    /// Out of the loop.
    Exit(ExitReason),
}

/// The state of the loop. It is kept in the registers of the processor: everything that has it is inlined into the loop.
///
/// The functions that execute instructions are called by the loop alone, with the operands of the instruction that is up. So what
/// the builder knew of the types of operands holds for what they read and write.
pub(super) struct Execution<'e, 'm> {
    pub(super) machine: &'e mut Machine<'m>,
    pub(super) program: &'e Program,
    pub(super) code: &'e Code,
    pub(super) cursor: Cursor<'e>,
    /// The registers of the current frame: what changes the frame sets them.
    pub(super) frame: RawRegisters,
    /// How many registers the current frame can touch.
    pub(super) size: u16,
    /// The steps that may still be charged.
    pub(super) fuel: u64,
    /// Where the loop was left.
    pub(super) position: &'e mut CodeAddr,
    pub(super) exit_payload: &'e mut ExitPayload,
}

impl<'e> Execution<'e, '_> {
    /// Takes the next instruction.
    #[inline(always)]
    pub(super) fn take(&mut self) -> &'e SpecOp {
        // SAFETY: what leads elsewhere went there or stopped.
        unsafe { self.cursor.take() }
    }

    /// The second half of the superinstruction that is up.
    #[inline(always)]
    pub(super) fn peek(&self) -> &'e SpecOp {
        // SAFETY: the first half does not lead elsewhere, or it did not.
        unsafe { self.cursor.peek() }
    }

    /// Goes on behind the second half of the superinstruction that is up.
    #[inline(always)]
    pub(super) fn skip(&mut self) {
        // SAFETY: as for `peek`.
        unsafe { self.cursor.take() };
    }

    /// Whether a schedule has the run leave by the exit of this instruction.
    #[inline(always)]
    pub(super) fn is_forced(&self) -> bool {
        let at = self.cursor.taken();
        schedule::is_forced(|| self.code.has_exit(at), || self.code.forced_site(at, Tier::Specialised))
    }

    /// Stops at this instruction, which the baseline interpreter is to execute.
    #[inline(always)]
    pub(super) fn forced_out(&mut self) -> ExitReason {
        *self.position = self.cursor.taken();
        ExitReason::Deoptimise
    }

    /// Stops at this instruction.
    #[inline(always)]
    pub(super) fn leave(&mut self, reason: ExitReason) -> Step {
        *self.position = self.cursor.taken();
        Step::Exit(reason)
    }

    /// Goes on to the next instruction if that holds, and else leaves by the guard.
    #[inline(always)]
    pub(super) fn guarded(&mut self, holds: bool) -> Step {
        if holds { Step::Next } else { self.leave(ExitReason::Guard) }
    }

    /// Goes on elsewhere.
    #[inline(always)]
    pub(super) fn go(&mut self, to: CodeAddr) -> Step {
        if self.cursor.go(to) { Step::Jumped } else { Step::Exit(ExitReason::Stub(to.as_stub())) }
    }

    /// Goes on elsewhere if that holds.
    #[inline(always)]
    pub(super) fn branch(&mut self, holds: bool, to: CodeAddr) -> Step {
        if holds { self.go(to) } else { Step::Next }
    }

    /// Charges steps, if there are so many.
    #[inline(always)]
    pub(super) fn charge(&mut self, steps: impl Into<u64>) -> bool {
        match self.fuel.checked_sub(steps.into()) {
            Some(left) => {
                self.fuel = left;
                true
            }
            None => false,
        }
    }

    /// What a register holds.
    #[inline(always)]
    pub(super) fn value(&self, slot: Slot) -> &Value {
        // SAFETY: it is the current frame, and the register cannot be written to while all of this is borrowed.
        unsafe { self.frame.value(slot) }
    }

    /// A register, to be changed.
    #[inline(always)]
    pub(super) fn value_mut(&mut self, slot: Slot) -> &mut Value {
        // SAFETY: it is the current frame, and nothing else looks at it while all of this is borrowed.
        unsafe { self.frame.value_mut(slot) }
    }

    /// The int in a register that holds one.
    #[inline(always)]
    pub(super) fn int(&self, slot: Slot) -> i64 {
        // SAFETY: it is the current frame, and the builder knew the type.
        unsafe { self.frame.int(slot) }
    }

    /// The float in a register that holds one.
    #[inline(always)]
    pub(super) fn float(&self, slot: Slot) -> f64 {
        // SAFETY: it is the current frame, and the builder knew the type.
        unsafe { self.frame.float(slot) }
    }

    /// The bool in a register that holds one.
    #[inline(always)]
    pub(super) fn bool(&self, slot: Slot) -> bool {
        // SAFETY: it is the current frame, and the builder knew the type.
        unsafe { self.frame.bool(slot) }
    }

    /// Writes a scalar over a scalar.
    #[inline(always)]
    pub(super) fn write(&mut self, dst: Slot, value: Value) {
        // SAFETY: it is the current frame, and the builder knew that there is nothing to be dropped.
        unsafe { self.frame.write(dst, value) }
    }

    /// Writes an int over a scalar.
    #[inline(always)]
    pub(super) fn write_int(&mut self, dst: Slot, number: i64) {
        self.write(dst, Value::Int(number));
    }

    /// Writes a float over a scalar.
    #[inline(always)]
    pub(super) fn write_float(&mut self, dst: Slot, number: f64) {
        self.write(dst, Value::Float(number));
    }

    /// Writes a bool over a scalar.
    #[inline(always)]
    pub(super) fn write_bool(&mut self, dst: Slot, value: bool) {
        self.write(dst, Value::Bool(value));
    }

    /// Writes an int if there is one, and else leaves by the guard.
    #[inline(always)]
    pub(super) fn checked(&mut self, dst: Slot, number: Option<i64>) -> Step {
        match number {
            Some(number) => {
                self.write_int(dst, number);
                Step::Next
            }
            None => self.leave(ExitReason::Guard),
        }
    }

    /// Writes a value over one of any type.
    #[inline(always)]
    pub(super) fn put(&mut self, dst: Slot, value: Value) {
        put(self.value_mut(dst), value);
    }

    /// Writes a copy of a value over one of any type. It is given by its address, since it may be in what it is written over.
    #[inline(always)]
    pub(super) fn copy(&mut self, dst: Slot, value: *const Value) {
        // SAFETY: the caller has just borrowed the value there, and nothing was written since.
        unsafe { copy(self.value_mut(dst), value) }
    }

    /// Does what needs the machine with its frame, and may move its stack.
    #[inline(always)]
    pub(super) fn with_machine<T>(
        &mut self,
        act: impl FnOnce(&Program, &Code, CodeAddr, &mut Machine<'_>) -> T,
    ) -> T {
        let at = self.cursor.taken();
        let base = self.frame.base(&mut self.machine.stack);
        self.machine.frame = Frame { base, size: self.size };
        let result = act(self.program, self.code, at, self.machine);
        self.frame = RawRegisters::of(&mut self.machine.stack, base);
        result
    }

    /// Hands the frame and what is left of `most` steps back to the machine.
    #[inline(always)]
    pub(super) fn end(self, most: u64) {
        self.machine.fuel.left -= most - self.fuel;
        self.machine.frame = Frame { base: self.frame.base(&mut self.machine.stack), size: self.size };
    }
}

/// Whether a value counts as true.
#[inline(always)]
pub(super) fn holds(value: &Value) -> bool {
    #[inline(never)]
    fn of_others(value: &Value) -> bool {
        value.is_truthy()
    }
    if let Value::Bool(value) = value { *value } else { of_others(value) }
}
