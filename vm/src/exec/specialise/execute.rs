//! The loop that executes specialised code. The arms are generated: one call each of a function in the files below.
//!
//! # `unsafe`
//!
//! A specialised instruction does little: checking the type of each operand, the bounds of the code and what a write drops
//! would be most of the work. The builder has established all of it, so here it is taken for granted:
//!
//! 1. *Control stays in the code.* A jump checks its target. What goes on to the next instruction finds one, since the last
//!    instruction of all leads elsewhere; that is checked when the loop begins (`Cursor::new`).
//! 2. *A slot is one of the 256 registers of a frame.* [`Slot`] is made from a register and from nothing else. The registers of
//!    the current frame are on the stack (each call sees to that of the frame it enters), and the stack does not move while
//!    the frame runs.
//! 3. *Operands have the types that an instruction requires,* and what a scalar is written over is a scalar, which need
//!    not be dropped. The builder makes such an instruction only where its [`TypeContext`](super::TypeContext) says so, and a
//!    context says so after a guard, after an instruction that gives nothing else, or where all paths agree.
//!
//! With debug assertions, every check that is left out here is made. The tests, the conformance suite and the fuzzers run
//! that way.

#![allow(unsafe_code, reason = "see the top of the module")]

mod branches;
mod calls;
mod comparisons;
mod containers;
mod execution;
mod guards;
mod moves;
mod numbers;
mod strings;
#[cfg(test)]
mod tests;
mod unchecked;

use std::mem;

use self::execution::{Execution, Step};
use self::unchecked::{Cursor, RawRegisters, payload};
use crate::errors::RuntimeError;
use crate::exec::interpreter::{Op, Program, dispatch};
use crate::exec::specialise::code::Code;
use crate::exec::specialise::op::{CodeAddr, SpecOp, Triple};
use crate::isa::REGISTERS;
use crate::runtime::{Environment, FrameRegisters, Machine, RESERVE, Unobserved};
use crate::value::Value;

include!(concat!(env!("OUT_DIR"), "/execution.rs"));

/// Why specialised code was left. It is a word and nothing more; what goes with it is in [`ExitPayload`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitReason {
    /// At code that is still to be made.
    Stub(u32),
    /// At an instruction whose guard failed.
    Guard,
    /// At an instruction that charges more steps than are at hand.
    OutOfFuel,
    /// At an instruction that the baseline interpreter has to execute.
    Deoptimise,
    /// Behind a return to a frame that the baseline interpreter waits in, which goes on with that instruction.
    Returned(u32),
    /// Behind the return from the program.
    Ended,
    /// Behind the one instruction that was to be done.
    Stepped,
}

/// What goes with an exit reason.
#[derive(Default)]
pub(crate) struct ExitPayload {
    /// The error of the instruction where it stopped, if that failed.
    pub(crate) error: Option<RuntimeError>,
    /// What the program returned, if it ended.
    pub(crate) result: Value,
    /// A panic of the host, from a function that machine code called.
    #[cfg(machine_code)]
    pub(crate) panic: Option<Box<dyn std::any::Any + Send>>,
}

impl Machine<'_> {
    /// Executes specialised code from `position` on until something stops it, and leaves `position` there. It charges no more than
    /// `slice` steps, and does no more than one instruction if it is to do it `ONCE`.
    #[inline(never)]
    pub(crate) fn execute_specialised<const ONCE: bool>(
        &mut self,
        program: &Program,
        code: &Code,
        position: &mut CodeAddr,
        exit_payload: &mut ExitPayload,
        slice: u64,
    ) -> ExitReason {
        let Some(cursor) = Cursor::new(&code.ops, *position) else { return ExitReason::Deoptimise };
        // What may be charged: specialised code is entered only while there is more than the reserve, and never charges that.
        let most = (self.fuel.left - RESERVE).min(slice);
        let frame = RawRegisters::of(&mut self.stack, self.frame.base);
        let size = self.frame.size;
        let mut execution = Execution {
            machine: self,
            program,
            code,
            cursor,
            frame,
            size,
            fuel: most,
            position,
            exit_payload,
        };
        let mut is_done = false;
        let reason = 'execute: loop {
            if ONCE && mem::replace(&mut is_done, true) {
                *execution.position = execution.cursor.next();
                break ExitReason::Stepped;
            }
            let mut op = execution.take();
            let unfused;
            if ONCE {
                unfused = op.unfused();
                op = &unfused;
            }
            // Whoever has one instruction executed has counted its exit already.
            if !ONCE && execution.is_forced() {
                break execution.forced_out();
            }
            execute_op!(execution, op, 'execute);
        };
        execution.end(most);
        reason
    }
}

/// Writes a copy of a value to a place. The value is given by its address, since it may go when what was in the place is
/// dropped: an element that is written over the array it is in.
///
/// # Safety
///
/// There must be a value at the address, and it must not be the place itself that is borrowed.
#[inline(always)]
unsafe fn copy(place: &mut Value, value: *const Value) {
    if place.is_scalar() {
        // SAFETY: the caller's.
        let scalar = match unsafe { &*value } {
            Value::Int(number) => Some(Value::Int(payload(number))),
            Value::Float(number) => Some(Value::Float(payload(number))),
            Value::Empty
            | Value::Bool(_)
            | Value::String(_)
            | Value::Function(_)
            | Value::Url(_)
            | Value::Array(_)
            | Value::Dict(_) => None,
        };
        if let Some(scalar) = scalar {
            // SAFETY: a reference can be written to, and what is written over need not be dropped.
            return unsafe { std::ptr::write(place, scalar) };
        }
    }
    // SAFETY: the caller's.
    unsafe { clone_to(place, value) }
}

/// The same, where a value may be dropped.
///
/// # Safety
///
/// As for [`copy`].
#[inline(never)]
unsafe fn clone_to(place: &mut Value, value: *const Value) {
    // SAFETY: it is copied before anything is dropped, and not looked at any more after that.
    match (place, unsafe { &*value }) {
        (Value::String(old), Value::String(text)) => *old = text.clone(),
        (Value::Array(old), Value::Array(array)) => *old = array.clone(),
        (place, value) => *place = value.clone(),
    }
}

/// Executes a baseline instruction that goes on to the next.
#[inline(never)]
pub(crate) fn dispatch_baseline(
    op: Op,
    registers: &mut [Value; REGISTERS],
    context: &mut Environment<'_>,
) -> Result<(), RuntimeError> {
    dispatch(op, &mut FrameRegisters::<Unobserved>::new(registers, None), context).map(|_| ())
}

#[cold]
#[inline(never)]
pub(crate) fn grow(stack: &mut Vec<Value>, base: usize) {
    stack.resize(base + base / 2 + 2 * REGISTERS, Value::Empty);
}
