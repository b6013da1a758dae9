//! A running program: its frames, fuel, memory, globals and output. Every tier works on this, and it knows none of them.

use crate::isa::REGISTERS;
use crate::runtime::observer;
use crate::runtime::{Caller, Environment, Frame, Fuel, Observations, TraceStep, registers};
use crate::value::Value;

/// A running program.
pub(crate) struct Machine<'a> {
    /// The registers of all frames, one frame behind the other. What lies behind the current frame are scalars, and there are
    /// always [`REGISTERS`] of them from its base on.
    pub(crate) stack: Vec<Value>,
    /// The current frame.
    pub(crate) frame: Frame,
    /// The frames that wait for a call to return, the innermost last.
    pub(crate) callers: Vec<Caller>,
    pub(crate) env: Environment<'a>,
    pub(crate) fuel: Fuel<'a>,
    /// Where the program is; up to date when a run ends.
    pub(crate) pc: usize,
    pub(crate) max_call_depth: u64,
    pub(crate) observations: Option<Observations>,
    pub(crate) trace: Option<&'a mut dyn FnMut(TraceStep)>,
}

impl Machine<'_> {
    /// The registers of the current frame.
    #[inline(always)]
    pub(crate) fn registers(&mut self) -> &mut [Value; REGISTERS] {
        registers(&mut self.stack, self.frame.base)
    }

    /// Reports an executed instruction, with what it wrote.
    pub(crate) fn report(&mut self, pc: usize) {
        observer::report(&mut self.trace, &mut self.observations, &self.stack, self.frame.base, pc);
    }
}
