//! Calls, returns and baseline instructions.

use std::mem;

use super::execution::{Execution, Step};
use super::unchecked::{RawRegisters, scalar};
use super::{ExitReason, dispatch_baseline, grow};
use crate::exec::interpreter::Op;
use crate::exec::specialise::code::CallSite;
use crate::exec::specialise::elements::elide_copy;
use crate::exec::specialise::op::{CodeAddr, Slot};
use crate::isa::{REGISTERS, Reg};
use crate::memory;
use crate::ops;
use crate::runtime::{CallSiteId, Caller};
use crate::value::{Value, put, put_int};
use crate::values::costs;

impl Execution<'_, '_> {
    /// Calls a function.
    #[inline(always)]
    pub(super) fn call(&mut self, site: u32, steps: u16) -> Step {
        let call = &self.code.sites[site as usize];
        let is_too_much = self.machine.callers.len() as u64 >= self.machine.max_call_depth
            || self.machine.env.memory.room() < costs::FRAME;
        if is_too_much {
            return self.leave(ExitReason::Deoptimise);
        }
        if !self.charge(steps) {
            return self.leave(ExitReason::OutOfFuel);
        }
        memory::charge(costs::FRAME);
        let above = self.push_frame(call);
        self.machine.env.scopes.begin_frame();
        self.machine.callers.push(Caller {
            pc: call.pc,
            callee: call.function,
            site: CallSiteId(site),
            size: self.size,
            dst: Reg(call.dst),
        });
        self.size = call.registers;
        self.frame = above;
        self.go(call.callee)
    }

    /// Calls whichever function of a family the value names.
    #[inline(always)]
    pub(super) fn call_any(&mut self, func: Slot, steps: u16, family: u32) -> Step {
        let named = ops::call(&self.program.functions, self.value(func)).ok();
        let site = named.and_then(|function| self.code.families[family as usize].site(function));
        match site {
            Some(site) => self.call(site, steps),
            None => self.leave(ExitReason::Guard),
        }
    }

    /// Returns a value.
    #[inline(always)]
    pub(super) fn r#return(&mut self, src: Slot, clear: u32, steps: u16) -> Step {
        if !self.charge(steps) {
            return self.leave(ExitReason::OutOfFuel);
        }
        self.clear(clear);
        // SAFETY: it is the current frame, and what is written from here on is a register of the caller.
        let result = unsafe { self.frame.value_mut(src) };
        let Some(caller) = self.pop_frame() else {
            self.exit_payload.result = mem::take(result);
            return Step::Exit(ExitReason::Ended);
        };
        let dst = Slot::of(caller.dst.0);
        match result {
            Value::Int(number) => {
                put_int(self.value_mut(dst), *number);
                self.go_back(&caller, |site| site.back_with_int)
            }
            Value::Float(_) => {
                self.copy(dst, result);
                self.go_back(&caller, |site| site.back_with_float)
            }
            Value::Bool(_) => {
                self.copy(dst, result);
                self.go_back(&caller, |site| site.back_with_bool)
            }
            Value::Empty
            | Value::String(_)
            | Value::Function(_)
            | Value::Url(_)
            | Value::Array(_)
            | Value::Dict(_) => {
                // What is left behind is a scalar.
                self.put(dst, mem::take(result));
                self.go_back(&caller, |site| site.back)
            }
        }
    }

    /// Returns a constant, or nothing.
    #[inline(always)]
    pub(super) fn return_const(&mut self, constant: Option<u16>, clear: u32, steps: u16) -> Step {
        if !self.charge(steps) {
            return self.leave(ExitReason::OutOfFuel);
        }
        self.clear(clear);
        let value = constant.map(|constant| &self.program.constants[usize::from(constant)]);
        let Some(caller) = self.pop_frame() else {
            self.exit_payload.result = value.cloned().unwrap_or_default();
            return Step::Exit(ExitReason::Ended);
        };
        if let Some(value) = value {
            self.copy(Slot::of(caller.dst.0), value);
        }
        if let Some(Value::Bool(_)) = value {
            return self.go_back(&caller, |site| site.back_with_bool);
        }
        self.go_back(&caller, |site| site.back)
    }

    /// A baseline instruction, as it is.
    #[inline(always)]
    pub(super) fn baseline(&mut self, op: Op) -> Step {
        if let Op::ArraySet { array: container, index: key, value }
        | Op::DictSet { dict: container, key, value } = op
            && self.value(Slot::of(container.0)).is_copy_dear()
        {
            let [key, value] = [key, value].map(|operand| self.value(Slot::of(operand.0)).clone());
            self.with_machine(|program, code, at, machine| {
                elide_copy(program, code, at, machine, (&key, &value))
            });
        }
        // SAFETY: the frame has so many places, and nothing else looks at them meanwhile.
        let registers = unsafe { self.frame.all() };
        match dispatch_baseline(op, registers, &mut self.machine.env) {
            Ok(()) => Step::Next,
            Err(error) => {
                self.exit_payload.error = Some(error);
                self.leave(ExitReason::Deoptimise)
            }
        }
    }

    /// Writes the arguments to the frame behind the current one, and gives its registers.
    #[inline(always)]
    fn push_frame(&mut self, call: &CallSite) -> RawRegisters {
        // The frame that is entered has all its places on the stack, and so does the next.
        let end = self.machine.stack.as_mut_ptr_range().end;
        if self.frame.above(self.size).distance_to(end) < 2 * REGISTERS * size_of::<Value>() {
            let base = self.frame.base(&mut self.machine.stack);
            grow(&mut self.machine.stack, base + usize::from(self.size));
            self.frame = RawRegisters::of(&mut self.machine.stack, base);
        }
        // Behind the frame lie scalars only.
        let above = self.frame.above(self.size);
        for (place, arg) in call.args.iter().enumerate() {
            let value = self.value(*arg);
            let copy = if value.is_scalar() {
                // SAFETY: it is a scalar.
                unsafe { scalar(value) }
            } else {
                value.clone()
            };
            // SAFETY: the stack has all the places of the frame that is entered, and each holds a scalar.
            unsafe { above.place(Slot::of(place as u8)).write(copy) };
        }
        for register in call.clear.iter().skip(usize::from(planted!("specialised-call-clear"))) {
            // SAFETY: as above.
            unsafe { above.write(*register, Value::Empty) };
        }
        above
    }

    /// Drops what is not to stay behind a frame.
    #[inline(always)]
    fn clear(&mut self, clear: u32) {
        if clear != 0 {
            for slot in &self.code.clears[clear as usize] {
                put(self.value_mut(*slot), Value::Empty);
            }
        }
    }

    /// Leaves the current frame, and gives the one to go back to.
    #[inline(always)]
    fn pop_frame(&mut self) -> Option<Caller> {
        self.machine.callers.pop().inspect(|caller| {
            self.machine.env.scopes.end_frame();
            memory::release(costs::FRAME);
            self.size = caller.size;
            self.frame = self.frame.below(caller.size);
        })
    }

    /// Goes back to a caller that waits in specialised code, or stops.
    #[inline(always)]
    fn go_back(&mut self, caller: &Caller, back: impl FnOnce(&CallSite) -> CodeAddr) -> Step {
        let CallSiteId(site) = caller.site;
        match self.code.sites.get(site as usize) {
            Some(site) => self.go(back(site)),
            None => Step::Exit(ExitReason::Returned(caller.pc + 1)),
        }
    }
}
