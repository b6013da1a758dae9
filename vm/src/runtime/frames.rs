//! Frames: the registers of all of them, and who waits for a call to return.

use std::cell::Cell;

use crate::isa::{REGISTERS, Reg};
use crate::runtime::FunctionIndex;
use crate::value::Value;

/// The stack of a run that ended, kept for the next: there are [`REGISTERS`] scalars on it or more.
#[derive(Default)]
pub(crate) struct StackPool(Cell<Vec<Value>>);

impl StackPool {
    /// A longer stack is not kept, in registers.
    const MAX: usize = 1 << 12;

    /// A stack whose first `size` registers are empty.
    pub(crate) fn take(&self, size: u16) -> Vec<Value> {
        let mut stack = self.0.take();
        if stack.is_empty() {
            stack.resize(REGISTERS, Value::Empty);
        } else {
            stack[..usize::from(size)].fill(Value::Empty);
        }
        stack
    }

    /// Keeps the stack of a run that ended in its first frame, which could touch `size` registers.
    pub(crate) fn give_back(&self, mut stack: Vec<Value>, size: u16) {
        if stack.len() <= Self::MAX {
            stack[..usize::from(size)].fill(Value::Empty);
            debug_assert!(stack.iter().all(Value::is_scalar));
            self.0.set(stack);
        }
    }
}

/// The current frame.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    /// Where its registers begin on the stack. An index, not a slice: a call may grow the stack and move it.
    pub(crate) base: usize,
    /// How many registers it can touch.
    pub(crate) size: u16,
}

/// A frame that waits for a call to return.
#[derive(Clone, Copy)]
pub(crate) struct Caller {
    /// The call.
    pub(crate) pc: u32,
    /// What was called.
    pub(crate) callee: FunctionIndex,
    /// The call in specialised code, if it was made there.
    pub(crate) site: CallSiteId,
    /// How many registers the frame can touch. The callee's begin behind them.
    pub(crate) size: u16,
    /// The register that takes what the call gives.
    pub(crate) dst: Reg,
}

/// The number of a call in specialised code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallSiteId(pub(crate) u32);

impl CallSiteId {
    /// That of a call that was made in the baseline interpreter.
    pub(crate) const BASELINE: Self = Self(u32::MAX);
}

/// The registers of the frame that begins at `base`.
#[inline(always)]
pub(crate) fn registers(stack: &mut [Value], base: usize) -> &mut [Value; REGISTERS] {
    #[expect(clippy::expect_used, reason = "calls grow the stack before they turn to a frame")]
    stack[base..].first_chunk_mut().expect("a frame has all its registers on the stack")
}
