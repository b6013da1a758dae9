//! The loop of the baseline interpreter: fetch, charge fuel, dispatch, execute.

use crate::errors::RuntimeError;
use crate::exec::interpreter::lower::{Entry, Flow, Op, Program, dispatch};
use crate::isa::{REGISTERS, Reg};
use crate::memory;
use crate::runtime::{
    CallSiteId, Caller, Frame, FrameRegisters, FunctionIndex, Machine, Mode, Span, registers,
};
use crate::value::Value;
use crate::values::costs;

/// How control comes back to the baseline interpreter from a faster tier.
pub(crate) enum TierExit {
    /// To execute the instruction at `pc`, where `previous` was executed before.
    Resume { pc: usize, previous: Option<usize> },
    /// By a return to a frame that was left in the baseline interpreter, to go on with this instruction.
    Returned { pc: usize },
    /// The program ended.
    Ended(Value),
    /// The instruction at the machine's `pc` failed.
    Failed(RuntimeError),
}

/// What the loop asks of whoever knows the faster tiers. All of it is asked of runs that nobody observes.
pub(crate) trait TierUp<'p> {
    /// The program that runs.
    fn program(&self) -> &'p Program;

    /// Whether a faster tier is to be tried before the first instruction.
    fn is_eager(&self) -> bool;

    /// Whether a faster tier is to be tried at this instruction, which control reached by a back edge, a call or a return.
    fn is_hot(&mut self, machine: &Machine<'_>, pc: usize) -> bool;

    /// Goes on in a faster tier from this instruction. `None` where nothing was done.
    fn enter(&mut self, machine: &mut Machine<'_>, pc: usize) -> Option<TierExit>;

    /// Spares the write at `pc` the copy of a shared container, if that is sound.
    fn elide_copy(&mut self, machine: &mut Machine<'_>, pc: usize, op: Op);

    /// Does the deferred stores of a frame that a faster tier left at this call.
    fn materialise(&self, site: CallSiteId, registers: &mut [Value; REGISTERS]);
}

/// What ran before the current instruction, where that does not follow from its index.
#[derive(Clone, Copy)]
enum Predecessor {
    /// The instruction before it.
    Above,
    /// A jump.
    Jump(usize),
    /// Nothing: a function begins here.
    Nothing,
}

impl Predecessor {
    /// The instruction that ran before the one at `pc`.
    fn before(self, pc: usize) -> Option<usize> {
        match self {
            Self::Above => pc.checked_sub(1),
            Self::Jump(jump) => Some(jump),
            Self::Nothing => None,
        }
    }
}

impl Machine<'_> {
    /// Runs until the program ends.
    pub(crate) fn interpret<'p, M: Mode, T: TierUp<'p>>(
        &mut self,
        tiers: &mut T,
    ) -> Result<Value, RuntimeError> {
        let ops = tiers.program().ops.as_slice();
        let mut pc = self.pc;
        let mut predecessor = self.previous.map_or(Predecessor::Nothing, Predecessor::Jump);
        if !is_at_phi(tiers.program(), pc) {
            predecessor = Predecessor::Above;
        }
        // Whether control has just come to where specialised code may begin.
        let mut may_enter = tiers.is_eager();
        'frames: loop {
            if !M::OBSERVED
                && std::mem::take(&mut may_enter)
                && tiers.is_hot(self, pc)
                && !is_at_phi(tiers.program(), pc)
            {
                match tiers.enter(self, pc) {
                    Some(TierExit::Resume { pc: next, previous }) => {
                        pc = next;
                        if is_at_phi(tiers.program(), pc) {
                            predecessor = previous.map_or(Predecessor::Nothing, Predecessor::Jump);
                        }
                    }
                    Some(TierExit::Returned { pc: next }) => {
                        pc = next;
                        may_enter = true;
                        continue;
                    }
                    Some(TierExit::Ended(value)) => return Ok(value),
                    Some(TierExit::Failed(error)) => return Err(error),
                    None => {}
                }
            }
            // Once for each frame that is entered or returned to.
            let mut frame = FrameRegisters::<M>::new(
                registers(&mut self.stack, self.frame.base),
                self.observations.as_mut(),
            );
            let flow = loop {
                let op = match ops.get(pc) {
                    Some(op) => *op,
                    None => match tiers.program().lower(pc) {
                        Some(op) => op,
                        None => {
                            self.pc = pc;
                            return Ok(Value::Empty);
                        }
                    },
                };
                if let Err(error) = self.fuel.charge() {
                    self.pc = pc;
                    self.previous = predecessor.before(pc);
                    return Err(error);
                }
                if !M::OBSERVED
                    && let Op::ArraySet { array: container, .. } | Op::DictSet { dict: container, .. } = op
                    && frame.get(container).is_copy_dear()
                {
                    tiers.elide_copy(self, pc, op);
                    frame = FrameRegisters::new(registers(&mut self.stack, self.frame.base), None);
                }
                // A run of phis is reported when all of them are charged.
                if M::OBSERVED && self.observer.is_some() && !matches!(op, Op::Phi { .. }) {
                    self.announce(tiers.program().module.entry().1, pc);
                    frame = FrameRegisters::new(
                        registers(&mut self.stack, self.frame.base),
                        self.observations.as_mut(),
                    );
                }
                match dispatch(op, &mut frame, &mut self.env) {
                    Ok(Flow::Next) => {
                        if M::OBSERVED {
                            self.report(pc);
                            frame = FrameRegisters::new(
                                registers(&mut self.stack, self.frame.base),
                                self.observations.as_mut(),
                            );
                        }
                        pc += 1;
                    }
                    Ok(Flow::Jump(target)) => {
                        if M::OBSERVED {
                            self.report(pc);
                            frame = FrameRegisters::new(
                                registers(&mut self.stack, self.frame.base),
                                self.observations.as_mut(),
                            );
                        }
                        if target.is_phi() {
                            predecessor = Predecessor::Jump(pc);
                        }
                        let is_backward = target.pc() <= pc;
                        pc = target.pc();
                        if !M::OBSERVED && is_backward && !target.is_phi() {
                            may_enter = true;
                            continue 'frames;
                        }
                    }
                    Ok(flow @ (Flow::Call { .. } | Flow::Return(_) | Flow::Phi | Flow::Halt)) => break flow,
                    Err(error) => {
                        self.pc = pc;
                        self.trace_failure::<M>();
                        return Err(error);
                    }
                }
            };
            self.pc = pc;
            may_enter = true;
            match flow {
                Flow::Call { function, dst, args } => {
                    let entry = self
                        .call(tiers.program(), function, dst, args)
                        .inspect_err(|_| self.trace_failure::<M>())?;
                    self.trace_step::<M>(pc);
                    pc = entry.target.pc();
                    if entry.target.is_phi() {
                        predecessor = Predecessor::Nothing;
                    }
                }
                Flow::Return(value) => match self.r#return::<M, T>(tiers, value) {
                    Returned::ToCaller(call) => {
                        self.trace_step::<M>(pc);
                        pc = call + 1;
                    }
                    Returned::FromProgram(value) => {
                        self.trace_step::<M>(pc);
                        return Ok(value);
                    }
                },
                Flow::Phi => {
                    let before = std::mem::replace(&mut predecessor, Predecessor::Above).before(pc);
                    self.previous = before;
                    pc = self.phis::<M>(tiers.program(), pc, before)?;
                }
                Flow::Halt => {
                    self.trace_step::<M>(pc);
                    return Ok(Value::Empty);
                }
                Flow::Next | Flow::Jump(_) => {}
            }
        }
    }

    /// Enters a function. Its frame lies behind the current one, so the arguments are all read from registers that no
    /// argument is written to.
    fn call(
        &mut self,
        program: &Program,
        function: FunctionIndex,
        dst: Reg,
        args: Span,
    ) -> Result<Entry, RuntimeError> {
        if self.callers.len() as u64 >= self.max_call_depth {
            return Err(RuntimeError::StackOverflow);
        }
        self.env.memory.check(costs::FRAME)?;
        memory::charge(costs::FRAME);
        let entry = program.entries[function as usize];
        let args = self.env.code.registers(args);
        let caller = self.frame;
        let base = caller.base + usize::from(caller.size);
        if self.stack.len() < base + REGISTERS {
            self.stack.resize(base + base / 2 + REGISTERS, Value::Empty);
        }
        let size = usize::from(entry.registers).max(args.len());
        self.stack[base..base + size].fill(Value::Empty);
        for (place, register) in (base..).zip(args.iter()) {
            self.stack[place] = self.stack[caller.base + usize::from(register.0)].clone();
        }
        if planted!("call-third-argument") && args.len() > 2 && size > 3 {
            self.stack[base + 3] = self.stack[base + 2].clone();
        }
        self.callers.push(Caller {
            // An instruction index takes 28 bits.
            pc: self.pc as u32,
            callee: function,
            site: CallSiteId::BASELINE,
            size: caller.size,
            dst,
        });
        self.frame = Frame { base, size: size as u16 };
        self.env.scopes.begin_frame();
        if let Some(observed) = &mut self.observations {
            observed.select_frame(base);
        }
        Ok(entry)
    }

    /// Leaves a function.
    fn r#return<'p, M: Mode, T: TierUp<'p>>(&mut self, tiers: &T, value: Option<Value>) -> Returned {
        let Some(caller) = self.callers.pop() else {
            return Returned::FromProgram(value.unwrap_or_default());
        };
        let base = self.frame.base - usize::from(caller.size);
        let left = std::mem::replace(&mut self.frame, Frame { base, size: caller.size });
        self.stack[left.base..left.base + usize::from(left.size)].fill(Value::Empty);
        self.env.scopes.end_frame();
        memory::release(costs::FRAME);
        if let Some(observed) = &mut self.observations {
            observed.forget(left.base);
            observed.select_frame(base);
        }
        if caller.site != CallSiteId::BASELINE {
            tiers.materialise(caller.site, registers(&mut self.stack, base));
        }
        if let Some(value) = value {
            let values = registers(&mut self.stack, base);
            FrameRegisters::<M>::new(values, self.observations.as_mut()).set(caller.dst, value);
        }
        Returned::ToCaller(caller.pc as usize)
    }

    /// Executes the run of phis that begins at `first` and gives the index of the instruction behind it.
    fn phis<M: Mode>(
        &mut self,
        program: &Program,
        first: usize,
        predecessor: Option<usize>,
    ) -> Result<usize, RuntimeError> {
        let code = self.env.code;
        let run = (first..).map_while(|pc| program.op(pc)?.select(code, predecessor));
        let mut behind = first;
        let mut phi_values: Vec<(Reg, Option<Value>)> = Vec::new();
        for (dst, source) in run {
            let written =
                phi_values.iter().rev().find(|(dst, _)| planted!("phi-order") && Some(*dst) == source);
            let value = match (written, source) {
                (Some((_, Some(value))), _) => Some(value.clone()),
                (_, source) => {
                    source.map(|source| self.stack[self.frame.base + usize::from(source.0)].clone())
                }
            };
            phi_values.push((dst, value));
            behind += 1;
        }
        // The first of them was charged when it was fetched.
        self.fuel.charge_more((behind - first - 1) as u64)?;
        if M::OBSERVED {
            (first..behind).for_each(|pc| self.announce(program.module.entry().1, pc));
        }
        for (pc, (dst, value)) in (first..).zip(phi_values) {
            if let Some(value) = value {
                let values = registers(&mut self.stack, self.frame.base);
                FrameRegisters::<M>::new(values, self.observations.as_mut()).set(dst, value);
            }
            self.trace_step::<M>(pc);
        }
        Ok(behind)
    }

    /// Reports the instruction that failed. It wrote nothing, whatever it set out to write.
    fn trace_failure<M: Mode>(&mut self) {
        if let Some(observed) = &mut self.observations {
            observed.written.clear();
        }
        self.trace_step::<M>(self.pc);
    }

    fn trace_step<M: Mode>(&mut self, pc: usize) {
        if M::OBSERVED {
            self.report(pc);
        }
    }
}

fn is_at_phi(program: &Program, pc: usize) -> bool {
    matches!(program.op(pc), Some(Op::Phi { .. }))
}

enum Returned {
    /// To the call at that index.
    ToCaller(usize),
    /// Out of the program, with its result.
    FromProgram(Value),
}
