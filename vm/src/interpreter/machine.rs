//! The machine: fetch, charge, dispatch, obey.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use crate::errors::RuntimeError;
use crate::interpreter::fast::{self, Left, Tier, catch_up, spare_copy};
use crate::interpreter::lower::{Entry, Op, Span, Target, dispatch};
use crate::interpreter::window::{Context, Flow, Mode, Observations, Observed, Unobserved, Window};
use crate::interpreter::{FunctionIndex, Globals, Output, Program, Scopes, Sink, TraceStep, trace};
use crate::isa::{REGISTERS, Reg, ScopeId};
use crate::memory::{self, Memory};
use crate::observer::{Observer, Step, Written};
use crate::value::{self, Value};
use crate::values::{Limits, costs};
use crate::vm::Tiers;
use crate::watch::Watch;

/// What a run begins with.
pub(crate) struct RunInput<'a> {
    pub(crate) limits: Limits,
    pub(crate) globals: Vec<(String, Value)>,
    pub(crate) sink: &'a mut dyn Sink,
    pub(crate) interrupt: Option<&'a AtomicBool>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) trace: Option<&'a mut dyn FnMut(TraceStep)>,
    pub(crate) observer: Option<&'a mut dyn Observer>,
    pub(crate) tiers: Tiers,
    /// How many instructions run between two looks at what the host wants; at least 1.
    pub(crate) portion: u64,
}

/// How a run ended.
pub(crate) struct Ended {
    pub(crate) result: Result<Value, Fault>,
    pub(crate) steps: u64,
    pub(crate) globals: Vec<(String, Value)>,
}

/// An error, and the state of the machine where it came up.
pub(crate) struct Fault {
    pub(crate) error: RuntimeError,
    pub(crate) sink_error: Option<std::io::Error>,
    pub(crate) pc: usize,
    /// The functions of all frames, the current one first, each with the instruction it has come to.
    pub(crate) frames: Vec<(Option<FunctionIndex>, usize)>,
    /// The registers of the current frame.
    pub(crate) registers: Vec<Value>,
    pub(crate) scopes: Vec<ScopeId>,
}

/// A running program.
pub(crate) struct Machine<'a> {
    pub(super) program: &'a Program,
    /// The registers of all frames, one frame behind the other. What lies behind the current frame are scalars, and there are always [`REGISTERS`] of them from its base on.
    pub(super) stack: Vec<Value>,
    /// The current frame.
    pub(super) frame: Frame,
    /// Those that wait for a call to return, the innermost last.
    pub(super) callers: Vec<Caller>,
    pub(super) context: Context<'a>,
    pub(super) meter: Meter<'a>,
    /// Where the program is; up to date when a run ends.
    pub(super) pc: usize,
    pub(super) max_call_depth: u64,
    /// The fast code of the program, once it is hot.
    pub(super) code: Option<Box<fast::Code>>,
    pub(super) tiers: Tiers,
    observations: Option<Observations>,
    trace: Option<&'a mut dyn FnMut(TraceStep)>,
    observer: Option<&'a mut dyn Observer>,
    /// What the phis of a run have read and not written yet.
    phi_values: Vec<(Reg, Option<Value>)>,
}

/// The stack of a run that ended, kept for the next: there are [`REGISTERS`] scalars on it or more.
#[derive(Default)]
pub(crate) struct Spare(Cell<Vec<Value>>);

impl Spare {
    /// A longer stack is not kept, in registers.
    const MOST: usize = 1 << 12;

    /// A stack whose first `size` registers are empty.
    fn take(&self, size: u16) -> Vec<Value> {
        let mut stack = self.0.take();
        if stack.is_empty() {
            stack.resize(REGISTERS, Value::Empty);
        } else {
            stack[..usize::from(size)].fill(Value::Empty);
        }
        stack
    }

    /// Keeps the stack of a run that ended in its first frame, which could touch `size` registers.
    fn give_back(&self, mut stack: Vec<Value>, size: u16) {
        if stack.len() <= Self::MOST {
            stack[..usize::from(size)].fill(Value::Empty);
            debug_assert!(stack.iter().all(Value::is_scalar));
            self.0.set(stack);
        }
    }
}

/// The current frame.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    /// Where its registers begin on the stack. An index, not a slice: a call may grow the stack and move it.
    pub(super) base: usize,
    /// How many registers it can touch.
    pub(super) size: u16,
}

/// A frame that waits for a call to return.
#[derive(Clone, Copy)]
pub(super) struct Caller {
    /// The call.
    pub(super) pc: u32,
    /// What was called.
    pub(super) callee: FunctionIndex,
    /// The call in fast code, if it was made there.
    pub(super) site: Site,
    /// How many registers the frame can touch. The callee's begin behind them.
    pub(super) size: u16,
    /// The register that takes what the call gives.
    pub(super) dst: Reg,
}

/// The number of a call in fast code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Site(pub(super) u32);

impl Site {
    /// That of a call that was made in plain code.
    pub(super) const PLAIN: Self = Self(u32::MAX);
}

/// What ran before the current instruction, where that cannot be told from its index.
#[derive(Clone, Copy)]
enum Predecessor {
    /// The instruction before it.
    Above,
    /// A jump.
    Jump(usize),
    /// Nothing: a function begins here.
    Nothing,
}

impl<'a> Machine<'a> {
    /// Runs a program from its beginning.
    pub(crate) fn run(program: &'a Program, mut input: RunInput<'a>) -> Ended {
        let meter = Meter::new(&input);
        let inherited = value::own(&mut input.globals, input.limits.max_memory);
        let mut machine = Self {
            program,
            stack: program.spare.take(program.start.registers),
            frame: Frame { base: 0, size: program.start.registers },
            callers: Vec::new(),
            context: Context {
                memory: Memory::begin(
                    input.limits.max_memory,
                    inherited,
                    Watch::new(input.interrupt, input.deadline),
                ),
                globals: Globals::new(&program.global_names, input.globals),
                output: Output::new(input.sink, input.limits.max_output),
                scopes: Scopes::default(),
                functions: &program.functions,
                constants: &program.constants,
                code: program.code(),
            },
            meter,
            pc: program.start.target.pc(),
            max_call_depth: input.limits.max_call_depth.unwrap_or(u64::MAX),
            code: None,
            tiers: if without!("fast-code") { Tiers::Plain } else { input.tiers },
            observations: None,
            trace: input.trace,
            observer: input.observer,
            phi_values: Vec::new(),
        };
        let result = if machine.context.memory.is_over() {
            Err(machine.context.memory.exhausted())
        } else if machine.trace.is_some() || machine.observer.is_some() || program.needs_tags {
            machine.observations = Some(Observations::new());
            machine.execute::<Observed>()
        } else {
            machine.code = program.tier.take();
            let result = machine.execute::<Unobserved>();
            if let Some(code) = machine.code.take() {
                program.tier.give_back(code);
            }
            result
        };
        machine.end(result)
    }

    fn end(mut self, result: Result<Value, RuntimeError>) -> Ended {
        memory::release(self.callers.len() as u64 * costs::FRAME);
        let frames = || {
            let start = self.program.module.entry().1.and_then(|index| FunctionIndex::try_from(index).ok());
            let callees = self.callers.iter().rev().map(|caller| Some(caller.callee));
            let places = self.callers.iter().rev().map(|caller| caller.pc as usize);
            callees.chain([start]).zip(std::iter::once(self.pc).chain(places)).collect()
        };
        let result = result.map_err(|error| (error, frames()));
        let globals = std::mem::take(&mut self.context.globals).into_sorted(&self.program.global_names);
        if result.is_ok() && self.callers.is_empty() {
            self.program.spare.give_back(std::mem::take(&mut self.stack), self.frame.size);
        }
        let result = result.map_err(|(error, frames)| Fault {
            error,
            pc: self.pc,
            frames,
            registers: self.stack.drain(self.frame.base..).take(REGISTERS).collect(),
            scopes: self.context.scopes.current(),
            sink_error: self.context.output.into_failure(),
        });
        Ended { result, steps: self.meter.steps(), globals }
    }

    /// Runs until the program ends.
    fn execute<M: Mode>(&mut self) -> Result<Value, RuntimeError> {
        let ops = self.program.ops.as_slice();
        let mut pc = self.pc;
        let mut predecessor = enter(self.program.start.target);
        // Whether control has just come to where fast code may begin.
        let mut may_enter = matches!(self.tiers, Tiers::Fast | Tiers::Machine);
        'frames: loop {
            if !M::OBSERVED && std::mem::take(&mut may_enter) && self.is_hot(pc) && !self.is_at_phi(pc) {
                match self.run_fast(pc) {
                    Some(Left::For { pc: next, previous }) => {
                        pc = next;
                        if self.is_at_phi(pc) {
                            predecessor = previous.map_or(Predecessor::Nothing, Predecessor::Jump);
                        }
                    }
                    Some(Left::Returned { pc: next }) => {
                        pc = next;
                        may_enter = true;
                        continue;
                    }
                    Some(Left::Ended(value)) => return Ok(value),
                    Some(Left::Failed(error)) => return Err(error),
                    None => {}
                }
            }
            // One turn for each frame that is entered or gone back to.
            let mut window =
                Window::<M>::new(registers(&mut self.stack, self.frame.base), self.observations.as_mut());
            let flow = loop {
                let Some(op) = ops.get(pc) else {
                    self.pc = pc;
                    return Ok(Value::Empty);
                };
                if let Err(error) = self.meter.charge() {
                    self.pc = pc;
                    return Err(error);
                }
                if !M::OBSERVED
                    && let Op::ArraySet { array, .. } = *op
                    && is_long_and_shared(window.get(array))
                    && self.tiers != Tiers::Plain
                    && !without!("release")
                {
                    let tier = (self.program, &mut self.code, self.tiers);
                    let place = (pc, self.meter.steps());
                    spare(tier, place, &self.context.memory, window.values_mut(), array);
                }
                // A run of phis is told of when all of them are charged.
                if M::OBSERVED
                    && let Some(observer) = &mut self.observer
                    && !matches!(op, Op::Phi { .. })
                {
                    let place = (self.program, self.callers.as_slice(), pc);
                    announce(*observer, place, window.values_mut(), &self.context.memory);
                }
                match dispatch(*op, &mut window, &mut self.context) {
                    Ok(Flow::Next) => {
                        if M::OBSERVED {
                            report(
                                &mut self.trace,
                                &mut self.observer,
                                &mut self.observations,
                                &self.stack,
                                self.frame.base,
                                pc,
                            );
                            window = Window::new(
                                registers(&mut self.stack, self.frame.base),
                                self.observations.as_mut(),
                            );
                        }
                        pc += 1;
                    }
                    Ok(Flow::Jump(target)) => {
                        if M::OBSERVED {
                            report(
                                &mut self.trace,
                                &mut self.observer,
                                &mut self.observations,
                                &self.stack,
                                self.frame.base,
                                pc,
                            );
                            window = Window::new(
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
                    let entry = self.call(function, dst, args).inspect_err(|_| self.trace_failure::<M>())?;
                    self.trace_step::<M>(pc);
                    pc = entry.target.pc();
                    if entry.target.is_phi() {
                        predecessor = Predecessor::Nothing;
                    }
                }
                Flow::Return(value) => match self.r#return::<M>(value) {
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
                    let before = match std::mem::replace(&mut predecessor, Predecessor::Above) {
                        Predecessor::Above => pc.checked_sub(1),
                        Predecessor::Jump(jump) => Some(jump),
                        Predecessor::Nothing => None,
                    };
                    pc = self.phis::<M>(pc, before)?;
                }
                Flow::Halt => {
                    self.trace_step::<M>(pc);
                    return Ok(Value::Empty);
                }
                Flow::Next | Flow::Jump(_) => {}
            }
        }
    }

    /// Whether there is fast code, or comes to be now, and is worth trying from that instruction on.
    #[inline(always)]
    fn is_hot(&mut self, pc: usize) -> bool {
        if self.tiers == Tiers::Plain {
            return false;
        }
        match &mut self.code {
            Some(code) => code.is_worth_trying(pc),
            None => self.is_warm(),
        }
    }

    #[cold]
    #[inline(never)]
    fn is_warm(&mut self) -> bool {
        self.code = self.program.tier.warm(self.program, self.tiers, self.meter.steps());
        self.code.is_some()
    }

    fn is_at_phi(&self, pc: usize) -> bool {
        matches!(self.program.ops.get(pc), Some(Op::Phi { .. }))
    }

    /// Enters a function. Its frame lies behind the current one, so the arguments are all read from registers that no
    /// argument is written to.
    fn call(&mut self, function: FunctionIndex, dst: Reg, args: Span) -> Result<Entry, RuntimeError> {
        if self.callers.len() as u64 >= self.max_call_depth {
            return Err(RuntimeError::StackOverflow);
        }
        self.context.memory.check(costs::FRAME)?;
        memory::charge(costs::FRAME);
        let entry = self.program.entries[function as usize];
        let args = self.context.code.registers(args);
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
        if planted!("call-window") && args.len() > 2 && size > 3 {
            self.stack[base + 3] = self.stack[base + 2].clone();
        }
        self.callers.push(Caller {
            // An instruction index takes 28 bits.
            pc: self.pc as u32,
            callee: function,
            site: Site::PLAIN,
            size: caller.size,
            dst,
        });
        self.frame = Frame { base, size: size as u16 };
        self.context.scopes.begin_frame();
        if let Some(observed) = &mut self.observations {
            observed.turn_to(base);
        }
        Ok(entry)
    }

    /// Leaves a function.
    fn r#return<M: Mode>(&mut self, value: Option<Value>) -> Returned {
        let Some(caller) = self.callers.pop() else {
            return Returned::FromProgram(value.unwrap_or_default());
        };
        let base = self.frame.base - usize::from(caller.size);
        let left = std::mem::replace(&mut self.frame, Frame { base, size: caller.size });
        self.stack[left.base..left.base + usize::from(left.size)].fill(Value::Empty);
        self.context.scopes.end_frame();
        memory::release(costs::FRAME);
        if let Some(observed) = &mut self.observations {
            observed.forget(left.base);
            observed.turn_to(base);
        }
        if let (Site(site), Some(code)) = (caller.site, &self.code)
            && caller.site != Site::PLAIN
        {
            catch_up(self.program, registers(&mut self.stack, base), code.after(site));
        }
        if let Some(value) = value {
            let values = registers(&mut self.stack, base);
            Window::<M>::new(values, self.observations.as_mut()).set(caller.dst, value);
        }
        Returned::ToCaller(caller.pc as usize)
    }

    /// Executes the run of phis that begins at `first` and gives the index of the instruction behind it.
    fn phis<M: Mode>(&mut self, first: usize, predecessor: Option<usize>) -> Result<usize, RuntimeError> {
        let code = self.context.code;
        let run = self.program.ops[first..].iter().map_while(|op| op.select(code, predecessor));
        let mut behind = first;
        for (dst, source) in run {
            let written =
                self.phi_values.iter().rev().find(|(dst, _)| planted!("phi-order") && Some(*dst) == source);
            let value = match (written, source) {
                (Some((_, Some(value))), _) => Some(value.clone()),
                (_, source) => {
                    source.map(|source| self.stack[self.frame.base + usize::from(source.0)].clone())
                }
            };
            self.phi_values.push((dst, value));
            behind += 1;
        }
        // The first of them was charged when it was fetched.
        if let Err(error) = self.meter.charge_more((behind - first - 1) as u64) {
            self.phi_values.clear();
            return Err(error);
        }
        if M::OBSERVED
            && let Some(observer) = &mut self.observer
        {
            let values = registers(&mut self.stack, self.frame.base);
            (first..behind).for_each(|pc| {
                announce(*observer, (self.program, &self.callers, pc), values, &self.context.memory);
            });
        }
        for (pc, (dst, value)) in (first..).zip(std::mem::take(&mut self.phi_values)) {
            if let Some(value) = value {
                let values = registers(&mut self.stack, self.frame.base);
                Window::<M>::new(values, self.observations.as_mut()).set(dst, value);
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
            report(
                &mut self.trace,
                &mut self.observer,
                &mut self.observations,
                &self.stack,
                self.frame.base,
                pc,
            );
        }
    }
}

/// Spares a write the copy of an array, if the tier knows that the other holder is dead; place is the instruction, and how many
/// steps were taken. Out of line, as it would take registers from the loop.
#[cold]
#[inline(never)]
fn spare(
    (program, code, tiers): (&Program, &mut Option<Box<fast::Code>>, Tiers),
    (pc, steps): (usize, u64),
    memory: &Memory,
    values: &mut [Value; REGISTERS],
    array: Reg,
) {
    if code.is_none() && Tier::can_begin(program, steps) {
        *code = Some(Tier::begin(program));
    }
    if let Some(code) = code {
        code.count_steps(steps, matches!(tiers, Tiers::Fast | Tiers::Machine));
        code.look_into(program, pc);
        spare_copy(program, code, pc, memory, values, array);
    }
}

/// Whether a value is an array that something else holds, too, and so long that copying it takes a while.
#[inline(always)]
fn is_long_and_shared(value: &Value) -> bool {
    /// In elements.
    const LONG: usize = 1 << 12;
    matches!(value, Value::Array(array) if array.is_shared() && array.len() >= LONG)
}

enum Returned {
    /// To the call at that index.
    ToCaller(usize),
    /// Out of the program, with its result.
    FromProgram(Value),
}

/// What the first instruction of a function finds before it.
fn enter(target: Target) -> Predecessor {
    if target.is_phi() { Predecessor::Nothing } else { Predecessor::Above }
}

/// The registers of the frame that begins at `base`.
#[inline(always)]
pub(super) fn registers(stack: &mut [Value], base: usize) -> &mut [Value; REGISTERS] {
    #[expect(clippy::expect_used, reason = "calls grow the stack before they turn to a frame")]
    stack[base..].first_chunk_mut().expect("a frame has all its registers on the stack")
}

/// Tells an observer of an instruction that is about to execute; place is the program, the frames that wait, and its index.
#[inline(never)]
fn announce(
    observer: &mut dyn Observer,
    (program, callers, pc): (&Program, &[Caller], usize),
    registers: &[Value; REGISTERS],
    memory: &Memory<'_>,
) {
    let function = callers.last().map_or(program.module.entry().1, |caller| Some(caller.callee as usize));
    let step = Step { pc, depth: callers.len(), function, memory: memory.used(), registers };
    memory::outside(|| observer.before(&step));
}

/// Reports an executed instruction, with what it wrote.
#[inline(never)]
fn report(
    trace: &mut Option<&mut dyn FnMut(TraceStep)>,
    observer: &mut Option<&mut dyn Observer>,
    observations: &mut Option<Observations>,
    stack: &[Value],
    base: usize,
    pc: usize,
) {
    let Some(observed) = observations else { return };
    if let Some(trace) = trace {
        let written =
            observed.written.iter().map(|register| (*register, &stack[base + usize::from(register.0)]));
        let step = TraceStep { pc: pc as u32, digest: trace::digest(written) };
        memory::outside(|| trace(step));
    }
    if let Some(observer) = observer {
        let written = Written { registers: &observed.written, values: &stack[base..] };
        memory::outside(|| observer.after(pc, written));
    }
    observed.written.clear();
}

/// Counts steps. They are handed out in portions; when one is used up, it looks at the limit and at what the host wants.
pub(super) struct Meter<'a> {
    /// What is left of the portion.
    pub(super) left: u64,
    /// All that was handed out.
    issued: u64,
    limit: u64,
    /// How many instructions run between two looks at what the host wants.
    portion: u64,
    interrupt: Option<&'a AtomicBool>,
    deadline: Option<Instant>,
}

impl<'a> Meter<'a> {
    fn new(input: &RunInput<'a>) -> Self {
        let RunInput { limits, interrupt, deadline, portion, .. } = input;
        let limit = limits.max_steps.unwrap_or(u64::MAX);
        Self { left: 0, issued: 0, limit, portion: *portion, interrupt: *interrupt, deadline: *deadline }
    }

    /// The instructions charged so far.
    pub(super) fn steps(&self) -> u64 {
        self.issued - self.left
    }

    #[inline(always)]
    fn charge(&mut self) -> Result<(), RuntimeError> {
        if self.left == 0 {
            self.issue()?;
        }
        self.left -= 1;
        Ok(())
    }

    /// Charges `more` instructions at once, all or none.
    fn charge_more(&mut self, more: u64) -> Result<(), RuntimeError> {
        let missing = more.saturating_sub(self.left);
        if missing > self.limit - self.issued {
            self.issued = self.limit;
            self.left = 0;
            return Err(self.exceeded());
        }
        self.issued += missing;
        self.left = self.left + missing - more;
        Ok(())
    }

    /// Hands out another portion before the last is used up, if there are steps left and the host does not want the run to end.
    /// Tells whether there is enough at hand to go on with fast code.
    pub(super) fn refill(&mut self) -> bool {
        let wants_end = self.interrupt.is_some_and(|flag| flag.load(Ordering::Relaxed))
            || self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        let more = (self.limit - self.issued).min(self.portion);
        // All or nothing: code that is told to stop still counts by what it had, and would lose what it was handed beside that.
        let is_enough = self.left + more >= 2 * fast::RESERVE;
        if wants_end || !(is_enough || planted!("refill-part")) {
            return false;
        }
        self.left += more;
        self.issued += more;
        is_enough
    }

    #[cold]
    fn issue(&mut self) -> Result<(), RuntimeError> {
        if self.interrupt.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            return Err(RuntimeError::Interrupted);
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(RuntimeError::DeadlineExceeded);
        }
        let rest = self.limit - self.issued;
        if rest == 0 {
            return Err(self.exceeded());
        }
        let is_watched = self.interrupt.is_some() || self.deadline.is_some();
        self.left = if is_watched { rest.min(self.portion) } else { rest };
        self.issued += self.left;
        Ok(())
    }

    fn exceeded(&self) -> RuntimeError {
        RuntimeError::StepLimitExceeded { limit: self.limit }
    }
}
