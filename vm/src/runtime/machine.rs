//! A running program: its frames, fuel, memory, globals and output. Every tier works on this, and it knows none of them.

use crate::isa::REGISTERS;
use crate::memory;
use crate::observer::{Observer, Step, Written};
use crate::runtime::trace::{self, TraceStep};
use crate::runtime::{Caller, Environment, Frame, Fuel, Observations, registers};
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
    /// The instruction before that, where a phi is there and the run begins or stops before it.
    pub(crate) previous: Option<usize>,
    pub(crate) max_call_depth: u64,
    pub(crate) observations: Option<Observations>,
    pub(crate) trace: Option<&'a mut dyn FnMut(TraceStep)>,
    pub(crate) observer: Option<&'a mut dyn Observer>,
}

impl Machine<'_> {
    /// The registers of the current frame.
    #[inline(always)]
    pub(crate) fn registers(&mut self) -> &mut [Value; REGISTERS] {
        registers(&mut self.stack, self.frame.base)
    }

    /// Tells the observer of an instruction that is about to execute. `start` is the function that the program begins in.
    #[inline(never)]
    pub(crate) fn announce(&mut self, start: Option<usize>, pc: usize) {
        let Some(observer) = &mut self.observer else { return };
        let function = self.callers.last().map_or(start, |caller| Some(caller.callee as usize));
        let memory = self.env.memory.used();
        let registers = registers(&mut self.stack, self.frame.base);
        let step = Step { pc, depth: self.callers.len(), function, memory, registers };
        memory::outside(|| observer.before(&step));
    }

    /// Reports an executed instruction, with what it wrote.
    #[inline(never)]
    pub(crate) fn report(&mut self, pc: usize) {
        let Some(observed) = &mut self.observations else { return };
        let values = &self.stack[self.frame.base..];
        if let Some(trace) = &mut self.trace {
            let written =
                observed.written.iter().map(|register| (*register, &values[usize::from(register.0)]));
            let step = TraceStep { pc: pc as u32, digest: trace::digest(written) };
            memory::outside(|| trace(step));
        }
        if let Some(observer) = &mut self.observer {
            let written = Written { registers: &observed.written, values };
            memory::outside(|| observer.after(pc, written));
        }
        observed.written.clear();
    }
}
